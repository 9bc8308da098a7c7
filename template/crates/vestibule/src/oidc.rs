//! The relying party: everything that sign-in needs, shared by all workers. This
//! module builds it; other modules add the methods.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use tokio::task::AbortHandle;
use url::form_urlencoded;

use crate::{
    assurance::Demands,
    cookies::Cookies,
    debug_secret,
    denial::Denials,
    error::ErrorKind,
    hooks::{AnyHooks, Hooks, NoHooks},
    limit::LoginLimit,
    observed::Observed,
    pages::{Pages, PlainPages},
    paths::Paths,
    provider::Provider,
    refresh_queues::RefreshQueues,
    seal::{self, SealError},
    secret::Secret,
    session::{Registration, UserSession, UserSessions},
    settings::{NamedProvider, SessionStore, Settings, several},
    store::{self, Store, StoreError},
    transaction::Transactions,
    undeclared::Undeclared,
};

/// The app's relying party: what people sign in with. It is a handle that is cheap
/// to clone. As a handler's argument it is the one whose
/// [`middleware`](Self::middleware) wraps the app.
#[derive(Clone)]
pub struct Oidc(Arc<Parts>);

struct Parts {
    settings: Settings,
    providers: Vec<Arc<Provider>>,
    sessions: UserSessions,
    hooks: Arc<dyn AnyHooks>,
    pages: Box<dyn Pages>,
    demands: Demands,
    denials: Denials,
    transactions: Transactions,
    cookies: Cookies,
    #[cfg(feature = "actix-session")]
    app_sessions: crate::app_session::AppSessions,
    refresh_queues: RefreshQueues,
    login_limit: LoginLimit,
    notice_limit: LoginLimit,
    /// According to the last check.
    is_store_down: AtomicBool,
    /// The same for what the app itself needs.
    is_app_down: AtomicBool,
    jobs: Mutex<Vec<AbortHandle>>,
    undeclared: Undeclared,
    observed: Observed,
}

/// Builds an [`Oidc`].
pub struct Builder {
    settings: Settings,
    hooks: Arc<dyn AnyHooks>,
    pages: Box<dyn Pages>,
    store: Option<Arc<dyn Store>>,
    undeclared: Undeclared,
}

impl Builder {
    /// The app's own code in the sign-in.
    #[must_use]
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        Self {
            hooks: Arc::new(hooks),
            ..self
        }
    }

    /// How the sign-in's own pages and errors look.
    #[must_use]
    pub fn pages(self, pages: impl Pages) -> Self {
        Self {
            pages: Box::new(pages),
            ..self
        }
    }

    /// Where user sessions are kept, instead of the store in the settings.
    #[must_use]
    pub fn store(self, store: Arc<dyn Store>) -> Self {
        Self {
            store: Some(store),
            ..self
        }
    }

    /// What becomes of the answers of routes that are neither declared public nor
    /// guarded. They are sent, unless you say otherwise here.
    ///
    /// ```
    /// # fn build(builder: vestibule::Builder) -> vestibule::Builder {
    /// builder.undeclared_routes(vestibule::Undeclared::Refuse)
    /// # }
    /// ```
    #[must_use]
    pub fn undeclared_routes(self, undeclared: Undeclared) -> Self {
        Self { undeclared, ..self }
    }

    /// Builds the relying party, opens the store, and starts to look for the
    /// provider. The provider may be down: it is found once it is up.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub async fn build(self) -> Result<Oidc, BuildError> {
        let Self {
            mut settings,
            hooks,
            pages,
            store,
            undeclared,
        } = self;
        let named = named_providers(&settings)?;
        if let Some(path) = settings.paths.malformed() {
            return Err(BuildError(format!(
                "the path «{path}» in Paths must start with a slash."
            )));
        }
        settings.warn_of_likely_mistakes();
        for provider in &named {
            let callback = callback_path(&settings, provider);
            let redirect_uri = &provider.relying_party.login_redirect_uri;
            settings.warn_of_another_callback(&callback, redirect_uri);
        }
        let (store, is_of_settings) = match store {
            Some(store) => (store, false),
            None => {
                settings.warn_of_unencrypted_store();
                let opened = store::open(&settings.session_store).await;
                let opened =
                    opened.map_err(|error| BuildError(format!("SESSION_STORE: {error}")))?;
                (opened, true)
            }
        };
        if settings.secrets.is_empty() {
            let kept_in = match &settings.session_store {
                SessionStore::Embedded(path) if is_of_settings => Some(path.as_path()),
                _ => None,
            };
            settings.secrets = vec![made_up_secret(kept_in)?];
        }
        let unusable = |_| BuildError("SESSION_SECRET cannot be used".to_owned());
        let cookies = Cookies::new(&settings.base_url);
        let providers = named.into_iter().map(|provider| {
            let provider = build_provider(provider, Arc::clone(&hooks))?;
            Ok(Arc::new(provider))
        });
        let providers: Vec<Arc<Provider>> = providers.collect::<Result<_, BuildError>>()?;
        let registrations = providers.iter().map(|it| Registration::at(it)).collect();
        let (idle, max) = (settings.session_idle, settings.session_max);
        let oidc = Oidc(Arc::new(Parts {
            #[cfg(feature = "actix-session")]
            app_sessions: crate::app_session::AppSessions::new(
                Arc::clone(&store),
                cookies.clone(),
                &settings.secrets,
                idle,
                max,
            )
            .map_err(unusable)?,
            demands: Demands::new(&settings.secrets).map_err(unusable)?,
            denials: Denials::new(&settings.secrets).map_err(unusable)?,
            transactions: Transactions::new(&settings.secrets, cookies.clone())
                .map_err(unusable)?,
            sessions: UserSessions::new(store, registrations, &settings.secrets, idle, max)
                .map_err(unusable)?,
            login_limit: LoginLimit::new(settings.login_rate),
            notice_limit: LoginLimit::new(settings.login_rate),
            providers,
            refresh_queues: RefreshQueues::default(),
            is_store_down: AtomicBool::new(false),
            is_app_down: AtomicBool::new(false),
            jobs: Mutex::default(),
            cookies,
            hooks,
            pages,
            settings,
            undeclared,
            observed: Observed::default(),
        }));
        oidc.start_jobs();
        Ok(oidc)
    }
}

