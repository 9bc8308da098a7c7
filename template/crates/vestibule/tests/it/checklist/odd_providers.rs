//! What real providers write that no specification says: nobody is kept out by what
//! no check needs. Each test has a twin, here or elsewhere, in which a check refuses.

use std::time::Duration;

use reqwest::StatusCode;
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, KeyPair,
    },
};
use serde_json::{Value, json};
use vestibule::{internals::seal, now};
use vestibule_dev::{
    provider::{Answer, DevProvider, Endpoint, Lifetimes, Signature},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    keys::RSA_PEM,
    step_up,
    support::{PATHS, TestApp, tokens_of},
};

use super::{
    assert_accepted, assert_is_error_page, assert_refused, options::age_by, remove, without_kid,
};

/// Access tokens with this lifetime are refreshed at once.
const ENDED: Duration = Duration::from_secs(0);

/// Part of every odd value; it has no business in the log.
const MARKER: &str = "17 Example Street, Sampletown";

/// Standard claims of another kind than OIDC Core 5.1 says.
fn odd_claims() -> Vec<(&'static str, Value)> {
    vec![
        ("address", json!([])),
        ("address", json!(MARKER)),
        ("address", json!({ "formatted": [MARKER], "country": 7 })),
        ("email", json!([MARKER, "two@example.com"])),
        ("email", json!({ "work": MARKER })),
        ("email_verified", json!("yes")),
        ("email_verified", json!(1)),
        ("phone_number", json!(15_550_100)),
        ("phone_number_verified", json!("")),
        ("picture", Value::Null),
        ("picture", json!({ "url": MARKER })),
        ("profile", json!(false)),
        ("name", json!({ "en": MARKER })),
        ("name#ja", json!([MARKER])),
        ("name#not a language!", json!(MARKER)),
        ("given_name", json!(5)),
        ("locale", json!("not a locale!")),
        ("zoneinfo", json!([])),
        ("gender", json!("")),
        ("birthdate", json!(19_700_101)),
        ("updated_at", json!(MARKER)),
        ("updated_at", json!("1311280970")),
        ("updated_at", json!(1e300)),
        ("amr", json!("pwd")),
        ("acr", json!(1)),
        ("auth_time", json!("a while ago")),
        ("auth_time", Value::Null),
        ("c_hash", json!(7)),
        ("sid", json!(7)),
    ]
}

#[tokio::test]
async fn i24_a_claim_that_no_check_needs_never_decides_a_sign_in() {
    let app = Fixture::start().await;
    app.keep_out_of_logs(MARKER);
    for (claim, value) in odd_claims() {
        let what = format!("{claim}: {value}");
        app.provider.faults().clear();
        let sent = value.clone();
        app.provider
            .faults()
            .id_token(move |token| token.claims[claim] = sent.clone());
        let alice = assert_accepted(&app, &what).await;
        let kept = alice.record().await.session.claims().get(claim);
        // What the ID token leaves open, userinfo may say.
        if !value.is_null() && !["email", "email_verified", "c_hash"].contains(&claim) {
            assert_eq!(kept, Some(value), "{what}");
        }
        // Her ID token is a hint at sign-out, whatever is in it.
        let url = alice.sign_out().await.location();
        let hint = url.query_pairs().find(|(name, _)| name == "id_token_hint");
        assert!(hint.is_some_and(|(_, hint)| hint.len() > 100), "{what}");
    }
}

#[tokio::test]
async fn i24_nor_does_one_that_userinfo_tells() {
    let app = Fixture::start().await;
    app.keep_out_of_logs(MARKER);
    for (claim, value) in odd_claims() {
        let what = format!("{claim}: {value}");
        app.provider.faults().clear();
        app.provider
            .faults()
            .id_token(move |token| remove(token, claim));
        app.provider
            .faults()
            .json(Endpoint::Userinfo, move |claims| {
                claims[claim] = value.clone();
            });
        let alice = assert_accepted(&app, &what).await;
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::OK, "{what}");
    }
}

