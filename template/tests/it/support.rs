//! What tests are written with: [`signed_in_as`] for most of them, [`TestApp`]
//! for those that need to reach the provider or the settings.

use std::{
    collections::{HashMap, HashSet},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    cookie::Cookie,
    dev::ServerHandle,
    web::{Data, ServiceConfig},
};
use app::{
    app::{Application, PATHS, Pages, Paths},
    dev::{
        self,
        provider::{DevProvider, Endpoint, Lifetimes},
    },
    oidc::{
        Oidc, seal,
        sign_in::{LiveSignIn, SignInId},
        store::Key,
    },
    settings::{SessionStore, Settings},
};
use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{ACCEPT, COOKIE, HeaderMap, HeaderValue, SET_COOKIE},
    redirect::Policy,
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinHandle};
use url::Url;

use crate::{logs, ports::Port};

/// The settings of a provider, as good as any.
pub const PROVIDER: [(&str, &str); 3] = [
    ("OIDC_ISSUER", "https://id.example.com"),
    ("OIDC_CLIENT_ID", "app"),
    ("OIDC_CLIENT_SECRET", "secret"),
];

/// A browser in which a person of the development provider is signed in to an
/// app of its own.
pub async fn signed_in_as(person: &str) -> Browser {
    TestApp::start().await.signed_in_as(person).await
}

/// The address that begins a sign-in with this query.
pub fn login_with(query: &str) -> String {
    format!("{}?{query}", PATHS.login)
}

/// The app with a development provider of its own, on ports of their own.
#[derive(Clone)]
pub struct TestApp {
    /// Where browsers reach the app.
    pub base: Url,
    pub provider: DevProvider,
    /// That of the provider, which can be started again there.
    _port: Arc<Port>,
    /// Where it listens, or what stands in front of it.
    pub listens_at: Url,
    /// `None`: it runs in other processes.
    here: Option<(Data<Oidc>, ServerHandle)>,
    running: Arc<Mutex<Option<JoinHandle<std::io::Result<()>>>>>,
    unlogged: Arc<Unlogged>,
}

/// What no log may hold, of one app and its provider. The log of every test is
/// searched when the test is over.
struct Unlogged {
    provider: DevProvider,
    /// The values of cookies and settings.
    values: Mutex<HashSet<String>>,
    /// How much the tests had logged before.
    logged_before: usize,
}

impl Unlogged {
    fn new(provider: DevProvider, logged_before: usize) -> Arc<Self> {
        Arc::new(Self {
            provider,
            values: Mutex::default(),
            logged_before,
        })
    }

    fn add(&self, value: &str) {
        self.values.lock().unwrap().insert(value.to_owned());
    }
}

impl Drop for Unlogged {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut secrets = self.provider.issued_tokens();
        secrets.extend(self.values.lock().unwrap().drain());
        // What is shorter is a word, such as the "tried" of a silent sign-in.
        secrets.retain(|secret| secret.len() >= 16);
        let found = logs::holding_since(self.logged_before, &secrets);
        assert!(found.is_empty(), "the log holds {found:#?}");
    }
}

/// The app's own pages. What a test adds goes before them, below `/test`, so that
/// neither takes the other's place.
pub fn own_pages(config: &mut ServiceConfig) {
    app::app::pages(config);
}

/// What the app is started from.
struct Start<'a> {
    variables: &'a [(&'a str, &'a str)],
    paths: &'static Paths,
    /// `None`: its own.
    pages: Option<Pages>,
}

/// Where a sign-in that fails shows why, whatever page of yours it has otherwise.
static SHOWING_FAILURES: Paths = Paths {
    failure: None,
    ..PATHS
};

