//! Section F: how long people wait for a refresh, and how often there is one.

use std::{
    cell::Cell,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use reqwest::{StatusCode, header::COOKIE};
use vestibule::internals;
use vestibule_dev::provider::{Answer, Ending, Endpoint, Lifetimes, Request};

use crate::{
    fixture::Fixture,
    support::{Browser, TestApp, client, signed_in_near_the_end, tokens_of},
    troubled_store::Troubled,
};

/// The token endpoint takes requests and answers none.
fn hang(app: &TestApp) {
    app.provider
        .faults()
        .answer(Endpoint::Token, |answer| answer.ending = Ending::Hung);
}

/// So many sessions of a person whose access tokens have ended, by their cookies.
async fn many_sessions_of(app: &TestApp, person: &str, count: usize) -> Vec<String> {
    let ended = Duration::ZERO;
    let browser = app.signed_in_with_token_for(person, ended).await;
    let record = browser.record().await;
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
    let cookies = many_sessions_of(&app, "alice", 128).await;
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
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let call = alice.fetch("/api/userinfo").await;
        assert_eq!(call.status, StatusCode::OK, "{}", call.body);
        times.push(began.elapsed());
    }
    assert!(times.iter().sum::<Duration>() < timeout, "{times:?}");
    // Only the first one waits, for a second.
    let fastest = times.iter().min().unwrap();
    assert!(*fastest < Duration::from_secs(1), "{times:?}");
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

/// How often the token of a person was asked to be refreshed with this refresh token.
fn refreshes_with(app: &TestApp, refresh_token: &str) -> usize {
    let asked = app.provider.requests_to(Endpoint::Token);
    let is_meant = |request: &&Request| request.form("refresh_token") == Some(refresh_token);
    asked.iter().filter(is_meant).count()
}

#[tokio::test]
async fn a_refresh_under_way_is_known_however_many_others_there_are_meanwhile() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.timeout = Duration::from_secs(60);
    })
    .await;
    let cookies = many_sessions_of(&app, "bob", 70).await;
    let alice = signed_in_near_the_end(&app, "alice").await;
    let tokens = tokens_of(&alice.record().await.session);
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    // That of alice alone.
    let next = app.provider.faults().once();
    next.answer(Endpoint::Token, |answer| answer.ending = Ending::Hung);
    assert_eq!(alice.fetch("/api/userinfo").await.status, StatusCode::OK);
    assert_eq!(refreshes_with(&app, refresh_token), 1);

    let (client, url) = (client(), app.base.join("/api/userinfo").unwrap());
    for cookie in cookies {
        let request = client.get(url.clone()).header(COOKIE, cookie);
        request.send().await.unwrap();
    }
    alice.fetch("/api/userinfo").await;
    assert_eq!(refreshes_with(&app, refresh_token), 1);
}

/// When a token was asked for: after the first of these times and before the second.
type Asked = (Instant, Instant);

/// Calls until the provider is asked for tokens once more.
async fn next_try(browser: &Browser) -> Asked {
    let app = &browser.app;
    let before = app.token_requests();
    let asked = Cell::new(None);
    app.eventually(async || {
        let began = Instant::now();
        browser.fetch("/api/userinfo").await;
        asked.set(Some((began, Instant::now())));
        app.token_requests() > before
    })
    .await;
    asked.get().unwrap()
}

#[tokio::test]
async fn a_provider_in_trouble_is_asked_after_ever_longer_pauses_until_it_answers() {
    let app = Fixture::start().await;
    app.provider.set_lifetimes(Lifetimes {
        access_token: Duration::ZERO,
        ..app.provider.lifetimes()
    });
    let alice = app.signed_in_as("alice").await;
    let trouble = || {
        let unavailable = Answer::new(502, "text/html", "bad gateway");
        app.provider.faults().instead(Endpoint::Token, unavailable);
    };
    trouble();
    let mut former = next_try(&alice).await;
    for pause in [1, 2, 4] {
        let next = next_try(&alice).await;
        let seen = next.1 - former.0;
        assert!(seen >= Duration::from_secs(pause), "{pause} s: {seen:?}");
        former = next;
    }

    app.provider.faults().clear();
    next_try(&alice).await;
    trouble();
    let former = next_try(&alice).await;
    let next = next_try(&alice).await;
    // It would be 16 seconds if the former failures still counted.
    let seen = next.0 - former.1;
    assert!(seen < Duration::from_secs(12), "{seen:?}");
}

#[tokio::test]
async fn tokens_that_come_after_another_change_are_not_revoked() {
    let app = Fixture::start().await;
    let ended = Duration::ZERO;
    let alice = app.signed_in_with_token_for("alice", ended).await;
    let live = alice.record().await;
    app.provider.faults().answer(Endpoint::Token, |answer| {
        answer.delay = Duration::from_secs(2);
    });
    let before = app.token_requests();
    let call = tokio::spawn({
        let alice = alice.clone();
        async move { alice.fetch("/api/userinfo").await }
    });
    app.eventually(async || app.token_requests() > before).await;
    // As an instance does that was not heard of for longer than its lease.
    let sessions = internals::sessions(app.oidc());
    assert!(sessions.renew(&live, &live.session).await.unwrap());
    call.await.unwrap();
    // Providers revoke all tokens of a sign-in together.
    assert!(app.provider.requests_to(Endpoint::Revocation).is_empty());
    assert!(alice.is_signed_in().await);
}
