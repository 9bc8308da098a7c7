//! Section F: access tokens that are renewed, and tokens that are revoked.

use std::time::Duration;

use reqwest::StatusCode;
use vestibule::{Secret, store::SessionStore};
use vestibule_dev::{
    provider::{Answer, Ending, Endpoint, Jws, Signature},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    processes::Instances,
    redis_server::Server,
    support::{Browser, PATHS, Page, signed_in_near_the_end, tokens_of},
};

/// How long an access token lives that has ended when it comes.
const ENDED: Duration = Duration::from_secs(0);

async fn status_of_a_call(browser: &Browser) -> StatusCode {
    browser.fetch("/api/userinfo").await.status
}

#[tokio::test]
async fn f1_an_access_token_is_renewed_once_for_all_requests() {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let before = app.token_requests();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move { status_of_a_call(&alice).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(app.token_requests() - before, 1);
}

#[tokio::test]
async fn f1_a_token_with_time_left_is_not_renewed() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let before = app.token_requests();
    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    assert_eq!(app.token_requests(), before);
}

/// Alice, whose app was killed while it waited for this endpoint's answer, and
/// was started again.
async fn after_a_crash_at(endpoint: Endpoint) -> (Browser, Instances) {
    let mut instances = Instances::start(1, "embedded:sessions.redb", &[]).await;
    instances.ready().await;
    let alice = instances.app.signed_in_with_token_for("alice", ENDED).await;

    let provider = instances.app.provider.clone();
    let before = provider.requests_to(endpoint).len();
    provider
        .faults()
        .answer(endpoint, |answer| answer.ending = Ending::Hung);
    let call = {
        let alice = alice.clone();
        tokio::spawn(async move { status_of_a_call(&alice).await })
    };
    instances
        .app
        .eventually(async || provider.requests_to(endpoint).len() > before)
        .await;
    instances.kill(0);
    assert!(call.await.is_err(), "it got no answer");
    provider.faults().clear();
    instances.start_one(0);
    instances.ready().await;
    (alice, instances)
}

#[tokio::test]
async fn f2_a_rotated_refresh_token_is_stored_before_its_access_token_is_used() {
    let (alice, instances) = after_a_crash_at(Endpoint::Userinfo).await;
    let before = instances.app.token_requests();
    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    assert_eq!(instances.app.token_requests(), before, "it had been stored");
}

#[tokio::test]
async fn f2_a_refresh_token_lost_in_a_crash_means_a_new_sign_in() {
    let (alice, _instances) = after_a_crash_at(Endpoint::Token).await;
    let page = alice.get("/api/userinfo").await;
    assert_eq!(page.location().path(), PATHS.login);
    assert!(!alice.is_signed_in().await, "nothing half-alive");
}

#[tokio::test]
async fn f3_a_refused_renewal_ends_the_sign_in() {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let tab = app.signed_in_with_token_for("alice", ENDED).await;
    app.provider.faults().instead(
        Endpoint::Token,
        Answer::oauth_error(400, "invalid_grant", "it is over"),
    );
    let answer = alice.fetch("/api/userinfo").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["code"], "refresh_refused");
    assert!(!alice.is_signed_in().await);
    // It happens in a task of its own; the log tells to which request that belongs.
    let ended = app.events("sessions_revoked");
    assert_eq!(ended.len(), 1);
    assert!(ended[0].contains(" request="), "{}", ended[0]);

    let page = tab.get("/api/userinfo").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location().path(), PATHS.login);
    assert_eq!(
        page.location().query(),
        Some("return_to=%2Fapi%2Fuserinfo"),
        "and back"
    );
}

/// What becomes of Alice's sign-in, whose access token has ended, when the token
/// endpoint answers a renewal so.
async fn after_a_renewal_answered(status: u16, content_type: &str, body: &str) -> StatusCode {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    app.provider
        .faults()
        .instead(Endpoint::Token, Answer::new(status, content_type, body));
    let status = status_of_a_call(&alice).await;
    assert_eq!(
        alice.is_signed_in().await,
        status != StatusCode::UNAUTHORIZED,
        "refusing ends it"
    );
    status
}

