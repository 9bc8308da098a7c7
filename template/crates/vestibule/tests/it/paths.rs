//! The sign-in's pages at other paths than the default ones.

use actix_web::web::{ServiceConfig, get};
use reqwest::StatusCode;
use vestibule::{Oidc, Paths};
use vestibule_dev::provider::{Endpoint, Misbehaviour};

use crate::{
    fixture::{Fixture, pages as own_pages},
    support::{Browser, CLIENT, PATHS, TestApp},
};

fn elsewhere() -> Paths {
    Paths {
        login: "/test/door".into(),
        login_callback: "/test/door/answer".into(),
        after_login: "/profile".into(),
        failure: Some("/test/stuck".into()),
        logout: "/test/door/out".into(),
        logged_out: "/test/bye".into(),
        backchannel_logout: "/test/door/out-elsewhere".into(),
        widget_files: "/static/okta-signin-widget".into(),
    }
}

fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config.route("/test/stuck", get().to(stuck));
    own_pages(oidc, config);
}

async fn stuck() -> &'static str {
    "stuck"
}

async fn start() -> TestApp {
    let fixture = Fixture {
        paths: elsewhere(),
        pages,
        ..Fixture::default()
    };
    fixture.prepared(|_, _| {}).start().await
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
async fn a_failed_sign_in_ends_on_the_apps_own_page_with_the_code() {
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
    // Other errors have their page as ever.
    let page = alice.get("/no-such-page").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_provider_signs_people_out_there() {
    let app = start().await;
    let alice = app.browser();
    alice.sign_in_as("alice", "/test/door").await;
    let status = app
        .provider
        .back_channel_logout(CLIENT, Some("alice"), None)
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

#[test]
fn the_default_paths_are_those_that_providers_are_told() {
    let paths = Paths::default();
    assert_eq!(paths.login, PATHS.login);
    assert_eq!(paths.login_callback, PATHS.login_callback);
    assert_eq!(paths.after_login, PATHS.after_login);
    assert_eq!(paths.failure, None);
    assert_eq!(paths.logout, PATHS.logout);
    assert_eq!(paths.logged_out, PATHS.logged_out);
    assert_eq!(paths.backchannel_logout, PATHS.backchannel_logout);
}

/// The sign-in below a prefix of its own.
async fn below_a_prefix() -> TestApp {
    let fixture = Fixture {
        prefix: Some("/auth"),
        ..Fixture::default()
    };
    fixture.prepared(|_, _| {}).start().await
}

#[tokio::test]
async fn the_sign_ins_routes_can_be_below_any_prefix() {
    let app = below_a_prefix().await;
    let alice = app.browser();
    assert_eq!(alice.get("/profile").await.location().path(), "/auth/login");
    let page = alice.sign_in_as("alice", "/profile").await;
    assert_eq!(page.url.path(), "/profile", "where they are sent back to");
    let asked = app.provider.requests_to(Endpoint::Authorization);
    let callback = app.base.join("/auth/authorization-code/callback").unwrap();
    assert_eq!(asked[0].query("redirect_uri"), Some(callback.as_str()));

    let redirect = alice.sign_out().await;
    assert_eq!(redirect.url.path(), "/auth/logout");
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), "/auth/logged-out");
    assert_ne!(page.url.query(), Some("only=here"));

    alice.sign_in_as("alice", "/auth/login").await;
    let notice = app.provider.logout_token(CLIENT, Some("alice"), None);
    let fields = [("logout_token", notice.unwrap())];
    let fields = fields
        .each_ref()
        .map(|(name, token)| (*name, token.as_str()));
    let answer = app
        .browser()
        .post("/auth/backchannel-logout", &fields)
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn nothing_is_left_of_the_sign_in_outside_its_prefix() {
    let app = below_a_prefix().await;
    for path in [PATHS.login, PATHS.login_callback, PATHS.logged_out] {
        let page = app.browser().get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
}
