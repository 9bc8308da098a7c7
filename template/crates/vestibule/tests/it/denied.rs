//! People whom the app's own rules deny: they read why, they are not signed in,
//! and they find a way on.

use actix_web::http::StatusCode as Status;
use reqwest::{Method, StatusCode};
use serde_json::json;
use vestibule::{AfterLogin, Deny, UserSession};
use vestibule_dev::{provider::Endpoint, testing::logs};

use crate::{
    fixture::{Fixture, Rules},
    support::{PATHS, Page, TestApp, login_with},
};

/// All that a denial can say.
fn not_paid() -> Deny {
    Deny::new("not_paid")
        .title("Your plan has ended")
        .text("Choose another plan & come back.")
        .status(Status::PAYMENT_REQUIRED)
        .button("See the plans", "/plans?from=sign-in")
        .because("invoice 4711 is open")
}

async fn start(rules: Rules) -> TestApp {
    let fixture = Fixture {
        rules,
        ..Fixture::default()
    };
    fixture.prepared(|_, _| {}).start().await
}

async fn denying_after_login() -> TestApp {
    start(Rules {
        after_login: |_| Err(not_paid()),
        ..Rules::default()
    })
    .await
}

/// The page says all that `not_paid` says, and nothing that is for the log.
fn assert_says_it_all(page: &Page) {
    assert_eq!(page.status, StatusCode::PAYMENT_REQUIRED, "{}", page.body);
    for part in [
        "Your plan has ended",
        "Choose another plan &#38; come back.",
        "<code>not_paid</code>",
        "See the plans",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert_eq!(page.button(), "/plans?from=sign-in");
    assert!(!page.body.contains("4711"), "{}", page.body);
}

fn assert_says_it_all_to_scripts(answer: &Page) {
    assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["code"], "not_paid");
    assert_eq!(problem["status"], 402);
    assert_eq!(problem["title"], "Your plan has ended");
    assert_eq!(problem["detail"], "Choose another plan & come back.");
    assert!(!answer.body.contains("4711"), "{}", answer.body);
}

#[tokio::test]
async fn a_denied_sign_in_ends_on_a_page_that_says_why() {
    let app = denying_after_login().await;
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/profile").await;
    assert_says_it_all(&page);
    assert!(!alice.is_signed_in().await);
    assert!(!alice.has_cookie("user-session"));
    let log = logs::with(page.header("x-request-id"));
    assert!(log.contains("invoice 4711 is open"), "{log}");
    let failed = app.events("sign_in_failed");
    assert_eq!(failed.len(), 1);
    assert!(failed[0].contains("code=\"not_paid\""), "{}", failed[0]);
}

#[tokio::test]
async fn a_denied_sign_in_says_the_same_to_scripts() {
    let app = denying_after_login().await;
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", PATHS.login).await;
    let answer = alice.fetch(answer.location().as_str()).await;
    assert_says_it_all_to_scripts(&answer);
    assert!(!alice.is_signed_in().await);
}

/// Nobody else would give them back.
#[tokio::test]
async fn the_tokens_of_a_denied_sign_in_are_revoked() {
    let app = denying_after_login().await;
    app.browser().sign_in_as("alice", PATHS.login).await;
    let revocations = || app.provider.requests_to(Endpoint::Revocation);
    app.eventually(async || !revocations().is_empty()).await;
    let request = revocations().remove(0);
    assert_eq!(request.form("token_type_hint"), Some("refresh_token"));
    let token = request.form("token").unwrap().to_owned();
    assert!(app.provider.issued_tokens().contains(&token));
}

#[tokio::test]
async fn a_denied_sign_in_leaves_whoever_was_signed_in_before_as_they_were() {
    let app = start(Rules {
        after_login: |session| match session.subject() {
            "alice" => Err(not_paid()),
            _ => Ok(AfterLogin::Continue),
        },
        ..Rules::default()
    })
    .await;
    let bob = app.signed_in_as("bob").await;
    let before = bob.cookie("user-session");
    let page = bob.sign_in_as("alice", PATHS.login).await;
    assert_says_it_all(&page);
    assert_eq!(bob.cookie("user-session"), before);
    assert_eq!(bob.fetch("/api/me").await.json()["sub"], "bob");
}

/// A denial for which nobody's account is to blame.
fn no_records() -> Deny {
    Deny::new("no_records").status(Status::SERVICE_UNAVAILABLE)
}

#[tokio::test]
async fn who_is_denied_as_the_app_is_in_trouble_can_try_again() {
    let at_sign_in = Rules {
        after_login: |_| Err(no_records()),
        ..Rules::default()
    };
    let at_page = Rules {
        add_user_context: |_| Err(no_records()),
        ..Rules::default()
    };
    // A code works only once.
    let anew = login_with("return_to=%2Fprofile%3Fx%3D1");
    for (rules, button) in [(at_sign_in, anew.as_str()), (at_page, "/profile?x=1")] {
        let browser = start(rules).await.browser();
        let page = browser.sign_in_as("alice", "/profile?x=1").await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(page.body.contains("<code>no_records</code>"));
        assert!(page.body.contains(">Try again<"), "{}", page.body);
        assert_eq!(page.button(), button);
    }
}

