//! Who may pass. A handler says so through the types of its arguments: [`User`],
//! `Option<User>`, [`Has<Role>`](Has), [`Fresh<SECONDS>`](Fresh),
//! [`Assured<Level>`](Assured). [`Oidc::ensure_authenticated`] and
//! [`Oidc::redirect_to`] guard whole scopes.

use std::{
    any::type_name,
    future::Future,
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::{
    assurance::Assurance,
    clock::now,
    error::{Error, ErrorKind},
    observed::GuardSeen,
    oidc::Oidc,
    request_state, undeclared,
    user::User,
    visitor::{self, Lookup},
};

/// The future that extractors return, for `T` from a [`User`] with the context `C`.
pub struct Pending<T, C = ()>(State<T, C>);

enum State<T, C> {
    User(Lookup, fn(User<C>) -> Result<T, Error>),
    Other(Pin<Box<dyn Future<Output = Result<T, Error>>>>),
}

impl<T, C: 'static> Pending<T, C> {
    pub(crate) fn new(future: impl Future<Output = Result<T, Error>> + 'static) -> Self {
        Self(State::Other(Box::pin(future)))
    }

    /// What `judge`, the heart of this guard, says of the signed-in person.
    pub(crate) fn of_user(
        request: &HttpRequest,
        guard: GuardSeen,
        judge: fn(User<C>) -> Result<T, Error>,
    ) -> Self {
        note_guard(request, guard);
        Self(State::User(visitor::any_user(request), judge))
    }
}

impl<T, C: 'static> Future for Pending<T, C> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::User(lookup, judge) => {
                let found = ready!(Pin::new(lookup).poll(context)).inspect_err(|error| {
                    if matches!(error.kind, ErrorKind::SignedOut) {
                        // Middleware that asks before a route is found tells nothing of it.
                        request_state::change_asked(|asked| {
                            asked.is_signed_out |= !asked.guards.is_empty();
                        });
                    } else {
                        visitor::remember_failure(error);
                    }
                });
                let judged = found.and_then(visitor::of_context).and_then(*judge);
                if judged.is_ok() {
                    request_state::settle_access();
                }
                Poll::Ready(judged)
            }
            State::Other(future) => future.as_mut().poll(context),
        }
    }
}

/// Notes that the handler asks for a guard: another of its arguments may end the
/// request before the guard has an answer. Middleware that looks who is there asks
/// before a route is found, and says nothing of it.
pub(crate) fn note_guard(request: &HttpRequest, guard: GuardSeen) {
    if undeclared::is_routed(request) {
        request_state::settle_access();
        request_state::change_asked(|asked| asked.guards.push(guard));
    }
}

impl<C: 'static> FromRequest for User<C> {
    type Error = Error;
    type Future = Pending<Self, C>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Pending::of_user(request, GuardSeen::SignedIn, Ok)
    }
}

/// A role that pages can ask for: a type, so that a typo does not compile. `C` is
/// the app's context.
///
/// ```
/// use vestibule::{Has, Role};
///
/// struct Admin;
///
/// impl Role for Admin {
///     const NAME: &'static str = "admin";
/// }
///
/// async fn members(admin: Has<Admin>) -> String {
///     format!("for {} only", admin.name())
/// }
/// ```
pub trait Role<C = ()>: 'static {
    /// The role's name in the provider's claims.
    const NAME: &'static str;

    /// Whether the person has the role. Override it for roles that come from your
    /// own records.
    fn is_held_by(user: &User<C>) -> bool {
        user.has_role(Self::NAME)
    }
}

/// A signed-in person with the role `R`. Signed-in people without it get a 403.
pub struct Has<R, C = ()>(User<C>, PhantomData<R>);

impl<R: Role<C>, C: 'static> FromRequest for Has<R, C> {
    type Error = Error;
    type Future = Pending<Self, C>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Pending::of_user(request, GuardSeen::Role(R::NAME), |user| {
            if R::is_held_by(&user) {
                Ok(Self(user, PhantomData))
            } else {
                Err(ErrorKind::MissingRole(R::NAME).into())
            }
        })
    }
}

impl<R, C> Deref for Has<R, C> {
    type Target = User<C>;

    fn deref(&self) -> &User<C> {
        &self.0
    }
}

/// A signed-in person who authenticated at the provider at most `SECONDS` ago, give
/// or take the clock tolerance. Others are asked to do so again. Use it for pages
/// where money or accounts are at stake.
pub struct Fresh<const SECONDS: u64, C = ()>(User<C>);

impl<const SECONDS: u64, C: 'static> FromRequest for Fresh<SECONDS, C> {
    type Error = Error;
    type Future = Pending<Self, C>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Pending::of_user(request, GuardSeen::Fresh(SECONDS), |user: User<C>| {
            let authenticated_at = user.session().authenticated_at;
            // The same tolerance as for the ID token; otherwise a provider whose
            // clock is slow would be asked again and again.
            let oidc = visitor::oidc()?;
            let provider = oidc.provider_of(user.session())?;
            let tolerance = provider.relying_party().clock_skew;
            let allowed = SECONDS.saturating_add(tolerance.as_secs());
            if authenticated_at.is_some_and(|at| now().saturating_sub(at) <= allowed) {
                Ok(Self(user))
            } else {
                Err(ErrorKind::NotFresh(SECONDS).into())
            }
        })
    }
}

impl<const SECONDS: u64, C> Deref for Fresh<SECONDS, C> {
    type Target = User<C>;

    fn deref(&self) -> &User<C> {
        &self.0
    }
}

/// A signed-in person who authenticated at the provider at the level `L`. Others
/// are asked to do so (RFC 9470 calls that step-up).
pub struct Assured<L, C = ()>(User<C>, PhantomData<L>);

impl<L: Assurance, C: 'static> FromRequest for Assured<L, C> {
    type Error = Error;
    type Future = Pending<Self, C>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let level = GuardSeen::Assured(type_name::<L>());
        Pending::of_user(request, level, |user: User<C>| {
            let acr = user.session().acr.as_deref();
            if acr.is_some_and(|acr| L::ACR_VALUES.contains(&acr)) {
                Ok(Self(user, PhantomData))
            } else {
                Err(ErrorKind::NotAssured(L::ACR_VALUES).into())
            }
        })
    }
}

impl<L, C> Deref for Assured<L, C> {
    type Target = User<C>;

    fn deref(&self) -> &User<C> {
        &self.0
    }
}

impl Oidc {
    /// Whether someone is signed in, for code outside handlers; handlers take an
    /// `Option<User>`.
    ///
    /// # Errors
    /// The session store is unreachable, or the app's hooks deny the person.
    pub async fn is_authenticated(&self, request: &HttpRequest) -> Result<bool, Error> {
        match visitor::any_user(request).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, ErrorKind::SignedOut) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
