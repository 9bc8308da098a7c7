//! The provider is down, and comes back.

use reqwest::StatusCode;

use crate::support::TestApp;

#[tokio::test]
async fn signed_in_people_go_on_while_the_provider_is_down() {
    let app = TestApp::start().await;
    let alice = app.signed_in_as("alice").await;
    app.provider.stop().await;
    assert_eq!(alice.get("/profile").await.status, StatusCode::OK);
}
