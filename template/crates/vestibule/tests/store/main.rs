//! What every session store must do, whichever the settings name: the cases in
//! `contract.rs` run against all three. What only one of them can get wrong is in
//! `embedded.rs`, `redis.rs` and `failover.rs`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[expect(dead_code, reason = "the rest is for the tests in `it`")]
mod authority;
mod contract;
mod embedded;
mod failover;
mod redis;
mod redis_cluster;
mod redis_sentinels;
#[expect(dead_code, reason = "the same")]
mod redis_server;

use std::{
    any::Any,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use vestibule::{
    Secret,
    store::{Key, ListedRow, Row, SessionStore, Store, open},
};

/// An open store, and what must live as long as it does.
struct Opened {
    store: Arc<dyn Store>,
    _keep: Box<dyn Any>,
}

async fn in_memory() -> Option<Opened> {
    Some(Opened {
        store: open(&SessionStore::Memory).await.unwrap(),
        _keep: Box::new(()),
    })
}

async fn in_a_file() -> Option<Opened> {
    let folder = tempfile::tempdir().unwrap();
    let file = SessionStore::Embedded(folder.path().join("sessions.redb"));
    Some(Opened {
        store: open(&file).await.unwrap(),
        _keep: Box::new(folder),
    })
}

/// `None`, said aloud, where there is no Redis server to test with.
async fn on_redis() -> Option<Opened> {
    let server = redis_server::Server::start()?;
    Some(Opened {
        store: open(&redis_at(server.url())).await.unwrap(),
        _keep: Box::new(server),
    })
}

/// Waits until the store answers again.
async fn recovered(store: &dyn Store) {
    for _ in 0..600 {
        if store.check().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the store did not recover");
}

fn redis_at(url: impl Into<String>) -> SessionStore {
    SessionStore::Redis(Secret::new(url.into()))
}

/// The time at which the tests began: the same all along, so that rows made at
/// different moments can be compared.
fn now() -> u64 {
    static BEGAN: LazyLock<u64> = LazyLock::new(|| {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        since_epoch.as_secs()
    });
    *BEGAN
}

fn key(number: u32) -> Key {
    let mut key = [7; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key
}

/// A live row with this key, of person 1, without provider session.
fn row(number: u32) -> Row {
    Row {
        key: key(number),
        subject: key(1),
        provider_session: None,
        created_at: now(),
        device: "Firefox on Linux".to_owned(),
        version: 1,
        last_seen: now(),
        expires_at: now() + 3600,
        sealed: format!("sealed {number}").into_bytes(),
    }
}

/// What a list says of this row.
fn listed_of(row: Row) -> ListedRow {
    ListedRow {
        key: row.key,
        created_at: row.created_at,
        device: row.device,
        last_seen: row.last_seen,
        provider_session: row.provider_session,
    }
}

fn sorted(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort_unstable();
    keys
}
