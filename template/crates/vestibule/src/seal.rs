//! Random values, hashes and sealed bytes, all from `ring`, which protect cookies
//! and stored records. No policy lives here.

use std::{cell::RefCell, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf,
    rand::{SecureRandom, SystemRandom},
};
use subtle::ConstantTimeEq as _;

use crate::secret::Secret;

/// A SHA-256 hash that serves as a key in the store.
pub type Key = [u8; 32];

/// The operating system returned no random bytes, or `ring` failed: nothing safe
/// can be done then.
#[derive(Debug, thiserror::Error)]
#[error("the operating system returned no random numbers")]
pub struct SealError;

/// `N` bytes that no one can guess.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| SealError)?;
    Ok(bytes)
}

/// 128 random bits in URL-safe characters, for values that last for one response.
/// One call to the operating system supplies many.
pub fn passing_string() -> Result<String, SealError> {
    const LENGTH: usize = 16;
    thread_local! {
        static STOCK: RefCell<Vec<[u8; LENGTH]>> = const { RefCell::new(Vec::new()) };
    }
    STOCK.with_borrow_mut(|stock| {
        if stock.is_empty() {
            let fresh = random_bytes::<{ 32 * LENGTH }>()?;
            stock.extend_from_slice(fresh.as_chunks().0);
        }
        stock.pop().map(|bytes| encode(&bytes)).ok_or(SealError)
    })
}

/// 256 random bits in URL-safe characters.
pub fn random_string() -> Result<String, SealError> {
    Ok(encode(&random_bytes::<32>()?))
}

/// Bytes as URL-safe characters (RFC 4648 5, no padding).
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// 48 bits of a hash in URL-safe characters: enough to tell a few things apart.
pub fn short(hash: &Key) -> String {
    encode(hash.first_chunk::<6>().unwrap_or(&[0; 6]))
}

/// The bytes that [`encode`] turned into this string; `None` if it is not such a
/// string.
pub fn decode(encoded: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(encoded).ok()
}

/// The `N` bytes that [`encode`] turned into this string; `None` if there are more
/// or fewer.
pub fn decode_array<const N: usize>(encoded: impl AsRef<[u8]>) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()?;
    (length == N).then_some(bytes)
}

/// A SHA-256 hash over the parts, each preceded by its length, so that no two lists
/// of parts have the same hash.
pub fn hash(purpose: &str, parts: &[&[u8]]) -> Key {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [purpose.as_bytes()].iter().chain(parts) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut key = Key::default();
    key.copy_from_slice(context.finish().as_ref());
    key
}

/// Compares in constant time.
pub fn same_secret(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Every key is derived for this library.
const SALT: &[u8] = b"vestibule 1";

/// Seals bytes so that only the holder of the secret can read or change them.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// A sealer for one purpose; each purpose has its own key.
    pub fn new(secret: &[u8], purpose: &str) -> Result<Self, SealError> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT);
        Self::from_prk(&salt.extract(secret), purpose)
    }

    fn from_prk(prk: &hkdf::Prk, purpose: &str) -> Result<Self, SealError> {
        let mut key = [0; 32];
        expand(prk, purpose, &mut key)?;
        UnboundKey::new(&AES_256_GCM, &key)
            .map(LessSafeKey::new)
            .map(Self)
            .map_err(|_| SealError)
    }

    /// Seals; opening requires the same `bound_to`.
    pub fn seal(&self, plain: &[u8], bound_to: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce = random_bytes::<NONCE_LEN>()?;
        let mut sealed = plain.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound_to),
                &mut sealed,
            )
            .map_err(|_| SealError)?;
        let mut whole = nonce.to_vec();
        whole.append(&mut sealed);
        Ok(whole)
    }

    /// Opens; `None` if anything was changed, or the key or `bound_to` differ.
    pub fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut body = body.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .0
            .open_in_place(nonce, Aad::from(bound_to), &mut body)
            .ok()?
            .len();
        body.truncate(length);
        Some(body)
    }
}

/// Sealers for one purpose with several secrets: the first one seals, all of them
/// open, so a secret can be replaced without breaking transactions under way.
pub struct SealerRing(Vec<Sealer>);

impl SealerRing {
    /// A ring over the secrets, newest first.
    pub fn new(secrets: &[Secret], purpose: &str) -> Result<Self, SealError> {
        let sealers: Result<Vec<Sealer>, SealError> = secrets
            .iter()
            .map(|secret| Sealer::new(secret.expose().as_bytes(), purpose))
            .collect();
        sealers.map(Self)
    }

    /// Seals with the first secret.
    pub fn seal(&self, plain: &[u8], bound_to: &[u8]) -> Result<Vec<u8>, SealError> {
        self.0.first().ok_or(SealError)?.seal(plain, bound_to)
    }

    /// Opens with any of the secrets.
    pub fn open(&self, sealed: &[u8], bound_to: &[u8]) -> Option<Vec<u8>> {
        self.0
            .iter()
            .find_map(|sealer| sealer.open(sealed, bound_to))
    }
}

