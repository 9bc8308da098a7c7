//! Shows every error of the app the way the sign-in's own errors are shown.

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{StatusCode, header},
};
use std::{
    future::{Ready, ready},
    rc::Rc,
};

use super::{
    call::{Call, Finish, replace},
    rendering,
};
use crate::{
    error::{Error, ErrorKind},
    oidc::Oidc,
};

/// See [`Oidc::error_pages`].
#[derive(Clone, Debug)]
pub struct ErrorPages(());

impl Oidc {
    /// Shows every error of the app through its [`Pages`](crate::Pages): Actix's
    /// own responses when no route matches, and errors that are plain text.
    /// Responses with a body of any other kind are left alone.
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
    pub fn error_pages(&self) -> ErrorPages {
        ErrorPages(())
    }
}

impl<S, B> Transform<S, ServiceRequest> for ErrorPages
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type InitError = ();
    type Transform = ErrorPagesService<S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(ErrorPagesService {
            service: Rc::new(service),
        }))
    }
}

/// An app wrapped in [`ErrorPages`].
pub struct ErrorPagesService<S> {
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for ErrorPagesService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Call<S, ShowErrors>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        Call::new(&self.service, request, ShowErrors)
    }
}

/// Shows the errors of the app.
#[derive(Clone, Copy, Debug)]
pub struct ShowErrors;

impl Finish for ShowErrors {
    fn finish<B: MessageBody>(&self, answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        match shown(&answer) {
            Some(shown) => replace(answer, shown),
            None => answer.map_into_left_body(),
        }
    }
}

/// The response as an error page; `None` if it should stay as it is.
fn shown<B: MessageBody>(response: &ServiceResponse<B>) -> Option<HttpResponse> {
    let (request, inner) = (response.request(), response.response());
    if rendering::own_error(response).is_some() {
        // The middleware outside this one shows it.
        return None;
    }
    if let Some(error) = inner.error() {
        return show_error(request, error, inner);
    }
    if matches!(inner.body().size(), BodySize::Sized(0) | BodySize::None) {
        return show_bare(request, inner);
    }
    None
}

/// Actix's own response when no route matches has no body.
fn show_bare<B>(request: &HttpRequest, inner: &HttpResponse<B>) -> Option<HttpResponse> {
    match inner.status() {
        StatusCode::NOT_FOUND => Some(rendering::show(request, &Error::not_found())),
        StatusCode::METHOD_NOT_ALLOWED => {
            let mut shown = rendering::show(request, &ErrorKind::MethodNotAllowed.into());
            if let Some(allow) = inner.headers().get(header::ALLOW) {
                shown.headers_mut().insert(header::ALLOW, allow.clone());
            }
            Some(shown)
        }
        _ => None,
    }
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
    let status = inner.status();
    let kind = if status.is_server_error() {
        ErrorKind::Internal(error.to_string())
    } else if status == StatusCode::NOT_FOUND {
        ErrorKind::NotFound
    } else {
        ErrorKind::BadRequest(error.to_string())
    };
    Some(rendering::show_with_status(request, &kind.into(), status))
}
