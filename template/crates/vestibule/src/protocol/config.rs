//! How the provider knows this app, and how the app behaves as a client.

use std::{path::PathBuf, sync::Arc, time::Duration};

use url::Url;

use super::{
    ClientKey, Demand,
    tenants::{Issuers, Tenants},
};
use crate::secret::Secret;

/// Where a provider's metadata are, below its issuer (OIDC Discovery 4.1).
const WELL_KNOWN: &str = ".well-known/openid-configuration";

/// This app's registration at the provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Compared byte for byte with the provider's metadata (OIDC Discovery 4.3).
    pub issuer: String,
    /// The scheme, host and port where this app itself reaches the provider, if not those of
    /// the issuer, where browsers do.
    pub direct_url: Option<Url>,
    /// Where the provider's metadata are, if not below the issuer (OIDC Discovery 4).
    pub metadata_url: Option<Url>,
    /// The client identifier that the provider gave this app.
    pub client_id: String,
    /// How the app authenticates as this client.
    pub credential: Credential,
    /// With an issuer that stands for many tenants: whose people may sign in.
    pub tenants: Option<Tenants>,
}

impl ProviderSettings {
    /// A registration with a client secret.
    pub fn new(
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: Secret,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            direct_url: None,
            metadata_url: None,
            client_id: client_id.into(),
            credential: Credential::Secret {
                secret: client_secret,
                method: None,
            },
            tenants: None,
        }
    }

    /// Who may have issued what the app gets from the provider.
    pub(crate) fn issuers(&self) -> Issuers {
        Issuers::new(&self.issuer, self.tenants.as_ref())
    }

    /// Where the provider's metadata are read.
    pub(crate) fn metadata_location(&self) -> String {
        match &self.metadata_url {
            Some(url) => url.to_string(),
            None => format!("{}/{WELL_KNOWN}", self.issuer.trim_end_matches('/')),
        }
    }
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
    /// `private_key_jwt`: a signature instead of a shared secret.
    PrivateKey {
        /// The key; the provider knows its public half.
        key: Arc<ClientKey>,
        /// The provider's name for the key (`kid`), if it needs one.
        id: Option<String>,
        /// The audience of the signed assertions.
        audience: AssertionAudience,
    },
    /// A client secret that is a JWT, signed anew for each call: Sign in with Apple.
    SignedSecret {
        /// The key; the provider knows its public half.
        key: Arc<ClientKey>,
        /// The provider's name for the key (`kid`).
        id: String,
        /// Who signs (`iss`): at Apple, the team id.
        issuer: String,
    },
}

/// What client assertions contain as their audience (RFC 7523 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The issuer: an assertion for one provider is of no use at another.
    Issuer,
    /// The token endpoint's URL, for providers that insist on it.
    TokenEndpoint,
    /// The URL of the endpoint that is called, for providers that insist on it.
    Endpoint,
}

/// How a client secret is sent (OIDC Core 9).
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
    /// The scopes to ask for; `openid` is always among them.
    pub scopes: Vec<String>,
    /// Where the provider sends people back to (OIDC Core 3.1.2.1).
    pub login_redirect_uri: Url,
    /// Where the provider sends people after sign-out (RP-Initiated Logout 2).
    pub logout_redirect_uri: Url,
    /// How people sign out at the provider, if not as its metadata says.
    pub logout_url: Option<LogoutUrl>,
    /// How far the provider's clock may be off.
    pub clock_skew: Duration,
    /// The most time that a call to the provider may take.
    pub timeout: Duration,
    /// Certificate authorities to trust in addition to the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
    /// Whether the userinfo endpoint is called at sign-in.
    pub userinfo: Userinfo,
    /// The paths of the roles in the claims: names joined by dots, paths separated by
    /// spaces or commas.
    pub roles_claim: String,
    /// Additional parameters for every authorization request, by name; none that
    /// the protocol itself uses.
    pub extra_parameters: Vec<(String, String)>,
    /// What is demanded of every sign-in, whatever the page demands.
    pub demand: Demand,
    /// Whether authorization requests are first pushed to the provider.
    pub pushed_authorization: PushedAuthorization,
    /// The signature algorithms accepted on tokens, whatever the provider's
    /// metadata or a token says (RFC 8725 3.1).
    pub signature_algorithms: Vec<SignatureAlgorithm>,
    /// Additional audiences that tokens may name besides this client (OIDC Core
    /// 3.1.3.7-3).
    pub trusted_audiences: Vec<String>,
    /// Whether a logout token must have the type `logout+jwt`, which is only
    /// recommended (Back-Channel Logout 1.0, 2.4).
    pub strict_logout_tokens: bool,
}

/// The sign-out of a provider that does not follow RP-Initiated Logout 1.0, or whose
/// metadata does not name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutUrl {
    /// An absolute URL, or a path on the host of the authorization endpoint.
    pub location: String,
    /// The names of its parameters and what they are; `None`: those of the
    /// specification.
    pub parameters: Option<Vec<(String, LogoutParameter)>>,
}

/// What a parameter of a provider's sign-out is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutParameter {
    /// The client id.
    ClientId,
    /// Where to return to.
    RedirectUri,
    /// The ID token.
    IdToken,
    /// A random value.
    State,
    /// Always the same.
    Text(String),
}

/// When authorization requests are pushed (RFC 9126).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushedAuthorization {
    /// Where the provider offers it. If it rejects the request (a 4xx) without
    /// requiring pushed ones, the browser carries the request after all.
    Auto,
    /// Always; otherwise the sign-in fails.
    Always,
    /// Never: the browser carries every request.
    Never,
}

/// A signature algorithm (RFC 7518 3.1, RFC 8037 3.1). Only asymmetric ones are
/// here: tokens signed with the client secret (`HS…`) or not at all (`none`) are
/// never accepted.
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

/// Whether to call the userinfo endpoint (OIDC Core 5.3) at sign-in for claims that
/// are not in the ID token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Userinfo {
    /// Call it; without a usable response the ID token's claims have to do.
    Optional,
    /// Call it; without a usable response no one is signed in.
    Required,
    /// Do not call it.
    Off,
}
