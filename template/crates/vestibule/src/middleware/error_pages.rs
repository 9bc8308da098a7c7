//! Shows every error of the app the way the sign-in's own errors are shown.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderValue},
    },
};
use std::{
    future::Future,
    task::{Context, Poll},
};

use super::{
    allow,
    layer::{Around, Layer, Step, keep_headers},
    rendering,
};
use crate::{
    body::{self, Rest},
    error::{Error, ErrorKind},
    fields,
    oidc::Oidc,
    probe, request_state,
    undeclared::{self, Undeclared},
    visitor,
};

/// See [`Oidc::error_pages`].
#[derive(Clone)]
pub struct ErrorPages;

impl Oidc {
    /// Completes what Actix leaves bare. Every error of the app is shown through its
    /// [`Pages`](crate::Pages): Actix's own responses when no route matches, and
    /// errors that are plain text. Responses with a body of any other kind are left
    /// alone. HEAD is answered wherever GET is, by the same handler.
    ///
    /// Where a path has routes and none of them takes the request's method, the response is
    /// a 405 with `Allow` (RFC 9110, 15.5.6), also for routes like
    /// `config.route("/news", web::get().to(show))`, to which Actix answers 404.
    ///
    /// Bodies that an extractor does not take are a 413 if they are too large, a 415 if
    /// they are of another type, a 400 if they cannot be parsed, and a 422 if fields of
    /// them are missing or wrong; which, pages and JSON say. What is wrong with a field
    /// is told in debug builds, and never logged, as it may quote what was sent.
    ///
    /// And bodies have to arrive: whatever reads one, the request gets a 400 and its
    /// connection ends if that takes longer than 20 seconds and one more for each 500
    /// bytes, or if nothing comes for a minute. WebSockets are not limited.
    ///
    /// Wrap it inside [`middleware`](Self::middleware):
    ///
    /// ```
    /// # fn app(oidc: vestibule::Oidc) {
    /// let app = actix_web::App::new()
    ///     .wrap(oidc.error_pages())
    ///     .wrap(oidc.middleware());
    /// # }
    /// ```
    pub fn error_pages(&self) -> Layer<ErrorPages> {
        Layer(ErrorPages)
    }
}

impl Around for ErrorPages {
    type Step = Completion;
    type Within<F: Future> = F;

    fn step(&self) -> Completion {
        Completion { body: None }
    }

    fn within<F: Future>(&self, handling: F) -> F {
        handling
    }
}

/// Completes one request and its response.
pub struct Completion {
    body: Option<Rest>,
}

impl Step for Completion {
    fn before(
        &mut self,
        request: &mut ServiceRequest,
        _: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        self.body = limit_body(request);
        probe::route_head_as_get(request);
        Poll::Ready(None)
    }

    fn after<B: MessageBody>(
        &mut self,
        response: &mut ServiceResponse<B>,
        _: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        // The page for it would look like a route's answer.
        if cfg!(debug_assertions) && undeclared::lacks_method(response) {
            request_state::change_asked(|asked| asked.lacks_method = true);
        }
        if let Some(body) = &self.body {
            body.end_connection();
        }
        let is_undeclared = undeclared::is_undeclared(response);
        if is_undeclared && is_refused() {
            // The middleware outside this one refuses it.
            return Poll::Ready(None);
        }
        let is_late = self.body.as_ref().is_some_and(Rest::is_late);
        Poll::Ready(shown(response, is_late).map(|mut shown| {
            if !is_undeclared {
                request_state::settle_access();
            }
            keep_headers(response, &mut shown);
            shown
        }))
    }
}

/// Has the request's body fail if it does not arrive in time; `None` if there is no
/// body. What follows a WebSocket's handshake, which is a GET (RFC 6455 4.1), is none.
fn limit_body(request: &mut ServiceRequest) -> Option<Rest> {
    let mut payload = request.take_payload();
    let has_body = !matches!(payload, Payload::None);
    let is_handshake = has_body && request.method() == Method::GET && request.head().upgrade();
    let is_limited = has_body && !is_handshake;
    let rest = is_limited.then(|| body::limit(&mut payload, body::is_chunked(request)));
    request.set_payload(payload);
    rest
}

