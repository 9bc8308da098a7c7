//! HTTP as plain data: the endpoints, incoming requests, and responses before they
//! are sent.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::{StatusCode, header},
    web::Bytes,
};
use serde_json::{Value, json};

/// The provider's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The provider's metadata (OIDC Discovery 4).
    Metadata,
    /// The JWK set (OIDC Core 10.1.1).
    Keys,
    /// Accepts requests pushed by clients before the browser comes (RFC 9126).
    PushedAuthorization,
    /// Where a sign-in starts (OIDC Core 3.1.2).
    Authorization,
    /// Handles the click on the sign-in page.
    SignIn,
    /// Exchanges codes and refresh tokens for tokens (OIDC Core 3.1.3).
    Token,
    /// Returns claims for an access token (OIDC Core 5.3).
    Userinfo,
    /// Revokes tokens (RFC 7009).
    Revocation,
    /// Signs people out (RP-Initiated Logout 2).
    EndSession,
    /// The pages' style sheet.
    Stylesheet,
    /// Starts a sign-in with the Okta Sign-In Widget.
    Interact,
    /// Tells the widget what to ask for.
    Introspect,
    /// Accepts name and password from the widget.
    Identify,
    /// Accepts name and password from the widget's classic engine.
    Authn,
    /// The authorization endpoint where the classic engine expects it.
    OktaAuthorization,
}

impl Endpoint {
    /// All endpoints.
    pub const ALL: [Endpoint; 15] = [
        Endpoint::Metadata,
        Endpoint::Keys,
        Endpoint::PushedAuthorization,
        Endpoint::Authorization,
        Endpoint::SignIn,
        Endpoint::Token,
        Endpoint::Userinfo,
        Endpoint::Revocation,
        Endpoint::EndSession,
        Endpoint::Stylesheet,
        Endpoint::Interact,
        Endpoint::Introspect,
        Endpoint::Identify,
        Endpoint::Authn,
        Endpoint::OktaAuthorization,
    ];

    /// The path, below the issuer.
    pub fn path(self) -> &'static str {
        match self {
            Endpoint::Metadata => "/.well-known/openid-configuration",
            Endpoint::Keys => "/keys",
            Endpoint::PushedAuthorization => "/par",
            Endpoint::Authorization => "/authorize",
            Endpoint::SignIn => "/sign-in",
            Endpoint::Token => "/token",
            Endpoint::Userinfo => "/userinfo",
            Endpoint::Revocation => "/revoke",
            Endpoint::EndSession => "/logout",
            Endpoint::Stylesheet => "/provider.css",
            Endpoint::Interact => "/oauth2/v1/interact",
            Endpoint::Introspect => "/idp/idx/introspect",
            Endpoint::Identify => "/idp/idx/identify",
            Endpoint::Authn => "/api/v1/authn",
            Endpoint::OktaAuthorization => "/oauth2/v1/authorize",
        }
    }

    /// Whether scripts on an app's pages call it.
    pub(super) fn is_for_scripts(self) -> bool {
        self.methods().contains(&"OPTIONS")
    }

    /// The methods that it accepts.
    pub(super) fn methods(self) -> &'static [&'static str] {
        match self {
            Endpoint::Metadata => &["GET", "OPTIONS"],
            Endpoint::Keys | Endpoint::Stylesheet | Endpoint::OktaAuthorization => &["GET"],
            Endpoint::Authorization | Endpoint::Userinfo | Endpoint::EndSession => &["GET", "POST"],
            Endpoint::PushedAuthorization
            | Endpoint::SignIn
            | Endpoint::Token
            | Endpoint::Revocation => &["POST"],
            Endpoint::Interact | Endpoint::Introspect | Endpoint::Identify | Endpoint::Authn => {
                &["POST", "OPTIONS"]
            }
        }
    }
}

