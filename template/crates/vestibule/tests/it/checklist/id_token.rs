//! Section I: the ID token, first of all what must be right about any of them.

use actix_web::cookie::time::OffsetDateTime;
use serde_json::{Value, json};
use vestibule_dev::{
    provider::{Endpoint, Jws, Misbehaviour},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{CLIENT, PATHS, login_with, within_one_second},
};

use super::{
    assert_accepted, assert_id_tokens_accepted, assert_id_tokens_refused, assert_refused,
    parameter, remove,
};

/// Sets a claim to so many seconds from now.
fn set_time(token: &mut Jws, claim: &str, seconds: i64) {
    let now = vestibule::now() as i64;
    token.claims[claim] = json!(now + seconds);
}

#[tokio::test]
async fn i1_another_issuer_is_refused() {
    assert_id_tokens_refused(&[
        ("missing", |token| remove(token, "iss")),
        ("another", |token| {
            token.claims["iss"] = json!("https://other.example")
        }),
        ("a slash more", |token| {
            let iss = format!("{}/", token.claims["iss"].as_str().unwrap());
            token.claims["iss"] = json!(iss);
        }),
        ("another case", |token| {
            let iss = token.claims["iss"].as_str().unwrap().to_uppercase();
            token.claims["iss"] = json!(iss);
        }),
        ("empty", |token| token.claims["iss"] = json!("")),
        ("null", |token| token.claims["iss"] = Value::Null),
        ("a number", |token| token.claims["iss"] = json!(1)),
        ("an array", |token| {
            let iss = token.claims["iss"].clone();
            token.claims["iss"] = json!([iss]);
        }),
    ])
    .await;
}

#[tokio::test]
async fn i2_a_token_for_another_client_is_refused() {
    assert_id_tokens_refused(&[
        ("missing", |token| remove(token, "aud")),
        ("another", |token| {
            token.claims["aud"] = json!("another-app")
        }),
        ("several others", |token| {
            token.claims["aud"] = json!(["a", "b"])
        }),
        ("empty", |token| token.claims["aud"] = json!("")),
        ("an empty array", |token| token.claims["aud"] = json!([])),
        ("null", |token| token.claims["aud"] = Value::Null),
        ("a number", |token| token.claims["aud"] = json!(1)),
        ("an object", |token| {
            token.claims["aud"] = json!({ CLIENT: CLIENT })
        }),
        ("a part of ours", |token| {
            token.claims["aud"] = json!(CLIENT[1..])
        }),
        ("ours in capitals", |token| {
            token.claims["aud"] = json!(CLIENT.to_uppercase());
        }),
        ("ours and more in one", |token| {
            token.claims["aud"] = json!(format!("{CLIENT} another-app"));
        }),
    ])
    .await;
}

#[tokio::test]
async fn i2_a_token_for_this_client_alone_is_accepted() {
    assert_id_tokens_accepted(&[
        ("a string", |token| token.claims["aud"] = json!(CLIENT)),
        ("an array of one", |token| {
            token.claims["aud"] = json!([CLIENT])
        }),
    ])
    .await;
}

#[tokio::test]
async fn i3_a_further_audience_is_refused() {
    assert_id_tokens_refused(&[
        ("after ours", |token| {
            token.claims["aud"] = json!([CLIENT, "another-app"]);
        }),
        ("before ours", |token| {
            token.claims["aud"] = json!(["another-app", CLIENT]);
        }),
        ("with ours as azp", |token| {
            token.claims["aud"] = json!([CLIENT, "another-app"]);
            token.claims["azp"] = json!(CLIENT);
        }),
        ("an empty one", |token| {
            token.claims["aud"] = json!([CLIENT, ""])
        }),
    ])
    .await;
}

#[tokio::test]
async fn i3_a_further_audience_that_the_settings_trust_is_accepted() {
    let trusting = [("OIDC_TRUSTED_AUDIENCES", "our-project another-app")];
    let app = Fixture::start_with_env(&trusting).await;
    let with = |audiences: Value, party: Value| {
        app.provider.faults().clear();
        app.provider.faults().id_token(move |token| {
            token.claims["aud"] = audiences.clone();
            token.claims["azp"] = party.clone();
        });
    };
    let bob = app.signed_in_as("bob").await;
    with(json!([CLIENT, "our-project", "another-app"]), json!(CLIENT));
    assert_accepted(&app, "ours and those that are trusted").await;
    for (what, audiences, party) in [
        (
            "a stranger too",
            json!([CLIENT, "our-project", "another-client"]),
            CLIENT,
        ),
        ("a part of a name", json!([CLIENT, "our"]), CLIENT),
        ("not ours", json!(["our-project"]), CLIENT),
        (
            "for another app",
            json!([CLIENT, "another-app"]),
            "another-app",
        ),
    ] {
        with(audiences, json!(party));
        assert_refused(&bob, "id_token", what).await;
    }
    with(json!([CLIENT, "our-project"]), Value::Null);
    assert_refused(&bob, "id_token", "no azp").await;
}