/// Whether undeclared routes are not answered here.
fn is_refused() -> bool {
    visitor::oidc().is_ok_and(|oidc| oidc.undeclared() == Undeclared::Refuse)
}

/// The response as an error page; `None` if it should stay as it is. A handler that was
/// given half a body can have no response that matters.
fn shown<B: MessageBody>(response: &ServiceResponse<B>, is_late: bool) -> Option<HttpResponse> {
    let (request, inner) = (response.request(), response.response());
    let own_error = rendering::own_error(response);
    if is_not_found(inner, own_error.as_ref())
        && let Some(allow) = allow::instead_of_not_found(request)
    {
        request_state::change_asked(|asked| asked.lacks_method = true);
        return Some(show_allowed(request, Some(allow)));
    }
    if own_error.is_some() {
        // The middleware outside this one shows it.
        return None;
    }
    if is_late {
        return Some(rendering::show(request, &body::too_late()));
    }
    if let Some(error) = inner.error() {
        return show_error(request, error, inner);
    }
    if is_bare(inner) {
        return show_bare(request, inner);
    }
    None
}

/// Whether it is the answer where there is no route: Actix's own, or that of
/// [`Oidc::at_base_path`].
fn is_not_found<B: MessageBody>(inner: &HttpResponse<B>, own_error: Option<&Error>) -> bool {
    match own_error {
        Some(error) => matches!(error.kind(), ErrorKind::NotFound),
        None => {
            inner.status() == StatusCode::NOT_FOUND && inner.error().is_none() && is_bare(inner)
        }
    }
}

fn is_bare<B: MessageBody>(inner: &HttpResponse<B>) -> bool {
    matches!(inner.body().size(), BodySize::Sized(0) | BodySize::None)
}

/// Actix's own response when no route matches has no body.
fn show_bare<B>(request: &HttpRequest, inner: &HttpResponse<B>) -> Option<HttpResponse> {
    match inner.status() {
        StatusCode::NOT_FOUND => Some(rendering::show(request, &Error::not_found())),
        StatusCode::METHOD_NOT_ALLOWED => {
            let allow = inner.headers().get(header::ALLOW);
            Some(show_allowed(request, allow.and_then(allow::completed)))
        }
        _ => None,
    }
}

fn show_allowed(request: &HttpRequest, allow: Option<HeaderValue>) -> HttpResponse {
    let mut shown = rendering::show(request, &ErrorKind::MethodNotAllowed.into());
    if let Some(allow) = allow {
        shown.headers_mut().insert(header::ALLOW, allow);
    }
    shown
}

/// Shows any other error like the library's own, with its status; `None` if the
/// error comes with a body of its own. Plain text is Actix's default for any error,
/// and may reveal too much.
fn show_error<B>(
    request: &HttpRequest,
    error: &actix_web::Error,
    inner: &HttpResponse<B>,
) -> Option<HttpResponse> {
    let kind = inner.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain")) {
        return None;
    }
    // Actix calls some of these a 400.
    if let Some(kind) = fields::of_extractor(error) {
        return Some(rendering::show(request, &kind.into()));
    }
    let (status, cause) = (inner.status(), error.to_string());
    let kind = match status {
        status if status.is_server_error() => ErrorKind::Internal(cause),
        StatusCode::NOT_FOUND => ErrorKind::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorKind::BodyTooLarge(cause),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ErrorKind::BodyType(cause),
        StatusCode::UNPROCESSABLE_ENTITY => ErrorKind::InvalidFields(Vec::new(), cause),
        _ => ErrorKind::BadRequest(cause),
    };
    Some(rendering::show_with_status(request, &kind.into(), status))
}
