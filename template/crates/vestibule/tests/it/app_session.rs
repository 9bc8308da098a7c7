//! The app's own data, in pages as an app may have them: nothing
//! that two requests change is lost, and nothing comes back.

use std::time::Duration;

use actix_session::Session;
use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use reqwest::StatusCode;
use serde_json::json;
use tokio::sync::Semaphore;
use vestibule::{
    Oidc, Secret, Settings,
    internals::{
        self,
        seal::{self, RecordSealers},
    },
    now,
    store::{Key, Row, SessionStore},
};
use vestibule_dev::provider::{Answer, Endpoint};

use crate::{
    fixture::{Fixture, User, pages as own_pages},
    outage::Outage,
    redis_server::Server,
    support::{Browser, CLIENT, PATHS, embedded_at},
};

/// Keeps a value, after a while.
async fn keep(session: Session, path: Path<(String, String, u64)>) -> HttpResponse {
    let (name, value, wait) = path.into_inner();
    tokio::time::sleep(Duration::from_millis(wait)).await;
    session.insert(name, value).unwrap();
    HttpResponse::NoContent().finish()
}

/// Somebody waits for this request to be under way.
static ARRIVED: Semaphore = Semaphore::const_new(0);
/// And this request waits until they have signed out.
static SIGNED_OUT: Semaphore = Semaphore::const_new(0);

/// Keeps a value after the person has signed out.
async fn keep_late(session: Session, path: Path<(String, String)>) -> HttpResponse {
    let (name, value) = path.into_inner();
    ARRIVED.add_permits(1);
    SIGNED_OUT.acquire().await.unwrap().forget();
    session.insert(name, value).unwrap();
    HttpResponse::NoContent().finish()
}

/// The same in a page for people who are signed in.
async fn keep_late_for(_: User, session: Session, path: Path<(String, String)>) -> HttpResponse {
    keep_late(session, path).await
}

/// The same under a new id.
async fn renew_late(session: Session, path: Path<(String, String)>) -> HttpResponse {
    session.renew();
    keep_late(session, path).await
}

async fn renew(session: Session) -> HttpResponse {
    session.renew();
    HttpResponse::NoContent().finish()
}

async fn append(session: Session, path: Path<(String, String)>) -> HttpResponse {
    let (name, more) = path.into_inner();
    let longer = |old: String| old + &more;
    session.update(name, longer).unwrap();
    HttpResponse::NoContent().finish()
}

async fn drop_one(session: Session, name: Path<String>) -> HttpResponse {
    session.remove(&name);
    HttpResponse::NoContent().finish()
}

async fn clear(session: Session) -> HttpResponse {
    session.clear();
    HttpResponse::NoContent().finish()
}

async fn kept(session: Session, name: Path<String>) -> String {
    let kept = session.get::<String>(&name).unwrap();
    kept.unwrap_or_else(|| "nothing".to_owned())
}

pub fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config
        .route("/test/keep/{name}/{value}/{wait}", web::get().to(keep))
        .route("/test/keep-late/{name}/{value}", web::get().to(keep_late))
        .route(
            "/test/keep-late-for/{name}/{value}",
            web::get().to(keep_late_for),
        )
        .route("/test/renew-late/{name}/{value}", web::get().to(renew_late))
        .route("/test/renew", web::get().to(renew))
        .route("/test/append/{name}/{more}", web::get().to(append))
        .route("/test/drop/{name}", web::get().to(drop_one))
        .route("/test/clear", web::get().to(clear))
        .route("/test/kept/{name}", web::get().to(kept));
    own_pages(oidc, config);
}

/// An app with these pages, and a browser in it.
async fn visit(change: impl FnOnce(&mut Settings)) -> Browser {
    Fixture::start_with_pages_and(pages, change).await.browser()
}

async fn found(browser: &Browser, name: &str) -> String {
    let page = browser.get(&format!("/test/kept/{name}")).await;
    assert_eq!(page.status, StatusCode::OK);
    page.body
}

/// Under what the store has the session of this cookie.
fn key_of(cookie: &str) -> Key {
    seal::hash("app session", &[&seal::decode(cookie).unwrap()])
}

/// Gives the browser a session, as the app itself would, that was last seen so
/// many seconds ago: a cart, as JSON.
async fn give_session(browser: &Browser, cart: &str, ago: u64) {
    let secrets = &browser.app.oidc().settings().secrets;
    give_session_sealed_with(secrets, browser, cart, ago).await;
}