#[tokio::test]
async fn i24_nor_does_one_in_the_id_token_of_a_refresh() {
    let app = Fixture::start().await;
    app.keep_out_of_logs(MARKER);
    for (claim, value) in odd_claims() {
        if claim == "auth_time" && !value.is_null() {
            // Here it is checked.
            continue;
        }
        let what = format!("{claim}: {value}");
        app.provider.faults().clear();
        let alice = app.signed_in_with_token_for("alice", ENDED).await;
        app.provider
            .faults()
            .id_token(move |token| token.claims[claim] = value.clone());
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::OK, "{what}");
    }
}

#[tokio::test]
async fn i24_the_log_names_an_odd_claim_and_its_kind_once() {
    let app = Fixture::start().await;
    app.keep_out_of_logs(MARKER);
    app.provider.faults().id_token(|token| {
        token.claims["address"] = json!([MARKER]);
        token.claims["phone_number"] = json!(15_550_100);
        token.claims["email_verified"] = json!(MARKER);
        token.claims["updated_at"] = json!(" ");
    });
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", PATHS.login).await;
    let page = browser.get(answer.location().as_str()).await;
    let log = logs::with(page.header("x-request-id"));
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("unusual"))
        .collect();
    assert_eq!(lines.len(), 1, "{log}");
    for odd in [
        "address is an array",
        "phone_number is a number",
        "email_verified is a string",
        "updated_at is an empty string",
    ] {
        assert!(lines[0].contains(odd), "{log}");
    }
    assert!(!log.contains("15550100"), "{log}");
}

#[tokio::test]
async fn i24_a_claim_that_a_check_needs_is_refused_by_name_and_kind() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for claim in [
        "iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "at_hash",
    ] {
        app.provider.faults().clear();
        app.provider
            .faults()
            .id_token(move |token| token.claims[claim] = json!({ "x": MARKER }));
        let page = assert_refused(&bob, "id_token", claim).await;
        let log = logs::with(page.header("x-request-id"));
        assert!(log.contains(&format!("{claim} is an object")), "{log}");
        assert!(!log.contains(MARKER), "{log}");
    }
    for claim in ["iss", "sub", "aud", "exp", "iat"] {
        app.provider.faults().clear();
        app.provider
            .faults()
            .id_token(move |token| remove(token, claim));
        let page = assert_refused(&bob, "id_token", claim).await;
        let log = logs::with(page.header("x-request-id"));
        assert!(log.contains(&format!("{claim} is missing")), "{log}");
    }
}

#[tokio::test]
async fn i24_an_acr_that_a_page_demands_has_to_be_a_string() {
    let app = Fixture::start_with_pages(step_up::pages).await;
    let alice = app.signed_in_as("alice").await;
    app.provider
        .faults()
        .id_token(|token| token.claims["acr"] = json!(["phr"]));
    let page = step_up::step_up(&alice, "alice", "/test/safe").await;
    assert_is_error_page(&page, "id_token", "a list with the right one");
}

/// Changes one member of a token response.
fn with_member(app: &TestApp, name: &'static str, value: Value) {
    app.provider.faults().json(Endpoint::Token, move |answer| {
        answer[name] = value.clone();
    });
}

/// Members that can be read, or done without, and how long the access token then
/// lives.
fn odd_members() -> Vec<(&'static str, Value, u64)> {
    let hour = 3600;
    vec![
        ("expires_in", json!("3599"), 3599),
        ("expires_in", json!(" 3599 "), 3599),
        ("expires_in", json!("3599.5"), 3599),
        ("expires_in", json!(3599.9), 3599),
        ("expires_in", json!(-1), 300),
        ("expires_in", json!("-1"), 300),
        ("expires_in", json!("soon"), 300),
        ("expires_in", json!(""), 300),
        ("expires_in", Value::Null, 300),
        ("expires_in", json!([3599]), 300),
        ("expires_in", json!(1e300), 300),
        ("expires_in", json!(u64::MAX), 300),
        ("ext_expires_in", json!("3599"), hour),
        ("expires_on", json!("1795979079"), hour),
        ("not_before", json!("1795975179"), hour),
        ("token_type", Value::Null, hour),
        ("token_type", json!(""), hour),
        ("scope", Value::Null, hour),
        ("scope", json!(""), hour),
        ("scope", json!(["openid", "email"]), hour),
        ("scope", json!("openid  email"), hour),
        ("scope", json!(7), hour),
        ("error", Value::Null, hour),
        ("error", json!(""), hour),
    ]
}

