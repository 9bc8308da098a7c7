//! People get out, and stay out.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::Ordering,
    task::{Context, Poll, Waker},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use vestibule::internals::{self, Registration, SessionId, UserSessions};
use vestibule_dev::provider::{Endpoint, Request};

use crate::{
    fixture::Fixture,
    support::{CLIENT, PATHS, embedded_at, signed_in_as},
    troubled_store::Troubled,
};

#[tokio::test]
async fn alice_signs_out_here_and_at_the_provider() {
    let alice = signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");

    let redirect = alice
        .post(PATHS.logout, &[("csrf_token", &csrf_token)])
        .await;

    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    let url = redirect.location();
    assert!(url.as_str().starts_with(alice.app.provider.issuer()));
    for parameter in [
        "id_token_hint",
        "client_id",
        "post_logout_redirect_uri",
        "state",
    ] {
        assert!(
            url.query_pairs().any(|(name, _)| name == parameter),
            "{parameter} in {url}"
        );
    }
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), PATHS.logged_out);
    assert!(page.body.contains("You are signed out"));
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}

/// Begins what a handler does whose client goes away meanwhile.
fn broken_off(work: impl Future) {
    let polled = pin!(work).poll(&mut Context::from_waker(Waker::noop()));
    assert!(
        matches!(polled, Poll::Pending),
        "there was nothing to wait for"
    );
}

#[tokio::test]
async fn who_goes_away_while_signing_out_is_signed_out() {
    let app = Fixture::start().await;
    let sessions = internals::sessions(app.oidc());

    let alice = app.signed_in_as("alice").await;
    assert!(alice.is_signed_in().await, "and known in memory");
    let id = SessionId::parse(alice.cookie("user-session").as_bytes()).unwrap();
    broken_off(sessions.end(&id));
    app.eventually(async || !alice.is_signed_in().await).await;

    let bob = app.signed_in_as("bob").await;
    assert!(bob.is_signed_in().await);
    broken_off(sessions.end_all_of(app.provider.issuer(), "bob"));
    app.eventually(async || !bob.is_signed_in().await).await;
}

#[tokio::test]
async fn who_hangs_up_while_signing_out_leaves_no_tokens_that_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let app = Fixture::start_with(|settings| settings.session_store = embedded_at(&file)).await;
    let mut people = Vec::new();
    for tenths in 0..40 {
        let alice = app.signed_in_as("alice").await;
        let form = format!("csrf_token={}", alice.get("/").await.field("csrf_token"));
        let cookie = format!(
            "{}={}",
            alice.app.cookie("user-session"),
            alice.cookie("user-session")
        );
        let patience = Duration::from_micros(tenths * 100);
        app.post_and_hang_up(PATHS.logout, &cookie, &form, patience)
            .await;
        people.push(alice);
    }
    // Whatever has been begun ends before this does.
    let bob = app.signed_in_as("bob").await;
    bob.sign_out().await;
    let mut signed_out = 1;
    for alice in people {
        signed_out += usize::from(!alice.is_signed_in().await);
    }
    let revocations = || app.provider.requests_to(Endpoint::Revocation);
    let is_refresh_token =
        |request: &Request| request.form("token_type_hint") == Some("refresh_token");
    app.eventually(async || {
        app.events("sign_out").len() == signed_out
            && revocations()
                .iter()
                .filter(|request| is_refresh_token(request))
                .count()
                == signed_out
    })
    .await;
}

#[tokio::test]
async fn a_request_that_read_the_record_just_before_sign_out_does_not_keep_it() {
    let alice = signed_in_as("alice").await;
    let session = alice.record().await.session.clone();
    let slow = Troubled::open().await;
    slow.is_slow.store(true, Ordering::Relaxed);
    let hour = Duration::from_secs(3600);
    let sessions = UserSessions::new(
        slow.clone(),
        vec![Registration::new(
            session.provider(),
            session.issuer(),
            CLIENT,
        )],
        &alice.app.oidc().settings().secrets,
        hour,
        hour,
    )
    .unwrap();
    let id = sessions.begin(&session).await.unwrap();

    let (found, ()) = tokio::join!(sessions.find(&id), async {
        slow.has_read.acquire().await.unwrap().forget();
        assert!(sessions.end(&id).await.unwrap());
        slow.let_go.add_permits(1);
    });
    assert!(found.unwrap().is_some(), "it was there when it was read");

    slow.let_go.add_permits(1);
    assert!(sessions.find(&id).await.unwrap().is_none());
}

#[tokio::test]
async fn who_was_signed_out_from_afar_leaves_nothing_in_the_browser_either() {
    let app = Fixture::start_with_pages(crate::app_session::pages).await;
    let alice = app.signed_in_as("alice").await;
    alice.get("/test/keep/basket/full/0").await;
    assert!(alice.has_cookie("app-session"));
    let token = alice.get("/").await.field("csrf_token");
    let sessions = internals::sessions(app.oidc());
    let ended = sessions.end_all_of(app.provider.issuer(), "alice").await;
    assert_eq!(ended.unwrap(), 1);

    let fields = [("csrf_token", token.as_str())];
    let from_elsewhere = alice
        .request(Method::POST, PATHS.logout, |request| {
            request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "cross-site")
                .body(format!("csrf_token={token}"))
        })
        .await;
    assert_eq!(from_elsewhere.status, StatusCode::UNAUTHORIZED);
    assert!(alice.has_cookie("user-session"));

    let answer = alice.post(PATHS.logout, &fields).await;
    let page = alice.follow(answer).await;
    assert!(page.body.contains("You are signed out"), "{}", page.body);
    assert!(!alice.has_cookie("app-session"));
    assert!(!alice.has_cookie("user-session"));
}
