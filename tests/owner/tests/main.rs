//! What the generated app promises to code that its owner adds: guards, hooks,
//! pages, settings, forms and the owner's own session. Runs in an app that
//! `../run` has edited as an owner would.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use serde_json::json;
use vestibule_dev::{
    provider::Endpoint,
    testing::{Browser, Method, Page, StatusCode, TestApp},
};

#[expect(
    dead_code,
    reason = "shared with the app's own tests, which use all of it"
)]
#[path = "../it/support.rs"]
mod support;

use support::{app, signed_in_as};

#[tokio::test]
async fn a_page_whose_guard_was_forgotten_is_refused_by_its_table() {
    let app = app().start().await;
    let signed_out = app.browser();
    assert_eq!(
        signed_out.get("/forgotten").await.location().path(),
        "/door"
    );
    assert_eq!(
        signed_out.fetch("/forgotten").await.status,
        StatusCode::UNAUTHORIZED
    );
    let alice = app.signed_in_as("alice").await;
    assert_eq!(
        alice.get("/forgotten").await.body,
        "for signed-in people only"
    );
}

#[tokio::test]
async fn redirect_to_sends_people_who_are_signed_out_to_a_page_of_the_owners_choice() {
    let app = app().start().await;
    let page = app.browser().get("/reports").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.header("location"), "/welcome");
    let alice = app.signed_in_as("alice").await;
    assert_eq!(alice.get("/reports").await.body, "reports");
}

/// Alice, who last authenticated an hour ago.
async fn signed_in_an_hour_ago(app: &TestApp) -> Browser {
    app.provider.faults().once().id_token(|token| {
        let an_hour_ago = token.claims["iat"].as_u64().unwrap() - 3600;
        token.claims["auth_time"] = an_hour_ago.into();
    });
    app.signed_in_as("alice").await
}

#[tokio::test]
async fn fresh_asks_for_a_new_authentication_and_accepts_it() {
    let app = app().start().await;
    let alice = signed_in_an_hour_ago(&app).await;
    let cookie = app.cookie("user-session");
    let stale = alice.cookies()[&cookie].clone();

    let refused = alice.fetch("/vault").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["code"], "not_fresh");
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);

    let mut page = alice.visit("/vault").await;
    if page.url.as_str().starts_with(app.provider.issuer()) {
        let answer = alice.choose(&page, "alice").await;
        page = alice.follow(answer).await;
    }
    assert_eq!(page.body, "the vault of alice");
    let asked = app.provider.requests_to(Endpoint::Authorization);
    assert!(
        asked
            .iter()
            .any(|request| request.query("max_age") == Some("60"))
    );
    assert_ne!(alice.cookies()[&cookie], stale, "a new session id");
}

#[tokio::test]
async fn fresh_accepts_people_who_have_just_signed_in() {
    let alice = signed_in_as("alice").await;
    assert_eq!(alice.get("/vault").await.body, "the vault of alice");
}

