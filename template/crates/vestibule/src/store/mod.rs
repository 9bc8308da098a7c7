//! Where user sessions are kept: the contract that each store fulfils, and
//! the choice between them. What a record *means* is in `session/`; a store
//! sees sealed bytes, hashed keys and times, nothing that a thief could use.

#[cfg(feature = "embedded")]
mod embedded;
#[cfg(feature = "redis")]
mod redis;

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc};

use crate::seal::SealError;
#[cfg(feature = "redis")]
use crate::secret::Secret;

/// A SHA-256 hash under which a record, a provider session or a person is
/// found. A store never sees what was hashed.
pub use crate::seal::Key;
#[cfg(feature = "redis")]
pub(crate) use redis::Address as RedisAddress;

/// What a store's verbs return: a future that any worker thread may poll.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One signed-in browser, as a store keeps it. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Hash of the session id that the browser holds.
    pub key: Key,
    /// Hash of (issuer, subject): all user sessions of one person share it.
    pub subject: Key,
    /// Hash of (issuer, provider session), where the provider names its
    /// sessions (the `sid` claim).
    pub provider_session: Option<Key>,
    /// When the sign-in began.
    pub created_at: u64,
    /// What the browser is called, roughly, for the person's own eyes.
    pub device: String,
    /// Grows by one with each `replace`.
    pub version: u64,
    /// When the browser last made itself known, as far as the store was told.
    pub last_seen: u64,
    /// The end of the record's life whatever happens: from this second on the
    /// row is as good as deleted.
    pub expires_at: u64,
    /// The record, sealed with a key that only the browser's session id yields.
    pub sealed: Vec<u8>,
}

/// Of a row, what tells whether a copy of it is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// See [`Row::version`].
    pub version: u64,
    /// See [`Row::last_seen`].
    pub last_seen: u64,
}

/// Something that one process at a time may have, or that can happen only once.
/// Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Hash of what is leased.
    pub name: Key,
    /// Random: who holds it may acquire it again.
    pub holder: Key,
    /// When it is acquired.
    pub now: u64,
    /// From this second on anybody may acquire it.
    pub until: u64,
}

/// Keeps user sessions. Each verb is atomic and, once it has returned `Ok`,
/// durable for as long as the store as a whole is. Whoever stops waiting for a
/// verb does not undo it.
pub trait Store: Send + Sync {
    /// Adds a row. A row with the same key is never there: keys are hashes of
    /// fresh random ids.
    fn create(&self, row: Row) -> Pending<'_, ()>;

    /// The row with this key, unless it is gone or has ended by `now`.
    fn get(&self, key: Key, now: u64) -> Pending<'_, Option<Row>>;

    /// The pulse of the row that `get` would return. A store that others write
    /// to is asked on every request, so it spares itself the rest of the row.
    fn pulse(&self, key: Key, now: u64) -> Pending<'_, Option<Pulse>> {
        Box::pin(async move {
            let row = self.get(key, now).await?;
            Ok(row.map(|row| Pulse {
                version: row.version,
                last_seen: row.last_seen,
            }))
        })
    }

    /// Notes that the browser was seen. Never brings a deleted row back, never
    /// moves `last_seen` backwards; may reach the disk some seconds later.
    fn touch(&self, key: Key, last_seen: u64) -> Pending<'_, ()>;

    /// Puts `row` in place of the row with its key if that still has version
    /// `row.version - 1`. `false`: the row is gone or was replaced by somebody
    /// else, and nothing has changed.
    fn replace(&self, row: Row) -> Pending<'_, bool>;

    /// Removes the row with this key; `false` if there was none.
    fn delete(&self, key: Key) -> Pending<'_, bool>;

    /// Removes all rows of one provider session and returns their keys.
    fn delete_by_provider_session(&self, provider_session: Key) -> Pending<'_, Vec<Key>>;

    /// Removes all rows of one person and returns their keys.
    fn delete_by_subject(&self, subject: Key) -> Pending<'_, Vec<Key>>;

    /// All live rows of one person, in no particular order.
    fn list_by_subject(&self, subject: Key, now: u64) -> Pending<'_, Vec<Row>>;

    /// Removes rows that have ended by `now` or were last seen before
    /// `idle_since`, at most `limit` of them, and returns their keys. Other
    /// changes wait meanwhile, reads do not: a dozen at a time is right. A crash
    /// may bring back what it removed, as ended as it was. A store that forgets
    /// ended rows by itself returns none.
    fn purge(&self, now: u64, idle_since: u64, limit: usize) -> Pending<'_, Vec<Key>>;

    /// Makes a name its holder's until a time, for all processes that share the
    /// store; `false` if it is somebody else's until later than `now`.
    fn acquire(&self, lease: Lease) -> Pending<'_, bool>;

    /// Gives a name back before its time. Somebody else's stays theirs.
    fn release(&self, name: Key, holder: Key) -> Pending<'_, ()>;

    /// Whether the store can be reached and written to.
    fn check(&self) -> Pending<'_, ()>;

    /// Whether other processes write to the same store. If not, what was read
    /// once may be kept in memory until this process changes it.
    fn is_shared(&self) -> bool;

    /// Writes out what is still held back and lets go of the store. Called once,
    /// at shutdown; every later call is an error in a store that is a file.
    fn close(&self) -> Pending<'_, ()>;
}

/// The store could not do what it was asked. The text is for the log: it names
/// the store and the cause, never a key or a record.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

impl From<SealError> for StoreError {
    fn from(error: SealError) -> Self {
        Self(error.to_string())
    }
}

/// Where user sessions are kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionStore {
    /// In this process: gone when it ends.
    Memory,
    /// In one file, for one process.
    Embedded(PathBuf),
    /// In Redis or Valkey, for any number of processes: the address of a server,
    /// of sentinels or of a cluster. It may hold a password.
    #[cfg(feature = "redis")]
    Redis(Secret),
}

/// Opens the store that the settings name.
///
/// # Errors
/// The file cannot be created, is in use by another process or is not a store.
/// A Redis server that is down is no error: the store recovers by itself.
pub async fn open(choice: &SessionStore) -> Result<Arc<dyn Store>, StoreError> {
    match choice {
        #[cfg(feature = "embedded")]
        SessionStore::Memory => Ok(Arc::new(embedded::Embedded::in_memory()?)),
        #[cfg(feature = "embedded")]
        SessionStore::Embedded(path) => Ok(Arc::new(embedded::Embedded::open(path)?)),
        #[cfg(feature = "redis")]
        SessionStore::Redis(address) => Ok(Arc::new(redis::Redis::open(address.expose())?)),
        #[cfg(not(feature = "embedded"))]
        SessionStore::Memory | SessionStore::Embedded(_) => Err(StoreError(
            "this build has no embedded store: switch the feature `embedded` of vestibule on, or \
             give Oidc::builder a store"
                .to_owned(),
        )),
    }
}
