//! The sign-in's pages at other paths than those of `app.rs`.

use actix_web::web::{ServiceConfig, get};
use app::{
    app::{PATHS, Paths},
    dev::provider::Misbehaviour,
};
use reqwest::StatusCode;

use crate::support::{Browser, TestApp, own_pages};

static ELSEWHERE: Paths = Paths {
    login: "/test/door",
    login_callback: "/test/door/answer",
    after_login: "/profile",
    failure: Some("/test/stuck"),
    logout: "/test/door/out",
    logged_out: "/test/bye",
    backchannel_logout: "/test/door/out-elsewhere",
    widget_files: "/static/okta-signin-widget",
};

fn pages(config: &mut ServiceConfig) {
    config.route("/test/stuck", get().to(stuck));
    own_pages(config);
}

async fn stuck() -> &'static str {
    "stuck"
}

async fn start() -> TestApp {
    TestApp::start_at(&ELSEWHERE, pages).await
}

/// Where the links and forms of the front page lead.
async fn targets(browser: &Browser) -> String {
    browser.get("/").await.body
}

#[tokio::test]
async fn people_sign_in_and_out_there() {
    let app = start().await;
    let alice = app.browser();
    let refused = alice.get("/profile").await;
    assert_eq!(refused.location().path(), "/test/door");
    assert!(targets(&alice).await.contains("href=\"/test/door\""));

    let page = alice.sign_in_as("alice", "/test/door").await;
    assert_eq!(page.url.path(), "/profile", "where they arrive by default");

    assert!(targets(&alice).await.contains("action=\"/test/door/out\""));
    let csrf_token = page.field("csrf_token");
    let redirect = alice
        .post("/test/door/out", &[("csrf_token", &csrf_token)])
        .await;
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), "/test/bye");
    assert!(page.body.contains("href=\"/test/door\""), "{}", page.body);
}

#[tokio::test]
async fn the_wanted_page_goes_before_the_default_one() {
    let app = start().await;
    let page = app.browser().sign_in_as("alice", "/devices").await;
    assert_eq!(page.url.path(), "/devices");
}

#[tokio::test]
async fn a_failed_sign_in_ends_on_the_owners_page_with_the_code() {
    let app = start().await;
    app.provider.faults().set(Misbehaviour::WrongNonce);
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/devices").await;
    assert_eq!(page.body, "stuck");
    let query: Vec<(String, String)> = page.url.query_pairs().into_owned().collect();
    assert_eq!(query[0], ("error".to_owned(), "id_token".to_owned()));
    assert_eq!(query[1].0, "request_id");
    assert_eq!(query[2], ("return_to".to_owned(), "/devices".to_owned()));
    assert!(!alice.is_signed_in().await);
    // Other refusals have their page as ever.
    let page = alice.get("/no-such-page").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_provider_signs_people_out_there() {
    let app = start().await;
    let alice = app.browser();
    alice.sign_in_as("alice", "/test/door").await;
    let client_id = app
        .oidc()
        .settings
        .provider
        .as_ref()
        .unwrap()
        .client_id
        .clone();
    let status = app
        .provider
        .back_channel_logout(&client_id, Some("alice"), None)
        .await
        .unwrap();
    assert_eq!(status, 200);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn nothing_is_left_at_the_former_paths() {
    let app = start().await;
    for path in [
        PATHS.login,
        PATHS.logout,
        PATHS.login_callback,
        PATHS.logged_out,
        PATHS.backchannel_logout,
    ] {
        let page = app.browser().get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
}
