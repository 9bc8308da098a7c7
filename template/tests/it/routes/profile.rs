//! `/profile`, for people who are signed in.

use vestibule_dev::testing::StatusCode;

use crate::support::{app, assert_needs_sign_in, signed_in_as};

const PATH: &str = "/profile";

#[tokio::test]
async fn nobody_sees_it_without_signing_in() {
    assert_needs_sign_in(PATH).await;
}

#[tokio::test]
async fn people_see_what_the_provider_says_about_them() {
    let alice = signed_in_as("alice").await;
    let page = alice.get(PATH).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("alice@example.com"), "{}", page.body);
}

#[tokio::test]
async fn claims_are_shown_as_text() {
    let app = app().start().await;
    let markup = "<b>bold</b>";
    let alice = app.signed_in_with("alice", "nickname", markup).await;
    let page = alice.get(PATH).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains(markup), "{}", page.body);
}
