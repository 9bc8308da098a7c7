//! Rows S17, S18, S20 and S21: whose a session is, who can make one up, how many
//! there may be, and apps beside each other.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use vestibule::{
    Oidc, Secret, Settings, UserSession,
    internals::{
        self, Registration, UserSessions,
        seal::{self, RecordSealers, Sealer},
    },
    now,
    store::{Row, SessionStore, open},
};
use vestibule_dev::{provider::Endpoint, testing::logs};

use crate::{
    fixture::Fixture,
    support::{
        Browser, CLIENT, PATHS, TestApp, embedded_at, settings_of, signed_in_as, subject_key,
    },
};

const SIGN_IN: &str = "user-session";

fn with_cookie(app: &TestApp, value: &str) -> Browser {
    let browser = app.browser();
    browser.set_cookie(&app.cookie(SIGN_IN), value);
    browser
}

#[tokio::test]
async fn s17_a_record_of_another_issuer_or_client_is_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let first = Fixture::start_with(|settings| settings.session_store = embedded_at(&file)).await;
    let alice = first.signed_in_as("alice").await;
    let (cookie, csrf_token) = (alice.cookie(SIGN_IN), alice.csrf_token().await);
    first.stop().await;

    let known = first.oidc().settings().clone();
    let another_issuer = Fixture::start_with(|settings| {
        settings.session_store = known.session_store.clone();
        settings.secrets = known.secrets.clone();
    });
    let another_issuer = another_issuer.await;
    is_no_session(&another_issuer, &cookie, &csrf_token).await;
    another_issuer.stop().await;

    let another_client = Fixture::start_again_with(&first, |settings| {
        let issuer = first.provider.issuer();
        settings.set_provider(issuer, "another", Secret::new("another secret"));
    });
    let another_client = another_client.await;
    let served = token_uses(&first);
    is_no_session(&another_client, &cookie, &csrf_token).await;
    assert_eq!(token_uses(&first), served);
    another_client.stop().await;

    let again = Fixture::start_again(&first).await;
    assert!(with_cookie(&again, &cookie).is_signed_in().await);
}

/// The app lets nobody in with this cookie, and sends its provider no token.
async fn is_no_session(app: &TestApp, cookie: &str, csrf_token: &str) {
    let stranger = with_cookie(app, cookie);
    assert!(!stranger.is_signed_in().await);
    let answer = stranger.fetch("/api/userinfo").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let page = stranger.get("/profile").await;
    assert_eq!(page.location().path(), PATHS.login);
    let page = stranger
        .post(PATHS.logout, &[("csrf_token", csrf_token)])
        .await;
    assert!(!page.location().as_str().contains("id_token_hint"));
    assert_eq!(token_uses(app), 0);
}

/// How often the app's provider was sent a code or a token.
fn token_uses(app: &TestApp) -> usize {
    [Endpoint::Userinfo, Endpoint::Token, Endpoint::Revocation]
        .map(|endpoint| app.provider.requests_to(endpoint).len())
        .iter()
        .sum()
}

#[tokio::test]
async fn s17_apps_that_share_a_store_know_their_own_sessions_only() {
    let alice = signed_in_as("alice").await;
    let session = alice.record().await.session.clone();
    let provider_session = session.provider_session_id().unwrap();
    let secrets = &alice.app.oidc().settings().secrets;
    let store = open(&SessionStore::Memory).await.unwrap();
    let (name, issuer) = (session.provider(), session.issuer());
    let ours = Registration::new(name, issuer, CLIENT);
    let hour = std::time::Duration::from_secs(3600);
    let app = |registration| {
        UserSessions::new(store.clone(), vec![registration], secrets, hour, hour).unwrap()
    };
    let here = app(ours);
    let id = here.begin(&session).await.unwrap();

    for (issuer, client) in [(&*format!("{issuer}/"), CLIENT), (issuer, "app2")] {
        let other = Registration::new(name, issuer, client);
        let there = app(other.clone());
        assert!(there.find(&id).await.unwrap().is_none(), "{other:?}");
        let ended = there.end_all_of(issuer, session.subject()).await;
        assert_eq!(ended.unwrap(), 0, "{other:?}");
        let ended = there.end_provider_session(issuer, provider_session).await;
        assert_eq!(ended.unwrap(), 0, "{other:?}");
    }
    assert!(here.find(&id).await.unwrap().is_some());
}

#[test]
fn s17_debug_and_release_builds_have_stores_of_their_own() {
    let settings = settings_of(|_| None).unwrap();
    let SessionStore::Embedded(path) = settings.session_store else {
        panic!("{:?}", settings.session_store);
    };
    let expected = match cfg!(debug_assertions) {
        true => "data/debug-user-sessions.redb",
        false => "data/user-sessions.redb",
    };
    assert_eq!(path.to_str(), Some(expected));
}

/// A record as the app itself would write it.
fn record_of(session: &UserSession) -> Value {
    serde_json::to_value(session).unwrap()
}

