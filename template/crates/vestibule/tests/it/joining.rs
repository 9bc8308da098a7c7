//! Who may join, by settings: people who may not read whom to ask, and are not signed in.

use std::fs;

use reqwest::StatusCode;
use serde_json::{Value, json};
use vestibule::{AfterLogin, Deny};
use vestibule_dev::{provider::Endpoint, testing::logs};

use crate::{
    fixture::{Fixture, Rules},
    support::{Page, TestApp},
};

const CONTACT: (&str, &str) = ("OIDC_JOIN_CONTACT", "the IT desk & friends");

/// Has the provider say this of everybody.
fn say_of_all(app: &TestApp, claim: &'static str, value: impl Into<Value>) {
    let value = value.into();
    app.provider
        .faults()
        .id_token(move |token| token.claims[claim] = value.clone());
}

async fn is_admitted(app: &TestApp, person: &str) -> bool {
    let browser = app.browser();
    let page = browser.sign_in_as(person, "/profile").await;
    let is_signed_in = browser.is_signed_in().await;
    assert_eq!(page.status == StatusCode::OK, is_signed_in, "{page:?}");
    is_signed_in
}

async fn refusal(app: &TestApp, person: &str) -> Page {
    let browser = app.browser();
    let page = browser.sign_in_as(person, "/profile").await;
    assert!(!browser.is_signed_in().await);
    page
}

async fn roles(app: &TestApp, person: &str) -> Vec<String> {
    let browser = app.signed_in_as(person).await;
    browser.record().await.session.roles().to_vec()
}

#[tokio::test]
async fn people_of_other_domains_read_whom_to_ask() {
    let app = Fixture::start_with_env(&[("OIDC_JOIN_DOMAINS", "example.org"), CONTACT]).await;
    let page = refusal(&app, "alice").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(
        page.body.contains("<code>not_admitted</code>"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("ask the IT desk &#38; friends."),
        "{}",
        page.body
    );
    assert!(!page.body.contains("example.org"), "{}", page.body);
    let log = logs::with(page.header("x-request-id"));
    assert!(log.contains("OIDC_JOIN_DOMAINS"), "{log}");
    assert!(!log.contains("alice@"), "{log}");
    app.eventually(async || !app.provider.requests_to(Endpoint::Revocation).is_empty())
        .await;
}

#[tokio::test]
async fn people_of_these_domains_may_join() {
    let domains = "example.org, @Example.COM bücher.example";
    let app = Fixture::start_with_env(&[("OIDC_JOIN_DOMAINS", domains)]).await;
    assert!(is_admitted(&app, "alice").await);
    for (email, may) in [
        ("Alice@EXAMPLE.org", true),
        ("alice@xn--bcher-kva.example", true),
        ("alice@bücher.example", true),
        ("alice@sub.example.org", false),
        ("alice@notexample.org", false),
        ("alice@example.org.evil.example", false),
        ("alice@example.org@evil.example", false),
        ("alice@evil.example#@example.org", false),
        ("example.org", false),
        ("@example.org", false),
        ("alice@", false),
    ] {
        say_of_all(&app, "email", email);
        assert_eq!(is_admitted(&app, "alice").await, may, "{email}");
    }
}

#[tokio::test]
async fn an_address_counts_only_if_it_is_verified() {
    let app = Fixture::start_with_env(&[("OIDC_JOIN_DOMAINS", "example.com"), CONTACT]).await;
    for (person, code) in [("nina", "email_unverified"), ("carol", "email_missing")] {
        let page = refusal(&app, person).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(page.body.contains(code), "{}", page.body);
        assert!(page.body.contains("the IT desk"), "{}", page.body);
    }
}

#[tokio::test]
async fn people_who_are_invited_may_join() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invited.txt");
    fs::write(
        &file,
        "# friends\n\n  BOB@example.com\r\n#alice@example.com\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    for domains in ["", "example.org"] {
        let invited = [
            ("OIDC_JOIN_DOMAINS", domains),
            ("OIDC_JOIN_INVITED_FILE", path),
        ];
        let app = Fixture::start_with_env(&invited).await;
        assert!(is_admitted(&app, "bob").await);
        assert!(!is_admitted(&app, "alice").await);
    }
}