#[tokio::test]
async fn i4_an_authorized_party_that_is_not_this_client_is_refused() {
    assert_id_tokens_refused(&[
        ("another", |token| {
            token.claims["azp"] = json!("another-app")
        }),
        ("empty", |token| token.claims["azp"] = json!("")),
        ("an array", |token| token.claims["azp"] = json!([CLIENT])),
        ("missing, and several audiences", |token| {
            token.claims["aud"] = json!([CLIENT, CLIENT]);
        }),
    ])
    .await;
}

#[tokio::test]
async fn i4_this_client_as_authorized_party_is_accepted() {
    assert_id_tokens_accepted(&[
        ("one audience", |token| token.claims["azp"] = json!(CLIENT)),
        ("an array", |token| {
            token.claims["aud"] = json!([CLIENT]);
            token.claims["azp"] = json!(CLIENT);
        }),
    ])
    .await;
}

#[tokio::test]
async fn i12_a_token_past_its_end_or_without_one_is_refused() {
    assert_id_tokens_refused(&[
        ("past", |token| set_time(token, "exp", -125)),
        ("long past", |token| set_time(token, "exp", -7200)),
        ("missing", |token| remove(token, "exp")),
        ("null", |token| token.claims["exp"] = Value::Null),
        ("a string", |token| {
            let exp = token.claims["exp"].to_string();
            token.claims["exp"] = json!(exp);
        }),
        ("a date in words", |token| {
            token.claims["exp"] = json!("2999-01-01T00:00:00Z");
        }),
        ("1e300", |token| token.claims["exp"] = json!(1e300)),
        ("-1e300", |token| token.claims["exp"] = json!(-1e300)),
        ("negative", |token| token.claims["exp"] = json!(-1)),
        ("zero", |token| token.claims["exp"] = json!(0)),
        ("an array", |token| {
            token.claims["exp"] = json!([9_999_999_999_u64])
        }),
        ("true", |token| token.claims["exp"] = json!(true)),
    ])
    .await;
}

#[tokio::test]
async fn i12_exp_just_past_is_accepted_within_the_clock_tolerance() {
    assert_id_tokens_accepted(&[
        ("just past", |token| set_time(token, "exp", -100)),
        ("a fraction", |token| {
            let exp = token.claims["exp"].as_u64().unwrap();
            token.claims["exp"] = json!(exp as f64 + 0.5);
        }),
        ("in ten years", |token| set_time(token, "exp", 315_360_000)),
    ])
    .await;
}

#[tokio::test]
async fn i13_a_token_of_another_time_is_refused() {
    assert_id_tokens_refused(&[
        ("of the future", |token| set_time(token, "iat", 130)),
        ("of long ago", |token| set_time(token, "iat", -725)),
        ("missing", |token| remove(token, "iat")),
        ("a string", |token| {
            let iat = token.claims["iat"].to_string();
            token.claims["iat"] = json!(iat);
        }),
        ("a date in words", |token| {
            let iat = token.claims["iat"].as_i64().unwrap();
            let iat = OffsetDateTime::from_unix_timestamp(iat).unwrap();
            let (hour, minute, second) = iat.to_hms();
            let date = iat.date();
            token.claims["iat"] = json!(format!("{date}T{hour:02}:{minute:02}:{second:02}Z"));
        }),
        ("negative", |token| token.claims["iat"] = json!(-1)),
        ("1e300", |token| token.claims["iat"] = json!(1e300)),
    ])
    .await;
}

#[tokio::test]
async fn i13_clocks_may_differ_a_little() {
    assert_id_tokens_accepted(&[
        ("ahead", |token| set_time(token, "iat", 100)),
        ("behind", |token| set_time(token, "iat", -100)),
        ("the person took a while", |token| {
            set_time(token, "iat", -590)
        }),
    ])
    .await;
}

#[tokio::test]
async fn i13_a_token_may_be_as_old_as_a_sign_in_may_take_and_clocks_may_differ() {
    let app = Fixture::start().await;
    let answered = async || {
        let alice = app.browser();
        let answer = alice.answer_of_provider("alice", "/profile").await;
        (alice, answer.location())
    };
    for seconds in [120, -(600 + 120)] {
        app.provider.faults().clear();
        app.provider
            .faults()
            .id_token(move |token| set_time(token, "iat", seconds));
        let page = within_one_second(answered, async |(alice, callback)| {
            alice.get(callback.as_str()).await
        });
        assert_eq!(page.await.header("location"), "/profile", "{seconds} s");
    }
}