/// Derives a key for one purpose (RFC 5869 2.3).
fn expand(prk: &hkdf::Prk, purpose: &str, key: &mut [u8; 32]) -> Result<(), SealError> {
    struct Length;
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    prk.expand(&[purpose.as_bytes()], Length)
        .and_then(|material| material.fill(key))
        .map_err(|_| SealError)
}

/// Seals stored records with two secrets: one of the app's, and the id that only
/// the record's browser holds. Who can write to the store has neither, and so can
/// make up no record; a thief of the store and the app's secret still reads none.
///
/// The newest of the app's secrets seals, all of them open. Clones are cheap.
#[derive(Clone)]
pub struct RecordSealers {
    salts: Arc<[hkdf::Salt]>,
    purpose: &'static str,
}

/// An opened record.
pub struct OpenedRecord {
    /// What was sealed.
    pub plain: Vec<u8>,
    /// Whether an older secret had sealed it.
    pub is_of_old_secret: bool,
}

impl RecordSealers {
    /// Sealers with these secrets of the app, newest first.
    pub fn new(secrets: &[Secret], purpose: &'static str) -> Result<Self, SealError> {
        let salt_of = |secret: &Secret| {
            let mut salt = [0; 32];
            let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret.expose().as_bytes());
            expand(&prk, "records", &mut salt)?;
            Ok(hkdf::Salt::new(hkdf::HKDF_SHA256, &salt))
        };
        let salts: Result<Vec<_>, SealError> = secrets.iter().map(salt_of).collect();
        Ok(Self {
            salts: salts?.into(),
            purpose,
        })
    }

    fn sealer(&self, salt: &hkdf::Salt, id: &[u8]) -> Result<Sealer, SealError> {
        Sealer::from_prk(&salt.extract(id), self.purpose)
    }

    /// Seals with the newest secret; opening requires the same `id` and `bound_to`.
    pub fn seal(&self, id: &[u8], plain: &[u8], bound_to: &[u8]) -> Result<Vec<u8>, SealError> {
        let newest = self.salts.first().ok_or(SealError)?;
        self.sealer(newest, id)?.seal(plain, bound_to)
    }

    /// Opens with any of the secrets; `None` if anything was changed, or `id` or
    /// `bound_to` differ.
    pub fn open(&self, id: &[u8], sealed: &[u8], bound_to: &[u8]) -> Option<OpenedRecord> {
        self.salts.iter().enumerate().find_map(|(place, salt)| {
            let plain = self.sealer(salt, id).ok()?.open(sealed, bound_to)?;
            Some(OpenedRecord {
                plain,
                is_of_old_secret: place > 0,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Sealer, SealerRing, decode_array, encode, hash};
    use crate::secret::Secret;

    #[test]
    fn purposes_and_lists_of_parts_have_hashes_of_their_own() {
        let known = hash("one", &[b"ab", b"c"]);
        assert_eq!(hash("one", &[b"ab", b"c"]), known);
        assert_ne!(hash("two", &[b"ab", b"c"]), known);
        assert_ne!(hash("one", &[b"a", b"bc"]), known);
        assert_ne!(hash("one", &[b"abc"]), known);
        assert_ne!(hash("oneab", &[b"c"]), known);
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_place_only() {
        let sealer = |purpose| Sealer::new(b"a secret", purpose).ok();
        let sealed = sealer("one").and_then(|one| one.seal(b"plain", b"here").ok());
        let sealed = sealed.unwrap_or_default();
        let open = |purpose, bound_to: &[u8]| sealer(purpose)?.open(&sealed, bound_to);
        assert_eq!(open("one", b"here").as_deref(), Some(&b"plain"[..]));
        assert_eq!(open("one", b"there"), None);
        assert_eq!(open("one", b""), None);
        assert_eq!(open("two", b"here"), None);
        let twice = sealer("one").and_then(|one| one.seal(b"plain", b"here").ok());
        // Reusing a nonce could reveal the key (RFC 5116 3.2.1).
        assert_ne!(twice.unwrap_or_default()[..12], sealed[..12]);
    }

    #[test]
    fn the_newest_secret_seals_and_the_older_ones_still_open() {
        let ring = |secrets: &[&str]| {
            let secrets: Vec<Secret> = secrets.iter().copied().map(Secret::new).collect();
            SealerRing::new(&secrets, "one").ok()
        };
        let sealed = |secrets| ring(secrets)?.seal(b"plain", b"").ok();
        let opens = |secrets, sealed: &Option<Vec<u8>>| {
            let plain = ring(secrets)?.open(sealed.as_ref()?, b"");
            Some(plain.as_deref() == Some(b"plain"))
        };
        let (old, both) = (sealed(&["old"]), sealed(&["new", "old"]));
        assert_eq!(opens(&["new", "old"], &old), Some(true));
        assert_eq!(opens(&["new"], &both), Some(true));
        assert_eq!(opens(&["old"], &both), Some(false));
        assert!(sealed(&[]).is_none());
    }

    #[test]
    fn an_array_takes_neither_more_nor_less_than_its_bytes() {
        assert_eq!(decode_array(encode(&[7; 4])), Some([7; 4]));
        for wrong in [encode(&[7; 3]), encode(&[7; 5]), "Bwc+Bw".to_owned()] {
            assert_eq!(decode_array::<4>(wrong), None);
        }
    }
}
