//! Guards for scopes and whole tables of routes.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
};

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

use crate::{
    error::{Error as OwnError, ErrorKind},
    oidc::Oidc,
    redirect::see_other,
    silent, visitor,
};

/// Middleware that checks who is asking before a request may pass: see
/// [`Oidc::ensure_authenticated`], [`Oidc::redirect_to`] and
/// [`Oidc::sign_in_silently`].
#[derive(Clone, Copy, Debug)]
pub struct Gate(Rule);

#[derive(Clone, Copy, Debug)]
enum Rule {
    EnsureAuthenticated,
    RedirectTo(&'static str),
    SignInSilently,
}

/// [`Oidc::ensure_authenticated`] for tables of routes, which have no `Oidc`.
pub fn ensure_authenticated() -> Gate {
    Gate(Rule::EnsureAuthenticated)
}

/// [`Oidc::redirect_to`] for tables of routes, which have no `Oidc`.
pub fn redirect_to(path: &'static str) -> Gate {
    Gate(Rule::RedirectTo(path))
}

/// [`Oidc::sign_in_silently`] for tables of routes, which have no `Oidc`.
///
/// ```
/// use actix_web::web::{self, ServiceConfig};
/// use vestibule::sign_in_silently;
///
/// fn public(config: &mut ServiceConfig) {
///     config.service(web::scope("/news").wrap(sign_in_silently()));
/// }
/// ```
pub fn sign_in_silently() -> Gate {
    Gate(Rule::SignInSilently)
}

impl Oidc {
    /// Lets only signed-in people into a scope. Browsers are sent to sign in, and
    /// scripts get a 401.
    ///
    /// ```
    /// # use actix_web::web;
    /// # fn app(oidc: &vestibule::Oidc) {
    /// let reports = web::scope("/reports").wrap(oidc.ensure_authenticated());
    /// # }
    /// ```
    pub fn ensure_authenticated(&self) -> Gate {
        ensure_authenticated()
    }

    /// Sends people who are not signed in to a path of this app instead of the
    /// login page.
    ///
    /// ```
    /// # use actix_web::web;
    /// # fn app(oidc: &vestibule::Oidc) {
    /// let reports = web::scope("/reports").wrap(oidc.redirect_to("/welcome"));
    /// # }
    /// ```
    pub fn redirect_to(&self, path: &'static str) -> Gate {
        redirect_to(path)
    }

    /// For scopes that anyone may see: on the first visit, people who are signed in
    /// at the provider arrive signed in. Everyone else sees the page signed out,
    /// and is not checked again until the browser closes.
    ///
    /// ```
    /// # use actix_web::web;
    /// # fn app(oidc: &vestibule::Oidc) {
    /// let news = web::scope("/news").wrap(oidc.sign_in_silently());
    /// # }
    /// ```
    pub fn sign_in_silently(&self) -> Gate {
        sign_in_silently()
    }
}

impl<S, B> Transform<S, ServiceRequest> for Gate
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = GateService<S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(GateService {
            rule: self.0,
            service: Rc::new(service),
        }))
    }
}

/// A service behind a [`Gate`].
pub struct GateService<S> {
    rule: Rule,
    service: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for GateService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (rule, service) = (self.rule, Rc::clone(&self.service));
        Box::pin(async move {
            match rule.look_at(&request).await {
                Verdict::Pass => Ok(service.call(request).await?.map_into_left_body()),
                Verdict::Answer(answer) => Ok(request.into_response(answer).map_into_right_body()),
                Verdict::Refuse(error) => Ok(request.error_response(error).map_into_right_body()),
            }
        })
    }
}

enum Verdict {
    Pass,
    Answer(HttpResponse),
    Refuse(OwnError),
}

impl Rule {
    async fn look_at(self, request: &ServiceRequest) -> Verdict {
        if let Self::SignInSilently = self {
            return match silent::way_to_provider(request.request()).await {
                Some(redirect) => Verdict::Answer(redirect),
                None => Verdict::Pass,
            };
        }
        let error = match visitor::any_user(request.request()).await {
            Ok(_) => return Verdict::Pass,
            Err(error) => error,
        };
        match (self, &error.kind) {
            // Signing in would not make this page exist.
            (Self::EnsureAuthenticated, ErrorKind::SignedOut)
                if request.match_pattern().is_none() =>
            {
                Verdict::Refuse(OwnError::not_found())
            }
            (Self::RedirectTo(path), ErrorKind::SignedOut) => match visitor::oidc() {
                Ok(oidc) => Verdict::Answer(see_other(&oidc.path(path))),
                Err(error) => Verdict::Refuse(error),
            },
            _ => Verdict::Refuse(error),
        }
    }
}
