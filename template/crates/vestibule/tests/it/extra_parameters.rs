//! Authorization parameters that the settings add.

use vestibule_dev::provider::{Endpoint, PushedRequests};

use crate::{
    fixture::Fixture,
    support::{PATHS, Page, TestApp, login_with},
};

async fn start(extra: &str) -> TestApp {
    Fixture::start_with_env(&[("OIDC_EXTRA_PARAMETERS", extra)]).await
}

/// The values that the authorization request has for a parameter.
fn sent(page: &Page, name: &str) -> Vec<String> {
    page.location()
        .query_pairs()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

#[tokio::test]
async fn they_are_part_of_each_authorization_request() {
    let app =
        start("prompt=login+consent&ui_locales=de%20en&audience=https://api.example.com").await;
    let page = app.browser().get(PATHS.login).await;
    assert_eq!(sent(&page, "prompt"), ["login consent"]);
    assert_eq!(sent(&page, "ui_locales"), ["de en"]);
    assert_eq!(sent(&page, "audience"), ["https://api.example.com"]);
    app.signed_in_as("alice").await;
}

#[tokio::test]
async fn what_one_sign_in_asks_for_goes_before_them() {
    let app = start("prompt=login&login_hint=somebody").await;
    let browser = app.browser();
    let page = browser.get(PATHS.login).await;
    assert_eq!(sent(&page, "login_hint"), ["somebody"]);
    let page = browser
        .get(&login_with("login_hint=alice&prompt=none"))
        .await;
    assert_eq!(sent(&page, "login_hint"), ["alice"]);
    assert_eq!(sent(&page, "prompt"), ["none"]);
}

#[tokio::test]
async fn they_are_pushed_with_the_rest() {
    let app = Fixture::start_prepared(|settings, provider| {
        provider.set_pushed_requests(PushedRequests::Required);
        settings.relying_party.extra_parameters = vec![("ui_locales".to_owned(), "de".to_owned())];
    })
    .await;
    let page = app.browser().get(PATHS.login).await;
    assert!(sent(&page, "ui_locales").is_empty());
    let pushed = &app.provider.requests_to(Endpoint::PushedAuthorization)[0];
    assert_eq!(pushed.form("ui_locales"), Some("de"));
}
