//! Who may pass.

use reqwest::StatusCode;

use crate::support::{TestApp, signed_in_as};

const PROTECTED: [&str; 5] = ["/profile", "/devices", "/admin", "/api/me", "/api/userinfo"];

#[tokio::test]
async fn pages_send_strangers_to_sign_in_and_remember_where_they_were_going() {
    let browser = TestApp::start().await.browser();
    for path in PROTECTED {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
        let login = page.location();
        assert_eq!(login.path(), "/login");
        assert!(
            login
                .query_pairs()
                .any(|pair| pair == ("return_to".into(), path.into()))
        );
    }
}

#[tokio::test]
async fn scripts_of_strangers_get_json_and_no_redirect() {
    let browser = TestApp::start().await.browser();
    for path in PROTECTED {
        let answer = browser.fetch(path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(!answer.header("www-authenticate").is_empty());
        assert!(answer.header("set-cookie").is_empty());
        assert_eq!(answer.json()["code"], "signed_out");
    }
}

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

#[tokio::test]
async fn protected_pages_are_not_kept_by_the_browser() {
    let alice = signed_in_as("alice").await;
    assert_eq!(
        alice.get("/profile").await.header("cache-control"),
        "no-store"
    );
}

#[tokio::test]
async fn pages_carry_security_headers() {
    let browser = TestApp::start().await.browser();
    let page = browser.get("/").await;
    let policy = page.header("content-security-policy");
    for directive in [
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(directive), "{directive} in {policy}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn a_page_that_asks_for_a_role_refuses_people_without_it() {
    let bob = signed_in_as("bob").await;
    let page = bob.get("/admin").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("This page is not open to you"));
    assert_eq!(bob.fetch("/admin").await.json()["code"], "missing_role");
}

#[tokio::test]
async fn a_page_that_asks_for_a_role_lets_people_with_it_in() {
    let alice = signed_in_as("alice").await;
    let page = alice.get("/admin").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Members"));
}
