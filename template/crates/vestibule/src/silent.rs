//! Silent sign-in: signing people in without asking anything, if the provider
//! already knows them (`prompt=none`, OIDC Core 3.1.2.1).

use actix_web::{HttpRequest, HttpResponse, http::Method};

use crate::{
    choice, cookies,
    error::ErrorKind,
    oidc::Oidc,
    probe::is_probe,
    redirect::{is_navigation, see_other},
    request_state,
    return_to::ReturnTo,
    seal, visitor,
};

/// Marks a browser for which silent sign-in was tried.
const COOKIE: &str = "silent";
/// The cookie's value where no sign-in is under way.
const TRIED: &str = "tried";

/// A redirect to a silent sign-in, if it should be tried.
pub(crate) async fn way_to_provider(request: HttpRequest) -> Option<HttpResponse> {
    let oidc = visitor::oidc().ok()?;
    let was_tried = cookies::sent(&request, &oidc.cookies().name(COOKIE)).is_some();
    let is_wanted = request.method() == Method::GET && is_navigation(&request);
    if was_tried || !is_wanted || is_probe(&request) {
        return None;
    }
    let is_stranger = matches!(
        visitor::any_user(&request).await,
        Err(error) if matches!(error.kind, ErrorKind::SignedOut)
    );
    // If the provider is unreachable, show the page anyway.
    let provider = choice::without_asking(&request, &oidc)?;
    if !is_stranger || provider.known().is_none() {
        return None;
    }
    let asked = request.uri().path_and_query()?;
    let return_to = ReturnTo::parse(oidc.settings(), asked.as_str())?;
    if asked.query().is_some() && !return_to.as_str().contains('?') {
        // It is too long to come back.
        return None;
    }
    let proof = seal::random_string().ok()?;
    mark(&oidc, &proof);
    let query = [
        ("prompt", "none"),
        (PROOF, &*proof),
        ("return_to", return_to.as_str()),
    ];
    Some(see_other(&oidc.path_with(&oidc.paths().login, query)))
}

/// The parameter of `/login` with which [`way_to_provider`] proves that it sent the
/// browser there: it has the value of the browser's own cookie, which no other site
/// knows.
pub(crate) const PROOF: &str = "silent";

/// Whether [`way_to_provider`] sent this browser to sign in.
pub(crate) fn is_proven(request: &HttpRequest, oidc: &Oidc, proof: &str) -> bool {
    let sent = cookies::sent(request, &oidc.cookies().name(COOKIE));
    let sent = sent.and_then(|value| str::from_utf8(value).ok());
    sent.is_some_and(|value| value != TRIED && seal::same_secret(value, proof))
}

/// Prevents further silent sign-ins in this browser: one was tried, or its person
/// has just signed out.
pub(crate) fn try_no_more(oidc: &Oidc) {
    mark(oidc, TRIED);
}

fn mark(oidc: &Oidc, value: &str) {
    let name = oidc.cookies().name(COOKIE);
    request_state::send(oidc.cookies().make(name, value.to_owned(), None));
}
