//! Rows about what is chosen by settings or by pages.

use std::collections::BTreeSet;

use app::{
    dev::provider::{Answer, Endpoint, Jws, PushedRequests, Signature},
    settings::PushedAuthorization,
};
use reqwest::StatusCode;

use crate::{
    keys::{ClientKey, RSA_PEM, decoded},
    support::TestApp,
};

/// A name, and what to do.
type Way<F> = (&'static str, F);

#[tokio::test]
async fn a8_parameters_are_pushed_when_the_provider_offers_par() {
    let app = TestApp::start_prepared(|_, provider| {
        provider.set_pushed_requests(PushedRequests::Offered);
    })
    .await;

    let page = app.browser().get("/login?login_hint=alice").await;

    let location = page.location();
    let carried: Vec<_> = location.query_pairs().map(|(name, _)| name).collect();
    assert_eq!(carried, ["client_id", "request_uri"]);
    let pushed = app.provider.requests_to(Endpoint::PushedAuthorization);
    let [pushed] = &pushed[..] else {
        panic!("{} pushes", pushed.len());
    };
    assert_eq!(pushed.method, "POST");
    assert!(
        pushed
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(pushed.form("login_hint"), Some("alice"));
    for parameter in [
        "response_type",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
    ] {
        let sent: Vec<_> = pushed
            .form
            .iter()
            .filter(|(name, _)| name == parameter)
            .collect();
        assert_eq!(sent.len(), 1, "{parameter}");
    }
    app.signed_in_as("alice").await;
}

#[tokio::test]
async fn a8_a_failed_push_falls_back_or_fails_as_configured() {
    for (setting, status) in [
        (PushedAuthorization::Auto, StatusCode::SEE_OTHER),
        (PushedAuthorization::Always, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let app = TestApp::start_prepared(|settings, provider| {
            provider.set_pushed_requests(PushedRequests::Offered);
            settings.relying_party.pushed_authorization = setting;
            provider.faults().instead(
                Endpoint::PushedAuthorization,
                Answer::oauth_error(400, "invalid_request", "not today"),
            );
        })
        .await;
        assert_eq!(app.browser().get("/login").await.status, status);
    }
}

#[tokio::test]
async fn t7_each_request_carries_a_fresh_short_lived_assertion() {
    let key = ClientKey::p256();
    let app =
        TestApp::start_prepared(|settings, provider| key.install(settings, provider, &[])).await;
    // The first exchange fails on the way, so the person tries again.
    app.provider.faults().once().instead(
        Endpoint::Token,
        Answer::oauth_error(503, "server_error", ""),
    );
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/login").await;
    assert!(!page.status.is_success());
    alice.sign_in_as("alice", "/login").await;
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);

    let mut seen = BTreeSet::new();
    for request in app.provider.requests_to(Endpoint::Token) {
        assert_eq!(
            request.form("client_assertion_type"),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        let client_id = request.form("client_id").unwrap();
        let (_, claims) = decoded(request.form("client_assertion").unwrap());
        assert_eq!(claims["iss"], client_id);
        assert_eq!(claims["sub"], client_id);
        assert_eq!(claims["aud"], app.provider.issuer());
        let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert!((1..=60).contains(&life), "{life} s");
        assert!(
            seen.insert(claims["jti"].as_str().unwrap().to_owned()),
            "an assertion was used twice"
        );
    }
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn t7_an_assertion_by_another_key_is_of_no_use() {
    let app = TestApp::start_prepared(|settings, provider| {
        ClientKey::p256().install(settings, provider, &[]);
        let client = settings.provider.as_mut().unwrap();
        client.credential = ClientKey::p256().credential(&[]);
    })
    .await;
    let alice = app.browser();
    alice.sign_in_as("alice", "/login").await;
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn u3_signed_userinfo_is_accepted_whatever_the_kind_of_key() {
    let ways: [Way<fn(&TestApp)>; 4] = [
        ("EdDSA", |_| {}),
        ("ES256", |app| app.provider.use_p256_key().unwrap()),
        ("RS256", |app| app.provider.use_rsa_pem(RSA_PEM).unwrap()),
        ("PS256", |app| {
            app.provider.use_rsa_pem(RSA_PEM).unwrap();
            app.provider
                .faults()
                .userinfo(|token| token.header["alg"] = "PS256".into());
        }),
    ];
    for (name, sign_so) in ways {
        let app = TestApp::start().await;
        app.provider.set_signed_userinfo(true);
        app.provider
            .faults()
            .userinfo(|token| token.claims["nickname"] = "Lissy".into());
        sign_so(&app);
        let alice = app.signed_in_as("alice").await;
        let profile = alice.get("/profile").await;
        assert!(profile.body.contains("Lissy"), "{name}");
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.json()["sub"], "alice", "{name}");
    }
}

#[tokio::test]
async fn u3_signed_userinfo_survives_a_change_of_keys() {
    let app = TestApp::start().await;
    app.provider.set_signed_userinfo(true);
    let alice = app.signed_in_as("alice").await;
    app.provider.rotate_keys(false).unwrap();
    let answer = alice.fetch("/api/userinfo").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn u3_userinfo_that_is_not_signed_for_this_app_is_refused() {
    let ways: [Way<fn(&mut Jws)>; 13] = [
        ("unsigned", |token| token.unsecured()),
        ("alg NONE", |token| {
            token.unsecured();
            token.header["alg"] = "NONE".into();
        }),
        ("another key", |token| token.signature = Signature::Foreign),
        ("no signature", |token| token.signature = Signature::Missing),
        ("HS256", |token| {
            token.header["alg"] = "HS256".into();
            token.signature = Signature::Hmac(b"secret".to_vec());
        }),
        ("another issuer", |token| {
            token.claims["iss"] = "https://other.example".into();
        }),
        ("no issuer", |token| drop_claim(token, "iss")),
        ("another client", |token| {
            token.claims["aud"] = "another-client".into();
        }),
        ("no audience", |token| drop_claim(token, "aud")),
        ("expired", |token| token.claims["exp"] = 1.into()),
        ("a logout token", |token| {
            token.header["typ"] = "logout+jwt".into();
        }),
        ("another person", |token| token.claims["sub"] = "bob".into()),
        ("no token", |token| {
            token.signature = Signature::Instead("e30.e30".to_owned());
        }),
    ];
    for (name, bend) in ways {
        let app = TestApp::start().await;
        app.provider.set_signed_userinfo(true);
        app.provider.faults().userinfo(bend);
        let alice = app.browser();
        let page = alice.sign_in_as("alice", "/login").await;
        assert!(page.body.contains("user_info"), "{name}: {}", page.body);
        assert_eq!(
            alice.fetch("/api/me").await.status,
            StatusCode::UNAUTHORIZED,
            "{name}"
        );
    }
}

fn drop_claim(token: &mut Jws, name: &str) {
    token.claims.as_object_mut().unwrap().remove(name);
}
