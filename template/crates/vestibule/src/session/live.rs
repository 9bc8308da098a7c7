//! Live user sessions in memory: opened records, by the browser's id and by the
//! store's key.

use std::{
    array,
    borrow::Borrow,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use foldhash::HashSet;

use super::{UserSession, watch::Watches};
use crate::seal::{self, Key, SealError};

/// The random value in the browser's `user-session` cookie: 256 bits in URL-safe
/// characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId([u8; SessionId::LENGTH]);

impl SessionId {
    const LENGTH: usize = 43;

    pub(super) fn random() -> Result<Self, SealError> {
        Self::parse(seal::random_string()?.as_bytes()).ok_or(SealError)
    }

    /// Parses a cookie's value; `None` if it cannot be an id.
    pub fn parse(cookie: &[u8]) -> Option<Self> {
        cookie.try_into().ok().map(Self)
    }

    /// The cookie's value.
    pub fn to_cookie_value(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    pub(super) fn key(&self) -> Key {
        seal::hash("user session", &[&self.0])
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A user session that is alive.
pub struct LiveSession {
    /// The record.
    pub session: UserSession,
    pub(crate) id: SessionId,
    pub(crate) key: Key,
    pub(super) version: u64,
    pub(super) last_seen: AtomicU64,
}

impl LiveSession {
    /// When the browser was last seen, in Unix seconds.
    pub fn last_seen(&self) -> u64 {
        self.last_seen.load(Ordering::Relaxed)
    }
}

/// An opened record, found by the browser's id.
struct ById(Arc<LiveSession>);

/// An opened record, found by the store's key, which is all that is known when a
/// session is ended.
struct ByKey(Arc<LiveSession>);

macro_rules! found_by {
    ($by:ident, $what:ty, $field:ident) => {
        impl Borrow<$what> for $by {
            fn borrow(&self) -> &$what {
                &self.0.$field
            }
        }

        impl Hash for $by {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.$field.hash(state);
            }
        }

        impl PartialEq for $by {
            fn eq(&self, other: &Self) -> bool {
                self.0.$field == other.0.$field
            }
        }

        impl Eq for $by {}
    };
}

found_by!(ById, SessionId, id);
found_by!(ByKey, Key, key);

/// Many, so that growing a set, which rehashes all of it, holds up few requests.
const SHARDS: usize = 127;

/// The shard for something that starts with these random bytes.
fn shard(beginning: [u8; 2]) -> usize {
    usize::from(u16::from_be_bytes(beginning)) % SHARDS
}

/// Opened records by id, which saves each request a hash. Lookup times tell nothing
/// to someone who guesses ids, as the maps use randomly keyed hashes.
///
/// A record read from the store before it was deleted there must not come back
/// through here afterwards: `forget` raises the generation of the key's shard, and
/// `put` accepts only what was read in the current generation.
///
/// If other processes write to the same store, each record is still checked there;
/// what is kept here only saves opening it again. As no one reports when a session
/// ends elsewhere, only a few are kept.
pub(super) struct LiveSessions {
    by_id: [RwLock<HashSet<ById>>; SHARDS],
    by_key: [Mutex<Known>; SHARDS],
    most_in_shard: usize,
    watches: Arc<Watches>,
}

#[derive(Default)]
struct Known {
    generation: u64,
    records: HashSet<ByKey>,
}

/// The most records of a shared store that are kept in total.
const MOST_OF_SHARED: usize = 4096;

impl LiveSessions {
    pub(super) fn new(is_shared: bool) -> Self {
        Self {
            by_id: array::from_fn(|_| RwLock::default()),
            by_key: array::from_fn(|_| Mutex::default()),
            most_in_shard: if is_shared {
                MOST_OF_SHARED / SHARDS
            } else {
                usize::MAX
            },
            watches: Arc::default(),
        }
    }

    /// The watches over those that have streams.
    pub(super) fn watches(&self) -> &Arc<Watches> {
        &self.watches
    }

    fn by_id(&self, id: &SessionId) -> &RwLock<HashSet<ById>> {
        &self.by_id[shard([id.0[0], id.0[1]])]
    }

    fn by_key(&self, key: &Key) -> MutexGuard<'_, Known> {
        self.by_key[shard([key[0], key[1]])]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, id: &SessionId) -> Option<Arc<LiveSession>> {
        let records = self.by_id(id).read();
        records
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .map(|found| Arc::clone(&found.0))
    }

    pub(super) fn generation(&self, key: &Key) -> u64 {
        self.by_key(key).generation
    }

    pub(super) fn put(&self, record: &Arc<LiveSession>, generation: u64) {
        let mut known = self.by_key(&record.key);
        if known.generation != generation {
            return;
        }
        if known.records.len() >= self.most_in_shard {
            let all = known.records.drain();
            all.for_each(|record| self.remove(&record.0.id));
        }
        // `insert` would keep the previous version.
        known.records.replace(ByKey(Arc::clone(record)));
        let records = self.by_id(&record.id).write();
        records
            .unwrap_or_else(PoisonError::into_inner)
            .replace(ById(Arc::clone(record)));
    }

    fn remove(&self, id: &SessionId) {
        let records = self.by_id(id).write();
        records.unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Forgets these records, and returns how many there are.
    pub(super) fn forget_all(&self, keys: &[Key]) -> usize {
        keys.iter().for_each(|key| self.forget(key));
        keys.len()
    }

    pub(super) fn forget(&self, key: &Key) {
        self.forget_record(key);
        self.watches.hint(key);
    }

    fn forget_record(&self, key: &Key) {
        let mut known = self.by_key(key);
        known.generation = known.generation.wrapping_add(1);
        if let Some(record) = known.records.take(key) {
            self.remove(&record.0.id);
        }
    }
}
