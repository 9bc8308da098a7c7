//! Signing people in without asking them anything, where the provider knows
//! them already (`prompt=none`, OIDC Core 3.1.2.1).

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
};

use super::{
    Oidc, cookies,
    error::{Reason, Refusal},
    guard::{self, User},
    handlers::see_other,
    return_to::ReturnTo,
};
use crate::{current, edge::is_navigation};

/// Says that this browser has had its attempt.
const COOKIE: &str = "silent";

/// For scopes that anybody may see: whoever comes here for the first time and
/// is signed in at the provider arrives signed in. Everybody else sees the page
/// as a stranger, and is not tried again before the browser closes.
///
/// ```
/// use actix_web::{App, middleware::from_fn, web};
/// use app::oidc::guard::sign_in_silently;
///
/// App::new().service(web::scope("/news").wrap(from_fn(sign_in_silently)));
/// ```
///
/// # Errors
/// What the scope itself fails with.
pub async fn sign_in_silently<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match attempt(request.request()).await {
        Some(redirect) => Ok(request.into_response(redirect).map_into_right_body()),
        None => Ok(next.call(request).await?.map_into_left_body()),
    }
}

/// The way to the provider, for those who should take it.
async fn attempt(request: &HttpRequest) -> Option<HttpResponse> {
    let oidc = guard::oidc(request).ok()?;
    let was_tried = cookies::sent(request, &oidc.cookies.name(COOKIE)).is_some();
    if was_tried || request.method() != Method::GET || !is_navigation(request) {
        return None;
    }
    let is_stranger = matches!(
        User::of(request).await,
        Err(Refusal {
            reason: Reason::SignedOut,
            ..
        })
    );
    // With the provider out of reach the page is there all the same.
    if !is_stranger || oidc.provider.known().is_none() {
        return None;
    }
    let return_to = ReturnTo::parse(&oidc.settings, request.uri().path_and_query()?.as_str())?;
    try_no_more(oidc);
    let query = [("prompt", "none"), ("return_to", return_to.as_str())];
    let login = oidc.path_with(oidc.settings.paths.login, query);
    Some(see_other(&login))
}

/// Keeps a browser from being signed in silently: it was tried, or its person
/// has just signed out.
pub(super) fn try_no_more(oidc: &Oidc) {
    let name = oidc.cookies.name(COOKIE);
    current::send(oidc.cookies.make(name, "tried".to_owned(), None));
}
