//! Claims as people read them: times in words, lists as lists, and long values
//! folded away.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use time::{
    OffsetDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};
use vestibule::{Claims, RawClaim};

/// Claims under a heading.
pub struct ClaimGroup<'a> {
    /// The heading.
    pub title: &'static str,
    /// The claims, by name.
    pub claims: Vec<Claim<'a>>,
}

/// One claim, ready to be shown.
pub struct Claim<'a> {
    /// The claim's name.
    pub name: &'a str,
    /// What it says.
    pub value: ClaimValue<'a>,
}

/// A value, by how it is shown.
pub enum ClaimValue<'a> {
    /// As it is.
    Plain(&'a str),
    /// Folded away.
    Long {
        /// What is seen of it before it is unfolded.
        start: &'a str,
        /// All of it.
        text: &'a str,
        /// How many characters it has.
        length: usize,
    },
    /// A point in time.
    Time {
        /// For machines (RFC 3339).
        exact: String,
        /// For people, in UTC.
        words: String,
    },
    /// Yes or no.
    Flag(bool),
    /// Several strings.
    List(Vec<Entry<'a>>),
    /// So many strings that they are folded away.
    LongList(Vec<Entry<'a>>),
    /// Nothing: an empty list, an empty string or `null`.
    Empty,
    /// Anything else.
    Json(String),
}

/// One string of a list.
#[derive(Deserialize)]
pub struct Entry<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl<'a> From<&'a str> for Entry<'a> {
    fn from(string: &'a str) -> Self {
        Self(string.into())
    }
}

/// A string of more characters is folded away.
const LONG: usize = 200;
/// How many of them are seen then.
const START: usize = 40;
/// A list of more entries is folded away.
const LONG_LIST: usize = 12;

/// Claims that say something about the token or the sign-in, not about the
/// person (OIDC Core 2, RFC 7519 4.1).
const ABOUT_SIGN_IN: [&str; 12] = [
    "acr",
    "amr",
    "aud",
    "auth_time",
    "azp",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "sid",
    "ver",
];

/// Claims that are seconds since the Unix epoch (OIDC Core 2 and 5.1).
const TIMES: [&str; 5] = ["auth_time", "exp", "iat", "nbf", "updated_at"];

/// A time for people, in UTC.
const WORDS: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");

/// What the provider says about the person, then what it says about the sign-in.
pub fn groups(claims: &Claims) -> [ClaimGroup<'_>; 2] {
    let (about_sign_in, about_person) = claims
        .raw()
        .map(|(name, value)| Claim {
            name,
            value: ClaimValue::of(name, value),
        })
        .partition(|claim| ABOUT_SIGN_IN.contains(&claim.name));
    [
        ClaimGroup {
            title: "What the sign-in service says about you",
            claims: about_person,
        },
        ClaimGroup {
            title: "What it says about this sign-in",
            claims: about_sign_in,
        },
    ]
}

impl<'a> ClaimValue<'a> {
    fn of(name: &str, value: RawClaim<'a>) -> Self {
        match value {
            RawClaim::String(text) => Self::string(text),
            RawClaim::Json(json) => match json {
                "null" => Self::Empty,
                "true" => Self::Flag(true),
                "false" => Self::Flag(false),
                list if list.starts_with('[') => match serde_json::from_str(list) {
                    Ok(entries) => Self::list(entries),
                    Err(_) => Self::json(list),
                },
                object if object.starts_with('{') => Self::json(object),
                number if TIMES.contains(&name) => {
                    Self::time(number).unwrap_or(Self::Plain(number))
                }
                number => Self::Plain(number),
            },
        }
    }

    fn string(text: &'a str) -> Self {
        let length = text.chars().count();
        match length {
            0 => Self::Empty,
            1..=LONG => Self::Plain(text),
            _ => Self::Long {
                start: start_of(text),
                text,
                length,
            },
        }
    }

    /// Several strings, folded away if they are many.
    pub fn list(entries: Vec<Entry<'a>>) -> Self {
        match entries.len() {
            0 => Self::Empty,
            1..=LONG_LIST => Self::List(entries),
            _ => Self::LongList(entries),
        }
    }

    /// `None` if no calendar reaches that far.
    fn time(seconds: &str) -> Option<Self> {
        let seconds: i64 = seconds.parse().ok()?;
        let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        Some(Self::Time {
            exact: time.format(&Rfc3339).ok()?,
            words: time.format(WORDS).ok()?,
        })
    }

    fn json(json: &str) -> Self {
        let value: Value = serde_json::from_str(json).unwrap_or_default();
        Self::Json(format!("{value:#}"))
    }
}

fn start_of(text: &str) -> &str {
    let end = text.char_indices().nth(START);
    end.map_or(text, |(end, _)| &text[..end])
}
