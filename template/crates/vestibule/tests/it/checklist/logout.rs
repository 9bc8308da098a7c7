//! Section L: getting out, here and at the provider.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;
use vestibule::{
    internals::{self, seal},
    now,
    store::Lease,
};
use vestibule_dev::provider::{Endpoint, Jws, Signature};

use crate::{
    fixture::Fixture,
    support::{Browser, CLIENT, PATHS, Page, TestApp, login_with, signed_in_as, within_one_second},
};

use super::{parameter, remove, without_kid};

async fn post_logout(browser: &Browser, body: String, header: (&str, &str)) -> Page {
    browser
        .request(Method::POST, PATHS.logout, |request| {
            request
                .header("accept", "text/html")
                .header(header.0, header.1)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
        })
        .await
}

#[tokio::test]
async fn l1_a_link_signs_nobody_out() {
    let alice = signed_in_as("alice").await;
    let page = alice.get(PATHS.logout).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(page.header("allow"), "POST");
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn l2_signing_out_without_proof_is_refused() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let bob = app.signed_in_as("bob").await;
    let bobs = bob.csrf_token().await;
    for body in [
        String::new(),
        "csrf_token=".to_owned(),
        "csrf_token=guessed".to_owned(),
        format!("csrf_token={bobs}"),
    ] {
        let page = post_logout(&alice, body, ("x-test", "none")).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        assert!(page.body.contains("forged_form"), "{}", page.body);
    }
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn l2_signing_out_from_another_site_is_refused() {
    let alice = signed_in_as("alice").await;
    let csrf_token = alice.csrf_token().await;
    let body = format!("csrf_token={csrf_token}");
    for site in ["cross-site", "same-site"] {
        let page = post_logout(&alice, body.clone(), ("sec-fetch-site", site)).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{site}");
    }
    assert!(alice.is_signed_in().await);
    let page = post_logout(&alice, body, ("sec-fetch-site", "same-origin")).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l3_the_local_sign_in_ends_before_the_browser_leaves() {
    let app = Fixture::start_with_env(&[("APP_BASE_URL", "https://app.example.com")]).await;
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", PATHS.login).await;
    let signed_in = alice.get(answer.location().as_str()).await;
    let attributes = |page: &Page| {
        let cookie = page.set_cookie(&app.cookie("user-session")).to_owned();
        let mut attributes: Vec<String> = cookie
            .split("; ")
            .skip(1)
            .filter(|attribute| !attribute.starts_with("Max-Age"))
            .map(str::to_owned)
            .collect();
        attributes.sort();
        attributes
    };

    let redirect = alice.sign_out().await;

    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    let target = redirect.location();
    assert!(target.as_str().starts_with(app.provider.issuer()));
    assert_eq!(target.path(), Endpoint::EndSession.path());
    let name = app.cookie("user-session");
    assert!(name.starts_with("__Host-user-session-"), "{name}");
    let cleared = redirect.set_cookie(&name);
    assert!(cleared.starts_with(&format!("{name}=;")), "{cleared}");
    assert!(cleared.contains("Max-Age=0"), "{cleared}");
    assert_eq!(attributes(&redirect), attributes(&signed_in));
    assert!(!alice.is_signed_in().await, "before the provider was asked");
}

#[tokio::test]
async fn l4_the_provider_learns_who_asks_and_where_to_return() {
    let alice = signed_in_as("alice").await;
    let id_token = alice.app.provider.issued_tokens().pop().unwrap();
    let url = alice.sign_out().await.location();
    assert_eq!(parameter(&url, "id_token_hint"), id_token);
    assert_eq!(parameter(&url, "client_id"), CLIENT);
    let back = alice.app.base.join(PATHS.logged_out).unwrap();
    assert_eq!(parameter(&url, "post_logout_redirect_uri"), back.as_str());
    assert!(parameter(&url, "state").len() >= 22);
}

#[tokio::test]
async fn l4_an_expired_id_token_still_serves_as_the_hint() {
    let app = Fixture::start().await;
    // Within the tolerance at sign-in, so over at sign-out.
    app.provider.faults().id_token(|token| {
        let now = token.claims["iat"].as_u64().unwrap();
        token.claims["exp"] = (now - 60).into();
    });
    let alice = app.signed_in_as("alice").await;
    let url = alice.sign_out().await.location();
    assert!(url.query_pairs().any(|(name, _)| name == "id_token_hint"));
}

#[tokio::test]
async fn l5_the_return_from_the_provider_is_a_plain_page_whatever_it_says() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    for query in ["", "?state=another", "?state=a&state=b", "?state=<b>x</b>"] {
        let page = alice.get(&format!("{}{query}", PATHS.logged_out)).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert!(page.body.contains("You are signed out"), "{}", page.body);
        assert!(!page.body.contains("<b>"));
        assert!(page.header("set-cookie").is_empty());
    }
    assert!(alice.is_signed_in().await, "looking at it ends nothing");
}

#[tokio::test]
async fn l6_signing_out_ends_here_if_the_provider_is_down() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    app.provider.stop().await;
    assert_ends_here(&alice).await;
}

