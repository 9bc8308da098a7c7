//! Signed tokens other than ID tokens (RFC 7515): checks that a key of the provider
//! signed them. The claims are for the caller to check.

use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyId,
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

impl Discovered {
    /// The claims of a token that the provider signed. Its `typ` must be one of
    /// `types`, which are in lowercase; `None` stands for a token without one.
    pub(super) fn signed_claims(
        &self,
        token: &str,
        types: &[Option<&str>],
        relying_party: &RelyingParty,
    ) -> Result<Map<String, Value>, JwsError> {
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
        let alg = header_claims.get("alg").cloned().unwrap_or_default();
        let alg: CoreJwsSigningAlgorithm = serde_json::from_value(alg)
            .ok()
            .filter(|alg| accepted_algorithms(relying_party).any(|accepted| accepted == *alg))
            .ok_or(Refused("its alg is not accepted"))?;
        let signed = format!("{header}.{payload}");
        let key_id = header_claims.get("kid").and_then(Value::as_str);
        let key = self.signing_key(key_id, &alg).ok_or(JwsError::UnknownKey)?;
        // A wrong signature may belong to a new key: some providers name no key, or
        // reuse a key id.
        key.verify_signature(&alg, signed.as_bytes(), &signature)
            .map_err(|_| JwsError::UnknownKey)?;
        Ok(claims)
    }

    /// The key that the token names, or the only key for its algorithm.
    fn signing_key(
        &self,
        key_id: Option<&str>,
        alg: &CoreJwsSigningAlgorithm,
    ) -> Option<&CoreJsonWebKey> {
        let fits = |key: &&CoreJsonWebKey| {
            key_id.is_none_or(|id| key.key_id() == Some(&JsonWebKeyId::new(id.to_owned())))
                && key
                    .key_use()
                    .is_none_or(|key_use| *key_use == CoreJsonWebKeyUse::Signature)
                && !matches!(
                    key.signing_alg(),
                    JsonWebKeyAlgorithm::Algorithm(other) if other != alg
                )
        };
        let mut keys = self.metadata.jwks().keys().iter().filter(fits);
        let first = keys.next()?;
        keys.next().is_none().then_some(first)
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&seal::decode(part)?).ok()
}