#[tokio::test]
async fn f3_an_error_that_does_not_say_what_is_refused_ends_the_sign_in_too() {
    for body in [
        "",
        "\n",
        "{}",
        r#"{"message":"the token has ended"}"#,
        r#"{"error":"invalid_request"}"#,
    ] {
        let status = after_a_renewal_answered(400, "application/json", body).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{body:?}");
    }
    for status in [400, 401] {
        let body = r#"{"error":"token_inactive","status_code":401}"#;
        let seen = after_a_renewal_answered(status, "application/json", body).await;
        assert_eq!(seen, StatusCode::UNAUTHORIZED, "{status}");
    }
}

#[tokio::test]
async fn f4_what_does_not_refuse_the_refresh_token_ends_no_sign_in() {
    const JSON: &str = "application/json";
    for (status, content_type, body) in [
        (400, JSON, r#"{"error":"invalid_client"}"#),
        (400, JSON, r#"{"error":"unauthorized_client"}"#),
        (400, JSON, r#"{"error":"temporarily_unavailable"}"#),
        (400, JSON, r#"{"error":7}"#),
        (400, "text/html", "<h1>400 Bad Request</h1>"),
        (401, JSON, ""),
        (401, JSON, r#"{"error":"invalid_client"}"#),
        (403, "text/html", "<h1>Forbidden</h1>"),
        (404, JSON, ""),
        (429, JSON, ""),
        (500, JSON, ""),
        (503, JSON, r#"{"error":"invalid_grant"}"#),
    ] {
        let seen = after_a_renewal_answered(status, content_type, body).await;
        assert_eq!(seen, StatusCode::SERVICE_UNAVAILABLE, "{status} {body:?}");
    }
}

#[tokio::test]
async fn f4_while_the_provider_is_in_trouble_a_living_token_serves() {
    let app = Fixture::start().await;
    let alice = signed_in_near_the_end(&app, "alice").await;
    app.provider.faults().instead(
        Endpoint::Token,
        Answer::new(502, "text/html", "bad gateway"),
    );
    let before = app.token_requests();
    for _ in 0..5 {
        assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    }
    let tries = app.token_requests() - before;
    assert!((1..5).contains(&tries), "{tries} tries");

    app.provider.faults().clear();
    app.eventually(async || {
        assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
        app.token_requests() > before + tries
    })
    .await;
}

#[tokio::test]
async fn f4_without_a_living_token_the_call_fails_and_the_sign_in_stays() {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let unavailable = Answer::new(502, "text/html", "bad gateway");
    app.provider.faults().instead(Endpoint::Token, unavailable);
    let asked = app.provider.requests_to(Endpoint::Userinfo).len();
    for _ in 0..5 {
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.json()["code"], "provider_unavailable");
    }
    let asked_now = app.provider.requests_to(Endpoint::Userinfo).len();
    assert_eq!(asked_now, asked, "a token that has ended is not used");
    app.provider.faults().clear();
    app.provider.stop().await;
    assert_eq!(
        status_of_a_call(&alice).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(alice.is_signed_in().await);
    app.provider.start_again().await.unwrap();
    app.eventually(async || status_of_a_call(&alice).await == StatusCode::OK)
        .await;
}

#[tokio::test]
async fn f4_renewed_tokens_that_fit_no_header_are_not_used() {
    for (name, value) in [
        ("access_token", "a\r\nx-injected: 1"),
        ("access_token", ""),
        ("refresh_token", "a\0b"),
        ("token_type", "DPoP"),
    ] {
        let app = Fixture::start().await;
        let alice = app.signed_in_with_token_for("alice", ENDED).await;
        let former = tokens_of(&alice.record().await.session)["access_token"].clone();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            answer[name] = value.into();
        });
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.json()["code"], "provider_unavailable", "{name}");
        let kept = tokens_of(&alice.record().await.session)["access_token"].clone();
        assert_eq!(kept, former, "{name}");
    }
}

#[tokio::test]
async fn f4_without_a_refresh_token_a_living_token_serves_to_its_end() {
    let app = Fixture::start().await;
    app.provider.faults().json(Endpoint::Token, |answer| {
        answer.as_object_mut().unwrap().remove("refresh_token");
    });
    let alice = signed_in_near_the_end(&app, "alice").await;
    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    assert!(alice.is_signed_in().await);
    let bob = app.signed_in_with_token_for("bob", ENDED).await;
    assert_eq!(status_of_a_call(&bob).await, StatusCode::UNAUTHORIZED);
    assert!(!bob.is_signed_in().await);
}

#[tokio::test]
async fn f4_keys_that_cannot_be_read_end_no_sign_in() {
    let app = Fixture::start().await;
    let alice = signed_in_near_the_end(&app, "alice").await;
    let bob = app.signed_in_with_token_for("bob", ENDED).await;
    app.provider.rotate_keys(false).unwrap();
    app.provider
        .faults()
        .instead(Endpoint::Keys, Answer::new(503, "text/plain", "not now"));

    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    let answer = bob.fetch("/api/userinfo").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["code"], "provider_unavailable");

    // With the refresh token that came meanwhile, the only one that still serves.
    app.provider.faults().clear();
    app.eventually(async || status_of_a_call(&bob).await == StatusCode::OK)
        .await;
    let carol = signed_in_near_the_end(&app, "carol").await;
    app.provider.rotate_keys(false).unwrap();
    assert_eq!(
        status_of_a_call(&carol).await,
        StatusCode::OK,
        "new keys again, a moment after they were read"
    );
    assert!(carol.is_signed_in().await);
}

#[tokio::test]
async fn f4_a_store_that_goes_away_during_a_renewal_costs_nobody_the_sign_in() {
    let Some(mut redis) = Server::start_lasting() else {
        return;
    };
    let store = SessionStore::Redis(Secret::new(redis.url()));
    let app = Fixture::start_with(|settings| {
        settings.session_store = store;
        settings.relying_party.timeout = Duration::from_secs(2);
    })
    .await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let before = app.token_requests();
    app.provider.faults().answer(Endpoint::Token, |answer| {
        answer.delay = Duration::from_secs(1)
    });
    let call = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.fetch("/api/userinfo").await })
    };
    app.eventually(async || app.token_requests() > before).await;
    redis.stop();
    let answer = call.await.unwrap();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["code"], "store_unavailable");

    app.provider.faults().clear();
    redis.restart();
    app.eventually(async || status_of_a_call(&alice).await != StatusCode::SERVICE_UNAVAILABLE)
        .await;
    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    assert_eq!(app.token_requests() - before, 1, "what it got was kept");
}

