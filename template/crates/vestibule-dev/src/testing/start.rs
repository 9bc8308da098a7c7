//! How a test starts its app.

use std::{
    fmt::Display,
    io,
    net::{Ipv4Addr, TcpListener},
    pin::Pin,
    sync::Arc,
};

use actix_web::dev::ServerHandle;
use url::Url;
use vestibule::Oidc;

use super::{
    app::{Started, TestApp},
    launch::{Environment, Launch},
    logs,
    provider::TestProvider,
};
use crate::provider::{DevProvider, random_id};

type Serving<'a> = Pin<Box<dyn Future<Output = Result<Serve, String>> + 'a>>;

type Prepare<'a> = Box<dyn FnOnce(&DevProvider) + 'a>;

/// An app that is about to run.
pub(super) struct Serve {
    pub oidc: Oidc,
    pub handle: ServerHandle,
    pub run: Pin<Box<dyn Future<Output = io::Result<()>> + Send>>,
}

/// An app under test, ready to start; [`TestApp::of`] makes one.
///
/// ```no_run
/// # async fn example(app: vestibule_dev::testing::Start<'static>) {
/// let app = app
///     .env("OIDC_LOGIN_PAGE", "page")
///     .below("/shop")
///     .start()
///     .await;
/// let page = app.browser().get("/shop/login").await;
/// # }
/// ```
#[must_use = "the app starts with `.start().await`"]
pub struct Start<'a> {
    serve: Box<dyn FnOnce(Launch) -> Serving<'a> + 'a>,
    variables: Vec<(String, Option<String>)>,
    prepare: Vec<Prepare<'a>>,
    is_provider_down: bool,
    whoami: Option<&'static str>,
}

impl<'a> Start<'a> {
    pub(super) fn new<R, E>(
        serve: impl AsyncFnOnce(Launch) -> Result<(Oidc, ServerHandle, R), E> + 'a,
    ) -> Self
    where
        R: Future<Output = io::Result<()>> + Send + 'static,
        E: Display,
    {
        let serve = |launch| -> Serving<'a> {
            Box::pin(async move {
                let served = serve(launch).await;
                let (oidc, handle, run) = served.map_err(|error| error.to_string())?;
                let run = Box::pin(run);
                Ok(Serve { oidc, handle, run })
            })
        };
        Self {
            serve: Box::new(serve),
            variables: Vec::new(),
            prepare: Vec::new(),
            is_provider_down: false,
            whoami: None,
        }
    }

    /// Sets a variable of the app's environment. `PORT` in a value stands for the
    /// port that the app listens on. With an `APP_BASE_URL` elsewhere, browsers
    /// reach the app as if through a reverse proxy there.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables
            .push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// Sets several variables.
    pub fn envs(self, variables: &[(&str, &str)]) -> Self {
        variables
            .iter()
            .fold(self, |start, (name, value)| start.env(name, value))
    }

    /// Unsets a variable, such as `OIDC_CLIENT_SECRET` for an app that
    /// authenticates with a key.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.push((name.to_owned(), None));
        self
    }

    /// Mounts the app below a path, such as `/shop`.
    pub fn below(self, path: &str) -> Self {
        self.env("APP_BASE_URL", &format!("http://localhost:PORT{path}"))
    }

    /// Changes the provider before the app starts.
    pub fn provider(mut self, change: impl FnOnce(&DevProvider) + 'a) -> Self {
        self.prepare.push(Box::new(change));
        self
    }

    /// Starts the app while its provider is down.
    pub fn provider_down(mut self) -> Self {
        self.is_provider_down = true;
        self
    }

    /// Makes [`Browser::is_signed_in`](super::Browser::is_signed_in) ask the app
    /// instead of the library: at a path that answers scripts with 200 if someone
    /// is signed in and 401 if not, as every protected page does.
    pub fn whoami(mut self, path: &'static str) -> Self {
        self.whoami = Some(path);
        self
    }

    /// Starts the provider, then the app.
    pub async fn start(self) -> TestApp {
        let logged_before = logs::keep();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap_or_else(|error| panic!("no port is free: {error}"));
        let port = listener.local_addr().unwrap().port();
        let here = Url::parse(&format!("http://localhost:{port}")).unwrap();
        let mut environment = said(self.variables, port);
        let provider = TestProvider::start().await;
        environment.variables.extend(usual(port, &provider));
        let environment = Arc::new(environment);

        for change in self.prepare {
            change(&provider.provider);
        }
        if self.is_provider_down {
            provider.provider.stop().await;
        }
        let launch = Launch {
            listeners: vec![listener],
            provider: provider.provider.clone(),
            environment: Arc::clone(&environment),
        };
        let serve = (self.serve)(launch)
            .await
            .unwrap_or_else(|error| panic!("the app does not start: {error}"));
        let started = Started {
            listens_at: here,
            whoami: self.whoami,
            logged_before,
        };
        let app = TestApp::here(serve, provider, &started);
        for secret in environment
            .variable("SESSION_SECRET")
            .iter()
            .flat_map(|it| it.split(','))
        {
            app.keep_out_of_logs(secret);
        }
        app
    }
}

/// The environment that the test asks for; the last value for a name counts.
fn said(variables: Vec<(String, Option<String>)>, port: u16) -> Environment {
    let port = port.to_string();
    let with_port = |value: String| value.replace("PORT", &port);
    let variables = variables.into_iter().rev();
    Environment {
        variables: variables
            .map(|(name, value)| (name, value.map(with_port)))
            .collect(),
    }
}

/// The environment unless the test says otherwise.
fn usual(port: u16, provider: &TestProvider) -> Vec<(String, Option<String>)> {
    let usual = [
        ("APP_BASE_URL", format!("http://localhost:{port}")),
        ("APP_LISTEN", format!("127.0.0.1:{port}")),
        // All people in a test come from one address.
        ("APP_LOGIN_RATE", "1000000".to_owned()),
        ("SESSION_STORE", "memory:".to_owned()),
        ("SESSION_SECRET", random_id().unwrap()),
        (
            "OIDC_SCOPES",
            "openid profile email offline_access".to_owned(),
        ),
    ];
    let usual = usual.into_iter().chain(provider.variables());
    usual
        .map(|(name, value)| (name.to_owned(), Some(value)))
        .collect()
}
