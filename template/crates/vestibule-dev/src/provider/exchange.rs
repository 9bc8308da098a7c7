//! What goes over the wire, as plain data: the endpoints, a request that came
//! in, an answer before it is sent.

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
    /// Takes requests from clients before the browser comes (RFC 9126).
    PushedAuthorization,
    /// Where a sign-in begins (OIDC Core 3.1.2).
    Authorization,
    /// Takes the click on the sign-in page.
    SignIn,
    /// Codes and refresh tokens become tokens here (OIDC Core 3.1.3).
    Token,
    /// Claims for an access token (OIDC Core 5.3).
    Userinfo,
    /// Tokens are revoked here (RFC 7009).
    Revocation,
    /// Where a sign-out goes (RP-Initiated Logout 2).
    EndSession,
    /// The look of the pages.
    Stylesheet,
    /// The Okta Sign-In Widget begins here.
    Interact,
    /// Tells the widget what to ask.
    Introspect,
    /// Takes name and password from the widget.
    Identify,
    /// Takes name and password from the widget's classic engine.
    Authn,
    /// The authorization endpoint, where the classic engine expects it.
    OktaAuthorization,
}

impl Endpoint {
    /// All of them.
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

    /// Whether the scripts of an app's pages call it.
    pub(super) fn is_for_scripts(self) -> bool {
        self.methods().contains(&"OPTIONS")
    }

    /// The methods that it answers.
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

/// A request as it came in, secrets and all: never log one.
#[derive(Clone)]
pub struct Request {
    /// Where it arrived.
    pub endpoint: Endpoint,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The query's pairs, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// The pairs of a form body, decoded, in their order.
    pub form: Vec<(String, String)>,
    /// A JSON body; `null` if it is none.
    pub json: Value,
    /// The header fields; names in lowercase.
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

    /// The first header field of this name, which is in lowercase.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first form field of this name.
    pub fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// The first query parameter of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The value of a cookie that came along.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter(|(header, _)| header == "cookie")
            .flat_map(|(_, cookies)| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find_map(|(cookie, value)| (cookie == name).then_some(value))
    }

    /// The parameters of the protocol: the form's for a POST, else the query's.
    pub(super) fn params(&self) -> Params<'_> {
        Params::new(if self.method == "POST" {
            &self.form
        } else {
            &self.query
        })
    }
}

/// OAuth parameters: one without a value counts as absent, none may come twice
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

    /// The names that came more than once.
    pub fn repeated(&self) -> &[&'a str] {
        &self.repeated
    }
}

/// An answer about to be sent: change what you like.
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
    /// How it ends.
    pub ending: Ending,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its body's last byte, as it should.
    Complete,
    /// Never: the body is sent over and over again.
    Endless,
    /// It never begins: the connection stays open and silent.
    Hung,
}

impl Answer {
    /// A body of this content type.
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

    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::new(status, "application/json", body.to_string())
    }

    /// An error as the token endpoint tells it (RFC 6749, section 5.2).
    pub fn oauth_error(status: u16, error: &str, description: &str) -> Answer {
        let body = json!({ "error": error, "error_description": description });
        Answer::json(status, &body).with_header("cache-control", "no-store")
    }

    /// Sends the browser on with a GET.
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

/// A body that has no end.
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
