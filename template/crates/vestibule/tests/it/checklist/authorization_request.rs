//! Section A: the authorization request, and the transaction that waits for its
//! answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::json;
use url::{Url, form_urlencoded};
use vestibule::{ReturnTo, internals::seal, settings::LoginMode};
use vestibule_dev::provider::Endpoint;

use crate::{
    fixture::Fixture,
    silent,
    support::{Browser, CLIENT, PATHS, Page, login_with},
};

use super::{assert_is_error_page, change_transaction, opened_transactions};

/// A login for this page.
fn login_to(return_to: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .finish();
    login_with(&query)
}

/// The parameters that the browser carries to the provider, each there once.
fn parameters(page: &Page) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (name, value) in page.location().query_pairs().into_owned() {
        assert!(parameters.insert(name.clone(), value).is_none(), "{name}");
    }
    parameters
}

/// Signs alice in without the provider's pages, and returns the answer to the
/// callback.
async fn callback_after(browser: &Browser, login: &str) -> Page {
    let request = browser.get(login).await.location();
    let provider = &browser.app.provider;
    let answer = provider.sign_in(request.as_str(), "alice").unwrap();
    browser.get(&answer).await
}

#[tokio::test]
async fn a1_login_leads_to_the_authorization_endpoint() {
    for own_query in ["", "?tenant=1&x=%26"] {
        let app = Fixture::start_prepared(|_, provider| {
            let endpoint = format!("{}/authorize{own_query}", provider.issuer());
            provider.faults().json(Endpoint::Metadata, move |metadata| {
                metadata["authorization_endpoint"] = json!(endpoint);
            });
        })
        .await;
        let page = app.browser().get(PATHS.login).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        let endpoint = format!("{}/authorize{own_query}", app.provider.issuer());
        assert!(page.location().as_str().starts_with(&endpoint), "{page:?}");
        let sent = parameters(&page);
        assert_eq!(sent["response_type"], "code");
        assert_eq!(sent["client_id"], CLIENT);
        assert!(sent["scope"].split(' ').any(|scope| scope == "openid"));
    }
}

#[tokio::test]
async fn a2_no_two_logins_share_a_secret() {
    let app = Fixture::start().await;
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let sent = parameters(&app.browser().get(PATHS.login).await);
        for name in ["state", "nonce", "code_challenge"] {
            // 128 bits in base64url take 22 characters.
            assert!(sent[name].len() >= 22, "{name}: {}", sent[name]);
            assert!(seen.insert(sent[name].clone()), "{name}: {}", sent[name]);
        }
    }
}

#[tokio::test]
async fn a2_no_two_transactions_are_sealed_alike() {
    let app = Fixture::start().await;
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let browser = app.browser();
        browser.get(PATHS.login).await;
        for (name, sealed) in browser.cookies() {
            // The nonce of AES-GCM, 96 bits, must never come twice.
            let nonce = sealed[..16].to_owned();
            assert!(seen.insert(nonce), "{name}={sealed}");
        }
    }
    assert_eq!(seen.len(), 20);
}

#[tokio::test]
async fn a3_the_challenge_is_the_hash_of_a_verifier_of_43_to_128_characters() {
    for offered in [json!(["S256"]), json!(["plain"]), json!([])] {
        let what = offered.to_string();
        let app = Fixture::start_prepared(move |_, provider| {
            provider.faults().json(Endpoint::Metadata, move |metadata| {
                metadata["code_challenge_methods_supported"] = offered.clone();
            });
        })
        .await;
        let browser = app.browser();
        let login = browser.get(PATHS.login).await;
        let sent = parameters(&login);
        assert_eq!(sent["code_challenge_method"], "S256", "{what}");

        let answer = app.provider.sign_in(login.location().as_str(), "alice");
        browser.get(&answer.unwrap()).await;
        let exchange = &app.provider.requests_to(Endpoint::Token)[0];
        let verifier = exchange.form("code_verifier").unwrap();
        assert!((43..=128).contains(&verifier.len()), "{verifier}");
        let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        assert!(verifier.chars().all(is_unreserved), "{verifier}");
        let hash = digest(&SHA256, verifier.as_bytes());
        assert_eq!(sent["code_challenge"], seal::encode(hash.as_ref()));
    }
}