/// The providers that people sign in with.
fn named_providers(settings: &Settings) -> Result<Vec<NamedProvider>, BuildError> {
    match (&settings.provider, &*settings.providers) {
        (Some(only), []) => Ok(vec![NamedProvider::only(settings, only.clone())]),
        (None, []) => Err(BuildError(
            "OIDC_ISSUER is missing. Set it, or call vestibule_dev::start(settings) in debug builds."
                .to_owned(),
        )),
        (Some(_), [..]) => Err(BuildError(
            "the settings have `provider` as well as `providers`. Add the one to the others with \
             add_provider."
                .to_owned(),
        )),
        (None, several) => match several::clashes(several).into_iter().next() {
            None => Ok(several.to_vec()),
            Some(clash) => Err(BuildError(format!("the providers of the settings: {clash}"))),
        },
    }
}

fn build_provider(
    settings: NamedProvider,
    hooks: Arc<dyn AnyHooks>,
) -> Result<Provider, BuildError> {
    let Some(registration) = settings.registration.clone() else {
        return Err(BuildError(format!(
            "the issuer of the provider «{}» is missing. Set it, or call \
             vestibule_dev::start(settings) in debug builds.",
            settings.name
        )));
    };
    Settings::warn_of_unencrypted_provider(&registration);
    let provider = Provider::new(settings, registration, hooks);
    provider.map_err(|error| BuildError(error.to_string()))
}

/// Where a provider sends people back to, without the base URL's path.
fn callback_path(settings: &Settings, provider: &NamedProvider) -> String {
    let callback = &settings.paths.login_callback;
    match &*settings.providers {
        [] => callback.to_string(),
        _ => several::callback_of(callback, &provider.name),
    }
}

/// The secret of a debug build that was given none.
fn made_up_secret(store: Option<&Path>) -> Result<Secret, BuildError> {
    if !cfg!(debug_assertions) {
        return Err(BuildError(
            "SESSION_SECRET is missing. Make one with: openssl rand -base64 48".to_owned(),
        ));
    }
    let kept = store.map(debug_secret::kept_beside).transpose();
    let secret = match kept {
        Ok(Some(secret)) => Ok(secret),
        Ok(None) => seal::random_string().map(Secret::new),
        Err(error) => {
            tracing::warn!(%error, "the made-up SESSION_SECRET lasts as long as this process");
            seal::random_string().map(Secret::new)
        }
    };
    secret.map_err(|error| BuildError(format!("SESSION_SECRET is missing, and {error}")))
}

