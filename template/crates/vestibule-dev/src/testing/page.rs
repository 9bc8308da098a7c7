//! A response to the browser.

use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

use super::StatusCode;

/// A response to the browser.
#[derive(Debug)]
pub struct Page {
    /// The URL, as the browser shows it.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Page {
    /// The value of a header field; empty if there is none.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| {
            value
                .to_str()
                .unwrap_or_else(|_| panic!("the header field {name} is {value:?}"))
        })
    }

    /// Where the page redirects to.
    #[track_caller]
    pub fn location(&self) -> Url {
        let location = self.header("location");
        assert_ne!(location, "", "{} redirects nowhere: {self:?}", self.url);
        self.url
            .join(location)
            .unwrap_or_else(|error| panic!("{location:?} is not a URL: {error}"))
    }

    /// The value of the first form field with this name.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        self.after(&format!("name=\"{name}\" value=\""))
            .unwrap_or_else(|| panic!("no field {name} at {}: {}", self.url, self.body))
    }

    /// Where the page's first button leads, which is a link with the class
    /// `button`.
    #[track_caller]
    pub fn button(&self) -> String {
        self.after("class=\"button\" href=\"")
            .unwrap_or_else(|| panic!("no button at {}: {}", self.url, self.body))
    }

    /// Where the page's first form is posted to.
    #[track_caller]
    pub fn action(&self) -> String {
        self.after("action=\"")
            .unwrap_or_else(|| panic!("no form at {}: {}", self.url, self.body))
    }

    /// The value that follows, up to the closing quote.
    fn after(&self, beginning: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(beginning)?;
        let (value, _) = rest.split_once('"')?;
        Some(unescaped(value))
    }

    /// Whether this response of a protected page to a script shows that someone is
    /// signed in (200) or not (401).
    #[track_caller]
    pub fn is_of_somebody(&self) -> bool {
        match self.status {
            StatusCode::OK => true,
            StatusCode::UNAUTHORIZED => false,
            other => panic!("{} answers {other}: {}", self.url, self.body),
        }
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("no JSON at {}: {error}: {}", self.url, self.body))
    }

    /// Whether the browser could read one of the tokens on this page. The
    /// `id_token_hint` of a sign-out is allowed to pass through it (RP-Initiated
    /// Logout 1.0, 2).
    pub fn holds_any(&self, tokens: &[String]) -> bool {
        let headers: Vec<_> = self.headers.values().map(HeaderValue::as_bytes).collect();
        let headers = headers.concat();
        let page = format!("{}{}", self.body, String::from_utf8_lossy(&headers));
        // Tests replace tokens with short words that a page may well contain.
        let real = tokens.iter().filter(|token| token.len() >= 20);
        let mut found = real.filter(|token| page.contains(token.as_str()));
        found.any(|token| {
            page.replace(&format!("id_token_hint={token}"), "")
                .replace(&format!("name=\"id_token_hint\" value=\"{token}\""), "")
                .contains(token.as_str())
        })
    }

    /// The `Set-Cookie` header field of a cookie; empty if it is not set.
    pub fn set_cookie(&self, name: &str) -> &str {
        self.headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find(|cookie| {
                cookie
                    .split_once('=')
                    .is_some_and(|(known, _)| known == name)
            })
            .unwrap_or_default()
    }
}

/// An attribute's value as the browser reads it.
fn unescaped(html: &str) -> String {
    html.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}