async fn give_session_sealed_with(secrets: &[Secret], browser: &Browser, cart: &str, ago: u64) {
    let id = seal::random_string().unwrap();
    let key = key_of(&id);
    let sealers = RecordSealers::new(secrets, "app session").unwrap();
    let data = json!({ "user_session": null, "data": { "cart": cart } }).to_string();
    let row = Row {
        key,
        subject: key,
        provider_session: None,
        created_at: now() - ago,
        device: String::new(),
        version: 0,
        last_seen: now() - ago,
        expires_at: now() + 3600,
        sealed: sealers
            .seal(&seal::decode(&id).unwrap(), data.as_bytes(), &key)
            .unwrap(),
    };
    let store = internals::sessions(browser.app.oidc()).store();
    store.create(row).await.unwrap();
    browser.set_cookie(&browser.app.cookie("app-session"), &id);
}

#[tokio::test]
async fn a_session_that_nobody_uses_for_too_long_ends() {
    let browser = visit(|_| {}).await;
    let idle = browser.app.oidc().settings().session_idle.as_secs();
    give_session(&browser, "\"book\"", idle).await;
    assert_eq!(found(&browser, "cart").await, "nothing");

    give_session(&browser, "\"book\"", idle - 60).await;
    assert_eq!(found(&browser, "cart").await, "book");
    let key = key_of(&browser.cookie("app-session"));
    let store = internals::sessions(browser.app.oidc()).store();
    let row = store.get(key, now()).await.unwrap().unwrap();
    assert!(row.last_seen > now() - 60, "the visit was noted");
}

#[tokio::test]
async fn a_session_ends_after_its_absolute_life() {
    let browser = visit(|_| {}).await;
    browser.get("/test/keep/cart/book/0").await;
    let key = key_of(&browser.cookie("app-session"));
    let oidc = browser.app.oidc();
    let row = internals::sessions(oidc)
        .store()
        .get(key, now())
        .await
        .unwrap();
    let row = row.unwrap();
    let life = row.expires_at - row.created_at;
    assert_eq!(life, oidc.settings().session_max.as_secs());
}

#[tokio::test]
async fn nobody_is_signed_in_where_the_data_of_the_visitor_before_cannot_be_emptied() {
    let browser = visit(|_| {}).await;
    give_session(&browser, "not JSON", 0).await;
    let page = browser.sign_in_as("alice", PATHS.login).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("store_unavailable"), "{}", page.body);
    assert!(!browser.has_cookie("user-session"));
    let refused = browser.get("/test/keep/cart/book/0").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn what_is_kept_is_found_again_changed_and_dropped() {
    let browser = visit(|_| {}).await;
    assert_eq!(found(&browser, "colour").await, "nothing");
    assert!(browser.cookies().is_empty(), "nothing was stored yet");
    browser.get("/test/keep/colour/blue/0").await;
    browser.get("/test/keep/size/large/0").await;
    // By `Session::update`, which does not say that it changed something.
    browser.get("/test/append/colour/ish").await;
    assert_eq!(found(&browser, "colour").await, "blueish");
    browser.get("/test/drop/colour").await;
    assert_eq!(found(&browser, "colour").await, "nothing");
    assert_eq!(found(&browser, "size").await, "large");
    browser.get("/test/clear").await;
    assert_eq!(found(&browser, "size").await, "nothing");
}

#[tokio::test]
async fn what_two_requests_change_at_the_same_time_is_both_kept() {
    let browser = visit(|_| {}).await;
    browser.get("/test/keep/old/yes/0").await;
    tokio::join!(
        browser.get("/test/keep/item0/n0/100"),
        browser.get("/test/keep/item1/n1/100"),
        browser.get("/test/keep/item2/n2/50"),
        browser.get("/test/keep/item3/n3/0"),
        browser.get("/test/drop/old"),
    );
    for number in 0..4 {
        let kept = found(&browser, &format!("item{number}")).await;
        assert_eq!(kept, format!("n{number}"));
    }
    assert_eq!(found(&browser, "old").await, "nothing");
}

#[tokio::test]
async fn a_slow_request_brings_nothing_back_after_sign_out() {
    let browser = visit(|_| {}).await;
    for (slow, is_first) in [
        ("/test/keep-late-for/cart/books", true),
        ("/test/keep-late/cart/books", false),
        ("/test/keep-late-for/cart/books", false),
        ("/test/renew-late/cart/books", false),
    ] {
        browser.sign_in_as("alice", PATHS.login).await;
        if !is_first {
            browser.get("/test/keep/cart/book/0").await;
        }
        let before = (!is_first).then(|| browser.cookie("app-session"));

        let (slow, ()) = tokio::join!(browser.get(slow), async {
            ARRIVED.acquire().await.unwrap().forget();
            browser.sign_out().await;
            assert!(!browser.has_cookie("app-session"));
            SIGNED_OUT.add_permits(1);
        });

        assert_eq!(slow.status, StatusCode::NO_CONTENT);
        assert_eq!(found(&browser, "cart").await, "nothing");
        if let Some(before) = before {
            browser.set_cookie(&browser.app.cookie("app-session"), &before);
            assert_eq!(found(&browser, "cart").await, "nothing");
        }
    }
}