/// A provider whose access tokens live for an hour, which is not what is assumed.
async fn app_with_tokens_for_an_hour() -> TestApp {
    let app = Fixture::start().await;
    app.provider.set_lifetimes(Lifetimes {
        access_token: Duration::from_secs(3600),
        ..app.provider.lifetimes()
    });
    app
}

fn assert_lives(session: &Value, before: u64, life: u64, what: &str) {
    let end = session["access_token_expires_at"].as_u64().unwrap();
    let range = before + life..=now() + life;
    assert!(range.contains(&end), "{what}: {end} is not in {range:?}");
}

#[tokio::test]
async fn t11_odd_members_of_a_token_response_cost_nobody_the_sign_in() {
    let app = app_with_tokens_for_an_hour().await;
    for (name, value, life) in odd_members() {
        let what = format!("{name}: {value}");
        app.provider.faults().clear();
        with_member(&app, name, value);
        let before = now();
        let alice = assert_accepted(&app, &what).await;
        let tokens = tokens_of(&alice.record().await.session);
        assert_lives(&tokens, before, life, &what);
    }
}

#[tokio::test]
async fn t11_the_scopes_that_are_granted_may_be_a_list() {
    let app = Fixture::start().await;
    with_member(&app, "scope", json!(["openid", "email"]));
    let alice = app.signed_in_as("alice").await;
    assert_eq!(alice.record().await.session.scopes(), ["openid", "email"]);
}

#[tokio::test]
async fn t11_nor_does_a_refresh_that_is_answered_so() {
    let app = app_with_tokens_for_an_hour().await;
    for (name, value, life) in odd_members() {
        let what = format!("{name}: {value}");
        app.provider.faults().clear();
        let alice = app.signed_in_with_token_for("alice", ENDED).await;
        with_member(&app, name, value);
        let before = now();
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::OK, "{what}");
        let tokens = tokens_of(&alice.record().await.session);
        assert_lives(&tokens, before, life, &what);
    }
}

#[tokio::test]
async fn t11_a_blank_refresh_token_is_none() {
    let app = Fixture::start().await;
    for blank in [json!(""), json!(" "), Value::Null, json!(7), json!([])] {
        let what = blank.to_string();
        app.provider.faults().clear();
        with_member(&app, "refresh_token", blank.clone());
        let alice = assert_accepted(&app, &what).await;
        let tokens = tokens_of(&alice.record().await.session);
        assert_eq!(tokens["refresh_token"], Value::Null, "{what}");

        // At a refresh it says that the former one goes on.
        app.provider.faults().clear();
        let bob = app.signed_in_with_token_for("bob", ENDED).await;
        let former = tokens_of(&bob.record().await.session)["refresh_token"].clone();
        with_member(&app, "refresh_token", blank);
        assert_eq!(bob.fetch("/api/userinfo").await.status, StatusCode::OK);
        let tokens = tokens_of(&bob.record().await.session);
        assert_eq!(tokens["refresh_token"], former, "{what}");
    }
}

#[tokio::test]
async fn t11_the_content_type_of_a_token_response_does_not_matter() {
    let app = Fixture::start().await;
    for content_type in [
        "text/plain",
        "text/html; charset=utf-8",
        "application/octet-stream",
        "application/jwt",
        "",
    ] {
        app.provider.faults().clear();
        let bent = move |answer: &mut Answer| {
            answer.headers.retain(|(name, _)| name != "content-type");
            if !content_type.is_empty() {
                let header = ("content-type".to_owned(), content_type.to_owned());
                answer.headers.push(header);
            }
        };
        app.provider.faults().answer(Endpoint::Token, bent);
        let alice = app.signed_in_with_token_for("alice", ENDED).await;
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::OK, "{content_type}");
    }
}

