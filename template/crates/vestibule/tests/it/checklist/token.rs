//! Section T: the token endpoint.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use vestibule::{
    Secret, now,
    settings::{Credential, SecretMethod},
};
use vestibule_dev::{
    provider::{Answer, Client, Ending, Endpoint, Misbehaviour},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{PATHS, tokens_of},
};

use super::{assert_accepted, assert_is_error_page, assert_refused, remove};

#[tokio::test]
async fn t1_the_exchange_says_who_asks_and_repeats_what_was_sent() {
    // Each character that one of the two encodings could stumble over.
    let (id, secret) = ("app:1/ä+&=% x", "p+ss: w%rd&=ü\"'");
    for method in [SecretMethod::Basic, SecretMethod::Post] {
        let app = Fixture::start_prepared(|settings, provider| {
            provider.register(Client {
                id: id.to_owned(),
                secret: secret.to_owned(),
                redirect_uris: vec![settings.relying_party.login_redirect_uri.to_string()],
                post_logout_redirect_uris: Vec::new(),
                backchannel_logout_uri: None,
            });
            let client = settings.provider.as_mut().unwrap();
            client.client_id = id.to_owned();
            client.credential = Credential::Secret {
                secret: Secret::new(secret),
                method: Some(method),
            };
        })
        .await;
        assert_accepted(&app, &format!("{method:?}")).await;

        let exchange = &app.provider.requests_to(Endpoint::Token)[0];
        assert_eq!(exchange.method, "POST");
        assert!(exchange.query.is_empty());
        let content_type = exchange.header("content-type").unwrap();
        assert_eq!(content_type, "application/x-www-form-urlencoded");
        assert_eq!(exchange.form("grant_type"), Some("authorization_code"));
        let callback = format!("{}authorization-code/callback", app.base);
        assert_eq!(exchange.form("redirect_uri"), Some(callback.as_str()));
        assert!(exchange.form("code_verifier").is_some());
        let in_body = exchange.form("client_secret");
        match method {
            SecretMethod::Basic => {
                assert!(
                    exchange
                        .header("authorization")
                        .unwrap()
                        .starts_with("Basic ")
                );
                assert_eq!(in_body, None);
            }
            SecretMethod::Post => {
                assert_eq!(exchange.header("authorization"), None);
                assert_eq!(in_body, Some(secret));
            }
        }
    }
}

/// Part of every unusable body; it has no business in the log.
const MARKER: &str = "what-t2-puts-into-the-body";

