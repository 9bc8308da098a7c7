//! Signing in without a question.

use actix_web::web::{self, ServiceConfig, get, post};
use reqwest::StatusCode;
use vestibule::Oidc;

use crate::{
    fixture::{Fixture, User, pages as own_pages},
    support::TestApp,
};

/// The app's pages, and one that signs people in if that needs no question.
pub fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config.service(
        web::scope("/test/news")
            .wrap(oidc.sign_in_silently())
            .route("", get().to(news))
            .route("", post().to(news)),
    );
    own_pages(oidc, config);
}

async fn news(user: Option<User>) -> String {
    let name = user.map_or("stranger".to_owned(), |user| {
        user.session().subject().to_owned()
    });
    format!("news for {name}")
}

/// With the provider found: before that, nobody is tried.
pub async fn start() -> TestApp {
    let app = Fixture::start_with_pages(pages).await;
    let ready = async || app.browser().get("/readyz").await.status == StatusCode::OK;
    app.eventually(ready).await;
    app
}

#[tokio::test]
async fn people_known_to_the_provider_arrive_signed_in() {
    let app = start().await;
    let alice = app.signed_in_as("alice").await;
    // Known to the provider still, but not to the app any more.
    alice.forget_cookie(&alice.app.cookie("user-session"));
    let page = alice.visit("/test/news?day=today").await;
    assert_eq!(page.body, "news for alice");
    assert_eq!(page.url.query(), Some("day=today"));
}

#[tokio::test]
async fn people_who_have_signed_out_stay_signed_out() {
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
    let fixture = Fixture {
        pages,
        ..Fixture::default()
    };
    let app = fixture.prepared(|_, _| {}).provider_down().start().await;
    let page = app.browser().get("/test/news").await;
    assert_eq!(page.body, "news for stranger");
}
