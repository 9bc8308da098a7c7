//! The cookies used for signing in: all names and attributes in one place, so that
//! setting and clearing a cookie always agree.

use std::sync::Arc;

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::COOKIE,
};
use memchr::memchr;
use url::Url;

use crate::seal;

/// How cookies are named, and whether they are secure. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Cookies(Arc<Names>);

#[derive(Debug)]
struct Names {
    secure: bool,
    suffix: String,
    user_session: String,
    #[cfg(feature = "actix-session")]
    app_session: String,
}

impl Cookies {
    /// The cookies of the app at this base URL.
    pub fn new(base_url: &Url) -> Self {
        let secure = base_url.scheme() == "https";
        let suffix = suffix(base_url);
        Self(Arc::new(Names {
            user_session: full_name(secure, "user-session", &suffix),
            #[cfg(feature = "actix-session")]
            app_session: full_name(secure, "app-session", &suffix),
            secure,
            suffix,
        }))
    }

    /// A cookie's full name. With the prefix `__Host-`, browsers accept it only
    /// from this very host over TLS (RFC 6265bis 4.1.3.2). Browsers send cookies to
    /// every port and path of a host (RFC 6265 8.5), so the name ends in a hash of
    /// the base URL: it tells apart the apps on one host.
    pub fn name(&self, name: &str) -> String {
        full_name(self.0.secure, name, &self.0.suffix)
    }

    /// The name of the cookie with the user session's id.
    pub fn user_session(&self) -> &str {
        &self.0.user_session
    }

    /// The name of the cookie with the app session's id.
    #[cfg(feature = "actix-session")]
    pub fn app_session(&self) -> &str {
        &self.0.app_session
    }

    /// The names and values of this app's cookies whose short names start with
    /// `beginning`. A cookie that is not UTF-8, which others on the domain may set,
    /// does not hide the rest, as it does in `HttpRequest::cookies`.
    pub(crate) fn all_sent<'a>(
        &self,
        request: &'a HttpRequest,
        beginning: &str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let beginning = format!("{}{beginning}", prefix(self.0.secure));
        let headers = request.headers().get_all(COOKIE);
        let pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
        pairs.filter_map(move |pair| {
            let (name, value) = str::from_utf8(pair).ok()?.trim().split_once('=')?;
            let is_ours = name.starts_with(&beginning) && name.ends_with(&self.0.suffix);
            is_ours.then_some((name, value))
        })
    }

    /// A cookie that scripts cannot read, and that other sites cannot cause to be
    /// sent except by a plain link. `max_age` is in seconds; `None` means until the
    /// browser closes.
    pub fn make(&self, name: String, value: String, max_age: Option<u64>) -> Cookie<'static> {
        let cookie = Cookie::build(name, value)
            .path("/")
            .http_only(true)
            .secure(self.0.secure)
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
    pub fn clear(&self, name: String) -> Cookie<'static> {
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

fn prefix(secure: bool) -> &'static str {
    if secure { "__Host-" } else { "" }
}

fn full_name(secure: bool, name: &str, suffix: &str) -> String {
    format!("{}{name}{suffix}", prefix(secure))
}

/// A hyphen and the beginning of the base URL's hash.
fn suffix(base_url: &Url) -> String {
    let origin = base_url.origin().ascii_serialization();
    let path = base_url.path().trim_end_matches('/');
    let hash = seal::hash("base URL", &[origin.as_bytes(), path.as_bytes()]);
    format!("-{}", seal::short(&hash))
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

#[cfg(test)]
mod tests {
    use url::Url;

    use super::Cookies;

    fn name_at(base_url: &str) -> Option<String> {
        let base_url = Url::parse(base_url).ok()?;
        Some(Cookies::new(&base_url).user_session().to_owned())
    }

    #[test]
    fn s21_names_tell_apart_what_browsers_do_not() {
        let apps = [
            "http://localhost:8080",
            "http://localhost:8081",
            "http://localhost:8080/shop",
            "http://localhost:8080/shop/two",
            "http://127.0.0.1:8080",
            "https://localhost:8080",
        ];
        let names: std::collections::BTreeSet<_> = apps.into_iter().map(name_at).collect();
        assert_eq!(names.len(), apps.len(), "{names:?}");
    }

    #[test]
    fn s21_one_app_has_the_same_names_however_its_url_is_written() {
        // Another name would sign everyone out.
        let name = Some("user-session-tOrD-TSk".to_owned());
        assert_eq!(name_at("http://localhost:8080"), name);
        assert_eq!(name_at("http://LOCALHOST:8080/"), name);
        let name = name_at("https://app.example.com/shop");
        assert!(
            name.as_ref()
                .is_some_and(|name| name.starts_with("__Host-user-session-"))
        );
        assert_eq!(name_at("https://app.example.com:443/shop/"), name);
    }
}
