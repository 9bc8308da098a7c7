//! Section R: the provider's answer, as the browser brings it.

use reqwest::StatusCode;
use serde_json::json;
use url::Url;
use vestibule::{
    internals::{
        TRANSACTION_LIFE,
        seal::{self, Sealer},
    },
    now,
};
use vestibule_dev::{
    provider::{Answer, Endpoint, Misbehaviour},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{Browser, PATHS, TestApp, login_with, within_one_second},
};

use super::{
    assert_accepted, assert_is_error_page, assert_refused, change_transaction, change_transactions,
    opened_transactions, parameter,
};

/// The address that the provider sends alice back to, and her browser, in which
/// bob is still signed in.
async fn callback_for_alice(app: &TestApp) -> (Browser, Url) {
    let browser = app.signed_in_as("bob").await;
    let answer = browser
        .answer_of_provider("alice", &login_with("return_to=/profile"))
        .await;
    (browser, answer.location())
}

/// The address with one parameter set to these values, in place of its own.
fn with(callback: &Url, name: &str, values: &[&str]) -> String {
    let others: Vec<_> = callback
        .query_pairs()
        .into_owned()
        .filter(|(known, _)| known != name)
        .collect();
    let mut changed = callback.clone();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .extend_pairs(values.iter().map(|value| (name, value)));
    changed.into()
}

/// The name of the cookie with the transaction that this callback finishes.
fn transaction_name(browser: &Browser, callback: &Url) -> String {
    let state = parameter(callback, "state");
    browser.app.cookie(&format!("transaction-{}", &state[..8]))
}

fn transactions(browser: &Browser) -> Vec<(String, String)> {
    let mut transactions: Vec<_> = browser
        .cookies()
        .into_iter()
        .filter(|(name, _)| name.contains("transaction-"))
        .collect();
    transactions.sort_unstable();
    transactions
}

/// The callback is refused before the code is used, and bob is signed in still.
async fn assert_unused(browser: &Browser, callback: &str, code: &str, what: &str) {
    let exchanges = browser.app.token_requests();
    let page = browser.get(callback).await;
    assert_is_error_page(&page, code, what);
    assert_eq!(browser.app.token_requests(), exchanges, "{what}");
    let me = browser.fetch("/api/me").await;
    assert_eq!(me.json()["sub"], "bob", "{what}");
}

#[tokio::test]
async fn r1_a_callback_that_nobody_began_is_refused() {
    let app = Fixture::start().await;
    let browser = app.browser();
    for query in [
        "",
        "?code=x",
        "?code=x&state=y",
        "?code=x&state=AAAAAAAAAAAAAAAAAAAAAAAA",
        "?code=x&state=%00",
        "?code=x&state=%F0%9F%98%80%F0%9F%98%80%F0%9F%98%80",
    ] {
        let page = browser
            .get(&format!("{}{query}", PATHS.login_callback))
            .await;
        assert_is_error_page(&page, "transaction_unknown", query);
    }
    assert!(!browser.is_signed_in().await);
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn r1_the_answer_to_another_browsers_sign_in_is_refused() {
    let app = Fixture::start().await;
    let attacker = app.browser();
    let answer = attacker.answer_of_provider("mallory", PATHS.login).await;
    let victim = app.browser();
    victim.visit(PATHS.login).await;
    let page = victim.get(answer.location().as_str()).await;
    assert_is_error_page(&page, "transaction_unknown", "login CSRF");
    assert!(!victim.is_signed_in().await);
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn r2_a_state_that_fits_no_transaction_is_refused_and_no_transaction_is_touched() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let first = browser.answer_of_provider("alice", "/profile?tab=1").await;
    let second = browser.answer_of_provider("alice", "/profile?tab=2").await;
    let before = transactions(&browser);
    assert_eq!(before.len(), 2);

    let callback = first.location();
    let state = parameter(&callback, "state");
    // The cookie is found by the first characters; all of them count.
    let same_beginning = format!("{}{}", &state[..8], "A".repeat(state.len() - 8));
    let last_character = format!("{}_", &state[..state.len() - 1]);
    for values in [
        &[][..],
        &[""],
        &["another"],
        &[&same_beginning],
        &[&last_character],
        &[&state[..8]],
        &[&format!("{state}A")],
        &[&state.to_lowercase()],
    ] {
        let page = browser.get(&with(&callback, "state", values)).await;
        assert_is_error_page(&page, "transaction_unknown", &format!("{values:?}"));
        assert_eq!(transactions(&browser), before, "{values:?}");
    }
    assert_eq!(app.token_requests(), 0);
    for (answer, tab) in [(first, "tab=1"), (second, "tab=2")] {
        let page = browser.follow(answer).await;
        assert_eq!(page.url.query(), Some(tab));
    }
}

#[tokio::test]
async fn r2_a_code_under_another_tabs_state_is_refused() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let first = browser.answer_of_provider("alice", "/profile?tab=1").await;
    let second = browser.answer_of_provider("alice", "/profile?tab=2").await;
    let first_transaction = transaction_name(&browser, &first.location());

    let code = parameter(&first.location(), "code");
    let swapped = with(&second.location(), "code", &[&code]);
    let page = browser.get(&swapped).await;

    assert_is_error_page(&page, "code_refused", "swapped between tabs");
    assert!(!browser.is_signed_in().await);
    assert!(browser.cookies().contains_key(&first_transaction));
}

