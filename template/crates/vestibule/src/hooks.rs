//! Where an app's own code joins in the sign-in.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::HttpRequest;

use crate::{
    deny::Deny,
    session::{LiveSession, UserSession},
    user::AnyUser,
};

/// Where to go after a sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterLogin {
    /// To the page that the person wanted.
    #[default]
    Continue,
    /// To another path of this app first, such as a welcome page. Its query holds
    /// the page that the person wanted, as `return_to`; check it with
    /// [`ReturnTo::parse`](crate::ReturnTo::parse) before use.
    RedirectTo(String),
}

/// An app's own code, called at the moments that the names say. Only
/// [`add_user_context`](Self::add_user_context) is required, as only the app knows
/// its context.
///
/// ```
/// use actix_web::HttpRequest;
/// use vestibule::{Deny, Hooks, UserSession};
///
/// struct Account {
///     plan: &'static str,
/// }
///
/// struct MyHooks;
///
/// impl Hooks for MyHooks {
///     type Context = Account;
///
///     async fn add_user_context(
///         &self,
///         session: &UserSession,
///         _: &HttpRequest,
///     ) -> Result<Account, Deny> {
///         match session.subject() {
///             "mallory" => Err(Deny::new("blocked").title("Your account is blocked")),
///             _ => Ok(Account { plan: "free" }),
///         }
///     }
/// }
/// ```
pub trait Hooks: Send + Sync + 'static {
    /// What handlers get from [`User::context`](crate::User::context): what the app
    /// knows about a person beyond what the provider says.
    type Context: 'static;

    /// Called once for each request that asks who is signed in: load your record of
    /// the person here. Look people up by issuer and subject, never by e-mail:
    /// addresses change hands (OIDC Core 5.7).
    ///
    /// # Errors
    /// People who are denied see why on every page that asks for a user, and can
    /// sign out.
    fn add_user_context(
        &self,
        session: &UserSession,
        request: &HttpRequest,
    ) -> impl Future<Output = Result<Self::Context, Deny>>;

    /// The roles that your own records give a person, beside those in the provider's
    /// claims. Called after each [`add_user_context`](Self::add_user_context).
    fn roles(&self, _context: &Self::Context) -> Vec<String> {
        Vec::new()
    }

    /// Called once for each sign-in, after all checks and before the person is
    /// signed in.
    ///
    /// # Errors
    /// No one is signed in, and the tokens just issued are revoked.
    fn after_login(
        &self,
        _session: &UserSession,
        _request: &HttpRequest,
    ) -> impl Future<Output = Result<AfterLogin, Deny>> {
        async { Ok(AfterLogin::Continue) }
    }

    /// Called when a person signs out, while they are still signed in.
    ///
    /// # Errors
    /// The person stays signed in.
    fn before_logout(
        &self,
        _session: &UserSession,
        _request: &HttpRequest,
    ) -> impl Future<Output = Result<(), Deny>> {
        async { Ok(()) }
    }

    /// Whether what the app itself needs, such as a database, is available. Called by
    /// [`Oidc::health`](crate::Oidc::health).
    ///
    /// # Errors
    /// The app is not ready; why is for the log.
    fn check_health(&self) -> impl Future<Output = Result<(), String>> {
        async { Ok(()) }
    }

    /// Called when the provider has been found, and each time it is back after an
    /// outage: from then on people can sign in.
    fn on_ready(&self, _issuer: &str) {}

    /// Called when the provider cannot be used, once for each cause. The app keeps
    /// trying; the cause is already in the log.
    fn on_provider_error(&self, _issuer: &str, _cause: &str) {}
}

/// For an app without hooks: its context is `()`.
pub(crate) struct NoHooks;

impl Hooks for NoHooks {
    type Context = ();

    async fn add_user_context(&self, _: &UserSession, _: &HttpRequest) -> Result<(), Deny> {
        Ok(())
    }
}

/// What a hook will say.
pub type Answer<'a, T, E = Deny> = Pin<Box<dyn Future<Output = Result<T, E>> + 'a>>;

/// [`Hooks`] with any context.
pub trait AnyHooks: Send + Sync {
    fn user(
        self: Arc<Self>,
        live: Arc<LiveSession>,
        request: HttpRequest,
    ) -> Answer<'static, AnyUser>;
    fn after_login<'a>(
        &'a self,
        session: &'a UserSession,
        request: &'a HttpRequest,
    ) -> Answer<'a, AfterLogin>;
    fn before_logout<'a>(
        &'a self,
        session: &'a UserSession,
        request: &'a HttpRequest,
    ) -> Answer<'a, ()>;
    fn check_health(&self) -> Answer<'_, (), String>;
    fn on_ready(&self, issuer: &str);
    fn on_provider_error(&self, issuer: &str, cause: &str);
}

impl<H: Hooks> AnyHooks for H {
    fn user(
        self: Arc<Self>,
        live: Arc<LiveSession>,
        request: HttpRequest,
    ) -> Answer<'static, AnyUser> {
        Box::pin(async move {
            let context = self.add_user_context(&live.session, &request).await?;
            let roles = self.roles(&context);
            Ok(AnyUser::new(live, context, roles))
        })
    }

    fn after_login<'a>(
        &'a self,
        session: &'a UserSession,
        request: &'a HttpRequest,
    ) -> Answer<'a, AfterLogin> {
        Box::pin(Hooks::after_login(self, session, request))
    }

    fn before_logout<'a>(
        &'a self,
        session: &'a UserSession,
        request: &'a HttpRequest,
    ) -> Answer<'a, ()> {
        Box::pin(Hooks::before_logout(self, session, request))
    }

    fn check_health(&self) -> Answer<'_, (), String> {
        Box::pin(Hooks::check_health(self))
    }

    fn on_ready(&self, issuer: &str) {
        Hooks::on_ready(self, issuer);
    }

    fn on_provider_error(&self, issuer: &str, cause: &str) {
        Hooks::on_provider_error(self, issuer, cause);
    }
}
