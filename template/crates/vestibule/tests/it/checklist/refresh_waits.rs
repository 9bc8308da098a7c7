//! Section F: how long people wait for a refresh, and how often there is one.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use reqwest::{StatusCode, header::COOKIE};
use vestibule::internals;
use vestibule_dev::provider::{Ending, Endpoint, Lifetimes};

use crate::{
    fixture::Fixture,
    support::{TestApp, client, signed_in_near_the_end},
    troubled_store::Troubled,
};

/// The token endpoint takes requests and answers none.
fn hang(app: &TestApp) {
    app.provider
        .faults()
        .answer(Endpoint::Token, |answer| answer.ending = Ending::Hung);
}

/// So many others who are signed in as alice is, by their cookies.
async fn others_like_alice(app: &TestApp, count: usize) -> Vec<String> {
    let ended = Duration::ZERO;
    let alice = app.signed_in_with_token_for("alice", ended).await;
    let record = alice.record().await;
    let (sessions, name) = (internals::sessions(app.oidc()), app.cookie("user-session"));
    let mut cookies = Vec::new();
    for _ in 0..count {
        let id = sessions.begin(&record.session).await.unwrap();
        cookies.push(format!("{name}={}", id.to_cookie_value()));
    }
    cookies
}

#[tokio::test]
async fn f10_nobody_waits_for_the_refreshes_of_others() {
    const TIMEOUT: Duration = Duration::from_secs(4);
    let app = Fixture::start_with(|settings| settings.relying_party.timeout = TIMEOUT).await;
    let cookies = others_like_alice(&app, 128).await;
    hang(&app);
    let client = client();
    let url = app.base.join("/api/userinfo").unwrap();
    let calls: Vec<_> = cookies
        .into_iter()
        .map(|cookie| {
            let request = client.get(url.clone()).header(COOKIE, cookie);
            tokio::spawn(async move {
                let began = Instant::now();
                let answer = request.send().await.unwrap();
                (answer.status(), began.elapsed())
            })
        })
        .collect();
    for call in calls {
        let (status, time) = call.await.unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        // One time-out, and what a busy machine takes besides.
        assert!(time < 2 * TIMEOUT, "{time:?}");
    }
}

#[tokio::test]
async fn f10_all_requests_of_one_person_wait_for_one_time_out_only() {
    const TIMEOUT: Duration = Duration::from_secs(4);
    let app = Fixture::start_with(|settings| settings.relying_party.timeout = TIMEOUT).await;
    let ended = Duration::ZERO;
    let alice = app.signed_in_with_token_for("alice", ended).await;
    // The refresh itself is answered, and then its keys are not.
    app.provider.rotate_keys(false).unwrap();
    app.provider
        .faults()
        .answer(Endpoint::Keys, |answer| answer.ending = Ending::Hung);
    app.provider.faults().answer(Endpoint::Token, |answer| {
        answer.delay = Duration::from_secs(3);
    });
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move {
                let began = Instant::now();
                let answer = alice.fetch("/api/userinfo").await;
                (answer.json()["code"].clone(), began.elapsed())
            })
        })
        .collect();
    for call in calls {
        let (code, time) = call.await.unwrap();
        assert_eq!(code, "provider_unavailable");
        assert!(time < 3 * TIMEOUT / 2, "{time:?}");
    }
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn f10_a_valid_token_is_used_while_its_refresh_hangs() {
    let app = Fixture::start().await;
    let timeout = app.oidc().settings().relying_party.timeout;
    let alice = signed_in_near_the_end(&app, "alice").await;
    hang(&app);
    let before = app.token_requests();
    let began = Instant::now();
    for _ in 0..5 {
        let call = alice.fetch("/api/userinfo").await;
        assert_eq!(call.status, StatusCode::OK, "{}", call.body);
    }
    assert!(began.elapsed() < timeout, "{:?}", began.elapsed());
    assert_eq!(app.token_requests() - before, 1);
}

#[tokio::test]
async fn f11_a_short_lived_token_is_not_refreshed_on_every_request() {
    let app = Fixture::start().await;
    app.provider.set_lifetimes(Lifetimes {
        access_token: Duration::from_secs(25),
        ..app.provider.lifetimes()
    });
    let alice = app.signed_in_as("alice").await;
    let before = app.token_requests();
    for _ in 0..5 {
        let call = alice.fetch("/api/userinfo").await;
        assert_eq!(call.status, StatusCode::OK);
    }
    assert_eq!(app.token_requests(), before);
}

#[tokio::test]
async fn f11_a_short_lived_token_is_refreshed_before_it_ends() {
    let app = Fixture::start().await;
    let short = Duration::from_secs(8);
    let alice = app.signed_in_with_token_for("alice", short).await;
    let (began, before) = (Instant::now(), app.token_requests());
    app.eventually(async || {
        let call = alice.fetch("/api/userinfo").await;
        assert_eq!(call.status, StatusCode::OK);
        app.token_requests() > before
    })
    .await;
    assert!(began.elapsed() < short, "{:?}", began.elapsed());
}

#[tokio::test]
async fn f10_an_instance_that_dies_has_others_wait_a_little_longer_than_a_refresh_may_take() {
    const TIMEOUT: u64 = 7;
    let store = Troubled::open().await;
    store.is_shared.store(true, Ordering::Relaxed);
    let fixture = Fixture::over(store.clone());
    let prepared = fixture.prepared(|settings, _| {
        settings.relying_party.timeout = Duration::from_secs(TIMEOUT);
    });
    let app = prepared.start().await;
    let ended = Duration::ZERO;
    let alice = app.signed_in_with_token_for("alice", ended).await;
    store.last_lease.store(0, Ordering::Relaxed);
    let answer = alice.fetch("/api/userinfo").await;
    assert_eq!(answer.status, StatusCode::OK);
    // Metadata, tokens and new keys may take a time-out each.
    let lease = store.last_lease.load(Ordering::Relaxed);
    assert!((3 * TIMEOUT + 1..4 * TIMEOUT).contains(&lease), "{lease}");
}
