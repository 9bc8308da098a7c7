//! The keys that sign tokens, and which of them the provider publishes. How a token
//! is assembled is in `jws.rs`.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use openidconnect::{
    AccessToken, AccessTokenHash, JsonWebKeyId, JsonWebKeySet, PrivateSigningKey, SigningError,
    core::{
        CoreEdDsaPrivateSigningKey, CoreJsonWebKey, CoreJwsSigningAlgorithm,
        CoreRsaPrivateSigningKey,
    },
};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};

/// An Ed25519 private key in PKCS #8 form is this ASN.1 prefix followed by 32
/// random bytes (RFC 8410, section 7).
const ED25519_PKCS8: &[u8; 16] =
    b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// A private key, and the id under which its public half is published.
pub(super) struct SigningKey {
    pub kid: String,
    private: Private,
}

enum Private {
    Ed25519(CoreEdDsaPrivateSigningKey),
    Rsa(CoreRsaPrivateSigningKey),
    /// The library has no such private key type, so this includes the public half.
    P256(EcdsaKeyPair, CoreJsonWebKey),
}

impl SigningKey {
    /// A fresh Ed25519 key.
    pub fn generate() -> io::Result<SigningKey> {
        let mut seed = [0; 32];
        fill_randomly(&mut seed)?;
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            BASE64_STANDARD.encode([&ED25519_PKCS8[..], &seed].concat()),
        );
        let kid = random_id()?;
        CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(kid.clone())))
            .map(|key| SigningKey {
                kid,
                private: Private::Ed25519(key),
            })
            .map_err(io::Error::other)
    }

    /// An RSA key in PKCS #1 PEM form.
    pub fn from_rsa_pem(pem: &str) -> io::Result<SigningKey> {
        let kid = random_id()?;
        CoreRsaPrivateSigningKey::from_pem(pem, Some(JsonWebKeyId::new(kid.clone())))
            .map(|key| SigningKey {
                kid,
                private: Private::Rsa(key),
            })
            .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))
    }

    /// A fresh P-256 key.
    pub fn generate_p256() -> io::Result<SigningKey> {
        let unspecified = |_| io::Error::other("the operating system returned no random numbers");
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(unspecified)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random)
            .map_err(|why| io::Error::other(why.to_string()))?;
        let kid = random_id()?;
        // An uncompressed point: one byte, then both coordinates.
        let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at(point.len() / 2);
        let public = serde_json::from_value(json!({
            "kty": "EC",
            "crv": "P-256",
            "use": "sig",
            "kid": kid,
            "x": BASE64_URL_SAFE_NO_PAD.encode(x),
            "y": BASE64_URL_SAFE_NO_PAD.encode(y),
        }))?;
        Ok(SigningKey {
            kid,
            private: Private::P256(pair, public),
        })
    }

    /// The algorithm that this key signs with by default.
    pub fn algorithm(&self) -> CoreJwsSigningAlgorithm {
        match self.private {
            Private::Ed25519(_) => CoreJwsSigningAlgorithm::EdDsa,
            Private::Rsa(_) => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            Private::P256(..) => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        }
    }

    /// Signs with `algorithm`; an error if the key does not support it.
    pub fn sign(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningError> {
        match &self.private {
            Private::Ed25519(key) => key.sign(algorithm, message),
            Private::Rsa(key) => key.sign(algorithm, message),
            Private::P256(pair, _) if *algorithm == self.algorithm() => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SigningError::CryptoError),
            Private::P256(..) => Err(SigningError::UnsupportedAlg(format!("{algorithm:?}"))),
        }
    }

    /// The public half.
    pub fn public(&self) -> CoreJsonWebKey {
        match &self.private {
            Private::Ed25519(key) => key.as_verification_key(),
            Private::Rsa(key) => key.as_verification_key(),
            Private::P256(_, public) => public.clone(),
        }
    }

    /// The `at_hash` claim for `access_token` (OIDC Core 3.1.3.6), or null if the
    /// library has no hash for this key.
    pub fn access_token_hash(&self, access_token: &str) -> Value {
        let token = AccessToken::new(access_token.to_owned());
        match AccessTokenHash::from_token(&token, &self.algorithm(), &self.public()) {
            Ok(hash) => json!(hash),
            Err(_) => Value::Null,
        }
    }
}

/// The key in use, and the ones that are published.
pub(super) struct Keys {
    ring: Mutex<KeyRing>,
    /// Never published: signs forged tokens.
    pub foreign: SigningKey,
}

struct KeyRing {
    current: Arc<SigningKey>,
    former: Vec<Arc<SigningKey>>,
}

impl Keys {
    pub fn generate() -> io::Result<Keys> {
        let ring = KeyRing {
            current: Arc::new(SigningKey::generate()?),
            former: Vec::new(),
        };
        Ok(Keys {
            ring: Mutex::new(ring),
            foreign: SigningKey::generate()?,
        })
    }

    pub fn current(&self) -> Arc<SigningKey> {
        self.ring().current.clone()
    }

    /// Signs with `next` from now on; previous keys stay published or are
    /// withdrawn.
    pub fn replace(&self, next: SigningKey, keep_former: bool) {
        let mut ring = self.ring();
        let last = std::mem::replace(&mut ring.current, Arc::new(next));
        if keep_former {
            ring.former.push(last);
        } else {
            ring.former.clear();
        }
    }

    /// The JWK set as published (OIDC Core 10.1.1), newest key first.
    pub fn published(&self) -> Value {
        let ring = self.ring();
        let keys = std::iter::once(&ring.current).chain(ring.former.iter().rev());
        json!(JsonWebKeySet::new(keys.map(|key| key.public()).collect()))
    }

    fn ring(&self) -> MutexGuard<'_, KeyRing> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 256 random bits as a string that is safe in URLs, headers and forms.
pub(crate) fn random_id() -> io::Result<String> {
    let mut bytes = [0; 32];
    fill_randomly(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn fill_randomly(bytes: &mut [u8]) -> io::Result<()> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| io::Error::other("the operating system returned no random numbers"))
}
