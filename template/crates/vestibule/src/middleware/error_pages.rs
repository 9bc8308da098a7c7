//! Shows every error of the app as the sign-in's own are shown.

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::{StatusCode, header},
};
use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
};

use super::rendering;
use crate::{
    error::{Error, ErrorKind},
    oidc::Oidc,
};

/// See [`Oidc::error_pages`].
#[derive(Clone, Debug)]
pub struct ErrorPages(());

impl Oidc {
    /// Shows every error of the app through its [`Pages`](crate::Pages): what Actix
    /// answers where no route fits, and errors that are plain text. An answer that
    /// has a body of another kind is left as it is.
    ///
    /// It goes inside of [`middleware`](Self::middleware):
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

/// An app that is wrapped in [`ErrorPages`].
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
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, actix_web::Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        Box::pin(async move {
            let answer = service.call(request).await?;
            Ok(match shown(&answer) {
                Some(shown) => answer.into_response(shown).map_into_right_body(),
                None => answer.map_into_left_body(),
            })
        })
    }
}

/// The answer as an error page; `None`: it is to be seen as it is.
fn shown<B: MessageBody>(response: &ServiceResponse<B>) -> Option<HttpResponse> {
    let (request, inner) = (response.request(), response.response());
    if rendering::own_error(response).is_some() {
        // The middleware around this one shows it.
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

/// What Actix answers by itself when no route fits has no body.
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

/// An error that is not of the library is shown as the library's own are, with its
/// status; `None` if whoever made it has also made what is to be seen of it. Plain
/// text is what Actix makes of any error, and may tell too much.
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