#[tokio::test]
async fn r3_a_callback_loaded_again_leads_to_the_page_and_sends_no_code() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let callback = answer.location();
    browser.follow(answer).await;
    let signed_in = browser.cookie("user-session");

    for _ in 0..3 {
        let again = browser.visit(callback.as_str()).await;
        assert_eq!(again.url.path(), "/profile");
        assert_eq!(again.status, StatusCode::OK);
    }

    assert_eq!(app.token_requests(), 1);
    assert_eq!(browser.cookie("user-session"), signed_in);
}

#[tokio::test]
async fn r3_a_callback_loaded_again_after_signing_out_is_refused() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let callback = answer.location();
    browser.follow(answer).await;
    browser.sign_out().await;

    let page = browser.get(callback.as_str()).await;

    assert_is_error_page(&page, "code_refused", "after signing out");
    assert!(!browser.is_signed_in().await);
    assert_eq!(app.token_requests(), 1);
}

#[tokio::test]
async fn r3_a_cookie_kept_from_before_brings_no_transaction_back() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let kept = transactions(&browser);
    let callback = answer.location();
    browser.follow(answer).await;

    let thief = app.browser();
    for (name, value) in &kept {
        thief.set_cookie(name, value);
    }
    let page = thief.get(callback.as_str()).await;

    assert_is_error_page(&page, "code_refused", "a stolen transaction");
    assert!(!thief.is_signed_in().await);
    assert_eq!(app.token_requests(), 1);
}

#[tokio::test]
async fn r3_a_restart_does_not_bring_a_transaction_back_either() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", folder.path().join("sessions.redb").display());
    let secret = seal::random_string().unwrap();
    let variables = [
        ("APP_BASE_URL", "https://app.example.com"),
        ("SESSION_STORE", &store),
        ("SESSION_SECRET", &secret),
    ];
    let start = || Fixture::start_with_env(&variables);
    let app = start().await;
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", "/profile").await;
    let kept = transactions(&browser);
    let callback = answer.location();
    browser.follow(answer).await;
    app.stop().await;

    let app = start().await;
    let thief = app.browser();
    for (name, value) in &kept {
        thief.set_cookie(name, value);
    }
    let again = format!("{}?{}", callback.path(), callback.query().unwrap());
    let page = thief.get(&again).await;

    assert_is_error_page(&page, "code_refused", "after a restart");
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn r3_what_is_left_of_a_transaction_can_finish_nothing() {
    let secret = seal::random_string().unwrap();
    let variables = [
        ("APP_BASE_URL", "https://app.example.com"),
        ("SESSION_SECRET", &secret),
    ];
    let start = || Fixture::start_with_env(&variables);
    let app = start().await;
    let browser = app.browser();
    for _ in 0..2 {
        browser.sign_in_as("alice", &login_with("max_age=60")).await;
        // That of the sign-in before has gone.
        let left = opened_transactions(&browser);
        let [(_, transaction)] = &left[..] else {
            panic!("not one transaction but {left:?}");
        };
        assert_eq!(transaction["finished"], true);
        assert_eq!(transaction["nonce"], "");
        assert_eq!(transaction["pkce_verifier"], "");
    }

    // An instance that has not heard of it: its own store is empty.
    let other = start().await;
    let thief = other.browser();
    let (name, value) = transactions(&browser).remove(0);
    thief.set_cookie(&name, &value);
    let state = opened_transactions(&browser)[0].1["state"].clone();
    let state = state.as_str().unwrap();
    let callback = format!("{}?state={state}&code=x", PATHS.login_callback);
    let page = thief.get(&callback).await;
    assert_is_error_page(&page, "code_refused", "a finished transaction");
    assert_eq!(other.token_requests(), 0);
}

