//! Yours: where your own code joins the sign-in. Each function is called by
//! the relying party at the moment that its name says; as they stand, they
//! keep a small record of everybody who has ever signed in.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    oidc::{
        error::{Reason, Refusal},
        guard::Role,
        handlers::AfterLogin,
        return_to::ReturnTo,
        sign_in::SignIn,
        widget::Widget,
    },
    users::{Account, Users},
    views,
};

/// What handlers find in `user.context()`: whatever your app knows of a
/// person beyond what the provider says.
pub struct UserContext {
    /// The person's record in this app.
    pub account: Account,
}

/// The role that pages ask for with `Has<Admin>`. Add yours beside it.
pub struct Admin;

impl Role for Admin {
    const NAME: &'static str = "admin";
}

/// Called for each request of a signed-in person: load your record of them.
/// Find people by issuer and subject, never by e-mail: addresses change hands.
///
/// # Errors
/// Refuse with `Reason::Hook("a text for the person".to_owned())`, for example
/// if the account is blocked.
pub async fn add_user_context(
    request: &HttpRequest,
    sign_in: &SignIn,
) -> Result<UserContext, Refusal> {
    let users = users(request)?;
    let account = users.find_or_create(sign_in);
    Ok(UserContext { account })
}

/// Called once for each sign-in, after all checks and before the person is
/// signed in. Redirect to a path of this app for a welcome page.
///
/// # Errors
/// Refuse with `Reason::Hook("a text for the person".to_owned())`: then nobody
/// is signed in.
pub async fn after_login(request: &HttpRequest, sign_in: &SignIn) -> Result<AfterLogin, Refusal> {
    users(request)?.count_sign_in(sign_in);
    Ok(AfterLogin::Continue)
}

/// Called when a person signs out, while they are still signed in.
///
/// # Errors
/// Refuse to keep them signed in.
pub async fn before_logout(_request: &HttpRequest, _sign_in: &SignIn) -> Result<(), Refusal> {
    Ok(())
}

/// What the app's own sign-in page is made from.
pub struct SignInPage<'a> {
    /// Where to go afterwards; the page's form sends it back.
    pub return_to: &'a ReturnTo,
    /// Whom the person claims to be.
    pub login_hint: Option<&'a str>,
    /// How old the person's last authentication may be, in seconds; the page's
    /// form sends it back.
    pub max_age: Option<u64>,
    /// Why the last attempt failed.
    pub trouble: Option<&'a Reason>,
    /// The Okta Sign-In Widget, with `OIDC_LOGIN_PAGE=widget`.
    pub widget: Option<Widget>,
}

impl<'a> SignInPage<'a> {
    /// A page that leads to `return_to`, with nothing special about it.
    pub fn new(return_to: &'a ReturnTo) -> Self {
        Self {
            return_to,
            login_hint: None,
            max_age: None,
            trouble: None,
            widget: None,
        }
    }
}

/// The sign-in page that `OIDC_LOGIN_PAGE=page` and `widget` show.
///
/// # Errors
/// The view cannot be rendered.
pub fn login_view(request: &HttpRequest, page: SignInPage<'_>) -> Result<HttpResponse, Refusal> {
    views::respond(&views::Login::new(request, page)?)
}

/// Called before a refusal is shown, though not for people who only have to sign
/// in to go on: their browser is sent there. Return a response to show your own
/// instead, as a page where `crate::edge::is_navigation(request)`, else for a
/// script; security headers are added to it all the same.
pub fn on_error(_request: &HttpRequest, _refusal: &Refusal) -> Option<HttpResponse> {
    None
}

/// Called when the provider has been found, and each time it is back after it
/// was away: from then on people can sign in.
pub fn on_ready(_issuer: &str) {}

/// Called when the provider cannot be used, once for each cause. The app goes
/// on trying; the cause is in the log already.
pub fn on_provider_error(_issuer: &str, _cause: &str) {}

fn users(request: &HttpRequest) -> Result<&Users, Refusal> {
    request
        .app_data::<web::Data<Users>>()
        .map(web::Data::get_ref)
        .ok_or_else(|| {
            Reason::Internal("app.rs does not provide web::Data<Users>".to_owned()).into()
        })
}
