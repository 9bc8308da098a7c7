//! Yours: the app put together. State, the order of middleware, and where
//! everything is mounted.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    web::{self, Data, ServiceConfig},
};

#[cfg(debug_assertions)]
use crate::dev::DevTools;
use crate::{
    around::around,
    edge::edge,
    oidc::{
        Oidc,
        error::{Reason, Refusal},
        guard::User,
        guarded::guarded,
        handlers::{self, see_other},
        store,
    },
    routes,
    settings::{ProviderSettings, Settings, below},
    users::Users,
};

/// The paths of the sign-in's own pages, and where it leads.
#[derive(Debug)]
pub struct Paths {
    /// Begins a sign-in.
    pub login: &'static str,
    /// Where the provider sends people back to; it has to know this address.
    pub login_callback: &'static str,
    /// Where people arrive who did not want any page in particular.
    pub after_login: &'static str,
    /// A page of yours for sign-ins that fail; `None`: an error page. It finds
    /// `error`, a code of `oidc/error.rs`, in its query, `return_to` and
    /// `request_id`.
    pub failure: Option<&'static str>,
    /// Signs out; takes POST only.
    pub logout: &'static str,
    /// Where the provider's sign-out returns to; it has to know this address.
    pub logged_out: &'static str,
    /// Where the provider announces sign-outs that happened elsewhere.
    pub backchannel_logout: &'static str,
    /// The files of the Okta Sign-In Widget, if the app serves them itself.
    pub widget_files: &'static str,
}

/// Change a path here and it changes everywhere.
pub const PATHS: Paths = Paths {
    login: "/login",
    login_callback: "/authorization-code/callback",
    after_login: "/",
    failure: None,
    logout: "/logout",
    logged_out: "/logged-out",
    backchannel_logout: "/backchannel-logout",
    widget_files: "/static/okta-signin-widget",
};

// A path without its slash is found when the app is compiled.
const _: () = PATHS.check();

impl Paths {
    const fn check(&self) {
        let failure = match self.failure {
            Some(path) => path,
            None => "/",
        };
        let paths = [
            self.login,
            self.login_callback,
            self.after_login,
            failure,
            self.logout,
            self.logged_out,
            self.backchannel_logout,
            self.widget_files,
        ];
        let mut rest = paths.as_slice();
        while let [path, others @ ..] = rest {
            assert!(
                matches!(path.as_bytes(), [b'/', ..]),
                "a path begins with /"
            );
            rest = others;
        }
    }
}

/// Release builds have none.
#[cfg(not(debug_assertions))]
struct DevTools;

/// The running app.
pub struct Application {
    /// What is shared by all workers.
    pub oidc: Data<Oidc>,
    server: Server,
    #[cfg_attr(not(debug_assertions), expect(dead_code, reason = "holds nothing"))]
    dev_tools: Data<DevTools>,
}

impl Application {
    /// Puts the app together and starts to listen. The provider need not be
    /// there: the app finds it when it comes.
    ///
    /// # Errors
    /// What cannot be used, and what to do about it.
    pub async fn build(
        settings: Settings,
        listeners: Vec<TcpListener>,
    ) -> Result<Self, StartError> {
        Self::with_pages(settings, listeners, pages).await
    }

    /// The same with other pages than those of `routes/` beside the sign-in's
    /// own: for tests of guards.
    ///
    /// # Errors
    /// See [`build`](Self::build).
    pub async fn with_pages(
        settings: Settings,
        listeners: Vec<TcpListener>,
        pages: Pages,
    ) -> Result<Self, StartError> {
        match settings.provider.clone() {
            Some(provider) => {
                #[cfg(debug_assertions)]
                let tools = DevTools { provider: None };
                #[cfg(not(debug_assertions))]
                let tools = DevTools;
                Self::with_provider(settings, provider, listeners, pages, tools).await
            }
            None => Self::with_dev_provider(settings, listeners, pages).await,
        }
    }

    /// A debug build brings its own provider, one port above the app's.
    #[cfg(debug_assertions)]
    async fn with_dev_provider(
        mut settings: Settings,
        listeners: Vec<TcpListener>,
        pages: Pages,
    ) -> Result<Self, StartError> {
        let port = settings
            .base_url
            .port()
            .map_or(0, |port| port.saturating_add(1));
        let (dev_provider, provider) = crate::dev::start(&mut settings, port)
            .await
            .map_err(StartError)?;
        let tools = DevTools {
            provider: Some(dev_provider),
        };
        Self::with_provider(settings, provider, listeners, pages, tools).await
    }

    #[cfg(not(debug_assertions))]
    async fn with_dev_provider(
        _: Settings,
        _: Vec<TcpListener>,
        _: Pages,
    ) -> Result<Self, StartError> {
        Err(StartError("OIDC_ISSUER is missing".to_owned()))
    }

