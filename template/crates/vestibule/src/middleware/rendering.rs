//! How an error is shown: a redirect to sign in where that is all it takes,
//! otherwise a page for people or JSON for scripts.

use actix_web::{
    HttpRequest, HttpResponse,
    dev::ServiceResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
};

use crate::{
    error::{Action, Error, ErrorKind},
    handlers,
    oidc::Oidc,
    pages::{Button, ErrorPage, SignOut},
    redirect::{is_navigation, see_other},
    request_state::RequestId,
    return_to::{NoReturn, ReturnTo},
    visitor::{self, Visitor},
};

/// Seconds after which to try again when something is unavailable.
const BACK_IN: HeaderValue = HeaderValue::from_static("5");
/// Seconds after which to try again when there were too many requests.
const SLOWER: HeaderValue = HeaderValue::from_static("1");
const CHALLENGE: HeaderValue = HeaderValue::from_static("Cookie realm=\"sign-in\"");

/// The library's own error in a response, if there is one.
pub(super) fn own_error<B>(response: &ServiceResponse<B>) -> Option<Error> {
    let error = response.response().error();
    let own = error.and_then(|error| error.as_error::<Error>());
    own.cloned().or_else(visitor::failure)
}

/// The error as a response that the sender of the request can read.
pub(super) fn show(request: &HttpRequest, error: &Error) -> HttpResponse {
    show_with_status(request, error, error.status())
}

/// The same with another status.
pub(super) fn show_with_status(
    request: &HttpRequest,
    error: &Error,
    status: StatusCode,
) -> HttpResponse {
    log(error, status);
    let mut response = match visitor::oidc() {
        Ok(oidc) => shown(&oidc, request, error, status),
        Err(_) => HttpResponse::build(status).body(error.title().to_owned()),
    };
    let header = match response.status() {
        StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, CHALLENGE),
        StatusCode::SERVICE_UNAVAILABLE => (header::RETRY_AFTER, BACK_IN),
        StatusCode::TOO_MANY_REQUESTS => (header::RETRY_AFTER, SLOWER),
        _ => return response,
    };
    response.headers_mut().insert(header.0, header.1);
    response
}

fn log(error: &Error, status: StatusCode) {
    let (code, cause, hint) = (error.code(), error.kind.cause(), error.hint());
    if status.is_server_error() {
        tracing::warn!(code, %cause, hint, "request failed");
    } else {
        tracing::info!(code, %cause, hint, "request failed");
    }
}

fn shown(oidc: &Oidc, request: &HttpRequest, error: &Error, status: StatusCode) -> HttpResponse {
    let plain = |_| HttpResponse::build(status).body(error.title().to_owned());
    if !is_navigation(request) {
        let page = page_of(oidc, request, error, status);
        return oidc.pages().problem(request, page).unwrap_or_else(plain);
    }
    match login_redirect(oidc, request, error) {
        Ok(Some(redirect)) => return redirect,
        Ok(None) => {}
        Err(error) => return show(request, &error),
    }
    let page = page_of(oidc, request, error, status);
    if let Some(redirect) = failure_redirect(oidc, request, error, &page.request_id) {
        return redirect;
    }
    // The app's own login page where that helps, else the error page.
    let shown = match handlers::login_page_after(oidc, request, &page) {
        Some(Ok(shown)) => Ok(shown),
        Some(Err(_)) | None => oidc.pages().error(request, page),
    };
    let mut response = shown.unwrap_or_else(plain);
    *response.status_mut() = status;
    response
}

