//! Signed tokens (RFC 7515): checks that a key of the provider signed them. The
//! claims are for the caller to check.

use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JwsSigningAlgorithm as _,
    core::{CoreJsonWebKey, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm},
};
use serde_json::{Map, Value};

use super::{
    CheckError, Discovered, ProtocolError, UNKNOWN_KEY, config::RelyingParty,
    id_token::accepted_algorithms,
};
use crate::seal;

/// The audiences in the claims: one or a list (RFC 7519 4.1.3), with `None` for
/// anything that is not a string.
pub(super) fn audiences(claims: &Map<String, Value>) -> Vec<Option<&str>> {
    match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.iter().map(Value::as_str).collect(),
        audience => vec![audience.and_then(Value::as_str)],
    }
}

/// Why a signed token is not accepted.
pub(super) enum JwsError {
    /// No known key matches. The provider may have new ones, so it is worth reading
    /// them again.
    UnknownKey,
    /// Rejected for good; the string is for the log.
    Refused(&'static str),
}

impl JwsError {
    /// The same as a [`CheckError`], with `kind` saying what was checked.
    pub(super) fn of(self, kind: fn(String) -> ProtocolError) -> CheckError {
        match self {
            Self::UnknownKey => CheckError::UnknownKey(kind(UNKNOWN_KEY.to_owned())),
            Self::Refused(cause) => kind(cause.to_owned()).into(),
        }
    }
}

/// What a token says, whoever signed it. Decides nothing but whether its signature is
/// worth a look.
pub(super) fn unverified_claims(token: &str) -> Option<Map<String, Value>> {
    object(token.split('.').nth(1)?)
}

/// What a token says that the provider signed, and how it was signed.
pub(super) struct Signed<'a> {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
    pub algorithm: CoreJwsSigningAlgorithm,
    pub key: &'a CoreJsonWebKey,
}

impl Discovered {
    /// The claims of a token that the provider signed. Its `typ` must be one of
    /// `types`, which are in lowercase; `None` stands for a token without one.
    pub(super) fn signed_claims(
        &self,
        token: &str,
        types: &[Option<&str>],
        relying_party: &RelyingParty,
    ) -> Result<Map<String, Value>, JwsError> {
        let signed = self.signed(token, types, relying_party)?;
        Ok(signed.claims)
    }

    /// The same, with everything else that is known about the token.
    pub(super) fn signed(
        &self,
        token: &str,
        types: &[Option<&str>],
        relying_party: &RelyingParty,
    ) -> Result<Signed<'_>, JwsError> {
        use JwsError::Refused;
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(Refused("it is not a signed token of three parts"));
        };
        let header_claims = object(header).ok_or(Refused("its header is not a JSON object"))?;
        let claims = object(payload).ok_or(Refused("its payload is not a JSON object"))?;
        let signature = seal::decode(signature).ok_or(Refused("its signature is malformed"))?;

        if header_claims.contains_key("crit") {
            return Err(Refused("it uses critical extensions (RFC 7515 4.1.11)"));
        }
        let is_of_type = match header_claims.get("typ").map(Value::as_str) {
            None => types.contains(&None),
            Some(typ) => typ.is_some_and(|typ| {
                let typ = typ.to_ascii_lowercase();
                types.contains(&Some(typ.trim_start_matches("application/")))
            }),
        };
        if !is_of_type {
            return Err(Refused("its typ is missing or names another kind of token"));
        }
        let algorithm = header_claims.get("alg").cloned().unwrap_or_default();
        let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(algorithm)
            .ok()
            .filter(|alg| accepted_algorithms(relying_party).any(|accepted| accepted == *alg))
            .ok_or(Refused("its alg is not accepted"))?;
        let message = format!("{header}.{payload}");
        let key_id = header_claims.get("kid").and_then(key_id);
        // A wrong signature may belong to a new key: some providers name no key, or
        // reuse a key id.
        let key = self
            .candidates(key_id.as_deref(), &algorithm)
            .find(|key| {
                key.verify_signature(&algorithm, message.as_bytes(), &signature)
                    .is_ok()
            })
            .ok_or(JwsError::UnknownKey)?;
        Ok(Signed {
            header: header_claims,
            claims,
            algorithm,
            key,
        })
    }

    /// The keys that may have made a signature: for this algorithm, and not with
    /// another name than the token's. Names decide nothing else: some providers give
    /// none, or the same one twice.
    fn candidates(
        &self,
        key_id: Option<&str>,
        algorithm: &CoreJwsSigningAlgorithm,
    ) -> impl Iterator<Item = &CoreJsonWebKey> {
        let is_named_so = move |key: &CoreJsonWebKey| match (key_id, key.key_id()) {
            (Some(named), Some(known)) => named == known.as_str(),
            _ => true,
        };
        let may_verify = move |key: &CoreJsonWebKey| {
            let is_for_signatures = key
                .key_use()
                .is_none_or(|key_use| *key_use == CoreJsonWebKeyUse::Signature);
            let is_for_algorithm = match key.signing_alg() {
                JsonWebKeyAlgorithm::Unspecified => true,
                JsonWebKeyAlgorithm::Algorithm(own) => own == algorithm,
                JsonWebKeyAlgorithm::Unsupported => false,
            };
            let is_of_family = algorithm.key_type().as_ref() == Some(key.key_type());
            is_for_signatures && is_for_algorithm && is_of_family
        };
        let keys = self.metadata.jwks().keys().iter();
        keys.filter(move |key| is_named_so(key) && may_verify(key))
    }
}

/// A key's name: some providers write numbers.
pub(super) fn key_id(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => (!name.is_empty()).then(|| name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&seal::decode(part)?).ok()
}
