//! Rows D: metadata and keys.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use reqwest::StatusCode;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use vestibule::internals::{self, seal};
use vestibule_dev::{
    provider::{Answer, DevProvider, Ending, Endpoint, Jws, Signature},
    testing::logs,
};

use crate::{
    fixture::Fixture,
    support::{PATHS, TestApp, settings_of},
};

use super::{assert_accepted, assert_is_error_page, assert_refused, without_kid};

/// Signing in is not possible, and the log says why.
async fn assert_unusable(app: &TestApp, causes: &[&str]) {
    let page = app.browser().get(PATHS.login).await;
    assert_is_error_page(&page, "provider_unavailable", &causes.join(" "));
    let log = logs::with(page.header("x-request-id"));
    for cause in causes {
        assert!(log.contains(cause), "{cause} in {log}");
    }
}

async fn another_provider() -> DevProvider {
    DevProvider::start(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap()
}

#[tokio::test]
async fn d1_metadata_of_another_issuer_is_refused_and_both_are_named() {
    for bend in [
        |issuer: &str| format!("{issuer}/"),
        |issuer: &str| issuer.replace("localhost", "Localhost"),
        |issuer: &str| issuer.replace("http:", "https:"),
        |issuer: &str| format!("{issuer}/x"),
        |_: &str| "https://other.example".to_owned(),
    ] {
        let mut issuers = Vec::new();
        let app = Fixture::start_prepared(|_, provider| {
            let claimed = bend(provider.issuer());
            issuers = vec![provider.issuer().to_owned(), claimed.clone()];
            provider.faults().json(Endpoint::Metadata, move |metadata| {
                metadata["issuer"] = json!(claimed);
            });
        })
        .await;
        assert_unusable(&app, &[&issuers[0], &issuers[1]]).await;
    }
}

#[tokio::test]
async fn d1_a_slash_too_many_in_the_settings_is_refused_too() {
    let app = Fixture::start_prepared(|settings, _| {
        settings.provider.as_mut().unwrap().issuer.push('/');
    })
    .await;
    assert_unusable(&app, &["unexpected issuer"]).await;
}

#[test]
fn d2_an_issuer_without_tls_is_refused_at_the_configuration_check() {
    for (issuer, is_usable) in [
        ("https://id.example.com", true),
        ("http://localhost:9000", true),
        ("http://127.0.0.1:9000", true),
        ("http://[::1]:9000", true),
        ("http://id.example.com", false),
        ("http://localhost.example.com", false),
        ("http://10.0.0.1", false),
        ("ftp://id.example.com", false),
    ] {
        let settings = settings_of(|name| match name {
            "OIDC_ISSUER" => Some(issuer.to_owned()),
            "OIDC_CLIENT_ID" => Some("app".to_owned()),
            "OIDC_CLIENT_SECRET" => Some("secret".to_owned()),
            _ => None,
        });
        match settings {
            Ok(_) => assert!(is_usable, "{issuer}"),
            Err(faults) => {
                assert!(!is_usable, "{issuer}: {faults}");
                assert!(faults.to_string().contains("OIDC_ISSUER"), "{faults}");
            }
        }
    }
}

#[tokio::test]
async fn d2_an_endpoint_without_tls_is_refused() {
    for endpoint in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "pushed_authorization_request_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
    ] {
        let app = Fixture::start_prepared(|_, provider| {
            provider.faults().json(Endpoint::Metadata, move |metadata| {
                metadata[endpoint] = json!("http://id.example.com/here");
            });
        })
        .await;
        assert_unusable(&app, &[endpoint, "TLS"]).await;
    }
}

#[tokio::test]
async fn d2_keys_without_tls_are_not_even_asked_for() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    // This machine by an address that does not say so: a call would get there.
    let port = elsewhere.local_addr().unwrap().port();
    let keys = format!("http://0.0.0.0:{port}/keys");
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Metadata, move |metadata| {
            metadata["jwks_uri"] = json!(keys);
        });
    })
    .await;
    assert_unusable(&app, &["TLS"]).await;
    assert!(elsewhere.accept().is_err());
}

