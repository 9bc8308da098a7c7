//! What people without a session can cause, in several sections: little, and nothing
//! that lasts.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use vestibule::{ReturnTo, Settings};
use vestibule_dev::{
    provider::{Endpoint, Jws},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{Browser, CLIENT, PATHS, Page, TestApp, embedded_at, login_with, settings_of},
    troubled_store::Troubled,
};

use super::{assert_accepted, assert_is_error_page};

/// A form without a field, sent with these headers.
async fn post_with(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> Page {
    browser
        .request(Method::POST, path, |request| {
            headers
                .iter()
                .fold(request, |request, (name, value)| {
                    request.header(*name, *value)
                })
                .header("accept", "text/html")
                .header("content-type", "application/x-www-form-urlencoded")
        })
        .await
}

/// An app with its store in this file.
async fn app_on(file: &Path) -> TestApp {
    let in_file = |settings: &mut Settings| settings.session_store = embedded_at(file);
    Fixture::start_with(in_file).await
}

#[tokio::test]
async fn o10_whether_the_app_is_ready_is_told_without_writing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let app = app_on(&file).await;
    let stranger = app.browser();
    app.eventually(async || stranger.fetch("/readyz").await.status == StatusCode::OK)
        .await;
    let before = std::fs::read(&file).unwrap();
    for _ in 0..10 {
        stranger.fetch("/readyz").await;
    }
    assert!(std::fs::read(&file).unwrap() == before);
}

#[tokio::test]
async fn o10_why_the_app_is_not_ready_is_told_to_the_log_alone() {
    let app = Fixture::start_with_provider_down().await;
    let stranger = app.browser();
    let ready = stranger.fetch("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    let expected = json!({ "provider": "unavailable", "store": "ok", "app": "ok" });
    assert_eq!(ready.json(), expected);
    let log = app.logged(app.provider.issuer());
    assert!(log.contains("the provider cannot be used"), "{log}");
}

#[tokio::test]
async fn o10_that_the_store_has_gone_and_is_back_is_told_to_the_log_once_each() {
    let store = Troubled::open().await;
    let app = Fixture::over(store.clone())
        .prepared(|_, _| {})
        .start()
        .await;
    for (is_down, is_told) in [
        (false, None),
        (true, Some("cannot be used")),
        (true, None),
        (false, Some("can be used again")),
        (false, None),
    ] {
        store.is_down.store(is_down, Ordering::Relaxed);
        let ready = app.browser().fetch("/readyz").await;
        let expected = if is_down { "unavailable" } else { "ok" };
        assert_eq!(ready.json()["store"], expected);
        let log = logs::with(ready.header("x-request-id"));
        for what in ["cannot be used", "can be used again"] {
            let is_in_log = log.contains(&format!("the session store {what}"));
            assert_eq!(is_in_log, is_told == Some(what), "{log}");
        }
    }
}

#[tokio::test]
async fn l2_another_site_cannot_empty_a_browser() {
    let app = Fixture::start().await;
    let origin = app.base.origin().ascii_serialization();
    // Browsers send our cookies along with none of these.
    for (headers, is_emptied) in [
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("sec-fetch-site", "same-site")], false),
        (vec![("origin", "https://attacker.example")], false),
        (vec![("origin", "null")], false),
        (vec![("origin", origin.as_str())], true),
        (vec![("sec-fetch-site", "same-origin")], true),
        (vec![], true),
    ] {
        let page = post_with(&app.browser(), PATHS.logout, &headers).await;
        let cleared = page.set_cookie(&app.cookie("user-session"));
        assert_eq!(!cleared.is_empty(), is_emptied, "{headers:?}");
        assert_eq!(page.status.is_redirection(), is_emptied, "{headers:?}");
    }
}

/// In a browser without Fetch Metadata, whose page sends no Referer either.
#[tokio::test]
async fn l2_a_person_whose_session_has_ended_elsewhere_can_sign_out() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let session = alice.cookie("user-session");
    alice.sign_out().await;
    alice.set_cookie(&app.cookie("user-session"), &session);
    let page = post_with(&alice, PATHS.logout, &[("origin", "null")]).await;
    assert_eq!(page.location().path(), PATHS.logged_out);
    assert!(!alice.has_cookie("user-session"));
}

#[tokio::test]
async fn l2_without_fetch_metadata_the_origin_counts() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let csrf_token = alice.csrf_token().await;
    let post = async |origin: &str| {
        let (origin, body) = (origin.to_owned(), format!("csrf_token={csrf_token}"));
        let page = alice.request(Method::POST, PATHS.logout, |request| {
            request
                .header("origin", origin)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body)
        });
        page.await.status
    };
    assert_eq!(
        post("https://attacker.example").await,
        StatusCode::FORBIDDEN
    );
    assert!(alice.is_signed_in().await);
    assert_eq!(post("null").await, StatusCode::SEE_OTHER);
    assert!(!alice.is_signed_in().await);
}

/// What the app answers to a logout token.
async fn deliver(app: &TestApp, token: &str) -> Page {
    let fields = [("logout_token", token)];
    app.browser().post(PATHS.backchannel_logout, &fields).await
}

