//! Where token refreshes wait for one another, and how soon a failed one is
//! retried.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, MutexGuard};

use crate::seal::Key;

const QUEUES: usize = 64;

/// Queues in which refreshes wait for one another; people rarely share one.
pub struct RefreshQueues([Mutex<RefreshQueue>; QUEUES]);

/// The sessions in one queue whose last refresh failed, by key.
#[derive(Default)]
pub struct RefreshQueue(HashMap<Key, Failure>);

struct Failure {
    count: u32,
    try_again: Instant,
    cause: String,
}

/// How long a failure is remembered after its retry was due.
const FORGET_AFTER: Duration = Duration::from_secs(60);

impl RefreshQueue {
    /// Why the last refresh failed, if it is too soon to retry.
    pub fn too_soon(&self, key: &Key) -> Option<String> {
        let failure = self.0.get(key)?;
        (Instant::now() < failure.try_again).then(|| failure.cause.clone())
    }

    /// The provider may be in trouble, so retries back off: after 1, 2, 4 and at
    /// most 32 seconds.
    pub fn failed(&mut self, key: &Key, cause: &str) {
        let now = Instant::now();
        self.0
            .retain(|_, failure| now < failure.try_again + FORGET_AFTER);
        let failure = self.0.entry(*key).or_insert_with(|| Failure {
            count: 0,
            try_again: now,
            cause: String::new(),
        });
        failure.try_again = now + Duration::from_secs(1 << failure.count.min(5));
        failure.count += 1;
        cause.clone_into(&mut failure.cause);
    }

    pub fn succeeded(&mut self, key: &Key) {
        self.0.remove(key);
    }
}

impl Default for RefreshQueues {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl RefreshQueues {
    /// Waits for the turn of the session with this key.
    pub async fn turn(&self, key: &Key) -> MutexGuard<'_, RefreshQueue> {
        self.0[usize::from(key[0]) % QUEUES].lock().await
    }
}