#[tokio::test]
async fn t11_any_success_status_will_do_but_an_error_in_it_is_one() {
    let app = Fixture::start().await;
    app.provider
        .faults()
        .answer(Endpoint::Token, |answer| answer.status = 201);
    assert_accepted(&app, "201").await;
    let bob = app.signed_in_as("bob").await;
    for (error, code) in [
        ("invalid_grant", "code_refused"),
        ("bad_verification_code", "token_answer"),
    ] {
        app.provider.faults().clear();
        let body = json!({ "error": error, "error_description": 7, "error_uri": null });
        let answer = Answer::json(200, &body);
        app.provider.faults().instead(Endpoint::Token, answer);
        assert_refused(&bob, code, error).await;
    }
}

#[tokio::test]
async fn t11_the_log_names_a_member_and_its_kind() {
    let app = Fixture::start().await;
    app.keep_out_of_logs(MARKER);
    with_member(&app, "expires_in", json!([MARKER]));
    let browser = app.browser();
    let answer = browser.answer_of_provider("alice", PATHS.login).await;
    let page = browser.get(answer.location().as_str()).await;
    let log = logs::with(page.header("x-request-id"));
    let named = "member=\"expires_in\" kind=\"an array\"";
    assert!(log.contains(named), "{log}");
}

#[tokio::test]
async fn t11_a_rotated_refresh_token_is_kept_whatever_else_is_wrong() {
    for (name, value) in [
        ("access_token", Value::Null),
        ("access_token", json!("")),
        ("access_token", json!(["x"])),
        ("access_token", json!("a\r\nx-injected: 1")),
        ("token_type", json!("DPoP")),
        ("token_type", json!(["Bearer"])),
    ] {
        let what = format!("{name}: {value}");
        let app = Fixture::start().await;
        let alice = app.signed_in_with_token_for("alice", ENDED).await;
        with_member(&app, name, value);
        app.provider.faults().json(Endpoint::Token, |answer| {
            answer["refresh_token"] = json!("the-rotated-one");
        });
        let former = tokens_of(&alice.record().await.session)["access_token"].clone();
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.json()["code"], "provider_unavailable", "{what}");
        let tokens = tokens_of(&alice.record().await.session);
        assert_eq!(tokens["refresh_token"], "the-rotated-one", "{what}");
        assert_eq!(tokens["access_token"], former, "{what}");
        assert!(alice.is_signed_in().await, "{what}");
    }
}

async fn app_with_metadata(change: impl Fn(&mut Value) + Send + Sync + 'static) -> TestApp {
    Fixture::start_prepared(|_, provider| provider.faults().json(Endpoint::Metadata, change)).await
}

#[tokio::test]
async fn d11_metadata_that_the_app_does_not_use_block_nothing() {
    for name in [
        "subject_types_supported",
        "response_types_supported",
        "id_token_signing_alg_values_supported",
    ] {
        let app = app_with_metadata(move |metadata| {
            metadata.as_object_mut().unwrap().remove(name);
        })
        .await;
        assert_accepted(&app, name).await;
    }
    // As many odd members as fit into one document.
    let app = app_with_metadata(|metadata| {
        for (name, value) in [
            ("subject_types_supported", json!("public")),
            ("response_types_supported", json!([7, null])),
            ("id_token_signing_alg_values_supported", Value::Null),
            ("registration_endpoint", json!("not a URL")),
            ("scopes_supported", json!("openid profile")),
            ("response_modes_supported", json!({})),
            ("grant_types_supported", json!(7)),
            ("acr_values_supported", json!([0, 1])),
            ("display_values_supported", json!(false)),
            ("claim_types_supported", json!("")),
            ("claims_supported", json!({ "email": true })),
            ("service_documentation", json!("")),
            ("ui_locales_supported", json!(["not a locale!"])),
            ("claims_locales_supported", json!("en de")),
            ("claims_parameter_supported", json!("yes")),
            ("request_uri_parameter_supported", Value::Null),
            ("op_policy_uri", json!("")),
            ("op_tos_uri", json!([])),
        ] {
            metadata[name] = value;
        }
    })
    .await;
    assert_accepted(&app, "odd members").await;
}

