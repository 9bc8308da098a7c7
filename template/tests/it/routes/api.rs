//! `/api/…`, for scripts of people who are signed in.

use vestibule_dev::testing::StatusCode;

use crate::support::{assert_needs_sign_in, signed_in_as};

const ME: &str = "/api/me";
const USERINFO: &str = "/api/userinfo";

#[tokio::test]
async fn nobody_is_answered_without_signing_in() {
    assert_needs_sign_in(ME).await;
    assert_needs_sign_in(USERINFO).await;
}

#[tokio::test]
async fn me_tells_who_is_signed_in() {
    let alice = signed_in_as("alice").await;
    let me = alice.fetch(ME).await.json();
    assert_eq!(me["sub"], "alice");
    assert!(me["roles"].is_array(), "{me}");
    assert!(me["expires_at"].is_u64(), "{me}");
    assert_eq!(me["csrf_token"], alice.csrf_token().await);
}

#[tokio::test]
async fn userinfo_is_what_the_provider_says() {
    let alice = signed_in_as("alice").await;
    let answer = alice.fetch(USERINFO).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["sub"], "alice");
}
