//! Rows about what is chosen by settings or by pages.

use std::{collections::BTreeSet, net::TcpListener};

use reqwest::StatusCode;
use vestibule::settings::PushedAuthorization;
use vestibule_dev::provider::{
    Answer, DevProvider, Endpoint, Jws, Misbehaviour, PushedRequests, Signature,
};

use crate::{
    fixture::Fixture,
    keys::{ClientKey, RSA_PEM, decoded},
    silent, step_up,
    support::{Browser, PATHS, Page, TestApp, login_with, settings_of, within_one_second},
};

use super::{Variant, assert_is_error_page, remove, without_kid};

/// A name, and what to do.
type Way<F> = (&'static str, F);

#[tokio::test]
async fn a8_parameters_are_pushed_when_the_provider_offers_par() {
    let app = Fixture::start_prepared(|_, provider| {
        provider.set_pushed_requests(PushedRequests::Offered);
    })
    .await;

    let page = app.browser().get(&login_with("login_hint=alice")).await;

    let location = page.location();
    let carried: Vec<_> = location.query_pairs().map(|(name, _)| name).collect();
    assert_eq!(carried, ["client_id", "request_uri"]);
    let pushed = app.provider.requests_to(Endpoint::PushedAuthorization);
    let [pushed] = &pushed[..] else {
        panic!("{} pushes", pushed.len());
    };
    assert_eq!(pushed.method, "POST");
    assert!(
        pushed
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(pushed.form("login_hint"), Some("alice"));
    for parameter in [
        "response_type",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
    ] {
        let sent: Vec<_> = pushed
            .form
            .iter()
            .filter(|(name, _)| name == parameter)
            .collect();
        assert_eq!(sent.len(), 1, "{parameter}");
    }
    app.signed_in_as("alice").await;
}

#[tokio::test]
async fn a8_a_failed_push_falls_back_or_fails_as_configured() {
    for (setting, status) in [
        (PushedAuthorization::Auto, StatusCode::SEE_OTHER),
        (PushedAuthorization::Always, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let app = Fixture::start_prepared(|settings, provider| {
            provider.set_pushed_requests(PushedRequests::Offered);
            settings.relying_party.pushed_authorization = setting;
            provider.faults().instead(
                Endpoint::PushedAuthorization,
                Answer::oauth_error(400, "invalid_request", "not today"),
            );
        })
        .await;
        assert_eq!(app.browser().get(PATHS.login).await.status, status);
    }
}

#[tokio::test]
async fn t7_each_request_carries_a_fresh_short_lived_assertion() {
    let key = ClientKey::p256();
    let app =
        Fixture::start_prepared(|settings, provider| key.install(settings, provider, &[])).await;
    // The first exchange fails on the way, so the person tries again.
    app.provider.faults().once().instead(
        Endpoint::Token,
        Answer::oauth_error(503, "server_error", ""),
    );
    let alice = app.browser();
    let page = alice.sign_in_as("alice", PATHS.login).await;
    assert!(!page.status.is_success());
    alice.sign_in_as("alice", PATHS.login).await;
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);

    let mut seen = BTreeSet::new();
    for request in app.provider.requests_to(Endpoint::Token) {
        assert_eq!(
            request.form("client_assertion_type"),
            Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        );
        let client_id = request.form("client_id").unwrap();
        let (_, claims) = decoded(request.form("client_assertion").unwrap());
        assert_eq!(claims["iss"], client_id);
        assert_eq!(claims["sub"], client_id);
        assert_eq!(claims["aud"], app.provider.issuer());
        let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert!((1..=60).contains(&life), "{life} s");
        assert!(
            seen.insert(claims["jti"].as_str().unwrap().to_owned()),
            "an assertion was used twice"
        );
    }
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn t7_an_assertion_by_another_key_is_of_no_use() {
    let app = Fixture::start_prepared(|settings, provider| {
        ClientKey::p256().install(settings, provider, &[]);
        let client = settings.provider.as_mut().unwrap();
        client.credential = ClientKey::p256().credential(&[]);
    })
    .await;
    let alice = app.browser();
    alice.sign_in_as("alice", PATHS.login).await;
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn u3_signed_userinfo_is_accepted_whatever_the_kind_of_key() {
    let ways: [Way<fn(&TestApp)>; 4] = [
        ("EdDSA", |_| {}),
        ("ES256", |app| app.provider.use_p256_key().unwrap()),
        ("RS256", |app| app.provider.use_rsa_pem(RSA_PEM).unwrap()),
        ("PS256", |app| {
            app.provider.use_rsa_pem(RSA_PEM).unwrap();
            app.provider
                .faults()
                .userinfo(|token| token.header["alg"] = "PS256".into());
        }),
    ];
    for (name, sign_so) in ways {
        let app = Fixture::start().await;
        app.provider.set_signed_userinfo(true);
        app.provider
            .faults()
            .userinfo(|token| token.claims["nickname"] = "Lissy".into());
        sign_so(&app);
        let alice = app.signed_in_as("alice").await;
        let profile = alice.get("/profile").await;
        assert!(profile.body.contains("Lissy"), "{name}");
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.json()["sub"], "alice", "{name}");
    }
}

#[tokio::test]
async fn u3_signed_userinfo_survives_a_change_of_keys() {
    for has_kid in [true, false] {
        let app = Fixture::start().await;
        app.provider.set_signed_userinfo(true);
        if !has_kid {
            app.provider.faults().userinfo(without_kid);
        }
        let alice = app.signed_in_as("alice").await;
        app.provider.rotate_keys(false).unwrap();
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
}

#[tokio::test]
async fn u3_userinfo_that_is_not_signed_for_this_app_is_refused() {
    let ways: [Way<fn(&mut Jws)>; 15] = [
        ("a key that nobody knows", |token| {
            token.header["kid"] = "unknown".into();
        }),
        ("unsigned", |token| token.unsecured()),
        ("alg NONE", |token| {
            token.unsecured();
            token.header["alg"] = "NONE".into();
        }),
        ("another key", |token| token.signature = Signature::Foreign),
        ("no signature", |token| token.signature = Signature::Missing),
        ("HS256", |token| {
            token.header["alg"] = "HS256".into();
            token.signature = Signature::Hmac(b"secret".to_vec());
        }),
        ("another issuer", |token| {
            token.claims["iss"] = "https://other.example".into();
        }),
        ("no issuer", |token| remove(token, "iss")),
        ("another client", |token| {
            token.claims["aud"] = "another-client".into();
        }),
        ("no audience", |token| remove(token, "aud")),
        ("expired", |token| token.claims["exp"] = 1.into()),
        ("an end in words", |token| {
            token.claims["exp"] = "tomorrow".into();
        }),
        ("a logout token", |token| {
            token.header["typ"] = "logout+jwt".into();
        }),
        ("another person", |token| token.claims["sub"] = "bob".into()),
        ("no token", |token| {
            token.signature = Signature::Instead("e30.e30".to_owned());
        }),
    ];
    for (name, bend) in ways {
        let app = Fixture::start().await;
        app.provider.set_signed_userinfo(true);
        app.provider.faults().userinfo(bend);
        let alice = app.browser();
        let page = alice.sign_in_as("alice", PATHS.login).await;
        assert!(page.body.contains("user_info"), "{name}: {}", page.body);
        assert_eq!(
            alice.fetch("/api/me").await.status,
            StatusCode::UNAUTHORIZED,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a11_a_step_up_says_what_is_demanded_and_changes_nothing_before_it_is_met() {
    let app = Fixture::start_with_pages(step_up::pages).await;
    let alice = app.signed_in_as("alice").await;
    let before = alice.cookie("user-session");

    let list = alice.visit("/test/safe").await;

    let asked = app.provider.requests_to(Endpoint::Authorization);
    assert_eq!(asked.last().unwrap().query("acr_values"), Some("phr phrh"));
    assert_eq!(alice.cookie("user-session"), before);
    assert_eq!(alice.fetch("/api/me").await.status, StatusCode::OK);

    let answer = alice.choose(&list, "alice").await;
    assert_eq!(alice.follow(answer).await.body, "the safe of alice");
    assert_ne!(alice.cookie("user-session"), before);
    alice.set_cookie(&alice.app.cookie("user-session"), &before);
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED,
        "the former sign-in has ended"
    );
}

#[tokio::test]
async fn a11_a_page_that_wants_people_fresh_says_how_fresh() {
    let app = Fixture::start_with_pages(step_up::pages).await;
    app.provider.faults().once().id_token(an_hour_old);
    let alice = app.signed_in_as("alice").await;
    let before = alice.cookie("user-session");

    let page = step_up::step_up(&alice, "alice", "/test/vault").await;

    let asked = app.provider.requests_to(Endpoint::Authorization);
    assert_eq!(asked.last().unwrap().query("max_age"), Some("60"));
    assert_eq!(page.body, "the vault of alice");
    assert_ne!(alice.cookie("user-session"), before);
}

/// An app that demands this of every sign-in.
async fn start_demanding(parameters: &str) -> TestApp {
    Fixture {
        pages: step_up::pages,
        ..Fixture::default()
    }
    .prepared(|_, _| {})
    .env("OIDC_EXTRA_PARAMETERS", parameters)
    .start()
    .await
}

/// What the authorization request has for `acr_values` and `max_age`.
fn demanded(page: &Page) -> (Option<String>, Option<String>) {
    let url = page.location();
    let value = |name: &str| {
        let mut pairs = url.query_pairs();
        pairs.find_map(|(known, value)| (known == name).then(|| value.into_owned()))
    };
    (value("acr_values"), value("max_age"))
}

#[tokio::test]
async fn a14_every_sign_in_asks_for_what_the_settings_demand() {
    let app = start_demanding("acr_values=eidas2+eidas3&max_age=3600&ui_locales=fr").await;
    let browser = app.browser();
    for (query, max_age) in [
        ("return_to=/profile", "3600"),
        ("prompt=none", "3600"),
        ("login_hint=alice", "3600"),
        ("max_age=60", "60"),
        // Nobody can ask for less than the settings do.
        ("max_age=7200", "3600"),
    ] {
        let page = browser.get(&login_with(query)).await;
        let expected = (Some("eidas2 eidas3".to_owned()), Some(max_age.to_owned()));
        assert_eq!(demanded(&page), expected, "{query}");
    }
    let alice = app.signed_in_as("alice").await;
    assert_eq!(alice.record().await.session.acr(), Some("eidas2"));
}

#[tokio::test]
async fn a14_a_page_may_demand_more_than_the_settings() {
    for (settings, expected) in [
        // One of the page's own levels is among them.
        ("acr_values=low+phrh", "phrh"),
        ("acr_values=phrh+phr", "phr phrh"),
        // The page's levels are above all of them.
        ("acr_values=low+middle", "phr phrh"),
    ] {
        let app = start_demanding(settings).await;
        let alice = app.signed_in_as("alice").await;
        let list = alice.visit("/test/safe").await;
        if list.url.origin() == app.base.origin() {
            assert_eq!(expected, "phr phrh", "{settings}: already met");
            continue;
        }
        let asked = app.provider.requests_to(Endpoint::Authorization);
        assert_eq!(asked.last().unwrap().query("acr_values"), Some(expected));
        let answer = alice.choose(&list, "alice").await;
        assert_eq!(alice.follow(answer).await.body, "the safe of alice");
    }
}

#[tokio::test]
async fn a14_nobody_is_signed_in_without_what_the_settings_demand() {
    let ways: [(&str, Variant); 5] = [
        (
            "acr_values=eidas2",
            ("no acr", |token| remove(token, "acr")),
        ),
        (
            "acr_values=eidas2",
            ("a lower one", |token| token.claims["acr"] = "eidas1".into()),
        ),
        (
            "acr_values=eidas2+eidas3",
            ("both in one", |token| {
                token.claims["acr"] = "eidas2 eidas3".into();
            }),
        ),
        ("max_age=60", ("an hour old", an_hour_old)),
        (
            "max_age=60",
            ("undated", |token| remove(token, "auth_time")),
        ),
    ];
    for (settings, (name, bend)) in ways {
        let app = start_demanding(settings).await;
        app.provider.faults().id_token(bend);
        let alice = app.browser();
        let page = alice.sign_in_as("alice", "/profile").await;
        assert_is_error_page(&page, "demand_not_met", name);
        assert!(!alice.is_signed_in().await, "{name}");
        app.provider.faults().clear();
        let page = alice.sign_in_as("alice", "/profile").await;
        assert_eq!(page.status, StatusCode::OK, "{name}: {}", page.body);
    }
}

#[tokio::test]
async fn a14_what_the_settings_demand_shortens_no_later_session() {
    let app = start_demanding("max_age=3600").await;
    app.provider.faults().id_token(|token| {
        token.claims["session_expiry"] = (vestibule::now() + 600).into();
    });
    let alice = app.signed_in_as("alice").await;
    let first = alice.record().await.session.expires_at();
    app.provider.faults().clear();
    let signs_in_again = async |query: &str| {
        let request = alice.get(&login_with(query)).await.location();
        let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
        alice.get(&answer).await;
        alice.record().await.session.expires_at()
    };
    assert_eq!(signs_in_again("max_age=60").await, first, "a step up");
    assert!(signs_in_again("return_to=/profile").await > first);
}

#[tokio::test]
async fn a14_another_person_who_meets_a_demand_gets_a_session_of_their_own() {
    let app = Fixture::start_with_pages(step_up::pages).await;
    let soon = vestibule::now() + 600;
    let browser = app.signed_in_with("alice", "session_expiry", soon).await;
    assert_eq!(browser.record().await.session.expires_at(), soon);
    let page = step_up::step_up(&browser, "bob", "/test/safe").await;
    assert_eq!(page.body, "the safe of bob");
    assert!(browser.record().await.session.expires_at() > soon);
}

#[tokio::test]
async fn i17_an_authentication_that_is_too_old_or_undated_is_refused() {
    let ways: [Way<fn(&mut Jws)>; 6] = [
        ("an hour old", an_hour_old),
        ("just too old", |token| age_by(token, 60 + 120 + 5)),
        ("in the future", |token| be_ahead_by(token, 120 + 60)),
        ("in milliseconds", in_milliseconds),
        ("of before all time", |token| {
            token.claims["auth_time"] = (-1).into()
        }),
        ("undated", |token| remove(token, "auth_time")),
    ];
    for (name, bend) in ways {
        let app = Fixture::start_with_pages(step_up::pages).await;
        app.provider.faults().id_token(bend);
        let alice = app.signed_in_as("alice").await;
        assert_is_left_as_before(&alice, "/test/vault", name).await;
    }
}

#[tokio::test]
async fn i17_an_auth_time_that_cannot_be_true_makes_nobody_fresh() {
    let ways: [Way<fn(&mut Jws)>; 6] = [
        ("in the future", |token| be_ahead_by(token, 120 + 60)),
        ("in milliseconds", in_milliseconds),
        ("negative", |token| token.claims["auth_time"] = (-1).into()),
        ("1e300", |token| token.claims["auth_time"] = 1e300.into()),
        ("in quotes", |token| {
            token.claims["auth_time"] = token.claims["auth_time"].to_string().into();
        }),
        ("a list", |token| {
            token.claims["auth_time"] = vec![token.claims["iat"].clone()].into();
        }),
    ];
    let app = Fixture::start_with_pages(step_up::pages).await;
    for (name, bend) in ways {
        app.provider.faults().clear();
        app.provider.faults().id_token(bend);
        let alice = app.signed_in_as("alice").await;
        let authenticated_at = alice.record().await.session.authenticated_at();
        assert_eq!(authenticated_at, None, "{name}");
        let answer = alice.fetch("/test/vault").await;
        assert_eq!(answer.json()["code"], "not_fresh", "{name}");
    }
    let usable: [Way<fn(&mut Jws)>; 2] = [
        ("within the tolerance", |token| be_ahead_by(token, 60)),
        ("a fraction", |token| {
            let now = token.claims["iat"].as_u64().unwrap();
            token.claims["auth_time"] = (now as f64 - 0.5).into();
        }),
    ];
    for (name, bend) in usable {
        app.provider.faults().clear();
        app.provider.faults().id_token(bend);
        let alice = app.signed_in_as("alice").await;
        assert_eq!(
            alice.get("/test/vault").await.body,
            "the vault of alice",
            "{name}"
        );
    }
}

#[tokio::test]
async fn i17_an_authentication_that_is_recent_enough_is_accepted() {
    let app = Fixture::start_with_pages(step_up::pages).await;
    app.provider.faults().once().id_token(an_hour_old);
    let alice = app.signed_in_as("alice").await;
    app.provider
        .faults()
        .id_token(|token| age_by(token, 60 + 120 - 20));
    let page = step_up::step_up(&alice, "alice", "/test/vault").await;
    assert_eq!(page.body, "the vault of alice");
}

#[tokio::test]
async fn i17_an_authentication_may_be_as_far_off_as_allowed() {
    let app = Fixture::start_with_pages(step_up::pages).await;
    let ways: [Way<fn(&mut Jws)>; 2] = [
        ("ahead", |token| be_ahead_by(token, 120)),
        ("old", |token| age_by(token, 60 + 120)),
    ];
    for (name, bend) in ways {
        let answered = async || {
            app.provider.faults().clear();
            app.provider.faults().id_token(an_hour_old);
            let alice = app.signed_in_as("alice").await;
            let list = alice.visit("/test/vault").await;
            let answer = alice.choose(&list, "alice").await;
            app.provider.faults().clear();
            app.provider.faults().id_token(bend);
            (alice, answer)
        };
        let page = within_one_second(answered, async |(alice, answer)| alice.follow(answer).await);
        assert_eq!(page.await.body, "the vault of alice", "{name}");
    }
}

#[tokio::test]
async fn i18_another_authentication_context_is_refused() {
    let ways: [Way<fn(&mut Jws)>; 4] = [
        ("other", |token| token.claims["acr"] = "0".into()),
        ("several", |token| token.claims["acr"] = "phr phrh".into()),
        ("other case", |token| token.claims["acr"] = "PHR".into()),
        ("missing", |token| remove(token, "acr")),
    ];
    for (name, bend) in ways {
        let app = Fixture::start_with_pages(step_up::pages).await;
        app.provider.faults().id_token(bend);
        let alice = app.signed_in_as("alice").await;
        assert_is_left_as_before(&alice, "/test/safe", name).await;
    }
}

#[tokio::test]
async fn i18_each_of_the_demanded_authentication_contexts_is_accepted() {
    let ways: [Way<fn(&mut Jws)>; 2] = [
        ("first", |token| token.claims["acr"] = "phr".into()),
        ("second", |token| token.claims["acr"] = "phrh".into()),
    ];
    for (name, bend) in ways {
        let app = Fixture::start_with_pages(step_up::pages).await;
        let alice = app.signed_in_as("alice").await;
        app.provider.faults().id_token(bend);
        let page = step_up::step_up(&alice, "alice", "/test/safe").await;
        assert_eq!(page.body, "the safe of alice", "{name}");
    }
}

/// The provider does not do what the page demands: a page says so, nothing
/// loops, and the person is signed in as before.
async fn assert_is_left_as_before(browser: &Browser, page: &str, what: &str) {
    let before = browser.cookie("user-session");
    let page = step_up::step_up(browser, "alice", page).await;
    assert_is_error_page(&page, "demand_not_met", what);
    assert_eq!(browser.cookie("user-session"), before, "{what}");
    assert_eq!(
        browser.fetch("/api/me").await.json()["sub"],
        "alice",
        "{what}"
    );
}

fn an_hour_old(token: &mut Jws) {
    age_by(token, 3600);
}

fn be_ahead_by(token: &mut Jws, seconds: u64) {
    let now = token.claims["iat"].as_u64().unwrap();
    token.claims["auth_time"] = (now + seconds).into();
}

fn in_milliseconds(token: &mut Jws) {
    let now = token.claims["iat"].as_u64().unwrap();
    token.claims["auth_time"] = (now * 1000).into();
}

pub(super) fn age_by(token: &mut Jws, seconds: u64) {
    let now = token.claims["iat"].as_u64().unwrap();
    token.claims["auth_time"] = (now - seconds).into();
}

#[tokio::test]
async fn r9_a_silent_sign_in_that_needs_a_question_shows_the_page_to_a_stranger() {
    for error in [
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
        "access_denied",
        "temporarily_unavailable",
    ] {
        let app = silent::start().await;
        app.provider.faults().authorization_response(move |pairs| {
            pairs.retain(|(name, _)| name != "error");
            pairs.push(("error".to_owned(), error.to_owned()));
        });
        let browser = app.browser();
        let page = browser.visit("/test/news").await;
        assert_eq!(page.status, StatusCode::OK, "{error}");
        assert_eq!(page.body, "news for stranger", "{error}");
        assert_eq!(browser.get("/test/news").await.body, "news for stranger");
        let asked = app.provider.requests_to(Endpoint::Authorization);
        assert_eq!(asked.len(), 1, "{error}: no loop");
        assert_eq!(asked[0].query("prompt"), Some("none"));
    }
}

/// Only the provider's own no makes a stranger.
#[tokio::test]
async fn r9_a_silent_sign_in_whose_answer_fails_a_check_is_refused() {
    let app = silent::start().await;
    let alice = app.signed_in_as("alice").await;
    alice.forget_cookie(&alice.app.cookie("user-session"));
    app.provider.faults().set(Misbehaviour::WrongNonce);
    let page = alice.visit("/test/news").await;
    assert_is_error_page(&page, "id_token", "another nonce");
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn r9_a_silent_sign_in_that_needs_no_question_signs_in() {
    let app = silent::start().await;
    let alice = app.signed_in_as("alice").await;
    alice.forget_cookie(&alice.app.cookie("user-session"));
    let page = alice
        .visit(&login_with("prompt=none&return_to=/profile"))
        .await;
    assert_eq!(page.url.path(), "/profile");
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn r9_a_silent_sign_in_for_a_protected_page_ends_with_the_question() {
    let app = Fixture::start().await;
    let page = app
        .browser()
        .visit(&login_with("prompt=none&return_to=/profile"))
        .await;
    assert!(page.url.as_str().starts_with(app.provider.issuer()));
    assert_eq!(page.status, StatusCode::OK, "the provider's list of people");
}

#[tokio::test]
async fn o2_settings_that_leave_the_app_unprotected_keep_it_from_starting() {
    let secure = "k2D9vTq0sJx8LrYw3NzQm5Bf7HcVp1Xg";
    let start = async |variables: &[(&str, &str)]| {
        let settings = settings_of(|name| {
            let set = variables.iter().find(|(known, _)| *known == name);
            match (set, name) {
                (Some((_, value)), _) => Some((*value).to_owned()),
                (None, "SESSION_STORE") => Some("memory:".to_owned()),
                _ => None,
            }
        })
        .map_err(|faults| faults.to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        match Fixture::default().serve(settings, vec![listener]).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    };
    for (variables, why) in [
        (&[("SESSION_SECRET", "short")][..], "too weak"),
        (
            &[("SESSION_SECRET", "0101010101010101010101010101010101")],
            "too weak",
        ),
        (
            &[(
                "SESSION_SECRET",
                "an-example-of-a-secret-with-32-characters",
            )],
            "example",
        ),
        (
            &[("SESSION_SECRET", "changeme-changeme-1234567890-abcdef")],
            "example",
        ),
        (
            &[("SESSION_SECRET", "k2D9vTq0sJx8LrYw3NzQm5Bf7HcVp1Xg,weak")],
            "number 2 is too weak",
        ),
        (
            &[("APP_BASE_URL", "http://app.example.com")],
            "must start with https://",
        ),
    ] {
        let error = start(variables).await.unwrap_err();
        assert!(error.starts_with("cannot start"), "{error}");
        assert!(error.contains(why), "{variables:?}: {error}");
    }
    let nobodys = [("APP_BASE_URL", "https://app.example.com")];
    if cfg!(debug_assertions) {
        let error = start(&nobodys).await.unwrap_err();
        assert!(error.contains("OIDC_ISSUER: missing"), "{error}");
    }
    // Without a port the development provider takes any.
    let base = ("APP_BASE_URL", "http://localhost");
    start(&[("SESSION_SECRET", secure), base]).await.unwrap();
}

#[tokio::test]
async fn o2_the_development_provider_listens_on_loopback_only() {
    for outside in ["0.0.0.0:0", "[::]:0"] {
        let error = DevProvider::start(outside.parse().unwrap())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("loopback"), "{error}");
    }
    DevProvider::start("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
}