#[tokio::test]
async fn d11_an_optional_member_that_cannot_be_used_is_left_out_with_a_warning() {
    for (name, value) in [
        ("userinfo_endpoint", json!("not a URL")),
        (
            "end_session_endpoint",
            json!(["https://id.example.com/logout"]),
        ),
        ("revocation_endpoint", json!(false)),
        ("pushed_authorization_request_endpoint", json!("/par")),
        ("require_pushed_authorization_requests", json!("perhaps")),
        ("authorization_response_iss_parameter_supported", json!(7)),
        ("token_endpoint_auth_methods_supported", json!(7)),
    ] {
        let app = app_with_metadata(move |metadata| metadata[name] = value.clone()).await;
        assert_accepted(&app, name).await;
        let named = format!("member={name:?} kind=");
        let warnings = app.logged(&named);
        assert!(warnings.contains("WARN"), "{name}: {warnings}");
    }
}

#[tokio::test]
async fn d11_one_authentication_method_may_stand_for_a_list() {
    for value in [
        json!("client_secret_post"),
        json!(["client_secret_post", 7, null]),
    ] {
        let app = app_with_metadata(move |metadata| {
            metadata["token_endpoint_auth_methods_supported"] = value.clone();
        })
        .await;
        assert_accepted(&app, "post").await;
        let exchange = &app.provider.requests_to(Endpoint::Token)[0];
        assert!(exchange.form("client_secret").is_some());
    }
}

#[tokio::test]
async fn d11_a_flag_counts_in_quotes_too() {
    for (said, is_promised) in [("true", true), ("True", true), ("false", false)] {
        let app = app_with_metadata(move |metadata| {
            metadata["authorization_response_iss_parameter_supported"] = json!(said);
        })
        .await;
        app.provider
            .faults()
            .authorization_response(|pairs| pairs.retain(|(name, _)| name != "iss"));
        let browser = app.browser();
        let page = browser.sign_in_as("alice", "/profile").await;
        if is_promised {
            assert_is_error_page(&page, "mixed_up", said);
        }
        assert_eq!(browser.is_signed_in().await, !is_promised, "{said}");
        let left_out = r#"member="authorization_response_iss_parameter_supported" kind="a string""#;
        assert_eq!(app.logged(left_out), "", "{said}");
    }
}

#[tokio::test]
async fn d11_the_content_type_of_metadata_and_keys_does_not_matter() {
    for endpoint in [Endpoint::Metadata, Endpoint::Keys] {
        for content_type in [
            "text/html; charset=utf-8",
            "text/plain",
            "binary/octet-stream",
        ] {
            let app = Fixture::start_prepared(|_, provider| {
                provider.faults().answer(endpoint, move |answer| {
                    answer.headers.retain(|(name, _)| name != "content-type");
                    let header = ("content-type".to_owned(), content_type.to_owned());
                    answer.headers.push(header);
                });
            })
            .await;
            assert_accepted(&app, content_type).await;
        }
    }
}

#[tokio::test]
async fn d11_a_member_that_is_needed_is_refused_by_name() {
    for name in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
    ] {
        for value in [Value::Null, json!(""), json!([]), json!("not a URL")] {
            let what = format!("{name}: {value}");
            let app = app_with_metadata(move |metadata| metadata[name] = value.clone()).await;
            let page = app.browser().get(PATHS.login).await;
            assert_is_error_page(&page, "provider_unavailable", &what);
            let log = logs::with(page.header("x-request-id"));
            let is_named = log.contains(&format!("metadata names no {name}"))
                || log.contains(&format!("the {name} in its metadata"));
            assert!(is_named, "{what}: {log}");
        }
    }
}

async fn app_with_keys(
    prepare: impl FnOnce(&DevProvider),
    change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static,
) -> TestApp {
    Fixture::start_prepared(|_, provider| {
        prepare(provider);
        provider.faults().json(Endpoint::Keys, move |keys| {
            change(keys["keys"].as_array_mut().unwrap());
        });
    })
    .await
}

