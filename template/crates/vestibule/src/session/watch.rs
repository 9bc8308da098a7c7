//! Watching sessions for streams, which go on long after a guard let their request in.
//! There is one watch for each session that has streams, however many they are.
//!
//! A watch asks the store from time to time, as nothing tells this instance of a session
//! that another one has ended. What ends here gives it a hint, and it asks at once.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout_at},
};

use super::LiveSession;
use crate::{
    clock::now,
    store::{Key, Pulse, Store},
};

/// How often the store is asked whether a session goes on.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How soon it is asked again after it has failed.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// For how long streams go on without word from the store.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a stream has to end; see [`Oidc::session_ended`](crate::Oidc::session_ended).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEnd {
    /// The session has ended: by a sign-out, here or elsewhere, or by its time limits.
    SessionEnded,
    /// Whether the session goes on is not known, as the session store has not answered
    /// for 15 seconds.
    SessionUnknown,
    /// The server is stopping.
    ServerStopping,
}

impl StreamEnd {
    /// The status code with which to close a WebSocket (RFC 6455 7.4, and the registry
    /// that it founded): 1008, policy violation, if the session has ended, so that
    /// nobody need try again; else 1013, try again later, or 1001, going away.
    pub fn close_code(self) -> u16 {
        match self {
            Self::SessionEnded => 1008,
            Self::SessionUnknown => 1013,
            Self::ServerStopping => 1001,
        }
    }
}

/// A future that resolves when a session ends; see
/// [`Oidc::session_ended`](crate::Oidc::session_ended). Once it has, it always gives the
/// same answer.
#[must_use = "futures do nothing unless polled"]
pub struct SessionEnd(State);

enum State {
    Waiting(Pin<Box<dyn Future<Output = StreamEnd> + Send>>),
    Over(StreamEnd),
}

impl SessionEnd {
    fn of(mut end: watch::Receiver<Option<StreamEnd>>) -> Self {
        Self(State::Waiting(Box::pin(async move {
            let said = end.wait_for(Option::is_some).await;
            // The watch may have stopped, as its thread has.
            let said = said.map_or(None, |said| *said);
            said.unwrap_or(StreamEnd::SessionUnknown)
        })))
    }
}

impl Future for SessionEnd {
    type Output = StreamEnd;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<StreamEnd> {
        let end = match &mut self.0 {
            State::Waiting(waiting) => ready!(waiting.as_mut().poll(context)),
            State::Over(end) => return Poll::Ready(*end),
        };
        self.0 = State::Over(end);
        Poll::Ready(end)
    }
}

impl fmt::Debug for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match &self.0 {
            State::Waiting(_) => None,
            State::Over(end) => Some(end),
        };
        f.debug_tuple("SessionEnd").field(&end).finish()
    }
}

/// The watches over the sessions that have streams here.
#[derive(Default)]
pub(super) struct Watches(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// A watch is held by whoever keeps it: if that ends, so do the streams.
    by_key: HashMap<Key, Weak<Watch>>,
    /// No stream may begin or go on.
    are_over: bool,
}

struct Watch {
    key: Key,
    end: watch::Sender<Option<StreamEnd>>,
    /// The session may have ended.
    hint: Notify,
}

/// What it takes to keep a watch.
pub(super) struct Keeping {
    pub store: Arc<dyn Store>,
    /// How long a session may be idle, in seconds.
    pub idle: u64,
}

