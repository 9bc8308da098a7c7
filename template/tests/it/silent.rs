//! Signing in without a question.

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig, get, post},
};
use app::oidc::guard::{User, sign_in_silently};
use reqwest::StatusCode;

use crate::support::{TestApp, own_pages};

/// The app's pages, and one that signs people in if that needs no question.
fn pages(config: &mut ServiceConfig) {
    config.service(
        web::scope("/test/news")
            .wrap(from_fn(sign_in_silently))
            .route("", get().to(news))
            .route("", post().to(news)),
    );
    own_pages(config);
}

async fn news(user: Option<User>) -> String {
    let name = user.map_or("stranger".to_owned(), |user| user.sign_in().subject.clone());
    format!("news for {name}")
}

/// With the provider found: before that, nobody is tried.
pub async fn start() -> TestApp {
    let app = TestApp::start_with_pages(pages).await;
    let ready = async || app.browser().get("/readyz").await.status == StatusCode::OK;
    app.eventually(ready).await;
    app
}

#[tokio::test]
async fn people_known_to_the_provider_arrive_signed_in() {
    let app = start().await;
    let alice = app.signed_in_as("alice").await;
    // Known to the provider still, but not to the app any more.
    alice.forget_cookie("sign-in");
    let page = alice.visit("/test/news?day=today").await;
    assert_eq!(page.body, "news for alice");
    assert_eq!(page.url.query(), Some("day=today"));
}

#[tokio::test]
async fn whoever_has_signed_out_stays_signed_out() {
    let app = start().await;
    let alice = app.signed_in_as("alice").await;
    // The provider is not reached: its session goes on.
    alice.sign_out().await;
    assert_eq!(alice.visit("/test/news").await.body, "news for stranger");
}

#[tokio::test]
async fn scripts_and_browsers_that_were_tried_are_left_alone() {
    let app = start().await;
    let browser = app.browser();
    assert_eq!(browser.fetch("/test/news").await.body, "news for stranger");
    let posted = browser.post("/test/news", &[]).await;
    assert_eq!(posted.body, "news for stranger");
    assert_eq!(
        browser.get("/test/news").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(browser.get("/test/news").await.body, "news for stranger");
}

#[tokio::test]
async fn people_who_are_signed_in_are_left_alone() {
    let app = start().await;
    let alice = app.signed_in_as("alice").await;
    assert!(!alice.cookies().contains_key("silent"));
    assert_eq!(alice.get("/test/news").await.body, "news for alice");
}

#[tokio::test]
async fn the_page_is_there_without_the_provider() {
    let app = TestApp::start_with_pages_and_provider_down(pages).await;
    let page = app.browser().get("/test/news").await;
    assert_eq!(page.body, "news for stranger");
}