#[tokio::test]
async fn r4_an_answer_of_another_issuer_is_refused_before_the_code_is_used() {
    let app = Fixture::start().await;
    let issuer = app.provider.issuer().to_owned();
    for other in ["https://attacker.example", &format!("{issuer}/"), ""] {
        let (browser, callback) = callback_for_alice(&app).await;
        let callback = with(&callback, "iss", &[other]);
        assert_unused(&browser, &callback, "mixed_up", other).await;
    }
    assert_accepted(&app, "the provider's own iss").await;
}

#[tokio::test]
async fn r4_another_issuer_is_refused_in_an_error_too() {
    let app = Fixture::start().await;
    let (browser, callback) = callback_for_alice(&app).await;
    let mut callback = Url::parse(&with(&callback, "iss", &["https://attacker.example"])).unwrap();
    callback
        .query_pairs_mut()
        .append_pair("error", "access_denied");
    assert_unused(&browser, callback.as_str(), "mixed_up", "an error").await;
}

#[tokio::test]
async fn r5_a_missing_issuer_is_refused_if_the_provider_promised_it() {
    let app = Fixture::start().await;
    let (browser, callback) = callback_for_alice(&app).await;
    assert_unused(&browser, &with(&callback, "iss", &[]), "mixed_up", "no iss").await;
}

#[tokio::test]
async fn r5_a_missing_issuer_is_fine_if_the_provider_promised_nothing() {
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Metadata, |metadata| {
            let metadata = metadata.as_object_mut().unwrap();
            metadata.remove("authorization_response_iss_parameter_supported");
        });
        provider
            .faults()
            .authorization_response(|pairs| pairs.retain(|(name, _)| name != "iss"));
    })
    .await;
    assert_accepted(&app, "no iss").await;
}

#[tokio::test]
async fn r6_a_parameter_given_twice_is_refused() {
    let app = Fixture::start().await;
    for name in ["code", "state", "iss", "error"] {
        let (browser, callback) = callback_for_alice(&app).await;
        let own = match name {
            "error" => "access_denied".to_owned(),
            _ => parameter(&callback, name),
        };
        for second in ["x", &own] {
            let twice = with(&callback, name, &[&own, second]);
            assert_unused(&browser, &twice, "parameter_repeated", name).await;
        }
    }
}

