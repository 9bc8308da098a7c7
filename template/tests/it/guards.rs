//! Who may pass.

use reqwest::StatusCode;

use crate::support::TestApp;

#[tokio::test]
async fn made_up_and_malformed_sign_in_ids_open_nothing() {
    let browser = TestApp::start().await.browser();
    for value in [
        "",
        "x",
        &"A".repeat(43),
        &"A".repeat(4000),
        "%00",
        "../../etc",
    ] {
        browser.set_cookie("sign-in", value);
        assert_eq!(
            browser.fetch("/api/me").await.status,
            StatusCode::UNAUTHORIZED,
            "{value}"
        );
    }
}

#[tokio::test]
async fn unknown_pages_are_not_found_for_everybody() {
    let app = TestApp::start().await;
    for browser in [app.browser(), app.signed_in_as("alice").await] {
        let page = browser.get("/no-such-page").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.body.contains("There is no such page"));
        assert_eq!(
            browser.fetch("/no-such-page").await.json()["code"],
            "not_found"
        );
    }
}
