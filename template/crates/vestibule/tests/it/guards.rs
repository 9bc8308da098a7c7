//! Who may pass.

use actix_web::{
    App,
    test::{TestRequest, call_service, init_service},
    web::{ServiceConfig, get, post, resource, scope},
};
use reqwest::StatusCode;
use serde_json::json;
use vestibule::{
    Oidc, ProtectedConfig, PublicConfig,
    internals::{self, seal},
};
use vestibule_dev::testing::logs;

use crate::{
    fixture::{Fixture, User, pages as own_pages},
    support::PATHS,
};

/// Pages of handlers that ask for nobody, before one that is everybody's.
fn unguarded_handlers(oidc: &Oidc, config: &mut ServiceConfig) {
    config.configure(oidc.protected(|table| {
        table
            .route("/route", get().to(secret))
            .route("/route", post().to(secret))
            .service(resource("/resource").route(get().to(secret)))
            .service(scope("/scope").route("/page", get().to(secret)))
            .configure(more);
    }));
    config.configure(oidc.public(|table: &mut PublicConfig| {
        table.route("/", get().to(open));
        table.route("/{page}", get().to(open));
    }));
}

fn more(table: &mut ProtectedConfig) {
    table.route("/more", get().to(secret));
}

async fn secret() -> &'static str {
    "a secret"
}

async fn open() -> &'static str {
    "for everybody"
}

#[tokio::test]
async fn a_protected_table_lets_nobody_in_whose_handlers_forgot_to_ask() {
    let app = Fixture::start_with_pages(unguarded_handlers).await;
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
async fn a_protected_table_lets_nobody_in_while_the_store_is_away() {
    let app = Fixture::start_with_pages(unguarded_handlers).await;
    let browser = app.browser();
    // As of somebody whom this process has not seen yet.
    let id = seal::random_string().unwrap();
    browser.set_cookie(&app.cookie("user-session"), &id);
    internals::sessions(app.oidc())
        .store()
        .close()
        .await
        .unwrap();
    for path in ["/route", "/resource", "/scope/page", "/more"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!page.body.contains("a secret"), "{path}");
    }
}

#[tokio::test]
async fn a_protected_table_takes_nothing_but_its_own_paths() {
    let app = Fixture::start_with_pages(unguarded_handlers).await;
    for browser in [app.browser(), app.signed_in_as("alice").await] {
        assert_eq!(browser.get("/about").await.body, "for everybody");
        assert_eq!(browser.get("/scope").await.status, StatusCode::NOT_FOUND);
        let unknown = browser.get("/no/such/page").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn made_up_and_malformed_sign_in_ids_open_nothing() {
    let browser = Fixture::start().await.browser();
    for value in [
        "",
        "x",
        &"A".repeat(43),
        &"A".repeat(4000),
        "%00",
        "../../etc",
    ] {
        browser.set_cookie(&browser.app.cookie("user-session"), value);
        assert_eq!(
            browser.fetch("/api/me").await.status,
            StatusCode::UNAUTHORIZED,
            "{value}"
        );
    }
}

#[tokio::test]
async fn unknown_pages_are_not_found_for_everybody() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    for (browser, is_known) in [(app.browser(), false), (alice, true)] {
        let page = browser.get("/no-such-page").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.body.contains("<code>not_found</code>"));
        assert_eq!(page.body.contains("Sign out"), is_known);
        assert_eq!(
            browser.fetch("/no-such-page").await.json()["code"],
            "not_found"
        );
    }
}

#[tokio::test]
async fn a_role_is_held_by_its_whole_name_only() {
    let app = Fixture::start().await;
    for roles in [json!([]), json!(["admins", "not-admin", "ADMIN"])] {
        let browser = app.signed_in_with("alice", "roles", roles).await;
        let page = browser.get("/admin").await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        let answer = browser.fetch("/admin").await;
        assert_eq!(answer.json()["code"], "missing_role");
    }
    let browser = app.signed_in_with("bob", "roles", json!(["admin"])).await;
    assert_eq!(browser.get("/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_scope_that_is_wrapped_in_a_guard_lets_nobody_in_who_is_not_signed_in() {
    let app = Fixture::start_with_pages(|oidc, config| {
        config.service(
            scope("/test/reports")
                .wrap(oidc.ensure_authenticated())
                .route("/latest", get().to(secret)),
        );
        own_pages(oidc, config);
    })
    .await;
    let stranger = app.browser();
    let sent_away = stranger.get("/test/reports/latest").await;
    assert_eq!(sent_away.location().path(), PATHS.login);
    let refused = stranger.fetch("/test/reports/latest").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let unknown = stranger.fetch("/test/reports/none").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let page = stranger.sign_in_as("alice", "/test/reports/latest").await;
    assert_eq!(page.body, "a secret");
}

/// A handler under no middleware of the library cannot know who asks, and says so.
#[tokio::test]
async fn without_the_middleware_guards_say_what_is_missing() {
    let service = init_service(App::new().route("/", get().to(async |_: User| "somebody"))).await;
    let answer = call_service(&service, TestRequest::get().to_request()).await;
    assert_eq!(answer.status(), 500);
    let error = answer.response().error().unwrap().to_string();
    assert!(error.contains("oidc.middleware()"), "{error}");
}

/// The app's own data would outlive the sign-in there.
#[tokio::test]
async fn outside_of_the_middleware_the_app_session_says_what_is_wrong() {
    let app = Fixture::start().await;
    let wrapped = App::new()
        .wrap(app.oidc().middleware())
        .wrap(app.oidc().app_session())
        .route("/", get().to(open));
    let service = init_service(wrapped).await;
    let answer = call_service(&service, TestRequest::get().to_request()).await;
    assert_eq!(answer.status(), 500);
    let error = answer.response().error().unwrap().to_string();
    assert!(error.contains("oidc.middleware()"), "{error}");
}

/// And one that asks for another context than the hooks give.
#[tokio::test]
async fn a_context_that_the_hooks_do_not_give_is_a_fault_of_the_app() {
    let app = Fixture::start_with_pages(|oidc, config| {
        let wrong = async |_: vestibule::User<String>| "somebody";
        config.route("/test/wrong", get().to(wrong));
        own_pages(oidc, config);
    })
    .await;
    let alice = app.signed_in_as("alice").await;
    let page = alice.get("/test/wrong").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    let log = logs::with(page.header("x-request-id"));
    assert!(log.contains("alloc::string::String"), "{log}");
}
