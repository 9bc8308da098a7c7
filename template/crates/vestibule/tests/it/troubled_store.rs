//! A store that is slow or fails when a test wants it to, and tells what it was asked for.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::Semaphore;
use vestibule::store::{
    Key, Lease, ListedRow, Pending, Row, SessionStore, Store, StoreError, open,
};

/// The store in memory, in trouble.
pub struct Troubled {
    inner: Arc<dyn Store>,
    /// Whether readers have to wait.
    pub is_slow: AtomicBool,
    /// Somebody has read something, and waits.
    pub has_read: Semaphore,
    /// Who has read gets it.
    pub let_go: Semaphore,
    /// Whether it says of itself that it cannot be used.
    pub is_down: AtomicBool,
    /// Whether nothing can be read.
    pub reads_nothing: AtomicBool,
    /// Whether nothing can be deleted.
    pub keeps_rows: AtomicBool,
    /// Whether no name can be given back.
    pub keeps_names: AtomicBool,
    /// Whether other instances use it too.
    pub is_shared: AtomicBool,
    /// How long the last name was asked for, in seconds.
    pub last_lease: AtomicU64,
    /// How often it was asked in vain.
    pub failures: AtomicU64,
}

impl Troubled {
    /// In no trouble yet.
    pub async fn open() -> Arc<Self> {
        Arc::new(Self {
            inner: open(&SessionStore::Memory).await.unwrap(),
            is_slow: AtomicBool::new(false),
            has_read: Semaphore::new(0),
            let_go: Semaphore::new(0),
            is_down: AtomicBool::new(false),
            reads_nothing: AtomicBool::new(false),
            keeps_rows: AtomicBool::new(false),
            keeps_names: AtomicBool::new(false),
            is_shared: AtomicBool::new(false),
            last_lease: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        })
    }

    fn unless<'a, T: Send + 'a>(&self, fails: &AtomicBool, does: Pending<'a, T>) -> Pending<'a, T> {
        if fails.load(Ordering::Relaxed) {
            self.failures.fetch_add(1, Ordering::Relaxed);
            return Box::pin(async { Err(StoreError("it is in trouble".to_owned())) });
        }
        does
    }
}

impl Store for Troubled {
    fn get(&self, key: Key, now: u64) -> Pending<'_, Option<Row>> {
        let read = Box::pin(async move {
            let row = self.inner.get(key, now).await;
            if self.is_slow.load(Ordering::Relaxed) {
                self.has_read.add_permits(1);
                self.let_go.acquire().await.unwrap().forget();
            }
            row
        });
        self.unless(&self.reads_nothing, read)
    }

    fn create(&self, row: Row) -> Pending<'_, ()> {
        self.inner.create(row)
    }

    fn touch(&self, key: Key, last_seen: u64) -> Pending<'_, ()> {
        self.inner.touch(key, last_seen)
    }

    fn replace(&self, row: Row) -> Pending<'_, bool> {
        self.inner.replace(row)
    }

    fn delete(&self, key: Key) -> Pending<'_, bool> {
        self.unless(&self.keeps_rows, self.inner.delete(key))
    }

    fn delete_by_provider_session(&self, session: Key) -> Pending<'_, Vec<Key>> {
        let deleted = self.inner.delete_by_provider_session(session);
        self.unless(&self.keeps_rows, deleted)
    }

    fn delete_by_subject(&self, subject: Key) -> Pending<'_, Vec<Key>> {
        self.unless(&self.keeps_rows, self.inner.delete_by_subject(subject))
    }

    fn list_by_subject(&self, subject: Key, now: u64) -> Pending<'_, Vec<ListedRow>> {
        self.inner.list_by_subject(subject, now)
    }

    fn purge(&self, now: u64, idle_since: u64, limit: usize) -> Pending<'_, Vec<Key>> {
        self.inner.purge(now, idle_since, limit)
    }

    fn acquire(&self, lease: Lease) -> Pending<'_, bool> {
        let seconds = lease.until.saturating_sub(lease.now);
        self.last_lease.store(seconds, Ordering::Relaxed);
        self.inner.acquire(lease)
    }

    fn release(&self, name: Key, holder: Key) -> Pending<'_, ()> {
        self.unless(&self.keeps_names, self.inner.release(name, holder))
    }

    fn check(&self) -> Pending<'_, ()> {
        self.unless(&self.is_down, self.inner.check())
    }

    fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Relaxed)
    }

    fn close(&self) -> Pending<'_, ()> {
        self.inner.close()
    }
}