#[tokio::test]
async fn r7_a_cancelled_sign_in_ends_on_a_page_with_a_way_on() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let list = browser.visit("/profile").await;
    let answer = browser.press(&list, ("cancel", "yes")).await;
    let page = browser.follow(answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_is_error_page(&page, "denied", "cancelled");
    assert_eq!(page.button(), login_with("return_to=%2Fprofile"));
    assert!(transactions(&browser).is_empty());
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn who_tries_again_after_a_failed_exchange_begins_the_whole_sign_in_anew() {
    let app = Fixture::start().await;
    let unavailable = Answer::new(503, "text/plain", "not now");
    app.provider.faults().instead(Endpoint::Token, unavailable);
    let page = app.browser().sign_in_as("alice", "/profile").await;
    assert_is_error_page(&page, "provider_unavailable", "503");
    assert!(page.body.contains(">Try again<"), "{}", page.body);
    assert_eq!(page.button(), login_with("return_to=%2Fprofile"));
}

#[tokio::test]
async fn the_log_tells_in_plain_characters_what_the_provider_answered() {
    let app = Fixture::start().await;
    for (error, told) in [
        ("server_error", "server_error"),
        ("server\nerror \u{1b}[2J\u{202e}", "servererror[2J"),
        (&"e".repeat(65), &"e".repeat(64)),
    ] {
        app.provider.faults().clear();
        let error = error.to_owned();
        app.provider.faults().authorization_response(move |pairs| {
            pairs.retain(|(name, _)| name != "code");
            pairs.push(("error".to_owned(), error.clone()));
        });
        let page = app.browser().sign_in_as("alice", PATHS.login).await;
        let log = logs::with(page.header("x-request-id"));
        let line = log.lines().find(|line| line.contains("request failed"));
        let told = format!("the provider answered {told} ");
        assert!(line.is_some_and(|line| line.contains(&told)), "{log}");
    }
}

#[tokio::test]
async fn r7_a_code_beside_an_error_is_not_used() {
    let app = Fixture::start().await;
    for (error, refused_as) in [
        ("access_denied", "denied"),
        ("server_error", "provider_error"),
        ("", "provider_error"),
    ] {
        let (browser, callback) = callback_for_alice(&app).await;
        let both = with(&callback, "error", &[error]);
        assert_unused(&browser, &both, refused_as, error).await;
    }
}

#[tokio::test]
async fn r7_an_answer_without_a_code_is_refused() {
    let app = Fixture::start().await;
    for codes in [&[][..], &[""]] {
        let (browser, callback) = callback_for_alice(&app).await;
        let what = format!("{codes:?}");
        assert_unused(
            &browser,
            &with(&callback, "code", codes),
            "code_missing",
            &what,
        )
        .await;
    }
}

#[tokio::test]
async fn r7_what_an_error_says_is_not_shown_as_it_is() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for (error, code) in [
        ("access_denied", "denied"),
        ("server_error", "provider_error"),
        ("<script>alert(1)</script>", "provider_error"),
        ("", "provider_error"),
    ] {
        app.provider.faults().clear();
        app.provider.faults().authorization_response(move |pairs| {
            pairs.retain(|(name, _)| name != "code");
            let description = format!("<script>alert(2)</script>{}", "x".repeat(10_000));
            for (name, value) in [
                ("error", error),
                ("error_description", &description),
                ("error_uri", "https://attacker.example/help"),
            ] {
                pairs.push((name.to_owned(), value.to_owned()));
            }
        });
        let page = assert_refused(&bob, code, error).await;
        assert!(!page.body.contains("alert("), "{error}");
        assert!(!page.body.contains("attacker.example"), "{error}");
        assert!(page.body.len() < 5_000, "{error}");
        let log = logs::with(page.header("x-request-id"));
        assert!(!log.contains("xxxx"), "{log}");
    }
}

#[tokio::test]
async fn r8_an_error_without_a_transaction_says_nothing_of_the_error() {
    let browser = Fixture::start().await.browser();
    for state in ["", "&state=z"] {
        let page = browser
            .get(&format!(
                "{}?error=call_us&error_description=now{state}",
                PATHS.login_callback
            ))
            .await;
        assert_is_error_page(&page, "transaction_unknown", state);
        assert!(!page.body.contains("call_us"));
        let log = logs::with(page.header("x-request-id"));
        assert!(!log.contains("call_us"), "{log}");
    }
}

#[tokio::test]
async fn r10_a_transaction_beyond_its_life_is_refused_by_the_servers_clock() {
    let app = Fixture::start().await;
    for (age, is_alive) in [(0, true), (590, true), (602, false), (86_400, false)] {
        let (browser, callback) = callback_for_alice(&app).await;
        change_transaction(&browser, |transaction| {
            let started_at = transaction["started_at"].as_u64().unwrap();
            transaction["started_at"] = json!(started_at - age * 1000);
        });
        if is_alive {
            let page = browser.visit(callback.as_str()).await;
            assert_eq!(page.url.path(), "/profile", "{age} s");
            assert_eq!(browser.fetch("/api/me").await.json()["sub"], "alice");
        } else {
            let what = format!("{age} s");
            let page = browser.get(callback.as_str()).await;
            assert_is_error_page(&page, "transaction_expired", &what);
            assert_eq!(page.button(), login_with("return_to=%2Fprofile"), "{what}");
            assert!(
                transactions(&browser)
                    .iter()
                    .all(|(name, _)| { !name.ends_with(&parameter(&callback, "state")[..8]) })
            );
            assert_eq!(browser.fetch("/api/me").await.json()["sub"], "bob");
        }
    }
    assert_eq!(app.token_requests(), 4 + 2, "no code of an old transaction");
}

