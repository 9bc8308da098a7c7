//! What the environment says, checked once at start. Every fault is found and
//! named in one go, each with what to do about it; nothing else in the app
//! reads the environment.

mod checks;
mod extra_parameters;
pub mod widget;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::Targets;
use url::Url;

use crate::{
    app::{PATHS, Paths},
    oidc::protocol::ClientKey,
};

pub use self::{
    checks::{is_https_or_loopback, is_loopback},
    widget::WidgetSettings,
};

/// Everything that can be set. See `README.md` for the variables.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where browsers reach the app, without a trailing slash; its path, if
    /// any, is where the app is mounted.
    pub base_url: Url,
    /// The paths of the sign-in's own pages.
    pub paths: &'static Paths,
    /// The address to listen on, `host:port`.
    pub listen: String,
    /// The reverse proxies in front of the app, whose word counts on whom they
    /// forward requests for.
    pub trusted_proxies: Vec<IpNet>,
    /// How many requests a second for the sign-in's pages one address may make.
    pub login_rate: u64,
    /// The provider that people sign in with; `None`: the development provider.
    pub provider: Option<ProviderSettings>,
    /// How the relying party talks to a provider, whichever it is.
    pub relying_party: RelyingParty,
    /// How `/login` begins.
    pub login_page: LoginPage,
    /// The Okta Sign-In Widget, for [`LoginPage::Widget`].
    pub widget: WidgetSettings,
    /// Seals what goes through the browser. The first one writes, all of them
    /// read.
    pub secrets: Vec<Secret>,
    /// Where sign-in records are kept.
    pub session_store: SessionStore,
    /// A sign-in ends when the browser has not been seen for this long.
    pub session_idle: Duration,
    /// A sign-in ends after this long whatever happens.
    pub session_max: Duration,
    /// A sign-in ends when its ID token does, if that is sooner.
    pub session_ends_with_id_token: bool,
    /// Which log lines are written.
    pub log: Targets,
}

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

/// How `/login` begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginPage {
    /// Straight to the provider.
    Redirect,
    /// A page of this app with a button for the provider.
    Page,
    /// A page of this app with the Okta Sign-In Widget in it.
    Widget,
}

/// Where sign-in records are kept.
#[derive(Clone, Debug)]
pub enum SessionStore {
    /// In this process: gone when it ends.
    Memory,
    /// In one file, for one process.
    Embedded(PathBuf),
    /// In Redis or Valkey, for any number of processes: the address of a server,
    /// of sentinels or of a cluster. It may hold a password.
    Redis(Secret),
}

/// A text that never shows in logs or messages. Serialised as it is: only what
/// is sealed afterwards may hold one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// One or more settings that cannot be used.
#[derive(Debug)]
pub struct Faults(Vec<Fault>);

/// One setting that cannot be used: its variable and what to do.
#[derive(Debug)]
pub struct Fault {
    /// The environment variable.
    pub variable: &'static str,
    /// What is wrong and how to mend it; never holds a secret.
    pub mend: String,
}

impl Faults {
    /// The faults, in the order of the documentation.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let settings = if count == 1 { "setting" } else { "settings" };
        write!(f, "cannot start: {count} {settings} to mend")?;
        for Fault { variable, mend } in &self.0 {
            write!(f, "\n  {variable}: {mend}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Settings {
    /// Reads the environment, and in debug builds first the file `.env` in the
    /// current folder; what is set already wins over the file.
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_env() -> Result<Self, Faults> {
        if cfg!(debug_assertions)
            && let Err(error) = dotenvy::dotenv()
            && !error.not_found()
        {
            let mend = match error {
                // The line may hold a secret, so only its place would help, and
                // the parser does not tell it.
                dotenvy::Error::LineParse(..) => {
                    "a line is not of the form NAME=VALUE; values with spaces or # need quotes"
                        .to_owned()
                }
                other => other.to_string(),
            };
            return Err(Faults(vec![Fault {
                variable: ".env",
                mend,
            }]));
        }
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads the settings from anywhere; `lookup` is asked by variable name.
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        Self::with_paths(&PATHS, lookup)
    }

    /// The same with other paths than those of `app.rs`.
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn with_paths(
        paths: &'static Paths,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Faults> {
        let lookup = |name: &str| {
            lookup(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        checks::read(paths, &lookup)
    }

    /// The path below which the app is mounted: empty, or `/` and more without
    /// a trailing slash.
    pub fn base_path(&self) -> &str {
        self.base_url.path().trim_end_matches('/')
    }

    /// Whether browsers reach the app through TLS.
    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }
}

/// An absolute URL below the app's base URL.
pub fn below(base_url: &Url, path: &str) -> Url {
    let mut url = base_url.clone();
    url.set_path(&format!("{}{path}", base_url.path().trim_end_matches('/')));
    url
}
