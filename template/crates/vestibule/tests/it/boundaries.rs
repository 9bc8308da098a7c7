//! Limits hold to the second and to the byte: what is exactly at one is on the right side of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::web::{ServiceConfig, get};
use reqwest::StatusCode;
use serde_json::{Value, json};
use vestibule::{
    Oidc, Secret, UserSession,
    internals::{self, Registration, UserSessions},
    now,
    store::{SessionStore, Store, open},
};
use vestibule_dev::{
    provider::Endpoint,
    testing::{Page, TestApp, logs},
};

use crate::{
    fixture::{Fixture, Fresh, pages as own_pages},
    support::{CLIENT, PATHS, signed_in_as},
};

/// How far the provider's clock may be off, in seconds, by default.
const SKEW: u64 = 120;

/// Tried a few times, where the next second is on the other side already.
const TRIES: usize = 5;

async fn sign_in(app: &TestApp, from: &str) -> bool {
    let browser = app.browser();
    let list = browser.visit(from).await;
    let answer = browser.choose(&list, "alice").await;
    browser.follow(answer).await;
    browser.is_signed_in().await
}

/// Whether somebody is signed in whose ID token has this time in a claim.
async fn is_admitted(app: &TestApp, claim: &'static str, time: fn() -> u64, from: &str) -> bool {
    app.provider.faults().clear();
    app.provider
        .faults()
        .id_token(move |token| token.claims[claim] = time().into());
    for _ in 0..TRIES {
        if sign_in(app, from).await {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn times_in_an_id_token_may_be_off_by_the_tolerance_and_no_more() {
    let app = Fixture::start().await;
    let demanding = "/login?max_age=100";
    let soonest = || now() + SKEW;
    assert!(is_admitted(&app, "iat", soonest, PATHS.login).await);
    assert!(is_admitted(&app, "nbf", soonest, PATHS.login).await);
    assert!(is_admitted(&app, "auth_time", soonest, demanding).await);
    assert!(is_admitted(&app, "iat", || now() - 600 - SKEW, PATHS.login).await);
    assert!(is_admitted(&app, "auth_time", || now() - 100 - SKEW, demanding).await);

    assert!(!is_admitted(&app, "iat", || now() - 601 - SKEW, PATHS.login).await);
    assert!(!is_admitted(&app, "auth_time", || now() - 101 - SKEW, demanding).await);
    assert!(!is_admitted(&app, "exp", || now() - SKEW, PATHS.login).await);
    // Two more, as the next second comes closer to them.
    assert!(!is_admitted(&app, "iat", || now() + SKEW + 30, PATHS.login).await);
    assert!(!is_admitted(&app, "nbf", || now() + SKEW + 30, PATHS.login).await);
    assert!(!is_admitted(&app, "auth_time", || now() + SKEW + 30, demanding).await);
}

#[tokio::test]
async fn a_session_that_would_end_at_once_is_none() {
    let app = Fixture::start().await;
    app.provider
        .faults()
        .id_token(|token| token.claims["session_expiry"] = now().into());
    // It is refused, and not begun to be over by the next page.
    let page = app.browser().sign_in_as("alice", "/profile").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{page:?}");
    assert!(page.body.contains("id_token"), "{page:?}");
}

async fn is_heard(app: &TestApp, claim: &'static str, time: fn() -> u64) -> bool {
    app.provider.faults().clear();
    app.provider
        .faults()
        .logout_token(move |token| token.claims[claim] = time().into());
    for _ in 0..TRIES {
        let token = app.provider.logout_token(CLIENT, Some("alice"), None);
        let notice = [("logout_token", &*token.unwrap())];
        let answer = app.browser();
        let answer = answer.post(PATHS.backchannel_logout, &notice).await;
        if answer.status == StatusCode::OK {
            return true;
        }
    }
    false
}

#[tokio::test]
async fn times_in_a_notice_may_be_off_by_the_tolerance_and_no_more() {
    let app = Fixture::start().await;
    assert!(is_heard(&app, "iat", || now() + SKEW).await);
    assert!(is_heard(&app, "iat", || now() - 120 - SKEW).await);
    assert!(!is_heard(&app, "iat", || now() - 121 - SKEW).await);
    assert!(!is_heard(&app, "exp", || now() - SKEW).await);
}

#[tokio::test]
async fn signed_userinfo_ends_with_the_tolerance() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.userinfo = vestibule::settings::Userinfo::Required;
    })
    .await;
    app.provider.set_signed_userinfo(true);
    let faults = app.provider.faults();
    faults.userinfo(|token| token.claims["exp"] = (now() + 60).into());
    assert!(sign_in(&app, PATHS.login).await);
    faults.clear();
    faults.userinfo(|token| token.claims["exp"] = (now() - SKEW).into());
    assert!(!sign_in(&app, PATHS.login).await);
}

