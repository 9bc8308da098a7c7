//! People get in and out.

use crate::support::{app, signed_in_as};

#[tokio::test]
async fn somebody_signs_in_and_out() {
    let app = app().start().await;
    let browser = app.browser();
    assert!(!browser.is_signed_in().await);

    browser.sign_in_as("alice", &app.oidc().paths().login).await;
    assert!(browser.is_signed_in().await);

    browser.sign_out().await;
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn somebody_who_cancels_is_not_signed_in() {
    let app = app().start().await;
    let browser = app.browser();
    let list = browser.visit(&app.oidc().paths().login).await;
    let answer = browser.press(&list, ("cancel", "yes")).await;
    let page = browser.follow(answer).await;
    assert!(!page.status.is_server_error(), "{}", page.body);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_after_signing_out() {
    let alice = signed_in_as("alice").await;
    let kept = alice.cookies();
    alice.sign_out().await;
    for (name, value) in &kept {
        alice.set_cookie(name, value);
    }
    assert!(!alice.is_signed_in().await);
}
