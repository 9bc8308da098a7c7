//! Weaknesses of a well-known middleware for the same task, numbered as they
//! were found. Not here, since other rows hold the app to them: sign-out by
//! other sites (3: `l2_`), two tabs (4: `ordinary_users.rs`), tokens that end (5:
//! `f1_`, `f3_`), bare errors (6: `errors.rs`), what a session held before (7:
//! `s2_`, `app_session.rs`), signatures and client authentication (9: `i7_`,
//! `client_authentication.rs`), cookies and tokens in clear (12: `s4_`, `s11_`).

use std::time::Duration;

use reqwest::StatusCode;
use url::Url;
use vestibule::{Settings, settings::LoginMode};
use vestibule_dev::provider::{Ending, Endpoint, Misbehaviour};

use crate::{
    fixture::Fixture,
    support::{Browser, PATHS, login_with},
};

use super::parameter;

fn assert_is_protected(url: &Url) {
    assert_eq!(parameter(url, "code_challenge_method"), "S256");
    assert_eq!(parameter(url, "code_challenge").len(), 43);
    for name in ["state", "nonce"] {
        assert!(parameter(url, name).len() >= 22, "{name} in {url}");
    }
}

#[tokio::test]
async fn weakness_1_pkce_and_a_nonce_go_with_every_way_to_begin() {
    let app = Fixture::start().await;
    let by_link = app.browser().get(PATHS.login).await;
    assert_is_protected(&by_link.location());

    let own_page = |settings: &mut Settings| settings.login_mode = LoginMode::Page;
    let app = Fixture::start_with(own_page).await;
    let by_button = app.browser().post(PATHS.login, &[("return_to", "/")]).await;
    assert_is_protected(&by_button.location());
}

#[tokio::test]
async fn weakness_2_no_fault_of_the_provider_stops_the_app() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    for misbehaviour in Misbehaviour::ALL {
        // It would only take long; slowness has rows of its own.
        if misbehaviour == Misbehaviour::Slow {
            continue;
        }
        app.provider.faults().set(misbehaviour);
        let browser = app.browser();
        let page = browser.visit(PATHS.login).await;
        if page.body.contains("name=\"request\"") {
            let answer = browser.choose(&page, "bob").await;
            browser.follow(answer).await;
            if browser.is_signed_in().await {
                browser.sign_out().await;
            }
        }
        let healthy = app.browser().get("/healthz").await.status;
        assert_eq!(healthy, StatusCode::OK, "{misbehaviour:?}");
        assert!(alice.is_signed_in().await, "{misbehaviour:?}");
        app.provider.faults().clear();
    }
    // Keys that were rotated a moment after a look are seen at the next one.
    app.eventually(async || {
        let page = app.browser().sign_in_as("bob", PATHS.login).await;
        page.status == StatusCode::OK
    })
    .await;
}

#[tokio::test]
async fn weakness_8_revocation_goes_where_the_metadata_says_and_ends() {
    let app = Fixture::start_with_provider_down().await;
    app.provider.faults().json(Endpoint::Metadata, |metadata| {
        let endpoint = metadata["revocation_endpoint"].as_str().unwrap();
        metadata["revocation_endpoint"] = format!("{endpoint}?tenant=one").into();
    });
    app.provider.start_again().await.unwrap();
    let browser = app.browser();
    app.eventually(async || browser.fetch("/readyz").await.status == StatusCode::OK)
        .await;
    app.signed_in_as("alice").await.sign_out().await;
    app.eventually(async || {
        let requests = app.provider.requests_to(Endpoint::Revocation);
        requests
            .iter()
            .any(|request| request.query("tenant") == Some("one"))
    })
    .await;
}

#[tokio::test]
async fn weakness_8_a_revocation_that_hangs_has_the_time_out_of_all_calls() {
    let brief = |settings: &mut Settings| settings.relying_party.timeout = Duration::from_secs(3);
    let app = Fixture::start_with(brief).await;
    let alice = app.signed_in_as("alice").await;
    app.provider
        .faults()
        .answer(Endpoint::Revocation, |answer| answer.ending = Ending::Hung);
    alice.sign_out().await;
    let issuer = app.provider.issuer();
    let failures = || {
        let log = app.logged(issuer);
        let lines = log.lines().map(str::to_owned);
        lines
            .filter(|line| line.contains("tokens could not be revoked"))
            .collect::<Vec<String>>()
    };
    app.eventually(async || !failures().is_empty()).await;
    // It happens after the answer, and the log tells to which request it belongs.
    for line in failures() {
        assert!(line.contains(" request="), "{line}");
    }
}

#[tokio::test]
async fn weakness_10_apps_in_one_process_do_not_mix() {
    let (one, other) = (Fixture::start().await, Fixture::start().await);
    for app in [&one, &other] {
        let url = app.browser().get(PATHS.login).await.location();
        assert!(url.as_str().starts_with(app.provider.issuer()));
        assert!(parameter(&url, "redirect_uri").starts_with(app.base.as_str()));
    }
    let alice = one.signed_in_as("alice").await;
    let elsewhere: Browser = other.browser();
    for (name, value) in alice.cookies() {
        elsewhere.set_cookie(&name, &value);
    }
    assert!(alice.is_signed_in().await);
    assert!(!elsewhere.is_signed_in().await);
    let answer = alice.answer_of_provider("alice", PATHS.login).await;
    let mut callback = answer.location();
    callback.set_port(other.base.port()).unwrap();
    let page = elsewhere.get(callback.as_str()).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn weakness_11_a_callback_without_parameters_begins_nothing() {
    let app = Fixture::start().await;
    let page = app.browser().get(PATHS.login_callback).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.header("location").is_empty());
    assert!(page.header("set-cookie").is_empty());
    let asked = app.provider.requests_to(Endpoint::Authorization);
    assert!(asked.is_empty());
}

/// What is named in the settings is what the provider gets.
#[tokio::test]
async fn weakness_13_no_setting_is_dead() {
    let callback = format!("http://localhost:PORT{}?x=1", PATHS.login_callback);
    let logged_out = format!("http://localhost:PORT{}?y=1", PATHS.logged_out);
    let app = Fixture::start_with_env(&[
        ("OIDC_SCOPES", "openid email"),
        ("OIDC_LOGIN_REDIRECT_URI", &callback),
        ("OIDC_LOGOUT_REDIRECT_URI", &logged_out),
    ])
    .await;
    let url = app
        .browser()
        .get(&login_with("login_hint=bob"))
        .await
        .location();
    assert!(parameter(&url, "scope").contains("email"));
    assert!(!parameter(&url, "scope").contains("profile"));
    assert!(parameter(&url, "redirect_uri").ends_with("?x=1"));
    assert_eq!(parameter(&url, "login_hint"), "bob");
    assert_eq!(parameter(&url, "response_type"), "code");
    let url = app.signed_in_as("alice").await.sign_out().await.location();
    assert!(parameter(&url, "post_logout_redirect_uri").ends_with("?y=1"));
}