/// What becomes of Alice's sign-in when the ID token of a renewal is bent.
async fn after_a_renewal_with(bend: impl Fn(&mut Jws) + Send + Sync + 'static) -> StatusCode {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    app.provider.faults().id_token(bend);
    let status = status_of_a_call(&alice).await;
    assert_eq!(
        alice.is_signed_in().await,
        status == StatusCode::OK,
        "refusing ends it"
    );
    status
}

#[tokio::test]
async fn f5_a_renewed_id_token_about_somebody_or_something_else_ends_the_sign_in() {
    type Bend = fn(&mut Jws);
    let bends: [(&str, Bend); 10] = [
        ("iss", |token| {
            token.claims["iss"] = "https://other.example".into();
        }),
        ("sub", |token| token.claims["sub"] = "bob".into()),
        ("aud", |token| token.claims["aud"] = "another-app".into()),
        ("azp", |token| token.claims["azp"] = "another-app".into()),
        ("nonce", |token| token.claims["nonce"] = "another".into()),
        ("auth_time", |token| token.claims["auth_time"] = 1.into()),
        ("exp", |token| token.claims["exp"] = 1.into()),
        ("at_hash", |token| token.claims["at_hash"] = "AAAA".into()),
        ("alg", Jws::unsecured),
        // The keys are read once more, and then it is clear.
        ("signature", |token| token.signature = Signature::Foreign),
    ];
    for (what, bend) in bends {
        let status = after_a_renewal_with(bend).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}");
    }
}

#[tokio::test]
async fn f5_a_renewed_id_token_may_repeat_the_nonce() {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let asked = app.provider.requests_to(Endpoint::Authorization);
    let nonce = asked[0].query("nonce").unwrap().to_owned();
    app.provider
        .faults()
        .id_token(move |token| token.claims["nonce"] = nonce.clone().into());
    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
}

