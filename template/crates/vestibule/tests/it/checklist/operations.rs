//! Section O: what operators rely on.

use std::{collections::BTreeSet, time::Duration};

use actix_web::{App, middleware::Logger, test};
use reqwest::{Method, StatusCode};
use vestibule::internals;
use vestibule_dev::{
    provider::{Answer, DevProvider, Endpoint, Lifetimes, Misbehaviour},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    processes::Instances,
    support::{Browser, CLIENT, PATHS, TestApp},
};

/// What came by on its way and may be in no log.
#[derive(Default)]
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn add(&mut self, value: &str) {
        // Shorter ones are words that a log may well hold.
        if value.len() >= 16 {
            self.0.insert(value.to_owned());
        }
    }

    fn add_cookies_of(&mut self, browser: &Browser) {
        browser.cookies().values().for_each(|value| self.add(value));
    }

    /// All that the provider was told and has told.
    fn add_all_of(&mut self, provider: &DevProvider) {
        const NAMES: [&str; 11] = [
            "state",
            "nonce",
            "code",
            "code_verifier",
            "refresh_token",
            "token",
            "client_secret",
            "client_assertion",
            "id_token_hint",
            "logout_token",
            "request_uri",
        ];
        for token in provider.issued_tokens() {
            self.add(&token);
        }
        for request in provider.requests() {
            for (name, value) in request.query.iter().chain(&request.form) {
                if NAMES.contains(&name.as_str()) {
                    self.add(value);
                }
            }
            if let Some(value) = request.header("authorization") {
                self.add(value.split(' ').next_back().unwrap());
            }
        }
    }

    /// The lines of a log that give one away.
    fn found_in<'a>(&self, log: &'a str) -> Vec<&'a str> {
        let given_away = self.0.iter().filter(|secret| log.contains(secret.as_str()));
        given_away
            .filter_map(|secret| log.lines().find(|line| line.contains(secret.as_str())))
            .collect()
    }
}