/// For people who only need to sign in to continue. Only a plain GET can be
/// repeated afterwards.
///
/// # Errors
/// The way back cannot be kept.
fn login_redirect(
    oidc: &Oidc,
    request: &HttpRequest,
    error: &Error,
) -> Result<Option<HttpResponse>, Error> {
    if request.method() != Method::GET {
        return Ok(None);
    }
    let demand = match error.kind() {
        ErrorKind::SignedOut
        | ErrorKind::RefreshRefused
        | ErrorKind::NotFresh(_)
        | ErrorKind::NotAssured(_) => oidc.demand_after(error.kind()),
        _ => return Ok(None),
    };
    let Ok(demand) = demand else { return Ok(None) };
    let wanted = request
        .uri()
        .path_and_query()
        .map_or("/", |wanted| wanted.as_str());
    let return_to = match ReturnTo::read(oidc.settings(), wanted) {
        Ok(return_to) => Some(return_to),
        Err(NoReturn::Elsewhere) => None,
        Err(NoReturn::TooLong) => {
            return Err(ErrorKind::AddressTooLong(Box::new(error.kind().clone())).into());
        }
    };
    let return_to = return_to
        .as_ref()
        .map(|wanted| ("return_to", wanted.as_str()));
    let demand = demand.as_ref().map(|(name, value)| (*name, value.as_str()));
    let query = return_to.into_iter().chain(demand);
    Ok(Some(see_other(&oidc.path_with(&oidc.paths().login, query))))
}

/// To the app's own page for failed sign-ins, if there is one.
fn failure_redirect(
    oidc: &Oidc,
    request: &HttpRequest,
    error: &Error,
    request_id: &str,
) -> Option<HttpResponse> {
    let failure = oidc.paths().failure.as_deref()?;
    if request.path() != oidc.path(&oidc.paths().login_callback) {
        return None;
    }
    let query = [("error", error.code()), ("request_id", request_id)];
    let query = query.into_iter().chain(error.wanted());
    Some(see_other(&oidc.path_with(failure, query)))
}

/// The data for an error page.
pub(crate) fn page_of<'a>(
    oidc: &Oidc,
    request: &HttpRequest,
    error: &'a Error,
    status: StatusCode,
) -> ErrorPage<'a> {
    let presentation = error.kind().presentation();
    ErrorPage {
        code: presentation.code,
        title: presentation.title,
        text: presentation.text,
        fields: error.kind().fields(),
        status,
        request_id: RequestId::current().map_or_else(String::new, |id| id.to_string()),
        button: button(oidc, request, error, presentation.action),
        sign_out: Visitor::of(request).map(|visitor| SignOut {
            path: oidc.path(&oidc.paths().logout),
            csrf_token: visitor.csrf_token().to_owned(),
        }),
        error,
    }
}

fn button(oidc: &Oidc, request: &HttpRequest, error: &Error, action: Action) -> Button {
    let demand = oidc.demand_after(error.kind()).ok().flatten();
    let demand = demand.as_ref().map(|(name, value)| (*name, value.as_str()));
    let login = |prompt: Option<(&'static str, &'static str)>| {
        let query = error.wanted().into_iter().chain(demand).chain(prompt);
        oidc.path_with(&oidc.paths().login, query)
    };
    let try_again = || match &error.return_to {
        // A code works only once, so retry the whole sign-in.
        Some(_) => login(None),
        None => same_page(oidc, request),
    };
    let (label, path) = match action {
        Action::GoHome => ("Go to the home page", oidc.path("/")),
        Action::TryAgain => ("Try again", try_again()),
        Action::SignIn => ("Sign in", login(None)),
        Action::AsDenied => match error.kind() {
            ErrorKind::NotAdmitted(deny) => match &deny.reason().button {
                Some(button) => {
                    return Button {
                        label: button.label.clone(),
                        path: oidc.path(&button.path),
                    };
                }
                None if deny.reason().status.is_server_error() => ("Try again", try_again()),
                None => (
                    "Use another account",
                    login(Some(("prompt", "select_account"))),
                ),
            },
            _ => ("Go to the home page", oidc.path("/")),
        },
    };
    Button {
        label: label.into(),
        path,
    }
}

/// The requested page, if a link can request it again, otherwise the front page.
fn same_page(oidc: &Oidc, request: &HttpRequest) -> String {
    let settings = oidc.settings();
    let asked = request.uri().path_and_query();
    asked
        .filter(|_| request.method() == Method::GET)
        .and_then(|asked| ReturnTo::parse_any(settings, asked.as_str()))
        .unwrap_or_else(|| ReturnTo::home(settings))
        .as_str()
        .to_owned()
}
