//! `/`, for everybody.

use vestibule_dev::testing::StatusCode;

use crate::support::{signed_in_as, signed_out};

const PATH: &str = "/";

#[tokio::test]
async fn everybody_sees_it_and_who_is_signed_in() {
    for (browser, is_alice) in [
        (signed_out().await, false),
        (signed_in_as("alice").await, true),
    ] {
        let page = browser.get(PATH).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.body.contains("Alice"), is_alice, "{}", page.body);
    }
}