#[tokio::test]
async fn f6_a_renewed_id_token_needs_no_nonce() {
    let status = after_a_renewal_with(|token| assert!(token.claims.get("nonce").is_none())).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn f6_without_a_renewed_id_token_the_old_one_serves_to_sign_out() {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let id_token = app.provider.issued_tokens().pop().unwrap();
    app.provider.faults().json(Endpoint::Token, |answer| {
        answer.as_object_mut().unwrap().remove("id_token");
    });
    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    let url = alice.sign_out().await.location();
    let hint = url.query_pairs().find(|(name, _)| name == "id_token_hint");
    assert_eq!(hint.unwrap().1, id_token);
}

#[tokio::test]
async fn f7_both_tokens_are_revoked_at_sign_out() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let tokens = tokens_of(&alice.record().await.session);
    alice.sign_out().await;
    let requests = || app.provider.requests_to(Endpoint::Revocation);
    app.eventually(async || requests().len() == 2).await;
    for (request, kind) in requests().iter().zip(["refresh_token", "access_token"]) {
        assert_eq!(request.form("token_type_hint"), Some(kind));
        assert_eq!(request.form("token"), tokens[kind].as_str());
        let authorization = request.header("authorization").unwrap();
        assert!(authorization.starts_with("Basic "));
    }
}

#[tokio::test]
async fn f7_a_provider_that_never_revokes_access_tokens_is_not_complained_of() {
    let app = Fixture::start().await;
    let sent = || app.provider.requests_to(Endpoint::Revocation).len();
    let mut sign_outs = Vec::new();
    for (person, error) in [
        ("alice", "unsupported_token_type"),
        ("bob", "invalid_request"),
    ] {
        let (browser, before) = (app.signed_in_as(person).await, sent());
        let provider = app.provider.clone();
        app.provider.faults().clear();
        app.provider
            .faults()
            .answer(Endpoint::Revocation, move |answer| {
                let is_second = provider.requests_to(Endpoint::Revocation).len() == before + 2;
                if is_second {
                    *answer = Answer::oauth_error(400, error, "no");
                }
            });
        sign_outs.push(browser.sign_out().await);
        app.eventually(async || sent() == before + 2).await;
    }
    let is_complained_of = |sign_out: &Page| {
        let log = logs::with(sign_out.header("x-request-id"));
        log.contains("tokens could not be revoked")
    };
    let [alices, bobs] = &sign_outs[..] else {
        panic!("{sign_outs:?}");
    };
    app.eventually(async || is_complained_of(bobs)).await;
    assert!(!is_complained_of(alices));
}

#[tokio::test]
async fn f7_a_revocation_that_fails_or_hangs_keeps_nobody() {
    for ending in [Ending::Complete, Ending::Hung] {
        let app = Fixture::start().await;
        let alice = app.signed_in_as("alice").await;
        app.provider
            .faults()
            .answer(Endpoint::Revocation, move |answer| {
                answer.status = 500;
                answer.ending = ending;
            });
        let page = alice.sign_out().await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        assert!(page.location().as_str().starts_with(app.provider.issuer()));
        assert!(!alice.is_signed_in().await);
    }
}

#[tokio::test]
async fn f7_a_refused_revocation_is_logged() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    app.provider.faults().instead(
        Endpoint::Revocation,
        Answer::oauth_error(400, "unsupported_token_type", "no"),
    );
    alice.sign_out().await;
    let is_told = async || {
        let logged = app.logged(app.provider.issuer());
        logged.contains("tokens could not be revoked")
    };
    app.eventually(is_told).await;
}

/// Front-Channel Logout is not offered: such a request is no page at all.
#[tokio::test]
async fn f8_a_front_channel_request_ends_and_revokes_nothing() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let query = format!("?iss={}&sid=whatever", app.provider.issuer());
    for path in [
        "/frontchannel-logout",
        PATHS.logout,
        PATHS.backchannel_logout,
    ] {
        let page = app.browser().get(&format!("{path}{query}")).await;
        assert!(page.status.is_client_error(), "{path}");
    }
    assert!(alice.is_signed_in().await);
    assert_eq!(status_of_a_call(&alice).await, StatusCode::OK);
    assert!(app.provider.requests_to(Endpoint::Revocation).is_empty());
}
