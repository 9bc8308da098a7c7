//! The state of the current request: its id, and what its response will carry. It
//! is available anywhere while the request is handled, without being passed along,
//! and is cheaper than request extensions.

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    cookie::Cookie,
    rt::{self, task::JoinHandle},
};

use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;

use crate::{observed::Asked, seal};

tokio::task_local! {
    static STATE: RequestState;
}

/// What to do when the middleware is missing.
pub(crate) const NOT_WRAPPED: &str =
    "the app is not wrapped in oidc.middleware(): add .wrap(oidc.middleware()) to it";

/// What is known of one request.
pub struct RequestState {
    id: RequestId,
    nonce: OnceCell<Rc<str>>,
    cookies: RefCell<Vec<Cookie<'static>>>,
    /// The edges of how many public tables are around the place that the router has come to.
    public_tables: Cell<u16>,
    is_access_settled: Cell<bool>,
    #[cfg(debug_assertions)]
    asked: RefCell<Asked>,
    #[cfg(feature = "actix-session")]
    keeps_app_session: Cell<bool>,
}

/// A future within the state of a request.
pub type Within<F> = TaskLocalFuture<RequestState, F>;

/// Handles the request with this id.
pub(crate) fn within<F: Future>(id: RequestId, answering: F) -> Within<F> {
    let state = RequestState {
        id,
        nonce: OnceCell::new(),
        cookies: RefCell::default(),
        public_tables: Cell::new(0),
        is_access_settled: Cell::new(false),
        #[cfg(debug_assertions)]
        asked: RefCell::default(),
        #[cfg(feature = "actix-session")]
        keeps_app_session: Cell::new(false),
    };
    STATE.scope(state, answering)
}

pin_project! {
    /// A future within the state of a request, its own or the one that was there.
    #[project = EnsuredProjection]
    pub enum Ensured<F> {
        /// The outermost middleware gave it a state.
        Own { #[pin] answering: Within<F> },
        /// A middleware around it did so.
        Given { #[pin] answering: F },
    }
}

/// Handles a request under an id, new unless it already has one: the outermost
/// middleware assigns it.
pub(crate) fn ensure<F: Future>(answering: F) -> Ensured<F> {
    match RequestId::current() {
        Some(_) => Ensured::Given { answering },
        None => Ensured::Own {
            answering: within(RequestId::next(), answering),
        },
    }
}

impl<F: Future> Future for Ensured<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            EnsuredProjection::Own { answering } => answering.poll(context),
            EnsuredProjection::Given { answering } => answering.poll(context),
        }
    }
}

/// Starts a task that outlives the response; its log lines still belong to the
/// request.
pub(crate) fn spawn<F>(task: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match RequestId::current() {
        Some(id) => rt::spawn(within(id, task)),
        None => rt::spawn(task),
    }
}

/// The nonce for the response's scripts, if there is one.
pub(crate) fn nonce() -> Option<Rc<str>> {
    of(|state| state.nonce.get().cloned())
}

/// Remembers the nonce for the response's scripts. Returns `false` outside a
/// request, or if there is one already.
pub(crate) fn remember_nonce(nonce: &Rc<str>) -> bool {
    of(|state| state.nonce.set(Rc::clone(nonce)).ok()).is_some()
}

/// Adds a cookie to whatever response the request gets, errors included.
pub(crate) fn send(cookie: Cookie<'static>) {
    of(|state| {
        state.cookies.borrow_mut().push(cookie);
        Some(())
    });
}

/// Takes the cookies to send; the middleware adds them to the response.
pub(crate) fn take_cookies() -> Vec<Cookie<'static>> {
    of(|state| Some(state.cookies.take())).unwrap_or_default()
}

/// Notes that the router has come to the first edge of a public table.
pub(crate) fn enter_public_table() {
    change_public_tables(|count| count.saturating_add(1));
}

/// Notes that the router has come to the other edge, past all routes between them.
pub(crate) fn leave_public_table() {
    change_public_tables(|count| count.saturating_sub(1));
}

fn change_public_tables(change: fn(u16) -> u16) {
    of(|state| {
        state.public_tables.set(change(state.public_tables.get()));
        Some(())
    });
}

/// Notes that something has decided who may have the response: a guard, or this
/// crate.
pub(crate) fn settle_access() {
    of(|state| {
        state.is_access_settled.set(true);
        Some(())
    });
}

/// Notes that everybody may have the response.
pub(crate) fn declare_public() {
    settle_access();
    change_asked(|asked| asked.is_declared = true);
}

/// Whether it is said who may have the response: by [`settle_access`], or by a
/// public table that the route is in.
pub(crate) fn is_access_settled() -> bool {
    of(|state| Some(state.is_access_settled.get() || state.public_tables.get() > 0))
        .unwrap_or_default()
}

/// Whether the route is between the edges of a public table.
pub(crate) fn is_in_public_table() -> bool {
    of(|state| Some(state.public_tables.get() > 0)).unwrap_or_default()
}

/// Notes for developers what the request was asked. Release builds note nothing.
#[cfg_attr(not(debug_assertions), expect(unused_variables))]
pub(crate) fn change_asked(change: impl FnOnce(&mut Asked)) {
    #[cfg(debug_assertions)]
    of(|state| {
        change(&mut state.asked.borrow_mut());
        Some(())
    });
}

/// Reads what was noted by [`change_asked`].
#[cfg_attr(not(debug_assertions), expect(unused_variables))]
pub(crate) fn with_asked(read: impl FnOnce(&Asked)) {
    #[cfg(debug_assertions)]
    of(|state| {
        read(&state.asked.borrow());
        Some(())
    });
}

/// Notes that the request's actix-session data is kept beside the user sessions.
#[cfg(feature = "actix-session")]
pub(crate) fn keep_app_session() {
    of(|state| {
        state.keeps_app_session.set(true);
        Some(())
    });
}

/// Whether [`keep_app_session`] was called.
#[cfg(feature = "actix-session")]
pub(crate) fn keeps_app_session() -> bool {
    of(|state| Some(state.keeps_app_session.get())).unwrap_or_default()
}

fn of<T>(ask: impl FnOnce(&RequestState) -> Option<T>) -> Option<T> {
    STATE.try_with(ask).ok().flatten()
}

/// Identifies a request in logs and on error pages.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(u64);

impl RequestId {
    pub(crate) fn next() -> Self {
        thread_local! {
            // Each worker counts on its own from a random start.
            static NEXT: Cell<u64> =
                Cell::new(seal::random_bytes().map_or(0, u64::from_be_bytes));
        }
        let id = NEXT.get();
        // Spread over all 64 bits, so that ids neither look like a request count
        // nor repeat.
        NEXT.set(id.wrapping_add(0x9E37_79B9_7F4A_7C15));
        Self(id)
    }

    /// The id of the current request, if
    /// [`Oidc::middleware`](crate::Oidc::middleware) wraps it.
    pub fn current() -> Option<Self> {
        of(|state| Some(state.id))
    }

    /// Eight characters with a hyphen between, which can be read out: no two of them
    /// look or sound alike. They say 40 of the 64 bits.
    pub(crate) fn characters(self) -> [u8; 9] {
        const CHARACTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut characters = [b'-'; 9];
        let mut rest = self.0;
        for place in [0, 1, 2, 3, 5, 6, 7, 8] {
            // The upper bits are the ones that are spread best.
            characters[place] = CHARACTERS[(rest >> 59) as usize];
            rest <<= 5;
        }
        characters
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let characters = self.characters();
        f.write_str(str::from_utf8(&characters).map_err(|_| fmt::Error)?)
    }
}
