//! The request that is being answered: its id, and what has been found out for
//! it so far. It is known wherever the request is answered, without being handed
//! on, and costs less to keep here than among the request's extensions.

use std::{
    cell::{Cell, OnceCell, RefCell},
    fmt,
    future::Future,
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    cookie::Cookie,
    rt::{self, task::JoinHandle},
};

use crate::oidc::{error::Refusal, guard::User, seal, sign_in::LiveSignIn};

tokio::task_local! {
    static CURRENT: Current;
}

struct Current {
    id: RequestId,
    user: OnceCell<User>,
    nonce: OnceCell<Rc<str>>,
    cookies: RefCell<Vec<Cookie<'static>>>,
    non_user: OnceCell<Arc<LiveSignIn>>,
    failure: OnceCell<Box<Refusal>>,
}

/// Answers the request of this id.
pub(crate) fn within<F: Future>(id: RequestId, answering: F) -> impl Future<Output = F::Output> {
    let current = Current {
        id,
        user: OnceCell::new(),
        nonce: OnceCell::new(),
        cookies: RefCell::default(),
        non_user: OnceCell::new(),
        failure: OnceCell::new(),
    };
    CURRENT.scope(current, answering)
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

/// Who asks, if somebody has wanted to know already.
pub(crate) fn user() -> Option<User> {
    of(|current| current.user.get().cloned())
}

/// Keeps who asks for whoever wants to know it next. Without `edge` around the
/// app they are looked up each time.
pub(crate) fn remember_user(user: &User) {
    of(|current| current.user.set(user.clone()).ok());
}

/// What the scripts of the response carry, if one does.
pub(crate) fn nonce() -> Option<Rc<str>> {
    of(|current| current.nonce.get().cloned())
}

/// Keeps what the scripts of the response carry; `false`: no request is being
/// answered, or it has a nonce.
pub(crate) fn remember_nonce(nonce: &Rc<str>) -> bool {
    of(|current| current.nonce.set(Rc::clone(nonce)).ok()).is_some()
}

/// Adds a cookie to whatever response the request will get, a refusal too.
pub fn send(cookie: Cookie<'static>) {
    of(|current| {
        current.cookies.borrow_mut().push(cookie);
        Some(())
    });
}

/// The cookies that are to be sent; `edge.rs` puts them into the response.
pub(crate) fn take_cookies() -> Vec<Cookie<'static>> {
    of(|current| Some(current.cookies.take())).unwrap_or_default()
}

/// Whose sign-in is alive, though they are no user here: `hooks::add_user_context`
/// refuses them, or was not asked.
pub(crate) fn non_user() -> Option<Arc<LiveSignIn>> {
    of(|current| current.non_user.get().cloned())
}

/// Keeps whose sign-in is alive, though they are no user here.
pub(crate) fn remember_non_user(live: &Arc<LiveSignIn>) {
    of(|current| current.non_user.set(Arc::clone(live)).ok());
}

/// Keeps why a handler that asked for `Option<User>` was told of nobody, though
/// somebody may be signed in.
pub(crate) fn remember_failure(refusal: &Refusal) {
    of(|current| current.failure.set(Box::new(refusal.clone())).ok());
}

/// What [`remember_failure`] has kept. A page must not take the person for a
/// stranger: `edge.rs` shows the refusal in its place.
pub(crate) fn failure() -> Option<Refusal> {
    of(|current| current.failure.get().map(|failure| Refusal::clone(failure)))
}

fn of<T>(ask: impl FnOnce(&Current) -> Option<T>) -> Option<T> {
    CURRENT.try_with(ask).ok().flatten()
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

    /// The id of the request that is being answered, if one is.
    pub fn current() -> Option<Self> {
        of(|current| Some(current.id))
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