#[tokio::test]
async fn l6_signing_out_ends_here_if_the_provider_answers_with_errors_or_not_at_all() {
    use vestibule_dev::provider::{Answer, Ending};
    let app = Fixture::start().await;
    for ending in [Ending::Complete, Ending::Hung] {
        let alice = app.signed_in_as("alice").await;
        app.provider.faults().instead(
            Endpoint::Metadata,
            Answer {
                ending,
                ..Answer::new(503, "text/plain", "down for maintenance")
            },
        );
        assert_ends_here(&alice).await;
        app.provider.faults().clear();
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    // And it goes on to the provider as soon as that is there again.
    let alice = app.signed_in_as("alice").await;
    let target = alice.sign_out().await.location();
    assert!(target.as_str().starts_with(app.provider.issuer()));
}

#[tokio::test]
async fn l6_signing_out_ends_here_if_the_provider_has_no_sign_out() {
    let app = Fixture::start_with_provider_down().await;
    app.provider.faults().json(Endpoint::Metadata, |metadata| {
        metadata
            .as_object_mut()
            .unwrap()
            .remove("end_session_endpoint");
    });
    app.provider.start_again().await.unwrap();
    let browser = app.browser();
    app.eventually(async || browser.get("/readyz").await.status == StatusCode::OK)
        .await;
    assert_ends_here(&app.signed_in_as("alice").await).await;
}

/// What the signed-out page says if the provider was not told.
const UNREACHED: &str = "could not reach the sign-in service";

async fn assert_ends_here(alice: &Browser) {
    let redirect = alice.sign_out().await;
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.origin(), alice.app.base.origin());
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("You are signed out"), "{}", page.body);
    assert_eq!(page.url.query(), Some("only=here"));
    assert!(page.body.contains(UNREACHED), "{}", page.body);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l7_a_hint_too_long_for_a_url_travels_in_a_form() {
    let app = Fixture::start().await;
    app.provider
        .faults()
        .id_token(|token| token.claims["padding"] = "x".repeat(8_000).into());
    let alice = app.signed_in_as("alice").await;
    let id_token = app.provider.issued_tokens().pop().unwrap();

    let page = alice.sign_out().await;

    assert_eq!(page.status, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
    let action = page.body.split("action=\"").nth(1).unwrap();
    let action = action.split('"').next().unwrap();
    assert!(action.starts_with(app.provider.issuer()), "{action}");
    assert_eq!(page.field("id_token_hint"), id_token);
    // It posts itself: its script is the one that the policy lets run.
    let policy = page.header("content-security-policy");
    let nonce = page.body.split("<script nonce=\"").nth(1).unwrap();
    let nonce = nonce.split('"').next().unwrap();
    assert!(policy.contains(&format!("'nonce-{nonce}'")), "{policy}");
    assert!(policy.contains(app.provider.issuer()), "{policy}");

    let fields = [
        "id_token_hint",
        "client_id",
        "post_logout_redirect_uri",
        "state",
    ]
    .map(|name| (name, page.field(name)));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let redirect = alice.post(action, &fields).await;
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), PATHS.logged_out);
    assert_ne!(page.url.query(), Some("only=here"));
    assert!(!page.body.contains(UNREACHED), "{}", page.body);
}

