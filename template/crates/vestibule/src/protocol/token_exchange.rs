//! Tokens for other APIs on a person's behalf (RFC 8693, RFC 8707).

use openidconnect::OAuth2TokenResponse as _;
use serde_json::{Map, Value};

use super::{
    Discovered,
    error::printable,
    http::Http,
    shape::said,
    token_response::TokenAnswer,
    tokens::{check_form, life},
};
use crate::{clock::now, seal::SealError, secret::Secret};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Which API a token is for, and what it may do there.
///
/// ```
/// use vestibule::TokenFor;
///
/// let orders = TokenFor::audience("orders").scope("orders.read");
/// let files = TokenFor::resource("https://files.example.com/");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFor {
    target: (&'static str, String),
    scopes: Vec<String>,
}

impl TokenFor {
    /// An API by its name at the provider (`audience`, RFC 8693 2.1).
    pub fn audience(name: impl Into<String>) -> Self {
        Self {
            target: ("audience", name.into()),
            scopes: Vec::new(),
        }
    }

    /// An API by its address (`resource`, RFC 8707 2).
    pub fn resource(url: impl Into<String>) -> Self {
        Self {
            target: ("resource", url.into()),
            scopes: Vec::new(),
        }
    }

    /// Adds a scope to ask for; without any, the provider decides.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }
}

/// A token for one API. It belongs to the person: keep it with nobody else's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiToken {
    /// For the `Authorization` header, after `Bearer `.
    pub token: Secret,
    /// When it expires, in Unix seconds.
    pub expires_at: u64,
}

/// Why there is no such token; the string is for the log.
pub(crate) struct NoToken(pub String);

impl From<SealError> for NoToken {
    fn from(error: SealError) -> Self {
        Self(error.to_string())
    }
}

impl Discovered {
    /// Exchanges a person's access token for one that another API takes.
    pub(crate) async fn exchange_token(
        &self,
        access_token: String,
        wanted: &TokenFor,
        http: &Http,
    ) -> Result<ApiToken, NoToken> {
        let endpoint = self.metadata.token_endpoint();
        let endpoint = endpoint.ok_or_else(|| NoToken("it has no token endpoint".to_owned()))?;
        let url = endpoint.url();
        let (parameter, target) = &wanted.target;
        let mut fields = vec![
            ("grant_type", GRANT.to_owned()),
            ("subject_token", access_token),
            ("subject_token_type", ACCESS_TOKEN.to_owned()),
            ("requested_token_type", ACCESS_TOKEN.to_owned()),
            (parameter, target.clone()),
        ];
        if !wanted.scopes.is_empty() {
            fields.push(("scope", wanted.scopes.join(" ")));
        }
        let authentication = &self.authentication;
        // A header has the client id as well.
        let own = authentication.fields(url.as_str())?;
        let is_in_header = authentication.basic().is_some();
        fields.extend(own.into_iter().filter(|_| !is_in_header));
        let answer = http.post_form(url.clone(), &fields, authentication.basic());
        let answer = answer.await.map_err(|error| NoToken(error.0))?;
        let members: Map<String, Value> = serde_json::from_slice(answer.body())
            .map_err(|_| NoToken(format!("it answered {} without JSON", answer.status())))?;
        if let Some(Value::String(error)) = said(&members, "error") {
            return Err(NoToken(format!("it answered {}", printable(error))));
        }
        if !answer.status().is_success() {
            return Err(NoToken(format!("it answered {}", answer.status())));
        }
        let answer = TokenAnswer::from(members);
        check_form(&answer).map_err(|fault| NoToken(fault.to_owned()))?;
        Ok(ApiToken {
            token: Secret::new(answer.access_token().secret().clone()),
            expires_at: now().saturating_add(life(&answer)),
        })
    }
}
