//! What must not work, and what the person then sees.

use reqwest::StatusCode;

use crate::support::{Browser, Page, TestApp};

/// A refused sign-in: a page with the code, nobody signed in, no redirect.
async fn assert_refused(browser: &Browser, page: &Page, code: &str) {
    assert!(
        page.status.is_client_error(),
        "{}: {}",
        page.status,
        page.body
    );
    assert!(page.body.contains(code), "{code} in {}", page.body);
    assert!(
        page.body.contains("Sign in"),
        "a button to go on in {}",
        page.body
    );
    assert_eq!(
        browser.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_callback_that_nobody_began_is_refused() {
    let app = TestApp::start().await;
    let browser = app.browser();
    for query in [
        "",
        "?code=x",
        "?code=x&state=y",
        "?code=x&state=AAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let page = browser
            .get(&format!("/authorization-code/callback{query}"))
            .await;
        assert_refused(&browser, &page, "attempt_unknown").await;
    }
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn the_answer_to_another_browsers_sign_in_is_refused() {
    let app = TestApp::start().await;
    let attacker = app.browser();
    let answer = attacker.answer_of_provider("mallory", "/login").await;
    let victim = app.browser();
    victim.visit("/login").await;
    let page = victim.get(answer.location().as_str()).await;
    assert_refused(&victim, &page, "attempt_unknown").await;
}

#[tokio::test]
async fn an_altered_attempt_cookie_is_refused() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/login").await;
    let cookies = browser.cookies();
    let (name, value) = cookies
        .iter()
        .find(|(name, _)| name.starts_with("attempt-"))
        .unwrap();
    let middle = value.len() / 2;
    let letter = if &value[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let altered = format!("{}{letter}{}", &value[..middle], &value[middle + 1..]);
    browser.set_cookie(name, &altered);
    let page = browser.get(answer.location().as_str()).await;
    assert_refused(&browser, &page, "attempt_unknown").await;
}

#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let app = TestApp::start().await;
    for name in ["code", "state", "iss", "error"] {
        let browser = app.browser();
        let answer = browser.answer_of_provider("alice", "/login").await;
        let mut callback = answer.location();
        callback
            .query_pairs_mut()
            .append_pair(name, "x")
            .append_pair(name, "y");
        let page = browser.get(callback.as_str()).await;
        assert_refused(&browser, &page, "parameter_repeated").await;
    }
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_refused_before_the_code_is_used() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/login").await;
    let location = answer.location();
    let mut callback = location.clone();
    callback
        .query_pairs_mut()
        .clear()
        .extend_pairs(location.query_pairs().filter(|(name, _)| name != "iss"))
        .append_pair("iss", "https://attacker.example");
    let page = browser.get(callback.as_str()).await;
    assert_refused(&browser, &page, "mixed_up").await;
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn a_missing_issuer_is_refused_if_the_provider_promised_it() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/login").await;
    let location = answer.location();
    let mut callback = location.clone();
    callback
        .query_pairs_mut()
        .clear()
        .extend_pairs(location.query_pairs().filter(|(name, _)| name != "iss"));
    let page = browser.get(callback.as_str()).await;
    assert_refused(&browser, &page, "mixed_up").await;
}

#[tokio::test]
async fn a_cancelled_sign_in_ends_on_a_page_with_a_way_on() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let list = browser.visit("/profile").await;
    let answer = browser.press(&list, ("cancel", "yes")).await;
    let page = browser.follow(answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_refused(&browser, &page, "denied").await;
    assert!(page.body.contains("return_to=%2Fprofile"), "{}", page.body);
}

#[tokio::test]
async fn an_error_without_an_attempt_says_nothing_of_the_error() {
    let browser = TestApp::start().await.browser();
    let page = browser
        .get("/authorization-code/callback?error=call_us&error_description=now&state=z")
        .await;
    assert_refused(&browser, &page, "attempt_unknown").await;
    assert!(!page.body.contains("call_us"));
}

#[tokio::test]
async fn a_wrong_nonce_is_refused() {
    let app = TestApp::start().await;
    app.provider
        .faults()
        .id_token(|token| token.claims["nonce"] = "another".into());
    let browser = app.browser();
    let page = browser.sign_in_as("alice", "/login").await;
    assert_refused(&browser, &page, "id_token").await;
}

#[tokio::test]
async fn an_expired_id_token_is_refused() {
    let app = TestApp::start().await;
    app.provider.faults().id_token(|token| {
        let expiry = token.claims["iat"].as_u64().unwrap() - 200;
        token.claims["exp"] = expiry.into();
    });
    let browser = app.browser();
    let page = browser.sign_in_as("alice", "/login").await;
    assert_refused(&browser, &page, "id_token").await;
}

#[tokio::test]
async fn an_id_token_for_another_client_is_refused() {
    let app = TestApp::start().await;
    app.provider
        .faults()
        .id_token(|token| token.claims["aud"] = "another-app".into());
    let browser = app.browser();
    let page = browser.sign_in_as("alice", "/login").await;
    assert_refused(&browser, &page, "id_token").await;
}

#[tokio::test]
async fn places_outside_the_app_are_not_returned_to() {
    let app = TestApp::start().await;
    for place in [
        "https://attacker.example/",
        "//attacker.example",
        "/\\attacker.example",
        "/%09/attacker.example\t",
        "https:attacker.example",
        "javascript:alert(1)",
        "/\r\nset-cookie: a=b",
    ] {
        let browser = app.browser();
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("return_to", place)
            .finish();
        let page = browser
            .sign_in_as("alice", &format!("/login?{query}"))
            .await;
        assert_eq!(page.url, app.base, "{place}");
        assert_eq!(page.status, StatusCode::OK, "{place}");
    }
}

#[tokio::test]
async fn unknown_login_parameters_never_reach_the_provider() {
    let browser = TestApp::start().await.browser();
    let page = browser
        .get("/login?scope=admin&redirect_uri=https://attacker.example&acr_values=0&claims=x")
        .await;
    let url = page.location();
    let value = |name: &str| {
        let values: Vec<_> = url.query_pairs().filter(|(key, _)| key == name).collect();
        values
            .first()
            .map(|(_, value)| value.to_string())
            .unwrap_or_default()
    };
    assert_eq!(
        value("redirect_uri"),
        format!("{}authorization-code/callback", browser.app.base)
    );
    assert!(!value("scope").contains("admin"));
    assert_eq!(value("acr_values"), "");
    assert_eq!(value("claims"), "");
    assert_eq!(value("code_challenge_method"), "S256");
    assert_eq!(value("response_type"), "code");
}

#[tokio::test]
async fn forgotten_attempts_do_not_pile_up_in_the_browser() {
    let browser = TestApp::start().await.browser();
    for _ in 0..20 {
        browser.get("/login").await;
    }
    let cookies = browser.cookies();
    let bytes: usize = cookies
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(cookies.len() <= 5, "{cookies:?}");
    assert!(bytes < 8 * 1024);
    let page = browser.sign_in_as("alice", "/login").await;
    assert_eq!(page.status, StatusCode::OK);
}