/// The pairs of a URL's query, sorted.
fn query_of(url: &Url) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
    pairs.sort();
    pairs
}

#[tokio::test]
async fn l19_a_provider_is_asked_to_sign_out_in_its_own_way() {
    const COGNITO: &str = "/logout?client_id={client_id}&logout_uri={redirect_uri}";
    const AUTH0: &str = "/v2/logout?returnTo={redirect_uri}&client_id={client_id}&federated=";
    const OTHER: &str = "https://id.example.com:8443/bye?a=b+c&id_token_hint={id_token}&s={state}";
    for (setting, location, names) in [
        (COGNITO, "/logout", &["client_id", "logout_uri"][..]),
        (AUTH0, "/v2/logout", &["client_id", "federated", "returnTo"]),
        (
            OTHER,
            "https://id.example.com:8443/bye",
            &["a", "id_token_hint", "s"],
        ),
    ] {
        let app = Fixture::start_with_env(&[("OIDC_LOGOUT_URL", setting)]).await;
        let alice = app.signed_in_as("alice").await;
        let id_token = app.provider.issued_tokens().pop().unwrap();
        let policy = alice.get("/profile").await;
        let url = alice.sign_out().await.location();

        let expected = Url::parse(app.provider.issuer()).unwrap();
        let expected = expected.join(location).unwrap();
        assert_eq!(url.origin(), expected.origin(), "{setting}");
        assert_eq!(url.path(), expected.path(), "{setting}");
        let pairs = query_of(&url);
        assert_eq!(
            pairs.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            names
        );
        let back = app.base.join(PATHS.logged_out).unwrap().to_string();
        for (name, value) in &pairs {
            match name.as_str() {
                "client_id" => assert_eq!(value, CLIENT),
                "logout_uri" | "returnTo" => assert_eq!(*value, back),
                "federated" => assert_eq!(value, ""),
                "a" => assert_eq!(value, "b c"),
                "s" => assert!(value.len() >= 22, "{value}"),
                _ => assert_eq!(*value, id_token),
            }
        }
        // Else the form on the page could not lead there.
        let policy = policy.header("content-security-policy");
        assert!(
            policy.contains(&url.origin().ascii_serialization()),
            "{policy}"
        );
        assert!(!alice.is_signed_in().await);
    }
}

#[tokio::test]
async fn l19_a_sign_out_that_metadata_does_not_name_can_be_set() {
    let setting = Endpoint::EndSession.path();
    let app = Fixture::default()
        .prepared(|_, provider| {
            provider.faults().json(Endpoint::Metadata, |metadata| {
                let metadata = metadata.as_object_mut().unwrap();
                metadata.remove("end_session_endpoint");
            });
        })
        .env("OIDC_LOGOUT_URL", setting)
        .start()
        .await;
    let alice = app.signed_in_as("alice").await;
    let url = alice.sign_out().await.location();
    assert_eq!(url.path(), setting);
    assert_eq!(parameter(&url, "client_id"), CLIENT);
    let page = alice.visit(url.as_str()).await;
    assert_eq!(page.url.path(), PATHS.logged_out);
    assert_ne!(page.url.query(), Some("only=here"));
}

#[tokio::test]
async fn l19_a_token_too_long_for_the_providers_own_url_travels_in_a_form() {
    let setting = "/bye?id_token_hint={id_token}&app={client_id}";
    let app = Fixture::start_with_env(&[("OIDC_LOGOUT_URL", setting)]).await;
    app.provider
        .faults()
        .id_token(|token| token.claims["padding"] = "x".repeat(8_000).into());
    let alice = app.signed_in_as("alice").await;
    let id_token = app.provider.issued_tokens().pop().unwrap();
    let page = alice.sign_out().await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.field("id_token_hint"), id_token);
    assert_eq!(page.field("app"), CLIENT);
    assert!(page.body.contains("/bye\""), "{}", page.body);
}

