//! How the app proves to the provider that it is the client.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::StatusCode;
use url::form_urlencoded;
use vestibule::{
    Secret,
    settings::{Credential, SecretMethod},
};
use vestibule_dev::provider::{Client, Endpoint, Request};

use crate::{
    fixture::Fixture,
    keys::{ClientKey, decoded},
    support::{PATHS, TestApp, signed_in_near_the_end},
};

/// Signs alice in, renews her access token and signs her out: returns what the
/// token and revocation endpoints were sent.
async fn requests_of_a_visit(app: &TestApp) -> Vec<Request> {
    let alice = signed_in_near_the_end(app, "alice").await;
    assert_eq!(alice.fetch("/api/userinfo").await.status, StatusCode::OK);
    assert_eq!(alice.sign_out().await.status, StatusCode::SEE_OTHER);
    let are_revoked = async || app.provider.requests_to(Endpoint::Revocation).len() == 2;
    app.eventually(are_revoked).await;
    let mut requests = app.provider.requests_to(Endpoint::Token);
    assert_eq!(requests.len(), 2, "the code, and the refresh token");
    requests.extend(app.provider.requests_to(Endpoint::Revocation));
    requests
}

#[tokio::test]
async fn a_secret_travels_where_the_settings_say() {
    for method in [SecretMethod::Basic, SecretMethod::Post] {
        let app = Fixture::start_prepared(|settings, _| {
            let client = settings.provider.as_mut().unwrap();
            if let Credential::Secret { method: chosen, .. } = &mut client.credential {
                *chosen = Some(method);
            }
        })
        .await;
        for request in requests_of_a_visit(&app).await {
            let in_header = request.header("authorization").is_some();
            let in_body = request.form("client_secret").is_some();
            assert_eq!(in_header, method == SecretMethod::Basic);
            assert_eq!(in_body, method == SecretMethod::Post);
            assert!(request.form("client_assertion").is_none());
        }
    }
}

/// RFC 6749 2.3.1 has both parts of the header encoded as in a form first.
#[tokio::test]
async fn a_secret_of_any_characters_arrives_as_it_is() {
    const SECRET: &str = "a+b c:d%41&e=ü";
    for method in [SecretMethod::Basic, SecretMethod::Post] {
        let app = Fixture::start_prepared(|settings, provider| {
            let relying_party = &settings.relying_party;
            let client = settings.provider.as_mut().unwrap();
            client.credential = Credential::Secret {
                secret: Secret::new(SECRET),
                method: Some(method),
            };
            provider.register(Client {
                id: client.client_id.clone(),
                secret: SECRET.to_owned(),
                redirect_uris: vec![relying_party.login_redirect_uri.to_string()],
                post_logout_redirect_uris: vec![relying_party.logout_redirect_uri.to_string()],
                backchannel_logout_uri: None,
            });
        })
        .await;
        for request in requests_of_a_visit(&app).await {
            let arrived = match request.header("authorization") {
                None => request.form("client_secret").unwrap().to_owned(),
                Some(header) => {
                    let encoded = BASE64_STANDARD.decode(header.strip_prefix("Basic ").unwrap());
                    let encoded = String::from_utf8(encoded.unwrap()).unwrap();
                    let (_, secret) = encoded.split_once(':').unwrap();
                    let pair = format!("={secret}");
                    let mut pairs = form_urlencoded::parse(pair.as_bytes());
                    pairs.next().unwrap().1.into_owned()
                }
            };
            assert_eq!(arrived, SECRET);
        }
    }
}