impl Default for Start<'_> {
    fn default() -> Self {
        Self {
            variables: &[],
            paths: &SHOWING_FAILURES,
            pages: None,
        }
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Changes the settings before the app starts.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_between(Start::default(), change, async |_, _| {}).await
    }

    /// The app with these variables in its environment; `PORT` in one stands for
    /// the port that it listens on. With an `APP_BASE_URL` elsewhere, browsers
    /// reach the app as through a reverse proxy there.
    pub async fn start_with_env(variables: &[(&str, &str)]) -> Self {
        let start = Start {
            variables,
            ..Start::default()
        };
        Self::start_between(start, |_| {}, async |_, _| {}).await
    }

    /// The app lives below a path, such as `/shop`.
    pub async fn start_below(path: &str) -> Self {
        let base = format!("http://localhost:PORT{path}");
        Self::start_with_env(&[("APP_BASE_URL", &base)]).await
    }

    /// The app starts while its provider is down.
    pub async fn start_with_provider_down() -> Self {
        let down = async |_: &mut Settings, provider: &DevProvider| provider.stop().await;
        Self::start_between(Start::default(), |_| {}, down).await
    }

    /// Changes the settings, which name the provider by now, and the provider
    /// itself before the app starts.
    pub async fn start_prepared(prepare: impl FnOnce(&mut Settings, &DevProvider)) -> Self {
        let prepare = async |settings: &mut Settings, provider: &DevProvider| {
            prepare(settings, provider);
        };
        Self::start_between(Start::default(), |_| {}, prepare).await
    }

    /// The app with other pages than its own.
    pub async fn start_with_pages(pages: Pages) -> Self {
        Self::start_with_pages_and(pages, |_| {}).await
    }

    /// The app with other pages than its own starts while its provider is down.
    pub async fn start_with_pages_and_provider_down(pages: Pages) -> Self {
        let start = Start {
            pages: Some(pages),
            ..Start::default()
        };
        let down = async |_: &mut Settings, provider: &DevProvider| provider.stop().await;
        Self::start_between(start, |_| {}, down).await
    }

    /// The app with other pages and settings than its own.
    pub async fn start_with_pages_and(pages: Pages, change: impl FnOnce(&mut Settings)) -> Self {
        let start = Start {
            pages: Some(pages),
            ..Start::default()
        };
        Self::start_between(start, change, async |_, _| {}).await
    }

    /// The app with other pages than its own, and its sign-in elsewhere.
    pub async fn start_at(paths: &'static Paths, pages: Pages) -> Self {
        let start = Start {
            paths,
            pages: Some(pages),
            ..Start::default()
        };
        Self::start_between(start, |_| {}, async |_, _| {}).await
    }

    async fn start_between(
        start: Start<'_>,
        change: impl FnOnce(&mut Settings),
        before: impl AsyncFnOnce(&mut Settings, &DevProvider),
    ) -> Self {
        let logged_before = logs::keep();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let here = format!("http://localhost:{port}");
        let defaults = [
            ("APP_BASE_URL", here.as_str()),
            ("SESSION_STORE", "memory:"),
            // All the people of a test come from one address.
            ("APP_LOGIN_RATE", "1000000"),
        ];
        // Away from localhost no app starts without one; the test's own replaces it.
        let mut names = start.variables.iter().map(|(name, _)| *name);
        let is_elsewhere = names.any(|name| name == "APP_BASE_URL");
        let provider = PROVIDER.iter().filter(|_| is_elsewhere);
        let mut settings = Settings::with_paths(start.paths, |name| {
            let mut set = start
                .variables
                .iter()
                .chain(&defaults)
                .chain(provider.clone());
            let (_, value) = set.find(|(known, _)| *known == name)?;
            Some(value.replace("PORT", &port.to_string()))
        })
        .unwrap();
        change(&mut settings);
        let base = settings.base_url.clone();
        let port = Port::reserve();
        let (provider, client) = dev::start(&mut settings, port.address.port())
            .await
            .unwrap();
        settings.provider = Some(client);
        before(&mut settings, &provider).await;
        let app = match start.pages {
            Some(pages) => Application::with_pages(settings, vec![listener], pages).await,
            None => Application::build(settings, vec![listener]).await,
        }
        .unwrap();
        let listens_at = Url::parse(&here).unwrap();
        let unlogged = Unlogged::new(provider.clone(), logged_before);
        for secret in &app.oidc.settings.secrets {
            unlogged.add(secret.expose());
        }
        let here = Some((app.oidc.clone(), app.handle()));
        let running = Arc::new(Mutex::new(Some(tokio::spawn(app.run()))));
        Self {
            base,
            provider,
            _port: Arc::new(port),
            listens_at,
            here,
            running,
            unlogged,
        }
    }

    /// An app that other processes run, and the provider that it knows, at its
    /// port.
    pub fn elsewhere(base: Url, provider: DevProvider, port: Port) -> Self {
        // An app in this process would have chosen it for the browser too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            listens_at: base.clone(),
            base,
            unlogged: Unlogged::new(provider.clone(), logs::keep()),
            provider,
            _port: Arc::new(port),
            here: None,
            running: Arc::default(),
        }
    }

    /// Stops the app as SIGTERM does, and waits until it has ended.
    pub async fn stop(&self) {
        let running = self.running.lock().unwrap().take();
        let (_, handle) = self.here.as_ref().unwrap();
        handle.stop(true).await;
        running.unwrap().await.unwrap().unwrap();
    }

    /// The relying party, past what browsers see of it.
    pub fn oidc(&self) -> &Data<Oidc> {
        let (oidc, _) = self.here.as_ref().unwrap();
        oidc
    }

    /// The full name of one of the app's cookies.
    pub fn cookie(&self, name: &str) -> String {
        let prefix = if self.base.scheme() == "https" {
            "__Host-"
        } else {
            ""
        };
        format!("{prefix}{name}")
    }

    /// Under what the store finds all sign-ins of a person.
    pub fn subject_key(&self, person: &str) -> Key {
        let issuer = self.provider.issuer().as_bytes();
        seal::hash("subject", &[issuer, person.as_bytes()])
    }

    /// The lines that hold a text, of those logged since the app started: a
    /// former test may have had the same port.
    pub fn logged(&self, text: &str) -> String {
        logs::with_since(self.unlogged.logged_before, text)
    }

    /// The lines of one kind of security event about the app's provider.
    pub fn events(&self, event: &str) -> Vec<String> {
        let kind = format!("event={event:?}");
        self.logged(self.provider.issuer())
            .lines()
            .filter(|line| line.contains(&kind))
            .map(str::to_owned)
            .collect()
    }

    /// How often the app has asked the provider for tokens.
    pub fn token_requests(&self) -> usize {
        self.provider.requests_to(Endpoint::Token).len()
    }

    /// Sends a form with these cookies and hangs up after so long.
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
        // Hangs up for good, not only for its own part.
        stream.set_zero_linger().unwrap();
    }

    /// Waits for something that happens soon, but not at once; on a busy machine
    /// that may take its time.
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
        Browser {
            app: self.clone(),
            client: client(),
            cookies: Arc::default(),
        }
    }

    pub async fn signed_in_as(&self, person: &str) -> Browser {
        let browser = self.browser();
        let page = browser.sign_in_as(person, PATHS.login).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        browser
    }

    /// Signs in as a person whose first access token lives so long; later ones
    /// live as usual.
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

    /// Signs in as a person of whom the provider says something else this one
    /// time.
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

