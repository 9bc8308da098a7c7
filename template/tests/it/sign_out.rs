//! People get out, and stay out.

use reqwest::StatusCode;

use crate::support::signed_in_as;

#[tokio::test]
async fn alice_signs_out_here_and_at_the_provider() {
    let alice = signed_in_as("alice").await;
    let csrf_token = alice.get("/").await.field("csrf_token");

    let redirect = alice.post("/logout", &[("csrf_token", &csrf_token)]).await;

    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    let url = redirect.location();
    assert!(url.as_str().starts_with(alice.app.provider.issuer()));
    for parameter in [
        "id_token_hint",
        "client_id",
        "post_logout_redirect_uri",
        "state",
    ] {
        assert!(
            url.query_pairs().any(|(name, _)| name == parameter),
            "{parameter} in {url}"
        );
    }
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), "/logged-out");
    assert!(page.body.contains("You are signed out"));
    assert_eq!(
        alice.fetch("/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}