fn logout_token(app: &TestApp) -> String {
    app.provider
        .logout_token(CLIENT, Some("nobody"), None)
        .unwrap()
}

#[tokio::test]
async fn d7_made_up_key_ids_of_strangers_keep_no_new_keys_from_sign_ins() {
    let app = Fixture::start().await;
    assert_accepted(&app, "the first key").await;
    let looks = || app.provider.requests_to(Endpoint::Keys).len();
    let before = looks();
    app.provider
        .faults()
        .once()
        .logout_token(|token| token.header["kid"] = json!("made-up"));
    let refused = deliver(&app, &logout_token(&app)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(looks(), before + 1, "the keys were read for it");

    app.provider.rotate_keys(false).unwrap();
    assert_accepted(&app, "a new key, a moment later").await;
}

/// A logout token that a key signed which nobody knows.
fn made_up_token(app: &TestApp) -> String {
    let bend = |token: &mut Jws| token.header["kid"] = json!("made-up");
    app.provider.faults().once().logout_token(bend);
    logout_token(app)
}

/// What the app answers to a logout token that its proxy says comes from this address.
async fn deliver_from(app: &TestApp, address: &str, token: &str) -> Page {
    let (address, body) = (address.to_owned(), format!("logout_token={token}"));
    let browser = app.browser();
    let page = browser.request(Method::POST, PATHS.backchannel_logout, |request| {
        request
            .header("x-forwarded-for", address)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    });
    page.await
}

async fn app_behind_a_proxy() -> TestApp {
    Fixture::start_with_env(&[("APP_TRUSTED_PROXIES", "127.0.0.1,::1")]).await
}

#[tokio::test]
async fn d7_made_up_key_ids_of_one_stranger_keep_no_new_keys_from_notices() {
    let app = app_behind_a_proxy().await;
    let alice = app.signed_in_as("alice").await;
    let looks = || app.provider.requests_to(Endpoint::Keys).len();
    let before = looks();
    for address in ["203.0.113.7", "203.0.113.7", "2001:db8::1", "2001:db8::2"] {
        deliver_from(&app, address, &made_up_token(&app)).await;
    }
    assert_eq!(looks(), before + 2, "once for each network");

    app.provider.rotate_keys(false).unwrap();
    let token = app
        .provider
        .logout_token(CLIENT, Some("alice"), None)
        .unwrap();
    // The stranger's own are undecided, and may come again.
    let again = deliver_from(&app, "203.0.113.7", &token).await;
    assert_eq!(again.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(again.header("retry-after"), "5");
    let log = app.logged("no action needed: somebody sends logout tokens");
    assert!(log.contains("APP_TRUSTED_PROXIES"), "{log}");
    assert!(alice.is_signed_in().await);
    let page = deliver_from(&app, "198.51.100.9", &token).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn d7_made_up_key_ids_of_many_strangers_cause_few_requests() {
    let app = app_behind_a_proxy().await;
    let looks = || app.provider.requests_to(Endpoint::Keys).len();
    let before = looks();
    let began = Instant::now();
    for number in 0..40 {
        let address = format!("203.0.113.{number}");
        let page = deliver_from(&app, &address, &made_up_token(&app)).await;
        assert!(
            [StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE].contains(&page.status),
            "{}",
            page.status
        );
    }
    // Eight at once, and one more for each tenth of the ten seconds that passes.
    let allowed = 8 + (began.elapsed().as_secs() + 1) as usize;
    assert!(looks() - before <= allowed, "{} looks", looks() - before);
}

#[tokio::test]
async fn d7_a_token_that_no_key_could_save_causes_no_request() {
    let app = Fixture::start().await;
    assert_accepted(&app, "the first key").await;
    let looks = || app.provider.requests_to(Endpoint::Keys).len();
    let before = looks();
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!("another-app")),
        ("iat", json!(1)),
        ("events", json!({})),
        ("jti", json!("")),
    ] {
        app.provider.faults().once().logout_token(move |token| {
            token.header["kid"] = json!("made-up");
            token.claims[name] = value.clone();
        });
        let refused = deliver(&app, &logout_token(&app)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{name}");
    }
    assert_eq!(looks(), before);
}

#[tokio::test]
async fn l21_logout_tokens_that_are_refused_are_limited() {
    let app = Fixture::start_with(|settings| settings.login_rate = 2).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        let page = deliver(&app, "made-up").await;
        if page.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(page.header("retry-after"), "1");
        }
        statuses.push(page.status);
    }
    assert_eq!(statuses[0], StatusCode::BAD_REQUEST);
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS));
    // It passes, and signing in is not affected meanwhile.
    assert_accepted(&app, "another limit").await;
    app.eventually(async || deliver(&app, &logout_token(&app)).await.status == StatusCode::OK)
        .await;
}