/// An incoming request, secrets and all: never log one.
#[derive(Clone)]
pub struct Request {
    /// Where it arrived.
    pub endpoint: Endpoint,
    /// The HTTP method, in uppercase.
    pub method: String,
    /// The query's pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The pairs of a form body, decoded, in order.
    pub form: Vec<(String, String)>,
    /// A JSON body; otherwise `null`.
    pub json: Value,
    /// The header fields, with names in lowercase.
    pub headers: Vec<(String, String)>,
}

impl Request {
    pub(super) fn read(endpoint: Endpoint, http: &HttpRequest, body: &[u8]) -> Request {
        let kind = http
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        let is_json = kind.starts_with("application/json") || kind.contains("+json");
        Request {
            endpoint,
            method: http.method().to_string(),
            query: pairs(http.query_string().as_bytes()),
            form: if is_form { pairs(body) } else { Vec::new() },
            json: serde_json::from_slice(body)
                .ok()
                .filter(|_| is_json)
                .unwrap_or_default(),
            headers: http
                .headers()
                .iter()
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
        }
    }

    /// The first header field with this name, which must be lowercase.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first form field with this name.
    pub fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// The first query parameter with this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The value of a cookie in the request.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter(|(header, _)| header == "cookie")
            .flat_map(|(_, cookies)| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(cookie, value)| (cookie == name).then_some(value))
    }

    /// The protocol's parameters: the form's for a POST, otherwise the query's.
    pub(super) fn params(&self) -> Params<'_> {
        Params::new(if self.method == "POST" {
            &self.form
        } else {
            &self.query
        })
    }
}

/// OAuth parameters: one without a value counts as absent, and none may be repeated
/// (RFC 6749, section 3.1).
pub(super) struct Params<'a> {
    values: BTreeMap<&'a str, &'a str>,
    repeated: Vec<&'a str>,
}

impl<'a> Params<'a> {
    pub fn new(pairs: &'a [(String, String)]) -> Params<'a> {
        let mut params = Params {
            values: BTreeMap::new(),
            repeated: Vec::new(),
        };
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            if params.values.insert(name, value).is_some() {
                params.repeated.push(name);
            }
        }
        params
    }

    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).copied()
    }

    /// The names that were sent more than once.
    pub fn repeated(&self) -> &[&'a str] {
        &self.repeated
    }
}

/// A response about to be sent: change what you like.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// How long to wait before sending.
    pub delay: Duration,
    /// How the response ends.
    pub ending: Ending,
}

/// How a response ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// After the body's last byte, as it should.
    Complete,
    /// Never: the body is sent over and over again.
    Endless,
    /// It never starts: the connection stays open and silent.
    Hung,
}

impl Answer {
    /// A response with a body of this content type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status,
            headers: vec![
                ("content-type".to_owned(), content_type.to_owned()),
                ("x-content-type-options".to_owned(), "nosniff".to_owned()),
            ],
            body: body.into(),
            delay: Duration::ZERO,
            ending: Ending::Complete,
        }
    }

    /// A JSON response.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::new(status, "application/json", body.to_string())
    }

    /// An error in the token endpoint's format (RFC 6749, section 5.2).
    pub fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
        let body = json!({ "error": error, "error_description": description });
        Answer::json(status, &body).with_header("cache-control", "no-store")
    }

    /// Redirects the browser with a GET.
    pub fn redirect(location: &str) -> Answer {
        Answer::new(303, "text/plain; charset=utf-8", "")
            .with_header("location", location)
            .with_header("cache-control", "no-store")
    }

    /// Adds a header field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) async fn send(self) -> HttpResponse {
        actix_web::rt::time::sleep(self.delay).await;
        if self.ending == Ending::Hung {
            return std::future::pending().await;
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        for header in self.headers {
            response.append_header(header);
        }
        if self.ending == Ending::Endless {
            return response.body(Endless(self.body.into()));
        }
        response.body(self.body)
    }
}

/// A body without an end.
struct Endless(Bytes);

impl MessageBody for Endless {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(self.0.clone())))
    }
}

fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(encoded).into_owned().collect()
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find_map(|(known, value)| (known == name).then_some(value.as_str()))
}
