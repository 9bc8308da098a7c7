//! The cookies that signing in uses: their names and attributes, all in one
//! place, so that what sets a cookie and what clears it agree.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::COOKIE,
};
use memchr::memchr;

const PREFIX: &str = "__Host-";

/// How cookies are named and marked.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// `secure`: browsers reach the app through TLS.
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// A cookie's full name. The prefix makes browsers refuse it from anywhere
    /// but this very host, through TLS (RFC 6265bis 4.1.3.2).
    pub fn name(self, name: &str) -> String {
        let prefix = if self.secure { PREFIX } else { "" };
        format!("{prefix}{name}")
    }

    /// The name of the cookie that carries the id of the user session.
    pub fn user_session(self) -> &'static str {
        self.of_prefixed("__Host-user-session")
    }

    /// The name of the cookie that carries the id of the app's own session.
    #[cfg(feature = "actix-session")]
    pub fn app_session(self) -> &'static str {
        self.of_prefixed("__Host-app-session")
    }

    fn of_prefixed(self, name: &'static str) -> &'static str {
        match name.strip_prefix(PREFIX) {
            Some(plain) if !self.secure => plain,
            _ => name,
        }
    }

    /// A cookie that scripts cannot read and other sites cannot send along
    /// except by a plain link. `max_age` in seconds; `None`: until the browser
    /// closes.
    pub fn make(self, name: String, value: String, max_age: Option<u64>) -> Cookie<'static> {
        let cookie = Cookie::build(name, value)
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax);
        match max_age {
            Some(seconds) => cookie
                .max_age(Duration::seconds(
                    i64::try_from(seconds).unwrap_or(i64::MAX),
                ))
                .finish(),
            None => cookie.finish(),
        }
    }

    /// What makes a browser forget the cookie.
    pub fn clear(self, name: String) -> Cookie<'static> {
        self.make(name, String::new(), Some(0))
    }
}

/// The value of a cookie that came with the request (RFC 6265 4.2.1), as it was
/// sent. It costs less than `HttpRequest::cookies`, which copies and decodes all
/// of them: this one is called for every request.
pub(crate) fn sent<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a [u8]> {
    let mut headers = request.headers().get_all(COOKIE);
    headers.find_map(|header| value_of(name.as_bytes(), header.as_bytes()))
}

/// The cookies whose names begin so, names and values. One that is not UTF-8, as
/// somebody else on the domain may set it, hides no other; to
/// `HttpRequest::cookies` it does.
pub(crate) fn all_sent<'a>(
    request: &'a HttpRequest,
    prefix: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let headers = request.headers().get_all(COOKIE);
    let pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let (name, value) = str::from_utf8(pair).ok()?.trim().split_once('=')?;
        name.starts_with(prefix).then_some((name, value))
    })
}

fn value_of<'a>(name: &[u8], mut pairs: &'a [u8]) -> Option<&'a [u8]> {
    loop {
        let pair = pairs.trim_ascii_start();
        let end = memchr(b';', pair);
        let is_named = pair.starts_with(name) && pair.get(name.len()) == Some(&b'=');
        if is_named {
            let pair = &pair[..end.unwrap_or(pair.len())];
            return Some(pair[name.len() + 1..].trim_ascii_end());
        }
        pairs = &pair[end? + 1..];
    }
}
