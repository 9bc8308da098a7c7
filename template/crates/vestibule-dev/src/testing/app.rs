//! The app under test, with a provider of its own.

use std::{
    fmt::Display,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::dev::ServerHandle;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinHandle};
use url::Url;
use vestibule::{Oidc, Settings, internals};

use super::{Browser, Launch, Start, TestProvider, ports::Port, start::Serve, unlogged::Unlogged};
use crate::provider::{DevProvider, Endpoint, Lifetimes};

/// The app under test, with its own development provider, both on their own ports.
/// Clones are handles to the same app; it stops when the test ends.
#[derive(Clone)]
pub struct TestApp {
    /// Where browsers reach the app.
    pub base: Url,
    /// The provider that people sign in with.
    pub provider: DevProvider,
    /// Its issuer, as the app knows it: another one if something is in front of it.
    pub issuer: String,
    /// Where the app, or whatever is in front of it, listens.
    pub listens_at: Url,
    /// The provider's port, reserved so that the provider can be started again on
    /// it.
    _port: Arc<Port>,
    pub(super) paths: Arc<AppPaths>,
    /// `None`: the app runs in other processes.
    here: Option<Here>,
    pub(super) unlogged: Arc<Unlogged>,
}

/// The paths that browsers use by themselves, as browsers see them.
pub(super) struct AppPaths {
    pub login: String,
    pub logout: String,
    pub whoami: Option<String>,
}

/// An app that runs in this process.
#[derive(Clone)]
struct Here {
    oidc: Oidc,
    handle: ServerHandle,
    running: Arc<Mutex<Option<JoinHandle<io::Result<()>>>>>,
}

