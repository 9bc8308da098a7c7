//! `/admin`, for people with the role `admin`.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::TestApp;

const PATH: &str = "/admin";
const ROLE: &str = "admin";

#[tokio::test]
async fn people_without_the_role_get_a_403() {
    let app = TestApp::start().await;
    let similar = [
        format!("{ROLE}s"),
        format!("not-{ROLE}"),
        ROLE.to_uppercase(),
    ];
    for roles in [json!([]), json!(similar)] {
        let browser = app.signed_in_with("alice", "roles", roles).await;
        let page = browser.get(PATH).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(page.body.contains("This page is not open to you"));
        let answer = browser.fetch(PATH).await;
        assert_eq!(answer.json()["code"], "missing_role");
    }
}

#[tokio::test]
async fn people_with_the_role_get_in() {
    let app = TestApp::start().await;
    let browser = app.signed_in_with("bob", "roles", json!([ROLE])).await;
    let page = browser.get(PATH).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Members"));
}

#[tokio::test]
async fn only_with_the_csrf_token_somebody_is_signed_out() {
    let app = TestApp::start().await;
    let browser = app.signed_in_with("bob", "roles", json!([ROLE])).await;
    let page = browser.post(PATH, &[("subject", "carol")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let token = browser.csrf_token().await;
    let fields = [("csrf_token", token.as_str()), ("subject", "carol")];
    let page = browser.post(PATH, &fields).await;
    assert_eq!(page.status, StatusCode::OK);
}
