//! Where the token refreshes of one session wait for one another, and how soon a
//! failed one is retried.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::OwnedMutexGuard;

use crate::seal::Key;

/// A queue for each session whose tokens are being refreshed, or could not be. Each
/// has its own, so that no one waits for another person's refresh: with a provider
/// that hangs, such waits would add up.
#[derive(Default)]
pub struct RefreshQueues(Mutex<Queues>);

#[derive(Default)]
struct Queues {
    by_session: HashMap<Key, Arc<Queue>>,
    /// How many there are when those that are no longer needed are next removed.
    tidy_at: usize,
}

/// Whoever holds the lock refreshes.
type Queue = tokio::sync::Mutex<Option<Failure>>;

/// Fewer queues than this are not worth tidying.
const FEW: usize = 64;

/// A session's last refresh, if it failed.
struct Failure {
    count: u32,
    try_again: Instant,
    cause: String,
}

/// How long a failure is remembered after its retry was due.
const FORGET_AFTER: Duration = Duration::from_secs(60);

impl Failure {
    fn is_remembered(&self) -> bool {
        Instant::now() < self.try_again + FORGET_AFTER
    }
}

impl RefreshQueues {
    /// Waits for the turn of a request of the session with this key.
    pub async fn turn(&self, key: &Key) -> RefreshTurn {
        let queue = self.queue(key);
        RefreshTurn(queue.lock_owned().await)
    }

    /// Whether a refresh of the session with this key is under way.
    pub fn is_under_way(&self, key: &Key) -> bool {
        let queues = self.lock();
        let queue = queues.by_session.get(key);
        queue.is_some_and(|queue| queue.try_lock().is_err())
    }

    fn queue(&self, key: &Key) -> Arc<Queue> {
        let mut queues = self.lock();
        if queues.by_session.len() >= queues.tidy_at {
            queues.by_session.retain(|_, queue| is_needed(queue));
            queues.tidy_at = FEW.max(2 * queues.by_session.len());
        }
        Arc::clone(queues.by_session.entry(*key).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether anyone is in the queue, or a failure is remembered there.
fn is_needed(queue: &Arc<Queue>) -> bool {
    Arc::strong_count(queue) > 1
        || queue
            .try_lock()
            .is_ok_and(|last| last.as_ref().is_some_and(Failure::is_remembered))
}

/// The turn of one request of a session.
pub struct RefreshTurn(OwnedMutexGuard<Option<Failure>>);

impl RefreshTurn {
    /// Why the last refresh failed, if it is too soon to retry.
    pub fn too_soon(&self) -> Option<String> {
        let failure = self.0.as_ref()?;
        (Instant::now() < failure.try_again).then(|| failure.cause.clone())
    }

    /// The provider may be in trouble, so retries back off: after 1, 2, 4 and at
    /// most 32 seconds.
    pub fn failed(&mut self, cause: &str) {
        let earlier = self.0.as_ref().filter(|failure| failure.is_remembered());
        let count = earlier.map_or(0, |failure| failure.count);
        *self.0 = Some(Failure {
            count: count + 1,
            try_again: Instant::now() + Duration::from_secs(1 << count.min(5)),
            cause: cause.to_owned(),
        });
    }

    /// The tokens are new.
    pub fn succeeded(&mut self) {
        *self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{FEW, FORGET_AFTER, Failure, Key, RefreshQueues};

    /// Someone whose refresh has failed before, and could be retried this long ago.
    async fn failed_before(queues: &RefreshQueues, key: &Key, due: Duration) {
        let mut turn = queues.turn(key).await;
        *turn.0 = Some(Failure {
            count: 3,
            try_again: Instant::now() - due,
            cause: "the provider is down".to_owned(),
        });
    }

    fn key(number: usize) -> Key {
        let mut key = Key::default();
        key[..8].copy_from_slice(&number.to_be_bytes());
        key
    }

    #[tokio::test]
    async fn a_failure_is_forgotten_a_minute_after_its_retry_was_due() {
        let queues = RefreshQueues::default();
        let lately = FORGET_AFTER - Duration::from_secs(30);
        let long_ago = FORGET_AFTER + Duration::from_secs(1);
        for (due, count) in [(lately, 4), (long_ago, 1)] {
            failed_before(&queues, &key(0), due).await;
            let mut turn = queues.turn(&key(0)).await;
            turn.failed("the provider is down again");
            assert_eq!(turn.0.as_ref().map(|failure| failure.count), Some(count));
        }
    }

    #[tokio::test]
    async fn queues_are_kept_for_as_long_as_they_are_needed() {
        let queues = RefreshQueues::default();
        let (under_way, failing) = (key(1_000_000), key(1_000_001));
        let _turn = queues.turn(&under_way).await;
        failed_before(&queues, &failing, Duration::ZERO).await;
        for number in 0..10 * FEW {
            queues.turn(&key(number)).await.succeeded();
        }
        assert!(queues.lock().by_session.len() <= FEW + 2);
        assert!(queues.is_under_way(&under_way));
        assert!(queues.turn(&failing).await.0.is_some());
    }
}
