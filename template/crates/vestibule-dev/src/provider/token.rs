//! The token endpoint: exchanges codes and refresh tokens for tokens (OIDC Core
//! 3.1.3 and 12). The revocation endpoint is here too, as it accepts the same
//! tokens from the same clients.

use std::io;

use serde_json::{Value, json};

use super::{
    client_authentication::authenticate,
    exchange::{Answer, Params, Request},
    grants::{CodeKind, Grant, InvalidGrant, Redemption},
    jws::Jws,
    state::{Shared, now},
};

pub(super) fn answer(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let params = request.params();
    let client_id = match caller(shared, request, &params) {
        Ok(client_id) => client_id,
        Err(rejection) => return Ok(rejection),
    };
    match params.get("grant_type") {
        Some("authorization_code") => redeem_code(shared, &params, &client_id),
        Some("interaction_code") => redeem_interaction_code(shared, &params, &client_id),
        Some("refresh_token") => refresh(shared, &params, &client_id),
        Some(TOKEN_EXCHANGE) => exchange(shared, &params),
        Some(_) => Ok(Answer::oauth_error(
            400,
            "unsupported_grant_type",
            "grant_type must be authorization_code, interaction_code, refresh_token or \
             token-exchange",
        )),
        None => Ok(missing("grant_type is missing")),
    }
}

/// Revocation (RFC 7009): an unknown token counts as revoked.
pub(super) fn revoke(shared: &Shared, request: &Request) -> Answer {
    let params = request.params();
    let client_id = match caller(shared, request, &params) {
        Ok(client_id) => client_id,
        Err(rejection) => return rejection,
    };
    let Some(token) = params.get("token") else {
        return missing("token is missing");
    };
    shared.state().grants.revoke_token(token, &client_id);
    Answer::new(200, "text/plain; charset=utf-8", "").with_header("cache-control", "no-store")
}

fn caller(shared: &Shared, request: &Request, params: &Params<'_>) -> Result<String, Answer> {
    if let Some(name) = params.repeated().first() {
        return Err(missing(&format!("{name} was sent twice")));
    }
    authenticate(shared, request, params)
}

fn redeem_code(shared: &Shared, params: &Params<'_>, client_id: &str) -> io::Result<Answer> {
    let (Some(code), Some(redirect_uri), Some(code_verifier)) = (
        params.get("code"),
        params.get("redirect_uri"),
        params.get("code_verifier"),
    ) else {
        return Ok(missing(
            "code, redirect_uri and code_verifier are all required",
        ));
    };
    redeem(
        shared,
        &Redemption {
            kind: CodeKind::Authorization,
            code,
            client_id,
            redirect_uri: Some(redirect_uri),
            code_verifier,
        },
    )
}

fn redeem_interaction_code(
    shared: &Shared,
    params: &Params<'_>,
    client_id: &str,
) -> io::Result<Answer> {
    let (Some(code), Some(code_verifier)) =
        (params.get("interaction_code"), params.get("code_verifier"))
    else {
        return Ok(missing(
            "interaction_code and code_verifier are both required",
        ));
    };
    redeem(
        shared,
        &Redemption {
            kind: CodeKind::Interaction,
            code,
            client_id,
            redirect_uri: params.get("redirect_uri"),
            code_verifier,
        },
    )
}

fn redeem(shared: &Shared, presented: &Redemption<'_>) -> io::Result<Answer> {
    let redeemed = shared.state().grants.redeem(presented);
    match redeemed {
        Ok(grant) => {
            let nonce = grant.nonce.clone();
            tokens(shared, &grant, grant.scopes.clone(), nonce)
        }
        Err(InvalidGrant(why)) => Ok(Answer::oauth_error(400, "invalid_grant", why)),
    }
}