/// Speaks plain HTTP to whomever it is told to, and follows no redirect.
pub fn client() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        // To read those of the machine takes long, and nothing here needs them.
        .tls_certs_only([])
        .build()
        .unwrap()
}

/// Speaks HTTP as a browser does: keeps cookies, says that it navigates, and
/// follows redirects when asked to.
#[derive(Clone)]
pub struct Browser {
    pub app: TestApp,
    client: Client,
    cookies: Arc<Mutex<HashMap<String, String>>>,
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Page {
    /// The header's text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where the page redirects to.
    pub fn location(&self) -> Url {
        self.url.join(self.header("location")).unwrap()
    }

    /// The value of the first form field with this name.
    pub fn field(&self, name: &str) -> String {
        let after = self.body.split(&format!("name=\"{name}\" value=\"")).nth(1);
        let value = after.unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        value.split('"').next().unwrap().replace("&#38;", "&")
    }

    /// Where the button of the page leads.
    pub fn button(&self) -> String {
        let after = self.body.split("class=\"button\" href=\"").nth(1);
        let link = after.unwrap_or_else(|| panic!("no button in {}", self.body));
        link.split('"').next().unwrap().replace("&#38;", "&")
    }

    /// Whether this answer of `/api/me` is to somebody who is signed in.
    pub fn is_of_somebody(&self) -> bool {
        match self.status {
            StatusCode::OK => true,
            StatusCode::UNAUTHORIZED => false,
            other => panic!("{other}: {}", self.body),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether the browser could read one of the tokens off this page. The
    /// `id_token_hint` of a sign-out is meant to go through it (RP-Initiated
    /// Logout 1.0, 2).
    pub fn holds_any(&self, tokens: &[String]) -> bool {
        let headers: Vec<_> = self.headers.values().map(HeaderValue::as_bytes).collect();
        let text = format!(
            "{}{}",
            self.body,
            String::from_utf8_lossy(&headers.concat())
        );
        // Tests bend tokens into short words that a page may well hold.
        let real = tokens.iter().filter(|token| token.len() >= 20);
        let mut found = real.filter(|token| text.contains(token.as_str()));
        found.any(|token| {
            text.replace(&format!("id_token_hint={token}"), "")
                .replace(&format!("name=\"id_token_hint\" value=\"{token}\""), "")
                .contains(token.as_str())
        })
    }

    /// The `Set-Cookie` header of one cookie; empty if it is not set.
    pub fn set_cookie(&self, name: &str) -> &str {
        self.headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find(|text| text.starts_with(&format!("{name}=")))
            .unwrap_or_default()
    }
}

impl Browser {
    /// Loads a page of the app, given as a path, or any page, given as a URL.
    /// Does not follow redirects.
    pub async fn get(&self, target: &str) -> Page {
        self.navigate(Method::GET, target, |request| request).await
    }

    /// Loads a page and goes wherever it leads.
    pub async fn visit(&self, target: &str) -> Page {
        let page = self.get(target).await;
        self.follow(page).await
    }

    /// Sends a form.
    pub async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.navigate(Method::POST, target, |request| {
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
        })
        .await
    }

    /// Asks as a script does, which wants JSON and no pages.
    pub async fn fetch(&self, target: &str) -> Page {
        self.request(Method::GET, target, |request| {
            request
                .header(ACCEPT, "application/json")
                .header("sec-fetch-mode", "cors")
        })
        .await
    }

    /// What the app's own scripts show to change something.
    pub async fn csrf_token(&self) -> String {
        let me = self.fetch("/api/me").await.json();
        me["csrf_token"].as_str().unwrap().to_owned()
    }

    /// Signs in as a person of the development provider, beginning at a page
    /// that asks for it, and returns the page where that ends.
    pub async fn sign_in_as(&self, person: &str, from: &str) -> Page {
        let answer = self.answer_of_provider(person, from).await;
        self.follow(answer).await
    }

    /// Signs in up to the point where the provider sends the browser back.
    pub async fn answer_of_provider(&self, person: &str, from: &str) -> Page {
        let list = self.visit(from).await;
        assert!(
            list.url.as_str().starts_with(self.app.provider.issuer()),
            "{}",
            list.url
        );
        self.choose(&list, person).await
    }

    /// Clicks a person on the provider's list.
    pub async fn choose(&self, list: &Page, person: &str) -> Page {
        self.press(list, ("person", person)).await
    }

    /// Clicks a button on the provider's list.
    pub async fn press(&self, list: &Page, button: (&str, &str)) -> Page {
        let request = list.field("request");
        let after = list.body.split("action=\"").nth(1).unwrap();
        let target = list.url.join(after.split('"').next().unwrap()).unwrap();
        self.post(target.as_str(), &[("request", &request), button])
            .await
    }

    /// Goes wherever a page leads.
    pub async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !page.status.is_redirection() {
                return page;
            }
            page = self.get(page.location().as_str()).await;
        }
        panic!("redirects without end, at {}", page.url);
    }

