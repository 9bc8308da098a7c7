//! The visitor: what has been found out about the person behind the current
//! request.

use std::{
    cell::OnceCell,
    future::{self, Future, Ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use tokio::task::futures::TaskLocalFuture;

#[cfg(feature = "actix-session")]
use crate::seal::Key;
use crate::{
    cookies,
    error::{Error, ErrorKind},
    hooks::Answer,
    oidc::Oidc,
    request_state::NOT_WRAPPED,
    session::{LiveSession, SessionId, UserSession},
    user::{AnyUser, OwnRoles, User, all_roles},
};

tokio::task_local! {
    static ASKING: Asking;
}

/// A future within what is known of a request's visitor.
pub type Within<F> = TaskLocalFuture<Asking, F>;

/// What is known of the visitor of one request.
pub struct Asking {
    oidc: Oidc,
    user: OnceCell<AnyUser>,
    non_user: OnceCell<Arc<LiveSession>>,
    failure: OnceCell<Box<Error>>,
}

/// Handles a request of the app that this relying party serves.
pub(crate) fn within<F: Future>(oidc: Oidc, answering: F) -> Within<F> {
    let asking = Asking {
        oidc,
        user: OnceCell::new(),
        non_user: OnceCell::new(),
        failure: OnceCell::new(),
    };
    ASKING.scope(asking, answering)
}

impl Asking {
    /// The live session of a user, or of someone whom the app's hooks deny.
    fn live(&self) -> Option<Arc<LiveSession>> {
        let user = self.user.get().map(|user| Arc::clone(user.live()));
        user.or_else(|| self.non_user.get().cloned())
    }

    fn own_roles(&self) -> OwnRoles {
        self.user.get().and_then(|user| user.own_roles().clone())
    }
}

fn of<T>(ask: impl FnOnce(&Asking) -> Option<T>) -> Option<T> {
    ASKING.try_with(ask).ok().flatten()
}

/// The relying party of the app that handles the request.
pub(crate) fn oidc() -> Result<Oidc, Error> {
    of(|asking| Some(asking.oidc.clone())).ok_or_else(|| Error::internal(NOT_WRAPPED))
}

impl Oidc {
    /// The relying party of the app that handles this request.
    ///
    /// # Errors
    /// The app is not wrapped in [`middleware`](Self::middleware).
    pub fn of(_request: &HttpRequest) -> Result<Self, Error> {
        oidc()
    }
}

impl FromRequest for Oidc {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        future::ready(Self::of(request))
    }
}

/// Remembers a live session whose person is not a user here: a hook denied them, or
/// was not asked.
pub(crate) fn remember_non_user(live: &Arc<LiveSession>) {
    of(|asking| asking.non_user.set(Arc::clone(live)).ok());
}

/// Remembers why a handler with an `Option<User>` got `None` although someone may
/// be signed in.
pub(crate) fn remember_failure(error: &Error) {
    of(|asking| asking.failure.set(Box::new(error.clone())).ok());
}

/// The error from [`remember_failure`]. It is shown instead of the page, which
/// would take the person for signed out.
pub(crate) fn failure() -> Option<Error> {
    of(|asking| asking.failure.get().map(|failure| Error::clone(failure)))
}

/// The signed-in person, looked up once per request.
pub(crate) fn any_user(request: &HttpRequest) -> Lookup {
    if let Some(user) = of(|asking| asking.user.get().cloned()) {
        return Lookup::known(Ok(user));
    }
    let oidc = match oidc() {
        Ok(oidc) => oidc,
        Err(error) => return Lookup::known(Err(error)),
    };
    let Some(id) = session_id(request, &oidc) else {
        return Lookup::known(Err(ErrorKind::SignedOut.into()));
    };
    match oidc.sessions().find_in_memory(&id) {
        Some(live) => Lookup::hook(&oidc, live, request),
        None => {
            let request = request.clone();
            Lookup(State::Store(Box::pin(async move {
                let live = session_by(&id, &oidc).await?;
                Lookup::hook(&oidc, live, &request).await
            })))
        }
    }
}

/// A [`any_user`] under way. Where the session is in memory, as it nearly always
/// is, the hook's future is all that is boxed.
pub struct Lookup(State);

enum State {
    Known(Option<Result<AnyUser, Error>>),
    Hook(Arc<LiveSession>, Answer<'static, AnyUser>),
    Store(Pin<Box<dyn Future<Output = Result<AnyUser, Error>>>>),
}

impl Lookup {
    fn known(outcome: Result<AnyUser, Error>) -> Self {
        Self(State::Known(Some(outcome)))
    }

    fn hook(oidc: &Oidc, live: Arc<LiveSession>, request: &HttpRequest) -> Self {
        let hooks = Arc::clone(oidc.hooks());
        let answer = hooks.user(Arc::clone(&live), request.clone());
        Self(State::Hook(live, answer))
    }
}

impl Future for Lookup {
    type Output = Result<AnyUser, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Known(outcome) => outcome.take().map_or(Poll::Pending, Poll::Ready),
            State::Hook(live, answer) => Poll::Ready(match ready!(answer.as_mut().poll(context)) {
                Ok(user) => {
                    of(|asking| asking.user.set(user.clone()).ok());
                    Ok(user)
                }
                Err(deny) => {
                    remember_non_user(live);
                    Err(deny.into())
                }
            }),
            State::Store(found) => found.as_mut().poll(context),
        }
    }
}

