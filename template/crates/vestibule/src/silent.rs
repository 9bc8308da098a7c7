//! Silent sign-in: signing people in without asking anything, if the provider
//! already knows them (`prompt=none`, OIDC Core 3.1.2.1).

use actix_web::{HttpRequest, HttpResponse, http::Method};

use crate::{
    cookies,
    error::ErrorKind,
    oidc::Oidc,
    redirect::{is_navigation, see_other},
    request_state,
    return_to::ReturnTo,
    visitor,
};

/// Marks a browser for which silent sign-in was tried.
const COOKIE: &str = "silent";

/// A redirect to a silent sign-in, if it should be tried.
pub(crate) async fn way_to_provider(request: HttpRequest) -> Option<HttpResponse> {
    let oidc = visitor::oidc().ok()?;
    let was_tried = cookies::sent(&request, &oidc.cookies().name(COOKIE)).is_some();
    if was_tried || request.method() != Method::GET || !is_navigation(&request) {
        return None;
    }
    let is_stranger = matches!(
        visitor::any_user(&request).await,
        Err(error) if matches!(error.kind, ErrorKind::SignedOut)
    );
    // If the provider is unreachable, show the page anyway.
    if !is_stranger || oidc.provider().known().is_none() {
        return None;
    }
    let return_to = ReturnTo::parse(oidc.settings(), request.uri().path_and_query()?.as_str())?;
    try_no_more(&oidc);
    let query = [("prompt", "none"), ("return_to", return_to.as_str())];
    Some(see_other(&oidc.path_with(&oidc.paths().login, query)))
}

/// Prevents further silent sign-ins in this browser: one was tried, or its person
/// has just signed out.
pub(crate) fn try_no_more(oidc: &Oidc) {
    let name = oidc.cookies().name(COOKIE);
    request_state::send(oidc.cookies().make(name, "tried".to_owned(), None));
}