#[tokio::test]
async fn a_renewed_session_has_the_same_data_under_another_id() {
    let browser = visit(|_| {}).await;
    browser.get("/test/keep/cart/book/0").await;
    let before = browser.cookie("app-session");
    browser.get("/test/renew").await;
    assert_ne!(browser.cookie("app-session"), before);
    assert_eq!(found(&browser, "cart").await, "book");
    browser.set_cookie(&browser.app.cookie("app-session"), &before);
    assert_eq!(found(&browser, "cart").await, "nothing");
}

#[tokio::test]
async fn nothing_of_the_visitor_before_is_left_when_somebody_signs_in() {
    let browser = visit(|_| {}).await;
    for person in ["alice", "bob"] {
        browser.get("/test/keep/cart/book/0").await;
        assert_eq!(found(&browser, "cart").await, "book");
        let before = browser.cookie("app-session");
        browser.sign_in_as(person, PATHS.login).await;
        assert_eq!(found(&browser, "cart").await, "nothing");
        browser.set_cookie(&browser.app.cookie("app-session"), &before);
        assert_eq!(found(&browser, "cart").await, "nothing");
    }
}

#[tokio::test]
async fn s12_a_new_secret_loses_nothing_and_the_store_shows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let [old, new] = [(); 2].map(|()| Secret::new(seal::random_string().unwrap()));
    let start = async |secrets: Vec<Secret>| {
        visit(|settings| {
            settings.session_store = embedded_at(&file);
            settings.secrets = secrets;
        })
        .await
    };
    let browser = start(vec![old.clone()]).await;
    browser
        .get("/test/keep/cart/nobody-else-reads-this/0")
        .await;
    let cookie = browser.cookie("app-session");
    browser.app.stop().await;
    let dump = std::fs::read(&file).unwrap();
    let secret = b"nobody-else-reads-this";
    assert!(!dump.windows(secret.len()).any(|part| part == secret));

    // Visited with both, it needs the old one no more.
    for secrets in [vec![new.clone(), old.clone()], vec![new]] {
        let browser = start(secrets).await;
        browser.set_cookie(&browser.app.cookie("app-session"), &cookie);
        assert_eq!(found(&browser, "cart").await, "nobody-else-reads-this");
        browser.app.stop().await;
    }

    let browser = start(vec![old]).await;
    browser.set_cookie(&browser.app.cookie("app-session"), &cookie);
    assert_eq!(found(&browser, "cart").await, "nothing");
}

#[tokio::test]
async fn made_up_cookies_open_nothing() {
    let browser = visit(|_| {}).await;
    for value in ["", "x", &seal::random_string().unwrap(), &"A".repeat(4000)] {
        browser.set_cookie(&browser.app.cookie("app-session"), value);
        assert_eq!(found(&browser, "cart").await, "nothing");
    }
    browser.get("/test/keep/cart/book/0").await;
    assert_eq!(found(&browser, "cart").await, "book");
}

#[tokio::test]
async fn without_the_store_pages_go_on_and_nothing_is_lost() {
    let Some(mut redis) = Server::start_lasting() else {
        return;
    };
    let url = Secret::new(redis.url());
    let browser = visit(|settings| settings.session_store = SessionStore::Redis(url)).await;
    browser.get("/test/keep/cart/book/0").await;
    for outage in [Outage::Down, Outage::Frozen] {
        redis.fail(outage);
        assert_eq!(found(&browser, "cart").await, "nothing");
        let refused = browser.get("/test/keep/cart/pen/0").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.header("retry-after"), "5");
        assert!(refused.body.contains("store_unavailable"), "a page");
        assert!(refused.header("content-security-policy").contains("'none'"));
        let refused = browser.fetch("/test/keep/cart/pen/0").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.json()["code"], "store_unavailable");
        redis.recover(outage);
        browser
            .app
            .eventually(async || found(&browser, "cart").await == "book")
            .await;
    }
    // Each worker has a connection of its own, and makes it anew when it is needed.
    browser
        .app
        .eventually(async || {
            let kept = browser.get("/test/keep/hat/red/0").await;
            kept.status == StatusCode::NO_CONTENT
        })
        .await;
    browser
        .app
        .eventually(async || {
            found(&browser, "cart").await == "book" && found(&browser, "hat").await == "red"
        })
        .await;
}