impl TestApp {
    /// An app, ready to start. `serve` builds it as `main` does, from the variables
    /// and listeners of the [`Launch`]. It returns the app's `Oidc`, the handle
    /// that stops the server, and the future that runs the app: the server itself,
    /// or more.
    pub fn of<'a, R, E>(
        serve: impl AsyncFnOnce(Launch) -> Result<(Oidc, ServerHandle, R), E> + 'a,
    ) -> Start<'a>
    where
        R: Future<Output = io::Result<()>> + Send + 'static,
        E: Display,
    {
        Start::new(serve)
    }

    /// An app that runs in other processes, with the provider that it uses.
    pub fn elsewhere(base: Url, provider: TestProvider) -> Self {
        let logged_before = super::logs::keep();
        let [(_, issuer), (_, id), (_, secret)] = provider.variables();
        let settings = Settings::new(&issuer, &id, &secret, base.as_str())
            .unwrap_or_else(|faults| panic!("the app's settings cannot be used: {faults}"));
        provider.learn_addresses(&settings);
        let below = |path: &str| format!("{}{path}", settings.base_path());
        let paths = AppPaths {
            login: below(&settings.paths.login),
            logout: below(&settings.paths.logout),
            whoami: Some(below("/api/me")),
        };
        Self {
            listens_at: base.clone(),
            paths: Arc::new(paths),
            here: None,
            unlogged: unlogged(&provider, logged_before),
            base,
            issuer: provider.provider.issuer().to_owned(),
            provider: provider.provider,
            _port: Arc::new(provider.port),
        }
    }

    /// Runs the app in this process.
    pub(super) fn here(serve: Serve, provider: TestProvider, started: &Started) -> Self {
        let Serve { oidc, handle, run } = serve;
        let base = oidc.settings().base_url.clone();
        provider.learn_addresses(oidc.settings());
        let paths = AppPaths {
            login: oidc.path(&oidc.paths().login),
            logout: oidc.path(&oidc.paths().logout),
            whoami: started.whoami.map(|path| oidc.path(path)),
        };
        let running = tokio::spawn(run);
        Self {
            base,
            listens_at: started.listens_at.clone(),
            paths: Arc::new(paths),
            here: Some(Here {
                oidc,
                handle,
                running: Arc::new(Mutex::new(Some(running))),
            }),
            unlogged: unlogged(&provider, started.logged_before),
            issuer: provider.provider.issuer().to_owned(),
            provider: provider.provider,
            _port: Arc::new(provider.port),
        }
    }

    /// Stops the app like SIGTERM does, and waits for it to end.
    pub async fn stop(&self) {
        let here = self.in_this_process();
        let running = &here.running;
        let running = running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let running = running.unwrap_or_else(|| panic!("the app was already stopped"));
        here.oidc.end_streams();
        here.handle.stop(true).await;
        match running.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the app ended with an error: {error}"),
            Err(error) => panic!("the app did not end: {error}"),
        }
    }

    /// The relying party, to look behind what browsers see.
    #[track_caller]
    pub fn oidc(&self) -> &Oidc {
        &self.in_this_process().oidc
    }

    #[track_caller]
    fn in_this_process(&self) -> &Here {
        self.here
            .as_ref()
            .unwrap_or_else(|| panic!("the app runs in other processes"))
    }

    pub(super) fn is_here(&self) -> bool {
        self.here.is_some()
    }

    /// The full name of one of the library's cookies, such as `user-session`.
    pub fn cookie(&self, name: &str) -> String {
        internals::cookie_name(&self.base, name)
    }

    /// The path that starts a sign-in with this query, such as `max_age=0`.
    pub fn login_with(&self, query: &str) -> String {
        format!("{}?{query}", self.paths.login)
    }

    /// The lines that contain a string and were logged since the app started: an
    /// earlier test may have used the same port.
    pub fn logged(&self, string: &str) -> String {
        super::logs::with_since(self.unlogged.logged_before, string)
    }

    /// The log lines of one kind of security event for the app's provider.
    pub fn events(&self, event: &str) -> Vec<String> {
        let kind = format!("event={event:?}");
        self.logged(self.provider.issuer())
            .lines()
            .filter(|line| line.contains(&kind))
            .map(str::to_owned)
            .collect()
    }

    /// Makes the test fail if the log contains this value when the test ends.
    pub fn keep_out_of_logs(&self, value: &str) {
        self.unlogged.add(value);
    }

    /// How many token requests the app has sent to the provider.
    pub fn token_requests(&self) -> usize {
        self.provider.requests_to(Endpoint::Token).len()
    }

    /// Sends a form with these cookies, and hangs up after this time.
    pub async fn post_and_hang_up(&self, path: &str, cookies: &str, form: &str, after: Duration) {
        let address = self.listens_at.socket_addrs(|| None).unwrap();
        let mut stream = TcpStream::connect(&address[..]).await.unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookies}\r\n\
             content-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(after).await;
        // Resets the connection instead of closing only its own half.
        stream.set_zero_linger().unwrap();
    }

    /// Waits for something that happens soon, though on a busy machine it may take
    /// a while.
    pub async fn eventually(&self, holds: impl AsyncFn() -> bool) {
        for _ in 0..2400 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("it did not happen within a minute");
    }

    /// A browser that has not been here before.
    pub fn browser(&self) -> Browser {
        Browser::new(self.clone())
    }

    /// A browser in which a person of the development provider is signed in.
    pub async fn signed_in_as(&self, person: &str) -> Browser {
        let browser = self.browser();
        let page = browser.sign_in_as(person, &self.paths.login).await;
        assert!(
            browser.has_cookie("user-session"),
            "{person} is not signed in: {} answers {}: {}",
            page.url,
            page.status,
            page.body
        );
        browser
    }

    /// Signs in as a person whose first access token has this lifetime; later ones
    /// have the usual one.
    pub async fn signed_in_with_token_for(&self, person: &str, life: Duration) -> Browser {
        let usual = self.provider.lifetimes();
        self.provider.set_lifetimes(Lifetimes {
            access_token: life,
            ..usual
        });
        let browser = self.signed_in_as(person).await;
        self.provider.set_lifetimes(usual);
        browser
    }

    /// Signs in as a person about whom the provider says something different this
    /// one time.
    pub async fn signed_in_with(
        &self,
        person: &str,
        claim: &'static str,
        value: impl Into<serde_json::Value>,
    ) -> Browser {
        let value = value.into();
        let faults = self.provider.faults().once();
        faults.id_token(move |token| token.claims[claim] = value.clone());
        self.signed_in_as(person).await
    }
}

/// What is known about an app once it has started.
pub(super) struct Started {
    pub listens_at: Url,
    pub whoami: Option<&'static str>,
    pub logged_before: usize,
}

fn unlogged(provider: &TestProvider, logged_before: usize) -> Arc<Unlogged> {
    let unlogged = Unlogged::new(provider.provider.clone(), logged_before);
    unlogged.add(provider.client_secret());
    unlogged
}
