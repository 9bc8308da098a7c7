//! The default store: one crash-safe file (redb), or the same in memory. Reads run
//! on the caller's thread and never wait for a write. One thread makes all writes
//! and commits them in groups (`writer.rs`). The tables are in `tables.rs`; opening
//! and creating the file is in `file.rs`.

mod file;
mod tables;
mod writer;

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use redb::{Database, ReadTransaction, ReadableDatabase as _};
use tokio::sync::oneshot;

use super::{Key, Lease, ListedRow, Pending, Row, Store, StoreError};
use file::Unopened;
use writer::{Change, Job};

/// How often to look whether another process has closed the file.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// User sessions in one file, for one process.
pub struct Embedded {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
    writer: Option<JoinHandle<()>>,
}

/// What readers and the writer thread share.
struct Shared {
    /// The path of the file; `None` for a store in memory.
    path: Option<PathBuf>,
    /// `None` once the store is closed, and while a file that failed cannot be
    /// reopened. Only the writer thread replaces it.
    database: RwLock<Option<Database>>,
    held_back: HeldBack,
    /// Whether the last change could not be written.
    has_failed: AtomicBool,
}

impl Embedded {
    /// Opens the store in this file; creates the file and its folder if they are
    /// missing. If another process has it open, waits so long for that to stop.
    ///
    /// # Errors
    /// The file cannot be created or read, is in use by another process, or is not
    /// a session store. An existing file's contents are never lost.
    pub async fn open(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let began = Instant::now();
        let mut is_waiting = false;
        loop {
            match file::open(path) {
                Ok(database) => return Self::start(database, Some(path.to_owned())),
                Err(Unopened::InUse(_)) if began.elapsed() < patience => {
                    if !is_waiting {
                        tracing::warn!(
                            "session store {} is in use by another process; waiting for it to stop",
                            path.display()
                        );
                    }
                    is_waiting = true;
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                Err(unopened) => return Err(unopened.into()),
            }
        }
    }

    /// Opens an empty store that lasts as long as the process.
    ///
    /// # Errors
    /// The system is out of memory, or the writer thread cannot start.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::start(file::in_memory()?, None)
    }

    fn start(database: Database, path: Option<PathBuf>) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            path,
            database: RwLock::new(Some(database)),
            held_back: HeldBack::default(),
            has_failed: AtomicBool::new(false),
        });
        let (jobs, queue) = mpsc::channel();
        let for_writer = shared.clone();
        let writer = std::thread::Builder::new()
            .name("session-store".into())
            .spawn(move || writer::run(&for_writer, &queue))
            .map_err(|cause| shared.error(format!("cannot start the writer thread: {cause}")))?;
        Ok(Self {
            shared,
            jobs,
            writer: Some(writer),
        })
    }

    /// Hands a change to the writer and waits until it is on disk. The change is
    /// made even if the caller stops waiting.
    async fn change(&self, change: Change) -> Result<Vec<Key>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs
            .send(Job { change, answer })
            .map_err(|_| self.shared.closed())?;
        answered.await.map_err(|_| self.shared.closed())?
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let (answer, _) = oneshot::channel();
        let _ = self.jobs.send(Job {
            change: Change::Close,
            answer,
        });
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Store for Embedded {
    fn create(&self, row: Row) -> Pending<'_, ()> {
        Box::pin(async move {
            match self.change(Change::Create(row)).await?.is_empty() {
                false => Ok(()),
                true => Err(self
                    .shared
                    .error("the key of a new row is already in use".into())),
            }
        })
    }

    fn get(&self, key: Key, now: u64) -> Pending<'_, Option<Row>> {
        Box::pin(async move { self.shared.live(&key, now) })
    }

    fn touch(&self, key: Key, last_seen: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            self.shared.held_back.note(key, last_seen);
            Ok(())
        })
    }

    fn replace(&self, row: Row) -> Pending<'_, bool> {
        Box::pin(async move { Ok(!self.change(Change::Replace(row)).await?.is_empty()) })
    }

    fn delete(&self, key: Key) -> Pending<'_, bool> {
        Box::pin(async move { Ok(!self.change(Change::Delete(key)).await?.is_empty()) })
    }

    fn delete_by_provider_session(&self, provider_session: Key) -> Pending<'_, Vec<Key>> {
        Box::pin(self.change(Change::DeleteByProviderSession(provider_session)))
    }

    fn delete_by_subject(&self, subject: Key) -> Pending<'_, Vec<Key>> {
        Box::pin(self.change(Change::DeleteBySubject(subject)))
    }

    fn list_by_subject(&self, subject: Key, now: u64) -> Pending<'_, Vec<ListedRow>> {
        Box::pin(async move { self.shared.list(&subject, now) })
    }

    fn purge(&self, now: u64, idle_since: u64, limit: usize) -> Pending<'_, Vec<Key>> {
        Box::pin(self.change(Change::Purge {
            now,
            idle_since,
            limit,
        }))
    }

    fn acquire(&self, lease: Lease) -> Pending<'_, bool> {
        Box::pin(async move { Ok(!self.change(Change::Lease(lease)).await?.is_empty()) })
    }

    fn release(&self, name: Key, holder: Key) -> Pending<'_, ()> {
        Box::pin(async move { self.change(Change::Release(name, holder)).await.map(drop) })
    }

    fn check(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            if self.shared.has_failed.load(Ordering::Relaxed) {
                // Nothing else may come that would reopen it.
                return self.change(Change::Check).await.map(drop);
            }
            self.shared.read(|_| Ok(()))
        })
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move { self.change(Change::Close).await.map(drop) })
    }
}