    /// The cookies of the browser: names and values.
    pub fn cookies(&self) -> HashMap<String, String> {
        self.cookies.lock().unwrap().clone()
    }

    /// Signs out by the form that every page has.
    pub async fn sign_out(&self) -> Page {
        let home = self.app.base.as_str();
        let csrf_token = self.get(home).await.field("csrf_token");
        let logout = format!("{}{}", home.trim_end_matches('/'), PATHS.logout);
        self.post(&logout, &[("csrf_token", &csrf_token)]).await
    }

    /// Whether somebody is signed in here, as the app says.
    pub async fn is_signed_in(&self) -> bool {
        let me = format!("{}/api/me", self.app.base.as_str().trim_end_matches('/'));
        self.fetch(&me).await.is_of_somebody()
    }

    /// What the app keeps of the person who is signed in here.
    pub async fn record(&self) -> Arc<LiveSignIn> {
        let id = SignInId::parse(self.cookies()["sign-in"].as_bytes()).unwrap();
        self.app.oidc().sign_ins.find(&id).await.unwrap().unwrap()
    }

    pub fn forget_cookie(&self, name: &str) {
        self.cookies.lock().unwrap().remove(name);
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }

    async fn navigate(
        &self,
        method: Method,
        target: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Page {
        self.request(method, target, |request| {
            with(
                request
                    .header(ACCEPT, "text/html")
                    .header("sec-fetch-mode", "navigate"),
            )
        })
        .await
    }

    pub async fn request(
        &self,
        method: Method,
        target: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Page {
        let url = self.app.base.join(target).unwrap();
        let request = self
            .client
            .request(method, self.reach(&url))
            .header(COOKIE, self.cookie_header());
        let answer = with(request).send().await.unwrap();
        self.keep_cookies(answer.headers());
        let page = Page {
            url,
            status: answer.status(),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        };
        if page.url.origin() == self.app.base.origin() {
            let tokens = self.app.provider.issued_tokens();
            assert!(!page.holds_any(&tokens), "a token in {page:?}");
        }
        page
    }

    /// Where a request for this URL really goes.
    fn reach(&self, url: &Url) -> Url {
        if url.origin() != self.app.base.origin() {
            return url.clone();
        }
        let mut there = self.app.listens_at.clone();
        there.set_path(url.path());
        there.set_query(url.query());
        there
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().unwrap();
        for header in headers.get_all(SET_COOKIE) {
            let cookie = Cookie::parse(header.to_str().unwrap()).unwrap();
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                cookies.remove(cookie.name());
            } else {
                cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
                self.app.unlogged.add(cookie.value());
            }
        }
    }
}

/// Keeps sign-ins in a file.
pub fn embedded_at(path: &std::path::Path) -> SessionStore {
    SessionStore::Embedded(path.to_owned())
}
