//! Checks what `vestibule routes` says of an app against the running app: every
//! route, signed out, signed in without roles and with them, and with an old
//! sign-in.

use serde_json::{Value, json};
use vestibule_dev::testing::{Browser, Method, Page, StatusCode, TestApp};

use crate::support;

#[tokio::test]
async fn the_table_of_routes_is_true() {
    let table = std::env::var("ROUTES").unwrap();
    let table = std::fs::read_to_string(table).unwrap();
    let table: Value = serde_json::from_str(&table).unwrap();
    assert!(table["unread"].as_array().unwrap().is_empty());
    let routes = table["routes"].as_array().unwrap();
    assert!(routes.len() > 10);
    let app = support::app().start().await;
    for route in routes {
        agrees(&app, route).await;
    }
}

async fn agrees(app: &TestApp, route: &Value) {
    let access = &route["access"];
    let signed_out = ask(&app.browser(), route).await;
    // A handler may not have what a made-up name asks for, and a default service
    // may have nothing at all; the switches are those of the app's own provider,
    // which tests do without.
    let path = route["path"].as_str().unwrap();
    let may_lack = path.contains('{') || path == "/dev/provider" || route["default"] == true;
    let found = may_lack || signed_out.status != StatusCode::NOT_FOUND;
    let is_route = found && signed_out.status != StatusCode::METHOD_NOT_ALLOWED;
    assert!(is_route, "{route}: {signed_out:?}");
    let is_for_everybody = match access["who"].as_str().unwrap() {
        "everybody" => true,
        "signed_in" => false,
        other => panic!("{route}: {other}"),
    };
    assert_eq!(
        code(&signed_out) != "signed_out",
        is_for_everybody,
        "{route}: {signed_out:?}"
    );
    if is_for_everybody {
        return;
    }
    assert_eq!(signed_out.status, StatusCode::UNAUTHORIZED);

    let roles = access["roles"].clone();
    let with_roles = app.signed_in_with("alice", "roles", roles.clone()).await;
    let answer = ask(&with_roles, route).await;
    let refused = ["signed_out", "missing_role", "not_fresh"].contains(&code(&answer).as_str());
    assert!(!refused, "{route}: {answer:?}");

    let without_roles = app.signed_in_with("alice", "roles", json!([])).await;
    let answer = ask(&without_roles, route).await;
    let needs_role = !roles.as_array().unwrap().is_empty();
    assert_eq!(
        code(&answer) == "missing_role",
        needs_role,
        "{route}: {answer:?}"
    );

    if !needs_role {
        let long_ago = app.signed_in_with("alice", "auth_time", 1).await;
        let answer = ask(&long_ago, route).await;
        let needs_fresh = !access["fresh_seconds"].is_null();
        assert_eq!(
            code(&answer) == "not_fresh",
            needs_fresh,
            "{route}: {answer:?}"
        );
    }
}

/// Asks as a script does.
async fn ask(browser: &Browser, route: &Value) -> Page {
    let method: Method = route["method"].as_str().unwrap().parse().unwrap();
    let parts = route["path"].as_str().unwrap().split('/');
    let parts = parts.map(|part| if part.starts_with('{') { "1" } else { part });
    let path = parts.collect::<Vec<_>>().join("/");
    browser
        .request(method, &path, |request| {
            request
                .header("accept", "application/json")
                .header("sec-fetch-mode", "cors")
        })
        .await
}

/// The code of an error.
fn code(page: &Page) -> String {
    let problem: Value = serde_json::from_str(&page.body).unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn somebody_on_the_list_of_people_has_the_new_role() {
    let me = support::signed_in_as("alice")
        .await
        .get("/api/me")
        .await
        .json();
    let roles = me["roles"].as_array().unwrap();
    assert!(roles.contains(&Value::from("auditor")), "{roles:?}");
}

#[tokio::test]
async fn the_bar_links_to_added_pages_for_those_who_may_see_them() {
    let app = support::app().start().await;
    let auditor = app
        .signed_in_with("alice", "roles", json!(["auditor"]))
        .await;
    let member = app.signed_in_with("bob", "roles", json!([])).await;
    let everybody = ["/everybody-page", "/everybody-form"];
    let members = ["/person-page", "/fresh-form"];
    let (auditors, admins) = (["/auditor-page", "/auditor-form"], ["/admin-page"]);
    for (browser, seen, unseen) in [
        (
            app.browser(),
            vec![everybody],
            [&members[..], &auditors, &admins].concat(),
        ),
        (
            member,
            vec![everybody, members],
            [&auditors[..], &admins].concat(),
        ),
        (auditor, vec![everybody, members, auditors], admins.to_vec()),
    ] {
        let page = browser.get("/everybody-page").await;
        let links = |path: &str| page.body.contains(&format!("<li><a href=\"{path}\""));
        for path in seen.concat() {
            assert!(links(path), "{path}: {}", page.body);
        }
        for path in unseen {
            assert!(!links(path), "{path}: {}", page.body);
        }
        let current = "href=\"/everybody-page\" aria-current=\"page\"";
        assert!(page.body.contains(current), "{}", page.body);
        assert_eq!(page.body.matches("aria-current").count(), 1);
    }
}

#[tokio::test]
async fn the_gallery_shows_added_pages() {
    let browser = support::app().start().await.browser();
    for (name, part) in [
        ("person-page", "This page is for"),
        ("admin-form-of", "text-mistake"),
        ("everybody-form", "text-mistake"),
    ] {
        let page = browser.get(&format!("/dev/views/{name}")).await;
        assert_eq!(page.status, StatusCode::OK, "{name}");
        assert!(page.body.contains(part), "{name}: {}", page.body);
    }
}