/// Only the first has the keys read; the others could be of a new key.
#[tokio::test]
async fn l21_logout_tokens_of_made_up_keys_are_limited_too() {
    let app = Fixture::start_with(|settings| settings.login_rate = 2).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(deliver(&app, &made_up_token(&app)).await.status);
    }
    assert_eq!(statuses[0], StatusCode::BAD_REQUEST);
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn l21_any_number_of_good_logout_tokens_is_accepted() {
    let app = Fixture::start_with(|settings| settings.login_rate = 1).await;
    for _ in 0..20 {
        let page = deliver(&app, &logout_token(&app)).await;
        assert_eq!(page.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn r18_a_callback_with_an_error_leaves_nothing_in_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let app = app_on(&file).await;
    let answers = [
        ("error", "access_denied", "denied"),
        ("error", "server_error", "provider_error"),
        ("nothing", "at-all", "code_missing"),
    ];
    let before = std::fs::read(&file).unwrap();
    for (name, value, code) in answers {
        app.provider
            .faults()
            .once()
            .authorization_response(move |pairs| {
                pairs.retain(|(name, _)| name != "code");
                pairs.push((name.to_owned(), value.to_owned()));
            });
        let stranger = app.browser();
        let request = stranger.get(PATHS.login).await.location();
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        let page = stranger.get(&answer).await;
        assert_is_error_page(&page, code, code);
    }
    assert!(std::fs::read(&file).unwrap() == before);
    // A code does.
    assert_accepted(&app, "a code").await;
    assert!(std::fs::read(&file).unwrap() != before);
}

/// Sends the beginning of a body to a path, and returns what is answered until the
/// connection ends, and when that was.
fn trickle(app: &TestApp, path: &str, cookie: &str) -> (String, Duration) {
    let began = Instant::now();
    let address = app.listens_at.socket_addrs(|| None).unwrap();
    let mut connection = TcpStream::connect(&address[..]).unwrap();
    let patience = Some(Duration::from_secs(60));
    connection.set_read_timeout(patience).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\nlogout"
    );
    connection.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    (answer, began.elapsed())
}

#[tokio::test]
async fn b15_a_body_that_does_not_arrive_holds_no_connection() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let cookie = format!(
        "{}={}",
        app.cookie("user-session"),
        alice.cookie("user-session")
    );
    let paths = [
        PATHS.login,
        PATHS.logout,
        PATHS.backchannel_logout,
        "/devices",
    ];
    let trickles = paths.map(|path| {
        let (app, cookie) = (app.clone(), cookie.clone());
        tokio::task::spawn_blocking(move || (path, trickle(&app, path, &cookie)))
    });
    for trickle in trickles {
        let (path, (answer, time)) = trickle.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(answer.contains("bad_request"), "{path}: {answer}");
        assert!(time < Duration::from_secs(45), "{path}: {time:?}");
    }
    assert!(alice.is_signed_in().await);
}

#[test]
fn a6_the_sign_in_pages_are_known_in_any_spelling() {
    let settings = |base: &str| settings_of(|name| (name == "APP_BASE_URL").then(|| base.into()));
    for base in ["http://localhost:8080", "http://localhost:8080/a%20shop"] {
        let settings = settings(base).unwrap();
        let below = |path: &str| format!("{}{path}", settings.base_path());
        for path in [
            "/%6cogin",
            "/%6Cogin?x=1",
            "/%6c%6f%67%69%6e",
            "/log%6Fut",
            "/authorization%2dcode/callback",
            "/authorization-code/%63allback",
        ] {
            let parsed = ReturnTo::parse(&settings, &below(path));
            assert!(parsed.is_none(), "{base}{path}");
        }
        for path in ["/%6cogin/x", "/%256cogin", "/%6", "/%zz", "/z%C3%BCge", "/"] {
            let path = below(path);
            let parsed = ReturnTo::parse(&settings, &path).unwrap();
            assert_eq!(parsed.as_str(), path);
        }
    }
}

#[tokio::test]
async fn a6_a_way_back_to_the_login_page_makes_no_circle() {
    let alice = Fixture::start().await.browser();
    let page = alice
        .sign_in_as("alice", &login_with("return_to=/%256cogin"))
        .await;
    assert_eq!(page.url.path(), "/");
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn b16_every_answer_is_isolated_from_other_sites() {
    let app = Fixture::start_with_env(&[("APP_BASE_URL", "https://app.example.com")]).await;
    let stranger = app.browser();
    for path in [
        "/",
        "/static/app.css",
        "/healthz",
        "/readyz",
        "/no-such-page",
        "/api/me",
        "/profile",
        PATHS.login,
        PATHS.login_callback,
        PATHS.logout,
        PATHS.backchannel_logout,
    ] {
        for page in [stranger.get(path).await, stranger.post(path, &[]).await] {
            let policy = page.header("content-security-policy");
            for directive in ["default-src 'self'", "base-uri 'none'", "frame-ancestors"] {
                assert!(policy.contains(directive), "{path}: {policy}");
            }
            let resources = page.header("cross-origin-resource-policy");
            assert_eq!(resources, "same-origin", "{path}");
            assert_eq!(
                page.header("strict-transport-security"),
                "max-age=63072000",
                "{path}: two years"
            );
        }
    }
    let problem: Value = stranger.fetch("/api/me").await.json();
    assert_eq!(problem["code"], "signed_out");
}
