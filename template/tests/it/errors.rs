//! What people and scripts see when something goes wrong.

use vestibule_dev::testing::{Method, StatusCode};

use crate::support::{signed_in_as, signed_out};

#[tokio::test]
async fn an_unknown_page_is_not_found() {
    for browser in [signed_out().await, signed_in_as("alice").await] {
        let page = browser.get("/no-such-page").await;
        assert_eq!(page.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_page_says_which_methods_it_has() {
    let browser = signed_out().await;
    for path in ["/", "/static/app.css"] {
        let page = browser
            .request(Method::DELETE, path, |request| request)
            .await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(page.header("allow"), "GET, HEAD", "{path}");
    }
}

#[tokio::test]
async fn a_person_sees_what_to_quote_to_support() {
    let alice = signed_in_as("alice").await;
    let logout = &alice.app.oidc().paths().logout;
    let page = alice.post(logout, &[("csrf_token", "made up")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let request_id = page.header("x-request-id");
    for part in ["forged_form", request_id] {
        assert!(page.body.contains(part), "no {part} in {}", page.body);
    }
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn pages_tell_browsers_what_they_may_do() {
    let page = signed_out().await.get("/").await;
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
}
