//! The app put together: settings, state, background jobs, middleware, routes.

use std::{error::Error, io, net::TcpListener, path::PathBuf};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    web::Data,
};
use tokio::task::JoinSet;
use tracing_subscriber::filter::Targets;
use vestibule::{Oidc, Paths, Settings, Undeclared, settings::Environment};

#[cfg(debug_assertions)]
use crate::samples;
use crate::{hooks::AppHooks, pages::AppPages, routes, telemetry, users::Users};

/// The app's own settings, beside those of the sign-in. Handlers find them as
/// `Data<AppSettings>`.
pub struct AppSettings {
    /// Which log lines are written: `RUST_LOG`.
    pub log: Targets,
    /// Where the records of people are: `ACCOUNTS_FILE`. `None` if they last as long
    /// as the app, for `memory:`.
    pub accounts_file: Option<PathBuf>,
}

impl AppSettings {
    /// Reads yours too, such as
    /// `env.required("SMTP_HOST", "Set it to the server that sends your mail.")`.
    /// Whatever is wrong is reported together with the faults in all others.
    pub fn read(env: &mut Environment) -> Self {
        let accounts = env.string("ACCOUNTS_FILE");
        let accounts = accounts.unwrap_or_else(|| "data/accounts.redb".to_owned());
        Self {
            log: telemetry::filter(env),
            accounts_file: (accounts != "memory:").then(|| accounts.into()),
        }
    }
}

/// Where the sign-in's own pages are, and where it leads. Links, forms and
/// redirect URIs follow.
fn paths() -> Paths {
    Paths {
        // Where people arrive who wanted no page in particular.
        after_login: "/".into(),
        ..Paths::default()
    }
}

/// The running app.
pub struct Application {
    oidc: Oidc,
    server: Server,
    jobs: JoinSet<()>,
    #[cfg(debug_assertions)]
    dev: vestibule_dev::Dev,
}

impl Application {
    /// Puts the app together and starts to listen. The provider need not be
    /// reachable yet: the app finds it when it is.
    ///
    /// # Errors
    /// What cannot be used, and what to do about it.
    pub async fn build(
        settings: Settings,
        own: AppSettings,
        listeners: Vec<TcpListener>,
    ) -> Result<Self, Box<dyn Error>> {
        let settings = settings.with_paths(paths());
        // Where no provider is set, a debug build starts one of its own.
        #[cfg(debug_assertions)]
        let (settings, dev) = vestibule_dev::start(settings).await?;

        // State: a handler asks for it as an argument, `users: Data<Users>`.
        let users = Users::open(own.accounts_file.as_deref()).await?;

        let oidc = Oidc::builder(settings)
            .hooks(AppHooks {
                users: users.clone(),
            })
            .pages(AppPages)
            // A route that has no guard and is in no public table is not answered.
            .undeclared_routes(Undeclared::Refuse)
            .build()
            .await?;

        // Background jobs: `jobs.spawn(async move { … })`. They end with the app.
        let jobs = JoinSet::new();

        let users = Data::new(users);
        let own = Data::new(own);
        let mut server = HttpServer::new({
            let oidc = oidc.clone();
            #[cfg(debug_assertions)]
            let dev = dev.clone();
            move || {
                App::new()
                    .app_data(users.clone())
                    .app_data(own.clone())
                    // A request meets the last of these first.
                    //
                    // Every error, Actix's own too, as this app shows errors. Bodies of
                    // requests have to arrive in time.
                    .wrap(oidc.error_pages())
                    // `actix_session::Session`, for data of yours.
                    .wrap(oidc.app_session())
                    // Who is this?
                    .wrap(oidc.middleware())
                    // A log line for each answer.
                    .wrap_fn(telemetry::log_request)
                    // What browsers may do with the pages.
                    .wrap(oidc.security_headers())
                    .configure(oidc.at_base_path(|cfg| {
                        #[cfg(debug_assertions)]
                        cfg.configure(dev.routes(samples::gallery()));
                        // Should a handler forget its guard, this one still refuses. First,
                        // as most requests are for these.
                        cfg.configure(oidc.protected(routes::protected));
                        cfg.configure(oidc.routes());
                        cfg.configure(oidc.public(routes::public));
                    }))
            }
        })
        .shutdown_timeout(10);
        for listener in listeners {
            server = server.listen(listener)?;
        }
        Ok(Self {
            oidc,
            server: server.run(),
            jobs,
            #[cfg(debug_assertions)]
            dev,
        })
    }

    /// Serves until the process is told to stop. Requests under way are finished,
    /// streams are ended, and the session store is closed before this returns.
    ///
    /// # Errors
    /// The server failed.
    pub async fn run(mut self) -> io::Result<()> {
        let served = self.oidc.serve(self.server).await;
        self.jobs.shutdown().await;
        if let Err(error) = self.oidc.close().await {
            tracing::error!(%error, "the session store could not be closed");
        }
        served
    }

    /// Stops [`run`](Self::run): `app.handle().stop(true).await`.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// The sign-in, for tests.
    pub fn oidc(&self) -> &Oidc {
        &self.oidc
    }

    /// Where the app runs and who can sign in.
    pub fn greeting(&self) -> String {
        let name = env!("CARGO_PKG_NAME");
        let address = self.oidc.settings().url("/");
        #[cfg(debug_assertions)]
        if let Some(invitation) = self.dev.invitation() {
            return format!("{name} runs at {address}\n{invitation}");
        }
        let providers = self.oidc.providers().map(|it| it.issuer());
        let providers = providers.collect::<Vec<_>>().join(" or ");
        format!("{name} runs at {address}\nsign in with an account at {providers}")
    }
}