#[tokio::test]
async fn l8_sign_out_is_kept_by_no_cache() {
    let alice = signed_in_as("alice").await;
    let redirect = alice.sign_out().await;
    assert_eq!(redirect.header("cache-control"), "no-store");
    let page = alice.follow(redirect).await;
    assert_eq!(page.header("cache-control"), "no-store");
}

/// The session at the provider that a browser's sign-in came from.
fn provider_session(app: &TestApp) -> String {
    let id_token = app.provider.issued_tokens().pop().unwrap();
    let payload = vestibule::internals::seal::decode(id_token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["sid"].as_str().unwrap().to_owned()
}

fn logout_token(app: &TestApp, sub: Option<&str>, sid: Option<&str>) -> String {
    let client_id = CLIENT;
    app.provider.logout_token(client_id, sub, sid).unwrap()
}

async fn deliver(app: &TestApp, token: &str) -> Page {
    let fields = [("logout_token", token)];
    app.browser().post(PATHS.backchannel_logout, &fields).await
}

#[tokio::test]
async fn l9_a_notice_by_sid_ends_that_session() {
    let app = Fixture::start().await;
    let desk = app.signed_in_as("alice").await;
    let session = provider_session(&app);
    let phone = app.signed_in_as("alice").await;
    assert_ne!(provider_session(&app), session);

    let answer = deliver(&app, &logout_token(&app, None, Some(&session))).await;

    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!desk.is_signed_in().await);
    assert!(phone.is_signed_in().await);
}

#[tokio::test]
async fn l9_a_notice_by_sub_and_sid_ends_only_that_session() {
    let app = Fixture::start().await;
    let desk = app.signed_in_as("alice").await;
    let session = provider_session(&app);
    let phone = app.signed_in_as("alice").await;
    let token = logout_token(&app, Some("alice"), Some(&session));
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    assert!(!desk.is_signed_in().await);
    assert!(phone.is_signed_in().await);
}

#[tokio::test]
async fn l9_a_notice_by_sub_and_sid_ends_sessions_of_that_person_that_know_no_sid() {
    let app = Fixture::start().await;
    let desk = app.signed_in_as("alice").await;
    let desk_session = provider_session(&app);
    app.provider.faults().id_token(|token| remove(token, "sid"));
    let phone = app.signed_in_as("alice").await;
    let bob = app.signed_in_as("bob").await;
    app.provider.faults().clear();

    // By sid alone, nobody knows whose it is.
    let token = logout_token(&app, None, Some("unknown"));
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    assert!(phone.is_signed_in().await);

    let token = logout_token(&app, Some("alice"), Some("unknown"));
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    assert!(!phone.is_signed_in().await);
    assert!(desk.is_signed_in().await, "its session is another one");
    assert!(bob.is_signed_in().await);
    let ended = app.events("sessions_revoked").pop().unwrap();
    assert!(ended.contains("count=1"), "{ended}");

    let token = logout_token(&app, Some("alice"), Some(&desk_session));
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    assert!(!desk.is_signed_in().await);
    assert!(bob.is_signed_in().await);
}

/// Sends a notice and hangs up after so long, as a provider with little patience
/// does.
async fn deliver_and_hang_up(app: &TestApp, token: &str, after: Duration) {
    let body = format!("logout_token={token}");
    app.post_and_hang_up(PATHS.backchannel_logout, "", &body, after)
        .await;
}

#[tokio::test]
async fn l9_a_notice_takes_effect_though_the_provider_hangs_up() {
    let app = Fixture::start().await;
    for tenths in 0..20 {
        let alice = app.signed_in_as("alice").await;
        assert!(alice.is_signed_in().await);
        let token = logout_token(&app, Some("alice"), None);
        deliver_and_hang_up(&app, &token, Duration::from_micros(tenths * 100)).await;
        // It tries again. Either the first time counted, or this one does.
        deliver(&app, &token).await;
        app.eventually(async || !alice.is_signed_in().await).await;
    }
}

