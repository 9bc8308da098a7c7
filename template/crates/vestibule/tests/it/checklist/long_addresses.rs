//! Row A15: pages whose addresses are longer than what can be kept while somebody
//! signs in.

use actix_web::web::{Path, ServiceConfig, get};
use reqwest::StatusCode;
use url::form_urlencoded;
use vestibule::{Error, Oidc, ReturnTo, Settings, settings::LoginMode};
use vestibule_dev::testing::TestApp;

use super::assert_is_error_page;
use crate::{
    fixture::{Fixture, Fresh, User, pages as own_pages},
    support::{Browser, PATHS, Page, login_with},
};

/// The longest path with its query that is kept.
const LONGEST: usize = 1024;

/// Pages of which the rest of the path may be anything.
fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    own_pages(oidc, config);
    config.route("/files/{name:.*}", get().to(file));
    config.route("/vault/{name:.*}", get().to(vault));
    config.route("/broken/{name:.*}", get().to(broken));
}

async fn file(_: User, name: Path<String>) -> String {
    format!("a file with a name of {} bytes", name.len())
}

async fn vault(_: Fresh<60>, name: Path<String>) -> String {
    format!("a secret with a name of {} bytes", name.len())
}

async fn broken() -> Result<&'static str, Error> {
    Err(Error::internal("an index was out of bounds"))
}

async fn start(adjust: fn(&mut Settings)) -> TestApp {
    let fixture = Fixture {
        pages,
        ..Fixture::default()
    };
    fixture
        .prepared(|settings, _| adjust(settings))
        .start()
        .await
}

/// A path below `/files/` of this many bytes.
fn file_of(bytes: usize) -> String {
    let beginning = "/files/";
    format!("{beginning}{}", "x".repeat(bytes - beginning.len()))
}

fn login_to(place: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", place)
        .finish();
    login_with(&query)
}

/// The page says what to do, and doing so leads to the page that was wanted.
async fn assert_is_found_by_opening_it_again(alice: &Browser, asked: &Page, wanted: &str) {
    assert_is_error_page(asked, "address_too_long", wanted);
    assert_eq!(asked.status, StatusCode::URI_TOO_LONG);
    assert!(asked.body.contains("open the same link"), "{}", asked.body);
    let list = alice.visit(&asked.button()).await;
    let answer = alice.choose(&list, "alice").await;
    let home = alice.follow(answer).await;
    assert_eq!(home.url.path(), PATHS.after_login);
    let page = alice.get(wanted).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
}

#[tokio::test]
async fn a15_a_page_whose_path_is_too_long_to_be_kept_says_so() {
    let app = start(|_| {}).await;
    for wanted in [
        file_of(LONGEST + 1),
        file_of(8 * 1024),
        format!("{}?tab=1", file_of(LONGEST + 1)),
        // It is kept as browsers write it, three characters for each of these bytes.
        format!("/files/{}", "ü".repeat(400)),
    ] {
        let alice = app.browser();
        let asked = alice.get(&wanted).await;
        assert_is_found_by_opening_it_again(&alice, &asked, &wanted).await;
        assert_eq!(asked.button(), PATHS.login);
        let script = app.browser().fetch(&wanted).await;
        assert_eq!(script.status, StatusCode::UNAUTHORIZED);
        assert_eq!(script.json()["code"], "signed_out");
    }
}

#[tokio::test]
async fn a15_a_link_to_sign_in_for_such_a_page_says_so() {
    let app = start(|_| {}).await;
    let wanted = file_of(4 * 1024);
    let alice = app.browser();
    let asked = alice.get(&login_to(&wanted)).await;
    assert_is_found_by_opening_it_again(&alice, &asked, &wanted).await;
    let form = app
        .browser()
        .post(PATHS.login, &[("return_to", &wanted)])
        .await;
    assert_is_error_page(&form, "address_too_long", "a form");
}

