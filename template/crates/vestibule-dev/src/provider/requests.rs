//! Authorization requests, and whether they may be pushed: what the provider keeps
//! about sign-ins under way.

use std::time::Instant;

/// An authorization request that passed every check.
#[derive(Clone)]
pub(super) struct AuthorizationRequest {
    pub client_id: String,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: String,
    pub scopes: Vec<String>,
    /// The first of the `acr_values`, otherwise `0`: a click proves nothing.
    pub acr: String,
    pub login_hint: Option<String>,
    pub prompts: Vec<String>,
    pub max_age: Option<u64>,
    pub hinted_sub: Option<String>,
}

/// Whether the provider accepts pushed requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushedRequests {
    /// Its metadata does not mention them.
    #[default]
    NotOffered,
    /// Clients may push.
    Offered,
    /// Clients must push.
    Required,
}

/// A pushed request that is waiting for its browser.
pub(super) struct PushedRequest {
    pub request: AuthorizationRequest,
    pub ends: Instant,
}
