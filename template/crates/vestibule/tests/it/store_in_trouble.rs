//! The store fails in the middle of things: nothing passes for done that was not.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use actix_web::{
    App,
    cookie::Cookie,
    http::{StatusCode, header::LOCATION},
    test::{TestRequest, call_service, init_service},
    web,
};
use tokio::task::LocalSet;
use url::Url;
use vestibule::{
    Oidc,
    internals::{self, SessionId, seal},
};
use vestibule_dev::{provider::Client, testing::TestProvider};

use crate::{
    fixture::{Fixture, User, whole},
    support::{CLIENT, PATHS, settings_of},
    troubled_store::Troubled,
};

/// The app's sign-in over such a store, and a browser that is in it.
struct Visit {
    oidc: Oidc,
    store: Arc<Troubled>,
    provider: TestProvider,
    cookies: RefCell<HashMap<String, String>>,
}

/// What came back: its status, and where it redirects to.
struct Answer(StatusCode, String);

impl Visit {
    async fn begin() -> Self {
        let store = Troubled::open().await;
        let provider = TestProvider::start().await;
        let variables = provider.variables();
        let settings = settings_of(|name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some(value.clone())
        });
        let settings = settings.unwrap();
        let [_, (_, id), (_, secret)] = variables;
        provider.provider.register(Client {
            id,
            secret,
            redirect_uris: vec![settings.relying_party.login_redirect_uri.to_string()],
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
        });
        let fixture = Fixture::over(store.clone());
        let (oidc, _) = fixture.build(settings).await.unwrap();
        Self {
            oidc,
            store,
            provider,
            cookies: RefCell::default(),
        }
    }

    async fn ask(&self, mut request: TestRequest) -> Answer {
        let service = init_service(
            whole!(App::new(), self.oidc)
                .configure(self.oidc.routes())
                .route("/", web::get().to(async |_: User| "somebody")),
        )
        .await;
        for (name, value) in self.cookies.borrow().iter() {
            request = request.cookie(Cookie::new(name.clone(), value.clone()));
        }
        let response = call_service(&service, request.to_request()).await;
        let mut cookies = self.cookies.borrow_mut();
        for cookie in response.response().cookies() {
            if cookie.max_age().is_some_and(|age| age.is_zero()) {
                cookies.remove(cookie.name());
            } else {
                cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
        let location = response.headers().get(LOCATION);
        let location = location.map_or("", |location| location.to_str().unwrap());
        Answer(response.status(), location.to_owned())
    }

    async fn sign_in(&self, person: &str) -> StatusCode {
        let login = TestRequest::get().uri(PATHS.login);
        let Answer(_, request) = self.ask(login).await;
        let callback = self.provider.provider.sign_in(&request, person).unwrap();
        let callback = Url::parse(&callback).unwrap();
        let callback = &callback[url::Position::BeforePath..];
        self.ask(TestRequest::get().uri(callback)).await.0
    }

    /// The name of the cookie with the user session's id.
    fn session_cookie(&self) -> String {
        internals::cookie_name(&self.oidc.settings().base_url, "user-session")
    }

    async fn is_signed_in(&self) -> bool {
        self.ask(TestRequest::get().uri("/")).await.0 == StatusCode::OK
    }

    fn notice(&self) -> String {
        let provider = &self.provider.provider;
        provider.logout_token(CLIENT, Some("alice"), None).unwrap()
    }

    async fn deliver(&self, token: &str) -> StatusCode {
        let notice = TestRequest::post()
            .uri(PATHS.backchannel_logout)
            .set_form([("logout_token", token)]);
        self.ask(notice).await.0
    }
}

async fn with_visit(test: impl AsyncFnOnce(Visit)) {
    let test = async { test(Visit::begin().await).await };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn a_notice_without_effect_may_come_again_at_once() {
    with_visit(async |alice| {
        alice.sign_in("alice").await;
        let token = alice.notice();
        alice.store.keeps_rows.store(true, Ordering::Relaxed);
        let status = alice.deliver(&token).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(alice.is_signed_in().await);

        alice.store.keeps_rows.store(false, Ordering::Relaxed);
        assert_eq!(alice.deliver(&token).await, StatusCode::OK);
        assert!(!alice.is_signed_in().await);
        assert_eq!(alice.deliver(&token).await, StatusCode::BAD_REQUEST);
    })
    .await;
}

/// So it looks to the store when the process dies before the notice has taken
/// effect.
#[tokio::test]
async fn a_notice_whose_effect_is_not_known_may_come_again_soon() {
    with_visit(async |alice| {
        alice.sign_in("alice").await;
        let token = alice.notice();
        for trouble in [&alice.store.keeps_rows, &alice.store.keeps_names] {
            trouble.store(true, Ordering::Relaxed);
        }
        let status = alice.deliver(&token).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);

        alice.store.keeps_rows.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(alice.deliver(&token).await, StatusCode::OK);
        assert!(!alice.is_signed_in().await);
    })
    .await;
}

#[tokio::test]
async fn who_cannot_be_signed_out_is_not_told_so() {
    with_visit(async |alice| {
        alice.sign_in("alice").await;
        let before = alice.cookies.borrow()[&alice.session_cookie()].clone();
        let id = SessionId::parse(before.as_bytes()).unwrap();
        let found = internals::sessions(&alice.oidc)
            .find(&id)
            .await
            .unwrap()
            .unwrap();
        let csrf_token = found.session.csrf_token().to_owned();
        let sign_out = || {
            let form = TestRequest::post().uri(PATHS.logout);
            alice.ask(form.set_form([("csrf_token", csrf_token.as_str())]))
        };
        alice.store.keeps_rows.store(true, Ordering::Relaxed);
        let Answer(status, _) = sign_out().await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(alice.cookies.borrow()[&alice.session_cookie()], before);
        assert!(alice.is_signed_in().await);

        alice.store.keeps_rows.store(false, Ordering::Relaxed);
        let Answer(status, _) = sign_out().await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert!(!alice.is_signed_in().await);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_signed_in_beside_a_sign_in_that_cannot_be_ended() {
    with_visit(async |browser| {
        browser.sign_in("alice").await;
        let before = browser.cookies.borrow()[&browser.session_cookie()].clone();
        browser.store.keeps_rows.store(true, Ordering::Relaxed);
        let status = browser.sign_in("bob").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(browser.cookies.borrow()[&browser.session_cookie()], before);

        browser.store.keeps_rows.store(false, Ordering::Relaxed);
        assert_eq!(browser.sign_in("bob").await, StatusCode::SEE_OTHER);
        assert_ne!(browser.cookies.borrow()[&browser.session_cookie()], before);
    })
    .await;
}

/// Whose sign-in a new one replaces may decide how long that lasts.
#[tokio::test]
async fn nobody_is_signed_in_where_the_sign_in_before_cannot_be_read() {
    with_visit(async |browser| {
        // As of somebody whom this process has not seen yet.
        let before = seal::random_string().unwrap();
        let cookies = || browser.cookies.borrow_mut();
        cookies().insert(browser.session_cookie(), before.clone());
        browser.store.reads_nothing.store(true, Ordering::Relaxed);
        let status = browser.sign_in("bob").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(cookies()[&browser.session_cookie()], before);

        browser.store.reads_nothing.store(false, Ordering::Relaxed);
        assert_eq!(browser.sign_in("bob").await, StatusCode::SEE_OTHER);
        assert!(browser.is_signed_in().await);
    })
    .await;
}