#[tokio::test]
async fn who_is_denied_can_use_another_account() {
    let app = start(Rules {
        after_login: |session| match session.subject() {
            "alice" => Err(Deny::new("not_a_member")),
            _ => Ok(AfterLogin::Continue),
        },
        ..Rules::default()
    })
    .await;
    let browser = app.browser();
    let page = browser.sign_in_as("alice", "/profile").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("<code>not_a_member</code>"));

    // The provider asks, though it knows somebody.
    let page = browser.sign_in_as("bob", &page.button()).await;
    let asked = app.provider.requests_to(Endpoint::Authorization);
    assert_eq!(
        asked.last().unwrap().query("prompt"),
        Some("select_account")
    );
    assert_eq!(page.url.path(), "/profile", "which was wanted at first");
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(browser.fetch("/api/me").await.json()["sub"], "bob");
}

/// A denial that takes this many bytes on its way through the browser.
fn not_paid_of(length: usize) -> Deny {
    let mut note = json!({
        "code": "not_paid",
        "title": "Your plan has ended",
        "text": "",
        "status": 402,
    });
    note["text"] = "y".repeat(length - note.to_string().len()).into();
    let text = note["text"].as_str().unwrap_or_default();
    not_paid().text(text.to_owned()).logout_at_provider()
}

/// A browser drops a cookie of more than 4 KB, and nobody would read why.
#[tokio::test]
async fn a_denial_that_is_too_long_for_a_cookie_is_told_at_once() {
    let fits: fn(&UserSession) -> Result<AfterLogin, Deny> = |_| Err(not_paid_of(2048));
    for (after_login, path) in [
        (fits, PATHS.logged_out),
        // By the way of the provider's sign-out, a cookie would have to carry it.
        (|_| Err(not_paid_of(2049)), PATHS.login_callback),
    ] {
        let app = start(Rules {
            after_login,
            ..Rules::default()
        })
        .await;
        let page = app.browser().sign_in_as("alice", "/profile").await;
        assert_eq!(page.url.path(), path);
        assert!(page.body.contains("yyyyy"), "{}", page.body);
    }
}

#[tokio::test]
async fn a_denial_can_sign_people_out_at_the_provider_too() {
    let app = start(Rules {
        after_login: |_| Err(not_paid().logout_at_provider()),
        ..Rules::default()
    })
    .await;
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", "/profile").await;
    let redirect = alice.get(answer.location().as_str()).await;
    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    let target = redirect.location();
    assert!(target.as_str().starts_with(app.provider.issuer()));
    assert_eq!(target.path(), Endpoint::EndSession.path());
    assert!(
        target
            .query_pairs()
            .any(|(name, _)| name == "id_token_hint")
    );

    // Back from there, they read why.
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), PATHS.logged_out);
    for part in ["Your plan has ended", "<code>not_paid</code>"] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(!alice.is_signed_in().await);
    // Once.
    let page = alice.get(PATHS.logged_out).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("not_paid"), "{}", page.body);
    // The provider asks the next time.
    let list = alice.visit(PATHS.login).await;
    assert!(list.url.as_str().starts_with(app.provider.issuer()));
    let revocations = || app.provider.requests_to(Endpoint::Revocation);
    app.eventually(async || !revocations().is_empty()).await;
}

#[tokio::test]
async fn a_denial_that_cannot_go_to_the_provider_is_shown_here() {
    let app = start(Rules {
        after_login: |_| Err(not_paid().logout_at_provider()),
        ..Rules::default()
    })
    .await;
    app.provider.faults().json(Endpoint::Metadata, |metadata| {
        let metadata = metadata.as_object_mut().unwrap();
        metadata.remove("end_session_endpoint");
    });
    let page = app.browser().sign_in_as("alice", "/profile").await;
    assert_says_it_all(&page);
}

#[tokio::test]
async fn whom_add_user_context_denies_reads_why_on_each_page_and_can_sign_out() {
    let app = start(Rules {
        add_user_context: |_| Err(not_paid()),
        ..Rules::default()
    })
    .await;
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/profile").await;
    assert_says_it_all(&page);
    assert_says_it_all_to_scripts(&alice.fetch("/api/me").await);
    // Not even a page for everybody takes them for a stranger.
    assert_says_it_all(&alice.get("/").await);
    assert_eq!(alice.get("/healthz").await.status, StatusCode::OK);

    let token = page.field("csrf_token");
    let fields = [("csrf_token", token.as_str())];
    let answer = alice.post(PATHS.logout, &fields).await;
    assert!(
        answer
            .location()
            .as_str()
            .starts_with(app.provider.issuer())
    );
    assert_eq!(alice.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn whom_before_logout_denies_stays_signed_in() {
    let app = start(Rules {
        before_logout: |_| Err(not_paid()),
        ..Rules::default()
    })
    .await;
    let alice = app.signed_in_as("alice").await;
    assert_says_it_all(&alice.sign_out().await);
    assert!(alice.is_signed_in().await);
    let token = alice.csrf_token().await;
    let answer = alice
        .request(Method::POST, PATHS.logout, |request| {
            request.header("x-csrf-token", token)
        })
        .await;
    assert_says_it_all_to_scripts(&answer);
    assert!(alice.is_signed_in().await);
    assert!(app.provider.requests_to(Endpoint::Revocation).is_empty());
}

#[tokio::test]
async fn after_login_can_send_people_to_a_page_first() {
    let app = start(Rules {
        after_login: |_| Ok(AfterLogin::RedirectTo("/devices".to_owned())),
        ..Rules::default()
    })
    .await;
    let page = app.browser().sign_in_as("alice", "/profile?tab=1").await;
    assert_eq!(page.url.path(), "/devices");
    assert_eq!(page.url.query(), Some("return_to=%2Fprofile%3Ftab%3D1"));
    assert_eq!(page.status, StatusCode::OK);
}
