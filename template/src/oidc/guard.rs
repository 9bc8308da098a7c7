//! Who may pass. A handler says so by the types of its arguments: [`User`],
//! `Option<User>`, [`Has<Role>`](Has), [`Fresh<SECONDS>`](Fresh),
//! [`Assured<Level>`](Assured). A handler without such an argument has nobody to
//! act for. The functions guard whole scopes, through
//! `actix_web::middleware::from_fn`.

use std::{
    future::Future,
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error, FromRequest, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{Payload, Service, ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

use super::{
    Oidc, cookies,
    error::{Reason, Refusal},
    handlers::see_other,
    sign_in::{LiveSignIn, SignIn, SignInId, now},
};
pub use super::{
    assurance::{Assurance, Assured},
    silent::sign_in_silently,
};
use crate::{
    current,
    hooks::{self, UserContext},
    views::Person,
};

/// The signed-in person, with what `hooks::add_user_context` knows of them.
/// As a handler's argument it lets nobody else in.
#[derive(Clone)]
pub struct User(Rc<Inner>);

struct Inner {
    live: Arc<LiveSignIn>,
    context: UserContext,
}

impl User {
    /// What the app knows from the provider: claims, tokens, times.
    pub fn sign_in(&self) -> &SignIn {
        &self.0.live.sign_in
    }

    /// The app's own record of the person, from `hooks::add_user_context`.
    pub fn context(&self) -> &UserContext {
        &self.0.context
    }

    /// What to call the person.
    pub fn name(&self) -> &str {
        self.sign_in().claims.display_name()
    }

    /// The person as pages show them.
    pub fn person(&self) -> &Person {
        self.0.live.person()
    }

    /// Whether the person has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.sign_in().roles.iter().any(|held| held == role)
    }

    pub(super) fn live(&self) -> &Arc<LiveSignIn> {
        &self.0.live
    }

    pub(super) async fn of(request: &HttpRequest) -> Result<Self, Refusal> {
        if let Some(user) = current::user() {
            return Ok(user);
        }
        let live = sign_in_of(request).await?;
        let context = hooks::add_user_context(request, &live.sign_in)
            .await
            .inspect_err(|_| current::remember_non_user(&live))?;
        let user = Self(Rc::new(Inner { live, context }));
        current::remember_user(&user);
        Ok(user)
    }
}

/// The live sign-in behind the request, whatever the app's own hooks say of the
/// person.
pub(super) async fn sign_in_of(request: &HttpRequest) -> Result<Arc<LiveSignIn>, Refusal> {
    let oidc = oidc(request)?;
    let Some(id) = sign_in_id(request, oidc) else {
        return Err(Reason::SignedOut.into());
    };
    let live = oidc.sign_ins.find(&id).await?;
    live.ok_or_else(|| Reason::SignedOut.into())
}

/// Whether somebody is signed in, for code that has a request and is no handler;
/// handlers take an `Option<User>`.
///
/// # Errors
/// The sign-in store cannot be reached, or `hooks::add_user_context` refuses.
pub async fn is_authenticated(request: &HttpRequest) -> Result<bool, Refusal> {
    match User::of(request).await {
        Ok(_) => Ok(true),
        Err(Refusal {
            reason: Reason::SignedOut,
            ..
        }) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// The id that the browser claims to be signed in under.
pub(super) fn sign_in_id(request: &HttpRequest, oidc: &Oidc) -> Option<SignInId> {
    cookies::sent(request, oidc.cookies.sign_in()).and_then(SignInId::parse)
}

/// The relying party of the app that serves the request.
pub(crate) fn oidc(request: &HttpRequest) -> Result<&web::Data<Oidc>, Refusal> {
    request.app_data().ok_or_else(|| {
        Reason::Internal("app.rs does not provide web::Data<Oidc>".to_owned()).into()
    })
}

/// What extractors return.
pub enum Pending<T> {
    /// The outcome, if nothing has to be waited for.
    Known(Option<Result<T, Refusal>>),
    /// What leads to it.
    Sought(Pin<Box<dyn Future<Output = Result<T, Refusal>>>>),
}

impl<T> Pending<T> {
    pub(super) fn sought(future: impl Future<Output = Result<T, Refusal>> + 'static) -> Self {
        Self::Sought(Box::pin(future))
    }

    /// What `judge` makes of the signed-in person. Behind a guard they are known
    /// already.
    pub(super) fn of_user(
        request: &HttpRequest,
        judge: impl FnOnce(&HttpRequest, User) -> Result<T, Refusal> + 'static,
    ) -> Self {
        if let Some(user) = current::user() {
            return Self::Known(Some(judge(request, user)));
        }
        let request = request.clone();
        Self::sought(async move {
            let user = User::of(&request).await.inspect_err(|refusal| {
                if !matches!(refusal.reason, Reason::SignedOut) {
                    current::remember_failure(refusal);
                }
            })?;
            judge(&request, user)
        })
    }
}

impl<T> Unpin for Pending<T> {}

impl<T> Future for Pending<T> {
    type Output = Result<T, Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Known(outcome) => outcome.take().map_or(Poll::Pending, Poll::Ready),
            Self::Sought(future) => future.as_mut().poll(context),
        }
    }
}

impl FromRequest for User {
    type Error = Refusal;
    type Future = Pending<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Pending::of_user(request, |_, user| Ok(user))
    }
}