#[tokio::test]
async fn a15_what_such_a_page_demands_is_demanded_all_the_same() {
    let app = start(|_| {}).await;
    app.provider.faults().id_token(|token| {
        let now = token.claims["iat"].as_u64().unwrap();
        token.claims["auth_time"] = (now - 600).into();
    });
    let alice = app.signed_in_as("alice").await;
    let wanted = format!("/vault/{}", "x".repeat(LONGEST));
    let asked = alice.get(&wanted).await;
    app.provider.faults().clear();
    assert_is_found_by_opening_it_again(&alice, &asked, &wanted).await;
    assert_eq!(asked.button(), login_with("max_age=60"));
}

#[tokio::test]
async fn a15_the_apps_own_login_page_says_so() {
    let app = start(|settings| settings.login_mode = LoginMode::Page).await;
    let wanted = file_of(LONGEST + 1);
    let alice = app.browser();
    let asked = alice.get(&wanted).await;
    assert_eq!(asked.status, StatusCode::URI_TOO_LONG);
    assert!(asked.body.contains("open the same link"), "{}", asked.body);
    assert_eq!(asked.field("return_to"), PATHS.after_login);
    let request = alice.post(PATHS.login, &[]).await.location();
    let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
    alice.visit(&answer).await;
    assert_eq!(alice.get(&wanted).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a15_what_just_fits_is_kept_whole() {
    let app = start(|_| {}).await;
    let query = |bytes: usize| format!("/profile?x={}", "x".repeat(bytes - "/profile?x=".len()));
    for (wanted, end) in [
        (file_of(LONGEST), file_of(LONGEST)),
        (query(LONGEST), query(LONGEST)),
        (query(LONGEST + 1), "/profile".to_owned()),
        (format!("{}?x", file_of(LONGEST)), file_of(LONGEST)),
    ] {
        let page = app.browser().sign_in_as("alice", &wanted).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let query = page.url.query().map(|query| format!("?{query}"));
        let place = format!("{}{}", page.url.path(), query.unwrap_or_default());
        assert!(place == end, "{place}");
    }
}

/// nginx takes 4 KB of a response's head unless told otherwise, and 8 KB of a request's
/// line and of its cookies.
#[tokio::test]
async fn a15_what_is_kept_gets_through_proxies() {
    let https = [("APP_BASE_URL", "https://app.example.com")];
    let app = Fixture::start_with_env(&https).await;
    // Nothing takes more room in a query than these.
    let wanted = format!("/profile?x={}", "/".repeat(LONGEST - "/profile?x=".len()));
    let alice = app.browser();
    let login = alice.get(&wanted).await;
    let to_provider = alice.get(login.location().as_str()).await;
    let request = to_provider.location();
    let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
    let back = alice.get(&answer).await;
    assert_eq!(back.header("location"), wanted);
    for page in [&login, &to_provider, &back] {
        let head = page.headers.iter();
        let bytes: usize = head
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        assert!(bytes < 4096, "{bytes} bytes at {}", page.url.path());
    }
    assert!(login.location().as_str().len() < 8192);
}

#[tokio::test]
async fn a15_trying_again_asks_for_the_whole_address() {
    let app = start(|_| {}).await;
    for wanted in [
        format!("/broken/{}", "x".repeat(4 * 1024)),
        format!("/broken/it?x={}", "x".repeat(4 * 1024)),
    ] {
        let page = app.browser().get(&wanted).await;
        assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(page.button() == wanted, "{}", page.button());
    }
}

#[tokio::test]
async fn a15_a_long_address_elsewhere_is_no_page_of_this_app() {
    let app = start(|_| {}).await;
    let long = "x".repeat(4 * 1024);
    for place in [
        format!("//attacker.example/{long}"),
        format!("https://attacker.example/{long}"),
        format!("/\\attacker.example/{long}"),
        format!("{}?x={long}", PATHS.login),
        long.clone(),
    ] {
        assert_eq!(ReturnTo::parse(app.oidc().settings(), &place), None);
        let alice = app.browser();
        let request = alice.get(&login_to(&place)).await.location();
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        let page = alice.get(&answer).await;
        assert_eq!(page.header("location"), PATHS.after_login);
    }
}
