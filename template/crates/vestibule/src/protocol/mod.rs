//! OpenID Connect for this library, and the only module that uses `openidconnect`,
//! so the implementation can be replaced here. It knows tokens, keys and metadata,
//! but no cookies, stores, pages or settings.

mod authorization;
mod client_authentication;
mod client_key;
mod config;
mod discovery;
mod documents;
mod error;
mod http;
mod id_token;
mod interaction_code;
mod jws;
mod logout;
mod plain_refusal;
mod shape;
pub(crate) mod tenants;
mod token_exchange;
mod token_response;
mod tokens;
mod types;
mod userinfo;

pub use self::{
    authorization::{AuthorizationOptions, AuthorizationRequest, Prompt, code_challenge},
    client_key::ClientKey,
    config::{
        AssertionAudience, Credential, LogoutParameter, LogoutUrl, ProviderSettings,
        PushedAuthorization, RelyingParty, SecretMethod, SignatureAlgorithm, Userinfo,
    },
    discovery::Discovered,
    error::{ProtocolError, causes, printable},
    http::{Http, HttpError},
    id_token::CheckError,
    interaction_code::Code,
    logout::{EndSession, LogoutToken, is_addressed_to},
    tenants::{Issuers, Tenants},
    token_exchange::{ApiToken, TokenFor},
    tokens::{Authenticated, RefreshError},
    userinfo::UserInfoError,
};

use serde::{Deserialize, Serialize};

use crate::{secret::Secret, token::Tokens};

/// Why a signature was rejected in the end, for the log.
const UNKNOWN_KEY: &str = "its signature matches none of the provider's keys";

/// What is demanded of the person's authentication: sent in the authorization
/// request (OIDC Core 3.1.2.1), checked in the ID token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// How old the authentication may be, in seconds (`max_age`).
    pub max_age: Option<u64>,
    /// Which authentication contexts are acceptable, preferred first
    /// (`acr_values`); empty: any.
    pub acr_values: Vec<String>,
}

impl Demand {
    /// Whether any sign-in will do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This demand of one page, under what the settings demand of every sign-in. It
    /// can be met by one authentication: the shorter time counts, and of the page's
    /// contexts those that the settings name too. If there are none, the page's
    /// own level is one that the settings know nothing of.
    #[must_use]
    pub fn under(mut self, general: &Self) -> Self {
        self.max_age = match (self.max_age, general.max_age) {
            (Some(page), Some(general)) => Some(page.min(general)),
            (page, general) => page.or(general),
        };
        if self.acr_values.is_empty() {
            self.acr_values.clone_from(&general.acr_values);
        } else {
            let is_general = |value: &String| general.acr_values.contains(value);
            if self.acr_values.iter().any(is_general) {
                self.acr_values.retain(is_general);
            }
        }
        self
    }
}

/// What is known about a user session whose tokens are being refreshed: a new ID
/// token must match it (OIDC Core 12.2).
#[derive(Clone, Copy, Debug)]
pub struct Established<'a> {
    /// Who vouches for the person.
    pub issuer: &'a str,
    /// Who is signed in.
    pub subject: &'a str,
    /// When they authenticated, according to the first ID token, in Unix seconds.
    pub authenticated_at: Option<u64>,
    /// The current tokens.
    pub tokens: &'a Tokens,
}

/// What the provider's response to a transaction is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Sent in the authorization request.
    pub nonce: &'a Secret,
    /// The verifier of the challenge sent in the authorization request.
    pub pkce_verifier: &'a Secret,
    /// Sent in the authorization request.
    pub demand: &'a Demand,
}
