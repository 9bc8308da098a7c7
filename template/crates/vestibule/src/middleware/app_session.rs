//! The middleware that keeps actix-session's `Session` beside the user sessions.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

use crate::{error::ErrorKind, oidc::Oidc, request_state};

/// See [`Oidc::app_session`].
#[derive(Clone)]
pub struct AppSession(Oidc);

impl Oidc {
    /// Keeps the data of actix-session's `Session` in the session store, sealed,
    /// for the app's short-lived data and flash messages. It is cleared whenever
    /// someone signs in or out.
    ///
    /// Wrap it inside [`middleware`](Self::middleware):
    ///
    /// ```
    /// # fn app(oidc: vestibule::Oidc) {
    /// let app = actix_web::App::new()
    ///     .wrap(oidc.app_session())
    ///     .wrap(oidc.middleware());
    /// # }
    /// ```
    pub fn app_session(&self) -> AppSession {
        AppSession(self.clone())
    }
}

impl<S, B> Transform<S, ServiceRequest> for AppSession
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = AppSessionService<S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AppSessionService {
            service: Rc::new(service),
            oidc: self.0.clone(),
        }))
    }
}

/// An app wrapped in [`AppSession`].
pub struct AppSessionService<S> {
    service: Rc<S>,
    oidc: Oidc,
}

impl<S, B> Service<ServiceRequest> for AppSessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, oidc) = (Rc::clone(&self.service), self.oidc.clone());
        Box::pin(async move {
            let sessions = oidc.app_sessions();
            let opened = sessions.open(request.request()).await;
            let answer = service.call(request).await?;
            match sessions.keep(opened, answer.request()).await {
                Ok(()) => Ok(answer.map_into_left_body()),
                Err(error) => {
                    // No one must be signed in while the previous visitor's data is
                    // still there.
                    request_state::take_cookies();
                    let cause = format!("the app session could not be stored: {error}");
                    let error = crate::error::Error::from(ErrorKind::StoreUnavailable(cause));
                    Ok(answer.error_response(error).map_into_right_body())
                }
            }
        })
    }
}