#[tokio::test]
async fn metadata_without_a_token_endpoint_are_of_no_use() {
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Metadata, |metadata| {
            metadata.as_object_mut().unwrap().remove("token_endpoint");
        });
    })
    .await;
    assert_unusable(&app, &["token_endpoint"]).await;
}

#[tokio::test]
async fn d3_a_redirect_of_metadata_or_keys_is_not_followed() {
    for (endpoint, status) in [
        (Endpoint::Metadata, 301),
        (Endpoint::Metadata, 307),
        (Endpoint::Keys, 302),
        (Endpoint::Keys, 308),
    ] {
        let elsewhere = another_provider().await;
        let there = format!("{}{}", elsewhere.issuer(), endpoint.path());
        let app = Fixture::start_prepared(|_, provider| {
            let answer = Answer::new(status, "text/plain", "").with_header("location", &there);
            provider.faults().instead(endpoint, answer);
        })
        .await;
        assert_unusable(&app, &[&status.to_string()]).await;
        assert!(elsewhere.requests().is_empty(), "{endpoint:?} {status}");
    }
}

#[tokio::test]
async fn d3_a_redirect_of_the_token_endpoint_gets_no_code() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    let elsewhere = another_provider().await;
    let there = format!("{}{}", elsewhere.issuer(), Endpoint::Token.path());
    let answer = Answer::new(307, "text/plain", "").with_header("location", &there);
    app.provider.faults().instead(Endpoint::Token, answer);
    assert_refused(&bob, "token_answer", "307").await;
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn d4_the_app_starts_without_its_provider_and_recovers_by_itself() {
    let app = Fixture::start_with_provider_down().await;
    let browser = app.browser();

    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    let ready = browser.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["provider"], "unavailable");
    let login = browser.get(PATHS.login).await;
    assert_eq!(login.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!login.header("retry-after").is_empty());
    assert!(login.body.contains("<code>provider_unavailable</code>"));

    app.provider.start_again().await.unwrap();
    app.eventually(async || browser.get("/readyz").await.status == StatusCode::OK)
        .await;
    assert_eq!(
        browser.sign_in_as("alice", "/profile").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn d5_an_answer_without_end_is_cut_off() {
    for endpoint in [Endpoint::Metadata, Endpoint::Keys] {
        for ending in [Ending::Endless, Ending::Hung] {
            let app = Fixture::start_prepared(|settings, provider| {
                settings.relying_party.timeout = Duration::from_secs(3);
                provider
                    .faults()
                    .answer(endpoint, move |answer| answer.ending = ending);
            })
            .await;
            assert_unusable(&app, &[]).await;
            app.provider.faults().clear();
            assert_becomes_usable(&app).await;
        }
    }
}

#[tokio::test]
async fn d5_metadata_beyond_512_kb_are_refused_and_below_are_not() {
    for (bytes, is_usable) in [(512 * 1024, true), (512 * 1024 + 1, false)] {
        let app = Fixture::start_prepared(|_, provider| {
            provider.faults().json(Endpoint::Metadata, move |metadata| {
                metadata["padding"] = json!("");
                let used = metadata.to_string().len();
                metadata["padding"] = json!("x".repeat(bytes - used));
            });
        })
        .await;
        if is_usable {
            assert_accepted(&app, "512 KB of metadata").await;
        } else {
            assert_unusable(&app, &["longer than"]).await;
        }
    }
}

#[tokio::test]
async fn d5_other_requests_are_answered_while_the_provider_hangs() {
    let app = Fixture::start_prepared(|settings, provider| {
        settings.relying_party.timeout = Duration::from_secs(120);
        provider
            .faults()
            .answer(Endpoint::Metadata, |answer| answer.ending = Ending::Hung);
    })
    .await;
    let browser = app.browser();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let browser = browser.clone();
            tokio::spawn(async move { browser.get(PATHS.login).await.status })
        })
        .collect();
    let provider = app.provider.clone();
    app.eventually(async || !provider.requests_to(Endpoint::Metadata).is_empty())
        .await;
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    for login in waiting {
        assert!(!login.is_finished());
        login.abort();
    }
    app.provider.stop().await;
}

