//! Where user sessions are kept: the contract for stores, and the choice between
//! them. What a record *means* is in `session/`; a store sees only sealed bytes,
//! hashed keys and times, nothing that a thief could use.

#[cfg(feature = "embedded")]
mod embedded;
#[cfg(feature = "postgres")]
mod postgres;
mod private_file;
#[cfg(feature = "redis")]
mod redis;

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Duration};

use crate::seal::SealError;
#[cfg(any(feature = "postgres", feature = "redis"))]
use crate::secret::Secret;

/// A SHA-256 hash under which a record, a provider session or a person is
/// found. A store never sees what was hashed.
pub use crate::seal::Key;
#[cfg(feature = "postgres")]
pub(crate) use postgres::Address as PostgresAddress;
#[cfg(feature = "postgres")]
pub use postgres::Postgres;
pub use private_file::private_file;
#[cfg(feature = "redis")]
pub(crate) use redis::Address as RedisAddress;

/// What the store's methods return: a future that any worker thread may poll.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One signed-in browser, as stored. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Hash of the session id that the browser holds.
    pub key: Key,
    /// Hash of (issuer, client, subject): shared by all user sessions of one person.
    pub subject: Key,
    /// Hash of (issuer, client, provider session), if the provider names its sessions (the
    /// `sid` claim).
    pub provider_session: Option<Key>,
    /// When the session started.
    pub created_at: u64,
    /// What to call the browser, for the person to recognise.
    pub device: String,
    /// Grows by one with each `replace`.
    pub version: u64,
    /// When the browser was last seen, as far as the store was told.
    pub last_seen: u64,
    /// When the record ends whatever happens: from this second on the row counts as
    /// deleted.
    pub expires_at: u64,
    /// The record, sealed with a key that takes the browser's session id and the app's
    /// secret.
    pub sealed: Vec<u8>,
}

/// What a list of a person's rows says of each: all but what is sealed, which may be
/// large and is of no use there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRow {
    /// See [`Row::key`].
    pub key: Key,
    /// See [`Row::created_at`].
    pub created_at: u64,
    /// See [`Row::device`].
    pub device: String,
    /// See [`Row::last_seen`].
    pub last_seen: u64,
    /// See [`Row::provider_session`].
    pub provider_session: Option<Key>,
}

/// The part of a row that tells whether a cached copy is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// See [`Row::version`].
    pub version: u64,
    /// See [`Row::last_seen`].
    pub last_seen: u64,
}

/// Something that one process at a time may hold, or that can happen only once.
/// Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Hash of what is leased.
    pub name: Key,
    /// Random: the current holder may acquire the lease again.
    pub holder: Key,
    /// The time of acquiring it.
    pub now: u64,
    /// From this second on anyone may acquire it.
    pub until: u64,
}

/// Stores user sessions. Each method is atomic and, once it has returned `Ok`, as
/// durable as the store itself. Dropping a returned future does not undo the
/// change.
pub trait Store: Send + Sync {
    /// Adds a row. No row with the same key exists: keys are hashes of fresh random
    /// ids.
    fn create(&self, row: Row) -> Pending<'_, ()>;

    /// The row with this key, unless it is gone or has ended by `now`.
    fn get(&self, key: Key, now: u64) -> Pending<'_, Option<Row>>;

