//! Section S: sign-ins, and the cookies and records that they are made of.

use std::time::Duration;

use reqwest::StatusCode;
use vestibule::{
    Secret,
    internals::{
        self,
        seal::{self, RecordSealers, Sealer},
    },
    now,
    store::SessionStore,
};
use vestibule_dev::provider::Endpoint;

use crate::{
    fixture::Fixture,
    redis_server::Server,
    support::{
        Browser, PATHS, Page, TestApp, embedded_at, login_with, signed_in_as,
        signed_in_near_the_end, subject_key,
    },
};

const SIGN_IN: &str = "user-session";

/// A browser of another person's, or another time's, with this sign-in cookie.
fn with_cookie(app: &TestApp, value: &str) -> Browser {
    let browser = app.browser();
    browser.set_cookie(&app.cookie(SIGN_IN), value);
    browser
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

#[tokio::test]
async fn s1_every_authentication_gives_a_new_id_and_ends_the_old_one() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    for way in [PATHS.login, &login_with("max_age=60")] {
        let old = alice.cookie(SIGN_IN);
        let page = alice.sign_in_as("alice", way).await;
        assert_eq!(page.status, StatusCode::OK, "{way}");
        assert_ne!(alice.cookie(SIGN_IN), old, "{way}");
        assert!(alice.is_signed_in().await, "{way}");
        assert!(!with_cookie(&app, &old).is_signed_in().await, "{way}");
    }
}

#[tokio::test]
async fn s2_a_planted_cookie_never_becomes_authenticated() {
    let app = Fixture::start().await;
    // What an attacker can get without signing in: an id of the right form, and
    // the cookies of a transaction.
    let attacker = app.browser();
    attacker.get(PATHS.login).await;
    let made_up = seal::random_string().unwrap();

    let victim = with_cookie(&app, &made_up);
    for (name, value) in attacker.cookies() {
        victim.set_cookie(&name, &value);
    }
    victim.sign_in_as("alice", PATHS.login).await;

    assert!(victim.is_signed_in().await);
    assert_ne!(victim.cookie(SIGN_IN), made_up);
    assert!(!with_cookie(&app, &made_up).is_signed_in().await);
    assert!(!attacker.is_signed_in().await);
}

#[tokio::test]
async fn s3_ids_are_256_random_bits_of_which_the_store_keeps_a_hash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let app = Fixture::start_with(|settings| settings.session_store = embedded_at(&file)).await;
    let ids: Vec<String> = [
        app.signed_in_as("alice").await,
        app.signed_in_as("alice").await,
    ]
    .iter()
    .map(|browser| browser.cookie(SIGN_IN))
    .collect();
    app.stop().await;

    let dump = std::fs::read(&file).unwrap();
    for id in &ids {
        let bits = seal::decode(id).unwrap();
        assert_eq!(bits.len(), 32);
        assert!(!contains(&dump, &bits));
        assert!(!contains(&dump, id.as_bytes()));
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn s4_the_cookie_is_bound_to_the_host_and_to_tls() {
    let app = Fixture::start_with_env(&[("APP_BASE_URL", "https://app.example.com")]).await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", PATHS.login).await;
    let page = browser.get(answer.location().as_str()).await;
    let cookie = page.set_cookie(&app.cookie(SIGN_IN));
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.to_lowercase().contains("domain"), "{cookie}");
    assert!(browser.is_signed_in().await);
    for header in page.headers.get_all("set-cookie") {
        let pair = header.to_str().unwrap().split(';').next().unwrap();
        assert!(pair.len() <= 4096, "{}", pair.len());
    }
}

#[tokio::test]
async fn s4_on_loopback_http_it_is_the_same_without_tls() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", PATHS.login).await;
    let page = browser.get(answer.location().as_str()).await;
    let cookie = page.set_cookie(&app.cookie(SIGN_IN));
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn s5_a_sign_in_that_nobody_uses_ends_by_the_servers_clock() {
    let idle = Duration::from_secs(8);
    let app = Fixture::start_with(|settings| settings.session_idle = idle).await;
    let alice = app.signed_in_as("alice").await;
    // Use prolongs it: these are more than eight seconds together.
    for _ in 0..3 {
        seconds(3).await;
        assert!(alice.is_signed_in().await);
    }
    seconds(9).await;
    assert!(alice.has_cookie(SIGN_IN));
    assert!(!alice.is_signed_in().await);
    let subject = subject_key(&app, "alice");
    let store = internals::sessions(app.oidc()).store();
    let left = store.list_by_subject(subject, now()).await.unwrap();
    assert_eq!(left, [], "nothing is kept of it");
}