#[tokio::test]
async fn a_private_key_of_any_kind_takes_the_place_of_the_secret() {
    for (key, algorithm) in [
        (ClientKey::rsa(), "RS256"),
        (ClientKey::rsa_pkcs8(), "RS256"),
        (ClientKey::p256(), "ES256"),
        (ClientKey::p384(), "ES384"),
        (ClientKey::ed25519(), "EdDSA"),
    ] {
        let app =
            Fixture::start_prepared(|settings, provider| key.install(settings, provider, &[]))
                .await;
        for request in requests_of_a_visit(&app).await {
            assert!(request.header("authorization").is_none());
            assert!(request.form("client_secret").is_none());
            let (header, _) = decoded(request.form("client_assertion").unwrap());
            assert_eq!(header["alg"], algorithm);
            assert!(header.get("kid").is_none());
        }
    }
}

/// Sign in with Apple.
#[tokio::test]
async fn a_secret_is_signed_anew_for_each_call() {
    let key = ClientKey::p256();
    let app = Fixture::start_prepared(|settings, provider| {
        let more = [
            ("OIDC_CLIENT_AUTH", "signed_secret"),
            ("OIDC_CLIENT_KEY_ID", "ABC123"),
            ("OIDC_CLIENT_KEY_ISSUER", "TEAM45"),
        ];
        key.install(settings, provider, &more);
    })
    .await;
    let requests = requests_of_a_visit(&app).await;
    assert_eq!(requests.len(), 4);
    for request in requests {
        assert!(request.header("authorization").is_none());
        assert!(request.form("client_assertion").is_none());
        assert_eq!(request.form("client_id"), Some("app"));
        let (header, claims) = decoded(request.form("client_secret").unwrap());
        assert_eq!(
            (&header["alg"], &header["kid"]),
            (&"ES256".into(), &"ABC123".into())
        );
        assert_eq!(claims["iss"], "TEAM45");
        assert_eq!(claims["sub"], "app");
        assert_eq!(claims["aud"], app.provider.issuer());
        let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert_eq!(life, 60);
    }
}

#[tokio::test]
async fn the_algorithm_is_one_that_the_provider_takes() {
    let key = ClientKey::rsa();
    let app = Fixture::start_prepared(|settings, provider| {
        key.install(settings, provider, &[]);
        provider.faults().json(Endpoint::Metadata, |metadata| {
            metadata["token_endpoint_auth_signing_alg_values_supported"] =
                serde_json::json!(["ES256", "PS256", "EdDSA"]);
        });
    })
    .await;
    app.signed_in_as("alice").await;
    let request = &app.provider.requests_to(Endpoint::Token)[0];
    let (header, _) = decoded(request.form("client_assertion").unwrap());
    assert_eq!(header["alg"], "PS256");
}

#[tokio::test]
async fn a_key_that_the_provider_cannot_check_is_named_at_the_first_sign_in() {
    let key = ClientKey::p256();
    let app = Fixture::start_prepared(|settings, provider| {
        key.install(settings, provider, &[]);
        provider.faults().json(Endpoint::Metadata, |metadata| {
            metadata["token_endpoint_auth_signing_alg_values_supported"] =
                serde_json::json!(["RS256"]);
        });
    })
    .await;
    let page = app.browser().get(PATHS.login).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.body.contains("provider_unavailable"), "{}", page.body);
}

#[tokio::test]
async fn key_id_and_audience_are_those_of_the_settings() {
    for (setting, at_token, at_revocation) in [
        ("issuer", "", ""),
        ("token_endpoint", "/token", "/token"),
        ("endpoint", "/token", "/revoke"),
    ] {
        let key = ClientKey::p256();
        let app = Fixture::start_prepared(|settings, provider| {
            let more = [
                ("OIDC_CLIENT_KEY_ID", "key-7"),
                ("OIDC_CLIENT_KEY_AUDIENCE", setting),
            ];
            key.install(settings, provider, &more);
        })
        .await;
        let requests = requests_of_a_visit(&app).await;
        let paths = [at_token, at_token, at_revocation, at_revocation];
        for (request, path) in requests.iter().zip(paths) {
            let (header, claims) = decoded(request.form("client_assertion").unwrap());
            assert_eq!(header["kid"], "key-7");
            assert_eq!(claims["aud"], format!("{}{path}", app.provider.issuer()));
        }
    }
}
