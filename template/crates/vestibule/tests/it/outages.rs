//! The provider is down: who is signed in goes on, and the app says why others
//! have to wait.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use reqwest::StatusCode;
use vestibule_dev::provider::{Answer, Endpoint};

use crate::{fixture::Fixture, support::PATHS};

#[tokio::test]
async fn signed_in_people_go_on_while_the_provider_is_down() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    app.provider.stop().await;
    assert_eq!(alice.get("/profile").await.status, StatusCode::OK);
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);
    let call = alice.fetch("/api/userinfo").await;
    assert_eq!(call.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(call.json()["code"], "provider_unavailable");
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn the_app_stays_ready_with_what_it_knows_and_says_why() {
    let app = Fixture::start().await;
    let browser = app.browser();
    app.eventually(async || browser.fetch("/readyz").await.json()["provider"] == "ok")
        .await;
    app.provider.stop().await;

    app.eventually(async || browser.fetch("/readyz").await.json()["provider"] == "last known")
        .await;
    let ready = browser.fetch("/readyz").await;
    assert_eq!(ready.status, StatusCode::OK, "instances are not taken away");
    let log = app.logged(app.provider.issuer());
    let mut lines = log.lines();
    let reason = lines.find(|line| line.contains("the provider does not answer"));
    assert!(reason.is_some_and(|line| line.contains("refused")), "{log}");
    // Metadata and keys are as last known: the browser still finds the way.
    let login = browser.get(PATHS.login).await;
    assert!(login.location().as_str().starts_with(app.provider.issuer()));

    app.provider.start_again().await.unwrap();
    app.eventually(async || browser.fetch("/readyz").await.json()["provider"] == "ok")
        .await;
    let log = app.logged(app.provider.issuer());
    assert!(log.contains("the provider answers again"), "{log}");
    app.signed_in_as("alice").await;
}

/// Browsers hold a form's redirects against the page's policy, so who signs out
/// just after a start would get no further.
#[tokio::test]
async fn forms_may_lead_to_a_provider_that_was_not_reached_yet() {
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Metadata, |metadata| {
            metadata["issuer"] = "https://other.example".into();
        });
    })
    .await;
    let page = app.browser().get("/").await;
    let issuer = url::Url::parse(app.provider.issuer()).unwrap();
    let expected = format!(
        "form-action 'self' {}",
        issuer.origin().ascii_serialization()
    );
    let policy = page.header("content-security-policy");
    assert!(
        policy.split("; ").any(|directive| directive == expected),
        "{policy}"
    );
}

/// Or what tests see in an outage would be chance.
#[tokio::test]
async fn a_provider_that_is_down_answers_on_no_open_connection() {
    let app = Fixture::start().await;
    for _ in 0..20 {
        let mut connection = TcpStream::connect(app.provider.address()).unwrap();
        let request = b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n";
        connection.write_all(request).unwrap();
        let mut answer = [0; 1024];
        let length = connection.read(&mut answer).unwrap();
        assert!(answer[..length].ends_with(b"\r\n\r\n"));
        app.provider.stop().await;
        let _ = connection.write_all(request);
        assert_eq!(connection.read(&mut answer).unwrap_or(0), 0);
        app.provider.start_again().await.unwrap();
    }
}

#[tokio::test]
async fn many_who_wait_do_not_flood_a_provider_in_trouble() {
    let app = Fixture::start_with_provider_down().await;
    app.provider.faults().instead(
        Endpoint::Metadata,
        Answer::new(503, "text/plain", "down for maintenance"),
    );
    app.provider.start_again().await.unwrap();
    let requests: Vec<_> = (0..60)
        .map(|number| {
            let browser = app.browser();
            let path = if number % 2 == 0 {
                PATHS.login
            } else {
                "/readyz"
            };
            tokio::spawn(async move { browser.get(path).await.status })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let looks = || app.provider.requests_to(Endpoint::Metadata).len();
    assert!(looks() < 30, "{} for 60 who asked", looks());
    // It was too soon after the last look, perhaps; the next one comes.
    app.eventually(async || looks() > 0).await;
}

#[tokio::test]
async fn frequent_questions_whether_the_app_is_ready_do_not_flood_the_provider() {
    let app = Fixture::start().await;
    let browser = app.browser();
    app.eventually(async || browser.fetch("/readyz").await.status == StatusCode::OK)
        .await;
    let asked = || app.provider.requests_to(Endpoint::Metadata).len();
    let (before, began) = (asked(), Instant::now());
    for _ in 0..40 {
        browser.fetch("/readyz").await;
    }
    // Every other second, and the one that may be due at once.
    let most = began.elapsed().as_secs() / 2 + 2;
    assert!(((asked() - before) as u64) <= most, "{}", asked() - before);
}