#[tokio::test]
async fn t2_an_unusable_answer_is_refused_and_not_logged() {
    let error = |status: u16, error: &str| Answer::oauth_error(status, error, MARKER);
    let json = |text: &str| Answer::new(200, "application/json", text.replace('@', MARKER));
    let html = |status: u16| Answer::new(status, "text/html", format!("<p>{MARKER}</p>"));
    let answers = [
        ("invalid_grant", "code_refused", error(400, "invalid_grant")),
        (
            "invalid_client",
            "token_answer",
            error(401, "invalid_client"),
        ),
        (
            "an unknown error",
            "token_answer",
            error(400, "x\n@ forged log line"),
        ),
        (
            "a long error",
            "token_answer",
            error(400, &"without-end-".repeat(2000)),
        ),
        ("400 with HTML", "token_answer", html(400)),
        (
            "400 with nothing",
            "token_answer",
            Answer::new(400, "text/plain", ""),
        ),
        ("200 with HTML", "token_answer", html(200)),
        (
            "204",
            "token_answer",
            Answer::new(204, "application/json", ""),
        ),
        ("307", "token_answer", html(307)),
        ("500", "provider_unavailable", html(500)),
        (
            "503 with JSON",
            "provider_unavailable",
            error(503, "invalid_grant"),
        ),
        ("nothing", "token_answer", json("")),
        ("null", "token_answer", json("null")),
        ("an array", "token_answer", json(r#"["@"]"#)),
        ("a string", "token_answer", json(r#""@""#)),
        ("an empty object", "token_answer", json("{}")),
        (
            "no access_token",
            "token_answer",
            json(r#"{"token_type":"Bearer","x":"@"}"#),
        ),
        (
            "cut short",
            "token_answer",
            json(r#"{"token_type":"Bearer","access_token":"@"#),
        ),
        (
            "a wrong type",
            "token_answer",
            json(r#"{"token_type":"Bearer","access_token":["@"]}"#),
        ),
        ("deeply nested", "token_answer", json(&"[".repeat(100_000))),
        (
            "not UTF-8",
            "token_answer",
            Answer::new(
                200,
                "application/json",
                b"{\"access_token\":\"\xff\xfe\"}".to_vec(),
            ),
        ),
        (
            "another content type",
            "token_answer",
            Answer::new(
                200,
                "text/plain",
                format!("{{\"access_token\":\"{MARKER}\"}}"),
            ),
        ),
        (
            "513 KB",
            "provider_unavailable",
            json(&format!("{{\"x\":\"{}\"}}", "x".repeat(513 * 1024))),
        ),
    ];
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for (what, code, answer) in answers {
        app.provider.faults().clear();
        app.provider.faults().instead(Endpoint::Token, answer);
        let page = assert_refused(&bob, code, what).await;
        let log = logs::with(page.header("x-request-id"));
        assert!(log.contains(code), "{what}: {log}");
        assert!(!page.body.contains(MARKER), "{what}");
    }
    let log = logs::all();
    let leaks: Vec<_> = log.lines().filter(|line| line.contains(MARKER)).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(!log.lines().any(|line| line.starts_with("@ forged")));
    app.provider.faults().clear();
    assert_accepted(&app, "a usable answer").await;
}

#[tokio::test]
async fn t3_an_answer_without_an_id_token_is_refused() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    app.provider.faults().set(Misbehaviour::NoIdToken);
    assert_refused(&bob, "token_answer", "missing").await;
    for (value, code) in [
        (Value::Null, "token_answer"),
        (json!(5), "token_answer"),
        (json!(""), "token_answer"),
        (json!("x"), "id_token"),
    ] {
        let what = value.to_string();
        app.provider.faults().clear();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            answer["id_token"] = value.clone();
        });
        assert_refused(&bob, code, &what).await;
    }
}

#[tokio::test]
async fn t4_only_bearer_tokens_are_accepted_in_any_case() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for kind in ["DPoP", "mac", "N_A", "Bearer2", "Bearer "] {
        app.provider.faults().clear();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            answer["token_type"] = json!(kind);
        });
        assert_refused(&bob, "token_answer", kind).await;
    }
    app.provider.faults().clear();
    app.provider.faults().json(Endpoint::Token, |answer| {
        answer.as_object_mut().unwrap().remove("token_type");
    });
    assert_accepted(&app, "missing").await;
    for kind in ["Bearer", "bearer", "BEARER"] {
        app.provider.faults().clear();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            answer["token_type"] = json!(kind);
        });
        assert_accepted(&app, kind).await;
    }
}

#[tokio::test]
async fn t5_an_access_token_without_expires_in_does_not_live_forever() {
    let app = Fixture::start().await;
    for (expires_in, life) in [(None, 300), (Some(3600), 3600), (Some(0), 0)] {
        app.provider.faults().clear();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            let answer = answer.as_object_mut().unwrap();
            answer.remove("expires_in");
            if let Some(seconds) = expires_in {
                answer.insert("expires_in".to_owned(), json!(seconds));
            }
        });
        let before = now();
        let alice = assert_accepted(&app, &format!("{expires_in:?}")).await;
        let end = tokens_of(&alice.record().await.session)["access_token_expires_at"]
            .as_u64()
            .unwrap();
        assert!(
            (before + life..=now() + life).contains(&end),
            "{expires_in:?}"
        );
    }
}

#[tokio::test]
async fn t6_tokens_that_fit_no_header_are_refused() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for name in ["access_token", "refresh_token"] {
        for value in [
            "a\nb",
            "a\r\nx-injected: 1",
            "a\0b",
            "a\u{7f}",
            "a b",
            "ä",
            &"x".repeat(64 * 1024 + 1),
        ] {
            app.provider.faults().clear();
            let what = format!("{name} {value:.20?}");
            let value = value.to_owned();
            app.provider.faults().json(Endpoint::Token, move |answer| {
                answer[name] = json!(value);
            });
            assert_refused(&bob, "token_answer", &what).await;
        }
    }
    app.provider.faults().clear();
    app.provider
        .faults()
        .json(Endpoint::Token, |answer| answer["access_token"] = json!(""));
    assert_refused(&bob, "token_answer", "no access token").await;
}

