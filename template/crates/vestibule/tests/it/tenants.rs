//! An issuer that stands for many tenants, as Microsoft Entra's `organizations`: each token
//! names its own tenant.

use reqwest::StatusCode;
use serde_json::{Value, json};
use vestibule::{
    Settings,
    settings::{SessionStore, Tenants},
};
use vestibule_dev::{
    provider::{DevProvider, Endpoint, Lifetimes},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{Browser, CLIENT, Page, TestApp, settings_of},
};

const ONE: &str = "6f1d2c3b-4a59-4e68-9777-8a9b0c1d2e3f";
const OTHER: &str = "0aa1b2c3-d4e5-4f60-8a7b-9c0d1e2f3a4b";
const STRANGER: &str = "ffffffff-0000-4111-8222-333344445555";

fn these(ids: &[&str]) -> Tenants {
    Tenants::These(ids.iter().map(|id| (*id).to_owned()).collect())
}

/// Lets the provider stand for many tenants, and the app admit people of some.
fn share(settings: &mut Settings, provider: &DevProvider, tenants: Tenants) {
    let own = provider.issuer().to_owned();
    let known = settings.provider.as_mut().unwrap();
    known.issuer = format!("{own}/organizations/v2.0");
    let metadata = format!("{own}/.well-known/openid-configuration");
    known.metadata_url = Some(metadata.parse().unwrap());
    known.tenants = Some(tenants);
    provider.faults().json(Endpoint::Metadata, move |metadata| {
        metadata["issuer"] = json!(format!("{own}/{{tenantid}}/v2.0"));
        metadata["authorization_response_iss_parameter_supported"] = json!(false);
    });
    // Entra sends none.
    provider
        .faults()
        .authorization_response(|pairs| pairs.retain(|(name, _)| name != "iss"));
}

async fn app_of(tenants: Tenants) -> TestApp {
    Fixture::start_prepared(|settings, provider| share(settings, provider, tenants)).await
}

fn issuer_of(app: &TestApp, tenant: &str) -> String {
    format!("{}/{tenant}/v2.0", app.provider.issuer())
}

/// Has the provider say this of whoever signs in next.
fn say(app: &TestApp, iss: Value, tid: Value) {
    app.provider.faults().id_token(move |token| {
        token.claims["iss"] = iss.clone();
        token.claims["tid"] = tid.clone();
    });
}

fn say_tenant(app: &TestApp, tenant: &str) {
    say(app, issuer_of(app, tenant).into(), tenant.into());
}

async fn sign_in(app: &TestApp, tenant: &str) -> (Browser, Page) {
    say_tenant(app, tenant);
    let browser = app.browser();
    let page = browser.sign_in_as("alice", "/profile").await;
    (browser, page)
}

#[tokio::test]
async fn the_same_subject_in_two_tenants_is_two_people() {
    let app = app_of(these(&[ONE, OTHER])).await;
    let mut browsers = Vec::new();
    for tenant in [ONE, OTHER] {
        let (browser, page) = sign_in(&app, tenant).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        let session = &browser.record().await.session;
        assert_eq!(session.issuer(), issuer_of(&app, tenant));
        browsers.push(browser);
    }
    let [one, other] = &browsers[..] else {
        panic!("two have signed in");
    };
    let end_others = one.csrf_token().await;
    one.post("/devices", &[("csrf_token", &end_others)]).await;
    assert!(other.is_signed_in().await);
}

#[tokio::test]
async fn people_of_other_tenants_read_whom_to_ask() {
    let app = app_of(these(&[ONE])).await;
    let (browser, page) = sign_in(&app, STRANGER).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{page:?}");
    assert!(page.body.contains("<code>not_admitted</code>"), "{page:?}");
    assert!(!browser.is_signed_in().await);
    let log = logs::with(page.header("x-request-id"));
    assert!(log.contains("their tenant is not in OIDC_TENANTS"), "{log}");
    app.eventually(async || !app.provider.requests_to(Endpoint::Revocation).is_empty())
        .await;
}

