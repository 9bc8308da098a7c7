//! OpenID Connect as this app speaks it: the only module that names
//! `openidconnect`, so the engine can be replaced here. It knows nothing of
//! cookies, stores and pages.

mod authorization;
mod client_authentication;
mod client_key;
mod discovery;
mod http;
mod id_token;
mod interaction_code;
mod jws;
mod logout;
mod tokens;
mod types;
mod userinfo;

pub use self::{
    authorization::{AuthorizationRequest, Wishes, code_challenge},
    client_key::ClientKey,
    discovery::{Discovered, Unusable},
    http::{Http, HttpError},
    id_token::CheckError,
    interaction_code::Code,
    logout::LogoutToken,
    tokens::{Authenticated, RefreshError, Unchecked},
    userinfo::UserInfoError,
};

use crate::settings::Secret;

/// The facts of an attempt that the provider's answer is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Sent in the authorization request.
    pub nonce: &'a Secret,
    /// Whose challenge was sent in the authorization request.
    pub pkce_verifier: &'a Secret,
    /// Sent in the authorization request, if at all; in seconds.
    pub max_age: Option<u64>,
}
