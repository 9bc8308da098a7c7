//! What the environment says, checked once at start. Every fault is found and
//! named in one go, each with what to do about it; nothing else in the library
//! reads the environment.

mod checks;
pub mod declarations;
mod environment;
mod extra_parameters;
pub mod widget;

use std::time::Duration;

use ipnet::IpNet;
use url::Url;

pub use self::{environment::Environment, widget::WidgetSettings};
pub use crate::{
    loopback::is_loopback,
    protocol::{
        AssertionAudience, ClientKey, Credential, ProviderSettings, PushedAuthorization,
        RelyingParty, SecretMethod, SignatureAlgorithm, Userinfo,
    },
    store::SessionStore,
};
use crate::{paths::Paths, secret::Secret};

/// Everything that can be set. The crate's `README.md` lists the variables.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where browsers reach the app, without a trailing slash; its path, if
    /// any, is where the app is mounted.
    pub base_url: Url,
    /// The paths of the sign-in's own pages.
    pub paths: Paths,
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
    pub login_mode: LoginMode,
    /// The Okta Sign-In Widget, for `OIDC_LOGIN_PAGE=widget`.
    pub widget: WidgetSettings,
    /// Seals what goes through the browser. The first one writes, all of them
    /// read.
    pub secrets: Vec<Secret>,
    /// Where user sessions are kept.
    pub session_store: SessionStore,
    /// A user session ends when the browser has not been seen for this long.
    pub session_idle: Duration,
    /// A user session ends after this long whatever happens.
    pub session_max: Duration,
    /// A user session ends when its ID token does, if that is sooner.
    pub session_ends_with_id_token: bool,
}

/// How `/login` begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginMode {
    /// Straight to the provider.
    Redirect,
    /// A page of this app with a button for the provider.
    Page,
    /// A page of this app with the Okta Sign-In Widget in it.
    Widget,
}

impl LoginMode {
    /// Whether the app's page has the Okta Sign-In Widget in it.
    pub(crate) fn shows_widget(self) -> bool {
        self == Self::Widget
    }
}

/// One or more settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot start: {}{}", how_many(.0), listed(.0))]
pub struct Faults(Vec<Fault>);

/// One setting that cannot be used: its variable and what to do.
#[derive(Debug)]
pub struct Fault {
    /// The environment variable.
    pub variable: String,
    /// What is wrong and what to do about it; never holds a secret.
    pub hint: String,
}

impl Faults {
    /// The faults, in the order of the documentation.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

/// The line above a list of faults.
fn how_many(faults: &[Fault]) -> String {
    match faults.len() {
        1 => "1 setting needs to be fixed".to_owned(),
        count => format!("{count} settings need to be fixed"),
    }
}

fn listed(faults: &[Fault]) -> String {
    let line = |Fault { variable, hint }: &Fault| format!("\n  {variable}: {hint}");
    faults.iter().map(line).collect()
}

impl Settings {
    /// Reads the environment, and in debug builds first the file `.env` in the
    /// current folder; what is set already wins over the file.
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_env() -> Result<Self, Faults> {
        Self::from_env_with(|_| ()).map(|(settings, ())| settings)
    }

    /// The same, and reads the app's own settings beside the library's, so that
    /// all that is wrong is named at once.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), vestibule::settings::Faults> {
    /// let (settings, database_url) = vestibule::Settings::from_env_with(|env| {
    ///     env.required("DATABASE_URL", "Set it to the address of the database.")
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_env_with<T>(
        own: impl FnOnce(&mut Environment<'_>) -> T,
    ) -> Result<(Self, T), Faults> {
        if cfg!(debug_assertions)
            && let Err(error) = dotenvy::dotenv()
            && !error.not_found()
        {
            let hint = match error {
                // The line may hold a secret, so only its place would help, and
                // the parser does not tell it.
                dotenvy::Error::LineParse(..) => {
                    "a line is not of the form NAME=VALUE; values with spaces or # need quotes"
                        .to_owned()
                }
                other => other.to_string(),
            };
            return Err(Faults(vec![Fault {
                variable: ".env".to_owned(),
                hint,
            }]));
        }
        Self::from_lookup_with(|name| std::env::var(name).ok(), own)
    }

    /// Reads the settings from anywhere; `lookup` is asked by variable name.
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        Self::from_lookup_with(lookup, |_| ()).map(|(settings, ())| settings)
    }

