//! What people do with browsers, none of it wrong: they end signed in on the
//! page that they wanted, or on a page with one clear button, and nothing goes
//! round in a loop.

use reqwest::StatusCode;

use vestibule::now;

use crate::{
    checklist::change_transactions,
    fixture::Fixture,
    support::{Browser, PATHS, Page, login_with, within_one_second},
};

/// One clear button, which leads to the wanted page by a sign-in.
async fn assert_button_leads_to(browser: &Browser, page: &Page, wanted: &str) {
    assert!(page.status.is_client_error(), "{page:?}");
    assert_eq!(page.body.matches("class=\"button\"").count(), 1);
    let end = browser.sign_in_as("alice", &page.button()).await;
    assert_eq!(end.status, StatusCode::OK);
    assert_eq!(end.url.path(), wanted);
    assert!(browser.is_signed_in().await);
}

fn lose_cookies(browser: &Browser, prefix: &str) {
    for (name, _) in browser.cookies() {
        if name.starts_with(prefix) {
            browser.set_cookie(&name, "");
        }
    }
}

#[tokio::test]
async fn two_tabs_can_sign_in_at_the_same_time() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let first_tab = browser.visit("/profile?tab=1").await;
    let second_tab = browser.visit("/profile?tab=2").await;

    let answer = browser.choose(&first_tab, "alice").await;
    let first = browser.follow(answer).await;
    let answer = browser.choose(&second_tab, "alice").await;
    let second = browser.follow(answer).await;

    assert_eq!(first.url.query(), Some("tab=1"));
    assert_eq!(second.url.query(), Some("tab=2"));
    assert_eq!(second.status, StatusCode::OK);
}

#[tokio::test]
async fn going_back_to_the_provider_and_on_again_leads_to_the_page() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let list = browser.visit("/profile").await;
    let answer = browser.choose(&list, "alice").await;
    browser.follow(answer).await;

    // The provider's page is still there, and gives a second code.
    let answer = browser.choose(&list, "alice").await;
    let page = browser.follow(answer).await;

    assert_eq!(page.url.path(), "/profile");
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(app.token_requests(), 1);
}

#[tokio::test]
async fn going_back_to_the_callback_leads_to_the_page() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let callback = answer.location();
    browser.follow(answer).await;
    let page = browser.visit(callback.as_str()).await;
    assert_eq!(page.url.path(), "/profile");
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn an_old_callback_leads_signed_in_people_to_the_front_page() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let callback = answer.location();
    browser.follow(answer).await;
    lose_cookies(&browser, "transaction-");
    let page = browser.visit(callback.as_str()).await;
    assert_eq!(page.url.path(), PATHS.after_login);
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_begun_before_lunch_ends_on_a_page_with_a_button() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    // Browsers drop the transaction after ten minutes.
    lose_cookies(&browser, "transaction-");
    let page = browser.get(answer.location().as_str()).await;
    assert_button_leads_to(&browser, &page, PATHS.after_login).await;
}

#[tokio::test]
async fn a_sign_in_too_old_for_the_server_keeps_the_wanted_page() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    crate::checklist::change_transaction(&browser, |transaction| {
        transaction["started_at"] = 1.into()
    });
    let page = browser.get(answer.location().as_str()).await;
    assert_button_leads_to(&browser, &page, "/profile").await;
}

#[tokio::test]
async fn a_browser_without_cookies_ends_on_a_page_with_a_button() {
    let app = Fixture::start().await;
    for _ in 0..3 {
        // Each request from a browser that has kept nothing.
        let login = app.browser().get("/profile").await.location();
        let request = app.browser().get(login.as_str()).await.location();
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        let page = app.browser().get(&answer).await;
        assert!(page.body.contains("<code>transaction_unknown</code>"));
        assert_button_leads_to(&app.browser(), &page, PATHS.after_login).await;
    }
}

#[tokio::test]
async fn a_callback_sent_twice_at_once_signs_in_once() {
    let app = Fixture::start().await;
    for _ in 0..5 {
        let browser = app.browser();
        let answer = browser.answer_of_provider("alice", "/profile").await;
        let callback = answer.location();
        let before = app.token_requests();

        let (one, two) = tokio::join!(
            browser.get(callback.as_str()),
            browser.get(callback.as_str())
        );

        assert_eq!(app.token_requests(), before + 1);
        assert!(browser.is_signed_in().await);
        assert_eq!(browser.get("/profile").await.status, StatusCode::OK);
        for page in [one, two] {
            if page.status.is_redirection() {
                assert_eq!(page.header("location"), "/profile");
            } else {
                let other = app.browser();
                assert_button_leads_to(&other, &page, "/profile").await;
            }
        }
    }
}

#[tokio::test]
async fn a_failed_sign_in_can_be_repeated_at_once() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    app.provider.stop().await;
    let page = browser.get(answer.location().as_str()).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    app.provider.start_again().await.unwrap();
    let end = browser.sign_in_as("alice", &page.button()).await;
    assert_eq!(end.status, StatusCode::OK);
    assert_eq!(end.url.path(), "/profile");
}

#[tokio::test]
async fn a_sign_in_loop_ends_on_a_page() {
    let app = Fixture::start().await;
    let browser = app.browser();
    for round in 0..10 {
        let login = browser.get("/profile").await.location();
        let page = browser.get(login.as_str()).await;
        if !page.status.is_redirection() {
            assert_eq!(round, 4, "sign-ins before it");
            assert_eq!(page.status, StatusCode::BAD_REQUEST);
            assert!(page.body.contains("<code>sign_in_loop</code>"));
            // The way out: another page can still be signed in to.
            let another = login_with("return_to=/devices");
            let end = browser.sign_in_as("alice", &another).await;
            assert_eq!(end.status, StatusCode::OK);
            return;
        }
        // A provider that knows the person answers without asking.
        let request = page.location();
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        let page = browser.get(&answer).await;
        assert_eq!(page.header("location"), "/profile");
        browser.forget_cookie(&app.cookie("user-session"));
    }
    panic!("ten rounds, and no end");
}

#[tokio::test]
async fn sign_ins_that_are_half_a_minute_apart_are_no_loop() {
    let app = Fixture::start().await;
    let login = login_with("return_to=/profile");
    let in_a_loop = async || {
        let browser = app.browser();
        for _ in 0..4 {
            browser.sign_in_as("alice", &login).await;
        }
        let page = browser.get(&login).await;
        assert!(page.body.contains("<code>sign_in_loop</code>"));
        browser
    };
    let page = within_one_second(in_a_loop, async |browser| {
        let began = (now() - 30) * 1000;
        change_transactions(&browser, |transaction| {
            transaction["started_at"] = began.into();
        });
        browser.get(&login).await
    });
    let target = page.await.location();
    assert!(target.as_str().starts_with(app.provider.issuer()));
}

#[tokio::test]
async fn signing_in_again_and_again_by_hand_is_no_circle() {
    let app = Fixture::start().await;
    let browser = app.browser();
    for _ in 0..3 {
        for person in ["alice", "bob"] {
            let page = browser.sign_in_as(person, PATHS.login).await;
            assert_eq!(page.status, StatusCode::OK);
            browser.sign_out().await;
        }
        lose_cookies(&browser, "transaction-");
    }
}
