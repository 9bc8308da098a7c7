//! The request that is being answered: its id, and what its response is to carry.
//! It is known wherever the request is answered, without being handed on, and
//! costs less to keep here than among the request's extensions.

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt,
    future::Future,
    rc::Rc,
};

use actix_web::{
    cookie::Cookie,
    rt::{self, task::JoinHandle},
};

use crate::seal;

tokio::task_local! {
    static STATE: RequestState;
}

/// What to do about a request that the middleware does not know.
pub(crate) const NOT_WRAPPED: &str =
    "the app is not wrapped in oidc.middleware(): add .wrap(oidc.middleware()) to it";

struct RequestState {
    id: RequestId,
    nonce: OnceCell<Rc<str>>,
    cookies: RefCell<Vec<Cookie<'static>>>,
}

/// Answers the request of this id.
pub(crate) fn within<F: Future>(id: RequestId, answering: F) -> impl Future<Output = F::Output> {
    let state = RequestState {
        id,
        nonce: OnceCell::new(),
        cookies: RefCell::default(),
    };
    STATE.scope(state, answering)
}

/// Answers a request as one with an id of its own, unless it has one already:
/// whichever part of the middleware is the outermost one gives it.
pub(crate) async fn ensure<F: Future>(answering: F) -> F::Output {
    match RequestId::current() {
        Some(_) => answering.await,
        None => within(RequestId::next(), answering).await,
    }
}

/// Starts what is not to end with the answer; its log lines still belong to the
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

/// What the scripts of the response carry, if one does.
pub(crate) fn nonce() -> Option<Rc<str>> {
    of(|state| state.nonce.get().cloned())
}

/// Keeps what the scripts of the response carry; `false`: no request is being
/// answered, or it has a nonce.
pub(crate) fn remember_nonce(nonce: &Rc<str>) -> bool {
    of(|state| state.nonce.set(Rc::clone(nonce)).ok()).is_some()
}

/// Adds a cookie to whatever response the request will get, an error too.
pub(crate) fn send(cookie: Cookie<'static>) {
    of(|state| {
        state.cookies.borrow_mut().push(cookie);
        Some(())
    });
}

/// The cookies that are to be sent; the middleware puts them into the response.
pub(crate) fn take_cookies() -> Vec<Cookie<'static>> {
    of(|state| Some(state.cookies.take())).unwrap_or_default()
}

fn of<T>(ask: impl FnOnce(&RequestState) -> Option<T>) -> Option<T> {
    STATE.try_with(ask).ok().flatten()
}

/// Stands for one request in logs and on error pages.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(u64);

impl RequestId {
    pub(crate) fn next() -> Self {
        thread_local! {
            // Each worker counts for itself, from wherever chance puts it.
            static NEXT: Cell<u64> =
                Cell::new(seal::random_bytes().map_or(0, u64::from_be_bytes));
        }
        let id = NEXT.get();
        // Spread over all 64 bits, so that ids neither look like a count of
        // requests nor repeat.
        NEXT.set(id.wrapping_add(0x9E37_79B9_7F4A_7C15));
        Self(id)
    }

    /// The id of the request that is being answered, if
    /// [`Oidc::middleware`](crate::Oidc::middleware) wraps it.
    pub fn current() -> Option<Self> {
        of(|state| Some(state.id))
    }

    /// The number that is shown.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