/// The store's key of the live session that this request has found, if it has
/// looked for one.
#[cfg(feature = "actix-session")]
pub(crate) fn found_key() -> Option<Key> {
    of(Asking::live).map(|live| live.key)
}

/// Looks up who is asking, for pages that need no one.
///
/// # Errors
/// Any, except that no one is signed in.
pub(crate) async fn find(request: &HttpRequest) -> Result<(), Error> {
    match any_user(request).await {
        Err(error) if !matches!(error.kind, ErrorKind::SignedOut) => Err(error),
        _ => Ok(()),
    }
}

/// The user, if `C` is the context of the app's hooks.
pub(crate) fn of_context<C: 'static>(user: AnyUser) -> Result<User<C>, Error> {
    user.of().ok_or_else(|| {
        Error::internal(format!(
            "a handler asks for a user with the context {}, but the app's hooks have another \
             Context",
            std::any::type_name::<C>()
        ))
    })
}

/// The live session behind the request, without asking the app's hooks.
pub(crate) async fn session_of(
    request: &HttpRequest,
    oidc: &Oidc,
) -> Result<Arc<LiveSession>, Error> {
    match session_id(request, oidc) {
        Some(id) => session_by(&id, oidc).await,
        None => Err(ErrorKind::SignedOut.into()),
    }
}

async fn session_by(id: &SessionId, oidc: &Oidc) -> Result<Arc<LiveSession>, Error> {
    let live = oidc.sessions().find(id).await?;
    live.ok_or_else(|| ErrorKind::SignedOut.into())
}

/// The session id that the browser sent.
pub(crate) fn session_id(request: &HttpRequest, oidc: &Oidc) -> Option<SessionId> {
    cookies::sent(request, oidc.cookies().user_session()).and_then(SessionId::parse)
}

/// Who is signed in, for pages that show it, as far as this request has looked it
/// up. Includes people whom the app's hooks deny, so that they can sign out.
#[derive(Clone)]
pub struct Visitor(Kind);

#[derive(Clone)]
enum Kind {
    Live(Arc<LiveSession>, OwnRoles),
    Sample { name: String, csrf_token: String },
}

impl Visitor {
    /// Who is signed in, if a guard or handler has looked it up.
    pub fn of(_request: &HttpRequest) -> Option<Self> {
        of(|asking| Some(Self(Kind::Live(asking.live()?, asking.own_roles()))))
    }

    /// A made-up person, for previews.
    #[doc(hidden)]
    pub fn sample(name: impl Into<String>, csrf_token: impl Into<String>) -> Self {
        Self(Kind::Sample {
            name: name.into(),
            csrf_token: csrf_token.into(),
        })
    }

    /// The name to show for the person.
    pub fn name(&self) -> &str {
        match &self.0 {
            Kind::Live(live, _) => live.session.name(),
            Kind::Sample { name, .. } => name,
        }
    }

    /// The value for the sign-out form's field `csrf_token`.
    pub fn csrf_token(&self) -> &str {
        match &self.0 {
            Kind::Live(live, _) => &live.session.csrf_token,
            Kind::Sample { csrf_token, .. } => csrf_token,
        }
    }

    /// Whether the person has a role; see [`User::roles`].
    pub fn has_role(&self, role: &str) -> bool {
        match &self.0 {
            Kind::Live(live, own) => all_roles(&live.session, own).any(|held| held == role),
            Kind::Sample { .. } => false,
        }
    }

    /// The session, unless the person is made up.
    pub fn session(&self) -> Option<&UserSession> {
        match &self.0 {
            Kind::Live(live, _) => Some(&live.session),
            Kind::Sample { .. } => None,
        }
    }
}
