//! The middleware that every app needs: it gives the guards the relying party,
//! sends the sign-in's own cookies, and shows its own errors. It leaves the app's
//! own responses alone.

use std::{
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{
    Error,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

use super::{
    call::{Call, Finish, replace},
    rendering,
};
use crate::{oidc::Oidc, request_state, visitor};

/// See [`Oidc::middleware`].
#[derive(Clone)]
pub struct Middleware(Oidc);

impl Oidc {
    /// Wraps an app so that its handlers can ask who is signed in. It sends the
    /// sign-in's own cookies and shows its own errors; headers, status and body of
    /// the app's own responses stay as they are.
    ///
    /// Middleware of the app's own inside of it refuses with
    /// `request.error_response(error)`: an `Err` would pass by all that is around it.
    ///
    /// ```
    /// # fn app(oidc: vestibule::Oidc) {
    /// let app = actix_web::App::new()
    ///     .wrap(oidc.middleware())
    ///     .configure(oidc.routes());
    /// # }
    /// ```
    pub fn middleware(&self) -> Middleware {
        Middleware(self.clone())
    }
}

impl<S, B> Transform<S, ServiceRequest> for Middleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = SessionService<S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionService {
            service: Rc::new(service),
            oidc: self.0.clone(),
        }))
    }
}

/// An app wrapped in [`Middleware`].
pub struct SessionService<S> {
    service: Rc<S>,
    oidc: Oidc,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = request_state::Ensured<visitor::Within<Call<S, ShowOwnErrors>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let call = Call::new(&self.service, request, ShowOwnErrors);
        request_state::ensure(visitor::within(self.oidc.clone(), call))
    }
}

/// Shows the sign-in's own errors, and sends its cookies.
#[derive(Clone, Copy, Debug)]
pub struct ShowOwnErrors;

impl Finish for ShowOwnErrors {
    fn finish<B: MessageBody>(&self, answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let mut response = match rendering::own_error(&answer) {
            Some(error) => {
                let shown = rendering::show(answer.request(), &error);
                replace(answer, shown)
            }
            None => answer.map_into_left_body(),
        };
        for cookie in request_state::take_cookies() {
            // Fails only for a cookie that is not a valid header value; ours are.
            if let Err(error) = response.response_mut().add_cookie(&cookie) {
                tracing::error!(%error, "a cookie could not be sent");
            }
        }
        response
    }
}