async fn assert_becomes_usable(app: &TestApp) {
    let browser = app.browser();
    app.eventually(async || browser.get("/readyz").await.status == StatusCode::OK)
        .await;
    assert_accepted(app, "the provider is well again").await;
}

#[tokio::test]
async fn d6_keys_that_were_rotated_are_fetched() {
    for keep_former in [true, false] {
        let app = Fixture::start().await;
        app.signed_in_as("alice").await;
        app.provider.rotate_keys(keep_former).unwrap();
        assert_accepted(&app, "rotated keys").await;
        assert_eq!(app.provider.requests_to(Endpoint::Keys).len(), 2);
        assert_accepted(&app, "the same keys").await;
        assert_eq!(app.provider.requests_to(Endpoint::Keys).len(), 2);
    }
}

#[tokio::test]
async fn d6_keys_without_names_can_be_rotated() {
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Keys, |keys| {
            keys["keys"][0].as_object_mut().unwrap().remove("kid");
        });
        provider.faults().id_token(without_kid);
    })
    .await;
    assert_accepted(&app, "the first key").await;
    app.provider.rotate_keys(false).unwrap();
    assert_accepted(&app, "the second key").await;
}

#[tokio::test]
async fn d6_people_who_sign_in_during_a_rotation_all_get_in() {
    let app = Fixture::start().await;
    let (alice, bob) = (app.browser(), app.browser());
    let for_alice = alice.answer_of_provider("alice", "/profile").await;
    let for_bob = bob.answer_of_provider("bob", "/profile").await;
    app.provider.rotate_keys(false).unwrap();

    // Alice's token is under way while bob's makes the app read the keys.
    app.provider
        .faults()
        .once()
        .answer(Endpoint::Token, |answer| {
            answer.delay = Duration::from_secs(2);
        });
    let alice = tokio::spawn(async move { alice.follow(for_alice).await.status });
    app.eventually(async || app.token_requests() == 1).await;
    assert_eq!(bob.follow(for_bob).await.status, StatusCode::OK);
    assert_eq!(app.provider.requests_to(Endpoint::Keys).len(), 2);

    assert_eq!(alice.await.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn d7_made_up_key_ids_cause_one_look_at_the_keys_in_a_while() {
    for (keys_are_down, code) in [(false, "id_token"), (true, "provider_unavailable")] {
        let app = Fixture::start().await;
        let browser = app.browser();
        browser.visit(PATHS.login).await;
        let began = std::time::Instant::now();
        app.provider.faults().id_token(|token| {
            token.header["kid"] = json!(seal::random_string().unwrap());
        });
        if keys_are_down {
            let down = Answer::new(500, "text/plain", "down");
            app.provider.faults().instead(Endpoint::Keys, down);
        }
        for _ in 0..100 {
            let request = browser.get(PATHS.login).await.location();
            let answer = app.provider.sign_in(request.as_str(), "alice").unwrap();
            let page = browser.get(&answer).await;
            assert_is_error_page(&page, code, "a key id that nobody knows");
        }
        // One look at the start, and one in ten seconds.
        let allowed = 2 + began.elapsed().as_secs() / 10;
        let looks = app.provider.requests_to(Endpoint::Keys).len();
        assert!(looks as u64 <= allowed, "{looks} looks, {allowed} allowed");
    }
}

#[tokio::test]
async fn d8_keys_that_the_app_cannot_use_are_skipped() {
    let unusable = [
        json!({ "kty": "quantum", "kid": "1" }),
        json!({ "kid": "2" }),
        json!({ "kty": "EC", "crv": "P-9999", "kid": "3", "x": "AA", "y": "AA" }),
        json!({ "kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "kid": "4", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "OKP", "crv": "X25519", "kid": "5", "x": "AA" }),
        json!("not a key"),
    ];
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().json(Endpoint::Keys, move |keys| {
            keys["keys"]
                .as_array_mut()
                .unwrap()
                .splice(0..0, unusable.clone());
        });
    })
    .await;
    assert_accepted(&app, "one good key among others").await;
}

#[tokio::test]
async fn d8_a_key_with_a_member_twice_is_skipped() {
    let app = Fixture::start_prepared(|_, provider| {
        provider.faults().answer(Endpoint::Keys, |answer| {
            let body = String::from_utf8(answer.body.clone()).unwrap();
            let twice = r#"{"keys":[{"kty":"OKP","kty":"RSA","kid":"x","n":"AQAB","e":"AQAB"},"#;
            answer.body = body.replacen(r#"{"keys":["#, twice, 1).into();
        });
    })
    .await;
    assert_accepted(&app, "one good key beside it").await;
}

#[tokio::test]
async fn d8_a_key_for_encryption_verifies_no_signature() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    app.provider.rotate_keys(false).unwrap();
    app.provider.faults().json(Endpoint::Keys, |keys| {
        keys["keys"][0]["use"] = json!("enc");
    });
    assert_refused(&bob, "id_token", "use: enc").await;
}

/// Signs a token with a key that is not the provider's.
fn forge(token: &mut Jws, forger: &Ed25519KeyPair) {
    let part = |part: &Value| seal::encode(part.to_string().as_bytes());
    let message = format!("{}.{}", part(&token.header), part(&token.claims));
    let signature = seal::encode(forger.sign(message.as_bytes()).as_ref());
    token.signature = Signature::Instead(format!("{message}.{signature}"));
}

#[tokio::test]
async fn d9_keys_that_a_token_brings_along_are_ignored() {
    let elsewhere = another_provider().await;
    let keys = format!("{}{}", elsewhere.issuer(), Endpoint::Keys.path());
    let forger = || Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public = seal::encode(forger().public_key().as_ref());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "forged", "x": public });
    let published = jwk.clone();
    elsewhere.faults().json(Endpoint::Keys, move |keys| {
        *keys = json!({ "keys": [published] });
    });

    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!(keys)),
        ("x5u", json!(keys)),
        ("x5c", json!([public])),
    ] {
        for kid in [None, Some("forged")] {
            app.provider.faults().clear();
            let value = value.clone();
            app.provider.faults().id_token(move |token| {
                token.header[name] = value.clone();
                match kid {
                    Some(kid) => token.header["kid"] = json!(kid),
                    None => without_kid(token),
                }
                forge(token, &forger());
            });
            assert_refused(&bob, "id_token", name).await;
        }
        app.provider.faults().clear();
        let value = json!(keys);
        app.provider
            .faults()
            .id_token(move |token| token.header[name] = value.clone());
        assert_accepted(&app, &format!("{name}, and the provider's own signature")).await;
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn d10_what_is_known_stays_in_use_when_a_later_look_fails() {
    let app = Fixture::start().await;
    app.signed_in_as("alice").await;
    let faults = app.provider.faults();
    let down = || Answer::new(500, "text/plain", "down");
    let wrong: [(&str, &dyn Fn()); 4] = [
        ("metadata are down", &|| {
            faults.instead(Endpoint::Metadata, down())
        }),
        ("keys are down", &|| faults.instead(Endpoint::Keys, down())),
        ("another issuer", &|| {
            faults.json(Endpoint::Metadata, |metadata| {
                metadata["issuer"] = json!("https://other.example");
            });
        }),
        ("nonsense", &|| {
            faults.instead(
                Endpoint::Metadata,
                Answer::new(200, "text/html", "<p>hello"),
            );
        }),
    ];
    for (what, set) in wrong {
        faults.clear();
        set();
        internals::provider(app.oidc()).unwrap().look_again().await;
        assert_accepted(&app, what).await;
        assert_eq!(app.browser().get("/readyz").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn d10_a_later_look_that_succeeds_counts() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let may_send_forms_there = async || {
        let page = alice.get("/").await;
        let policy = page.header("content-security-policy");
        policy.contains("https://id.example.com")
    };
    assert!(!may_send_forms_there().await);
    app.provider.faults().json(Endpoint::Metadata, |metadata| {
        metadata["authorization_endpoint"] = json!("https://id.example.com/new");
        metadata["end_session_endpoint"] = json!("https://id.example.com/out");
    });
    internals::provider(app.oidc()).unwrap().look_again().await;
    let login = app.browser().get(PATHS.login).await.location();
    assert_eq!(login.host_str(), Some("id.example.com"));
    // The form to sign out ends at the provider.
    assert!(may_send_forms_there().await);
}