#[tokio::test]
async fn s5_a_sign_in_ends_after_its_absolute_life() {
    let max = Duration::from_secs(4);
    let app = Fixture::start_with(|settings| settings.session_max = max).await;
    let alice = app.browser();
    alice.sign_in_as("alice", PATHS.login).await;
    let session = alice.record().await.session.clone();
    assert_eq!(session.expires_at() - session.created_at(), max.as_secs());
    // Used all the time, which does not prolong it.
    while now() < session.expires_at() {
        alice.is_signed_in().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(alice.has_cookie(SIGN_IN));
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn s6_neither_use_nor_renewal_prolongs_the_absolute_life() {
    let app = Fixture::start().await;
    let alice = signed_in_near_the_end(&app, "alice").await;
    let end = alice.fetch("/api/me").await.json()["expires_at"].clone();
    seconds(1).await;

    let before = app.token_requests();
    assert_eq!(
        alice.fetch("/api/userinfo").await.status,
        StatusCode::OK,
        "renewed"
    );
    assert_eq!(app.token_requests(), before + 1);
    assert_eq!(alice.fetch("/api/me").await.json()["expires_at"], end);
}

#[tokio::test]
async fn s7_a_cookie_replayed_after_sign_out_is_nobody() {
    let alice = signed_in_as("alice").await;
    let kept = alice.cookie(SIGN_IN);
    assert!(with_cookie(&alice.app, &kept).is_signed_in().await);
    alice.sign_out().await;
    assert!(!alice.has_cookie(SIGN_IN));
    assert!(!with_cookie(&alice.app, &kept).is_signed_in().await);
}

/// Lets a request that asks the provider take so long that the person signs out
/// meanwhile, and returns how it ended.
async fn signs_out_during(alice: &Browser, slow: Endpoint) -> Page {
    let app = alice.app.clone();
    app.provider
        .faults()
        .answer(slow, |answer| answer.delay = Duration::from_secs(5));
    let before = app.provider.requests_to(slow).len();
    let request = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.fetch("/api/userinfo").await })
    };
    app.eventually(async || app.provider.requests_to(slow).len() > before)
        .await;
    let kept = alice.cookie(SIGN_IN);
    alice.sign_out().await;
    let page = request.await.unwrap();
    assert_eq!(page.set_cookie(&app.cookie(SIGN_IN)), "");
    assert!(!alice.is_signed_in().await);
    assert!(!with_cookie(&app, &kept).is_signed_in().await);
    page
}

#[tokio::test]
async fn s8_a_slow_request_does_not_bring_a_sign_in_back() {
    let alice = signed_in_as("alice").await;
    signs_out_during(&alice, Endpoint::Userinfo).await;
}

#[tokio::test]
async fn s8_a_slow_renewal_does_not_bring_a_sign_in_back() {
    let app = Fixture::start().await;
    let alice = app.signed_in_with_token_for("alice", Duration::ZERO).await;
    let page = signs_out_during(&alice, Endpoint::Token).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    // What was issued meanwhile is revoked too.
    let given_back = async || app.provider.requests_to(Endpoint::Revocation).len() == 4;
    app.eventually(given_back).await;
}

#[tokio::test]
async fn s9_parallel_writes_do_not_undo_one_another() {
    let app = Fixture::start().await;
    let sessions: Vec<_> = (0..6)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { signed_in_near_the_end(&app, "alice").await })
        })
        .collect();
    let mut browsers = Vec::new();
    for sign_in in sessions {
        browsers.push(sign_in.await.unwrap());
    }
    let leaving = browsers.pop().unwrap();

    // Each renews its own tokens, three times at once, while one signs out.
    let mut renewals = Vec::new();
    for browser in browsers.iter().cycle().take(15) {
        let browser = browser.clone();
        renewals.push(tokio::spawn(async move {
            browser.fetch("/api/userinfo").await.status
        }));
    }
    leaving.sign_out().await;
    for renewal in renewals {
        assert_eq!(renewal.await.unwrap(), StatusCode::OK);
    }
    let exchanges = app.token_requests();
    for browser in &browsers {
        assert_eq!(browser.fetch("/api/userinfo").await.status, StatusCode::OK);
    }
    assert_eq!(app.token_requests(), exchanges, "each kept its new tokens");
    assert!(!leaving.is_signed_in().await);
}

