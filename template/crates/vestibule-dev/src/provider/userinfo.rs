//! The userinfo endpoint (OIDC Core 5.3): claims for callers that send an access
//! token in the `Authorization` header, and nowhere else.

use serde_json::json;

use super::{
    exchange::{Answer, Request},
    grants::Grant,
    jws::Jws,
    state::Shared,
    token::personal_claims,
};

pub(super) fn answer(shared: &Shared, request: &Request) -> Answer {
    let Some(token) = bearer_token(request) else {
        // RFC 6750, section 3.1: no token, no error code.
        return Answer::new(
            401,
            "text/plain; charset=utf-8",
            "the request has no access token",
        )
        .with_header("www-authenticate", "Bearer realm=\"development provider\"");
    };
    let grant = shared.state().grants.of_access_token(token).cloned();
    match grant {
        Some(grant) => claims(shared, &grant).with_header("cache-control", "no-store"),
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

/// JSON, or a signed token (OIDC Core 5.3.2).
fn claims(shared: &Shared, grant: &Grant) -> Answer {
    let mut claims = personal_claims(shared, grant);
    if !shared.state().signs_userinfo {
        return Answer::json(200, &claims);
    }
    claims["iss"] = json!(shared.issuer);
    claims["aud"] = json!(grant.client_id);
    let mut token = Jws::new(&shared.keys.current(), claims);
    shared.faults.alter_userinfo(&mut token);
    Answer::new(200, "application/jwt", token.sign(&shared.keys))
}

fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}
