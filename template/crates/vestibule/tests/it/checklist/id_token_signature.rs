//! Section I, second part: who signed the ID token, and how.

use reqwest::StatusCode;
use ring::rsa;
use rustls::pki_types::{PrivatePkcs1KeyDer, pem::PemObject};
use serde_json::{Value, json};
use vestibule::{internals::seal, settings::Credential};
use vestibule_dev::provider::{Endpoint, Jws, Signature};

use crate::{fixture::Fixture, keys::RSA_PEM};

use super::{
    assert_accepted, assert_id_tokens_accepted, assert_id_tokens_refused, assert_is_error_page,
    assert_refused, without_kid,
};

#[tokio::test]
async fn i5_a_wrong_signature_is_refused() {
    assert_id_tokens_refused(&[
        ("another key's", |token| {
            token.signature = Signature::Foreign
        }),
        ("none", |token| token.signature = Signature::Missing),
        ("zeros", |token| {
            token.signature = Signature::Bytes(vec![0; 64])
        }),
        ("too short", |token| {
            token.signature = Signature::Bytes(vec![1; 63])
        }),
        ("too long", |token| {
            token.signature = Signature::Bytes(vec![1; 65])
        }),
    ])
    .await;
}

/// A name, and what somebody on the way does to the parts of a token.
type Change = (&'static str, fn(&mut Vec<String>));

#[tokio::test]
async fn i5_what_was_changed_after_signing_is_refused() {
    let app = Fixture::start().await;
    let bob = app.signed_in_as("bob").await;
    let changes: [Change; 4] = [
        ("the payload", |parts| {
            let payload = seal::decode(&parts[1]).unwrap();
            let mut claims: Value = serde_json::from_slice(&payload).unwrap();
            claims["roles"] = json!(["admin", "owner"]);
            parts[1] = seal::encode(claims.to_string().as_bytes());
        }),
        ("the header", |parts| {
            let header = seal::decode(&parts[0]).unwrap();
            let mut header: Value = serde_json::from_slice(&header).unwrap();
            header["x"] = json!(1);
            parts[0] = seal::encode(header.to_string().as_bytes());
        }),
        ("a bit of the signature", |parts| {
            let mut signature = seal::decode(&parts[2]).unwrap();
            signature[20] ^= 1;
            parts[2] = seal::encode(&signature);
        }),
        ("the signature's other half", |parts| {
            let mut signature = seal::decode(&parts[2]).unwrap();
            signature[40] ^= 0x80;
            parts[2] = seal::encode(&signature);
        }),
    ];
    for (what, change) in changes {
        app.provider.faults().clear();
        app.provider.faults().json(Endpoint::Token, move |answer| {
            let token = answer["id_token"].as_str().unwrap();
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            change(&mut parts);
            answer["id_token"] = json!(parts.join("."));
        });
        assert_refused(&bob, "id_token", what).await;
    }
}

#[tokio::test]
async fn i6_an_unsigned_token_is_refused_however_it_says_so() {
    assert_id_tokens_refused(&[
        ("none", |token| token.unsecured()),
        ("None", |token| {
            token.unsecured();
            token.header["alg"] = json!("None");
        }),
        ("NONE", |token| {
            token.unsecured();
            token.header["alg"] = json!("NONE");
        }),
        ("nOnE", |token| {
            token.unsecured();
            token.header["alg"] = json!("nOnE");
        }),
        ("empty", |token| {
            token.unsecured();
            token.header["alg"] = json!("");
        }),
        ("null", |token| {
            token.unsecured();
            token.header["alg"] = Value::Null;
        }),
        ("missing", |token| {
            token.signature = Signature::Missing;
            token.header.as_object_mut().unwrap().remove("alg");
        }),
        ("none over a true signature", |token| {
            token.header["alg"] = json!("none");
        }),
        ("missing over a true signature", |token| {
            token.header.as_object_mut().unwrap().remove("alg");
        }),
        ("an unknown one", |token| {
            token.header["alg"] = json!("EdDSA2")
        }),
    ])
    .await;
}

/// What somebody who knows the public keys, or the client secret, can make an
/// HMAC key of.
fn keys_of_a_forger(jwk: &Value, secret: &str) -> Vec<(&'static str, Vec<u8>)> {
    let der = PrivatePkcs1KeyDer::from_pem_slice(RSA_PEM.as_bytes()).unwrap();
    let pair = rsa::KeyPair::from_der(der.secret_pkcs1_der()).unwrap();
    let public_der = pair.public().as_ref().to_vec();
    let member = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
    vec![
        ("the JWK as a string", jwk.to_string().into_bytes()),
        ("the modulus", seal::decode(&member("n")).unwrap()),
        ("the modulus as a string", member("n").into_bytes()),
        ("the point", seal::decode(&member("x")).unwrap()),
        ("the point as a string", member("x").into_bytes()),
        ("the public key as DER", public_der),
        ("the client secret", secret.as_bytes().to_vec()),
        ("nothing", Vec::new()),
    ]
}

#[tokio::test]
async fn i7_a_token_keyed_with_what_a_forger_knows_is_refused() {
    for is_rsa in [true, false] {
        let mut secret = String::new();
        let app = Fixture::start_prepared(|settings, provider| {
            if is_rsa {
                provider.use_rsa_pem(RSA_PEM).unwrap();
            }
            let client = settings.provider.as_ref().unwrap();
            if let Credential::Secret { secret: known, .. } = &client.credential {
                secret = known.expose().to_owned();
            }
            // What the provider says it does decides nothing.
            provider.faults().json(Endpoint::Metadata, |metadata| {
                metadata["id_token_signing_alg_values_supported"] =
                    json!(["none", "HS256", "HS384", "HS512"]);
            });
        })
        .await;
        let bob = app.signed_in_as("bob").await;
        let keys = format!("{}{}", app.provider.issuer(), Endpoint::Keys.path());
        let keys = app.browser().get(&keys).await.json();
        assert!(!secret.is_empty());
        for (what, key) in keys_of_a_forger(&keys["keys"][0], &secret) {
            for alg in ["HS256", "HS384", "HS512"] {
                app.provider.faults().clear();
                let key = key.clone();
                app.provider.faults().id_token(move |token| {
                    token.header["alg"] = json!(alg);
                    token.signature = Signature::Hmac(key.clone());
                });
                assert_refused(&bob, "id_token", &format!("{alg} with {what}")).await;
            }
        }
        app.provider.faults().clear();
        assert_accepted(&app, "the provider's own signature").await;
    }
}

#[tokio::test]
async fn i8_an_algorithm_of_another_family_than_the_keys_is_refused() {
    let others: [(bool, &[&str]); 2] = [
        (true, &["EdDSA", "ES256", "ES384", "HS256"]),
        (false, &["RS256", "PS256", "ES256", "HS256"]),
    ];
    for (is_rsa, algorithms) in others {
        let app = Fixture::start_prepared(|_, provider| {
            if is_rsa {
                provider.use_rsa_pem(RSA_PEM).unwrap();
            }
        })
        .await;
        let bob = app.signed_in_as("bob").await;
        for &alg in algorithms {
            app.provider.faults().clear();
            app.provider
                .faults()
                .id_token(move |token| token.header["alg"] = json!(alg));
            assert_refused(&bob, "id_token", alg).await;
        }
    }
}

#[tokio::test]
async fn i8_a_key_made_for_another_algorithm_is_refused() {
    for (alg, is_fit) in [("RS256", true), ("RS512", false), ("PS256", false)] {
        let app = Fixture::start_prepared(|_, provider| {
            provider.use_rsa_pem(RSA_PEM).unwrap();
            provider.faults().json(Endpoint::Keys, move |keys| {
                keys["keys"][0]["alg"] = json!(alg);
            });
        })
        .await;
        let browser = app.browser();
        let page = browser.sign_in_as("alice", "/profile").await;
        if is_fit {
            assert_eq!(page.status, StatusCode::OK, "{alg}");
        } else {
            assert_is_error_page(&page, "id_token", alg);
            assert!(!browser.is_signed_in().await, "{alg}");
        }
    }
}

#[tokio::test]
async fn i9_a_token_without_kid_is_accepted_if_one_key_fits() {
    let app = Fixture::start_prepared(|_, provider| provider.faults().id_token(without_kid)).await;
    assert_accepted(&app, "one key").await;

    // A key of another family beside it.
    let app = Fixture::start_prepared(|_, provider| {
        provider.use_rsa_pem(RSA_PEM).unwrap();
        provider.rotate_keys(true).unwrap();
        provider.faults().id_token(without_kid);
    })
    .await;
    assert_accepted(&app, "one key of its family").await;
}

#[tokio::test]
async fn i9_a_token_without_kid_is_tried_with_every_key_that_fits() {
    let app = Fixture::start_prepared(|_, provider| provider.rotate_keys(true).unwrap()).await;
    app.provider.faults().id_token(without_kid);
    assert_accepted(&app, "two keys of one family").await;

    let bob = app.signed_in_as("bob").await;
    app.provider
        .faults()
        .id_token(|token| token.signature = Signature::Foreign);
    assert_refused(&bob, "id_token", "none of them").await;
}

#[tokio::test]
async fn i10_another_kind_of_token_is_refused() {
    assert_id_tokens_refused(&[
        ("an access token", |token| {
            token.header["typ"] = json!("at+jwt")
        }),
        ("in capitals", |token| token.header["typ"] = json!("AT+JWT")),
        ("with its prefix", |token| {
            token.header["typ"] = json!("application/at+jwt");
        }),
        ("a logout token", |token| {
            token.header["typ"] = json!("logout+jwt")
        }),
        ("a DPoP proof", |token| {
            token.header["typ"] = json!("dpop+jwt")
        }),
        ("a security event", |token| {
            token.header["typ"] = json!("secevent+jwt");
        }),
        ("empty", |token| token.header["typ"] = json!("")),
        ("a number", |token| token.header["typ"] = json!(1)),
    ])
    .await;
}

#[tokio::test]
async fn i10_the_usual_kind_is_accepted() {
    assert_id_tokens_accepted(&[
        ("JWT", |token| token.header["typ"] = json!("JWT")),
        ("jwt", |token| token.header["typ"] = json!("jwt")),
        ("with its prefix", |token| {
            token.header["typ"] = json!("application/jwt");
        }),
        ("missing", |token| {
            token.header.as_object_mut().unwrap().remove("typ");
        }),
    ])
    .await;
}

#[tokio::test]
async fn i11_what_the_app_cannot_read_is_refused() {
    fn instead(token: &mut Jws, text: &str) {
        token.signature = Signature::Instead(text.to_owned());
    }
    assert_id_tokens_refused(&[
        ("crit", |token| {
            token.header["crit"] = json!(["exp"]);
        }),
        ("crit of something unknown", |token| {
            token.header["crit"] = json!(["b64"]);
            token.header["b64"] = json!(false);
        }),
        ("an empty crit", |token| token.header["crit"] = json!([])),
        ("a token within", |token| token.header["cty"] = json!("JWT")),
        ("another content", |token| {
            token.header["cty"] = json!("text/plain")
        }),
        ("encrypted", |token| {
            let header = json!({ "alg": "RSA-OAEP", "enc": "A128GCM" });
            let header = seal::encode(header.to_string().as_bytes());
            instead(token, &format!("{header}.AAAA.AAAA.AAAA.AAAA"));
        }),
        ("encryption as alg", |token| {
            token.header["alg"] = json!("A128GCM")
        }),
        ("dots", |token| instead(token, "..")),
        ("two parts", |token| instead(token, "e30.e30")),
        ("four parts", |token| instead(token, "e30.e30.e30.e30")),
        ("not base64", |token| instead(token, "{}.{}.{}")),
        ("not JSON", |token| instead(token, "AAAA.AAAA.AAAA")),
        ("not objects", |token| instead(token, "W10.W10.AAAA")),
    ])
    .await;
}
