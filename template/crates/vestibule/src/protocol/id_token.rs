//! The checks on ID tokens (OIDC Core 3.1.3.7 and 12.2): the library's own, and
//! those that it leaves to the app.
//!
//! The library's types describe every standard claim, and refuse a token in which
//! any of them has another kind, for example an `address` that is a string. No check
//! needs those. So the signature is checked first, over the token as it was sent;
//! then the library checks a copy with the claims that the checks need. The rest
//! stays as it is.

use std::time::{Duration, SystemTime};

use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, IdTokenVerifier, JsonWebKey as _, Nonce,
    NonceVerifier, OAuth2TokenResponse as _,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm as Alg},
};
use serde_json::{Map, Value};

use super::{
    Discovered, Established, Expected, ProtocolError,
    config::RelyingParty,
    error::causes::{NOT_FOR_US, OTHER_AUDIENCE, OTHER_ISSUER},
    http::causes,
    jws::{Signed, audiences},
    shape::kind,
    tenants::may_sign_for,
    token_response::TokenAnswer,
    types::{ParsedIdToken, ParsedIdTokenClaims},
};
use crate::{clock::now, seal};

/// The accepted signature algorithms, whatever the provider's metadata or the token
/// says (RFC 8725 3.1).
pub(super) fn accepted_algorithms(relying_party: &RelyingParty) -> impl Iterator<Item = Alg> {
    relying_party
        .signature_algorithms
        .iter()
        .map(|algorithm| Alg::from(*algorithm))
}

/// An ID token older than this was not issued for this transaction.
const MAX_AGE_AT_SIGN_IN: Duration = Duration::from_secs(600);

/// Why something that the provider says about a person is not accepted.
#[derive(Debug)]
pub enum CheckError {
    /// The signature matches no known key. The provider may have new ones, so it is
    /// worth reading them again; if there are none, this is the error.
    UnknownKey(ProtocolError),
    /// Rejected for good.
    Refused(ProtocolError),
}

impl CheckError {
    /// The error to return.
    pub fn into_error(self) -> ProtocolError {
        match self {
            Self::UnknownKey(error) | Self::Refused(error) => error,
        }
    }
}

impl From<ProtocolError> for CheckError {
    fn from(error: ProtocolError) -> Self {
        Self::Refused(error)
    }
}

/// What an ID token that passed all checks says.
pub(super) struct Verified {
    /// All claims, as they were sent.
    pub claims: Map<String, Value>,
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `exp`, in Unix seconds.
    pub expires_at: u64,
    /// `auth_time`, in Unix seconds, unless it cannot be true.
    pub authenticated_at: Option<u64>,
    /// `acr`.
    pub acr: Option<String>,
}

/// Checks the ID token of a new sign-in.
pub(super) fn at_sign_in(
    provider: &Discovered,
    token: &str,
    answer: &TokenAnswer,
    expected: Expected<'_>,
    relying_party: &RelyingParty,
) -> Result<Verified, CheckError> {
    let skew = relying_party.clock_skew;
    let mut verifier = verifier(provider, relying_party);
    let mut demanded = Vec::new();
    if let Some(max_age) = expected.demand.max_age {
        demanded.push(("auth_time", Kind::Number));
        verifier = verifier.set_auth_time_verifier_fn(move |auth_time| {
            // OIDC Core 3.1.3.7-13
            let auth_time = auth_time.ok_or("max_age was sent, but there is no auth_time")?;
            let auth_time = u64::try_from(auth_time.timestamp()).unwrap_or(0);
            if auth_time > now().saturating_add(skew.as_secs()) {
                return Err("auth_time is in the future".to_owned());
            }
            let age = now().saturating_sub(auth_time);
            if age > max_age.saturating_add(skew.as_secs()) {
                return Err(format!(
                    "the person authenticated {age} s ago, but only {max_age} s are allowed"
                ));
            }
            Ok(())
        });
    }
    let acr_values = expected.demand.acr_values.clone();
    if !acr_values.is_empty() {
        demanded.push(("acr", Kind::String));
        verifier = verifier.set_auth_context_verifier_fn(move |acr| {
            // OIDC Core 3.1.3.7-12
            let acr = acr.ok_or("acr_values were sent, but there is no acr")?;
            if acr_values.iter().any(|value| *value == **acr) {
                Ok(())
            } else {
                Err("acr is not one of those demanded".to_owned())
            }
        });
    }
    let nonce = Nonce::new(expected.nonce.expose().to_owned());
    let signed = signed(provider, token, relying_party)?;
    let checked = check(
        provider, &signed, &demanded, &verifier, &nonce, answer, skew,
    )?;
    let acr = signed.claims.get("acr").and_then(Value::as_str);
    Ok(Verified {
        subject: checked.subject().to_string(),
        issuer: checked.issuer().to_string(),
        expires_at: checked.expiration().timestamp().try_into().unwrap_or(0),
        authenticated_at: authenticated_at(&signed.claims, skew),
        acr: acr.map(str::to_owned),
        claims: signed.claims,
    })
}