fn refresh(shared: &Shared, params: &Params<'_>, client_id: &str) -> io::Result<Answer> {
    let Some(token) = params.get("refresh_token") else {
        return Ok(missing("refresh_token is missing"));
    };
    let used = shared.state().grants.use_refresh_token(token, client_id);
    let grant = match used {
        Ok(grant) => grant,
        Err(InvalidGrant(why)) => return Ok(Answer::oauth_error(400, "invalid_grant", why)),
    };
    let scopes = match params.get("scope") {
        Some(fewer) => fewer.split_ascii_whitespace().map(str::to_owned).collect(),
        None => grant.scopes.clone(),
    };
    if !scopes.iter().all(|scope| grant.scopes.contains(scope)) {
        let why = "scope exceeds what was granted";
        return Ok(Answer::oauth_error(400, "invalid_scope", why));
    }
    // A refreshed ID token carries no nonce (OIDC Core 12.2).
    tokens(shared, &grant, scopes, None)
}

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A token for any API, in the name of whoever has the access token (RFC 8693, section 2).
fn exchange(shared: &Shared, params: &Params<'_>) -> io::Result<Answer> {
    let refused = |why: &str| Ok(Answer::oauth_error(400, "invalid_request", why));
    if params.get("subject_token_type") != Some(ACCESS_TOKEN) {
        return refused("subject_token_type is not that of an access token");
    }
    if params.get("audience").is_none() && params.get("resource").is_none() {
        return refused("audience and resource are both missing");
    }
    let mut state = shared.state();
    let subject = params.get("subject_token").unwrap_or_default();
    let Some(grant) = state.grants.of_access_token(subject).cloned() else {
        return refused("subject_token is unknown or has expired");
    };
    let scopes = params.get("scope").unwrap_or_default();
    let grant = Grant {
        scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        ..grant
    };
    let life = state.lifetimes.access_token;
    let response = json!({
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": life.as_secs(),
        "scope": grant.scopes.join(" "),
        "access_token": state.grants.issue_access_token(grant, life)?,
    });
    Ok(Answer::json(200, &response).with_header("cache-control", "no-store"))
}

/// The token response (OIDC Core 3.1.3.3).
fn tokens(
    shared: &Shared,
    grant: &Grant,
    scopes: Vec<String>,
    nonce: Option<String>,
) -> io::Result<Answer> {
    let narrowed = Grant {
        scopes,
        ..grant.clone()
    };
    let mut response = json!({ "token_type": "Bearer", "scope": narrowed.scopes.join(" ") });
    let access_token = {
        let mut state = shared.state();
        let life = state.lifetimes.access_token;
        response["expires_in"] = json!(life.as_secs());
        let is_asked_for = grant.scopes.iter().any(|scope| scope == "offline_access");
        if is_asked_for || state.gives_refresh_tokens_unasked {
            // The refresh token keeps the originally granted scope (RFC 6749,
            // section 6).
            response["refresh_token"] = json!(state.grants.issue_refresh_token(grant.clone())?);
        }
        state.grants.issue_access_token(narrowed.clone(), life)?
    };
    response["id_token"] = json!(id_token(shared, &narrowed, nonce, &access_token));
    response["access_token"] = json!(access_token);
    Ok(Answer::json(200, &response).with_header("cache-control", "no-store"))
}

/// The ID token (OIDC Core 2), with the claims of the granted scopes.
fn id_token(shared: &Shared, grant: &Grant, nonce: Option<String>, access_token: &str) -> String {
    let key = shared.keys.current();
    let issued_at = now();
    let life = shared.state().lifetimes.id_token.as_secs();
    let mut claims = personal_claims(shared, grant);
    claims["iss"] = json!(shared.issuer);
    claims["aud"] = json!(grant.client_id);
    claims["iat"] = json!(issued_at);
    claims["exp"] = json!(issued_at + life);
    claims["auth_time"] = json!(grant.auth_time);
    claims["acr"] = json!(grant.acr);
    // "User presence": someone clicked (RFC 8176, section 2).
    claims["amr"] = json!(["user"]);
    claims["sid"] = json!(grant.sid);
    claims["at_hash"] = key.access_token_hash(access_token);
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    let mut token = Jws::new(&key, claims);
    shared.faults.alter_id_token(&mut token);
    token.sign(&shared.keys)
}

/// What the grant lets the client know about the person, at least `sub`.
pub(super) fn personal_claims(shared: &Shared, grant: &Grant) -> Value {
    match shared.person(&grant.sub) {
        Some(person) => person.claims(grant.scopes.iter().map(String::as_str)),
        None => json!({ "sub": grant.sub }),
    }
}

fn missing(what: &str) -> Answer {
    Answer::oauth_error(400, "invalid_request", what)
}