#[tokio::test]
async fn d12_every_eligible_key_is_tried() {
    type Change = fn(&mut Vec<Value>);
    let changes: [(&str, Change); 7] = [
        ("the same key twice", |keys| keys.push(keys[0].clone())),
        ("another key of the same name first", |keys| {
            let mut other = keys[1].clone();
            other["kid"] = keys[0]["kid"].clone();
            keys.insert(0, other);
        }),
        ("keys without a name", |keys| {
            for key in keys {
                key.as_object_mut().unwrap().remove("kid");
            }
        }),
        ("blank names", |keys| {
            for key in keys {
                key["kid"] = json!("");
            }
        }),
        ("blank members", |keys| {
            keys[0]["alg"] = json!("");
            keys[0]["use"] = Value::Null;
            keys[0]["x5c"] = json!("not a list");
        }),
        ("a key for encryption of the same name", |keys| {
            let mut other = keys[1].clone();
            other["kid"] = keys[0]["kid"].clone();
            other["use"] = json!("enc");
            keys.insert(0, other);
        }),
        ("operations named", |keys| {
            keys[0]["key_ops"] = json!(["verify"]);
        }),
    ];
    for (what, change) in changes {
        let rotate = |provider: &DevProvider| {
            provider.rotate_keys(true).unwrap();
        };
        let app = app_with_keys(rotate, change).await;
        assert_accepted(&app, what).await;
    }
}

#[tokio::test]
async fn d12_a_key_that_is_not_eligible_verifies_nothing() {
    type Change = fn(&mut Vec<Value>);
    let changes: [(&str, Change); 5] = [
        ("another name", |keys| keys[0]["kid"] = json!("another")),
        ("for encryption", |keys| keys[0]["use"] = json!("enc")),
        ("operations without verify", |keys| {
            keys[0]["key_ops"] = json!(["encrypt", "wrapKey"]);
        }),
        ("no operation", |keys| keys[0]["key_ops"] = json!([])),
        ("another algorithm", |keys| keys[0]["alg"] = json!("ES256")),
    ];
    for (what, change) in changes {
        let rotate = |provider: &DevProvider| {
            provider.rotate_keys(true).unwrap();
        };
        let app = app_with_keys(rotate, change).await;
        let browser = app.browser();
        let page = browser.sign_in_as("alice", "/profile").await;
        assert_is_error_page(&page, "id_token", what);
        assert!(!browser.is_signed_in().await, "{what}");
    }
}

/// The same number in other characters.
fn padded(number: &Value, change: impl Fn(Vec<u8>) -> Vec<u8>) -> Value {
    let bytes = change(seal::decode(number.as_str().unwrap()).unwrap());
    let text = seal::encode(&bytes).replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    json!(format!("{text}{padding}"))
}

fn with_a_zero(bytes: Vec<u8>) -> Vec<u8> {
    [vec![0], bytes].concat()
}

#[tokio::test]
async fn d12_padded_numbers_are_read() {
    let rsa = |provider: &DevProvider| {
        provider.use_rsa_pem(RSA_PEM).unwrap();
    };
    let app = app_with_keys(rsa, |keys| {
        keys[0]["n"] = padded(&keys[0]["n"], with_a_zero);
        keys[0]["e"] = padded(&keys[0]["e"], with_a_zero);
    })
    .await;
    assert_accepted(&app, "RSA").await;

    let okp = |_: &DevProvider| {};
    let app = app_with_keys(okp, |keys| keys[0]["x"] = padded(&keys[0]["x"], |x| x)).await;
    assert_accepted(&app, "Ed25519").await;
}

/// A key one of whose coordinates begins with a zero, as one key in 128 has it, and
/// its coordinates.
fn key_with_a_zero(algorithm: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, [Vec<u8>; 2]) {
    let random = SystemRandom::new();
    loop {
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
        // SEC 1, section 2.3.3: the first byte says that both follow.
        let point = &key.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        if x[0] == 0 || y[0] == 0 {
            let coordinates = [x.to_vec(), y.to_vec()];
            return (key, coordinates);
        }
    }
}