#[tokio::test]
async fn new_keys_are_learnt_even_if_the_caller_who_brought_the_first_hangs_up() {
    let app = Fixture::start().await;
    app.signed_in_as("alice").await;
    app.provider.rotate_keys(false).unwrap();
    app.provider.faults().answer(Endpoint::Keys, |answer| {
        answer.delay = Duration::from_millis(300)
    });
    let read = app.provider.requests_to(Endpoint::Keys).len();
    let token = logout_token(&app, Some("nobody"), None);
    deliver_and_hang_up(&app, &token, Duration::from_millis(150)).await;
    // They are not read again for a while.
    let token = logout_token(&app, Some("nobody"), None);
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    assert_eq!(app.provider.requests_to(Endpoint::Keys).len(), read + 1);
    app.signed_in_as("alice").await;
}

#[tokio::test]
async fn l10_a_notice_by_sub_ends_all_sessions_of_that_person() {
    let app = Fixture::start().await;
    let alices = [
        app.signed_in_as("alice").await,
        app.signed_in_as("alice").await,
    ];
    let bob = app.signed_in_as("bob").await;
    let token = logout_token(&app, Some("alice"), None);
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    for alice in alices {
        assert!(!alice.is_signed_in().await);
    }
    assert!(bob.is_signed_in().await);
}

/// The status of the answer to a notice that was bent before it was signed.
async fn with(app: &TestApp, bend: impl Fn(&mut Jws) + Send + Sync + 'static) -> StatusCode {
    app.provider.faults().once().logout_token(bend);
    let token = logout_token(app, Some("alice"), None);
    deliver(app, &token).await.status
}

fn without(name: &'static str) -> impl Fn(&mut Jws) {
    move |token| remove(token, name)
}

fn having(name: &'static str, value: Value) -> impl Fn(&mut Jws) {
    move |token| token.claims[name] = value.clone()
}

fn of_type(typ: &'static str) -> impl Fn(&mut Jws) {
    move |token| token.header["typ"] = typ.into()
}

fn without_type(token: &mut Jws) {
    token.header.as_object_mut().unwrap().remove("typ");
}

