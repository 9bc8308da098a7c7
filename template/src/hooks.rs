//! Yours: where your own code joins the sign-in. Each function is called by
//! the relying party at the moment that its name says; as they stand, they
//! keep a small record of everybody who has ever signed in.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::{
    oidc::{
        error::{Reason, Refusal},
        guard::Role,
        handlers::AfterLogin,
        return_to::ReturnTo,
        sign_in::SignIn,
    },
    users::{Account, Users},
    views,
};

/// What handlers find in `user.context()`: whatever your app knows of a
/// person beyond what the provider says.
pub struct UserContext {
    /// The person's record in this app.
    pub account: Arc<Account>,
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

/// The sign-in page that `OIDC_LOGIN_PAGE=page` shows.
///
/// # Errors
/// The view cannot be rendered.
pub fn login_view(
    request: &HttpRequest,
    return_to: &ReturnTo,
    login_hint: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    views::respond(&views::Login {
        frame: views::Frame::for_nobody(request)?,
        return_to: return_to.as_str(),
        login_hint: login_hint.unwrap_or_default(),
    })
}

/// Called before a refusal is shown. Return a response to show your own
/// instead; security headers are added to it all the same.
pub fn on_error(_request: &HttpRequest, _refusal: &Refusal) -> Option<HttpResponse> {
    None
}

fn users(request: &HttpRequest) -> Result<&Users, Refusal> {
    request
        .app_data::<web::Data<Users>>()
        .map(web::Data::get_ref)
        .ok_or_else(|| {
            Reason::Internal("app.rs does not provide web::Data<Users>".to_owned()).into()
        })
}