fn row_of(id: &str, sealed: impl FnOnce(&[u8; 32]) -> Vec<u8>) -> Row {
    let key = seal::hash("user session", &[id.as_bytes()]);
    Row {
        key,
        subject: [1; 32],
        provider_session: None,
        created_at: now(),
        device: String::new(),
        version: 0,
        last_seen: now(),
        expires_at: now() + 3600,
        sealed: sealed(&key),
    }
}

#[tokio::test]
async fn s18_who_writes_to_the_store_makes_up_no_session() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    let mut record = record_of(&bob.record().await.session);
    record["subject"] = json!("alice");
    record["claims"]["sub"] = json!("alice");
    let plain = serde_json::to_vec(&record).unwrap();
    let store = internals::sessions(app.oidc()).store();
    let secrets = &app.oidc().settings().secrets[..];

    // The app's own secret does it, the others do not.
    for (secret, holds) in [
        (secrets[0].clone(), true),
        (Secret::new(seal::random_string().unwrap()), false),
        (Secret::new(""), false),
    ] {
        let id = seal::random_string().unwrap();
        let sealers = RecordSealers::new(&[secret], "user session").unwrap();
        let row = row_of(&id, |key| sealers.seal(id.as_bytes(), &plain, key).unwrap());
        store.create(row).await.unwrap();
        assert_eq!(with_cookie(&app, &id).is_signed_in().await, holds);
    }
    let id = seal::random_string().unwrap();
    let with_id_alone = Sealer::new(id.as_bytes(), "user session").unwrap();
    let row = row_of(&id, |key| with_id_alone.seal(&plain, key).unwrap());
    store.create(row).await.unwrap();
    assert!(!with_cookie(&app, &id).is_signed_in().await);
}

#[tokio::test]
async fn s18_a_record_does_not_open_under_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let app = Fixture::start_with(|settings| settings.session_store = embedded_at(&file)).await;
    let (alice, bob) = (
        app.signed_in_as("alice").await,
        app.signed_in_as("bob").await,
    );
    let key = |browser: &Browser| seal::hash("user session", &[browser.cookie(SIGN_IN).as_bytes()]);
    let store = internals::sessions(app.oidc()).store();
    let alices = store.get(key(&alice), now()).await.unwrap().unwrap();
    let bobs = store.get(key(&bob), now()).await.unwrap().unwrap();
    let swapped = Row {
        version: bobs.version + 1,
        sealed: alices.sealed,
        ..bobs
    };
    assert!(store.replace(swapped).await.unwrap());
    app.stop().await;

    let again = Fixture::start_again(&app).await;
    let cookies = [(&alice, true), (&bob, false)];
    for (browser, holds) in cookies {
        let cookie = browser.cookie(SIGN_IN);
        assert_eq!(with_cookie(&again, &cookie).is_signed_in().await, holds);
    }
}

#[tokio::test]
async fn s18_redis_without_tls_off_this_machine_is_warned_of() {
    for (address, host, is_warned_of) in [
        (
            "redis://:hunter2@one.example.com:6379",
            "one.example.com",
            true,
        ),
        ("redis+cluster://192.0.2.7,127.0.0.1", "192.0.2.7", true),
        (
            "redis+sentinel://two.example.com/main",
            "two.example.com",
            true,
        ),
        ("redis://[2001:db8::7]:6379", "2001:db8::7", true),
        (
            "rediss://three.example.com:6379",
            "three.example.com",
            false,
        ),
        ("redis://localhost:6379", "localhost", false),
        ("redis://127.0.0.2:6379", "127.0.0.2", false),
        ("redis://[::1]:6379", "::1", false),
    ] {
        let before = logs::keep();
        let mut settings = settings_of(|_| None).unwrap();
        let (id, secret) = ("app", Secret::new("secret"));
        settings.set_provider("https://id.example.com", id, secret);
        settings.session_store = SessionStore::Redis(Secret::new(address));
        let _oidc = Oidc::builder(settings).build().await.unwrap();
        let said = logs::with_since(before, "is not encrypted");
        let warned = said
            .lines()
            .any(|line| line.contains(&format!("connection to {host} ")));
        assert_eq!(warned, is_warned_of, "{address}: {said}");
        assert!(!said.contains("hunter2"));
    }
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn s12_a_made_up_secret_is_kept_beside_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/sessions.redb");
    let app = Fixture::start_with(|settings| {
        settings.session_store = embedded_at(&file);
        settings.secrets = Vec::new();
    })
    .await;
    let alice = app.signed_in_as("alice").await;
    app.stop().await;

    let secret = file.with_extension("secret");
    let kept = std::fs::read_to_string(&secret).unwrap();
    assert!(kept.len() >= 43, "{}", kept.len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&secret).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let start = || Fixture::start_again_with(&app, |settings| settings.secrets = Vec::new());
    let again = start().await;
    let cookie = alice.cookie(SIGN_IN);
    assert!(with_cookie(&again, &cookie).is_signed_in().await);
    again.stop().await;

    std::fs::remove_file(&secret).unwrap();
    assert!(!with_cookie(&start().await, &cookie).is_signed_in().await);
}

