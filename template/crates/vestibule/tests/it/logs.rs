//! The log of the tests is searched for secrets after each of them.

use crate::support::{signed_in_as, tokens_of};

#[tokio::test]
#[should_panic(expected = "the log contains")]
async fn a_test_whose_app_logs_a_secret_fails() {
    let alice = signed_in_as("alice").await;
    tracing::debug!("{}", alice.cookie("user-session"));
}

#[tokio::test]
async fn a_record_in_the_log_tells_no_secret() {
    let alice = signed_in_as("alice").await;
    let session = &alice.record().await.session;
    let shown = format!("{session:?}");
    assert!(shown.contains(&session.person_tag()), "{shown}");
    let tokens = tokens_of(session);
    let secrets = ["nonce", "access_token", "id_token"].map(|name| tokens[name].as_str().unwrap());
    for secret in secrets.into_iter().chain([session.csrf_token()]) {
        assert!(!shown.contains(secret), "{shown}");
    }
}