/// [`Browser`] looks at each response of all tests; here at each kind of page.
#[tokio::test]
async fn s10_no_response_carries_a_token() {
    let app = Fixture::start().await;
    let alice = app.browser();
    alice.sign_in_as("alice", "/profile").await;
    for path in ["/", "/profile", "/admin", "/no-such-page", "/readyz"] {
        alice.get(path).await;
        alice.fetch(path).await;
    }
    for path in ["/api/me", "/api/userinfo"] {
        assert_eq!(alice.fetch(path).await.status, StatusCode::OK);
    }
    let redirect = alice.sign_out().await;
    alice.follow(redirect).await;
    assert!(app.provider.issued_tokens().len() >= 3);
}

#[tokio::test]
async fn s10_a_token_in_a_response_would_be_seen() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let tokens = app.provider.issued_tokens();
    let mut page = alice.get("/profile").await;
    assert!(!page.holds_any(&tokens));
    for token in &tokens {
        page.body = format!("<p>{token}</p>");
        assert!(page.holds_any(&tokens), "in the body");
        page.body.clear();
        page.headers.insert("location", token.parse().unwrap());
        assert!(page.holds_any(&tokens), "in a header");
        page.headers.remove("location");
    }
}

#[tokio::test]
async fn s11_a_stolen_file_holds_nothing_of_use() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let dump = || std::fs::read(&file).unwrap();
    holds_nothing_of_use(&embedded_at(&file), dump, <[u8]>::to_vec).await;
}

#[tokio::test]
async fn s11_a_stolen_copy_of_redis_holds_nothing_of_use() {
    let Some(redis) = Server::start_lasting() else {
        return;
    };
    let store = SessionStore::Redis(Secret::new(redis.url()));
    let as_string = |hash: &[u8]| seal::encode(hash).into_bytes();
    holds_nothing_of_use(&store, || redis.dump(), as_string).await;
}

/// Neither the store alone nor one of the two secrets opens a record.
#[tokio::test]
async fn s11_a_record_opens_with_the_browsers_id_and_the_apps_secret_together_only() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let store = internals::sessions(app.oidc()).store();
    let key = seal::hash("user session", &[alice.cookie(SIGN_IN).as_bytes()]);
    let row = store.get(key, now()).await.unwrap().unwrap();
    let secrets = &app.oidc().settings().secrets[..];
    let opens = |secrets: &[Secret], id: &str| {
        let sealers = RecordSealers::new(secrets, "user session").unwrap();
        let opened = sealers.open(id.as_bytes(), &row.sealed, &row.key);
        opened.is_some()
    };
    let id = alice.cookie(SIGN_IN);
    assert!(opens(secrets, &id));
    let another = seal::random_string().unwrap();
    for other in [&another[..], secrets[0].expose(), "", &"\0".repeat(43)] {
        assert!(!opens(secrets, other), "{other:?}");
    }
    for other in [&another[..], &id, ""] {
        assert!(!opens(&[Secret::new(other)], &id), "{other:?}");
    }
    assert!(!opens(&[], &id));
    for secret in [id.as_bytes(), secrets[0].expose().as_bytes()] {
        let one_alone = Sealer::new(secret, "user session").unwrap();
        assert!(one_alone.open(&row.sealed, &row.key).is_none());
    }
}

