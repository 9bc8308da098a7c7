//! OpenID Connect as this library speaks it: the only module that names
//! `openidconnect`, so the engine can be replaced here. It knows tokens, keys and
//! metadata, and nothing of cookies, stores, pages or settings.

mod authorization;
mod client_authentication;
mod client_key;
mod config;
mod discovery;
mod error;
mod http;
mod id_token;
mod interaction_code;
mod jws;
mod logout;
mod plain_refusal;
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

/// Why what the provider signed is refused in the end, for the log.
const UNKNOWN_KEY: &str = "none of the provider's keys fits its signature";

/// What is demanded of the person's authentication at the provider: sent with
/// the authorization request (OIDC Core 3.1.2.1), checked in the ID token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// How old the authentication may be, in seconds (`max_age`).
    pub max_age: Option<u64>,
    /// Which authentication contexts will do, the preferred first
    /// (`acr_values`); none: any will.
    pub acr_values: Vec<String>,
}

impl Demand {
    /// Whether any sign-in meets it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is known of a user session whose tokens are renewed: a new ID token must
/// fit it (OIDC Core 12.2).
#[derive(Clone, Copy, Debug)]
pub struct Established<'a> {
    /// Who is signed in.
    pub subject: &'a str,
    /// When they authenticated, by the first ID token, in Unix seconds.
    pub authenticated_at: Option<u64>,
    /// The tokens so far.
    pub tokens: &'a Tokens,
}

/// The facts of a transaction that the provider's answer is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Sent in the authorization request.
    pub nonce: &'a Secret,
    /// Whose challenge was sent in the authorization request.
    pub pkce_verifier: &'a Secret,
    /// Sent in the authorization request.
    pub demand: &'a Demand,
}