#[tokio::test]
async fn t6_an_access_token_of_16_kb_is_accepted() {
    let app = Fixture::start().await;
    let faults = app.provider.faults();
    faults.json(Endpoint::Token, |answer| {
        answer["access_token"] = json!("x".repeat(16 * 1024));
    });
    faults.id_token(|token| remove(token, "at_hash"));
    // The provider itself would not know this token.
    let claims = Answer::json(200, &json!({ "sub": "alice" }));
    faults.instead(Endpoint::Userinfo, claims);
    let alice = assert_accepted(&app, "16 KB").await;
    assert_eq!(alice.fetch("/api/userinfo").await.status, StatusCode::OK);
    for (name, value) in alice.cookies() {
        assert!(value.len() < 1024, "{name}");
    }
}

#[tokio::test]
async fn t9_a_token_endpoint_that_hangs_is_given_up() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.timeout = Duration::from_secs(3);
    })
    .await;
    let bob = app.signed_in_as("bob").await;
    for ending in [Ending::Hung, Ending::Endless] {
        app.provider.faults().clear();
        app.provider
            .faults()
            .answer(Endpoint::Token, move |answer| answer.ending = ending);
        assert_refused(&bob, "provider_unavailable", &format!("{ending:?}")).await;
    }
}

#[tokio::test]
async fn t9_other_requests_are_answered_meanwhile() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.timeout = Duration::from_secs(120);
    })
    .await;
    let bob = app.signed_in_as("bob").await;
    app.provider
        .faults()
        .answer(Endpoint::Token, |answer| answer.ending = Ending::Hung);
    let mut waiting = Vec::new();
    for _ in 0..10 {
        let browser = app.browser();
        let request = browser.get(PATHS.login).await.location();
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        waiting.push(tokio::spawn(async move { browser.get(&answer).await }));
    }
    app.eventually(async || app.token_requests() == 11).await;

    assert_eq!(bob.get("/profile").await.status, StatusCode::OK);
    assert_eq!(bob.get("/healthz").await.status, StatusCode::OK);
    let login = app.browser().get(PATHS.login).await;
    assert_eq!(login.status, StatusCode::SEE_OTHER);

    for callback in waiting {
        assert!(!callback.is_finished());
        callback.abort();
    }
    app.provider.stop().await;
}

#[tokio::test]
async fn t10_fewer_scopes_are_kept_as_granted() {
    let app = Fixture::start_prepared(|settings, _| {
        settings.relying_party.scopes = ["openid", "profile", "email"].map(str::to_owned).into();
    })
    .await;
    for (granted, kept) in [
        (Some("openid"), vec!["openid"]),
        (Some("openid email"), vec!["openid", "email"]),
        // Left out, it says: all that was asked for (RFC 6749 5.1).
        (None, vec!["openid", "profile", "email"]),
    ] {
        app.provider.faults().clear();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            match granted {
                Some(scope) => answer["scope"] = json!(scope),
                None => {
                    answer.as_object_mut().unwrap().remove("scope");
                }
            };
        });
        let alice = assert_accepted(&app, &format!("{granted:?}")).await;
        assert_eq!(alice.record().await.session.scopes(), kept);
    }
}

#[tokio::test]
async fn t10_without_offline_access_nothing_is_refreshed() {
    let app = Fixture::start_prepared(|settings, _| {
        settings.relying_party.scopes = vec!["openid".to_owned(), "offline_access".to_owned()];
    })
    .await;
    app.provider.faults().json(Endpoint::Token, |answer| {
        let answer = answer.as_object_mut().unwrap();
        answer.insert("scope".to_owned(), json!("openid"));
        answer.insert("expires_in".to_owned(), json!(0));
        answer.remove("refresh_token");
    });
    let alice = assert_accepted(&app, "offline_access was not granted").await;
    let before = app.token_requests();
    let page = alice.fetch("/api/userinfo").await;
    assert_eq!(page.json()["code"], "refresh_refused");
    assert_eq!(app.token_requests(), before);
}

#[tokio::test]
async fn a_refused_exchange_leaves_a_page_that_begins_anew() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    app.provider.faults().set(Misbehaviour::InvalidGrant);
    let page = browser.get(answer.location().as_str()).await;
    assert_is_error_page(&page, "code_refused", "invalid_grant");
    app.provider.faults().clear();
    let page = browser.sign_in_as("alice", &page.button()).await;
    assert_eq!(page.url.path(), "/profile");
}
