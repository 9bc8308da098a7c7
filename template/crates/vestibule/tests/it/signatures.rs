//! Which signatures count is for the app's settings to say.

use crate::{
    fixture::Fixture,
    keys::RSA_PEM,
    support::{PATHS, TestApp},
};

async fn accepting(algorithms: &str) -> TestApp {
    Fixture::start_with_env(&[("OIDC_SIGNATURE_ALGORITHMS", algorithms)]).await
}

/// A way for the provider to sign: its name, and what brings it about.
type Way = (&'static str, fn(&TestApp));

const WAYS: [Way; 4] = [
    ("EdDSA", |_| {}),
    ("ES256", |app| app.provider.use_p256_key().unwrap()),
    ("RS256", |app| app.provider.use_rsa_pem(RSA_PEM).unwrap()),
    ("PS256", |app| {
        app.provider.use_rsa_pem(RSA_PEM).unwrap();
        app.provider
            .faults()
            .id_token(|token| token.header["alg"] = "PS256".into());
    }),
];

#[tokio::test]
async fn all_signatures_with_private_keys_count_by_default() {
    for (name, sign_so) in WAYS {
        let app = Fixture::start().await;
        sign_so(&app);
        let alice = app.browser();
        alice.sign_in_as("alice", PATHS.login).await;
        assert!(alice.is_signed_in().await, "{name}");
    }
}

#[tokio::test]
async fn only_the_signatures_that_the_settings_name_count() {
    for (name, sign_so) in WAYS {
        let others: Vec<&str> = ["EdDSA", "ES256", "RS256", "PS256"]
            .into_iter()
            .filter(|other| *other != name)
            .collect();
        let app = accepting(&others.join(" ")).await;
        sign_so(&app);
        let alice = app.browser();
        let page = alice.sign_in_as("alice", PATHS.login).await;
        assert!(page.body.contains("id_token"), "{name}: {}", page.body);
        assert!(!alice.is_signed_in().await, "{name}");

        let app = accepting(name).await;
        sign_so(&app);
        let alice = app.browser();
        alice.sign_in_as("alice", PATHS.login).await;
        assert!(alice.is_signed_in().await, "{name}");
    }
}
