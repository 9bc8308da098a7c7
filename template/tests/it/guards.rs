//! Who may pass.

use actix_web::web::{ServiceConfig, get, post, resource, scope};
use app::{
    app::PATHS,
    oidc::{
        guarded::{GuardedConfig, guarded},
        seal,
    },
};
use reqwest::StatusCode;

use crate::support::TestApp;

/// Pages of handlers that ask for nobody, before one that is everybody's.
fn unguarded_handlers(config: &mut ServiceConfig) {
    config.configure(guarded(|table| {
        table
            .route("/route", get().to(secret))
            .route("/route", post().to(secret))
            .service(resource("/resource").route(get().to(secret)))
            .service(scope("/scope").route("/page", get().to(secret)))
            .configure(more);
    }));
    config.route("/", get().to(open));
    config.route("/{page}", get().to(open));
}

fn more(table: &mut GuardedConfig) {
    table.route("/more", get().to(secret));
}

async fn secret() -> &'static str {
    "a secret"
}

async fn open() -> &'static str {
    "for everybody"
}

#[tokio::test]
async fn a_guarded_table_lets_nobody_in_whose_handlers_forgot_to_ask() {
    let app = TestApp::start_with_pages(unguarded_handlers).await;
    let (stranger, alice) = (app.browser(), app.signed_in_as("alice").await);
    for path in ["/route", "/resource", "/scope/page", "/more"] {
        let refused = stranger.fetch(path).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!refused.body.contains("secret"), "{path}");
        let sent_away = stranger.get(path).await;
        assert_eq!(sent_away.location().path(), PATHS.login, "{path}");
        assert_eq!(alice.get(path).await.body, "a secret", "{path}");
    }
    let refused = stranger.post("/route", &[]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(alice.post("/route", &[]).await.body, "a secret");
}

#[tokio::test]
async fn a_guarded_table_lets_nobody_in_while_the_store_is_away() {
    let app = TestApp::start_with_pages(unguarded_handlers).await;
    let browser = app.browser();
    // As of somebody whom this process has not seen yet.
    let id = seal::random_text().unwrap();
    browser.set_cookie(&app.cookie("sign-in"), &id);
    app.oidc().sign_ins.store().close().await.unwrap();
    for path in ["/route", "/resource", "/scope/page", "/more"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!page.body.contains("a secret"), "{path}");
    }
}

#[tokio::test]
async fn a_guarded_table_takes_nothing_but_its_own_paths() {
    let app = TestApp::start_with_pages(unguarded_handlers).await;
    for browser in [app.browser(), app.signed_in_as("alice").await] {
        assert_eq!(browser.get("/about").await.body, "for everybody");
        assert_eq!(browser.get("/scope").await.status, StatusCode::NOT_FOUND);
        let unknown = browser.get("/no/such/page").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn made_up_and_malformed_sign_in_ids_open_nothing() {
    let browser = TestApp::start().await.browser();
    for value in [
        "",
        "x",
        &"A".repeat(43),
        &"A".repeat(4000),
        "%00",
        "../../etc",
    ] {
        browser.set_cookie("sign-in", value);
        assert_eq!(
            browser.fetch("/api/me").await.status,
            StatusCode::UNAUTHORIZED,
            "{value}"
        );
    }
}

#[tokio::test]
async fn unknown_pages_are_not_found_for_everybody() {
    let app = TestApp::start().await;
    let alice = app.signed_in_as("alice").await;
    for (browser, is_known) in [(app.browser(), false), (alice, true)] {
        let page = browser.get("/no-such-page").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.body.contains("There is no such page"));
        assert_eq!(page.body.contains("Sign out"), is_known);
        assert_eq!(
            browser.fetch("/no-such-page").await.json()["code"],
            "not_found"
        );
    }
}