/// Keeps something of Alice's in a browser, and gives its cookie.
async fn keep_basket(alice: &Browser) -> String {
    alice.get("/test/keep/basket/full/0").await;
    assert_eq!(found(alice, "basket").await, "full");
    alice.cookie("app-session")
}

/// Nothing is left in the browser, nor for whoever has a copy of its cookie.
async fn assert_gone(alice: &Browser, kept: &str, way: &str) {
    assert_eq!(found(alice, "basket").await, "nothing", "{way}");
    assert!(!alice.has_cookie("app-session"), "{way}");
    alice.set_cookie(&alice.app.cookie("app-session"), kept);
    assert_eq!(found(alice, "basket").await, "nothing", "{way}");
    alice.set_cookie(&alice.app.cookie("app-session"), kept);
    alice.sign_in_as("bob", PATHS.login).await;
    assert_eq!(found(alice, "basket").await, "nothing", "{way}");
}

#[tokio::test]
async fn s19_data_end_with_a_session_that_is_ended_from_elsewhere() {
    let app = Fixture::start_with_pages(pages).await;
    let (issuer, oidc) = (app.provider.issuer(), app.oidc());
    let sessions = internals::sessions(oidc);

    let alice = app.signed_in_as("alice").await;
    let kept = keep_basket(&alice).await;
    assert_eq!(sessions.end_all_of(issuer, "alice").await.unwrap(), 1);
    assert_gone(&alice, &kept, "an administrator").await;

    let alice = app.signed_in_as("alice").await;
    let kept = keep_basket(&alice).await;
    let token = app.provider.logout_token(CLIENT, Some("alice"), None);
    let fields = [("logout_token", &*token.unwrap())];
    let answer = app.browser().post(PATHS.backchannel_logout, &fields).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_gone(&alice, &kept, "the provider").await;

    let alice = app.signed_in_as("alice").await;
    let kept = keep_basket(&alice).await;
    let elsewhere = app.signed_in_as("alice").await;
    let csrf_token = elsewhere.csrf_token().await;
    elsewhere
        .post("/devices", &[("csrf_token", csrf_token.as_str())])
        .await;
    assert_gone(&alice, &kept, "the person, elsewhere").await;
}

#[tokio::test]
async fn s19_data_end_with_a_session_that_ends_by_itself() {
    let app = Fixture::start_with_pages(pages).await;
    let soon = now() + 3;
    let alice = app.signed_in_with("alice", "session_expiry", soon).await;
    let kept = keep_basket(&alice).await;
    app.eventually(async || now() >= soon).await;
    assert_gone(&alice, &kept, "its time is up").await;

    let ended = Duration::ZERO;
    let alice = app.signed_in_with_token_for("alice", ended).await;
    let kept = keep_basket(&alice).await;
    let refusal = Answer::oauth_error(400, "invalid_grant", "it is over");
    app.provider.faults().instead(Endpoint::Token, refusal);
    let answer = alice.fetch("/api/userinfo").await;
    assert_eq!(answer.json()["code"], "refresh_refused");
    app.provider.faults().clear();
    assert_gone(&alice, &kept, "the refresh is refused").await;
}

#[tokio::test]
async fn s19_data_are_of_no_use_without_the_session_that_they_belong_to() {
    let app = Fixture::start_with_pages(pages).await;
    let session = app.cookie("user-session");
    let bob = app.signed_in_as("bob").await;
    for (way, cookie) in [
        ("removed", String::new()),
        ("made up", seal::random_string().unwrap()),
        ("another person's", bob.cookie("user-session")),
    ] {
        let alice = app.signed_in_as("alice").await;
        let kept = keep_basket(&alice).await;
        alice.forget_cookie(&session);
        if !cookie.is_empty() {
            alice.set_cookie(&session, &cookie);
        }
        assert_gone(&alice, &kept, way).await;
    }
}

#[tokio::test]
async fn s19_data_of_nobody_outlive_a_cookie_of_a_session_that_has_ended() {
    let browser = visit(|_| {}).await;
    let stale = seal::random_string().unwrap();
    browser.set_cookie(&browser.app.cookie("user-session"), &stale);
    browser.get("/test/keep/cart/book/0").await;
    assert_eq!(found(&browser, "cart").await, "book");
}

#[tokio::test]
async fn s18_who_writes_to_the_store_makes_up_no_data() {
    let browser = visit(|_| {}).await;
    give_session(&browser, "\"book\"", 0).await;
    assert_eq!(found(&browser, "cart").await, "book");
    let another = [Secret::new(seal::random_string().unwrap())];
    give_session_sealed_with(&another, &browser, "\"book\"", 0).await;
    assert_eq!(found(&browser, "cart").await, "nothing");
}