#[tokio::test]
async fn a_role_may_be_decided_by_the_apps_own_records() {
    let app = app().start().await;
    let alice = app.signed_in_as("alice").await;
    let dora = app.signed_in_as("dora").await;
    assert_eq!(alice.get("/first").await.body, "you were here first");
    assert_eq!(dora.get("/first").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn after_login_may_send_people_elsewhere() {
    let app = app().start().await;
    let bob = app.browser();
    let page = bob.sign_in_as("bob", "/devices").await;
    assert_eq!(page.url.path(), "/welcome");
    assert_eq!(page.url.query(), Some("return_to=%2Fdevices"));
    assert!(bob.is_signed_in().await);
}

#[tokio::test]
async fn after_login_may_refuse_with_the_owners_words_and_then_nobody_is_signed_in() {
    let app = app().start().await;
    let carol = app.browser();
    let page = carol.sign_in_as("carol", "/devices").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    for part in [
        "Verify your e-mail address first",
        "email_unverified",
        "How to do that",
        "/welcome",
    ] {
        assert!(page.body.contains(part), "no {part} in {}", page.body);
    }
    assert!(!carol.has_cookie("user-session"));
    assert!(!carol.is_signed_in().await);
    // The tokens just issued are revoked, and nobody waits for that.
    app.eventually(async || !app.provider.requests_to(Endpoint::Revocation).is_empty())
        .await;
}

#[tokio::test]
async fn a_refusal_by_after_login_leaves_the_former_user_session_alone() {
    let app = app().start().await;
    let browser = app.signed_in_as("alice").await;
    let list = browser.visit("/door?max_age=0").await;
    let answer = browser.choose(&list, "carol").await;
    assert_eq!(browser.follow(answer).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.fetch("/api/me").await.json()["sub"], "alice");
}

#[tokio::test]
async fn add_user_context_may_refuse_every_request_without_a_loop() {
    let app = app().start().await;
    let farah = app.browser();
    let page = farah.sign_in_as("farah", "/devices").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(
        page.body.contains("Your account is closed"),
        "{}",
        page.body
    );
    assert_eq!(farah.fetch("/api/me").await.json()["code"], "closed");

    // Another person may sign in in her browser.
    let list = farah.visit("/door").await;
    let answer = farah.choose(&list, "alice").await;
    let page = farah.follow(answer).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    farah.sign_in_as("farah", "/door").await;

    // No page treats her as signed out, and from each she can leave.
    let page = farah.get("/").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let token = page.field("csrf_token");
    let answer = farah.post("/leave", &[("csrf_token", &token)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(!farah.has_cookie("user-session"));
    assert_eq!(farah.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn before_logout_may_keep_people_signed_in() {
    let dora = signed_in_as("dora").await;
    let page = sign_out(&dora).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("Close the till first"), "{}", page.body);
    assert!(dora.is_signed_in().await);
    let alice = signed_in_as("alice").await;
    assert_eq!(sign_out(&alice).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_owners_own_page_for_an_error_is_shown_and_still_safe() {
    let browser = app().start().await.browser();
    let page = browser.get("/no-such-page").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(page.body, "we looked everywhere");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn the_owners_pages_are_not_asked_where_signing_in_is_the_answer() {
    let app = app().start().await;
    let alice = signed_in_an_hour_ago(&app).await;
    let page = alice.get("/vault").await;
    assert_eq!(page.location().path(), "/door");
}

#[tokio::test]
async fn the_hooks_learn_when_the_provider_is_down_and_when_it_is_back() {
    let app = app().provider_down().start().await;
    let issuer = app.provider.issuer();
    let is_reported = async |what: &str| {
        let line = format!("{issuer} {what}");
        let news = app.browser().get("/news").await.body;
        news.lines().any(|reported| reported == line)
    };
    app.eventually(async || is_reported("failed").await).await;
    assert!(!is_reported("ready").await);
    app.provider.start_again().await.unwrap();
    app.eventually(async || is_reported("ready").await).await;
}

#[tokio::test]
async fn a_setting_and_a_job_of_the_owners_are_there() {
    let app = app().env("DATABASE_URL", "postgres://test").start().await;
    let browser = app.browser();
    assert_eq!(browser.get("/database").await.body, "postgres://test");
    app.eventually(async || browser.get("/news").await.body.contains("the job runs"))
        .await;
}

#[tokio::test]
async fn a_missing_setting_of_the_owners_is_named_with_the_librarys() {
    let variable = |name: &str| (name == "APP_LISTEN").then(|| "no port".to_owned());
    let read = app::app::AppSettings::read;
    let faults = vestibule::Settings::from_lookup_with(variable, read);
    let faults = faults.err().unwrap().to_string();
    for name in ["APP_LISTEN", "DATABASE_URL"] {
        assert!(faults.contains(name), "no {name} in {faults}");
    }
}

#[tokio::test]
async fn a_changed_greeting_view_and_claim_are_shown() {
    let app = app().start().await;
    let nickname = json!("Lissy");
    let alice = app.signed_in_with("alice", "nickname", nickname).await;
    let page = alice.get("/").await;
    assert!(page.body.contains("Good to see you"), "{}", page.body);
    let page = alice.get("/me").await;
    assert!(page.body.contains("Known as Lissy"), "{}", page.body);
}

#[tokio::test]
async fn the_owners_forms_need_the_csrf_token_in_a_field_or_the_header() {
    let alice = signed_in_as("alice").await;
    let token = alice.get("/").await.field("csrf_token");

    let unsigned = send(&alice, "message=hello", None).await;
    assert_eq!(unsigned.status, StatusCode::FORBIDDEN);
    assert_eq!(unsigned.json()["code"], "forged_form");
    let guessed = send(&alice, "message=hello", Some("guessed")).await;
    assert_eq!(guessed.status, StatusCode::FORBIDDEN);

    let by_header = send(&alice, "message=hello", Some(&token)).await;
    assert_eq!(by_header.body, "Alice Archer says hello");
    let by_field = send(&alice, &format!("message=hello&csrf_token={token}"), None).await;
    assert_eq!(by_field.body, "Alice Archer says hello");
    let dora = alice.app.signed_in_as("dora").await;
    let anothers = send(&dora, "message=hello", Some(&token)).await;
    assert_eq!(anothers.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_owners_session_is_emptied_at_sign_in_and_at_sign_out() {
    let app = app().start().await;
    let browser = app.browser();
    assert!(
        browser.cookies().is_empty(),
        "no cookie before one is needed"
    );
    browser.get("/keep/before").await;
    assert_eq!(browser.get("/kept").await.body, "before");

    browser.sign_in_as("alice", "/door").await;
    assert_eq!(browser.get("/kept").await.body, "nothing is kept");

    browser.get("/keep/meanwhile").await;
    assert_eq!(browser.get("/kept").await.body, "meanwhile");
    sign_out(&browser).await;
    assert_eq!(browser.get("/kept").await.body, "nothing is kept");
}

async fn sign_out(browser: &Browser) -> Page {
    let token = browser.get("/").await.field("csrf_token");
    browser.post("/leave", &[("csrf_token", &token)]).await
}

async fn send(browser: &Browser, form: &str, header: Option<&str>) -> Page {
    browser
        .request(Method::POST, "/messages", |request| {
            let request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned());
            match header {
                Some(token) => request.header("x-csrf-token", token),
                None => request,
            }
        })
        .await
}

#[tokio::test]
async fn a_public_form_is_accepted_from_pages_of_this_app_only() {
    let app = app().start().await;
    let here = app.base.origin().ascii_serialization();
    for (header, expected) in [
        (("sec-fetch-site", "same-origin"), StatusCode::OK),
        (("origin", here.as_str()), StatusCode::OK),
        (("sec-fetch-site", "cross-site"), StatusCode::FORBIDDEN),
        (("sec-fetch-site", "same-site"), StatusCode::FORBIDDEN),
        (("sec-fetch-site", "none"), StatusCode::FORBIDDEN),
        (
            ("origin", "https://elsewhere.example"),
            StatusCode::FORBIDDEN,
        ),
        // Pages that send no referrer, in browsers without Fetch Metadata.
        (("origin", "null"), StatusCode::OK),
        (("x-nothing", "said"), StatusCode::FORBIDDEN),
    ] {
        let page = app
            .browser()
            .request(Method::POST, "/guests", |request| {
                request
                    .header(header.0, header.1)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body("message=hello")
            })
            .await;
        assert_eq!(page.status, expected, "{header:?}");
    }
}
