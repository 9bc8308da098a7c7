//! The provider is down, and comes back.

use std::time::Duration;

use app::dev::provider::Lifetimes;
use reqwest::StatusCode;

use crate::support::TestApp;

#[tokio::test]
async fn signed_in_people_go_on_while_the_provider_is_down() {
    let app = TestApp::start().await;
    let alice = app.signed_in_as("alice").await;
    app.provider.stop().await;
    assert_eq!(alice.get("/profile").await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_out_works_while_the_provider_is_down() {
    let app = TestApp::start().await;
    let alice = app.signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");
    app.provider.stop().await;
    let answer = alice.post("/logout", &[("csrf_token", &csrf_token)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_access_token_near_its_end_is_renewed_once_for_all_requests() {
    let app = TestApp::start().await;
    let usual = app.provider.lifetimes();
    app.provider.set_lifetimes(Lifetimes {
        access_token: Duration::from_secs(5),
        ..usual
    });
    let alice = app.signed_in_as("alice").await;
    app.provider.set_lifetimes(usual);
    let before = app.token_requests();

    let calls: Vec<_> = (0..10)
        .map(|_| {
            let alice = alice.clone();
            tokio::spawn(async move { alice.fetch("/api/userinfo").await.status })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(app.token_requests() - before, 1);
}