impl Oidc {
    /// Starts to build a relying party.
    ///
    /// ```no_run
    /// use vestibule::{Oidc, Settings};
    ///
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// let oidc = Oidc::builder(Settings::from_env()?).build().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(settings: Settings) -> Builder {
        Builder {
            settings,
            hooks: Arc::new(NoHooks),
            pages: Box::new(PlainPages),
            store: None,
            undeclared: Undeclared::default(),
        }
    }

    /// The settings it was built from.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The paths of the sign-in pages, without the base URL's path.
    pub fn paths(&self) -> &Paths {
        &self.0.settings.paths
    }

    /// The providers that people sign in with: one, or those that they choose from.
    pub fn providers(&self) -> impl ExactSizeIterator<Item = &NamedProvider> {
        self.0.providers.iter().map(|provider| provider.settings())
    }

    /// A path of this app as browsers see it: below the path of the base URL.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.0.settings.base_path())
    }

    /// The same with query parameters, in addition to any in the path.
    pub(crate) fn path_with<'a>(
        &self,
        path: &str,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> String {
        let path = self.path(path);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        match (query.as_str(), path.contains('?')) {
            ("", _) => path,
            (query, false) => format!("{path}?{query}"),
            (query, true) => format!("{path}&{query}"),
        }
    }

    /// The `assurance` parameter of `/login` for a page that demands one of these
    /// authentication contexts.
    pub(crate) fn seal_assurance(&self, acr_values: &[&str]) -> Result<String, SealError> {
        self.0.demands.seal(acr_values)
    }

    /// The parameter of `/login` for a sign-in that gets past this error.
    pub(crate) fn demand_after(
        &self,
        kind: &ErrorKind,
    ) -> Result<Option<(&'static str, String)>, SealError> {
        Ok(match kind {
            ErrorKind::NotFresh(seconds) => Some(("max_age", seconds.to_string())),
            ErrorKind::NotAssured(values) => Some(("assurance", self.seal_assurance(values)?)),
            ErrorKind::AddressTooLong(wanted_for) => self.demand_after(wanted_for)?,
            _ => None,
        })
    }

    /// Stops the background jobs and all streams, writes out what the store has
    /// buffered, and closes it. Call this once, after the server has stopped.
    ///
    /// # Errors
    /// The store could not be closed.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.0.end_jobs();
        self.end_streams();
        self.0.sessions.store().close().await
    }

    fn start_jobs(&self) {
        let watches = self.0.providers.iter().map(|provider| {
            let provider = Arc::clone(provider);
            tokio::spawn(async move { provider.watch().await }).abort_handle()
        });
        let parts = Arc::downgrade(&self.0);
        let purge = tokio::spawn(async move {
            loop {
                tokio::time::sleep(PURGE_EVERY).await;
                let Some(parts) = parts.upgrade() else { return };
                match parts.sessions.purge().await {
                    Ok(ended) => tracing::debug!(ended, "ended sessions were removed"),
                    Err(error) => tracing::warn!(%error, "ended sessions could not be removed"),
                }
            }
        });
        let mut jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.extend(watches);
        jobs.push(purge.abort_handle());
    }
}

/// How often ended sessions are removed.
const PURGE_EVERY: Duration = Duration::from_secs(60);

impl Parts {
    fn end_jobs(&self) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.drain(..).for_each(|job| job.abort());
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.end_jobs();
        self.sessions.end_streams();
    }
}

impl Oidc {
    /// All providers.
    pub(crate) fn all_providers(&self) -> &[Arc<Provider>] {
        &self.0.providers
    }

    /// The provider, where there is only one.
    pub(crate) fn only_provider(&self) -> Option<&Arc<Provider>> {
        match &*self.0.providers {
            [only] => Some(only),
            _ => None,
        }
    }

    pub(crate) fn provider_named(&self, name: &str) -> Option<&Arc<Provider>> {
        let mut providers = self.0.providers.iter();
        providers.find(|provider| provider.name() == name)
    }

    /// The provider where a session was begun.
    ///
    /// # Errors
    /// It is none of this app's, so nobody is signed in.
    pub(crate) fn provider_of(&self, session: &UserSession) -> Result<&Arc<Provider>, ErrorKind> {
        let mut providers = self.0.providers.iter();
        let found = providers.find(|provider| provider.began(session));
        found.ok_or(ErrorKind::SignedOut)
    }

    /// Where a provider sends people back to, without the base URL's path.
    pub(crate) fn callback_path(&self, provider: &Provider) -> String {
        callback_path(&self.0.settings, provider.settings())
    }

    pub(crate) fn hooks(&self) -> &Arc<dyn AnyHooks> {
        &self.0.hooks
    }

    pub(crate) fn pages(&self) -> &dyn Pages {
        &*self.0.pages
    }

    pub(crate) fn sessions(&self) -> &UserSessions {
        &self.0.sessions
    }

    pub(crate) fn demands(&self) -> &Demands {
        &self.0.demands
    }

    pub(crate) fn denials(&self) -> &Denials {
        &self.0.denials
    }

    pub(crate) fn transactions(&self) -> &Transactions {
        &self.0.transactions
    }

    pub(crate) fn cookies(&self) -> &Cookies {
        &self.0.cookies
    }

    #[cfg(feature = "actix-session")]
    pub(crate) fn app_sessions(&self) -> &crate::app_session::AppSessions {
        &self.0.app_sessions
    }

    pub(crate) fn refresh_queues(&self) -> &RefreshQueues {
        &self.0.refresh_queues
    }

    pub(crate) fn is_store_down(&self) -> &AtomicBool {
        &self.0.is_store_down
    }

    pub(crate) fn is_app_down(&self) -> &AtomicBool {
        &self.0.is_app_down
    }

    pub(crate) fn login_limit(&self) -> &LoginLimit {
        &self.0.login_limit
    }

    /// For logout tokens that are refused.
    pub(crate) fn notice_limit(&self) -> &LoginLimit {
        &self.0.notice_limit
    }

    pub(crate) fn undeclared(&self) -> Undeclared {
        self.0.undeclared
    }

    pub(crate) fn observed(&self) -> &Observed {
        &self.0.observed
    }
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc")
            .field(
                "providers",
                &self.providers().map(|it| &it.name).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

/// Why a relying party could not be built, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot start: {0}")]
pub struct BuildError(String);
