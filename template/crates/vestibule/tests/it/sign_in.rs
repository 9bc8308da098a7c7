//! People get in.

use reqwest::{
    Method, StatusCode,
    header::{COOKIE, HeaderValue},
};

use crate::{
    fixture::Fixture,
    support::{PATHS, embedded_at, signed_in_as},
};

#[tokio::test]
async fn alice_signs_in_and_is_greeted() {
    let app = Fixture::start().await;
    let browser = app.browser();
    assert!(browser.get("/").await.body.contains("Sign in"));

    let page = browser.sign_in_as("alice", PATHS.login).await;

    assert_eq!(page.url.path(), PATHS.after_login);
    let home = browser.get("/").await;
    assert!(home.body.contains("Hello, <bdi>Alice"), "{}", home.body);
}

#[tokio::test]
async fn profile_shows_what_the_provider_says() {
    let alice = signed_in_as("alice").await;
    let page = alice.get("/profile").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("alice@example.com"), "{}", page.body);
}

#[tokio::test]
async fn the_wanted_page_is_reached_after_signing_in() {
    let app = Fixture::start().await;
    let page = app.browser().sign_in_as("bob", "/profile?tab=claims").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.url.path(), "/profile");
    assert_eq!(page.url.query(), Some("tab=claims"));
}

#[tokio::test]
async fn api_me_tells_who_is_signed_in() {
    let bob = signed_in_as("bob").await;
    let me = bob.fetch("/api/me").await.json();
    assert_eq!(me["sub"], "bob");
    assert_eq!(me["email"], "bob@example.com");
    assert_eq!(me["roles"], serde_json::json!(["user"]));
    assert!(me["csrf_token"].as_str().unwrap().len() >= 22);
    assert!(me["expires_at"].is_u64());
}

#[tokio::test]
async fn api_userinfo_asks_the_provider_as_the_person() {
    let alice = signed_in_as("alice").await;
    let answer = alice.fetch("/api/userinfo").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["sub"], "alice");
}

#[tokio::test]
async fn people_with_awkward_data_can_sign_in() {
    let app = Fixture::start().await;
    let people: Vec<String> = app
        .provider
        .people()
        .iter()
        .map(|person| person.sub.clone())
        .collect();
    for person in people {
        let browser = app.signed_in_as(&person).await;
        let page = browser.get("/profile").await;
        assert_eq!(page.status, StatusCode::OK, "{person}");
        // The only one is the app's own.
        assert_eq!(page.body.matches("<script>").count(), 1, "{person}");
    }
}

#[tokio::test]
async fn the_sign_in_page_of_the_app_leads_to_the_provider() {
    let app =
        Fixture::start_with(|settings| settings.login_mode = vestibule::settings::LoginMode::Page)
            .await;
    let browser = app.browser();
    let page = browser.visit("/profile").await;
    assert_eq!(page.url.path(), PATHS.login);
    let return_to = page.field("return_to");

    let answer = browser
        .post(PATHS.login, &[("return_to", &return_to)])
        .await;
    let list = browser.follow(answer).await;
    let answer = browser.choose(&list, "alice").await;
    let page = browser.follow(answer).await;

    assert_eq!(page.url.path(), "/profile");
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn sign_ins_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let first = Fixture::start_with(|settings| settings.session_store = embedded_at(&file)).await;
    let browser = first.signed_in_as("alice").await;
    let cookie = browser.cookie("user-session");
    first.stop().await;

    let second = Fixture::start_again(&first).await;
    let browser = second.browser();
    browser.set_cookie(&browser.app.cookie("user-session"), &cookie);

    assert_eq!(browser.fetch("/api/me").await.json()["sub"], "alice");
}

/// Somebody with a cookie on the parent domain may have put anything into it.
#[tokio::test]
async fn a_strange_cookie_of_another_app_keeps_nobody_out() {
    let app = crate::silent::start().await;
    let strange = HeaderValue::from_bytes(b"city=K\xf6ln; rate=100%; =; x").unwrap();
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", PATHS.login).await;
    let page = alice
        .request(Method::GET, answer.location().as_str(), |request| {
            request
                .header("accept", "text/html")
                .header(COOKIE, strange.clone())
        })
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert!(alice.has_cookie("user-session"));

    let stranger = app.browser();
    stranger.set_cookie(&stranger.app.cookie("silent"), "tried");
    let page = stranger
        .request(Method::GET, "/test/news", |request| {
            request
                .header("accept", "text/html")
                .header(COOKIE, strange)
        })
        .await;
    assert_eq!(page.body, "news for stranger");
}

#[tokio::test]
async fn a_cookie_whose_name_only_begins_as_ours_does_not_stand_in_its_way() {
    let alice = signed_in_as("alice").await;
    let name = alice.app.cookie("user-session");
    let ours = format!("{name}={}", alice.cookie("user-session"));
    for other in [
        format!("{name}-of-another-app=x"),
        format!("{name}2=x"),
        name.clone(),
        "user-session=x".to_owned(),
        format!("{name}.x"),
    ] {
        let page = alice
            .app
            .browser()
            .request(Method::GET, "/api/me", |request| {
                request.header(COOKIE, format!("{other}; {ours}"))
            })
            .await;
        assert!(page.is_of_somebody(), "{other}");
    }
}
