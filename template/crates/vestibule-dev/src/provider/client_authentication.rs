//! Client authentication at the token, revocation and push endpoints (OIDC Core 9).

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use openidconnect::{JsonWebKey, core::CoreJwsSigningAlgorithm};
use serde_json::Value;

use super::{
    exchange::{Answer, Endpoint, Params, Request},
    jws::unverified_claims,
    state::{Shared, now},
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The latest that a client assertion may expire, in seconds from now.
const LONGEST_ASSERTION: u64 = 300;

/// The latest that a signed secret may expire, in seconds from now.
const LONGEST_SECRET: u64 = 15_777_000;

/// Where clients authenticate: an assertion may name any of these as its audience.
const ENDPOINTS: [Endpoint; 3] = [
    Endpoint::Token,
    Endpoint::Revocation,
    Endpoint::PushedAuthorization,
];

/// The caller's client id, or the error to send.
pub(super) fn authenticate(
    shared: &Shared,
    request: &Request,
    params: &Params<'_>,
) -> Result<String, Answer> {
    let authorization = request.header("authorization");
    let secret = params.get("client_secret");
    let assertion = params.get("client_assertion");
    let client_id = match (authorization, secret, assertion) {
        (Some(header), None, None) => {
            let (id, secret) = basic_credentials(header)
                .ok_or_else(|| rejection("the Authorization header is not HTTP Basic"))?;
            check_secret(shared, &id, &secret)?;
            id
        }
        (None, Some(secret), None) => {
            let id = params.get("client_id").unwrap_or_default();
            check_secret(shared, id, secret)?;
            id.to_owned()
        }
        (None, None, Some(assertion)) => {
            if params.get("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(rejection("client_assertion_type is not jwt-bearer"));
            }
            check_assertion(shared, assertion).map_err(rejection)?
        }
        (None, None, None) => return Err(rejection("the client did not authenticate")),
        _ => {
            let why = "the client authenticated in more than one way";
            return Err(Answer::oauth_error(400, "invalid_request", why));
        }
    };
    match params.get("client_id") {
        Some(named) if named != client_id => {
            let why = "client_id is not that of the client that authenticated";
            Err(Answer::oauth_error(400, "invalid_request", why))
        }
        _ => Ok(client_id),
    }
}

/// RFC 6749, section 5.2.
fn rejection(why: &str) -> Answer {
    Answer::oauth_error(401, "invalid_client", why)
        .with_header("www-authenticate", "Basic realm=\"development provider\"")
}

/// Both parts are form-encoded before they are joined (RFC 6749, section 2.3.1).
fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let joined = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(encoded: &str) -> Option<String> {
    let pair = format!("={}", encoded.replace('&', "%26"));
    let (_, value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
    Some(value.into_owned())
}

fn check_secret(shared: &Shared, id: &str, secret: &str) -> Result<(), Answer> {
    let state = shared.state();
    if let Some(key) = state.client_keys.get(id)
        && let Some(claims) = unverified_claims(secret)
    {
        check_signature(key, secret).ok_or_else(|| rejection("the client's key did not sign"))?;
        return check_signed_secret(shared, id, &claims).map_err(rejection);
    }
    match state.clients.get(id) {
        Some(client) if client.secret == secret => Ok(()),
        Some(_) => Err(rejection("the client secret is wrong")),
        None => Err(rejection("the client is not registered")),
    }
}

/// A secret that the client signed itself, as Apple has it.
fn check_signed_secret(shared: &Shared, id: &str, claims: &Value) -> Result<(), &'static str> {
    if claims["sub"] != id || claims["aud"] != *shared.issuer {
        return Err("the client secret is for another client or provider");
    }
    if claims["iss"].as_str().is_none_or(str::is_empty) {
        return Err("the client secret has no iss");
    }
    match claims["exp"].as_u64() {
        Some(ends) if (now()..=now() + LONGEST_SECRET).contains(&ends) => Ok(()),
        _ => Err("the client secret has expired, or lasts for more than half a year"),
    }
}

/// RFC 7523, section 3: the client that signed, or what is wrong.
fn check_assertion(shared: &Shared, assertion: &str) -> Result<String, &'static str> {
    let claims = unverified_claims(assertion).ok_or("client_assertion is not a JWT")?;
    let client_id = claims["sub"]
        .as_str()
        .ok_or("client_assertion has no sub")?;
    let mut state = shared.state();
    let key = state
        .client_keys
        .get(client_id)
        .ok_or("no key is registered for the client")?;
    check_signature(key, assertion).ok_or("client_assertion is not signed by the client's key")?;
    if claims["iss"] != claims["sub"] {
        return Err("iss and sub of client_assertion differ");
    }
    let ends = claims["exp"]
        .as_u64()
        .ok_or("client_assertion has no exp")?;
    if ends <= now() {
        return Err("client_assertion has expired");
    }
    if ends > now() + LONGEST_ASSERTION {
        return Err("client_assertion is valid for more than five minutes");
    }
    let is_us = |audience: &Value| {
        audience
            .as_str()
            .and_then(|audience| audience.strip_prefix(&shared.issuer))
            .is_some_and(|rest| rest.is_empty() || ENDPOINTS.iter().any(|end| end.path() == rest))
    };
    let audience = &claims["aud"];
    if !is_us(audience) && !audience.as_array().is_some_and(|all| all.iter().any(is_us)) {
        return Err("client_assertion is not for this provider");
    }
    let jti = claims["jti"]
        .as_str()
        .ok_or("client_assertion has no jti")?;
    if !state.assertions.insert(format!("{client_id} {jti}")) {
        return Err("client_assertion was already used");
    }
    Ok(client_id.to_owned())
}

/// Checks a compact JWS against a public key (RFC 7515, section 5.2).
fn check_signature(
    key: &impl JsonWebKey<SigningAlgorithm = CoreJwsSigningAlgorithm>,
    jws: &str,
) -> Option<()> {
    let (message, signature) = jws.rsplit_once('.')?;
    let (header, _) = message.split_once('.')?;
    let header: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(header["alg"].clone()).ok()?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    key.verify_signature(&algorithm, message.as_bytes(), &signature)
        .ok()
}
