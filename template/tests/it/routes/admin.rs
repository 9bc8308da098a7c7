//! `/admin`, for people with the role `admin`.

use serde_json::json;
use vestibule_dev::testing::{Browser, StatusCode};

use crate::support::{app, assert_needs_sign_in};

const PATH: &str = "/admin";
const ROLE: &str = "admin";

async fn admin() -> Browser {
    let app = app().start().await;
    app.signed_in_with("alice", "roles", json!([ROLE])).await
}

#[tokio::test]
async fn nobody_sees_it_without_signing_in() {
    assert_needs_sign_in(PATH).await;
}

#[tokio::test]
async fn people_without_the_role_get_a_403() {
    let app = app().start().await;
    let similar = [
        format!("{ROLE}s"),
        format!("not-{ROLE}"),
        ROLE.to_uppercase(),
    ];
    for roles in [json!([]), json!(similar)] {
        let browser = app.signed_in_with("alice", "roles", roles).await;
        assert_eq!(browser.get(PATH).await.status, StatusCode::FORBIDDEN);
        let answer = browser.fetch(PATH).await;
        assert_eq!(answer.json()["code"], "missing_role");
    }
}

#[tokio::test]
async fn people_with_the_role_get_in() {
    let page = admin().await.get(PATH).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn an_administrator_signs_somebody_out_everywhere() {
    let admin = admin().await;
    let dora = admin.app.signed_in_as("dora").await;

    let page = admin.post(PATH, &[("subject", "dora")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(dora.is_signed_in().await, "without the CSRF token");

    let token = admin.get(PATH).await.field("csrf_token");
    let fields = [("csrf_token", token.as_str()), ("subject", "dora")];
    let page = admin.post(PATH, &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!dora.is_signed_in().await);
}

#[tokio::test]
async fn members_are_told_apart_by_subject_and_not_by_address() {
    let admin = admin().await;
    let members = async || admin.get(PATH).await.body;
    let before = members().await;
    let (claim, address) = ("email", "alice@example.com");
    admin.app.signed_in_with("dora", claim, address).await;
    let with_dora = members().await;
    assert_ne!(with_dora, before, "somebody else has the same address");
    admin.app.signed_in_as("dora").await;
    assert_eq!(members().await, with_dora, "the same person comes back");
}