#[tokio::test]
async fn l11_every_claim_of_a_notice_must_be_there_and_right() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    for name in ["iss", "aud", "iat", "jti", "events"] {
        let status = with(&app, without(name)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "without {name}");
    }
    let wrong = [
        ("iss", json!("https://other.example")),
        ("iss", json!([app.provider.issuer()])),
        ("aud", json!("another-app")),
        ("aud", json!([])),
        ("aud", json!([CLIENT, "another-app"])),
        ("iat", json!("now")),
        ("exp", json!("later")),
        ("exp", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("events", json!({})),
        (
            "events",
            json!({ "http://schemas.openid.net/event/other": {} }),
        ),
        (
            "events",
            json!({ "http://schemas.openid.net/event/backchannel-logout": true }),
        ),
        ("sub", json!("")),
        ("sub", json!({})),
        ("sid", json!(1)),
    ];
    for (name, value) in wrong {
        let status = with(&app, having(name, value.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}: {value}");
    }
    assert!(alice.is_signed_in().await);
    let in_a_list = having("aud", json!([CLIENT]));
    assert_eq!(with(&app, in_a_list).await, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l11_a_notice_may_be_for_audiences_that_the_settings_trust_too() {
    let app = Fixture::start_with_env(&[("OIDC_TRUSTED_AUDIENCES", "our-project")]).await;
    let alice = app.signed_in_as("alice").await;
    for audiences in [
        json!(["our-project"]),
        json!([CLIENT, "our-project", "another-client"]),
    ] {
        let status = with(&app, having("aud", audiences.clone())).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{audiences}");
    }
    assert!(alice.is_signed_in().await);
    let trusted = having("aud", json!([CLIENT, "our-project"]));
    assert_eq!(with(&app, trusted).await, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l12_other_kinds_of_tokens_are_no_notice() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    assert_eq!(
        with(&app, having("nonce", json!("x"))).await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(with(&app, without("sub")).await, StatusCode::BAD_REQUEST);
    for typ in ["at+jwt", "id_token+jwt", "secevent+jwt", "", "application/"] {
        let status = with(&app, of_type(typ)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "typ {typ}");
    }
    let numbered = |token: &mut Jws| token.header["typ"] = json!(1);
    assert_eq!(with(&app, numbered).await, StatusCode::BAD_REQUEST);
    let forgeries: [fn(&mut Jws); 5] = [
        Jws::unsecured,
        |token| token.signature = Signature::Missing,
        |token| token.signature = Signature::Foreign,
        |token| token.header["crit"] = json!(["b64"]),
        |token| {
            token.header["alg"] = "HS256".into();
            token.signature = Signature::Hmac(b"the client secret".to_vec());
        },
    ];
    for forgery in forgeries {
        // Each could be a new key's, and the keys are read once in a while.
        let app = Fixture::start().await;
        let alice = app.signed_in_as("alice").await;
        assert_eq!(with(&app, forgery).await, StatusCode::BAD_REQUEST);
        assert!(alice.is_signed_in().await);
    }
    let id_token = app.provider.issued_tokens().pop().unwrap();
    let answer = deliver(&app, &id_token).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn l12_a_key_that_is_for_something_else_verifies_no_notice() {
    for (member, value, status) in [
        ("use", "enc", StatusCode::BAD_REQUEST),
        ("use", "sig", StatusCode::OK),
        ("alg", "ES256", StatusCode::BAD_REQUEST),
        ("alg", "EdDSA", StatusCode::OK),
    ] {
        let app = Fixture::start().await;
        let alice = app.signed_in_as("alice").await;
        app.provider.rotate_keys(false).unwrap();
        app.provider.faults().json(Endpoint::Keys, move |keys| {
            keys["keys"][0][member] = value.into();
        });
        let token = logout_token(&app, Some("alice"), None);
        assert_eq!(deliver(&app, &token).await.status, status, "{value}");
        let is_refused = status != StatusCode::OK;
        assert_eq!(alice.is_signed_in().await, is_refused, "{value}");
    }
}

#[tokio::test]
async fn l12_a_signature_that_the_settings_leave_out_makes_no_notice() {
    let app = Fixture::start_with_env(&[("OIDC_SIGNATURE_ALGORITHMS", "ES256")]).await;
    app.provider.use_p256_key().unwrap();
    let alice = app.signed_in_as("alice").await;
    let accepted = logout_token(&app, Some("alice"), None);
    app.provider.rotate_keys(true).unwrap();
    let refused = logout_token(&app, Some("alice"), None);
    let answer = deliver(&app, &refused).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(alice.is_signed_in().await);
    assert_eq!(deliver(&app, &accepted).await.status, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l12_a_notice_without_kid_is_tried_with_every_key_that_fits() {
    let app = Fixture::start().await;
    app.provider.rotate_keys(true).unwrap();
    let alice = app.signed_in_as("alice").await;
    let foreign = |token: &mut Jws| {
        without_kid(token);
        token.signature = Signature::Foreign;
    };
    assert_eq!(with(&app, foreign).await, StatusCode::BAD_REQUEST);
    assert!(alice.is_signed_in().await);
    assert_eq!(with(&app, without_kid).await, StatusCode::OK);
    assert!(!alice.is_signed_in().await);

    for (member, value) in [("use", "enc"), ("alg", "ES256")] {
        let app = Fixture::start().await;
        let alice = app.signed_in_as("alice").await;
        app.provider.rotate_keys(true).unwrap();
        // The keys are read again, and the one that signed is not for signatures.
        app.provider.faults().json(Endpoint::Keys, move |keys| {
            keys["keys"][0][member] = value.into();
        });
        let status = with(&app, without_kid).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{value}");
        assert!(alice.is_signed_in().await, "{value}");
    }
}

#[tokio::test]
async fn l12_a_notice_without_kid_counts_after_a_change_of_keys() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    app.provider.rotate_keys(false).unwrap();
    assert_eq!(with(&app, without_kid).await, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l12_a_notice_may_do_without_typ_or_say_that_it_is_a_jwt() {
    let app = Fixture::start().await;
    for typ in ["JWT", "jwt", "application/logout+jwt", "Logout+JWT"] {
        let alice = app.signed_in_as("alice").await;
        assert_eq!(with(&app, of_type(typ)).await, StatusCode::OK, "{typ}");
        assert!(!alice.is_signed_in().await, "{typ}");
    }
    let alice = app.signed_in_as("alice").await;
    assert_eq!(with(&app, without_type).await, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l12_with_the_strict_setting_only_its_own_type_will_do() {
    let app = Fixture::start_with_env(&[("OIDC_STRICT_LOGOUT_TOKENS", "yes")]).await;
    let alice = app.signed_in_as("alice").await;
    for typ in ["JWT", "application/jwt", "at+jwt", ""] {
        let status = with(&app, of_type(typ)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{typ}");
    }
    let status = with(&app, without_type).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(alice.is_signed_in().await);
    for typ in ["logout+jwt", "application/logout+jwt"] {
        assert_eq!(with(&app, of_type(typ)).await, StatusCode::OK, "{typ}");
    }
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l13_a_notice_counts_once_and_soon() {
    let app = Fixture::start().await;
    let token = logout_token(&app, Some("alice"), None);
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    let alice = app.signed_in_as("alice").await;
    assert_eq!(deliver(&app, &token).await.status, StatusCode::BAD_REQUEST);

    let later = |seconds: i64, name: &'static str| {
        move |token: &mut Jws| {
            let now = token.claims["iat"].as_i64().unwrap();
            token.claims[name] = (now + seconds).into();
        }
    };
    for bend in [
        later(-300, "iat"),
        later(300, "iat"),
        later(-200, "exp"),
        later(-1_000_000_000_000, "exp"),
    ] {
        assert_eq!(with(&app, bend).await, StatusCode::BAD_REQUEST);
    }
    assert!(alice.is_signed_in().await);
    // Clocks may differ a little.
    for bend in [
        later(-90, "iat"),
        later(90, "iat"),
        later(120, "iat"),
        later(-60, "exp"),
    ] {
        assert_eq!(with(&app, bend).await, StatusCode::OK);
    }
    // Made 120 s ago, by a clock that is 120 s behind.
    let status = within_one_second(async || {}, async |()| with(&app, later(-240, "iat")).await);
    assert_eq!(status.await, StatusCode::OK);
}

#[tokio::test]
async fn l13_without_exp_the_age_of_a_notice_is_the_bound() {
    let app = Fixture::start().await;
    let issued = |seconds: i64| {
        move |token: &mut Jws| {
            remove(token, "exp");
            let now = token.claims["iat"].as_i64().unwrap();
            token.claims["iat"] = (now + seconds).into();
            token.claims["jti"] = "the same".into();
        }
    };
    let alice = app.signed_in_as("alice").await;
    for seconds in [-300, 300] {
        assert_eq!(with(&app, issued(seconds)).await, StatusCode::BAD_REQUEST);
    }
    assert!(alice.is_signed_in().await);
    assert_eq!(with(&app, issued(-90)).await, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
    let alice = app.signed_in_as("alice").await;
    let again = with(&app, issued(-90)).await;
    assert_eq!(again, StatusCode::BAD_REQUEST, "used before");
    assert!(alice.is_signed_in().await);
}

#[tokio::test]
async fn l13_a_notice_is_remembered_for_as_long_as_it_could_be_used_again() {
    let app = Fixture::start().await;
    // As late as clocks may differ.
    app.provider.faults().logout_token(|token| {
        let now = token.claims["iat"].as_u64().unwrap();
        token.claims["iat"] = (now + 100).into();
        token.claims["exp"] = (now + 3600).into();
        token.claims["jti"] = "the one".into();
    });
    let token = logout_token(&app, Some("alice"), None);
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    let issuer = app.provider.issuer().as_bytes();
    let used_again = async |later: u64| {
        let now = now() + later;
        let lease = Lease {
            name: seal::hash("logout token", &[issuer, b"the one"]),
            holder: seal::random_bytes().unwrap(),
            now,
            until: now + 1,
        };
        internals::sessions(app.oidc())
            .store()
            .acquire(lease)
            .await
            .unwrap()
    };
    // Made in 100 s, good for 120 s, and the clocks may differ by 120 s.
    assert!(!used_again(100 + 120 + 120).await);
    assert!(used_again(600).await);
}

#[tokio::test]
async fn l14_only_a_small_form_with_one_token_is_a_notice() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let send = async |content_type: &'static str, body: String| {
        app.browser()
            .request(Method::POST, PATHS.backchannel_logout, |request| {
                request.header("content-type", content_type).body(body)
            })
            .await
            .status
    };
    let token = logout_token(&app, Some("alice"), None);
    let form = format!("logout_token={token}");

    let query = format!("{}?{form}", PATHS.backchannel_logout);
    let got = app.browser().get(&query).await;
    assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED);
    for other in ["application/json", "text/plain", "multipart/form-data"] {
        let status = send(other, form.clone()).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{other}");
    }
    let twice = send(FORM, format!("{form}&{form}")).await;
    assert_eq!(twice, StatusCode::BAD_REQUEST);
    for nothing in ["", "logout_token=", "token=x"] {
        let status = send(FORM, nothing.to_owned()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{nothing}");
    }
    let large = send(FORM, format!("logout_token={}", "x".repeat(1 << 20))).await;
    assert_eq!(large, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(alice.is_signed_in().await);

    // No CSRF token, no cookie; other parameters are ignored (2.5).
    let form = format!("{form}&more=1");
    let status = send("application/x-www-form-urlencoded; charset=utf-8", form).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn l15_ending_one_session_leaves_the_others_findable() {
    let app = Fixture::start().await;
    let desk = app.signed_in_as("alice").await;
    let session = provider_session(&app);
    let phone = app.signed_in_as("alice").await;
    let tablet = app.signed_in_as("alice").await;
    tablet.sign_out().await;
    deliver(&app, &logout_token(&app, None, Some(&session))).await;
    assert!(!desk.is_signed_in().await);
    assert!(phone.is_signed_in().await);

    let token = logout_token(&app, Some("alice"), None);
    assert_eq!(deliver(&app, &token).await.status, StatusCode::OK);
    assert!(!phone.is_signed_in().await);
}

#[tokio::test]
async fn l16_a_notice_for_nobody_here_is_answered_like_any_other() {
    let app = Fixture::start().await;
    app.signed_in_as("alice").await;
    let known = deliver(&app, &logout_token(&app, Some("alice"), None)).await;
    let unknown = deliver(&app, &logout_token(&app, Some("nobody"), None)).await;
    let session = deliver(&app, &logout_token(&app, None, Some("unknown"))).await;
    for answer in [unknown, session] {
        assert_eq!(answer.status, known.status);
        assert_eq!(answer.body, known.body);
    }
}

#[tokio::test]
async fn l18_a_sign_in_under_way_during_sign_out_becomes_a_new_one() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let old = alice.cookie("user-session");
    let other_tab = alice
        .answer_of_provider("alice", &login_with("max_age=60"))
        .await;

    alice.sign_out().await;
    assert!(!alice.is_signed_in().await);

    let page = alice.follow(other_tab).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(alice.is_signed_in().await);
    assert_ne!(alice.cookie("user-session"), old);
    alice.set_cookie(&alice.app.cookie("user-session"), &old);
    assert!(!alice.is_signed_in().await);
}