#[tokio::test]
async fn a_token_may_have_128_kb_and_no_byte_more() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    // As base64url without padding (RFC 7515, section 2).
    let encoded = |bytes: usize| (4 * bytes).div_ceil(3);
    let signature = 1 + encoded(64);
    let pad = move |token: &mut Jws, beyond: usize| {
        token.claims["padding"] = json!("");
        token.header["padding"] = json!("");
        let (header, claims) = (
            token.header.to_string().len(),
            token.claims.to_string().len(),
        );
        let length = |in_header, in_claims| {
            encoded(header + in_header) + 1 + encoded(claims + in_claims) + signature
        };
        let full = 128 * 1024 + beyond;
        let paddings = (0..3).flat_map(|header| (0..full).map(move |claims| (header, claims)));
        let (in_header, in_claims) = paddings
            .into_iter()
            .find(|(in_header, in_claims)| length(*in_header, *in_claims) == full)
            .unwrap();
        token.header["padding"] = json!("x".repeat(in_header));
        token.claims["padding"] = json!("x".repeat(in_claims));
    };
    app.provider.faults().id_token(move |token| pad(token, 1));
    assert_refused(&bob, "id_token", "a byte more").await;
    app.provider.faults().clear();
    app.provider.faults().id_token(move |token| pad(token, 0));
    assert_accepted(&app, "128 KB").await;
}

#[tokio::test]
async fn i14_nbf_in_the_future_is_refused() {
    assert_id_tokens_refused(&[
        ("in the future", |token| set_time(token, "nbf", 130)),
        ("far in the future", |token| {
            token.claims["nbf"] = json!(1e300)
        }),
        ("a string", |token| token.claims["nbf"] = json!("0")),
        ("a date in words", |token| {
            token.claims["nbf"] = json!("2020-01-01T00:00:00Z");
        }),
    ])
    .await;
}

#[tokio::test]
async fn i14_nbf_within_the_clock_tolerance_is_accepted() {
    assert_id_tokens_accepted(&[
        ("just ahead", |token| set_time(token, "nbf", 100)),
        ("as far ahead as may be", |token| {
            set_time(token, "nbf", 120)
        }),
        ("past", |token| set_time(token, "nbf", -3600)),
        ("a fraction", |token| token.claims["nbf"] = json!(0.5)),
    ])
    .await;
}

#[tokio::test]
async fn i15_a_nonce_that_was_not_sent_is_refused() {
    assert_id_tokens_refused(&[
        ("missing", |token| remove(token, "nonce")),
        ("another", |token| token.claims["nonce"] = json!("another")),
        ("empty", |token| token.claims["nonce"] = json!("")),
        ("null", |token| token.claims["nonce"] = Value::Null),
        ("an array", |token| {
            let nonce = token.claims["nonce"].clone();
            token.claims["nonce"] = json!([nonce]);
        }),
        ("cut short", |token| {
            let nonce = token.claims["nonce"].as_str().unwrap()[1..].to_owned();
            token.claims["nonce"] = json!(nonce);
        }),
        ("with more", |token| {
            let nonce = format!("{}A", token.claims["nonce"].as_str().unwrap());
            token.claims["nonce"] = json!(nonce);
        }),
    ])
    .await;
}

#[tokio::test]
async fn i15_a_nonce_is_not_logged_with_its_error() {
    let app = Fixture::start().await;
    app.provider.faults().set(Misbehaviour::WrongNonce);
    let browser = app.browser();
    let request = browser.get(PATHS.login).await.location();
    let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
    let page = browser.get(&answer).await;
    assert!(page.body.contains("id_token"), "{}", page.body);
    let log = logs::with(page.header("x-request-id"));
    assert!(log.contains("nonce"), "{log}");
    assert!(!log.contains(&parameter(&request, "nonce")), "{log}");
}

#[tokio::test]
async fn i15_the_nonce_of_another_tab_is_refused() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    let other_tab = bob.get(&login_with("return_to=/profile")).await.location();
    let mut pairs = other_tab.query_pairs().into_owned();
    let (_, nonce) = pairs.find(|(name, _)| name == "nonce").unwrap();
    app.provider
        .faults()
        .id_token(move |token| token.claims["nonce"] = json!(nonce));
    assert_refused(&bob, "id_token", "another tab's").await;
}

#[tokio::test]
async fn i16_an_at_hash_that_does_not_fit_is_refused() {
    assert_id_tokens_refused(&[
        ("another", |token| {
            token.claims["at_hash"] = json!("77QmUPtjPfzWtF2AnpK9RQ");
        }),
        ("empty", |token| token.claims["at_hash"] = json!("")),
        ("a number", |token| token.claims["at_hash"] = json!(1)),
        ("cut short", |token| {
            let hash = token.claims["at_hash"].as_str().unwrap();
            token.claims["at_hash"] = json!(hash[..hash.len() - 1]);
        }),
    ])
    .await;
}

#[tokio::test]
async fn i16_another_access_token_than_the_hashed_one_is_refused() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    app.provider.faults().json(Endpoint::Token, |answer| {
        answer["access_token"] = json!("swapped");
    });
    assert_refused(&bob, "id_token", "a swapped access token").await;
}

#[tokio::test]
async fn i16_no_at_hash_is_fine() {
    assert_id_tokens_accepted(&[
        ("missing", |token| remove(token, "at_hash")),
        ("null", |token| token.claims["at_hash"] = Value::Null),
    ])
    .await;
}