/// Checks the ID token that came with a refreshed access token: it must be for the
/// same person, and for no earlier authentication (OIDC Core 12.2). Some providers
/// move `auth_time` forward at each refresh; the first one stays the person's.
pub(super) fn at_refresh(
    provider: &Discovered,
    token: &str,
    answer: &TokenAnswer,
    established: Established<'_>,
    relying_party: &RelyingParty,
) -> Result<(), CheckError> {
    let verifier = verifier(provider, relying_party);
    let nonce = |nonce: Option<&Nonce>| match nonce {
        Some(nonce) if !seal::same_secret(nonce.secret(), &established.tokens.nonce) => {
            Err("it is a different one".to_owned())
        }
        _ => Ok(()),
    };
    let signed = signed(provider, token, relying_party)?;
    let skew = relying_party.clock_skew;
    let checked = check(provider, &signed, &[], &verifier, nonce, answer, skew)?;
    let (issuer, subject) = (checked.issuer().as_str(), checked.subject().as_str());
    if subject != established.subject || issuer != established.issuer {
        return Err(refuse("it belongs to another person"));
    }
    if let Some(known) = established.authenticated_at
        && let Some(auth_time) = present(&signed.claims, "auth_time")
        && auth_time.as_f64().is_none_or(|at| at < known as f64)
    {
        return Err(refuse("auth_time is before that of the first ID token"));
    }
    Ok(())
}

/// A token that is not too large, and that the provider signed.
fn signed<'a>(
    provider: &'a Discovered,
    token: &str,
    relying_party: &RelyingParty,
) -> Result<Signed<'a>, CheckError> {
    if token.len() > MAX_ID_TOKEN {
        return Err(refuse("it is too large"));
    }
    provider
        .signed(token, &[None, Some("jwt"), Some("jose")], relying_party)
        .map_err(|error| error.of(ProtocolError::IdToken))
}

/// What a claim has to be, where a check needs it.
#[derive(Clone, Copy)]
enum Kind {
    String,
    Strings,
    Number,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Strings => match value {
                Value::Array(values) => values.iter().all(Value::is_string),
                other => other.is_string(),
            },
            Self::Number => value.is_number(),
        }
    }
}

/// The claims that every ID token must have (OIDC Core 2).
const REQUIRED: [(&str, Kind); 5] = [
    ("iss", Kind::String),
    ("sub", Kind::String),
    ("aud", Kind::Strings),
    ("exp", Kind::Number),
    ("iat", Kind::Number),
];

/// The claims that are checked if they are there.
const OPTIONAL: [(&str, Kind); 4] = [
    ("azp", Kind::String),
    ("nonce", Kind::String),
    ("at_hash", Kind::String),
    ("nbf", Kind::Number),
];