    /// The pulse of the row that `get` would return. A shared store is asked on
    /// every request, and saves itself the rest of the row.
    fn pulse(&self, key: Key, now: u64) -> Pending<'_, Option<Pulse>> {
        Box::pin(async move {
            let row = self.get(key, now).await?;
            Ok(row.map(|row| Pulse {
                version: row.version,
                last_seen: row.last_seen,
            }))
        })
    }

    /// Records that the browser was seen. Never brings back a deleted row, never
    /// moves `last_seen` backwards; may reach the disk some seconds later.
    fn touch(&self, key: Key, last_seen: u64) -> Pending<'_, ()>;

    /// Replaces the row with `row`'s key if its version is still `row.version - 1`.
    /// `false`: the row is gone or was replaced by someone else, and nothing has
    /// changed.
    fn replace(&self, row: Row) -> Pending<'_, bool>;

    /// Removes the row with this key; `false` if there was none.
    fn delete(&self, key: Key) -> Pending<'_, bool>;

    /// Removes all rows of one provider session and returns their keys.
    fn delete_by_provider_session(&self, provider_session: Key) -> Pending<'_, Vec<Key>>;

    /// Removes all rows of one person and returns their keys.
    fn delete_by_subject(&self, subject: Key) -> Pending<'_, Vec<Key>>;

    /// All live rows of one person, in no particular order, without what is sealed.
    fn list_by_subject(&self, subject: Key, now: u64) -> Pending<'_, Vec<ListedRow>>;

    /// Removes at most `limit` rows that have ended by `now` or were last seen
    /// before `idle_since`, and returns their keys. Other changes wait in the
    /// meantime, reads do not: about a dozen at a time is right. After a crash,
    /// removed rows may come back, still expired. A store that drops ended rows by
    /// itself returns none.
    fn purge(&self, now: u64, idle_since: u64, limit: usize) -> Pending<'_, Vec<Key>>;

    /// Reserves a name for its holder until a time, among all processes that share
    /// the store; `false` if someone else holds it beyond `now`.
    fn acquire(&self, lease: Lease) -> Pending<'_, bool>;

    /// Releases a name early, but only if `holder` holds it.
    fn release(&self, name: Key, holder: Key) -> Pending<'_, ()>;

    /// Whether the store can be reached and written to, as far as can be told
    /// without writing: strangers may cause many checks.
    fn check(&self) -> Pending<'_, ()>;

    /// Whether other processes write to the same store. If not, what was read may
    /// be cached in memory until this process changes it.
    fn is_shared(&self) -> bool;

    /// Writes out what is buffered and closes the store. Called once, at shutdown;
    /// in a file store every later call is an error.
    fn close(&self) -> Pending<'_, ()>;
}

/// A store operation failed. The string is for the log: it names the store and the
/// cause, never a key or a record.
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
    /// In this process's memory: lost when it ends.
    Memory,
    /// In one file, for one process.
    Embedded(PathBuf),
    /// In Redis or Valkey, for any number of processes: the address of a server, of
    /// sentinels or of a cluster. It may contain a password.
    #[cfg(feature = "redis")]
    Redis(Secret),
    /// In a PostgreSQL database, for any number of processes: its address. It may
    /// contain a password.
    #[cfg(feature = "postgres")]
    Postgres(Secret),
}

/// Opens the store that the settings name.
///
/// # Errors
/// The file cannot be created, is still in use by another process after half a
/// minute, or is not a store; or a PostgreSQL server does not let the app have its
/// tables. A server that is down is not an error: the store recovers by itself.
pub async fn open(choice: &SessionStore) -> Result<Arc<dyn Store>, StoreError> {
    open_within(choice, TIME_TO_STOP).await
}

/// How long a process that is told to stop is usually given, before it is killed.
/// When an app is replaced, its successor may start before it has stopped.
const TIME_TO_STOP: Duration = Duration::from_secs(30);

/// The same, and waits so long for another process to close the file.
pub(crate) async fn open_within(
    choice: &SessionStore,
    patience: Duration,
) -> Result<Arc<dyn Store>, StoreError> {
    #[cfg(not(feature = "embedded"))]
    let _ = patience;
    match choice {
        #[cfg(feature = "embedded")]
        SessionStore::Memory => Ok(Arc::new(embedded::Embedded::in_memory()?)),
        #[cfg(feature = "embedded")]
        SessionStore::Embedded(path) => {
            Ok(Arc::new(embedded::Embedded::open(path, patience).await?))
        }
        #[cfg(feature = "redis")]
        SessionStore::Redis(address) => Ok(Arc::new(redis::Redis::open(address.expose())?)),
        #[cfg(feature = "postgres")]
        SessionStore::Postgres(address) => Ok(Arc::new(Postgres::open(address.expose()).await?)),
        #[cfg(not(feature = "embedded"))]
        SessionStore::Memory | SessionStore::Embedded(_) => Err(StoreError(
            "this build has no embedded store: enable vestibule's feature `embedded`, or pass a \
             store to Oidc::builder"
                .to_owned(),
        )),
    }
}