#[tokio::test]
async fn r10_a_transaction_lives_for_ten_minutes_to_the_second() {
    let app = Fixture::start().await;
    let page = within_one_second(
        async || callback_for_alice(&app).await,
        async |(browser, callback)| {
            let began = (now() - TRANSACTION_LIFE) * 1000;
            change_transaction(&browser, |transaction| {
                transaction["started_at"] = json!(began);
            });
            browser.get(callback.as_str()).await
        },
    );
    assert_eq!(page.await.header("location"), "/profile");
}

/// Signs alice in for one page until that is taken for a loop, and counts the sign-ins.
async fn rounds_of(app: &TestApp, browser: &Browser) -> usize {
    for round in 0.. {
        let page = browser.get(&login_with("return_to=%2Fprofile")).await;
        if !page.status.is_redirection() {
            assert!(page.body.contains("sign_in_loop"), "{page:?}");
            return round;
        }
        let answer = app.provider.sign_in(page.location().as_str(), "alice");
        browser.get(&answer.unwrap()).await;
    }
    unreachable!("numbers do not end")
}

#[tokio::test]
async fn four_sign_ins_in_a_row_for_one_page_are_a_loop_for_half_a_minute() {
    let app = Fixture::start().await;
    let page = within_one_second(
        async || {
            let browser = app.browser();
            assert_eq!(rounds_of(&app, &browser).await, 4);
            browser
        },
        async |browser| {
            let began = (now() - 30) * 1000;
            change_transactions(&browser, |transaction| {
                transaction["started_at"] = json!(began);
            });
            browser.get(&login_with("return_to=%2Fprofile")).await
        },
    );
    assert!(page.await.status.is_redirection());
}

#[tokio::test]
async fn r11_the_callback_takes_no_post() {
    let app = Fixture::start().await;
    let (browser, callback) = callback_for_alice(&app).await;
    let exchanges = app.token_requests();
    let fields: Vec<(String, String)> = callback.query_pairs().into_owned().collect();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    for target in [PATHS.login_callback, callback.as_str()] {
        let page = browser.post(target, &fields).await;
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(page.header("allow"), "GET, HEAD");
    }
    assert_eq!(app.token_requests(), exchanges);
    assert_eq!(browser.fetch("/api/me").await.json()["sub"], "bob");
}

#[tokio::test]
async fn r11_tokens_in_the_address_are_refused() {
    let app = Fixture::start().await;
    for name in ["id_token", "access_token"] {
        let (browser, callback) = callback_for_alice(&app).await;
        let callback = with(&callback, name, &["eyJ"]);
        assert_unused(&browser, &callback, "token_in_callback", name).await;
    }
}

#[tokio::test]
async fn r11_other_parameters_are_ignored() {
    let app = Fixture::start().await;
    app.provider.faults().authorization_response(|pairs| {
        for name in ["session_state", "scope", "authuser", "x"] {
            pairs.push((name.to_owned(), "1".to_owned()));
            pairs.push((name.to_owned(), "2".to_owned()));
        }
    });
    assert_accepted(&app, "parameters of other specifications").await;
}

#[tokio::test]
async fn r12_the_code_is_seen_no_more_after_the_callback() {
    let app = Fixture::start().await;
    let browser = app.browser();
    let callback = browser
        .answer_of_provider("alice", "/profile")
        .await
        .location();
    let secrets = ["code", "state"].map(|name| parameter(&callback, name));

    let page = browser.get(callback.as_str()).await;

    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.header("location"), "/profile");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    for secret in &secrets {
        assert!(!format!("{:?}", page.headers).contains(secret));
        assert_eq!(logs::with(secret), "");
    }
}

