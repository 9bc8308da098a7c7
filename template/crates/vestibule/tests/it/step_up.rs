//! Pages that demand more of people than to be signed in.

use actix_web::web::{ServiceConfig, get, post};
use reqwest::StatusCode;
use vestibule::{Assurance, Oidc, internals, settings::LoginMode};
use vestibule_dev::provider::Endpoint;

use crate::{
    fixture::{Assured, Fixture, Fresh, pages as own_pages},
    support::{Browser, PATHS, Page, login_with},
};

/// What `/test/safe` demands.
pub struct Strong;

impl Assurance for Strong {
    const ACR_VALUES: &'static [&'static str] = &["phr", "phrh"];
}

/// The app's pages, one that demands a fresh authentication, and one that
/// demands a strong one.
pub fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config.route("/test/vault", get().to(vault));
    config.route("/test/safe", get().to(safe));
    own_pages(oidc, config);
    config.route("/test/safe", post().to(safe));
}

async fn vault(user: Fresh<60>) -> String {
    format!("the vault of {}", user.session().subject())
}

async fn safe(user: Assured<Strong>) -> String {
    format!("the safe of {}", user.session().subject())
}

/// Goes to a page that demands more, and does what the provider asks.
pub async fn step_up(browser: &Browser, person: &str, to: &str) -> Page {
    let list = browser.visit(to).await;
    let answer = browser.choose(&list, person).await;
    browser.follow(answer).await
}

#[tokio::test]
async fn a_strong_sign_in_opens_the_page_and_need_not_be_repeated() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let page = step_up(&alice, "alice", "/test/safe?drawer=2").await;
    assert_eq!(page.body, "the safe of alice");
    assert_eq!(page.url.query(), Some("drawer=2"));
    assert_eq!(alice.get("/test/safe").await.body, "the safe of alice");
}

#[tokio::test]
async fn strangers_sign_in_first_and_then_strongly() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/test/safe").await;
    assert!(page.url.as_str().starts_with(app.provider.issuer()));
    let answer = alice.choose(&page, "alice").await;
    assert_eq!(alice.follow(answer).await.body, "the safe of alice");
}

#[tokio::test]
async fn any_of_the_named_contexts_will_do() {
    let app = Fixture::start_with_pages(pages).await;
    app.provider
        .faults()
        .id_token(|token| token.claims["acr"] = "phrh".into());
    let alice = app.signed_in_as("alice").await;
    assert_eq!(alice.get("/test/safe").await.body, "the safe of alice");
}

#[tokio::test]
async fn scripts_are_told_what_is_lacking() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let answer = alice.fetch("/test/safe").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["code"], "not_assured");
}

#[tokio::test]
async fn only_the_id_token_tells_how_strong_a_sign_in_is() {
    let app = Fixture::start_with_pages(pages).await;
    app.provider.faults().id_token(|token| {
        let claims = token.claims.as_object_mut().unwrap();
        claims.remove("acr");
        claims.remove("auth_time");
    });
    app.provider.faults().json(Endpoint::Userinfo, |claims| {
        claims["acr"] = "phr".into();
        claims["auth_time"] = 4_000_000_000_u64.into();
    });
    let alice = app.signed_in_as("alice").await;
    assert_eq!(
        alice.fetch("/test/safe").await.json()["code"],
        "not_assured"
    );
    assert_eq!(alice.fetch("/test/vault").await.json()["code"], "not_fresh");
}

#[tokio::test]
async fn nobody_but_the_app_can_make_a_demand_up() {
    let app = Fixture::start_with_pages(pages).await;
    let browser = app.browser();
    let page = browser.get(&login_with("acr_values=phr")).await;
    assert!(!page.location().as_str().contains("acr_values"));
    for made_up in ["phr", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let page = browser
            .get(&format!("{}?assurance={made_up}", PATHS.login))
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{made_up}");
    }
}

#[tokio::test]
async fn a_slow_clock_at_the_provider_makes_no_loop() {
    let app = Fixture::start_with_pages(pages).await;
    // Within the tolerance of 120 s, but further back than the page allows.
    app.provider.faults().id_token(|token| {
        let now = token.claims["iat"].as_u64().unwrap();
        token.claims["auth_time"] = (now - 100).into();
    });
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/test/vault").await;
    assert_eq!(page.body, "the vault of alice");
}

#[tokio::test]
async fn the_providers_no_to_a_step_up_is_a_page_of_its_own() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    app.provider.faults().authorization_response(|pairs| {
        pairs.retain(|(name, _)| name != "code");
        let error = "unmet_authentication_requirements".to_owned();
        pairs.push(("error".to_owned(), error));
    });
    let page = step_up(&alice, "alice", "/test/safe").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("demand_not_met"), "{}", page.body);
    assert_eq!(alice.fetch("/api/me").await.json()["sub"], "alice");
}

#[tokio::test]
async fn the_apps_own_sign_in_page_does_not_stand_in_the_way() {
    for login_mode in [LoginMode::Page, LoginMode::Widget] {
        let app = Fixture::start_with(|settings| settings.login_mode = login_mode).await;
        let sealed = internals::seal_assurance(app.oidc(), &["phr"]).unwrap();
        let page = app
            .browser()
            .get(&format!("{}?assurance={sealed}", PATHS.login))
            .await;
        assert!(page.location().as_str().starts_with(app.provider.issuer()));
    }
}

#[tokio::test]
async fn stepping_up_does_not_prolong_the_sign_in() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let end = alice.fetch("/api/me").await.json()["expires_at"].clone();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    step_up(&alice, "alice", "/test/safe").await;
    assert_eq!(alice.fetch("/api/me").await.json()["expires_at"], end);
    // One that no page has demanded has its own time, and so has another person's.
    alice.sign_in_as("alice", PATHS.login).await;
    assert_ne!(alice.fetch("/api/me").await.json()["expires_at"], end);
    let list = alice.visit(&login_with("max_age=0")).await;
    let answer = alice.choose(&list, "bob").await;
    alice.follow(answer).await;
    assert_ne!(alice.fetch("/api/me").await.json()["expires_at"], end);
}

#[tokio::test]
async fn a_form_that_demands_more_shows_the_way_to_it() {
    for login_mode in [LoginMode::Redirect, LoginMode::Page, LoginMode::Widget] {
        let app = Fixture::start_with_pages_and(pages, |settings| {
            settings.login_mode = login_mode;
        })
        .await;
        let alice = app.browser();
        let begun = alice.post(PATHS.login, &[]).await;
        let list = alice.follow(begun).await;
        let answer = alice.choose(&list, "alice").await;
        alice.follow(answer).await;
        let page = alice.post("/test/safe", &[]).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        let list = alice.visit(&page.button()).await;
        let answer = alice.choose(&list, "alice").await;
        alice.follow(answer).await;
        assert_eq!(
            alice.post("/test/safe", &[]).await.body,
            "the safe of alice",
            "{login_mode:?}"
        );
    }
}