/// What people, attackers and providers in trouble do in a day, with what came
/// by meanwhile.
async fn a_day(app: &TestApp) -> Secrets {
    let mut secrets = Secrets::default();
    let provider = &app.provider;
    let usual = provider.lifetimes();

    // Alice signs in, looks around, loads the callback again.
    provider.set_lifetimes(Lifetimes {
        access_token: Duration::ZERO,
        ..usual
    });
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", "/profile").await;
    secrets.add_cookies_of(&alice);
    let callback = answer.location();
    alice.follow(answer).await;
    alice.get(callback.as_str()).await;
    secrets.add_cookies_of(&alice);
    provider.set_lifetimes(usual);
    for path in ["/", "/devices", "/admin", "/api/me", "/api/userinfo"] {
        alice.get(path).await;
        alice.fetch(path).await;
    }
    let csrf_token = alice.csrf_token().await;
    secrets.add(&csrf_token);

    // Callbacks that fail, cookies and forms that are none.
    for (name, value) in [
        ("state", "another-state-0123456789"),
        ("iss", "elsewhere"),
        ("code", "another-code-0123456789"),
        ("error", "access_denied"),
        ("id_token", "eyJhbGciOiJub25lIn0.e30.x"),
    ] {
        let browser = app.browser();
        let mut callback = browser
            .answer_of_provider("bob", PATHS.login)
            .await
            .location();
        secrets.add_cookies_of(&browser);
        callback.query_pairs_mut().append_pair(name, value);
        secrets.add(value);
        browser.get(callback.as_str()).await;
    }
    let stranger = app.browser();
    for name in ["user-session", "app-session", "transaction-AAAAAAAA"] {
        let value = format!("a-made-up-value-of-{name}-0123456789");
        stranger.set_cookie(&app.cookie(name), &value);
        secrets.add(&value);
    }
    for path in ["/", "/profile", "/api/me"] {
        stranger.get(path).await;
    }
    let lost = "a-code-on-the-wrong-page-0123456789";
    secrets.add(lost);
    for path in [
        "/",
        "/no-such-page",
        PATHS.login,
        PATHS.logged_out,
        PATHS.logout,
    ] {
        stranger
            .get(&format!("{path}?code={lost}&state={lost}&max_age={lost}"))
            .await;
        stranger
            .post(path, &[("csrf_token", lost), ("max_age", lost)])
            .await;
    }
    alice.post(PATHS.logout, &[("csrf_token", lost)]).await;
    alice
        .request(Method::POST, PATHS.logout, |request| {
            request
                .header("x-csrf-token", lost)
                .header("authorization", format!("Bearer {lost}"))
                .header("content-type", "application/json")
                .body(format!("{{\"password\": \"{lost}\""))
        })
        .await;

    // The provider goes wrong in every way.
    for misbehaviour in Misbehaviour::ALL {
        if matches!(misbehaviour, Misbehaviour::Slow | Misbehaviour::RotatedKeys) {
            continue;
        }
        provider.faults().set(misbehaviour);
        sign_in_somehow(app, &mut secrets).await;
    }
    for answer in [
        Answer::new(200, "text/html", format!("<p>{lost}")),
        Answer::new(
            200,
            "application/json",
            format!("{{\"access_token\": \"{lost}"),
        ),
        Answer::oauth_error(400, "invalid_client", lost),
        Answer::new(302, "text/plain", "").with_header("location", &format!("/?token={lost}")),
    ] {
        for endpoint in [Endpoint::Token, Endpoint::Userinfo, Endpoint::Keys] {
            provider.faults().clear();
            provider.faults().instead(endpoint, answer.clone());
            sign_in_somehow(app, &mut secrets).await;
        }
    }
    provider.faults().clear();

    // Everybody leaves, some at the provider.
    for token in [
        provider.logout_token("another-client", Some("bob"), None),
        provider.logout_token(CLIENT, Some("bob"), None),
    ] {
        let token = token.unwrap();
        secrets.add(&token);
        for _ in 0..2 {
            let fields = [("logout_token", token.as_str())];
            app.browser().post(PATHS.backchannel_logout, &fields).await;
        }
    }
    let redirect = alice.sign_out().await;
    alice.follow(redirect).await;
    provider
        .faults()
        .id_token(|token| token.claims["padding"] = "x".repeat(8_000).into());
    app.signed_in_as("bob").await.sign_out().await;
    app.eventually(async || provider.requests_to(Endpoint::Revocation).len() >= 2)
        .await;
    secrets.add_all_of(provider);
    secrets
}

async fn sign_in_somehow(app: &TestApp, secrets: &mut Secrets) {
    let browser = app.browser();
    let page = browser.visit(PATHS.login).await;
    if page.body.contains("name=\"request\"") {
        let answer = browser.choose(&page, "bob").await;
        browser.follow(answer).await;
    }
    secrets.add_cookies_of(&browser);
    secrets.add_all_of(&app.provider);
}

#[tokio::test]
async fn o1_the_log_holds_no_secret_at_any_level() {
    let mut instances =
        Instances::start(1, "embedded:sessions.redb", &[("RUST_LOG", "trace")]).await;
    instances.ready().await;
    let mut secrets = a_day(&instances.app).await;
    for name in ["SESSION_SECRET", "OIDC_CLIENT_SECRET"] {
        secrets.add(instances.setting(name));
    }
    // What is logged on the way out counts too.
    instances.terminate(0);
    assert!(instances.ended(0).await);

    let log = instances.log(0);
    for level in ["TRACE", "DEBUG", "INFO", "WARN"] {
        assert!(log.contains(level), "nothing at {level}");
    }
    assert!(secrets.0.len() > 100, "{} secrets", secrets.0.len());
    let found = secrets.found_in(&log);
    assert!(found.is_empty(), "{found:#?}");

    // And the search would find one.
    let one = secrets.0.first().unwrap();
    assert_eq!(secrets.found_in(&format!("{log}\nleaked {one}\n")).len(), 1);
}