impl Watches {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when the session ends. Without an async runtime, which cannot be asked
    /// for streams either, that is at once.
    pub(super) fn join(self: &Arc<Self>, live: &LiveSession, keeping: Keeping) -> SessionEnd {
        let mut known = self.known();
        if known.are_over {
            return SessionEnd(State::Over(StreamEnd::ServerStopping));
        }
        let kept = known.by_key.get(&live.key).and_then(Weak::upgrade);
        if let Some(kept) = kept.filter(|kept| kept.end.borrow().is_none()) {
            return SessionEnd::of(kept.end.subscribe());
        }
        let (end, ended) = watch::channel(None);
        let watch = Arc::new(Watch {
            key: live.key,
            end,
            hint: Notify::new(),
        });
        known.by_key.insert(live.key, Arc::downgrade(&watch));
        drop(known);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let expires_at = live.session.expires_at;
            runtime.spawn(keep(Arc::clone(self), watch, keeping, expires_at));
        }
        SessionEnd::of(ended)
    }

    /// Has a session looked at, as it may have ended.
    pub(super) fn hint(&self, key: &Key) {
        let watch = self.known().by_key.get(key).and_then(Weak::upgrade);
        if let Some(watch) = watch {
            watch.hint.notify_one();
        }
    }

    /// Ends all streams, and those that somebody may still begin.
    pub(super) fn end_all(&self) {
        let mut known = self.known();
        known.are_over = true;
        let watches = known.by_key.drain();
        for watch in watches.filter_map(|(_, watch)| watch.upgrade()) {
            watch.say(StreamEnd::ServerStopping);
        }
    }

    /// Whether [`end_all`](Self::end_all) has been called.
    pub(super) fn are_over(&self) -> bool {
        self.known().are_over
    }

    /// Ends a watch if nobody is left who waits for it.
    fn leave(&self, watch: &Arc<Watch>) -> bool {
        let mut known = self.known();
        let is_left = watch.end.receiver_count() == 0;
        if is_left {
            known.forget(watch);
        }
        is_left
    }

    fn end(&self, watch: &Arc<Watch>, end: StreamEnd) {
        self.known().forget(watch);
        match end {
            StreamEnd::SessionUnknown => tracing::warn!(
                "the session store does not answer: the streams of a session were ended"
            ),
            _ => tracing::debug!("a session has ended, and its streams with it"),
        }
        watch.say(end);
    }
}

impl Known {
    /// Forgets this watch, unless another one is in its place.
    fn forget(&mut self, watch: &Arc<Watch>) {
        let kept = self.by_key.get(&watch.key);
        if kept.is_some_and(|kept| std::ptr::eq(kept.as_ptr(), Arc::as_ptr(watch))) {
            self.by_key.remove(&watch.key);
        }
    }
}

impl Watch {
    /// Says why the streams end. The first reason counts.
    fn say(&self, end: StreamEnd) {
        self.end.send_if_modified(|said| {
            let is_first = said.is_none();
            if is_first {
                *said = Some(end);
            }
            is_first
        });
    }
}

/// Keeps a watch until the session has ended or nobody waits for that.
async fn keep(watches: Arc<Watches>, watch: Arc<Watch>, keeping: Keeping, expires_at: u64) {
    let Keeping { store, idle } = keeping;
    let mut last_answer = Instant::now();
    loop {
        let (asked, deadline) = (Instant::now(), last_answer + PATIENCE);
        let pause = match timeout_at(deadline, store.pulse(watch.key, now())).await {
            Ok(Ok(pulse)) => match time_left(pulse, idle, expires_at) {
                Some(left) => {
                    last_answer = asked;
                    left.min(ASK_EVERY)
                }
                None => return watches.end(&watch, StreamEnd::SessionEnded),
            },
            Ok(Err(_)) if asked + ASK_AGAIN < deadline => ASK_AGAIN,
            Ok(Err(_)) | Err(_) => return watches.end(&watch, StreamEnd::SessionUnknown),
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = watch.hint.notified() => {}
            () = watch.end.closed() => {
                if watches.leave(&watch) {
                    return;
                }
            }
        }
    }
}

/// How long the session goes on if nobody visits; `None` if it has ended. Streams
/// themselves are no visits.
fn time_left(pulse: Option<Pulse>, idle: u64, expires_at: u64) -> Option<Duration> {
    let now = now();
    let ends_at = expires_at.min(pulse?.last_seen.saturating_add(idle));
    let left = ends_at.saturating_sub(now);
    (left > 0).then(|| Duration::from_secs(left))
}
