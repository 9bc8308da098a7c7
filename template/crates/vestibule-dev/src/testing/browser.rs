//! A minimal browser for signing in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actix_web::cookie::Cookie;
use reqwest::{
    Client, Response,
    header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderMap, SET_COOKIE},
    redirect::Policy,
};
use url::{Url, form_urlencoded};
use vestibule::internals::{self, LiveSession};

use super::{Method, Page, RequestBuilder, TestApp};

/// An HTTP client that follows no redirects and uses no proxy.
pub fn client() -> Client {
    // reqwest needs a crypto provider; does nothing if the app has installed one
    // already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        // The app closes a connection that was idle, or on which it left something
        // unread. None of those is used again just then, as none is used again at all.
        .pool_max_idle_per_host(0)
        // Reading the system's certificates is slow, and nothing here needs them.
        .tls_certs_only([])
        .build()
        .unwrap_or_else(|error| panic!("the HTTP client cannot be created: {error}"))
}

/// Speaks HTTP like a browser: keeps cookies, says when it navigates, and follows
/// redirects when asked to. Clones share their cookies.
#[derive(Clone)]
pub struct Browser {
    /// The app that it visits.
    pub app: TestApp,
    client: Client,
    cookies: Arc<Mutex<HashMap<String, String>>>,
}

impl Browser {
    pub(super) fn new(app: TestApp) -> Self {
        Self {
            app,
            client: client(),
            cookies: Arc::default(),
        }
    }

    /// Loads a page: a path of the app, or any URL. Does not follow redirects.
    pub async fn get(&self, target: &str) -> Page {
        self.navigate(Method::GET, target, |request| request).await
    }

    /// Loads a page and follows its redirects.
    pub async fn visit(&self, target: &str) -> Page {
        let page = self.get(target).await;
        self.follow(page).await
    }

