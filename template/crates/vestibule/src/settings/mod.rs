//! The settings from the environment, checked once at startup. All faults are
//! reported together, each with what to do about it. Nothing else in the library
//! reads the environment.

mod checks;
pub mod declarations;
mod dotenv;
mod environment;
pub(crate) mod extra_parameters;
mod logout_url;
mod misspelt;
pub(crate) mod several;
mod strength;
pub mod widget;

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use ipnet::IpNet;
use url::Url;

pub(crate) use self::environment::words;
pub use self::{environment::Environment, several::NamedProvider, widget::WidgetSettings};
pub use crate::{
    joining::Joining,
    loopback::is_loopback,
    protocol::{
        AssertionAudience, ClientKey, Credential, Demand, LogoutParameter, LogoutUrl,
        ProviderSettings, PushedAuthorization, RelyingParty, SecretMethod, SignatureAlgorithm,
        Tenants, Userinfo,
    },
    store::SessionStore,
};
use crate::{loopback::is_https_or_loopback, paths::Paths, secret::Secret};

/// All settings. The crate's `README.md` lists the variables.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where browsers reach the app, without a trailing slash. The app is mounted
    /// at its path, if it has one.
    pub base_url: Url,
    /// The paths of the sign-in pages.
    pub paths: Paths,
    /// The address to listen on, `host:port`.
    pub listen: String,
    /// The reverse proxies in front of the app, whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// How many requests per second one address may make to the sign-in pages.
    pub login_rate: u64,
    /// The provider that people sign in with; `None`: the development provider, or one of
    /// several.
    pub provider: Option<ProviderSettings>,
    /// Several providers to choose from, in the order in which people see them. Each goes by
    /// its own settings: `relying_party`, `joining`, `login_mode` and `widget` are for one
    /// provider alone.
    pub providers: Vec<NamedProvider>,
    /// How the app behaves as a relying party, whichever the provider.
    pub relying_party: RelyingParty,
    /// Who may join, and with which roles.
    pub joining: Joining,
    /// What `/login` does first.
    pub login_mode: LoginMode,
    /// The Okta Sign-In Widget, for `OIDC_LOGIN_PAGE=widget`.
    pub widget: WidgetSettings,
    /// Seal what goes through the browser, and what is stored. The first one seals,
    /// all of them open. Without any, debug builds make one up and keep it beside
    /// the embedded store; release builds do not start.
    pub secrets: Vec<Secret>,
    /// Where user sessions are kept.
    pub session_store: SessionStore,
    /// A user session ends when the browser has not been seen for this long.
    pub session_idle: Duration,
    /// A user session ends after this long whatever happens.
    pub session_max: Duration,
    /// How many user sessions one person may have: the oldest one ends.
    pub sessions_per_person: u64,
    /// Whether a user session also ends when its ID token does.
    pub session_ends_with_id_token: bool,
    /// What is likely to be a mistake; logged when the relying party is built.
    pub(crate) warnings: Vec<Fault>,
}

/// What `/login` does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginMode {
    /// Goes straight to the provider.
    Redirect,
    /// Shows a page of this app with a button that leads to the provider.
    Page,
    /// Shows a page of this app with the Okta Sign-In Widget in it.
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

