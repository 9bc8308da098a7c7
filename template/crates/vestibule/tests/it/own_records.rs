//! What an app's own records add: roles, and whether the app is ready.

use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpRequest, web::get};
use reqwest::StatusCode;
use serde_json::json;
use vestibule::Visitor;

use crate::fixture::{Fixture, Rules, User, pages as own_pages};

fn number_two_is_an_admin() -> Rules {
    Rules {
        roles: |account| match account.number {
            2 => vec!["admin".to_owned(), "user".to_owned()],
            _ => Vec::new(),
        },
        ..Rules::default()
    }
}

/// All roles, and whether the visitor of the page has the role `admin`.
async fn roles(request: HttpRequest, user: User) -> String {
    let roles: Vec<&str> = user.roles().collect();
    let visitor = Visitor::of(&request);
    let is_admin = visitor.is_some_and(|visitor| visitor.has_role("admin"));
    format!("{} {is_admin}", roles.join(","))
}

#[tokio::test]
async fn roles_of_the_records_count_beside_those_of_the_provider() {
    let app = Fixture {
        rules: number_two_is_an_admin(),
        pages: |oidc, config| {
            config.route("/test/roles", get().to(roles));
            own_pages(oidc, config);
        },
        ..Fixture::default()
    };
    let app = app.prepared(|_, _| {}).start().await;
    let first = app.signed_in_as("bob").await;
    assert_eq!(first.get("/test/roles").await.body, "user false");
    assert_eq!(first.get("/admin").await.status, StatusCode::FORBIDDEN);

    let second = app.signed_in_as("carol").await;
    assert_eq!(second.get("/test/roles").await.body, "user,admin true");
    assert_eq!(second.get("/admin").await.status, StatusCode::OK);

    // Records are no part of the session: they count for whom they name.
    let none = app.signed_in_with("alice", "roles", json!([])).await;
    assert_eq!(none.get("/test/roles").await.body, " false");
    assert_eq!(none.get("/admin").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_app_without_what_it_needs_is_not_ready_until_it_is_back() {
    static IS_DOWN: AtomicBool = AtomicBool::new(true);
    let rules = Rules {
        check_health: || match IS_DOWN.load(Ordering::Relaxed) {
            true => Err("no connection to 192.0.2.1".to_owned()),
            false => Ok(()),
        },
        ..Rules::default()
    };
    let app = Fixture {
        rules,
        ..Fixture::default()
    };
    let app = app.prepared(|_, _| {}).start().await;
    let browser = app.browser();
    for _ in 0..2 {
        let ready = browser.fetch("/readyz").await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        let expected = json!({ "provider": "ok", "store": "ok", "app": "unavailable" });
        assert_eq!(ready.json(), expected);
    }
    let log = app.logged("192.0.2.1");
    assert_eq!(log.matches("what the app needs cannot be used").count(), 1);

    IS_DOWN.store(false, Ordering::Relaxed);
    assert_eq!(browser.fetch("/readyz").await.status, StatusCode::OK);
    assert!(
        !app.logged("what the app needs can be used again")
            .is_empty()
    );
}

#[test]
fn a_made_up_person_of_a_preview_has_no_role() {
    let sample = Visitor::sample("Alice Archer", "made up");
    assert_eq!(sample.name(), "Alice Archer");
    assert!(!sample.has_role("admin"));
    assert!(sample.session().is_none());
}
