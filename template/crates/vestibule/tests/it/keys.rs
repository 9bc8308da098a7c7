//! Client keys of every kind, with the public halves that the provider knows.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    },
};
use rustls::pki_types::{PrivatePkcs1KeyDer, pem::PemObject};
use serde_json::{Value, json};
use vestibule::{Settings, settings::Credential};
use vestibule_dev::provider::DevProvider;

use crate::support::settings_of;

/// For tests only: everybody has it.
pub const RSA_PEM: &str = include_str!("keys/rsa.pem");

/// A private key as PEM and its public half as a JWK.
pub struct ClientKey {
    pub pem: String,
    pub public: Value,
}

impl ClientKey {
    /// In PKCS #1 form.
    pub fn rsa() -> Self {
        let der = rsa_der();
        let pair = rsa::KeyPair::from_der(der.secret_pkcs1_der()).unwrap();
        let public = rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
        Self {
            pem: RSA_PEM.to_owned(),
            public: json!({ "kty": "RSA", "n": encode(&public.n), "e": encode(&public.e) }),
        }
    }

    /// The same key in PKCS #8 form (RFC 5208 5), as OpenSSL writes it today.
    pub fn rsa_pkcs8() -> Self {
        let der = rsa_der();
        let inner = der.secret_pkcs1_der();
        let length = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
        let version_and_algorithm: &[u8] =
            b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
        let octets = [b"\x04\x82", &length(inner.len())[..], inner].concat();
        let body = [version_and_algorithm, &octets].concat();
        let whole = [b"\x30\x82", &length(body.len())[..], &body].concat();
        Self {
            pem: pem(&whole),
            ..Self::rsa()
        }
    }

    pub fn p256() -> Self {
        Self::elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    pub fn p384() -> Self {
        Self::elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")
    }

    pub fn ed25519() -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
        let x = encode(pair.public_key().as_ref());
        Self {
            pem: pem(der.as_ref()),
            public: json!({ "kty": "OKP", "crv": "Ed25519", "x": x }),
        }
    }

    fn elliptic(algorithm: &'static EcdsaSigningAlgorithm, curve: &str) -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).unwrap();
        // An uncompressed point: a four, then both coordinates.
        let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
        Self {
            pem: pem(der.as_ref()),
            public: json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) }),
        }
    }

    /// The key as the app reads it from a file; `more` are further settings.
    pub fn credential(&self, more: &[(&str, &str)]) -> Credential {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("client-key.pem");
        std::fs::write(&file, &self.pem).unwrap();
        let file = file.display().to_string();
        let usual = [
            ("OIDC_ISSUER", "https://id.example.com"),
            ("OIDC_CLIENT_ID", "app"),
            ("OIDC_CLIENT_AUTH", "private_key_jwt"),
            ("OIDC_CLIENT_KEY_FILE", &*file),
        ];
        let set = [more, &usual].concat();
        let value_of = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let settings = settings_of(value_of).unwrap();
        settings.provider.unwrap().credential
    }

    /// Lets the app authenticate with this key at its provider.
    pub fn install(&self, settings: &mut Settings, provider: &DevProvider, more: &[(&str, &str)]) {
        let client = settings.provider.as_mut().unwrap();
        client.credential = self.credential(more);
        let public = serde_json::from_value(self.public.clone()).unwrap();
        provider.register_key(&client.client_id, public);
    }
}

/// Header and claims of a compact token.
pub fn decoded(token: &str) -> (Value, Value) {
    let parts: Vec<&str> = token.split('.').collect();
    let decode =
        |part: &str| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (decode(parts[0]), decode(parts[1]))
}

fn rsa_der() -> PrivatePkcs1KeyDer<'static> {
    PrivatePkcs1KeyDer::from_pem_slice(RSA_PEM.as_bytes()).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn pem(der: &[u8]) -> String {
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        BASE64_STANDARD.encode(der)
    )
}