/// `written`: how the store writes a row's key.
async fn holds_nothing_of_use(
    store: &SessionStore,
    dump: impl Fn() -> Vec<u8>,
    written: impl Fn(&[u8]) -> Vec<u8>,
) {
    let app = Fixture::start_with(|settings| settings.session_store = store.clone()).await;
    let alice = app.signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");
    let cookie = alice.cookie(SIGN_IN);
    let id = seal::decode(&cookie).unwrap();
    let secrets: Vec<String> = app
        .provider
        .issued_tokens()
        .into_iter()
        .chain([csrf_token, cookie.clone()])
        .chain(["alice@example.com".to_owned(), "Alice Archer".to_owned()])
        .collect();
    app.stop().await;

    let dump = dump();
    assert!(!contains(&dump, &id));
    for secret in &secrets {
        assert!(!contains(&dump, secret.as_bytes()), "{secret}");
    }
    // What names the row is there, and as a cookie it opens nothing; the cookie
    // that it was made from does.
    let key = seal::hash("user session", &[cookie.as_bytes()]);
    assert!(contains(&dump, &written(&key)));
    let again = Fixture::start_again(&app).await;
    let thief = with_cookie(&again, &seal::encode(&key));
    assert!(!thief.is_signed_in().await);
    assert!(with_cookie(&again, &cookie).is_signed_in().await);
}

#[tokio::test]
async fn s13_without_the_store_nobody_is_taken_for_a_stranger() {
    let nowhere = SessionStore::Redis(Secret::new("redis://127.0.0.1:1"));
    let app = Fixture::start_with(|settings| settings.session_store = nowhere).await;
    let cookie = seal::random_string().unwrap();
    let somebody = with_cookie(&app, &cookie);
    for path in ["/profile", "/"] {
        let page = somebody.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(page.body.contains("store_unavailable"), "{}", page.body);
        assert!(!page.header("retry-after").is_empty());
        assert!(page.header("set-cookie").is_empty());
    }
    let answer = somebody.fetch("/api/me").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["code"], "store_unavailable");

    assert_eq!(somebody.get("/healthz").await.status, StatusCode::OK);
    let style = somebody.get("/static/app.css").await;
    assert_eq!(style.status, StatusCode::OK);
    assert_eq!(
        app.browser().get("/").await.status,
        StatusCode::OK,
        "strangers need no store"
    );
    let ready = somebody.fetch("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["store"], "unavailable");
}

#[tokio::test]
async fn s15_a_new_sign_in_leaves_nothing_of_the_one_before() {
    let app = Fixture::start().await;
    let browser = app.signed_in_as("alice").await;
    let old = browser.cookie(SIGN_IN);
    let csrf_token = browser.csrf_token().await;

    browser.sign_in_as("bob", PATHS.login).await;

    assert_eq!(browser.fetch("/api/me").await.json()["sub"], "bob");
    assert!(!browser.get("/profile").await.body.contains("alice"));
    assert_ne!(browser.cookie(SIGN_IN), old);
    assert!(!with_cookie(&app, &old).is_signed_in().await);
    let forged = browser
        .post(PATHS.logout, &[("csrf_token", &csrf_token)])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn s16_a_sign_in_lasts_no_longer_than_the_provider_says() {
    let app = Fixture::start().await;
    app.provider.faults().id_token(|token| {
        let end = token.claims["iat"].as_u64().unwrap() + 600;
        token.claims["session_expiry"] = end.into();
    });
    let me = app.signed_in_as("alice").await.fetch("/api/me").await;
    let left = me.json()["expires_at"].as_u64().unwrap() - vestibule::now();
    assert!(left <= 600, "{left}");
    assert!(left > 300, "{left}");
}

#[tokio::test]
async fn s16_a_session_that_is_over_or_unreadable_is_refused() {
    let app = Fixture::start().await;
    for expiry in [1_u64.into(), "soon".into(), serde_json::Value::Null] {
        app.provider.faults().once().id_token(move |token| {
            token.claims["session_expiry"] = expiry.clone();
        });
        let browser = app.browser();
        let page = browser.sign_in_as("alice", "/profile").await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.body.contains("id_token"), "{}", page.body);
        assert!(!browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn s16_a_sign_in_ends_with_its_id_token_if_that_is_wanted() {
    let end_of = async |setting| {
        let app = Fixture::start_with_env(&[("SESSION_ENDS_WITH_ID_TOKEN", setting)]).await;
        let me = app.signed_in_as("alice").await.fetch("/api/me").await;
        me.json()["expires_at"].as_u64().unwrap() - vestibule::now()
    };
    assert!(end_of("yes").await <= 3600);
    assert!(end_of("no").await > 3600);
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}
