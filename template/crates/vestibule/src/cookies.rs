//! The cookies used for signing in: all names and attributes in one place, so that
//! setting and clearing a cookie always agree.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::COOKIE,
};
use memchr::memchr;

const PREFIX: &str = "__Host-";

/// How cookies are named, and whether they are secure.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// `secure`: browsers reach the app over TLS.
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// A cookie's full name. With the prefix, browsers accept it only from this
    /// very host over TLS (RFC 6265bis 4.1.3.2).
    pub fn name(self, name: &str) -> String {
        let prefix = if self.secure { PREFIX } else { "" };
        format!("{prefix}{name}")
    }

    /// The name of the cookie with the user session's id.
    pub fn user_session(self) -> &'static str {
        self.of_prefixed("__Host-user-session")
    }

    /// The name of the cookie with the app session's id.
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

    /// A cookie that scripts cannot read, and that other sites cannot cause to be
    /// sent except by a plain link. `max_age` is in seconds; `None` means until the
    /// browser closes.
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

    /// A cookie that makes the browser forget the one with this name.
    pub fn clear(self, name: String) -> Cookie<'static> {
        self.make(name, String::new(), Some(0))
    }
}

/// The raw value of a cookie sent with the request (RFC 6265 4.2.1). This runs for
/// every request, so it avoids `HttpRequest::cookies`, which copies and decodes all
/// of them.
pub(crate) fn sent<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a [u8]> {
    let mut headers = request.headers().get_all(COOKIE);
    headers.find_map(|header| value_of(name.as_bytes(), header.as_bytes()))
}

/// The names and values of the cookies whose names start with `prefix`. A cookie
/// that is not UTF-8, which others on the domain may set, does not hide the rest,
/// as it does in `HttpRequest::cookies`.
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