#[tokio::test]
async fn who_is_invited_is_read_at_each_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("invited.txt");
    fs::write(&file, "").unwrap();
    let app = Fixture::start_with_env(&[("OIDC_JOIN_INVITED_FILE", file.to_str().unwrap())]).await;
    assert!(!is_admitted(&app, "alice").await);
    fs::write(&file, "alice@example.com").unwrap();
    assert!(is_admitted(&app, "alice").await);
    fs::remove_file(&file).unwrap();
    let page = refusal(&app, "alice").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    let log = logs::with(page.header("x-request-id"));
    assert!(
        log.contains("OIDC_JOIN_INVITED_FILE cannot be read"),
        "{log}"
    );
}

#[tokio::test]
async fn only_members_of_a_group_may_join() {
    let settings = [
        ("OIDC_ROLES_CLAIM", "groups"),
        ("OIDC_JOIN_GROUPS", "Finance Admins; staff"),
    ];
    let app = Fixture::start_with_env(&settings).await;
    assert!(is_admitted(&app, "alice").await);
    let page = refusal(&app, "bob").await;
    assert!(page.body.contains("not_admitted"), "{}", page.body);
    say_of_all(&app, "groups", json!(["Finance Admins"]));
    assert!(is_admitted(&app, "bob").await);
    say_of_all(&app, "groups", json!(["Finance"]));
    assert!(!is_admitted(&app, "bob").await);
}

#[tokio::test]
async fn an_address_does_not_make_up_for_a_group() {
    let settings = [
        ("OIDC_ROLES_CLAIM", "groups"),
        ("OIDC_JOIN_DOMAINS", "example.com"),
        ("OIDC_JOIN_GROUPS", "staff"),
    ];
    let app = Fixture::start_with_env(&settings).await;
    assert!(is_admitted(&app, "alice").await);
    assert!(!is_admitted(&app, "bob").await);
    say_of_all(&app, "email", "alice@example.org");
    assert!(!is_admitted(&app, "alice").await);
}

#[tokio::test]
async fn groups_give_the_roles_of_the_map_and_no_others() {
    let settings = [
        ("OIDC_ROLES_CLAIM", "groups"),
        (
            "OIDC_ROLE_MAP",
            "staff=admin; CN=Ops,OU=IT=operator; staff=auditor; everyone = member; all=member",
        ),
    ];
    let app = Fixture::start_with_env(&settings).await;
    assert_eq!(roles(&app, "alice").await, ["admin", "auditor", "member"]);
    assert_eq!(roles(&app, "bob").await, ["member"]);
    say_of_all(
        &app,
        "groups",
        json!(["admin", "CN=Ops,OU=IT", "everyone", "all"]),
    );
    assert_eq!(roles(&app, "bob").await, ["operator", "member"]);
}

#[tokio::test]
async fn people_without_a_role_get_the_default_one() {
    let settings = [
        ("OIDC_ROLES_CLAIM", "groups"),
        ("OIDC_ROLE_MAP", "staff=admin"),
        ("OIDC_DEFAULT_ROLE", "member"),
    ];
    let app = Fixture::start_with_env(&settings).await;
    assert_eq!(roles(&app, "alice").await, ["admin"]);
    assert_eq!(roles(&app, "bob").await, ["member"]);
}

#[tokio::test]
async fn the_apps_own_rules_come_on_top() {
    let fixture = Fixture {
        rules: Rules {
            after_login: |session| match session.subject() {
                "bob" => Err(Deny::new("of_the_app")),
                "alice" => Ok(AfterLogin::Continue),
                other => panic!("nobody asks the app about {other}"),
            },
            ..Rules::default()
        },
        ..Fixture::default()
    };
    let app = fixture
        .prepared(|settings, _| settings.joining.domains = vec!["example.com".to_owned()])
        .start()
        .await;
    assert!(is_admitted(&app, "alice").await);
    let page = refusal(&app, "bob").await;
    assert!(page.body.contains("of_the_app"), "{}", page.body);
    let page = refusal(&app, "nina").await;
    assert!(page.body.contains("email_unverified"), "{}", page.body);
}
