//! Section U: the userinfo endpoint.

use reqwest::StatusCode;
use serde_json::{Value, json};
use vestibule::settings::Userinfo;
use vestibule_dev::{
    provider::{Answer, Endpoint, Misbehaviour},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{Browser, TestApp, tokens_of},
};

use super::{assert_accepted, assert_refused, remove};

async fn app_with(userinfo: Userinfo) -> TestApp {
    Fixture::start_with(|settings| settings.relying_party.userinfo = userinfo).await
}

#[tokio::test]
async fn u1_claims_of_another_person_are_refused() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for sub in [
        json!("somebody-else"),
        json!("Alice"),
        json!(" alice"),
        json!(""),
        json!(["alice"]),
        Value::Null,
    ] {
        let what = sub.to_string();
        app.provider.faults().clear();
        app.provider
            .faults()
            .json(Endpoint::Userinfo, move |claims| {
                claims["sub"] = sub.clone();
            });
        assert_refused(&bob, "user_info", &what).await;
    }
    app.provider.faults().clear();
    app.provider.faults().json(Endpoint::Userinfo, |claims| {
        claims.as_object_mut().unwrap().remove("sub");
    });
    assert_refused(&bob, "user_info", "nobody's").await;
    app.provider.faults().clear();
    assert_accepted(&app, "her own claims").await;
}

#[tokio::test]
async fn u1_claims_of_another_person_are_not_shown_later_either() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    app.provider.faults().set(Misbehaviour::OtherPerson);
    let answer = alice.fetch("/api/userinfo").await;
    assert_eq!(answer.json()["code"], "user_info");
    assert!(!answer.body.contains("somebody-else"));
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn u2_the_access_token_travels_in_the_header_only() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    alice.fetch("/api/userinfo").await;
    let tokens = tokens_of(&alice.record().await.session);
    let token = tokens["access_token"].as_str().unwrap();
    let requests = app.provider.requests_to(Endpoint::Userinfo);
    assert_eq!(requests.len(), 2);
    for request in requests {
        let header = request.header("authorization").unwrap();
        assert_eq!(header, format!("Bearer {token}"));
        assert!(request.query.is_empty());
        assert!(request.form.is_empty());
    }
}

/// What a userinfo endpoint can say that is of no use.
fn unusable() -> [(&'static str, Answer); 14] {
    let json = |text: &str| Answer::new(200, "application/json", text);
    let html = |status: u16| Answer::new(status, "text/html", "<p>Hello</p>");
    [
        ("an array", json(r#"[{"sub":"alice"}]"#)),
        ("null", json("null")),
        ("a string", json(r#""alice""#)),
        ("nothing", json("")),
        ("cut short", json(r#"{"sub":"alice","#)),
        ("deeply nested", json(&"[".repeat(100_000))),
        (
            "not UTF-8",
            Answer::new(200, "application/json", b"\xff".to_vec()),
        ),
        ("HTML", html(200)),
        (
            "no JSON by its type",
            Answer::new(200, "text/plain", r#"{"sub":"alice"}"#),
        ),
        (
            "401",
            Answer::oauth_error(401, "invalid_token", "who are you?"),
        ),
        ("403", html(403)),
        ("500", html(500)),
        (
            "a redirect",
            html(302).with_header("location", "http://localhost:1/"),
        ),
        (
            "513 KB",
            json(&format!(
                r#"{{"sub":"alice","x":"{}"}}"#,
                "x".repeat(513 * 1024)
            )),
        ),
    ]
}

#[tokio::test]
async fn u4_an_unusable_answer_is_no_obstacle_when_it_is_optional() {
    let app = app_with(Userinfo::Optional).await;
    for (what, answer) in unusable() {
        app.provider.faults().clear();
        app.provider.faults().instead(Endpoint::Userinfo, answer);
        let alice = assert_accepted(&app, what).await;
        let me = alice.fetch("/api/me").await.json();
        assert_eq!(me["email"], "alice@example.com", "{what}");
        // Asked by the app itself it is an error, and she stays signed in.
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.json()["code"], "provider_unavailable", "{what}");
        assert!(alice.is_signed_in().await, "{what}");
    }
}

#[tokio::test]
async fn u4_an_unusable_answer_is_fatal_when_it_is_required() {
    let app = app_with(Userinfo::Required).await;
    let bob = app.signed_in_as("bob").await;
    for (what, answer) in unusable() {
        app.provider.faults().clear();
        app.provider.faults().instead(Endpoint::Userinfo, answer);
        let page = assert_refused(&bob, "provider_unavailable", what).await;
        let log = logs::with(page.header("x-request-id"));
        assert!(log.contains("userinfo endpoint"), "{what}: {log}");
    }
    app.provider.faults().clear();
    assert_accepted(&app, "a usable answer").await;
}

/// The provider tells of her e-mail address by the userinfo endpoint only.
async fn email_after_sign_in(app: &TestApp, what: &str) -> Value {
    app.provider
        .faults()
        .id_token(|token| remove(token, "email"));
    let alice: Browser = assert_accepted(app, what).await;
    alice.fetch("/api/me").await.json()["email"].clone()
}

#[tokio::test]
async fn u5_signing_in_works_while_userinfo_is_down_with_what_the_id_token_says() {
    let app = app_with(Userinfo::Optional).await;
    assert_eq!(email_after_sign_in(&app, "up").await, "alice@example.com");
    app.provider.faults().set(Misbehaviour::UserinfoDown);
    assert_eq!(email_after_sign_in(&app, "down").await, Value::Null);
}

#[tokio::test]
async fn u5_userinfo_is_not_asked_when_it_is_off() {
    let app = app_with(Userinfo::Off).await;
    assert_eq!(email_after_sign_in(&app, "off").await, Value::Null);
    assert!(app.provider.requests_to(Endpoint::Userinfo).is_empty());
}

#[tokio::test]
async fn u5_a_provider_without_userinfo_is_fine_unless_it_is_required() {
    for (userinfo, status) in [
        (Userinfo::Optional, StatusCode::OK),
        (Userinfo::Off, StatusCode::OK),
        (Userinfo::Required, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let app = Fixture::start_prepared(|settings, provider| {
            settings.relying_party.userinfo = userinfo;
            provider.faults().json(Endpoint::Metadata, |metadata| {
                metadata
                    .as_object_mut()
                    .unwrap()
                    .remove("userinfo_endpoint");
            });
        })
        .await;
        let page = app.browser().sign_in_as("alice", "/profile").await;
        assert_eq!(page.status, status, "{userinfo:?}");
    }
}