    /// Reads the settings and the app's own from anywhere; see
    /// [`from_env_with`](Self::from_env_with).
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_lookup_with<T>(
        lookup: impl Fn(&str) -> Option<String>,
        own: impl FnOnce(&mut Environment<'_>) -> T,
    ) -> Result<(Self, T), Faults> {
        let mut environment = Environment::new(&lookup);
        let settings = checks::read(&mut environment);
        let own = own(&mut environment);
        environment.into_faults().map(|()| (settings, own))
    }

    /// The settings of an app that gets its own from elsewhere: the provider's
    /// issuer, the client's id and secret, and where browsers reach the app. All
    /// others have their defaults and can be changed afterwards.
    ///
    /// The secret that seals what goes through the browser is made anew: several
    /// instances need one in common, in [`secrets`](Self::secrets).
    ///
    /// # Errors
    /// Names every value that is unusable, by the variable that would set it.
    pub fn new(
        issuer: &str,
        client_id: &str,
        client_secret: &str,
        base_url: &str,
    ) -> Result<Self, Faults> {
        let secret = crate::seal::random_string().unwrap_or_default();
        Self::from_lookup(|name| {
            let value = match name {
                "OIDC_ISSUER" => issuer,
                "OIDC_CLIENT_ID" => client_id,
                "OIDC_CLIENT_SECRET" => client_secret,
                "APP_BASE_URL" => base_url,
                "SESSION_SECRET" => &secret,
                _ => return None,
            };
            Some(value.to_owned())
        })
    }

    /// Other paths for the sign-in's own pages. The redirect URIs follow, unless
    /// they are set.
    #[must_use]
    pub fn with_paths(mut self, paths: Paths) -> Self {
        let party = &mut self.relying_party;
        if party.login_redirect_uri == below(&self.base_url, &self.paths.login_callback) {
            party.login_redirect_uri = below(&self.base_url, &paths.login_callback);
        }
        if party.logout_redirect_uri == below(&self.base_url, &self.paths.logged_out) {
            party.logout_redirect_uri = below(&self.base_url, &paths.logged_out);
        }
        self.paths = paths;
        self
    }

    /// The sign-in's own pages below a prefix, such as `/auth`.
    #[must_use]
    pub fn routes_under(self, prefix: &str) -> Self {
        let paths = self.paths.clone().under(prefix);
        self.with_paths(paths)
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

    /// Lets people sign in at this provider, in the place of the one that the
    /// settings name.
    pub fn set_provider(
        &mut self,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: Secret,
    ) {
        self.provider = Some(ProviderSettings {
            issuer: issuer.into(),
            client_id: client_id.into(),
            credential: Credential::Secret {
                secret: client_secret,
                method: None,
            },
        });
    }

    /// Asks for one more scope.
    pub fn add_scope(&mut self, scope: &str) {
        let scopes = &mut self.relying_party.scopes;
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }

    /// The address of a path of this app.
    pub fn url(&self, path: &str) -> Url {
        below(&self.base_url, path)
    }

    /// A proxy may rewrite paths, so that it is no fault by itself.
    pub(crate) fn warn_of_another_callback(&self) {
        let served = self.url(&self.paths.login_callback);
        let named = &self.relying_party.login_redirect_uri;
        if named.path() != served.path() {
            tracing::warn!(
                "OIDC_LOGIN_REDIRECT_URI: «{named}» has another path than {served}, where this app \
                 finishes sign-ins. Unless a proxy rewrites the one to the other, every sign-in \
                 ends in 404: leave it out, or change login_callback in Paths."
            );
        }
    }
}

/// An absolute URL below the app's base URL.
fn below(base_url: &Url, path: &str) -> Url {
    let mut url = base_url.clone();
    url.set_path(&format!("{}{path}", base_url.path().trim_end_matches('/')));
    url
}
