//! Claims as people read them: times in words, lists as lists, and long values
//! folded away.

use actix_web::cookie::time::OffsetDateTime;
use serde_json::Value;

use crate::oidc::claims::Claims;

/// Claims under a heading.
pub struct ClaimGroup {
    /// The heading.
    pub title: &'static str,
    /// The claims, by name.
    pub claims: Vec<Claim>,
}

/// One claim, ready to be shown.
pub struct Claim {
    /// The claim's name.
    pub name: String,
    /// What it says.
    pub value: ClaimValue,
}

/// A value, by how it is shown.
pub enum ClaimValue {
    /// As it is.
    Text(String),
    /// Folded away.
    LongText {
        /// What is seen of it before it is unfolded.
        start: String,
        /// All of it.
        text: String,
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
    /// Several texts.
    List(Vec<String>),
    /// So many texts that they are folded away.
    LongList(Vec<String>),
    /// Nothing: an empty list, an empty text or `null`.
    Empty,
    /// Anything else.
    Json(String),
}

/// A text of more characters is folded away.
const LONG_TEXT: usize = 200;
/// What is seen of it then.
const START: usize = 40;
/// A list of more entries is folded away.
const LONG_LIST: usize = 12;

/// Claims that say something of the message or the sign-in, not of the person
/// (OIDC Core 2, RFC 7519 4.1).
const OF_THE_SIGN_IN: [&str; 12] = [
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

/// What the provider says of the person, then what it says of the sign-in.
pub(super) fn groups(claims: &Claims) -> [ClaimGroup; 2] {
    let (of_the_sign_in, of_the_person) = claims
        .iter()
        .map(|(name, value)| Claim {
            name: name.to_owned(),
            value: ClaimValue::of(name, value),
        })
        .partition(|claim| OF_THE_SIGN_IN.contains(&claim.name.as_str()));
    [
        ClaimGroup {
            title: "What the sign-in service says of you",
            claims: of_the_person,
        },
        ClaimGroup {
            title: "What it says of this sign-in",
            claims: of_the_sign_in,
        },
    ]
}

impl ClaimValue {
    fn of(name: &str, value: Value) -> Self {
        let time = TIMES.contains(&name).then(|| value.as_i64()).flatten();
        if let Some(time) = time.and_then(Self::time) {
            return time;
        }
        match value {
            Value::Null => Self::Empty,
            Value::Bool(flag) => Self::Flag(flag),
            Value::String(text) => Self::text(text),
            Value::Number(number) => Self::Text(number.to_string()),
            Value::Array(entries) => {
                if !entries.iter().all(Value::is_string) {
                    return Self::json(&Value::Array(entries));
                }
                let texts = entries.into_iter().filter_map(|entry| match entry {
                    Value::String(text) => Some(text),
                    _ => None,
                });
                Self::list(texts.collect())
            }
            Value::Object(_) => Self::json(&value),
        }
    }

    fn text(text: String) -> Self {
        let length = text.chars().count();
        match length {
            0 => Self::Empty,
            1..=LONG_TEXT => Self::Text(text),
            _ => Self::LongText {
                start: text.chars().take(START).collect(),
                text,
                length,
            },
        }
    }

    /// Several texts, folded away if they are many.
    pub fn list(entries: Vec<String>) -> Self {
        match entries.len() {
            0 => Self::Empty,
            1..=LONG_LIST => Self::List(entries),
            _ => Self::LongList(entries),
        }
    }

    /// `None` if no calendar reaches that far.
    fn time(seconds: i64) -> Option<Self> {
        let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        let (year, month, day) = time.to_calendar_date();
        let (hour, minute, second) = time.to_hms();
        let number = u8::from(month);
        Some(Self::Time {
            exact: format!("{year:04}-{number:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            words: format!("{day} {month} {year}, {hour:02}:{minute:02} UTC"),
        })
    }

    fn json(value: &Value) -> Self {
        Self::Json(serde_json::to_string_pretty(value).unwrap_or_default())
    }
}