impl Shared {
    /// Runs `work` on the open database.
    fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = self.database();
        let database = database.as_ref().ok_or_else(|| self.closed())?;
        guarded(|| work(database))
            .and_then(|result| result.map_err(|cause| cause.to_string()))
            .map_err(|cause| self.error(cause))
    }

    /// Reads the state of the last commit.
    fn read<T>(
        &self,
        reading: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        self.with_database(|database| reading(&database.begin_read()?))
    }

    fn database(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn database_mut(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.database
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reopens the file, as redb requires after a failed write. If that fails too,
    /// the next change tries again.
    fn reopen(&self) -> Result<(), StoreError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut database = self.database_mut();
        let failed = database.take();
        let _ = guarded(|| drop(failed));
        *database = Some(file::open(path)?);
        Ok(())
    }

    /// The row with this key as of `now`, unless it has ended.
    fn live(&self, key: &Key, now: u64) -> Result<Option<Row>, StoreError> {
        // Read before the file, because a visit is first written and then removed
        // here.
        let last_seen = self.held_back.of(key).unwrap_or_default();
        let found = self.read(|transaction| tables::get(transaction, key))?;
        Ok(found.filter(|row| now < row.expires_at).map(|row| Row {
            last_seen: row.last_seen.max(last_seen),
            ..row
        }))
    }

    /// What there is of one person's rows as of `now`, without what is sealed.
    fn list(&self, subject: &Key, now: u64) -> Result<Vec<ListedRow>, StoreError> {
        let keys = self.read(|transaction| tables::keys_of_subject(transaction, subject))?;
        // Read before the rows, see `live`.
        let seen: Vec<_> = keys
            .into_iter()
            .map(|key| (key, self.held_back.of(&key).unwrap_or_default()))
            .collect();
        self.read(|transaction| tables::list(transaction, &seen, now))
    }

    fn error(&self, cause: String) -> StoreError {
        match &self.path {
            Some(path) => StoreError(format!("session store {}: {cause}", path.display())),
            None => StoreError(format!("session store in memory: {cause}")),
        }
    }

    fn closed(&self) -> StoreError {
        self.error("it is not open".into())
    }
}

/// `last_seen` times that are not written yet. A visit is not worth a commit of its
/// own: it goes with the next one, or after a few seconds.
#[derive(Default)]
struct HeldBack(Mutex<HashMap<Key, u64>>);

impl HeldBack {
    fn times(&self) -> MutexGuard<'_, HashMap<Key, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, key: Key, last_seen: u64) {
        let mut times = self.times();
        let newest = times.entry(key).or_default();
        *newest = last_seen.max(*newest);
    }

    fn of(&self, key: &Key) -> Option<u64> {
        self.times().get(key).copied()
    }

    fn len(&self) -> usize {
        self.times().len()
    }

    /// At most `limit` of them, sorted by key, which is faster to write.
    fn some(&self, limit: usize) -> Vec<(Key, u64)> {
        let times = self.times();
        let mut some: Vec<_> = times.iter().take(limit).map(|(&k, &t)| (k, t)).collect();
        drop(times);
        some.sort_unstable();
        some
    }

    /// Forgets what was written, unless it has been updated in the meantime.
    fn forget(&self, written: &[(Key, u64)]) {
        let mut times = self.times();
        for (key, last_seen) in written {
            if times.get(key) == Some(last_seen) {
                times.remove(key);
            }
        }
        if times.is_empty() {
            times.shrink_to_fit();
        }
    }
}

/// Runs `work` on the database. redb panics on some kinds of damage in the file;
/// this turns that into an error with the panic's message.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("damaged: {}", message.unwrap_or("no reason given"))
    })
}