/// A role that pages can ask for: a type, so that a mistyped role does not
/// compile. Yours are in `hooks.rs`.
pub trait Role: 'static {
    /// The role's name in the provider's claims.
    const NAME: &'static str;

    /// Whether the person has the role. Override it for roles that your own
    /// records decide.
    fn is_held_by(user: &User) -> bool {
        user.has_role(Self::NAME)
    }
}

/// The signed-in person, who has the role `R`. Others who are signed in get a
/// 403.
pub struct Has<R>(User, PhantomData<R>);

impl<R: Role> FromRequest for Has<R> {
    type Error = Refusal;
    type Future = Pending<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Pending::of_user(request, |_, user| {
            if R::is_held_by(&user) {
                Ok(Self(user, PhantomData))
            } else {
                Err(Reason::MissingRole(R::NAME).into())
            }
        })
    }
}

impl<R> Deref for Has<R> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

/// The signed-in person, who proved at the provider at most `SECONDS` ago who
/// they are, give or take the clock tolerance. Others are asked to prove it
/// again. For pages that money or accounts depend on.
pub struct Fresh<const SECONDS: u64>(User);

impl<const SECONDS: u64> FromRequest for Fresh<SECONDS> {
    type Error = Refusal;
    type Future = Pending<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Pending::of_user(request, |request, user| {
            let authenticated_at = user.sign_in().authenticated_at;
            // As in the check of the ID token: else a person whose provider's
            // clock is slow would be sent there again and again.
            let tolerance = oidc(request)?.provider.relying_party().clock_skew;
            let allowed = SECONDS.saturating_add(tolerance.as_secs());
            if authenticated_at.is_some_and(|at| now().saturating_sub(at) <= allowed) {
                Ok(Self(user))
            } else {
                Err(Reason::NotFresh(SECONDS).into())
            }
        })
    }
}

impl<const SECONDS: u64> Deref for Fresh<SECONDS> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

/// Lets only signed-in people into a scope:
/// `web::scope("/reports").wrap(from_fn(ensure_authenticated))`. Others are
/// sent to `/login` if they navigate, and get a 401 if not.
///
/// # Errors
/// What the scope itself fails with.
pub async fn ensure_authenticated<S, B>(
    request: ServiceRequest,
    next: S,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let refusal = match User::of(request.request()).await {
        Ok(_) => return Ok(next.call(request).await?.map_into_left_body()),
        // Signing in would not make this page exist.
        Err(Refusal {
            reason: Reason::SignedOut,
            ..
        }) if request.match_pattern().is_none() => Reason::NotFound.into(),
        Err(refusal) => refusal,
    };
    Ok(request.error_response(refusal).map_into_right_body())
}

/// Sends people who are not signed in to a path of this app instead of to
/// `/login`.
///
/// ```
/// use actix_web::{App, middleware::from_fn, web};
/// use app::oidc::guard::redirect_to;
///
/// App::new().service(web::scope("/reports").wrap(from_fn(redirect_to("/welcome"))));
/// ```
pub fn redirect_to<B: MessageBody + 'static>(
    path: &'static str,
) -> impl Fn(ServiceRequest, Next<B>) -> Guarded<B> + Clone {
    move |request, next| {
        Box::pin(async move {
            match User::of(request.request()).await {
                Ok(_) => Ok(next.call(request).await?.map_into_left_body()),
                Err(Refusal {
                    reason: Reason::SignedOut,
                    ..
                }) => {
                    let path = oidc(request.request())?.path(path);
                    Ok(request
                        .into_response(see_other(&path))
                        .map_into_right_body())
                }
                Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
            }
        })
    }
}

type Guarded<B> = Pin<Box<dyn Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>>>>;
