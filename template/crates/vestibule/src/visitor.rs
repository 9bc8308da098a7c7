//! The visitor: what has been found out about the person behind the current
//! request.

use std::{
    cell::OnceCell,
    future::{Future, Ready, ready},
    sync::Arc,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use tokio::task::futures::TaskLocalFuture;

use crate::{
    cookies,
    error::{Error, ErrorKind},
    oidc::Oidc,
    request_state::NOT_WRAPPED,
    session::{LiveSession, SessionId, UserSession},
    user::{AnyUser, User},
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
        ready(Self::of(request))
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

/// The user, if already looked up.
pub(crate) fn known_user() -> Option<AnyUser> {
    of(|asking| asking.user.get().cloned())
}

/// The signed-in person, looked up once per request.
pub(crate) async fn any_user(request: &HttpRequest) -> Result<AnyUser, Error> {
    if let Some(user) = known_user() {
        return Ok(user);
    }
    let oidc = oidc()?;
    let live = session_of(request, &oidc).await?;
    let user = oidc
        .hooks()
        .user(Arc::clone(&live), request)
        .await
        .inspect_err(|_| remember_non_user(&live))?;
    of(|asking| asking.user.set(user.clone()).ok());
    Ok(user)
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
    let Some(id) = session_id(request, oidc) else {
        return Err(ErrorKind::SignedOut.into());
    };
    let live = oidc.sessions().find(&id).await?;
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
    Live(Arc<LiveSession>),
    Sample { name: String, csrf_token: String },
}

impl Visitor {
    /// Who is signed in, if a guard or handler has looked it up.
    pub fn of(_request: &HttpRequest) -> Option<Self> {
        of(|asking| {
            let user = asking.user.get().map(|user| Arc::clone(user.live()));
            user.or_else(|| asking.non_user.get().cloned())
        })
        .map(|live| Self(Kind::Live(live)))
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
            Kind::Live(live) => live.session.name(),
            Kind::Sample { name, .. } => name,
        }
    }

    /// The value for the sign-out form's field `csrf_token`.
    pub fn csrf_token(&self) -> &str {
        match &self.0 {
            Kind::Live(live) => &live.session.csrf_token,
            Kind::Sample { csrf_token, .. } => csrf_token,
        }
    }

    /// The session, unless the person is made up.
    pub fn session(&self) -> Option<&UserSession> {
        match &self.0 {
            Kind::Live(live) => Some(&live.session),
            Kind::Sample { .. } => None,
        }
    }
}