/// A setting that cannot be used: its variable, and what to do.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The environment variable.
    pub variable: String,
    /// What is wrong and what to do about it; never contains a secret.
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
    /// Reads the environment. Debug builds first read the file `.env` in the
    /// current folder, which never overrides what is already set.
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_env() -> Result<Self, Faults> {
        Self::from_env_with(|_| ()).map(|(settings, ())| settings)
    }

    /// The same, and also reads the app's own settings, so that everything that is
    /// wrong is reported at once.
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
        let mut warnings = if cfg!(debug_assertions) {
            dotenv::load()?
        } else {
            Vec::new()
        };
        let read = RefCell::new(BTreeSet::new());
        let lookup = |name: &str| {
            read.borrow_mut().insert(name.to_owned());
            std::env::var(name).ok()
        };
        let result = Self::from_lookup_with(lookup, own);
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        warnings.extend(misspelt::warnings(&read.borrow(), names));
        match result {
            Ok((settings, own)) => Ok((
                Self {
                    warnings,
                    ..settings
                },
                own,
            )),
            // They may be why something cannot be used.
            Err(Faults(faults)) => Err(Faults(faults.into_iter().chain(warnings).collect())),
        }
    }

    /// Reads the settings from anywhere; `lookup` is called with variable names.
    ///
    /// # Errors
    /// Names every setting that is missing or unusable.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        Self::from_lookup_with(lookup, |_| ()).map(|(settings, ())| settings)
    }

    /// Reads the library's and the app's settings from anywhere; see
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

    /// The settings for an app that is configured in some other way: from the
    /// provider's issuer, the client id and secret, and where browsers reach the
    /// app. Everything else has its default and can be changed afterwards.
    ///
    /// The secret that seals what goes through the browser and what is stored is
    /// generated: if the app runs in several instances, or people are to stay signed
    /// in when it starts again, give it one of your own through
    /// [`secrets`](Self::secrets).
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

    /// Changes the paths of the sign-in pages. The redirect URIs follow, unless
    /// they are set.
    #[must_use]
    pub fn with_paths(mut self, paths: Paths) -> Self {
        let (base_url, before) = (&self.base_url, &self.paths);
        let parties = self.providers.iter_mut().map(|one| {
            let callback = |paths: &Paths| several::callback_of(&paths.login_callback, &one.name);
            (callback(before), callback(&paths), &mut one.relying_party)
        });
        let only = (
            before.login_callback.to_string(),
            paths.login_callback.to_string(),
            &mut self.relying_party,
        );
        for (callback_before, callback, party) in parties.chain([only]) {
            if party.login_redirect_uri == below(base_url, &callback_before) {
                party.login_redirect_uri = below(base_url, &callback);
            }
            if party.logout_redirect_uri == below(base_url, &before.logged_out) {
                party.logout_redirect_uri = below(base_url, &paths.logged_out);
            }
        }
        self.paths = paths;
        self
    }

    /// Moves the sign-in pages below a prefix, such as `/auth`.
    #[must_use]
    pub fn routes_under(self, prefix: &str) -> Self {
        let paths = self.paths.clone().under(prefix);
        self.with_paths(paths)
    }

    /// The path below which the app is mounted: empty, or starting with `/` and
    /// without a trailing slash.
    pub fn base_path(&self) -> &str {
        self.base_url.path().trim_end_matches('/')
    }

    /// Whether browsers reach the app over TLS.
    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }

    /// Sets the provider that people sign in with, instead of the one in the
    /// settings.
    pub fn set_provider(
        &mut self,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: Secret,
    ) {
        let registration = ProviderSettings::new(issuer, client_id, client_secret);
        self.provider = Some(registration);
    }

    /// Adds a scope to ask for.
    pub fn add_scope(&mut self, scope: &str) {
        let several = self.providers.iter_mut().map(|one| &mut one.relying_party);
        for party in several.chain([&mut self.relying_party]) {
            if !party.scopes.iter().any(|known| known == scope) {
                party.scopes.push(scope.to_owned());
            }
        }
    }

    /// The URL of a path of this app.
    pub fn url(&self, path: &str) -> Url {
        below(&self.base_url, path)
    }

    /// Not a fault in itself, as the network may be encrypted or private.
    pub(crate) fn warn_of_unencrypted_provider(registration: &ProviderSettings) {
        if let Some(url) = &registration.direct_url
            && !is_https_or_loopback(url)
        {
            tracing::warn!(
                issuer = registration.issuer,
                "OIDC_DIRECT_URL: the connection to {} is not encrypted, so whoever is on the way can \
                 read the client secret and tokens, and sign in as anybody by giving keys of their \
                 own. Use https, with OIDC_CA_FILE if its certificate is by an authority of your own.",
                url.host_str().unwrap_or_default()
            );
        }
    }

    /// Not a fault in itself, as the network may be encrypted or private.
    pub(crate) fn warn_of_unencrypted_store(&self) {
        match &self.session_store {
            #[cfg(feature = "redis")]
            SessionStore::Redis(address) => {
                let address = crate::store::RedisAddress::parse(address.expose());
                if let Ok(address) = address
                    && let hosts = address.unencrypted_hosts()
                    && !hosts.is_empty()
                {
                    tracing::warn!(
                        "SESSION_STORE: the connection to {} is not encrypted, so whoever is on \
                         the way can read its password and end or delay user sessions. Use rediss \
                         for TLS.",
                        hosts.join(", ")
                    );
                }
            }
            #[cfg(feature = "postgres")]
            SessionStore::Postgres(address) => {
                let address = crate::store::PostgresAddress::parse(address.expose());
                if let Ok(address) = address
                    && let Some(host) = address.unprotected_host()
                {
                    tracing::warn!(
                        "SESSION_STORE: the connection to {host} need not be encrypted, or not by \
                         {host} itself, so whoever is on the way can read its password and end or \
                         delay user sessions. Use sslmode=verify-full, with sslrootcert if its \
                         certificate is by an authority of your own."
                    );
                }
            }
            SessionStore::Memory | SessionStore::Embedded(_) => {}
        }
    }

    pub(crate) fn warn_of_likely_mistakes(&self) {
        for Fault { variable, hint } in &self.warnings {
            tracing::warn!("{variable}: {hint}");
        }
    }

    /// Not a fault in itself, as a proxy may rewrite paths.
    pub(crate) fn warn_of_another_callback(&self, callback: &str, named: &Url) {
        let served = self.url(callback);
        if named.path() != served.path() {
            tracing::warn!(
                "OIDC_LOGIN_REDIRECT_URI: «{named}» has a different path from {served}, where this \
                 app completes sign-ins. Unless a proxy rewrites one to the other, every sign-in \
                 ends in a 404: leave it out, or change login_callback in Paths."
            );
        }
    }
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// An absolute URL below the app's base URL.
fn below(base_url: &Url, path: &str) -> Url {
    let mut url = base_url.clone();
    url.set_path(&format!("{}{path}", base_url.path().trim_end_matches('/')));
    url
}