#[tokio::test]
async fn a4_no_header_changes_the_redirect_uri() {
    let browser = Fixture::start().await.browser();
    let ours = format!("{}authorization-code/callback", browser.app.base);
    for (name, value) in [
        ("accept", "text/html"),
        ("host", "attacker.example"),
        ("x-forwarded-host", "attacker.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/elsewhere"),
        ("x-original-url", "https://attacker.example/"),
        ("forwarded", "host=attacker.example;proto=https"),
        ("origin", "https://attacker.example"),
        ("referer", "https://attacker.example/"),
    ] {
        let page = browser
            .request(Method::GET, PATHS.login, |request| {
                request.header(name, value)
            })
            .await;
        assert_eq!(parameters(&page)["redirect_uri"], ours, "{name}: {value}");
    }
}

#[tokio::test]
async fn a5_the_transaction_cookie_is_short_lived_and_out_of_reach() {
    let https = [("APP_BASE_URL", "https://app.example.com")];
    for (app, is_https) in [
        (Fixture::start().await, false),
        (Fixture::start_with_env(&https).await, true),
    ] {
        let page = app.browser().get(PATHS.login).await;
        assert_eq!(page.header("cache-control"), "no-store");
        let cookies: Vec<_> = page.headers.get_all("set-cookie").iter().collect();
        let [cookie] = cookies[..] else {
            panic!("one cookie in {cookies:?}");
        };
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.starts_with(if is_https {
                "__Host-transaction-"
            } else {
                "transaction-"
            }),
            "{cookie}"
        );
        let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        attributes.sort_unstable();
        let mut expected = vec!["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"];
        if is_https {
            expected.push("Secure");
        }
        assert_eq!(attributes, expected);
        assert!(cookie.len() < 4096);
    }
}

/// Where nobody is sent after signing in, whatever asks.
const ELSEWHERE: [&str; 38] = [
    "",
    "https://attacker.example/",
    "HTTPS://attacker.example",
    "http:attacker.example",
    "https:attacker.example",
    "https:/attacker.example",
    "https:\\\\attacker.example",
    "//attacker.example",
    "///attacker.example",
    "////attacker.example",
    "/\\attacker.example",
    "\\/attacker.example",
    "\\\\attacker.example",
    "/profile\\attacker.example",
    "/%09/attacker.example\t",
    "/\t/attacker.example",
    "\t//attacker.example",
    " //attacker.example",
    "/ /attacker.example",
    "/\u{a0}/attacker.example",
    "/\0/attacker.example",
    "%2F%2Fattacker.example",
    "%5C%5Cattacker.example",
    "/.//attacker.example",
    "/..//attacker.example",
    "/%2e%2e//attacker.example",
    "/profile/..//attacker.example",
    "/profile/.%2e//attacker.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,hello",
    "@attacker.example",
    "profile",
    "?tab=1",
    "#x",
    "/\r\nset-cookie: a=b",
    "/profile\r\n\r\n<script>",
    "/profile\n",
];

/// These, and the sign-in's own pages.
fn elsewhere() -> Vec<String> {
    let mut places = ELSEWHERE.map(str::to_owned).to_vec();
    let own = [
        PATHS.login,
        PATHS.logout,
        PATHS.logged_out,
        PATHS.backchannel_logout,
    ];
    places.extend(own.map(str::to_owned));
    places.push(login_to(PATHS.login));
    places.push(format!("{}?code=x&state=y", PATHS.login_callback));
    places
}