/// Makes all checks but that of the signature.
fn check(
    provider: &Discovered,
    signed: &Signed<'_>,
    demanded: &[(&str, Kind)],
    verifier: &IdTokenVerifier<'_, CoreJsonWebKey>,
    nonce: impl NonceVerifier,
    answer: &TokenAnswer,
    skew: Duration,
) -> Result<ParsedIdTokenClaims, CheckError> {
    let mut checked = Map::new();
    let optional = OPTIONAL.iter().chain(demanded);
    let names = REQUIRED.iter().map(|claim| (claim, true));
    for ((name, expected), is_required) in names.chain(optional.map(|claim| (claim, false))) {
        match present(&signed.claims, name) {
            Some(value) if expected.fits(value) => {
                checked.insert((*name).to_owned(), value.clone());
            }
            Some(value) => return Err(refuse(&format!("{name} is {}", kind(value)))),
            None if is_required => return Err(refuse(&format!("{name} is missing"))),
            None => {}
        }
    }
    let mut header = signed.header.clone();
    // The key is found, whatever kind of name it has.
    header.remove("kid");
    let part = |part: Map<String, Value>| seal::encode(Value::Object(part).to_string().as_bytes());
    let copy = format!("{}.{}.", part(header), part(checked));
    let copy: ParsedIdToken = copy
        .parse()
        .map_err(|_| refuse("its header or one of iss, aud, exp and iat is malformed"))?;
    check_tenant(provider, signed)?;
    let claims = copy.claims(verifier, nonce);
    let claims = claims
        .map_err(|error| refused(error, provider, signed))?
        .clone();
    check_the_rest(provider, signed, &claims, skew)?;
    check_access_token_hash(signed, &claims, answer)?;
    Ok(claims)
}

/// Where many tenants share a provider, each is an issuer of its own: the one that `tid`
/// names, signed with a key that is for it.
fn check_tenant(provider: &Discovered, signed: &Signed<'_>) -> Result<(), CheckError> {
    if !provider.issuers.are_many() {
        return Ok(());
    }
    let claims = &signed.claims;
    let issuer = provider.issuers.named_by(claims);
    let issuer = issuer.ok_or_else(|| refuse("tid is missing or not the id of a tenant"))?;
    if claims.get("iss").and_then(Value::as_str) != Some(&*issuer) {
        return Err(refuse(OTHER_ISSUER));
    }
    let key = signed.key.key_id().map(|id| &***id);
    match key.and_then(|key| provider.key_issuers.get(key)) {
        Some(of_key) if !may_sign_for(of_key, claims, &issuer) => {
            Err(refuse("its key is for another tenant"))
        }
        _ => Ok(()),
    }
}

/// A claim, if it is there and not `null`.
fn present<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).filter(|value| !value.is_null())
}

/// When the person authenticated. A time in the future, such as one in milliseconds,
/// would make them count as freshly authenticated for long.
fn authenticated_at(claims: &Map<String, Value>, skew: Duration) -> Option<u64> {
    let auth_time = present(claims, "auth_time")?;
    let latest = now().saturating_add(skew.as_secs());
    let usable = auth_time
        .as_f64()
        .filter(|at| (0.0..=latest as f64).contains(at));
    if usable.is_none() {
        tracing::warn!(
            claim = "auth_time",
            kind = kind(auth_time),
            "a claim is ignored: it is not a time in the past"
        );
    }
    usable.map(|at| at as u64)
}