#[tokio::test]
async fn s20_one_session_more_than_a_person_may_have_ends_the_oldest() {
    let app = Fixture::start_with(|settings| settings.sessions_per_person = 2).await;
    let bob = app.signed_in_as("bob").await;
    let mut alices: Vec<Browser> = Vec::new();
    for _ in 0..4 {
        alices.push(app.signed_in_as("alice").await);
        // Which is older is told by the second.
        let began = now();
        app.eventually(async || now() > began).await;
        let oldest = alices.len().saturating_sub(2);
        for (number, alice) in alices.iter().enumerate() {
            assert_eq!(alice.is_signed_in().await, number >= oldest, "{number}");
        }
    }
    assert!(bob.is_signed_in().await);
    let events = app.events("sessions_revoked");
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[0].contains("too_many_sessions"), "{events:?}");
}

#[tokio::test]
async fn s20_where_one_session_is_allowed_the_newest_stays() {
    let app = Fixture::start_with(|settings| settings.sessions_per_person = 1).await;
    let first = app.signed_in_as("alice").await;
    for _ in 0..3 {
        let second = app.signed_in_as("alice").await;
        assert!(second.is_signed_in().await);
        assert!(!first.is_signed_in().await);
    }
}

#[tokio::test]
async fn s20_a_session_that_nobody_has_used_for_too_long_goes_first() {
    let app = Fixture::start_with(|settings| settings.sessions_per_person = 2).await;
    let first = app.signed_in_as("alice").await;
    let idle = now() - app.oidc().settings().session_idle.as_secs();
    let unused = Row {
        subject: subject_key(&app, "alice"),
        // Newer, and yet not seen for longer.
        created_at: now() + 1,
        last_seen: idle,
        ..row_of("of another browser", |_| Vec::new())
    };
    let store = internals::sessions(app.oidc()).store();
    store.create(unused).await.unwrap();
    let second = app.signed_in_as("alice").await;
    assert!(first.is_signed_in().await && second.is_signed_in().await);
    let left = store
        .list_by_subject(subject_key(&app, "alice"), now())
        .await;
    assert_eq!(left.unwrap().len(), 2);
}

/// Browsers do not tell the ports of a host apart: makes `to` hold the cookies of
/// `from`, and no others.
fn carry(from: &Browser, to: &Browser) {
    for name in to.cookies().keys() {
        to.forget_cookie(name);
    }
    for (name, value) in from.cookies() {
        to.set_cookie(&name, &value);
    }
}

#[tokio::test]
async fn s21_a_cookie_counts_by_its_whole_name() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let (name, id) = (app.cookie(SIGN_IN), alice.cookie(SIGN_IN));
    let signed_in_with = async |cookies: String| {
        let with_cookies = |request: RequestBuilder| {
            let request = request.header("accept", "application/json");
            request.header("cookie", cookies)
        };
        let nobody = app.browser();
        let answer = nobody.request(Method::GET, "/api/me", with_cookies).await;
        answer.status == StatusCode::OK
    };
    let of_this_length = "x".repeat(name.len());
    for other in ["x", &format!("{name}x"), &name[1..], &of_this_length] {
        let beside = format!("{other}=nobody's; {name}={id} ;{other}=nobody's");
        assert!(signed_in_with(beside).await, "{other}");
        assert!(!signed_in_with(format!("{other}={id}")).await, "{other}");
    }
}

#[tokio::test]
async fn s21_two_apps_on_one_host_keep_their_people_signed_in() {
    let (one, two) = (Fixture::start().await, Fixture::start().await);
    assert_ne!(one.cookie(SIGN_IN), two.cookie(SIGN_IN));
    let alice = one.signed_in_as("alice").await;
    let bob = two.browser();
    carry(&alice, &bob);
    let page = bob.sign_in_as("bob", "/profile").await;
    assert_eq!(page.status, StatusCode::OK);
    carry(&bob, &alice);
    assert_eq!(alice.fetch("/api/me").await.json()["sub"], "alice");
    assert_eq!(bob.fetch("/api/me").await.json()["sub"], "bob");

    alice.sign_out().await;
    carry(&alice, &bob);
    assert!(!alice.is_signed_in().await);
    assert!(bob.is_signed_in().await);
}

#[tokio::test]
async fn s21_a_sign_in_to_one_app_does_not_disturb_one_under_way_at_the_other() {
    let one = Fixture::start().await;
    let same_secret = |settings: &mut Settings| {
        settings.secrets.clone_from(&one.oidc().settings().secrets);
    };
    for two in [
        Fixture::start().await,
        Fixture::start_with(same_secret).await,
    ] {
        let (here, there) = (one.browser(), two.browser());
        let under_way = here.answer_of_provider("alice", "/profile").await;
        // More than one browser may have under way at one app, and then a sign-in.
        for _ in 0..6 {
            carry(&here, &there);
            there.answer_of_provider("bob", "/profile").await;
            carry(&there, &here);
        }
        there.sign_in_as("bob", "/profile").await;
        there.sign_out().await;
        carry(&there, &here);

        let page = here.follow(under_way).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert_eq!(page.url.path(), "/profile");
        assert!(here.is_signed_in().await);
    }
}
