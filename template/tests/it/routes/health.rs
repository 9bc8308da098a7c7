//! `/healthz` and `/readyz`, for load balancers.

use vestibule_dev::testing::StatusCode;

use crate::support::{app, signed_out};

#[tokio::test]
async fn the_app_is_alive_and_ready() {
    let browser = signed_out().await;
    assert_eq!(browser.fetch("/healthz").await.status, StatusCode::OK);
    assert_eq!(browser.fetch("/readyz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_its_provider_the_app_is_alive_but_not_ready() {
    let browser = app().provider_down().start().await.browser();
    assert_eq!(browser.fetch("/healthz").await.status, StatusCode::OK);
    let answer = browser.fetch("/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["provider"], "unavailable");
}
