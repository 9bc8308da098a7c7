//! `/static/…`, for everybody.

use vestibule_dev::testing::StatusCode;

use crate::support::signed_out;

#[tokio::test]
async fn everybody_gets_the_style_sheet() {
    let file = signed_out().await.fetch("/static/app.css").await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.header("content-type").starts_with("text/css"));
}
