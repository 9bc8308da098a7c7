//! Middleware from a function, for what all requests pass through: as
//! `actix_web::middleware::from_fn` makes it, but without boxes for its future
//! and the next one's, which each request would pay for.

use std::{
    future::{Future, Ready, ready},
    rc::Rc,
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

/// Middleware that calls `function` with each request and with what comes next.
pub fn around<F>(function: F) -> Around<F> {
    Around(function)
}

/// What [`around`] makes: for `wrap`, in `App`, scopes and resources.
pub struct Around<F>(F);

impl<F, S, B, Answering, Shown> Transform<S, ServiceRequest> for Around<F>
where
    F: Fn(ServiceRequest, Rc<S>) -> Answering + Clone,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    Answering: Future<Output = Result<ServiceResponse<Shown>, Error>>,
    Shown: MessageBody,
{
    type Response = ServiceResponse<Shown>;
    type Error = Error;
    type InitError = ();
    type Transform = Surrounded<F, S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Surrounded {
            function: self.0.clone(),
            service: Rc::new(service),
        }))
    }
}

/// A service with middleware around it.
pub struct Surrounded<F, S> {
    function: F,
    service: Rc<S>,
}

impl<F, S, B, Answering, Shown> Service<ServiceRequest> for Surrounded<F, S>
where
    F: Fn(ServiceRequest, Rc<S>) -> Answering,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    Answering: Future<Output = Result<ServiceResponse<Shown>, Error>>,
{
    type Response = ServiceResponse<Shown>;
    type Error = Error;
    type Future = Answering;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        (self.function)(request, Rc::clone(&self.service))
    }
}