    async fn with_provider(
        settings: Settings,
        provider: ProviderSettings,
        listeners: Vec<TcpListener>,
        pages: Pages,
        dev_tools: DevTools,
    ) -> Result<Self, StartError> {
        warn_of_another_callback(&settings);
        let dev_tools = Data::new(dev_tools);
        let store = store::open(&settings.session_store)
            .await
            .map_err(|error| StartError(format!("SESSION_STORE: {error}")))?;
        let oidc = Data::new(Oidc::new(settings, provider, store).map_err(StartError)?);
        let users = Data::new(Users::default());

        let state = oidc.clone();
        let tools = dev_tools.clone();
        let mut server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(users.clone())
                .wrap(around(edge))
                .configure(|config| mount(config, &state.settings, pages, &tools))
        })
        .shutdown_timeout(10);
        for listener in listeners {
            server = server
                .listen(listener)
                .map_err(|error| StartError(error.to_string()))?;
        }
        Ok(Self {
            oidc,
            server: server.run(),
            dev_tools,
        })
    }

    /// Serves until the process is told to stop; requests under way are
    /// finished and the store is closed before this returns.
    ///
    /// # Errors
    /// The server failed.
    pub async fn run(self) -> io::Result<()> {
        let watch = {
            let oidc = self.oidc.clone();
            tokio::spawn(async move { oidc.provider.watch().await })
        };
        let purge = {
            let oidc = self.oidc.clone();
            tokio::spawn(async move { purge_now_and_then(&oidc).await })
        };
        let served = self.server.await;
        watch.abort();
        purge.abort();
        if let Err(error) = self.oidc.sign_ins.store().close().await {
            tracing::error!(%error, "the sign-in store could not be closed");
        }
        served
    }

    /// The development provider, if people sign in with it.
    #[cfg(debug_assertions)]
    pub fn dev_provider(&self) -> Option<&crate::dev::provider::DevProvider> {
        self.dev_tools.provider.as_ref()
    }

    /// Stops [`run`](Self::run) when awaited.
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }
}

/// A proxy may rewrite paths, so that it is no fault by itself.
fn warn_of_another_callback(settings: &Settings) {
    let served = below(&settings.base_url, settings.paths.login_callback);
    let named = &settings.relying_party.login_redirect_uri;
    if named.path() != served.path() {
        tracing::warn!(
            "OIDC_LOGIN_REDIRECT_URI: «{named}» has another path than {served}, where this app \
             finishes sign-ins. Unless a proxy rewrites the one to the other, every sign-in ends \
             in 404: leave it out, or change login_callback in PATHS."
        );
    }
}

/// Everything below the path that the app's base URL has.
fn mount(config: &mut ServiceConfig, settings: &Settings, pages: Pages, tools: &Data<DevTools>) {
    let (base_path, paths) = (settings.base_path(), settings.paths);
    let everything = |config: &mut ServiceConfig| {
        config.default_service(web::to(unknown));
        mount_dev_pages(config, tools);
        config.configure(handlers::routes(paths));
        config.configure(pages);
    };
    if base_path.is_empty() {
        everything(config);
    } else {
        config.service(web::scope(base_path).configure(everything));
    }
}

/// For paths that have no page: finds out who asks, as every page says who is
/// signed in. Below a path, the front page's without its slash is one of them.
async fn unknown(
    request: HttpRequest,
    oidc: Data<Oidc>,
    _: Option<User>,
) -> Result<HttpResponse, Refusal> {
    if request.path() == oidc.settings.base_path() {
        let query = request.query_string();
        let mark = if query.is_empty() { "" } else { "?" };
        return Ok(see_other(&format!("{}{mark}{query}", oidc.path("/"))));
    }
    Err(Reason::NotFound.into())
}

#[cfg(debug_assertions)]
fn mount_dev_pages(config: &mut ServiceConfig, tools: &Data<DevTools>) {
    crate::dev::mount(config, tools);
}

#[cfg(not(debug_assertions))]
fn mount_dev_pages(_: &mut ServiceConfig, _: &Data<DevTools>) {}

/// What mounts the pages beside the sign-in's own.
pub type Pages = fn(&mut ServiceConfig);

/// Those of `routes/`.
pub fn pages(config: &mut ServiceConfig) {
    // A second line of defence: should a handler's own guard be forgotten,
    // this one still refuses.
    config.configure(guarded(routes::protected));
    config.configure(routes::public);
}

async fn purge_now_and_then(oidc: &Oidc) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        match oidc.sign_ins.purge().await {
            Ok(ended) => tracing::debug!(ended, "sign-ins that had ended were removed"),
            Err(error) => tracing::warn!(%error, "ended sign-ins could not be removed"),
        }
    }
}

/// Listens on the address that the settings name.
///
/// # Errors
/// The address cannot be used.
pub fn listen(settings: &Settings) -> Result<Vec<TcpListener>, StartError> {
    let unusable = |error: io::Error| {
        let address = &settings.listen;
        StartError(match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "APP_LISTEN: {address} is in use. Stop the other program, or set APP_LISTEN and \
                 APP_BASE_URL to another port."
            ),
            _ => format!("APP_LISTEN: cannot listen on {address}: {error}"),
        })
    };
    let addresses: Vec<SocketAddr> = settings
        .listen
        .to_socket_addrs()
        .map_err(unusable)?
        .collect();
    let mut listeners = Vec::new();
    let mut failure = None;
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => listeners.push(listener),
            // `localhost` may have an address family that this machine lacks.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => failure = Some(error),
            Err(error) => return Err(unusable(error)),
        }
    }
    match failure {
        Some(error) if listeners.is_empty() => Err(unusable(error)),
        _ => Ok(listeners),
    }
}

/// Why the app cannot start, and what to do about it.
#[derive(Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start: {}", self.0)
    }
}

impl std::error::Error for StartError {}
