//! Authorization requests that go to the provider directly (RFC 9126).

use reqwest::StatusCode;
use serde_json::json;
use vestibule::settings::PushedAuthorization;
use vestibule_dev::provider::{Answer, Endpoint, PushedRequests};

use crate::{
    fixture::Fixture,
    keys::{ClientKey, decoded},
    support::{PATHS, Page, TestApp},
};

async fn start(offer: PushedRequests, setting: PushedAuthorization) -> TestApp {
    Fixture::start_prepared(|settings, provider| {
        provider.set_pushed_requests(offer);
        settings.relying_party.pushed_authorization = setting;
    })
    .await
}

fn is_pushed(page: &Page) -> bool {
    page.location()
        .query_pairs()
        .any(|(name, _)| name == "request_uri")
}

/// Whatever else the answer holds.
fn refuse_pushes(app: &TestApp) {
    let error = json!({ "error": "invalid_request", "request_uri": "urn:made-up" });
    app.provider
        .faults()
        .instead(Endpoint::PushedAuthorization, Answer::json(400, &error));
}

#[tokio::test]
async fn a_client_key_authenticates_pushed_requests_too() {
    let key = ClientKey::ed25519();
    let app = Fixture::start_prepared(|settings, provider| {
        provider.set_pushed_requests(PushedRequests::Required);
        key.install(settings, provider, &[]);
    })
    .await;
    app.signed_in_as("alice").await;
    let pushed = &app.provider.requests_to(Endpoint::PushedAuthorization)[0];
    assert!(pushed.form("client_secret").is_none());
    let (_, first) = decoded(pushed.form("client_assertion").unwrap());
    let exchange = &app.provider.requests_to(Endpoint::Token)[0];
    let (_, second) = decoded(exchange.form("client_assertion").unwrap());
    assert_ne!(first["jti"], second["jti"]);
}

#[tokio::test]
async fn nothing_is_pushed_if_the_settings_say_so() {
    let app = start(PushedRequests::Offered, PushedAuthorization::Never).await;
    assert!(!is_pushed(&app.browser().get(PATHS.login).await));
    app.signed_in_as("alice").await;
    assert!(
        app.provider
            .requests_to(Endpoint::PushedAuthorization)
            .is_empty()
    );
}

#[tokio::test]
async fn settings_that_the_provider_cannot_meet_sign_nobody_in() {
    for (offer, setting) in [
        (PushedRequests::NotOffered, PushedAuthorization::Always),
        (PushedRequests::Required, PushedAuthorization::Never),
    ] {
        let app = start(offer, setting).await;
        let page = app.browser().get(PATHS.login).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.body.contains("provider_unavailable"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_refused_push_is_made_up_for_by_the_browser() {
    let app = start(PushedRequests::Offered, PushedAuthorization::Auto).await;
    refuse_pushes(&app);
    assert!(!is_pushed(&app.browser().get(PATHS.login).await));
    app.signed_in_as("alice").await;
}

#[tokio::test]
async fn a_refused_push_signs_nobody_in_where_pushing_is_a_must() {
    for (offer, setting) in [
        (PushedRequests::Required, PushedAuthorization::Auto),
        (PushedRequests::Offered, PushedAuthorization::Always),
    ] {
        let app = start(offer, setting).await;
        refuse_pushes(&app);
        let browser = app.browser();
        let page = browser.get(PATHS.login).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(browser.cookies().is_empty(), "no transaction was begun");
        app.provider.faults().clear();
        app.signed_in_as("alice").await;
    }
}

#[tokio::test]
async fn a_reference_that_is_none_is_refused() {
    for reference in ["", "with a space", "line\nbreak", &"x".repeat(3000)] {
        let app = start(PushedRequests::Required, PushedAuthorization::Auto).await;
        let reference = reference.to_owned();
        app.provider
            .faults()
            .json(Endpoint::PushedAuthorization, move |answer| {
                answer["request_uri"] = reference.clone().into();
            });
        let page = app.browser().get(PATHS.login).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    }
}
