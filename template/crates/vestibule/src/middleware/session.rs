//! The middleware that every app needs: it makes the relying party known to the
//! guards, sends the sign-in's own cookies, and shows its own errors. Of the app's
//! own answers it changes nothing.

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

use super::rendering;
use crate::{oidc::Oidc, request_state, visitor};

/// See [`Oidc::middleware`].
#[derive(Clone)]
pub struct Middleware(Oidc);

impl Oidc {
    /// What an app is wrapped in so that its handlers can ask who is signed in. It
    /// sends the sign-in's own cookies and shows its own errors, and changes
    /// neither header, status nor body of the app's own answers.
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

/// An app that is wrapped in [`Middleware`].
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
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        let oidc = self.oidc.clone();
        let answering = visitor::within(oidc, async move { answer(service, request).await });
        Box::pin(request_state::ensure(answering))
    }
}

async fn answer<S, B>(
    service: Rc<S>,
    request: ServiceRequest,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    // No clone of the request may live across this call: Actix routes by changing
    // the one there is.
    let answer = service.call(request).await?;
    let mut response = match rendering::own_error(&answer) {
        Some(error) => {
            let shown = rendering::show(answer.request(), &error);
            answer.into_response(shown).map_into_right_body()
        }
        None => answer.map_into_left_body(),
    };
    for cookie in request_state::take_cookies() {
        // Fails only for a cookie that is no header value, which ours are.
        if let Err(error) = response.response_mut().add_cookie(&cookie) {
            tracing::error!(%error, "a cookie could not be sent");
        }
    }
    Ok(response)
}
