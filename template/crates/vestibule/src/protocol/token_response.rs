//! The token endpoint's response, read as far as it can be (RFC 6749 5): a member of
//! an unusual shape costs that member. What has to be right is checked where it is
//! used.

use std::{pin::Pin, time::Duration};

use openidconnect::{
    AccessToken, AsyncHttpClient, HttpRequest, HttpResponse, OAuth2TokenResponse, RefreshToken,
    Scope, TokenResponse,
    core::{
        CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreTokenType,
    },
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    http::{Http, HttpError},
    shape::{kind, said},
    types::{NoOtherClaims, ParsedIdToken},
};
use crate::token::Token;

/// What a token response says. Nothing of it is checked yet.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(from = "Map<String, Value>")]
pub(super) struct TokenAnswer {
    access_token: AccessToken,
    token_type: CoreTokenType,
    expires_in: Option<u64>,
    refresh_token: Option<RefreshToken>,
    scopes: Option<Vec<Scope>>,
    /// As it was sent: the library's own type refuses tokens for claims that no
    /// check needs.
    id_token: Option<Token>,
}

impl TokenAnswer {
    /// The ID token, not checked yet.
    pub fn unchecked_id_token(&self) -> Option<&Token> {
        self.id_token.as_ref()
    }
}

impl From<Map<String, Value>> for TokenAnswer {
    fn from(members: Map<String, Value>) -> Self {
        let string = |name| read(&members, name, |value| value.as_str().map(str::to_owned));
        let token_type = match said(&members, "token_type") {
            // OIDC Core 3.1.3.3: it has to be Bearer, so one that is left out is.
            None => CoreTokenType::Bearer,
            Some(Value::String(name)) if name.eq_ignore_ascii_case("bearer") => {
                CoreTokenType::Bearer
            }
            Some(other) => CoreTokenType::Extension(kind(other).to_owned()),
        };
        Self {
            // Empty ones are refused before they are used.
            access_token: AccessToken::new(string("access_token").unwrap_or_default()),
            token_type,
            expires_in: read(&members, "expires_in", seconds),
            refresh_token: string("refresh_token").map(RefreshToken::new),
            scopes: read(&members, "scope", scopes),
            id_token: string("id_token").map(Token::from),
        }
    }
}

impl OAuth2TokenResponse for TokenAnswer {
    type TokenType = CoreTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &CoreTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        self.scopes.as_ref()
    }
}

impl
    TokenResponse<
        NoOtherClaims,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    > for TokenAnswer
{
    /// Never: see [`unchecked_id_token`](Self::unchecked_id_token).
    fn id_token(&self) -> Option<&ParsedIdToken> {
        None
    }
}

/// A member, if it is there and can be read.
fn read<T>(
    members: &Map<String, Value>,
    name: &'static str,
    reading: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    let value = said(members, name)?;
    let read = reading(value);
    if read.is_none() {
        tracing::warn!(
            member = name,
            kind = kind(value),
            "a member of the token response cannot be used and is ignored"
        );
    }
    read
}

/// A lifetime: a number, or one in quotes. A negative one says nothing.
fn seconds(value: &Value) -> Option<u64> {
    let quoted = |text: &str| text.trim().parse::<f64>().ok();
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => quoted(text),
        _ => None,
    }?;
    // Beyond this range it is no lifetime, and arithmetic with it would overflow.
    (0.0..=f64::from(u32::MAX))
        .contains(&seconds)
        .then_some(seconds as u64)
}

/// Scopes separated by spaces (RFC 6749 3.3), or as a list.
fn scopes(value: &Value) -> Option<Vec<Scope>> {
    let names: Vec<&str> = match value {
        Value::String(text) => text.split_whitespace().collect(),
        Value::Array(names) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    Some(
        names
            .into_iter()
            .map(str::to_owned)
            .map(Scope::new)
            .collect(),
    )
}

/// Sends token requests, and hands the library responses that it can read: what
/// counts is the body, not its content type.
pub(super) struct TokenEndpoint<'a>(pub &'a Http);

impl<'c> AsyncHttpClient<'c> for TokenEndpoint<'_> {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move { answer.await.map(readable) })
    }
}

fn readable(mut answer: HttpResponse) -> HttpResponse {
    // RFC 6749 5.2: this status is about the client, whatever the body says.
    let is_of_client = answer.status() == StatusCode::UNAUTHORIZED;
    let members = match serde_json::from_slice::<Map<String, Value>>(answer.body()) {
        Ok(members) => members,
        Err(_) if is_of_client => Map::new(),
        Err(_) => return answer,
    };
    let string = |name| said(&members, name).and_then(Value::as_str);
    let error = string("error").or(is_of_client.then_some("invalid_client"));
    if let Some(error) = error
        && !members.contains_key("access_token")
    {
        // Some errors come with a success status, or with descriptions of odd kinds.
        let description = string("error_description");
        *answer.body_mut() = json!({ "error": error, "error_description": description })
            .to_string()
            .into_bytes();
        if answer.status().is_success() {
            *answer.status_mut() = StatusCode::BAD_REQUEST;
        }
    } else if answer.status().is_success() {
        *answer.status_mut() = StatusCode::OK;
    }
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}