/// The log facade of the crate `log`, through which the HTTP client and others
/// speak, leads nowhere; so nothing there has to be searched.
#[tokio::test]
async fn o1_what_is_said_through_the_log_facade_reaches_no_log() {
    const REQUEST: &str = "/said-through-the-facade";
    logs::keep();
    // It logs each request so.
    let logger = Logger::new("%r");
    let app = test::init_service(App::new().wrap(logger)).await;
    let answer = test::call_service(&app, test::TestRequest::get().uri(REQUEST).to_request()).await;
    tracing::info!("answered {} through tracing", answer.status());
    test::read_body(answer).await;
    assert_eq!(logs::with(REQUEST), "");
    assert_ne!(logs::with("answered 404 Not Found through tracing"), "");
}

#[tokio::test]
async fn o3_each_security_event_is_one_line_with_the_same_fields() {
    let app = Fixture::start().await;
    let person = |sub: &str| {
        let tag = internals::person_tag(app.provider.issuer(), sub);
        format!("person={tag:?}")
    };
    let alice = app.signed_in_as("alice").await;
    let bob = app.signed_in_as("bob").await;
    app.provider.faults().once().id_token(|token| {
        token.claims["nonce"] = "another".into();
    });
    app.browser().sign_in_as("bob", PATHS.login).await;
    let list = app.browser();
    let page = list.visit(PATHS.login).await;
    let answer = list.press(&page, ("cancel", "yes")).await;
    list.follow(answer).await;
    alice.sign_out().await;
    app.browser()
        .post(PATHS.backchannel_logout, &[("logout_token", "none")])
        .await;
    let token = app
        .provider
        .logout_token(CLIENT, Some("bob"), None)
        .unwrap();
    app.browser()
        .post(PATHS.backchannel_logout, &[("logout_token", &token)])
        .await;
    assert!(!bob.is_signed_in().await);

    let expected: [(&str, &[&[String]]); 5] = [
        ("sign_in", &[&[person("alice")], &[person("bob")]]),
        (
            "sign_in_failed",
            &[
                &["code=\"id_token\"".to_owned()],
                &["code=\"denied\"".to_owned()],
            ],
        ),
        (
            "token_refused",
            &[
                &["code=\"id_token\"".to_owned()],
                &["code=\"logout_token\"".to_owned()],
            ],
        ),
        ("sign_out", &[&[person("alice")]]),
        (
            "sessions_revoked",
            &[&[
                person("bob"),
                "code=\"back_channel_logout\"".to_owned(),
                "count=1".to_owned(),
            ]],
        ),
    ];
    for (event, lines) in expected {
        let logged = app.events(event);
        assert_eq!(logged.len(), lines.len(), "{event}: {logged:#?}");
        for (line, fields) in logged.iter().zip(lines) {
            assert!(line.contains(" request="), "{line}");
            for field in *fields {
                assert!(line.contains(field), "{field} in {line}");
            }
            // A stranger to the app does not learn from it who that is.
            assert!(!line.contains("alice") && !line.contains("bob"), "{line}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn o4_sigterm_lets_a_sign_in_end_and_loses_none() {
    let mut instances = Instances::start(1, "embedded:sessions.redb", &[]).await;
    instances.ready().await;
    let app = instances.app.clone();
    let bob = app.signed_in_as("bob").await;
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", "/profile").await;
    let faults = instances.app.provider.faults().once();
    faults.answer(Endpoint::Token, |answer| {
        answer.delay = Duration::from_secs(2);
    });
    let before = app.token_requests();
    let callback = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.get(answer.location().as_str()).await })
    };
    app.eventually(async || app.token_requests() > before).await;

    instances.terminate(0);

    let page = callback.await.unwrap();
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location().path(), "/profile");
    assert!(instances.ended(0).await, "{}", instances.log(0));
    instances.start_one(0);
    for browser in [alice, bob] {
        assert!(browser.is_signed_in().await);
    }
}
