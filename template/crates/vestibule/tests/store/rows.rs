//! What the tests of stores put into them, and wait for.

use std::{
    any::Any,
    sync::{Arc, LazyLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use vestibule::store::{Key, ListedRow, Row, SessionStore, Store, open};

/// An open store, and what must live as long as it does.
pub struct Opened {
    pub store: Arc<dyn Store>,
    _keep: Box<dyn Any>,
}

impl Opened {
    pub async fn by(choice: &SessionStore, keep: impl Any) -> Self {
        Self {
            store: open(choice).await.unwrap(),
            _keep: Box::new(keep),
        }
    }
}

/// Asks a store that is known to be silent for so long; each refusal has to come within
/// `patience`.
pub async fn refuses_at_once(store: &dyn Store, so_long: Duration, patience: Duration) {
    let silent_since = Instant::now();
    while silent_since.elapsed() < so_long {
        let asked = Instant::now();
        assert!(store.get(key(1), now()).await.is_err());
        let waited = asked.elapsed();
        assert!(waited < patience, "{waited:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the store answers again.
pub async fn recovered(store: &dyn Store) {
    for _ in 0..600 {
        if store.check().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the store did not recover");
}

/// The time at which the tests began: the same all along, so that rows made at
/// different moments can be compared.
pub fn now() -> u64 {
    static BEGAN: LazyLock<u64> = LazyLock::new(|| {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        since_epoch.as_secs()
    });
    *BEGAN
}

pub fn key(number: u32) -> Key {
    let mut key = [7; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key
}

/// A live row with this key, of person 1, without provider session.
pub fn row(number: u32) -> Row {
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
pub fn listed_of(row: Row) -> ListedRow {
    ListedRow {
        key: row.key,
        created_at: row.created_at,
        device: row.device,
        last_seen: row.last_seen,
        provider_session: row.provider_session,
    }
}

pub fn sorted(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort_unstable();
    keys
}
