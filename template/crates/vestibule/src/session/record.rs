//! The record of a user session: what is known about one signed-in browser.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    claims::Claims,
    protocol::Issuers,
    provider::Provider,
    seal::{self, Key},
    token::Tokens,
};

/// What is known about one signed-in browser. Times are Unix seconds.
///
/// Its tokens never leave the server: use
/// [`Oidc::access_token`](crate::Oidc::access_token) to call other services.
#[derive(Clone, Serialize, Deserialize)]
pub struct UserSession {
    /// Which of the app's providers vouches for the person.
    pub(crate) provider: String,
    /// The provider's issuer: together with `subject`, the only key for a person
    /// (OIDC Core 5.7).
    pub(crate) issuer: String,
    /// The app's client id there.
    pub(crate) client_id: String,
    /// The person's identifier at the issuer (OIDC Core 2, `sub`).
    pub(crate) subject: String,
    /// The provider's name for its own session (Back-Channel Logout 1.0, `sid`).
    pub(crate) provider_session: Option<String>,
    /// What the provider says about the person: the claims of the ID token and of
    /// the userinfo endpoint.
    pub(crate) claims: Claims,
    /// The roles found in the claims at `OIDC_ROLES_CLAIM`.
    pub(crate) roles: Vec<String>,
    /// The tokens; they never leave the server.
    pub(crate) tokens: Tokens,
    /// What forms must send back to prove that they come from this app.
    pub(crate) csrf_token: String,
    /// When the person last authenticated at the provider (OIDC Core 2,
    /// `auth_time`), if it says so.
    pub(crate) authenticated_at: Option<u64>,
    /// The authentication context (OIDC Core 2, `acr`), if the provider says so.
    pub(crate) acr: Option<String>,
    /// The browser, roughly, such as "Firefox on Linux".
    pub(crate) device: String,
    /// When the person signed in here.
    pub(crate) created_at: u64,
    /// When the session ends, however active the person is.
    pub(crate) expires_at: u64,
}

impl fmt::Debug for UserSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSession")
            .field("issuer", &self.issuer)
            .field("person", &self.person_tag())
            .field("tokens", &self.tokens)
            .field("device", &self.device)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl UserSession {
    /// The name of the provider that vouches for the person.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The provider's issuer: together with [`subject`](Self::subject), the only
    /// key for a person (OIDC Core 5.7).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The person's identifier at the issuer (OIDC Core 2, `sub`).
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The provider's name for its own session (Back-Channel Logout 1.0, `sid`).
    pub fn provider_session_id(&self) -> Option<&str> {
        self.provider_session.as_deref()
    }

    /// What the provider says about the person: the claims of the ID token and of
    /// the userinfo endpoint.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The roles found in the claims at `OIDC_ROLES_CLAIM`.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// The name to show for the person; see [`Claims::display_name`].
    pub fn name(&self) -> &str {
        self.claims.display_name()
    }

    /// The e-mail address that the provider reports, verified or not.
    pub fn email(&self) -> Option<&str> {
        self.claims.string("email")
    }

    /// The e-mail address, if the provider says that it verified it; see
    /// [`Claims::verified_email`].
    pub fn verified_email(&self) -> Option<&str> {
        self.claims.verified_email()
    }

    /// What forms must send back, in the field `csrf_token`, to prove that they
    /// come from a page of this app.
    pub fn csrf_token(&self) -> &str {
        &self.csrf_token
    }

    /// When the person last authenticated at the provider (OIDC Core 2,
    /// `auth_time`), if it says so.
    pub fn authenticated_at(&self) -> Option<u64> {
        self.authenticated_at
    }

    /// The authentication context (OIDC Core 2, `acr`), if the provider says so.
    pub fn acr(&self) -> Option<&str> {
        self.acr.as_deref()
    }

    /// The browser, roughly, such as "Firefox on Linux".
    pub fn device(&self) -> &str {
        &self.device
    }

    /// When the person signed in here.
    pub fn created_at(&self) -> u64 {
        self.created_at
    }

    /// When the session ends, however active the person is.
    pub fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// The scopes granted, which may be fewer than asked for (RFC 6749 3.3).
    pub fn scopes(&self) -> &[String] {
        &self.tokens.scopes
    }

    /// Identifies the person in logs: always the same for one person, but without
    /// revealing who it is.
    pub fn person_tag(&self) -> String {
        person_tag(&self.issuer, &self.subject)
    }

    /// See [`subject_key`].
    pub(super) fn subject_key(&self) -> Key {
        subject_key(&self.issuer, &self.client_id, &self.subject)
    }
}

/// See [`UserSession::person_tag`].
pub(crate) fn person_tag(issuer: &str, subject: &str) -> String {
    let parts = [issuer.as_bytes(), subject.as_bytes()];
    seal::short(&seal::hash("person", &parts))
}

/// The key under which a store finds all sessions of a person at one client: apps
/// that share a store do not list or end each other's.
pub(crate) fn subject_key(issuer: &str, client_id: &str, subject: &str) -> Key {
    key("subject", [issuer, client_id, subject])
}

/// The key under which a store finds all sessions that belong to one session at the
/// provider.
pub(crate) fn provider_session_key(issuer: &str, client_id: &str, provider_session: &str) -> Key {
    key("provider session", [issuer, client_id, provider_session])
}

fn key(purpose: &str, parts: [&str; 3]) -> Key {
    seal::hash(purpose, &parts.map(str::as_bytes))
}

/// What user sessions belong to: a client at a provider. The issuer and the client
/// id are what the tokens were issued by and for (OIDC Core 3.1.3.7); with another
/// of either, a record says nothing about who is signed in, and its tokens must not
/// be sent to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The app's name for the provider, which may change.
    pub provider: String,
    /// The provider's issuer, or those of its tenants.
    pub issuers: Issuers,
    /// The app's client id there.
    pub client_id: String,
}

impl Registration {
    /// A client at one issuer.
    pub fn new(provider: &str, issuer: &str, client_id: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            issuers: Issuers::new(issuer, None),
            client_id: client_id.to_owned(),
        }
    }

    /// The app's registration at a provider.
    pub(crate) fn at(provider: &Provider) -> Self {
        Self {
            provider: provider.name().to_owned(),
            issuers: provider.issuers().clone(),
            client_id: provider.client_id().to_owned(),
        }
    }

    /// Whether a record belongs to this registration.
    pub(super) fn owns(&self, session: &UserSession) -> bool {
        self.issuers.include(&session.issuer) && session.client_id == self.client_id
    }
}
