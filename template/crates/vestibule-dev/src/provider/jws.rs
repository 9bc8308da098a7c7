//! Signed tokens in parts that tests can change before they are signed (RFC 7515).
//! Nothing here decides what a token says.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use openidconnect::core::CoreJwsSigningAlgorithm;
use ring::hmac;
use serde_json::{Value, json};

use super::keys::{Keys, SigningKey};

/// A token about to be signed: change what you like.
#[derive(Clone, Debug)]
pub struct Jws {
    /// The protected header: `alg`, `kid`, and `typ` if there is one.
    pub header: Value,
    /// The payload.
    pub claims: Value,
    /// Who signs it, and how.
    pub signature: Signature,
}

/// A token's third part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// Signed with the provider's key, with the header's `alg` if the key supports
    /// it, otherwise with the key's own algorithm.
    Own,
    /// Signed with a key that the provider has never published, under the `kid` in
    /// the header.
    Foreign,
    /// Empty. The header is left as it is, so set its `alg` as well.
    Missing,
    /// An HMAC with this key; the header's `alg` chooses the hash, HS256 if it
    /// names none of the three.
    Hmac(Vec<u8>),
    /// These bytes.
    Bytes(Vec<u8>),
    /// Not a JWS at all: this string is sent instead of the token.
    Instead(String),
}

impl Jws {
    /// A well-formed token of the provider.
    pub(super) fn new(key: &SigningKey, claims: Value) -> Jws {
        Jws {
            header: json!({ "alg": key.algorithm(), "kid": key.kid }),
            claims,
            signature: Signature::Own,
        }
    }

    /// Makes it an unsecured token: `alg` is `none`, and the signature is empty
    /// (RFC 7515, appendix A.5).
    pub fn unsecured(&mut self) {
        self.header["alg"] = json!("none");
        self.signature = Signature::Missing;
    }

    /// The compact form (RFC 7515, section 7.1).
    pub(super) fn sign(&self, keys: &Keys) -> String {
        let message = format!("{}.{}", encode(&self.header), encode(&self.claims));
        let signature = match &self.signature {
            Signature::Own => self.sign_with(&keys.current(), &message),
            Signature::Foreign => self.sign_with(&keys.foreign, &message),
            Signature::Missing => Vec::new(),
            Signature::Hmac(key) => {
                let key = hmac::Key::new(self.hmac_algorithm(), key);
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Signature::Bytes(bytes) => bytes.clone(),
            Signature::Instead(string) => return string.clone(),
        };
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn sign_with(&self, key: &SigningKey, message: &str) -> Vec<u8> {
        let wanted: Option<CoreJwsSigningAlgorithm> =
            serde_json::from_value(self.header["alg"].clone()).ok();
        wanted
            .and_then(|algorithm| key.sign(&algorithm, message.as_bytes()).ok())
            .or_else(|| key.sign(&key.algorithm(), message.as_bytes()).ok())
            .unwrap_or_default()
    }

    fn hmac_algorithm(&self) -> hmac::Algorithm {
        match self.header["alg"].as_str() {
            Some("HS384") => hmac::HMAC_SHA384,
            Some("HS512") => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        }
    }
}

/// The claims of a compact token, whoever signed it: good for a hint, never for a
/// decision.
pub(super) fn unverified_claims(compact: &str) -> Option<Value> {
    let payload = compact.split('.').nth(1)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn encode(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}
