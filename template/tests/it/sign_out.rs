//! People get out, and stay out.

use app::dev::provider::Endpoint;
use reqwest::StatusCode;

use crate::support::{TestApp, signed_in_as};

#[tokio::test]
async fn alice_signs_out_here_and_at_the_provider() {
    let alice = signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");

    let redirect = alice.post("/logout", &[("csrf_token", &csrf_token)]).await;

    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    let url = redirect.location();
    assert!(url.as_str().starts_with(alice.app.provider.issuer()));
    for parameter in [
        "id_token_hint",
        "client_id",
        "post_logout_redirect_uri",
        "state",
    ] {
        assert!(
            url.query_pairs().any(|(name, _)| name == parameter),
            "{parameter} in {url}"
        );
    }
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), "/logged-out");
    assert!(page.body.contains("You are signed out"));
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn signing_out_without_the_csrf_token_is_refused() {
    let alice = signed_in_as("alice").await;
    for fields in [&[][..], &[("csrf_token", "guessed")]] {
        let page = alice.post("/logout", fields).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(page.body.contains("forged_form"));
    }
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_out_from_another_site_is_refused() {
    let alice = signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");
    let page = alice
        .request(reqwest::Method::POST, "/logout", |request| {
            request
                .header("sec-fetch-site", "cross-site")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(format!("csrf_token={csrf_token}"))
        })
        .await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_link_signs_nobody_out() {
    let alice = signed_in_as("alice").await;
    let page = alice.get("/logout").await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn tokens_are_revoked_at_sign_out() {
    let alice = signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");
    alice.post("/logout", &[("csrf_token", &csrf_token)]).await;
    let provider = &alice.app.provider;
    alice
        .app
        .eventually(async || !provider.requests_to(Endpoint::Revocation).is_empty())
        .await;
}

#[tokio::test]
async fn the_provider_can_sign_a_person_out() {
    let app = TestApp::start().await;
    let alice = app.signed_in_as("alice").await;
    let bob = app.signed_in_as("bob").await;
    let token = app
        .provider
        .logout_token(env!("CARGO_PKG_NAME"), Some("alice"), None)
        .unwrap();

    let answer = app
        .browser()
        .post("/backchannel-logout", &[("logout_token", &token)])
        .await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(bob.fetch("/api/me").await.status, StatusCode::OK);
    let again = app
        .browser()
        .post("/backchannel-logout", &[("logout_token", &token)])
        .await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "used twice");
}

#[tokio::test]
async fn an_id_token_is_no_logout_token() {
    let app = TestApp::start().await;
    let alice = app.signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");
    let redirect = alice
        .post("/logout", &[("csrf_token", &csrf_token)])
        .await
        .location();
    let (_, id_token) = redirect
        .query_pairs()
        .find(|(name, _)| name == "id_token_hint")
        .unwrap();
    let answer = app
        .browser()
        .post("/backchannel-logout", &[("logout_token", &id_token)])
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}