#[tokio::test]
async fn a6_places_outside_the_app_are_not_returned_to() {
    let app = Fixture::start().await;
    for place in elsewhere() {
        let page = callback_after(&app.browser(), &login_to(&place)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{place:?}");
        assert_eq!(page.header("location"), PATHS.after_login, "{place:?}");
    }
}

#[tokio::test]
async fn a15_a_query_too_long_to_be_kept_costs_the_query_alone() {
    let app = Fixture::start().await;
    let long = |length: usize| "x".repeat(length);
    for (place, end) in [
        (format!("/profile?x={}", long(1000)), None),
        (format!("/profile?x={}", long(1500)), Some("/profile")),
        (format!("/profile?x={}", long(8192)), Some("/profile")),
        (
            format!("/profile?{}", "%C3%BC=&".repeat(1024)),
            Some("/profile"),
        ),
        (format!("/devices?x={}#end", long(8192)), Some("/devices")),
        (format!("/?next=/profile&x={}", long(8192)), Some("/")),
    ] {
        let end = end.unwrap_or(&place);
        let page = callback_after(&app.browser(), &login_to(&place)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{end}");
        assert_eq!(page.header("location"), end);
    }
}

#[tokio::test]
async fn a15_a_protected_page_with_a_long_query_is_found_again() {
    for base in ["http://localhost:PORT", "http://localhost:PORT/shop"] {
        let app = Fixture::start_with_env(&[("APP_BASE_URL", base)]).await;
        let path = format!("{}/profile", app.base.path().trim_end_matches('/'));
        let alice = app.browser();
        let wanted = format!("{path}?filter={}", "x".repeat(8192));
        let page = alice.sign_in_as("alice", &wanted).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert_eq!(page.url.path(), path);
        let carried = alice.cookies().into_values();
        assert!(carried.map(|value| value.len()).all(|size| size < 2048));
    }
}

#[tokio::test]
async fn a15_a_long_query_lets_no_place_outside_the_app_pass() {
    let app = Fixture::start().await;
    for place in elsewhere() {
        let mark = if place.contains('?') { '&' } else { '?' };
        let place = format!("{place}{mark}x={}", "x".repeat(8192));
        let checked = ReturnTo::parse(app.oidc().settings(), &place);
        assert_eq!(checked, None, "{}", &place[..place.len().min(60)]);
    }
}

/// a welcome page of the app's own has nothing else between it and the redirect.
#[tokio::test]
async fn a6_the_check_alone_lets_no_place_outside_the_app_pass() {
    let app = Fixture::start().await;
    // It is kept as browsers write it, three characters for each of these bytes.
    let too_long = format!("/{}", "ü".repeat(400));
    for place in elsewhere().into_iter().chain([too_long]) {
        let checked = ReturnTo::parse(app.oidc().settings(), &place);
        assert_eq!(checked, None, "{place:?}");
    }
}

#[tokio::test]
async fn a6_the_place_is_checked_again_before_the_redirect() {
    let app = Fixture::start().await;
    for place in elsewhere() {
        let browser = app.browser();
        let request = browser
            .get(&login_with("return_to=/profile"))
            .await
            .location();
        change_transaction(&browser, |transaction| {
            transaction["return_to"] = json!(place)
        });
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        let page = browser.get(&answer).await;
        assert_eq!(page.header("location"), PATHS.after_login, "{place:?}");
    }
}

#[tokio::test]
async fn a6_places_inside_the_app_are_returned_to() {
    let app = Fixture::start().await;
    for place in [
        "/",
        "/profile",
        "/profile?tab=1&next=//attacker.example",
        "/profile?x=%2F%2F%0D%0A",
        "/%2F/attacker.example",
        "/%5Cattacker.example",
        "/loginx",
        "/no-such-page",
    ] {
        let page = callback_after(&app.browser(), &login_to(place)).await;
        assert_eq!(page.header("location"), place);
        assert_eq!(page.location().origin(), app.base.origin(), "{place}");
    }
}

#[tokio::test]
async fn a7_only_what_is_allowed_reaches_the_provider() {
    let app = Fixture::start().await;
    let usual: Vec<_> = parameters(&app.browser().get(PATHS.login).await)
        .into_iter()
        .filter(|(name, _)| !["state", "nonce", "code_challenge"].contains(&name.as_str()))
        .collect();
    let names: Vec<_> = usual.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "client_id",
        "code_challenge_method",
        "redirect_uri",
        "response_type",
        "scope",
    ];
    assert_eq!(names, expected);

    for name in [
        "scope",
        "acr_values",
        "redirect_uri",
        "response_type",
        "response_mode",
        "client_id",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "claims",
        "request",
        "request_uri",
        "id_token_hint",
        "ui_locales",
        "display",
        "resource",
        "audience",
    ] {
        let page = app
            .browser()
            .get(&format!("{}?{name}=attack", PATHS.login))
            .await;
        assert!(!page.location().as_str().contains("attack"), "{name}");
        let sent = parameters(&page);
        assert_eq!(sent.len(), usual.len() + 3, "{name}: {sent:?}");
        assert!(usual.iter().all(|(key, value)| sent[key] == *value));
    }
}

#[tokio::test]
async fn a7_a_login_hint_reaches_the_provider_if_it_can_be_one() {
    let browser = Fixture::start().await.browser();
    for (hint, is_sent) in [
        ("alice@example.com".to_owned(), true),
        ("a&scope=admin".to_owned(), true),
        ("x".repeat(255), false),
        ("alice\r\nx".to_owned(), false),
    ] {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("login_hint", &hint)
            .finish();
        let sent = parameters(&browser.get(&format!("{}?{query}", PATHS.login)).await);
        assert_eq!(sent.get("login_hint"), is_sent.then_some(&hint));
        assert!(!sent["scope"].contains("admin"));
    }
}

#[tokio::test]
async fn a9_exactly_the_configured_scopes_are_asked_for() {
    for scopes in [
        &["openid"][..],
        &["openid", "email"],
        &["openid", "profile", "offline_access"],
        &["openid", "https://api.example.com/read"],
    ] {
        let app = Fixture::start_prepared(|settings, _| {
            settings.relying_party.scopes = scopes.iter().copied().map(str::to_owned).collect();
        })
        .await;
        let sent = parameters(&app.browser().get(PATHS.login).await);
        assert_eq!(sent["scope"], scopes.join(" "));
    }
}

#[tokio::test]
async fn a12_forgotten_transactions_do_not_pile_up_in_the_browser() {
    let app = Fixture::start().await;
    for padding in [0, 900] {
        let browser = app.browser();
        let mut requests: Vec<(String, Url)> = Vec::new();
        for number in 0..20 {
            let place = format!("/profile?tab={number}&x={}", "x".repeat(padding));
            let request = browser.get(&login_to(&place)).await.location();
            requests.push((place, request));
            let cookies = browser.cookies();
            let bytes: usize = cookies
                .iter()
                .map(|(name, value)| name.len() + value.len() + 3)
                .sum();
            assert!(cookies.len() <= 5, "{}", cookies.len());
            assert!(bytes < 8 * 1024, "{bytes}");
            // The newest are told by the millisecond.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let complete = if padding == 0 { 5 } else { 3 };
        for (place, request) in requests.iter().rev().take(complete) {
            let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
            let page = browser.get(&answer).await;
            assert_eq!(page.header("location"), place);
        }
    }
}

#[tokio::test]
async fn a12_transactions_may_fill_6_kb_of_cookies_and_no_byte_more() {
    let app = Fixture::start().await;
    let begin = async |browser: &Browser, padding: usize| {
        let place = format!("/profile?x={}", "x".repeat(padding));
        browser.get(&login_to(&place)).await;
        browser.cookies()
    };
    let (name, value) = begin(&app.browser(), 0).await.into_iter().next().unwrap();
    let unpadded = seal::decode(&value).unwrap().len();
    let length = |padding| seal::encode(&vec![0; unpadded + padding]).len();
    // Four transactions: the name of the last counts once it is there.
    let fills = |padding, last| 3 * (name.len() + length(padding)) + length(last);
    let mut paddings = (0..900).flat_map(|padding| (0..900).map(move |last| (padding, last)));
    let full = 6 * 1024;
    let (padding, last) = paddings
        .find(|(padding, last)| fills(*padding, *last) == full)
        .unwrap();
    for (padding, last, is_kept) in [(padding, last, true), (padding, last + 3, false)] {
        let browser = app.browser();
        for padding in [padding, padding, padding, last] {
            begin(&browser, padding).await;
        }
        assert_eq!(browser.cookies().len(), 3 + usize::from(is_kept));
    }
}

/// The pages that the browser's transactions lead to, and whether they are finished.
fn transactions(browser: &Browser) -> BTreeMap<String, bool> {
    opened_transactions(browser)
        .into_iter()
        .map(|(_, transaction)| {
            let return_to = transaction["return_to"].as_str().unwrap().to_owned();
            (return_to, transaction["finished"] == true)
        })
        .collect()
}

#[tokio::test]
async fn a12_a_sign_in_that_ends_removes_those_that_are_over() {
    let browser = Fixture::start().await.browser();
    browser.get(&login_to("/profile?too=old")).await;
    change_transaction(&browser, |transaction| transaction["started_at"] = json!(1));
    browser.get(&login_to("/profile?under=way")).await;
    for place in ["/profile?first", "/profile?second"] {
        callback_after(&browser, &login_to(place)).await;
    }
    let left = [("/profile?second", true), ("/profile?under=way", false)];
    let left = left.map(|(place, is_finished)| (place.to_owned(), is_finished));
    assert_eq!(transactions(&browser), left.into());
}

#[tokio::test]
async fn a12_a_sign_in_that_is_over_goes_before_those_under_way() {
    let browser = Fixture::start().await.browser();
    let places = ["1", "2", "3", "4", "5"].map(|tab| format!("/profile?tab={tab}"));
    let (last, first) = places.split_last().unwrap();
    for place in first {
        browser.get(&login_to(place)).await;
    }
    callback_after(&browser, &login_to("/profile")).await;
    browser.get(&login_to(last)).await;
    let left = places.map(|place| (place, false));
    assert_eq!(transactions(&browser), left.into());
}

#[tokio::test]
async fn a12_a_transaction_that_the_app_cannot_read_is_left_alone() {
    let browser = Fixture::start().await.browser();
    let strange = [
        browser.app.cookie("transaction-AAAAAAAA"),
        "transaction-AAAAAAAA".to_owned(),
        "transaction-AAAAAAAA-AAAAAAAA".to_owned(),
    ];
    for name in &strange {
        browser.set_cookie(name, "sealed-by-another-app");
    }
    browser.get(PATHS.login).await;
    assert_eq!(browser.cookies().len(), strange.len() + 1);
    let page = browser.sign_in_as("alice", "/profile").await;
    assert_eq!(page.status, StatusCode::OK);
    for name in &strange {
        assert_eq!(browser.cookies()[name], "sealed-by-another-app", "{name}");
    }
}

#[tokio::test]
async fn a13_a_login_that_another_site_begins_signs_nobody_in() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    let before = bob.cookie("user-session");
    let page = bob
        .request(Method::GET, PATHS.login, |request| {
            request
                .header("sec-fetch-site", "cross-site")
                .header("sec-fetch-mode", "navigate")
        })
        .await;
    assert!(page.location().as_str().starts_with(app.provider.issuer()));
    assert_eq!(page.set_cookie(&app.cookie("user-session")), "");
    assert_eq!(bob.cookie("user-session"), before);
    assert_eq!(bob.fetch("/api/me").await.json()["sub"], "bob");
}

#[tokio::test]
async fn a13_with_a_login_page_only_the_apps_own_button_begins_a_login() {
    let app = Fixture::start_with(|settings| settings.login_mode = LoginMode::Page).await;
    let browser = app.browser();
    let page = browser.get(&login_with("return_to=/profile")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("set-cookie"), "");

    for (site, is_ours) in [
        ("cross-site", false),
        ("same-site", false),
        ("same-origin", true),
    ] {
        let page = browser
            .request(Method::POST, PATHS.login, |request| {
                request
                    .header("accept", "text/html")
                    .header("sec-fetch-site", site)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body("return_to=/profile")
            })
            .await;
        if is_ours {
            assert!(page.location().as_str().starts_with(app.provider.issuer()));
        } else {
            assert_is_error_page(&page, "forged_form", site);
            assert_eq!(page.header("set-cookie"), "", "{site}");
        }
    }
}

/// Goes to a page as a link on another site leads there.
async fn from_elsewhere(browser: &Browser, target: &str) -> Page {
    browser
        .request(Method::GET, target, |request| {
            request
                .header("accept", "text/html")
                .header("sec-fetch-site", "cross-site")
                .header("sec-fetch-mode", "navigate")
        })
        .await
}

#[tokio::test]
async fn a16_with_a_login_page_another_site_begins_no_sign_in() {
    for mode in [LoginMode::Page, LoginMode::Widget] {
        let app = Fixture::start_with(|settings| settings.login_mode = mode).await;
        let alice = app.browser();
        for site in ["cross-site", "same-site"] {
            for query in [
                "prompt=none&return_to=/profile",
                "prompt=none&return_to=/profile&max_age=60",
                "prompt=none&return_to=/profile&silent=",
                "prompt=none&return_to=/profile&silent=tried",
                "prompt=none&return_to=/profile&silent=guessed",
            ] {
                let page = alice
                    .request(Method::GET, &login_with(query), |request| {
                        request
                            .header("sec-fetch-site", site)
                            .header("sec-fetch-mode", "navigate")
                    })
                    .await;
                assert_eq!(page.header("location"), "/profile", "{query}");
                assert_eq!(page.header("set-cookie"), "", "{query}");
            }
        }
        for query in ["prompt=select_account", "prompt=consent"] {
            let page = from_elsewhere(&alice, &login_with(query)).await;
            assert_eq!(page.status, StatusCode::OK, "{query}: the page is shown");
        }
        // A page of the app itself can.
        for site in ["same-origin", "none"] {
            let page = alice
                .request(Method::GET, &login_with("prompt=none"), |request| {
                    request.header("sec-fetch-site", site)
                })
                .await;
            let target = page.location();
            assert!(target.as_str().starts_with(app.provider.issuer()), "{site}");
        }
    }
}

#[tokio::test]
async fn a16_a_page_that_signs_in_silently_may_be_reached_from_another_site() {
    let app = Fixture {
        pages: silent::pages,
        ..Fixture::default()
    }
    .prepared(|settings, _| settings.login_mode = LoginMode::Page)
    .start()
    .await;
    let ready = async || app.browser().get("/readyz").await.status == StatusCode::OK;
    app.eventually(ready).await;
    let browser = app.browser();
    let login = from_elsewhere(&browser, "/test/news?day=today")
        .await
        .location();
    assert_eq!(login.path(), PATHS.login);
    // Known to another browser, it proves nothing.
    let stolen = from_elsewhere(&app.browser(), login.as_str()).await;
    assert_eq!(stolen.header("location"), "/test/news?day=today");
    assert_eq!(stolen.header("set-cookie"), "");
    // Another site has only guesses.
    let begins_nothing = async |guess: &str| {
        let query = format!("prompt=none&return_to=/profile&silent={guess}");
        let page = from_elsewhere(&browser, &login_with(&query)).await;
        assert_eq!(page.header("location"), "/profile", "{guess}");
        assert_eq!(page.header("set-cookie"), "", "{guess}");
    };
    begins_nothing("guessed").await;
    let page = from_elsewhere(&browser, login.as_str()).await;
    let target = page.location();
    assert!(
        target.as_str().starts_with(app.provider.issuer()),
        "{target}"
    );
    assert_eq!(browser.follow(page).await.body, "news for stranger");
    // What a sign-out leaves there is no secret.
    browser.set_cookie(&app.cookie("silent"), "tried");
    begins_nothing("tried").await;
    let long = format!("/test/news?filter={}", "x".repeat(2000));
    let page = from_elsewhere(&app.browser(), &long).await;
    assert_eq!(page.body, "news for stranger", "shown as it was asked for");
}
