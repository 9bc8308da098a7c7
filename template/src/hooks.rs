//! Where your code joins the sign-in. Each hook is called at the moment that its
//! name says; as they stand, they keep a small record of everybody who has ever
//! signed in. The guards and roles that handlers use are here too.

use actix_web::HttpRequest;
use vestibule::{AfterLogin, Deny, Hooks, Role, UserSession};

use crate::users::{self, Account, Person, Users};

/// Anybody who is signed in. `user.context()` is their [`Account`].
pub type User = vestibule::User<Account>;

/// Somebody who has the role `R`.
pub type Has<R> = vestibule::Has<R, Account>;

/// Somebody who proved who they are at most so many seconds ago.
pub type Fresh<const SECONDS: u64> = vestibule::Fresh<SECONDS, Account>;

/// Somebody who signed in as strongly as `L` demands.
pub type Assured<L> = vestibule::Assured<L, Account>;

/// A form that carries the person's CSRF token.
pub type SignedForm<T> = vestibule::SignedForm<T, Account>;

/// The role that pages ask for with `Has<Admin>`. Add yours beside it.
pub struct Admin;

impl Role<Account> for Admin {
    const NAME: &'static str = "admin";
}

/// What the hooks work with.
pub struct AppHooks {
    /// The app's records of people.
    pub users: Users,
}

impl Hooks for AppHooks {
    type Context = Account;

    /// For each request of somebody who is signed in: what your app knows of
    /// them. Look people up by issuer and subject, never by e-mail address:
    /// addresses change hands. `Err(Deny::new("blocked"))` turns them away.
    async fn add_user_context(
        &self,
        session: &UserSession,
        _request: &HttpRequest,
    ) -> Result<Account, Deny> {
        let (issuer, subject) = (session.issuer(), session.subject());
        let account = self.users.find_or_create(issuer, subject).await;
        account.map_err(users::unavailable)
    }

    /// Once for each sign-in, when all checks have passed and before the person
    /// is signed in. `Ok(AfterLogin::RedirectTo("/welcome".to_owned()))` shows a
    /// page first. To turn somebody away, for example if
    /// `session.verified_email()` is `None`, return a [`Deny`]:
    /// `Deny::new("email_unverified").title("Verify your e-mail address first")`.
    async fn after_login(
        &self,
        session: &UserSession,
        _request: &HttpRequest,
    ) -> Result<AfterLogin, Deny> {
        let (issuer, subject) = (session.issuer(), session.subject());
        let person = Person::of(session.claims());
        let counted = self.users.count_sign_in(issuer, subject, person).await;
        counted.map_err(users::unavailable)?;
        Ok(AfterLogin::Continue)
    }

    /// When somebody signs out, while they are still signed in. `Err` keeps them
    /// signed in.
    async fn before_logout(
        &self,
        _session: &UserSession,
        _request: &HttpRequest,
    ) -> Result<(), Deny> {
        Ok(())
    }

    /// When the provider has been found, and each time it is back.
    fn on_ready(&self, _issuer: &str) {}

    /// When the provider cannot be used, once for each cause. The app goes on
    /// trying, and the cause is in the log already.
    fn on_provider_error(&self, _issuer: &str, _cause: &str) {}
}
