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
mod token_response;
mod tokens;
mod types;
mod userinfo;

pub use self::{
    authorization::{AuthorizationOptions, AuthorizationRequest, Prompt, code_challenge},
    client_key::ClientKey,
    config::{
        AssertionAudience, Credential, ProviderSettings, PushedAuthorization, RelyingParty,
        SecretMethod, SignatureAlgorithm, Userinfo,
    },
    discovery::Discovered,
    error::{ProtocolError, printable},
    http::{Http, HttpError},
    id_token::CheckError,
    interaction_code::Code,
    logout::{EndSession, LogoutToken},
    tokens::{Authenticated, RefreshError},
    userinfo::UserInfoError,
};

use serde::{Deserialize, Serialize};

use crate::{secret::Secret, token::Tokens};

/// Why a signature was rejected in the end, for the log.
const UNKNOWN_KEY: &str = "its signature matches none of the provider's keys";

/// What the page demands of the person's authentication: sent in the authorization
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
}

/// What is known about a user session whose tokens are being refreshed: a new ID
/// token must match it (OIDC Core 12.2).
#[derive(Clone, Copy, Debug)]
pub struct Established<'a> {
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