#[tokio::test]
async fn all_tenants_have_to_be_asked_for() {
    let app = app_of(Tenants::All).await;
    let (browser, _) = sign_in(&app, STRANGER).await;
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_token_has_to_be_of_the_tenant_that_it_names() {
    let app = app_of(Tenants::All).await;
    let own = app.provider.issuer().to_owned();
    for (iss, tid) in [
        (json!(issuer_of(&app, OTHER)), json!(ONE)),
        (json!(issuer_of(&app, ONE)), json!(null)),
        (json!(issuer_of(&app, ONE)), json!(7)),
        (
            json!(issuer_of(&app, "organizations")),
            json!("organizations"),
        ),
        (json!(issuer_of(&app, "{tenantid}")), json!("{tenantid}")),
        (json!(issuer_of(&app, "..")), json!("..")),
        (json!(format!("{own}/{ONE}")), json!(ONE)),
        (json!(format!("{own}/{ONE}/v2.0/")), json!(ONE)),
        (
            json!(format!("https://attacker.example/{ONE}/v2.0")),
            json!(ONE),
        ),
        (json!(own), json!(ONE)),
        (json!(null), json!(ONE)),
    ] {
        say(&app, iss.clone(), tid.clone());
        let browser = app.browser();
        let page = browser.sign_in_as("alice", "/profile").await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{iss} {tid}");
        assert!(page.body.contains("id_token"), "{iss} {tid}: {page:?}");
        assert!(!browser.is_signed_in().await, "{iss} {tid}");
    }
}

#[tokio::test]
async fn a_key_signs_for_its_own_tenant_alone() {
    for (of_key, is_admitted) in [("{tenantid}", true), (ONE, true), (OTHER, false)] {
        let app = Fixture::start_prepared(|settings, provider| {
            share(settings, provider, Tenants::All);
            let issuer = format!("{}/{of_key}/v2.0", provider.issuer());
            provider.faults().json(Endpoint::Keys, move |set| {
                for key in set["keys"].as_array_mut().unwrap() {
                    key["issuer"] = json!(issuer);
                }
            });
        })
        .await;
        let (browser, page) = sign_in(&app, ONE).await;
        assert_eq!(
            browser.is_signed_in().await,
            is_admitted,
            "{of_key}: {page:?}"
        );
    }
}

#[tokio::test]
async fn new_tokens_of_another_tenant_end_the_session() {
    let app = app_of(Tenants::All).await;
    app.provider.set_lifetimes(Lifetimes {
        access_token: std::time::Duration::from_secs(2),
        ..app.provider.lifetimes()
    });
    let (browser, _) = sign_in(&app, ONE).await;
    say_tenant(&app, OTHER);
    let has_ended = async || {
        let answer = browser.fetch("/api/userinfo").await;
        answer.status == StatusCode::UNAUTHORIZED
    };
    app.eventually(has_ended).await;
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn metadata_of_one_issuer_are_not_those_of_many() {
    for issuer in ["organizations", ONE, "{tenant}"] {
        let app = Fixture::start_prepared(|settings, provider| {
            share(settings, provider, Tenants::All);
            let issuer = format!("{}/{issuer}/v2.0", provider.issuer());
            provider.faults().json(Endpoint::Metadata, move |metadata| {
                metadata["issuer"] = json!(issuer);
            });
        })
        .await;
        let page = app.browser().get("/login").await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{issuer}");
    }
}

#[tokio::test]
async fn a_tenant_that_is_no_longer_admitted_has_nobody_signed_in() {
    let file = std::env::temp_dir().join(format!("tenants-{}.redb", std::process::id()));
    let before = Fixture::start_prepared(|settings, provider| {
        share(settings, provider, these(&[ONE, OTHER]));
        settings.session_store = SessionStore::Embedded(file);
    })
    .await;
    let [one, other] = [
        sign_in(&before, ONE).await.0,
        sign_in(&before, OTHER).await.0,
    ];
    let ids = [one, other].map(|browser| browser.cookie("user-session"));
    before.stop().await;
    let app = Fixture::start_again_with(&before, |settings| {
        settings.provider.as_mut().unwrap().tenants = Some(these(&[OTHER]));
    })
    .await;
    let mut signed_in = Vec::new();
    for id in ids {
        let browser = app.browser();
        browser.set_cookie(&app.cookie("user-session"), &id);
        signed_in.push(browser.is_signed_in().await);
    }
    assert_eq!(signed_in, [false, true]);
}

#[tokio::test]
async fn a_notice_is_of_a_tenant_too() {
    let app = app_of(these(&[ONE, OTHER])).await;
    let [one, other] = [sign_in(&app, ONE).await.0, sign_in(&app, OTHER).await.0];
    for (tenant, status) in [(STRANGER, StatusCode::BAD_REQUEST), (ONE, StatusCode::OK)] {
        let issuer = issuer_of(&app, tenant);
        app.provider.faults().logout_token(move |token| {
            token.claims["iss"] = issuer.clone().into();
        });
        let notice = app.provider.logout_token(CLIENT, Some("alice"), None);
        let answer = app.browser();
        let notice = [("logout_token", &*notice.unwrap())];
        let answer = answer.post("/backchannel-logout", &notice).await;
        assert_eq!(answer.status, status, "{tenant}: {answer:?}");
    }
    assert!(!one.is_signed_in().await);
    assert!(other.is_signed_in().await);
}

fn without_groups(claims: &mut Value) {
    claims.as_object_mut().unwrap().remove("groups");
}

#[tokio::test]
async fn groups_that_are_too_many_are_explained() {
    let app = Fixture::start_with(|settings| {
        settings.relying_party.roles_claim = "groups".to_owned();
    })
    .await;
    app.provider.faults().id_token(|token| {
        without_groups(&mut token.claims);
        token.claims["_claim_names"] = json!({ "groups": "src1" });
        token.claims["_claim_sources"] = json!({ "src1": { "endpoint": "https://example.net" } });
    });
    app.provider
        .faults()
        .json(Endpoint::Userinfo, without_groups);
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let page = browser.get(answer.location().as_str()).await;
    let log = logs::with(page.header("x-request-id"));
    assert!(
        log.contains("in more groups than the provider puts into a token"),
        "{log}"
    );
    assert!(browser.is_signed_in().await);
    assert!(browser.record().await.session.roles().is_empty());
}

#[test]
fn tenants_that_cannot_be_are_named() {
    let faults_of = |issuer: &str, tenants: &str| {
        let settings = settings_of(|name| {
            let value = match name {
                "OIDC_ISSUER" => issuer,
                "OIDC_TENANTS" => tenants,
                "OIDC_CLIENT_ID" | "OIDC_CLIENT_SECRET" => "app",
                _ => return None,
            };
            Some(value.to_owned())
        });
        settings.map_err(|faults| faults.to_string())
    };
    let shared = "https://login.example.com/organizations/v2.0";
    let upper = ONE.to_uppercase();
    let read = faults_of(shared, &format!("{upper}, {OTHER}")).unwrap();
    assert_eq!(read.provider.unwrap().tenants, Some(these(&[ONE, OTHER])));
    let read = faults_of("https://login.example.com/common", "*").unwrap();
    assert_eq!(read.provider.unwrap().tenants, Some(Tenants::All));
    for (issuer, tenants, fault) in [
        (
            shared,
            "example.com",
            "«example.com» is not the id of a tenant",
        ),
        (
            shared,
            &*format!("* {ONE}"),
            "«*» is not the id of a tenant",
        ),
        (shared, ",", "names no tenant"),
        (
            "https://login.example.com/v2.0",
            ONE,
            "is only for an OIDC_ISSUER of many tenants",
        ),
        (
            "https://login.example.com/commons/v2.0",
            "*",
            "is only for an OIDC_ISSUER",
        ),
    ] {
        let faults = faults_of(issuer, tenants).unwrap_err();
        assert!(
            faults.contains(&format!("OIDC_TENANTS: {fault}")),
            "{faults}"
        );
        assert!(faults.starts_with("cannot start: 1 setting"), "{faults}");
    }
}