    /// Sends a form.
    pub async fn post(&self, target: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.navigate(Method::POST, target, |request| {
            request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body)
        })
        .await
    }

    /// Sends a request like a script, which wants JSON and no pages.
    pub async fn fetch(&self, target: &str) -> Page {
        self.request(Method::GET, target, |request| {
            request
                .header(ACCEPT, "application/json")
                .header("sec-fetch-mode", "cors")
        })
        .await
    }

    /// Sends a request that `with` can add to.
    pub async fn request(
        &self,
        method: Method,
        target: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Page {
        let (url, answer) = self.send(method, target, with).await;
        let page = Page {
            status: answer.status(),
            headers: answer.headers().clone(),
            body: answer
                .text()
                .await
                .unwrap_or_else(|error| panic!("the response of {url} breaks off: {error:?}")),
            url,
        };
        if page.url.origin() == self.app.base.origin() {
            let tokens = self.app.provider.issued_tokens();
            assert!(
                !page.holds_any(&tokens),
                "a page contains a token: {page:?}"
            );
        }
        page
    }

    /// Does the same without the body of the answer, which may be a stream that goes on.
    pub(super) async fn request_head(
        &self,
        method: Method,
        target: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Page {
        let (url, answer) = self.send(method, target, with).await;
        Page {
            url,
            status: answer.status(),
            headers: answer.headers().clone(),
            body: String::new(),
        }
    }

    async fn send(
        &self,
        method: Method,
        target: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> (Url, Response) {
        let url = self
            .app
            .base
            .join(target)
            .unwrap_or_else(|error| panic!("{target:?} is not a URL: {error}"));
        let request = self
            .client
            .request(method, self.reach(&url))
            .header(COOKIE, self.cookie_header());
        let answer = with(request)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{url} does not answer: {error:?}"));
        self.keep_cookies(answer.headers());
        (url, answer)
    }

    /// Follows a page's redirects.
    pub async fn follow(&self, mut page: Page) -> Page {
        for _ in 0..10 {
            if !page.status.is_redirection() {
                return page;
            }
            page = self.get(page.location().as_str()).await;
        }
        panic!("endless redirects, at {}", page.url);
    }

    /// Signs in as a person of the development provider, starting at a page that
    /// requires it, and returns the page where that ends.
    pub async fn sign_in_as(&self, person: &str, from: &str) -> Page {
        let answer = self.answer_of_provider(person, from).await;
        self.follow(answer).await
    }

    /// Signs in up to the point where the provider redirects the browser back.
    pub async fn answer_of_provider(&self, person: &str, from: &str) -> Page {
        let list = self.visit(from).await;
        let issuers = [self.app.provider.issuer(), &self.app.issuer];
        assert!(
            issuers
                .iter()
                .any(|issuer| list.url.as_str().starts_with(issuer)),
            "{from} does not lead to the provider but to {}, which answers {}: {}",
            list.url,
            list.status,
            list.body
        );
        self.choose(&list, person).await
    }

    /// Clicks a person in the provider's list.
    pub async fn choose(&self, list: &Page, person: &str) -> Page {
        self.press(list, ("person", person)).await
    }

    /// Clicks a button in the provider's list.
    pub async fn press(&self, list: &Page, button: (&str, &str)) -> Page {
        let request = list.field("request");
        let target = list.url.join(&list.action()).unwrap();
        self.post(target.as_str(), &[("request", &request), button])
            .await
    }

    /// Signs out the way the sign-out form on the app's pages does.
    pub async fn sign_out(&self) -> Page {
        let csrf_token = self.csrf_token().await;
        let logout = self.app.paths.logout.clone();
        self.post(&logout, &[("csrf_token", &csrf_token)]).await
    }

    /// The CSRF token that the app's forms and scripts use.
    pub async fn csrf_token(&self) -> String {
        if self.app.is_here() {
            return self.record().await.session.csrf_token().to_owned();
        }
        let whoami = self.app.paths.whoami.as_deref().unwrap_or_default();
        let answer = self.fetch(whoami).await;
        match answer.json()["csrf_token"].as_str() {
            Some(token) => token.to_owned(),
            None => panic!("no csrf_token at {}: {}", answer.url, answer.body),
        }
    }

    /// Whether someone is signed in here.
    pub async fn is_signed_in(&self) -> bool {
        match &self.app.paths.whoami {
            Some(path) => self.fetch(path).await.is_of_somebody(),
            None => self.find_record().await.is_some(),
        }
    }

    /// The app's record of the person who is signed in here.
    pub async fn record(&self) -> Arc<LiveSession> {
        match self.find_record().await {
            Some(live) => live,
            None => panic!("no one is signed in with the cookies {:?}", self.cookies()),
        }
    }

    async fn find_record(&self) -> Option<Arc<LiveSession>> {
        let id = self.own_cookie("user-session")?;
        internals::find(self.app.oidc(), &id)
            .await
            .unwrap_or_else(|error| panic!("the store does not answer: {error}"))
    }

    /// The browser's cookies: names and values.
    pub fn cookies(&self) -> HashMap<String, String> {
        self.jar().clone()
    }

    /// The value of one of the library's cookies, such as `user-session`.
    #[track_caller]
    pub fn cookie(&self, name: &str) -> String {
        self.own_cookie(name)
            .unwrap_or_else(|| panic!("there is no cookie {name} among {:?}", self.cookies()))
    }

    /// Whether the browser has one of the library's cookies, such as
    /// `user-session`.
    pub fn has_cookie(&self, name: &str) -> bool {
        self.own_cookie(name).is_some()
    }

    fn own_cookie(&self, name: &str) -> Option<String> {
        self.jar().get(&self.app.cookie(name)).cloned()
    }

    /// Sets a cookie.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.jar().insert(name.to_owned(), value.to_owned());
    }

    /// Deletes a cookie.
    pub fn forget_cookie(&self, name: &str) {
        self.jar().remove(name);
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

    /// The URL that a request for this one is really sent to.
    fn reach(&self, url: &Url) -> Url {
        if let Some(place) = url.as_str().strip_prefix(&self.app.issuer) {
            let there = format!("{}{place}", self.app.provider.issuer());
            return Url::parse(&there).unwrap();
        }
        if url.origin() != self.app.base.origin() {
            return url.clone();
        }
        let mut there = self.app.listens_at.clone();
        there.set_path(url.path());
        there.set_query(url.query());
        there
    }

    fn cookie_header(&self) -> String {
        let cookies: Vec<String> = self
            .jar()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        cookies.join("; ")
    }

    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut jar = self.jar();
        for header in headers.get_all(SET_COOKIE) {
            let header = String::from_utf8_lossy(header.as_bytes());
            let cookie = Cookie::parse(&*header)
                .unwrap_or_else(|error| panic!("{header:?} is not a cookie: {error}"));
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                jar.remove(cookie.name());
            } else {
                jar.insert(cookie.name().to_owned(), cookie.value().to_owned());
                self.app.keep_out_of_logs(cookie.value());
            }
        }
    }

    fn jar(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
