//! The checks on ID tokens (OIDC Core 3.1.3.7 and 12.2): the library's own, and
//! those that it leaves to the app.

use std::time::{Duration, SystemTime};

use openidconnect::{
    AccessTokenHash, ClaimsVerificationError, IdTokenVerifier, Nonce, OAuth2TokenResponse as _,
    SignatureVerificationError,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm as Alg},
};
use serde_json::Value;

use super::{
    Discovered, Established, Expected, ProtocolError, UNKNOWN_KEY,
    config::RelyingParty,
    http::causes,
    types::{ParsedIdToken, ParsedIdTokenClaims, TokenResponse},
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

/// Checks the ID token of a new sign-in.
pub(super) fn at_sign_in(
    provider: &Discovered,
    token: &ParsedIdToken,
    answer: &TokenResponse,
    expected: Expected<'_>,
    relying_party: &RelyingParty,
) -> Result<ParsedIdTokenClaims, CheckError> {
    let skew = relying_party.clock_skew;
    let mut verifier = verifier(provider, relying_party);
    if let Some(max_age) = expected.demand.max_age {
        verifier = verifier.set_auth_time_verifier_fn(move |auth_time| {
            // OIDC Core 3.1.3.7-13
            let auth_time = auth_time.ok_or("max_age was sent, but there is no auth_time")?;
            let age = now().saturating_sub(auth_time.timestamp().try_into().unwrap_or(0));
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
    let claims = token
        .claims(&verifier, &Nonce::new(expected.nonce.expose().to_owned()))
        .map_err(refused)?
        .clone();
    check_the_rest(provider, token, &claims, skew)?;
    check_access_token_hash(&verifier, token, &claims, answer)?;
    Ok(claims)
}

/// Checks the ID token that came with a refreshed access token: it must be for the
/// same person and the same authentication (OIDC Core 12.2).
pub(super) fn at_refresh(
    provider: &Discovered,
    token: &ParsedIdToken,
    answer: &TokenResponse,
    established: Established<'_>,
    relying_party: &RelyingParty,
) -> Result<(), CheckError> {
    let verifier = verifier(provider, relying_party);
    let claims = token
        .claims(&verifier, |nonce: Option<&Nonce>| match nonce {
            Some(nonce) if !seal::same_secret(nonce.secret(), &established.tokens.nonce) => {
                Err("it is a different one".to_owned())
            }
            _ => Ok(()),
        })
        .map_err(refused)?
        .clone();
    check_the_rest(provider, token, &claims, relying_party.clock_skew)?;
    check_access_token_hash(&verifier, token, &claims, answer)?;
    if claims.subject().as_str() != established.subject {
        return Err(refuse("it belongs to another person"));
    }
    if let Some(auth_time) = claims.auth_time()
        && established
            .authenticated_at
            .is_some_and(|known| u64::try_from(auth_time.timestamp()) != Ok(known))
    {
        return Err(refuse("auth_time differs from that of the first ID token"));
    }
    Ok(())
}

/// The library checks signature, issuer, audience, expiry and age.
fn verifier<'a>(
    provider: &'a Discovered,
    relying_party: &RelyingParty,
) -> IdTokenVerifier<'a, CoreJsonWebKey> {
    let skew = relying_party.clock_skew;
    provider
        .client
        .id_token_verifier()
        .set_allowed_algs(accepted_algorithms(relying_party))
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
    token: &ParsedIdToken,
    claims: &ParsedIdTokenClaims,
    skew: Duration,
) -> Result<(), CheckError> {
    let compact = token.to_string();
    if compact.len() > MAX_ID_TOKEN {
        return Err(refuse("it is too large"));
    }
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
    // The library also accepts date strings, which some providers use for
    // `updated_at`; these must be numbers (OIDC Core 2).
    let raw = payload(&compact);
    if !["exp", "iat"].iter().all(|name| raw[name].is_number()) {
        return Err(refuse("exp or iat is not a number"));
    }
    if let Some(not_before) = claims.additional_claims().all.get("nbf") {
        // RFC 7519 4.1.5; fractions are allowed.
        let seconds = not_before
            .as_f64()
            .ok_or_else(|| refuse("nbf is not a number"))?;
        if seconds > (now() + skew.as_secs()) as f64 {
            return Err(refuse("nbf is in the future"));
        }
    }
    Ok(())
}

/// Room for thousands of groups, yet a bound on what one session keeps.
const MAX_ID_TOKEN: usize = 128 * 1024;

/// OIDC Core 3.1.3.8: optional in the code flow, but if it is there it must match.
fn check_access_token_hash(
    verifier: &IdTokenVerifier<'_, CoreJsonWebKey>,
    token: &ParsedIdToken,
    claims: &ParsedIdTokenClaims,
    answer: &TokenResponse,
) -> Result<(), CheckError> {
    let Some(claimed) = claims.access_token_hash() else {
        return Ok(());
    };
    let actual = token
        .signing_alg()
        .and_then(|alg| Ok((alg, token.signing_key(verifier)?)))
        .map_err(|error| refuse(&causes(&error)))
        .and_then(|(alg, key)| {
            AccessTokenHash::from_token(answer.access_token(), alg, key)
                .map_err(|error| refuse(&causes(&error)))
        })?;
    if actual != *claimed {
        return Err(refuse("at_hash does not match the access token"));
    }
    Ok(())
}

/// The claims as they were sent.
fn payload(compact: &str) -> Value {
    compact
        .split('.')
        .nth(1)
        .and_then(seal::decode)
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .unwrap_or_default()
}

fn refuse(cause: &str) -> CheckError {
    CheckError::Refused(ProtocolError::IdToken(cause.to_owned()))
}

fn refused(error: ClaimsVerificationError) -> CheckError {
    match error {
        // This includes wrong signatures: some providers name no key, or reuse a
        // key id.
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
        ) => CheckError::UnknownKey(ProtocolError::IdToken(UNKNOWN_KEY.to_owned())),
        ClaimsVerificationError::InvalidAuthTime(cause)
        | ClaimsVerificationError::InvalidAuthContext(cause) => {
            ProtocolError::DemandNotMet(cause).into()
        }
        other => refuse(&causes(&other)),
    }
}
