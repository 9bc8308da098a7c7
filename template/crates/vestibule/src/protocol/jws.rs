//! Signed tokens that are no ID tokens (RFC 7515): was this one signed by a key
//! of the provider? What its claims have to say is for the caller to check.

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

/// Whom claims are for: one or a list (RFC 7519 4.1.3), and `None` in the place
/// of what is no string.
pub(super) fn audiences(claims: &Map<String, Value>) -> Vec<Option<&str>> {
    match claims.get("aud") {
        Some(Value::Array(audiences)) => audiences.iter().map(Value::as_str).collect(),
        audience => vec![audience.and_then(Value::as_str)],
    }
}

/// Why a signed token is not accepted.
pub(super) enum JwsError {
    /// No known key fits. The provider may have new ones: worth one more look.
    UnknownKey,
    /// It is refused for good; the text is for the log.
    Refused(&'static str),
}

impl JwsError {
    /// The same as an outcome of checks, where `kind` says of what.
    pub(super) fn of(self, kind: fn(String) -> ProtocolError) -> CheckError {
        match self {
            Self::UnknownKey => CheckError::UnknownKey(kind(UNKNOWN_KEY.to_owned())),
            Self::Refused(cause) => kind(cause.to_owned()).into(),
        }
    }
}

impl Discovered {
    /// The claims of a token that the provider has signed. If it names its
    /// `typ`, that has to be among `types`, given in lowercase.
    pub(super) fn signed_claims(
        &self,
        token: &str,
        types: &[&str],
        relying_party: &RelyingParty,
    ) -> Result<Map<String, Value>, JwsError> {
        use JwsError::Refused;
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(Refused("it is not a signed token of three parts"));
        };
        let header_claims = object(header).ok_or(Refused("its header is no JSON object"))?;
        let claims = object(payload).ok_or(Refused("its payload is no JSON object"))?;
        let signature = seal::decode(signature).ok_or(Refused("its signature is malformed"))?;

        if header_claims.contains_key("crit") {
            return Err(Refused("it has critical extensions (RFC 7515 4.1.11)"));
        }
        match header_claims.get("typ").map(Value::as_str) {
            None => {}
            Some(Some(typ))
                if types.contains(&typ.to_ascii_lowercase().trim_start_matches("application/")) => {
            }
            Some(_) => return Err(Refused("its typ is of another kind of token")),
        }
        let alg = header_claims.get("alg").cloned().unwrap_or_default();
        let alg: CoreJwsSigningAlgorithm = serde_json::from_value(alg)
            .ok()
            .filter(|alg| accepted_algorithms(relying_party).any(|accepted| accepted == *alg))
            .ok_or(Refused("its alg is not accepted"))?;
        let signed = format!("{header}.{payload}");
        let key_id = header_claims.get("kid").and_then(Value::as_str);
        let key = self.signing_key(key_id, &alg).ok_or(JwsError::UnknownKey)?;
        // A wrong signature may be a new key's: some providers name no key, or
        // name the next one as the last.
        key.verify_signature(&alg, signed.as_bytes(), &signature)
            .map_err(|_| JwsError::UnknownKey)?;
        Ok(claims)
    }

    /// The key that a token names, or the only one there is for its algorithm.
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
