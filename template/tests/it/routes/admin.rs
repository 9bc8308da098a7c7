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
async fn an_administrator_finds_people_by_name_and_address() {
    let admin = admin().await;
    admin.app.signed_in_as("bob").await;
    let finds = async |search: &str| {
        let query = format!("{PATH}/members?search={search}");
        let page = admin.get(&query).await.body;
        page.matches("/admin/members/").count()
    };
    assert_eq!(finds("").await, 2);
    assert_eq!(finds("bAKer").await, 1);
    assert_eq!(finds("bob%40example.com").await, 1);
    assert_eq!(finds("nobody").await, 0);
}

/// The page of the person with this name.
async fn page_of(admin: &Browser, name: &str) -> String {
    let found = admin.get(&format!("{PATH}/members?search={name}")).await;
    let after = found.body.split_once("/admin/members/");
    let number = after.and_then(|(_, after)| after.split('"').next());
    let number = number.unwrap_or_default();
    assert!(!number.is_empty(), "{name} is not in {}", found.body);
    format!("{PATH}/members/{number}")
}

#[tokio::test]
async fn an_administrator_signs_somebody_out_everywhere() {
    let admin = admin().await;
    let dora = admin.app.signed_in_as("dora").await;
    let page_of_dora = page_of(&admin, "dora").await;

    let page = admin.post(&page_of_dora, &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(dora.is_signed_in().await, "without the CSRF token");

    let token = admin.get(&page_of_dora).await.field("csrf_token");
    let page = admin.post(&page_of_dora, &[("csrf_token", &token)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(!dora.is_signed_in().await);
    assert!(admin.is_signed_in().await);
}

#[tokio::test]
async fn an_administrator_signs_somebody_out_of_one_browser() {
    let admin = admin().await;
    let dora = admin.app.signed_in_as("dora").await;
    let page_of_dora = page_of(&admin, "dora").await;
    let page = admin.get(&page_of_dora).await;
    let fields = [
        ("csrf_token", page.field("csrf_token")),
        ("device", page.field("device")),
    ];
    let again = admin.app.signed_in_as("dora").await;

    // The handle says nothing about somebody else.
    let fields = fields.each_ref().map(|(name, value)| (*name, &**value));
    let page_of_alice = page_of(&admin, "alice").await;
    admin.post(&page_of_alice, &fields).await;
    assert!(dora.is_signed_in().await);

    admin.post(&page_of_dora, &fields).await;
    assert!(!dora.is_signed_in().await);
    assert!(again.is_signed_in().await);
}

#[tokio::test]
async fn members_that_do_not_exist_are_not_found() {
    let admin = admin().await;
    for path in ["/admin/members/0", "/admin/members/99", "/admin/members/x"] {
        assert_eq!(admin.get(path).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn members_are_told_apart_by_subject_and_not_by_address() {
    let admin = admin().await;
    let count = async || {
        let page = admin.get(PATH).await.body;
        let mut lines = page.lines().map(str::to_owned);
        lines.find(|line| line.contains("/admin/members"))
    };
    let before = count().await;
    let (claim, address) = ("email", "alice@example.com");
    admin.app.signed_in_with("dora", claim, address).await;
    let with_dora = count().await;
    assert_ne!(with_dora, before, "somebody else has the same address");
    admin.app.signed_in_as("dora").await;
    assert_eq!(count().await, with_dora, "the same person comes back");
}
