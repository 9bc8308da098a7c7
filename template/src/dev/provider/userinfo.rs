//! The userinfo endpoint (OIDC Core 5.3): claims for whoever brings an access
//! token in the `Authorization` header, and nowhere else.

use super::{
    exchange::{Answer, Request},
    state::Shared,
    token::personal_claims,
};

pub(super) fn answer(shared: &Shared, request: &Request) -> Answer {
    let Some(token) = bearer_token(request) else {
        // RFC 6750, section 3.1: no token, no error code.
        return Answer::new(
            401,
            "text/plain; charset=utf-8",
            "no access token came along",
        )
        .with_header("www-authenticate", "Bearer realm=\"development provider\"");
    };
    let grant = shared.state().grants.of_access_token(token).cloned();
    match grant {
        Some(grant) => Answer::json(200, &personal_claims(shared, &grant))
            .with_header("cache-control", "no-store"),
        None => Answer::oauth_error(
            401,
            "invalid_token",
            "the access token is unknown, expired or revoked",
        )
        .with_header(
            "www-authenticate",
            "Bearer realm=\"development provider\", error=\"invalid_token\", \
             error_description=\"the access token is unknown, expired or revoked\"",
        ),
    }
}

fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
