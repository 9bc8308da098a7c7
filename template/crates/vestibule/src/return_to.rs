//! Where a person goes after signing in: always a page in this app, whatever the
//! request asked for (RFC 9700 4.11).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::settings::{NamedProvider, Settings, several};

/// A path in this app, with its query. Having one means that it was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReturnTo(String);

/// The most bytes that are kept. The cookie that carries them shares the head of a
/// response with a redirect and other headers, and many proxies take no head beyond
/// 4 KB.
const MAX_LENGTH: usize = 1024;

/// Why a place is none to return to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoReturn {
    /// It is not in this app, or is one of the sign-in pages.
    Elsewhere,
    /// It is in this app, but even its path is too long to be kept.
    TooLong,
}

impl ReturnTo {
    /// Parses a requested path and query; `None` if it leads outside this app, or
    /// to one of the sign-in pages, or if its path is longer than 1,024 bytes. A query
    /// that is too long to be kept is left out.
    pub fn parse(settings: &Settings, asked: &str) -> Option<Self> {
        Self::read(settings, asked).ok()
    }

    /// The same, with the reason why it is none.
    pub(crate) fn read(settings: &Settings, asked: &str) -> Result<Self, NoReturn> {
        let place = Self::parse_any(settings, asked).ok_or(NoReturn::Elsewhere)?;
        if place.is_sign_in_page(settings) {
            return Err(NoReturn::Elsewhere);
        }
        if place.0.len() <= MAX_LENGTH {
            return Ok(place);
        }
        match place.path() {
            path if path.len() <= MAX_LENGTH => Ok(Self(path.to_owned())),
            _ => Err(NoReturn::TooLong),
        }
    }

    fn path(&self) -> &str {
        self.0.split('?').next().unwrap_or(&self.0)
    }

    fn is_sign_in_page(&self, settings: &Settings) -> bool {
        let path = self.path();
        let below = decoded(path.strip_prefix(settings.base_path()).unwrap_or(path));
        // These are of no use right after signing in, and could cause a loop.
        let paths = &settings.paths;
        let sign_in_pages = [
            &paths.login,
            &paths.login_callback,
            &paths.logout,
            &paths.logged_out,
            &paths.backchannel_logout,
        ];
        let is_callback = |provider: &NamedProvider| {
            several::callback_of(&paths.login_callback, &provider.name) == below
        };
        sign_in_pages.iter().any(|page| **page == below)
            || settings.providers.iter().any(is_callback)
    }

    /// A path and query in this app, of any length, the sign-in pages included.
    pub(crate) fn parse_any(settings: &Settings, asked: &str) -> Option<Self> {
        // Browsers treat a backslash as a slash and drop tabs and line breaks, so
        // what looks like a path here could be a host there.
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
        if !asked.starts_with('/') || !asked.chars().all(is_plain) {
            return None;
        }
        let url: Url = settings.base_url.join(asked).ok()?;
        let below = url.path().strip_prefix(settings.base_path())?;
        let inside = url.origin() == settings.base_url.origin()
            && below.starts_with('/')
            && !below.starts_with("//");
        let path = url.path();
        let whole = match url.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        inside.then_some(Self(whole))
    }

    /// The front page.
    pub(crate) fn home(settings: &Settings) -> Self {
        Self(format!("{}/", settings.base_path()))
    }

    /// Where people go who did not ask for a particular page.
    pub(crate) fn after_login(settings: &Settings) -> Self {
        let path = &settings.paths.after_login;
        Self(format!("{}{path}", settings.base_path()))
    }

    /// Checks a sealed value again: the settings may have changed since.
    pub(crate) fn checked(&self, settings: &Settings) -> Self {
        Self::parse(settings, &self.0).unwrap_or_else(|| Self::after_login(settings))
    }

    /// The path and query, for a `Location` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A path as the router matches it: with its escapes read, so that `/%6cogin` is
/// `/login`.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.split_first_chunk::<2>().filter(|_| *first == b'%');
        let byte = escape.and_then(|(digits, after)| {
            let digits = str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = byte.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
