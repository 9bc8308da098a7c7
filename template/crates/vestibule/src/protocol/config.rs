//! How this app is known to its provider and how it behaves as a client.

use std::{path::PathBuf, sync::Arc, time::Duration};

use url::Url;

use super::ClientKey;
use crate::secret::Secret;

/// What the provider knows this app as.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Compared byte for byte with what the provider says of itself
    /// (OIDC Discovery 4.3).
    pub issuer: String,
    /// The client identifier that the provider gave this app.
    pub client_id: String,
    /// How the app proves that it is this client.
    pub credential: Credential,
}

/// How the client authenticates at the provider (OIDC Core 9).
#[derive(Clone, Debug)]
pub enum Credential {
    /// `client_secret_basic` or `client_secret_post`.
    Secret {
        /// The client secret.
        secret: Secret,
        /// `None`: basic, unless the provider offers only post.
        method: Option<SecretMethod>,
    },
    /// `private_key_jwt`: a signature in the place of a shared secret.
    PrivateKey {
        /// The key; the provider knows its public half.
        key: Arc<ClientKey>,
        /// What the provider calls the key (`kid`), if it has to be told.
        id: Option<String>,
        /// Whom the signed assertions are for.
        audience: AssertionAudience,
    },
}

/// What client assertions name as their audience (RFC 7523 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer: an assertion for one provider is of no use at another.
    Issuer,
    /// The token endpoint's URL, for providers that insist on it.
    TokenEndpoint,
    /// The URL of whichever endpoint is asked, for providers that insist on it.
    Endpoint,
}

/// Where a client secret travels (OIDC Core 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMethod {
    /// In the `Authorization` header.
    Basic,
    /// In the request's body.
    Post,
}

/// How this app behaves as a relying party.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    /// The scopes asked for; `openid` is always among them.
    pub scopes: Vec<String>,
    /// Where the provider sends people back to (OIDC Core 3.1.2.1).
    pub login_redirect_uri: Url,
    /// Where the provider sends people after sign-out (RP-Initiated Logout 2).
    pub logout_redirect_uri: Url,
    /// How far the provider's clock may be off.
    pub clock_skew: Duration,
    /// The most that any call to the provider may take.
    pub timeout: Duration,
    /// Certificate authorities to trust beside the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Whether the userinfo endpoint is asked at sign-in.
    pub userinfo: Userinfo,
    /// Where in the claims the roles are: names joined by dots.
    pub roles_claim: String,
    /// What every authorization request says besides, by name: none of it is
    /// what the protocol itself uses.
    pub extra_parameters: Vec<(String, String)>,
    /// Whether authorization requests go to the provider directly first.
    pub pushed_authorization: PushedAuthorization,
    /// The signatures accepted on what the provider issues, whatever its
    /// metadata or a token itself says (RFC 8725 3.1).
    pub signature_algorithms: Vec<SignatureAlgorithm>,
    /// Who may be named as an audience of a token beside this client (OIDC Core
    /// 3.1.3.7-3).
    pub trusted_audiences: Vec<String>,
}

/// When authorization requests are pushed (RFC 9126).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushedAuthorization {
    /// Where the provider offers it. If it refuses such a request (a 4xx) and
    /// does not insist on them, the browser carries the request after all.
    Auto,
    /// No sign-in goes another way.
    Always,
    /// The browser carries every request.
    Never,
}

/// A signature algorithm (RFC 7518 3.1, RFC 8037 3.1). Only those with a private
/// key are here: what is signed with the client secret (`HS…`) or not at all
/// (`none`) is never accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the specification")]
pub enum SignatureAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl SignatureAlgorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The name in tokens and metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Whether the userinfo endpoint (OIDC Core 5.3) is asked at sign-in, for
/// claims that the ID token does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Userinfo {
    /// It is asked; without a usable answer the ID token's claims must do.
    Optional,
    /// Without a usable answer nobody is signed in.
    Required,
    /// It is not asked.
    Off,
}
