//! The private key with which the app authenticates when it shares no secret with
//! the provider. What it signs is in `client_authentication.rs`.

use std::fmt;

use ring::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
        RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding,
    },
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use super::config::SignatureAlgorithm as Alg;
use crate::seal::SealError;

/// A private signing key.
pub struct ClientKey(Pair);

enum Pair {
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl ClientKey {
    /// Reads an RSA (2048 to 4096 bits), P-256, P-384 or Ed25519 key from PEM.
    ///
    /// # Errors
    /// What is wrong with the key and what to do about it, without revealing the
    /// key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        const TO_PKCS8: &str = "Convert it with: openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW";
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            format!("contains no private key in PEM format, or one with a passphrase. {TO_PKCS8}")
        })?;
        match key {
            PrivateKeyDer::Pkcs8(der) => pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => rsa::KeyPair::from_der(der.secret_pkcs1_der())
                .map(Pair::Rsa)
                .ok(),
            _ => return Err(format!("is not in PKCS #8 format. {TO_PKCS8}")),
        }
        .map(Self)
        .ok_or_else(|| {
            "contains an unsupported kind of key: use RSA with 2048 to 4096 bits, P-256, P-384 or \
             Ed25519."
                .to_owned()
        })
    }

    /// The algorithms that it can sign with, most widely supported first.
    pub(super) fn algorithms(&self) -> &'static [Alg] {
        match self.0 {
            Pair::Rsa(_) => &[
                Alg::Rs256,
                Alg::Ps256,
                Alg::Rs384,
                Alg::Ps384,
                Alg::Rs512,
                Alg::Ps512,
            ],
            Pair::P256(_) => &[Alg::Es256],
            Pair::P384(_) => &[Alg::Es384],
            Pair::Ed25519(_) => &[Alg::EdDsa],
        }
    }

    /// Signs for a JWS (RFC 7518 3, RFC 8037 3.1) with one of its
    /// [`algorithms`](Self::algorithms).
    pub(super) fn sign(&self, algorithm: Alg, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let random = SystemRandom::new();
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(
                    rsa_encoding(algorithm).ok_or(SealError)?,
                    &random,
                    message,
                    &mut signature,
                )
                .map_err(|_| SealError)?;
                Ok(signature)
            }
            Pair::P256(pair) | Pair::P384(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SealError),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn pkcs8(der: &[u8]) -> Option<Pair> {
    let ecdsa = |curve| EcdsaKeyPair::from_pkcs8(curve, der, &SystemRandom::new()).ok();
    rsa::KeyPair::from_pkcs8(der)
        .ok()
        .map(Pair::Rsa)
        .or_else(|| ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256))
        .or_else(|| ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::P384))
        .or_else(|| {
            // OpenSSL writes only the private half.
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                .ok()
                .map(Pair::Ed25519)
        })
}

fn rsa_encoding(algorithm: Alg) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        Alg::Rs256 => &RSA_PKCS1_SHA256,
        Alg::Rs384 => &RSA_PKCS1_SHA384,
        Alg::Rs512 => &RSA_PKCS1_SHA512,
        Alg::Ps256 => &RSA_PSS_SHA256,
        Alg::Ps384 => &RSA_PSS_SHA384,
        Alg::Ps512 => &RSA_PSS_SHA512,
        Alg::Es256 | Alg::Es384 | Alg::EdDsa => return None,
    })
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private key]")
    }
}