#[tokio::test]
async fn r12_the_code_is_not_on_the_page_of_a_failed_callback() {
    let app = Fixture::start().await;
    let (browser, callback) = callback_for_alice(&app).await;
    for misbehaviour in [Misbehaviour::Down, Misbehaviour::NoIdToken] {
        app.provider.faults().set(misbehaviour);
        let page = browser.get(callback.as_str()).await;
        assert!(!page.status.is_success());
        for name in ["code", "state"] {
            assert!(!page.body.contains(&parameter(&callback, name)));
        }
    }
}

#[tokio::test]
async fn r13_the_answer_to_a_transaction_at_another_provider_is_refused() {
    let app = Fixture::start().await;
    let (browser, callback) = callback_for_alice(&app).await;
    change_transaction(&browser, |transaction| {
        transaction["provider"] = json!("another")
    });
    assert_unused(&browser, callback.as_str(), "mixed_up", "another provider").await;
}

#[tokio::test]
async fn r14_a_transaction_with_one_bit_flipped_is_refused() {
    let app = Fixture::start().await;
    let (browser, callback) = callback_for_alice(&app).await;
    let name = transaction_name(&browser, &callback);
    let sealed = seal::decode(&browser.cookies()[&name]).unwrap();
    for place in (0..sealed.len()).step_by(7).chain([sealed.len() - 1]) {
        let mut flipped = sealed.clone();
        flipped[place] ^= 1 << (place % 8);
        browser.set_cookie(&name, &seal::encode(&flipped));
        let what = format!("a bit of byte {place}");
        assert_transaction_unknown(&browser, &callback, &what).await;
    }
    for (what, value) in [
        ("cut short", seal::encode(&sealed[..sealed.len() - 1])),
        ("too short", seal::encode(&sealed[..5])),
        ("empty", String::new()),
        ("not base64", "%%%".to_owned()),
    ] {
        browser.set_cookie(&name, &value);
        assert_transaction_unknown(&browser, &callback, what).await;
    }
    browser.set_cookie(&name, &seal::encode(&sealed));
    let page = browser.get(callback.as_str()).await;
    assert_eq!(page.header("location"), "/profile", "as it was");
}

/// Bob, who is signed in, has no use for an error page.
async fn assert_transaction_unknown(browser: &Browser, callback: &Url, what: &str) {
    let exchanges = browser.app.token_requests();
    let page = browser.get(callback.as_str()).await;
    assert_eq!(page.header("location"), PATHS.after_login, "{what}");
    assert_eq!(browser.app.token_requests(), exchanges, "{what}");
    assert_eq!(
        browser.fetch("/api/me").await.json()["sub"],
        "bob",
        "{what}"
    );
}

#[tokio::test]
async fn r14_name_key_and_purpose_are_part_of_the_seal() {
    let app = Fixture::start().await;
    let (browser, callback) = callback_for_alice(&app).await;
    let name = transaction_name(&browser, &callback);
    let own = browser.cookies()[&name].clone();
    let secret = app.oidc().settings().secrets[0].expose().as_bytes();
    let sealer = Sealer::new(secret, "transaction").unwrap();
    let plain = sealer
        .open(&seal::decode(&own).unwrap(), name.as_bytes())
        .unwrap();
    let sealed = |secret: &[u8], purpose: &str, name: &str| {
        let sealer = Sealer::new(secret, purpose).unwrap();
        seal::encode(&sealer.seal(&plain, name.as_bytes()).unwrap())
    };

    for (what, value) in [
        (
            "another key",
            sealed(b"another secret of another app", "transaction", &name),
        ),
        ("another purpose", sealed(secret, "user session", &name)),
        (
            "another cookie's value",
            sealed(secret, "transaction", &app.cookie("transaction-AAAAAAAA")),
        ),
    ] {
        browser.set_cookie(&name, &value);
        assert_transaction_unknown(&browser, &callback, what).await;
    }
    browser.set_cookie(&name, &sealed(secret, "transaction", &name));
    let page = browser.get(callback.as_str()).await;
    assert_eq!(page.header("location"), "/profile", "sealed again");
}