/// The library checks issuer, audience, expiry and age.
fn verifier<'a>(
    provider: &'a Discovered,
    relying_party: &RelyingParty,
) -> IdTokenVerifier<'a, CoreJsonWebKey> {
    let skew = relying_party.clock_skew;
    provider
        .client
        .id_token_verifier()
        // The copy that it checks has no signature: that of the token is checked by
        // then.
        .insecure_disable_signature_check()
        // With many tenants, `check_tenant` does it.
        .require_issuer_match(!provider.issuers.are_many())
        .set_other_audience_verifier_fn({
            let trusted = relying_party.trusted_audiences.clone();
            move |audience| trusted.contains(audience)
        })
        .set_time_fn(move || (SystemTime::now() - skew).into())
        .set_issue_time_verifier_fn(move |issued_at| {
            let issued_at = u64::try_from(issued_at.timestamp()).map_err(|_| "iat is negative")?;
            if issued_at > now().saturating_add(skew.as_secs()) {
                return Err("iat is in the future".to_owned());
            }
            if now().saturating_sub(issued_at) > (MAX_AGE_AT_SIGN_IN + skew).as_secs() {
                return Err("iat is too old".to_owned());
            }
            Ok(())
        })
}

/// The checks that the library does not make.
fn check_the_rest(
    provider: &Discovered,
    signed: &Signed<'_>,
    claims: &ParsedIdTokenClaims,
    skew: Duration,
) -> Result<(), CheckError> {
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > 255 || !subject.is_ascii() {
        // OIDC Core 2
        return Err(refuse("sub is not 1 to 255 ASCII characters"));
    }
    match claims.authorized_party() {
        // OIDC Core 3.1.3.7-4
        None if claims.audiences().len() > 1 => {
            return Err(refuse("it has several audiences, but no azp"));
        }
        // OIDC Core 3.1.3.7-5
        Some(party) if party.as_str() != provider.client.client_id().as_str() => {
            return Err(refuse("azp names another client"));
        }
        _ => {}
    }
    // RFC 7519 4.1.5; fractions are allowed.
    let not_before = signed.claims.get("nbf").and_then(Value::as_f64);
    if not_before.is_some_and(|at| at > (now() + skew.as_secs()) as f64) {
        return Err(refuse("nbf is in the future"));
    }
    Ok(())
}

/// Room for thousands of groups, yet a bound on what one session keeps.
const MAX_ID_TOKEN: usize = 128 * 1024;

/// OIDC Core 3.1.3.8: optional in the code flow, but if it is there it must match.
fn check_access_token_hash(
    signed: &Signed<'_>,
    claims: &ParsedIdTokenClaims,
    answer: &TokenAnswer,
) -> Result<(), CheckError> {
    let Some(claimed) = claims.access_token_hash() else {
        return Ok(());
    };
    let actual = AccessTokenHash::from_token(answer.access_token(), &signed.algorithm, signed.key)
        .map_err(|error| refuse(&causes(&error)))?;
    if actual != *claimed {
        return Err(refuse("at_hash does not match the access token"));
    }
    Ok(())
}

fn refuse(cause: &str) -> CheckError {
    CheckError::Refused(ProtocolError::IdToken(cause.to_owned()))
}

/// What the library refuses, without the values that its own words quote.
fn refused(
    error: ClaimsVerificationError,
    provider: &Discovered,
    signed: &Signed<'_>,
) -> CheckError {
    use ClaimsVerificationError::{
        Expired, InvalidAudience, InvalidAuthContext, InvalidAuthTime, InvalidIssuer,
    };
    match error {
        InvalidAuthTime(cause) | InvalidAuthContext(cause) => {
            ProtocolError::DemandNotMet(cause).into()
        }
        InvalidIssuer(_) => refuse(OTHER_ISSUER),
        InvalidAudience(_) => {
            let client_id = provider.client.client_id().as_str();
            let aud = signed.claims.get("aud").map_or("missing", kind);
            if audiences(&signed.claims).contains(&Some(client_id)) {
                refuse(&format!("aud is {aud} and names another, {OTHER_AUDIENCE}"))
            } else {
                refuse(&format!("aud is {aud} and {NOT_FOR_US}"))
            }
        }
        Expired(_) => refuse("it has expired"),
        other => refuse(&causes(&other)),
    }
}