/// Has the provider sign its ID tokens with this key.
fn sign_with(provider: &DevProvider, alg: &'static str, key: EcdsaKeyPair) {
    provider.faults().id_token(move |token| {
        token.header = json!({ "alg": alg });
        // It is made with the hash of the provider's own algorithm.
        remove(token, "at_hash");
        let part = |part: &Value| seal::encode(part.to_string().as_bytes());
        let message = format!("{}.{}", part(&token.header), part(&token.claims));
        let signature = key.sign(&SystemRandom::new(), message.as_bytes());
        let signature = seal::encode(signature.unwrap().as_ref());
        token.signature = Signature::Instead(format!("{message}.{signature}"));
    });
}

#[tokio::test]
async fn d12_coordinates_are_read_with_any_number_of_zeros() {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let changes: [(&str, Change); 3] = [
        ("all", |bytes| bytes),
        ("one too many", with_a_zero),
        ("none", |bytes| {
            bytes.into_iter().skip_while(|byte| *byte == 0).collect()
        }),
    ];
    for (curve, alg, algorithm) in [
        ("P-256", "ES256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ("P-384", "ES384", &ECDSA_P384_SHA384_FIXED_SIGNING),
    ] {
        for (zeros, change) in changes {
            let (key, coordinates) = key_with_a_zero(algorithm);
            let [x, y] = coordinates.map(|bytes| json!(seal::encode(&bytes)));
            let (x, y) = (padded(&x, change), padded(&y, change));
            let jwk = json!({ "kty": "EC", "crv": curve, "x": x, "y": y });
            let app = app_with_keys(
                |provider| sign_with(provider, alg, key),
                move |keys| *keys = vec![jwk.clone()],
            );
            assert_accepted(&app.await, &format!("{curve}, zeros: {zeros}")).await;
        }
    }
}

#[tokio::test]
async fn d12_a_token_may_name_its_key_by_a_number() {
    let app = app_with_keys(
        |provider| provider.rotate_keys(true).unwrap(),
        |keys| keys[0]["kid"] = json!(1),
    )
    .await;
    app.provider
        .faults()
        .id_token(|token| token.header["kid"] = json!(1));
    let bob = app.signed_in_as("bob").await;
    app.provider.faults().id_token(without_kid);
    assert_accepted(&app, "no name").await;
    app.provider
        .faults()
        .id_token(|token| token.header["kid"] = json!(2));
    assert_refused(&bob, "id_token", "2").await;
}

#[tokio::test]
async fn d12_a_provider_without_keys_is_told_apart() {
    for body in [json!({}), json!({ "keys": [] }), json!({ "keys": null })] {
        let what = body.to_string();
        let app = Fixture::start_prepared(|_, provider| {
            let answer = Answer::json(200, &body);
            provider.faults().instead(Endpoint::Keys, answer);
        })
        .await;
        let page = app.browser().get(PATHS.login).await;
        assert_is_error_page(&page, "provider_unavailable", &what);
        let log = logs::with(page.header("x-request-id"));
        assert!(log.contains("contains no keys"), "{what}: {log}");
    }
}

/// The roles of somebody of whom the ID token says this.
async fn roles_of(setting: &str, claims: Value) -> (Vec<Value>, StatusCode) {
    let app = Fixture::start_with_env(&[("OIDC_ROLES_CLAIM", setting)]).await;
    app.provider.faults().id_token(move |token| {
        let all = token.claims.as_object_mut().unwrap();
        all.remove("roles");
        all.extend(claims.as_object().unwrap().clone());
    });
    app.provider.faults().json(Endpoint::Userinfo, |claims| {
        claims.as_object_mut().unwrap().remove("roles");
    });
    let bob = app.signed_in_as("bob").await;
    let me = bob.fetch("/api/me").await.json();
    let roles = me["roles"].as_array().unwrap().clone();
    (roles, bob.get("/admin").await.status)
}

#[tokio::test]
async fn i25_roles_are_found_however_a_provider_writes_them() {
    let zitadel = "urn:zitadel:iam:org:project:roles";
    let by_project = "urn:zitadel:iam:org:project:282:roles";
    let auth0 = "https://example.com/roles";
    let organisation = json!({ "100": "org.example.com" });
    for (setting, claims) in [
        ("roles", json!({ "roles": ["admin", "user"] })),
        ("roles", json!({ "roles": "admin user" })),
        ("roles", json!({ "roles": " admin \n user" })),
        ("roles", json!({ "roles": "admin,user" })),
        ("roles", json!({ "roles": "admin , user," })),
        ("roles", json!({ "roles": { "admin": {}, "user": [] } })),
        (
            "roles",
            json!({ "roles": ["admin", 7, null, "user", "admin", ""] }),
        ),
        (
            zitadel,
            json!({ zitadel: { "admin": organisation, "user": organisation } }),
        ),
        (
            by_project,
            json!({ by_project: { "admin": organisation, "user": organisation } }),
        ),
        (auth0, json!({ auth0: ["admin", "user"] })),
        (
            "realm_access.roles",
            json!({ "realm_access": { "roles": ["admin", "user"] } }),
        ),
        (
            "resource_access.my.app.roles",
            json!({ "resource_access": { "my.app": { "roles": ["admin", "user"] } } }),
        ),
        (
            "resource_access.https://app.example.com/x.roles",
            json!({ "resource_access": {
                "https://app.example.com/x": { "roles": ["admin", "user"] },
            } }),
        ),
        (
            "realm_access.roles groups",
            json!({ "realm_access": { "roles": ["admin"] }, "groups": "user" }),
        ),
        (
            "groups, nothing, https://example.com/roles",
            json!({ "groups": ["admin"], auth0: { "user": true, "admin": true } }),
        ),
    ] {
        let what = format!("{setting} in {claims}");
        let (roles, admin) = roles_of(setting, claims).await;
        assert_eq!(roles, ["admin", "user"], "{what}");
        assert_eq!(admin, StatusCode::OK, "{what}");
    }
}

#[tokio::test]
async fn i25_what_names_no_role_gives_none() {
    for (setting, claims) in [
        (
            "roles",
            json!({ "roles": { "admin": false, "user": true } }),
        ),
        ("roles", json!({ "roles": { "admin": null, "user": {} } })),
        ("roles", json!({ "roles": "administrator user" })),
        (
            "roles",
            json!({ "roles": [["admin"], { "admin": true }, "user"] }),
        ),
        (
            "roles groups",
            json!({ "role": "admin", "groups": ["user"] }),
        ),
        (
            "realm.roles",
            json!({ "realm": ["roles", "admin"], "realm.roles": "user" }),
        ),
    ] {
        let what = format!("{setting} in {claims}");
        let (roles, admin) = roles_of(setting, claims).await;
        let named: Vec<_> = roles.iter().filter(|role| **role == "admin").collect();
        assert!(named.is_empty(), "{what}: {roles:?}");
        assert!(roles.contains(&json!("user")), "{what}: {roles:?}");
        assert_eq!(admin, StatusCode::FORBIDDEN, "{what}");
    }
}

#[tokio::test]
async fn f9_an_auth_time_that_moves_forward_at_a_refresh_goes_on() {
    let app = Fixture::start_with_pages(step_up::pages).await;
    // Too long ago for the vault.
    app.provider.faults().id_token(|token| age_by(token, 3600));
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let first = alice.record().await.session.authenticated_at();
    app.provider.faults().clear();
    app.provider.faults().id_token(|token| age_by(token, 0));
    assert_eq!(alice.fetch("/api/userinfo").await.status, StatusCode::OK);
    assert_eq!(app.token_requests(), 2, "it was refreshed");
    let record = alice.record().await;
    assert_eq!(record.session.authenticated_at(), first);
    assert_eq!(alice.fetch("/test/vault").await.json()["code"], "not_fresh");
}

#[tokio::test]
async fn f9_an_auth_time_that_moves_back_or_is_no_time_ends_the_sign_in() {
    let ways: [fn(u64) -> Value; 3] = [
        |first| json!(first - 1),
        |first| json!(first.to_string()),
        |_| json!([]),
    ];
    for way in ways {
        let app = Fixture::start().await;
        let alice = app.signed_in_with_token_for("alice", ENDED).await;
        let first = alice.record().await.session.authenticated_at().unwrap();
        app.provider
            .faults()
            .id_token(move |token| token.claims["auth_time"] = way(first));
        let answer = alice.fetch("/api/userinfo").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", way(first));
        assert!(!alice.is_signed_in().await, "{}", way(first));
    }
}
