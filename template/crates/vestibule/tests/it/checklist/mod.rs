//! What a correct and safe relying party does, row by row: the name of a test
//! begins with the row that it stands for, and tells it. Each check that refuses has a
//! twin that accepts.

mod authorization_request;
mod browser;
mod callback;
mod discovery;
mod id_token;
mod id_token_person;
mod id_token_signature;
mod logout;
mod long_addresses;
mod odd_providers;
mod operations;
mod options;
mod refresh;
mod refresh_waits;
mod session;
mod sessions_bound;
mod sessions_rotation;
mod slow_bodies;
mod strangers;
mod token;
mod userinfo;
mod weaknesses;

use reqwest::StatusCode;
use serde_json::Value;
use url::Url;
use vestibule::internals::seal::{self, Sealer};
use vestibule_dev::provider::Jws;

use crate::{
    fixture::Fixture,
    support::{Browser, Page, TestApp, login_with},
};

/// Alice's sign-in goes wrong in a browser where bob is signed in: she gets a
/// page with the code and nothing else, and bob stays signed in as he was.
async fn assert_refused(bob: &Browser, code: &str, what: &str) -> Page {
    let before = bob.cookie("user-session");
    let answer = bob
        .answer_of_provider("alice", &login_with("return_to=/profile"))
        .await;
    let page = bob.get(answer.location().as_str()).await;
    assert_is_error_page(&page, code, what);
    assert_eq!(bob.cookie("user-session"), before, "{what}");
    assert_eq!(bob.fetch("/api/me").await.json()["sub"], "bob", "{what}");
    page
}

/// An error page: its status, its code, one way on, no redirect.
fn assert_is_error_page(page: &Page, code: &str, what: &str) {
    let is_expected = match code {
        "provider_unavailable" => page.status == StatusCode::SERVICE_UNAVAILABLE,
        _ => page.status.is_client_error(),
    };
    assert!(is_expected, "{what}: {} {}", page.status, page.body);
    let shown = format!("<code>{code}</code>");
    assert!(page.body.contains(&shown), "{what}: {}", page.body);
    assert_eq!(page.body.matches("class=\"button\"").count(), 1, "{what}");
    assert_eq!(page.header("location"), "", "{what}");
}

/// Alice signs in, in a browser that has not been here before.
async fn assert_accepted(app: &TestApp, what: &str) -> Browser {
    let alice = app.browser();
    let page = alice.sign_in_as("alice", "/profile").await;
    assert_eq!(page.status, StatusCode::OK, "{what}: {}", page.body);
    assert_eq!(page.url.path(), "/profile", "{what}");
    alice
}

/// A name, and what the provider does to its ID tokens.
type Variant = (&'static str, fn(&mut Jws));

/// Sign-ins with ID tokens that were bent so are refused, each of them.
async fn assert_id_tokens_refused(variants: &[Variant]) {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for (what, bend) in variants {
        app.provider.faults().clear();
        app.provider.faults().id_token(*bend);
        assert_refused(&bob, "id_token", what).await;
    }
}

/// Sign-ins with ID tokens that were bent so succeed, each of them.
async fn assert_id_tokens_accepted(variants: &[Variant]) {
    let app = Fixture::start().await;
    for (what, bend) in variants {
        app.provider.faults().clear();
        app.provider.faults().id_token(*bend);
        assert_accepted(&app, what).await;
    }
}

/// Leaves a claim out.
fn remove(token: &mut Jws, claim: &str) {
    token.claims.as_object_mut().unwrap().remove(claim);
}

/// Does not say which key it was signed with.
fn without_kid(token: &mut Jws) {
    token.header.as_object_mut().unwrap().remove("kid");
}

/// The value of a query parameter, which has to be there.
fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let value = pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()));
    value.unwrap_or_else(|| panic!("no {name} in {url}"))
}

fn transaction_sealer(browser: &Browser) -> Sealer {
    let secret = browser.app.oidc().settings().secrets[0].expose();
    Sealer::new(secret.as_bytes(), "transaction").unwrap()
}

/// What is sealed into the browser's transactions, by the names of their cookies.
fn opened_transactions(browser: &Browser) -> Vec<(String, Value)> {
    let sealer = transaction_sealer(browser);
    let cookies = browser.cookies().into_iter();
    cookies
        .filter(|(name, _)| name.contains("transaction-"))
        .map(|(name, value)| {
            let sealed = seal::decode(&value).unwrap();
            let plain = sealer.open(&sealed, name.as_bytes()).unwrap();
            (name, serde_json::from_slice(&plain).unwrap())
        })
        .collect()
}

/// Changes what is sealed into the browser's transactions that are under way, as
/// only the app itself could.
pub fn change_transaction(browser: &Browser, change: impl Fn(&mut Value)) {
    change_transactions(browser, |transaction| {
        if transaction["finished"] == false {
            change(transaction);
        }
    });
}

/// The same for all of them, those that are over among them.
pub fn change_transactions(browser: &Browser, change: impl Fn(&mut Value)) {
    let sealer = transaction_sealer(browser);
    for (name, mut transaction) in opened_transactions(browser) {
        change(&mut transaction);
        let plain = transaction.to_string();
        let sealed = sealer.seal(plain.as_bytes(), name.as_bytes()).unwrap();
        browser.set_cookie(&name, &seal::encode(&sealed));
    }
}
