//! What a correct and safe relying party does, row by row: the name of a test
//! begins with the row that it stands for, and tells it. Each refusal has a
//! twin that passes.

mod discovery;
mod options;
mod session;
mod sessions_rotation;

use reqwest::StatusCode;

use crate::support::{Browser, Page, TestApp};

/// Alice's sign-in goes wrong in a browser where bob is signed in: she gets a
/// page with the code and nothing else, and bob stays signed in as he was.
async fn assert_refused(bob: &Browser, code: &str, what: &str) -> Page {
    let before = bob.cookies()["sign-in"].clone();
    let answer = bob
        .answer_of_provider("alice", "/login?return_to=/profile")
        .await;
    let page = bob.get(answer.location().as_str()).await;
    assert_is_refusal(&page, code, what);
    assert_eq!(bob.cookies()["sign-in"], before, "{what}");
    assert_eq!(bob.fetch("/api/me").await.json()["sub"], "bob", "{what}");
    page
}

/// The page of a refusal: its status, its code, one way on, no redirect.
fn assert_is_refusal(page: &Page, code: &str, what: &str) {
    let is_expected = match code {
        "provider_unavailable" => page.status == StatusCode::SERVICE_UNAVAILABLE,
        _ => page.status.is_client_error(),
    };
    assert!(is_expected, "{what}: {} {}", page.status, page.body);
    let shown = format!("<code>{code}</code>");
    assert!(page.body.contains(&shown), "{what}: {}", page.body);
    assert_eq!(page.body.matches("class=\"button\"").count(), 1, "{what}");
    assert_eq!(page.header("location"), "", "{what}");
}

/// Alice signs in, in a browser that has not been here before.
async fn assert_accepted(app: &TestApp, what: &str) -> Browser {
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/profile").await;
    assert_eq!(page.status, StatusCode::OK, "{what}: {}", page.body);
    assert_eq!(page.url.path(), "/profile", "{what}");
    alice
}