fn vault(oidc: &Oidc, config: &mut ServiceConfig) {
    config.route("/vault", get().to(async |_: Fresh<60>| "the vault"));
    own_pages(oidc, config);
}

#[tokio::test]
async fn an_authentication_is_fresh_for_as_long_as_the_page_says() {
    let app = Fixture::start_with_pages(vault).await;
    let opens = async |age: fn() -> u64| {
        app.provider.faults().clear();
        app.provider
            .faults()
            .id_token(move |token| token.claims["auth_time"] = age().into());
        for _ in 0..TRIES {
            let alice = app.signed_in_as("alice").await;
            if alice.fetch("/vault").await.status == StatusCode::OK {
                return true;
            }
        }
        false
    };
    assert!(opens(|| now() - 60 - SKEW).await);
    assert!(!opens(|| now() - 61 - SKEW).await);
}

fn sessions(idle: Duration, store: Arc<dyn Store>) -> UserSessions {
    let registration = Registration::new("main", "https://id.example.com", CLIENT);
    let secrets = [Secret::new("a secret")];
    let life = Duration::from_secs(3600);
    UserSessions::new(store, vec![registration], &secrets, idle, life).unwrap()
}

#[tokio::test]
async fn a_session_ends_in_the_second_that_it_says() {
    let alice = signed_in_as("alice").await;
    let record = serde_json::to_value(&alice.record().await.session).unwrap();
    let session = |expires_at: u64| -> UserSession {
        let mut record = record.clone();
        record["issuer"] = "https://id.example.com".into();
        record["expires_at"] = expires_at.into();
        serde_json::from_value(record).unwrap()
    };
    let hour = Duration::from_secs(3600);
    let store = open(&SessionStore::Memory).await.unwrap();
    for (expires_at, idle, is_alive) in [
        (now() + 60, hour, true),
        (now(), hour, false),
        // Idle for as long as it may be, and that is not at all.
        (now() + 60, Duration::ZERO, false),
    ] {
        let sessions = sessions(idle, Arc::clone(&store));
        let id = sessions.begin(&session(expires_at)).await.unwrap();
        let found = sessions.find(&id).await.unwrap();
        assert_eq!(found.is_some(), is_alive, "{expires_at} {idle:?}");
    }
}

