//! `/devices`, for people who are signed in.

use vestibule_dev::testing::StatusCode;

use crate::support::{app, assert_needs_sign_in};

const PATH: &str = "/devices";

#[tokio::test]
async fn nobody_sees_it_without_signing_in() {
    assert_needs_sign_in(PATH).await;
}

#[tokio::test]
async fn people_sign_out_everywhere_else() {
    let app = app().start().await;
    let [here, there] = [
        app.signed_in_as("alice").await,
        app.signed_in_as("alice").await,
    ];
    let token = here.get(PATH).await.field("csrf_token");
    let page = here.post(PATH, &[("csrf_token", &token)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(here.is_signed_in().await);
    assert!(!there.is_signed_in().await);
}

#[tokio::test]
async fn without_the_csrf_token_nothing_is_done() {
    let app = app().start().await;
    let [here, there] = [
        app.signed_in_as("alice").await,
        app.signed_in_as("alice").await,
    ];
    let page = here.post(PATH, &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(there.is_signed_in().await);
}