/// Waits for the second in which it is this late.
async fn at(second: u64) {
    while now() < second {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_session_in_memory_ends_in_its_second_and_a_visit_is_told_in_its_own() {
    let alice = signed_in_as("alice").await;
    let mut record = serde_json::to_value(&alice.record().await.session).unwrap();
    record["issuer"] = "https://id.example.com".into();
    let store = open(&SessionStore::Memory).await.unwrap();
    // Visits are told when a twelfth of this has passed since the last one.
    let sessions = sessions(Duration::from_secs(12), Arc::clone(&store));
    at(now() + 1).await;
    let begun = now();
    record["expires_at"] = (begun + 2).into();
    let session = serde_json::from_value(record).unwrap();
    let id = sessions.begin(&session).await.unwrap();
    sessions.find(&id).await.unwrap();
    at(begun + 1).await;
    sessions.find(&id).await.unwrap();
    let person = internals::subject_key("https://id.example.com", CLIENT, "alice");
    let rows = store.list_by_subject(person, begun + 1).await.unwrap();
    assert_eq!(rows[0].last_seen, begun + 1);
    at(begun + 2).await;
    assert!(sessions.find(&id).await.unwrap().is_none());
}

/// Pads a token until what comes of it has exactly this length, and returns what happened
/// then. Base64 grows in steps, so that the header is padded too.
async fn with_length<T>(app: &TestApp, wanted: usize, attempt: impl AsyncFn() -> (usize, T)) -> T {
    for header in 0..4 {
        let mut padding = 0;
        for _ in 0..12 {
            app.provider.faults().clear();
            app.provider.faults().id_token(move |token| {
                token.header["padding"] = "x".repeat(header).into();
                token.claims["padding"] = "x".repeat(padding).into();
            });
            let (length, outcome) = attempt().await;
            if length == wanted {
                return outcome;
            }
            let missing = wanted.saturating_sub(length);
            if length > wanted {
                break;
            }
            padding += (missing * 3 / 4).max(1);
        }
    }
    panic!("nothing of {wanted} bytes can be made");
}

#[tokio::test]
async fn an_id_token_may_be_as_long_as_the_bound() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.userinfo = vestibule::settings::Userinfo::Off;
    })
    .await;
    let length = Arc::new(AtomicUsize::new(0));
    let attempt = async || {
        let seen = Arc::clone(&length);
        app.provider.faults().json(Endpoint::Token, move |answer| {
            let id_token = answer["id_token"].as_str().unwrap_or_default();
            seen.store(id_token.len(), Ordering::Relaxed);
        });
        let is_signed_in = sign_in(&app, PATHS.login).await;
        (length.load(Ordering::Relaxed), is_signed_in)
    };
    assert!(with_length(&app, 128 * 1024, attempt).await);
}

#[tokio::test]
async fn a_redirect_may_be_as_long_as_the_bound() {
    let app = Fixture::start().await;
    let attempt = async || {
        let alice = app.signed_in_as("alice").await;
        let leaving = alice.sign_out().await;
        if leaving.status != StatusCode::SEE_OTHER {
            return (usize::MAX, false);
        }
        (leaving.location().as_str().len(), true)
    };
    assert!(with_length(&app, 8000, attempt).await);
}

#[tokio::test]
async fn a_token_may_be_as_long_as_the_bound() {
    let app = Fixture::start().await;
    for (length, is_admitted) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
        app.provider.faults().clear();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            answer["refresh_token"] = "x".repeat(length).into();
        });
        assert_eq!(sign_in(&app, PATHS.login).await, is_admitted, "{length}");
    }
}

#[tokio::test]
async fn a_subject_may_have_as_many_characters_as_the_specification_says() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.userinfo = vestibule::settings::Userinfo::Off;
    })
    .await;
    for (length, is_admitted) in [(255, true), (256, false)] {
        app.provider.faults().clear();
        app.provider.faults().id_token(move |token| {
            token.claims["sub"] = "s".repeat(length).into();
        });
        assert_eq!(sign_in(&app, PATHS.login).await, is_admitted, "{length}");
    }
}

#[tokio::test]
async fn a_hint_may_be_as_long_as_an_address() {
    let app = Fixture::start().await;
    for (length, goes_along) in [(254, true), (255, false)] {
        let login = format!("/login?login_hint={}", "a".repeat(length));
        let request = app.browser().get(&login).await.location();
        let mut sent = request.query_pairs();
        let has_hint = sent.any(|(name, _)| name == "login_hint");
        assert_eq!(has_hint, goes_along, "{length}");
    }
}

#[tokio::test]
async fn who_signs_in_for_the_first_time_has_ended_no_session() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let page: Page = browser.get(answer.location().as_str()).await;
    let log = logs::with(page.header("x-request-id"));
    assert!(log.contains("signed in"), "{log}");
    assert!(!log.contains("sessions_revoked"), "{log}");
}

#[tokio::test]
async fn several_audiences_are_more_than_one() {
    let app = Fixture::start().await;
    let audiences = |audiences: Value| {
        app.provider.faults().clear();
        app.provider.faults().id_token(move |token| {
            token.claims["aud"] = audiences.clone();
            token.claims.as_object_mut().unwrap().remove("azp");
        });
    };
    audiences(json!([CLIENT]));
    assert!(sign_in(&app, PATHS.login).await);
    audiences(json!([CLIENT, CLIENT]));
    assert!(!sign_in(&app, PATHS.login).await);
}
