//! Guards for scopes and whole tables of routes.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{HttpResponse, dev::ServiceRequest};

use super::layer::{Around, Layer, Step};
use crate::{
    error::{Error, ErrorKind},
    observed::GuardSeen,
    oidc::Oidc,
    redirect::see_other,
    request_state,
    silent::way_to_provider,
    visitor::{self, Lookup},
};

/// Middleware that checks who is asking before a request may pass: see
/// [`Oidc::ensure_authenticated`], [`Oidc::redirect_to`], [`Oidc::sign_in_silently`]
/// and [`Oidc::declare_public`].
#[derive(Clone, Copy, Debug)]
pub struct Gate(Rule);

#[derive(Clone, Copy, Debug)]
enum Rule {
    EnsureAuthenticated,
    RedirectTo(&'static str),
    SignInSilently,
    DeclarePublic,
}

/// [`Oidc::ensure_authenticated`] for tables of routes, which have no `Oidc`.
pub fn ensure_authenticated() -> Layer<Gate> {
    Layer(Gate(Rule::EnsureAuthenticated))
}

/// [`Oidc::redirect_to`] for tables of routes, which have no `Oidc`.
pub fn redirect_to(path: &'static str) -> Layer<Gate> {
    Layer(Gate(Rule::RedirectTo(path)))
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
pub fn sign_in_silently() -> Layer<Gate> {
    Layer(Gate(Rule::SignInSilently))
}

/// [`Oidc::declare_public`] for tables of routes, which have no `Oidc`.
pub fn declare_public() -> Layer<Gate> {
    Layer(Gate(Rule::DeclarePublic))
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
    pub fn ensure_authenticated(&self) -> Layer<Gate> {
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
    pub fn redirect_to(&self, path: &'static str) -> Layer<Gate> {
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
    pub fn sign_in_silently(&self) -> Layer<Gate> {
        sign_in_silently()
    }

    /// Declares that anyone may have what it wraps, as [`public`](Self::public) does
    /// for tables: for default services, which no table holds.
    ///
    /// ```
    /// # use actix_web::web;
    /// # async fn index() -> &'static str { "" }
    /// # fn app(oidc: &vestibule::Oidc, config: &mut web::ServiceConfig) {
    /// config.default_service(web::to(index).wrap(oidc.declare_public()));
    /// # }
    /// ```
    pub fn declare_public(&self) -> Layer<Gate> {
        declare_public()
    }
}

impl Around for Gate {
    type Step = Check;
    type Within<F: Future> = F;

    fn step(&self) -> Check {
        Check {
            rule: self.0,
            state: State::New,
        }
    }

    fn within<F: Future>(&self, handling: F) -> F {
        handling
    }
}

/// Checks who makes one request.
pub struct Check {
    rule: Rule,
    state: State,
}

enum State {
    New,
    User(Lookup),
    Silent(Pin<Box<dyn Future<Output = Option<HttpResponse>>>>),
}

impl Step for Check {
    fn before(
        &mut self,
        request: &mut ServiceRequest,
        context: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        if let State::New = self.state {
            let request = request.request();
            self.state = match self.rule {
                Rule::SignInSilently => State::Silent(Box::pin(way_to_provider(request.clone()))),
                Rule::DeclarePublic => {
                    request_state::declare_public();
                    return Poll::Ready(None);
                }
                Rule::EnsureAuthenticated | Rule::RedirectTo(_) => {
                    State::User(visitor::any_user(request))
                }
            };
        }
        let answer = match &mut self.state {
            State::User(lookup) => {
                let found = ready!(Pin::new(lookup).poll(context));
                request_state::settle_access();
                request_state::change_asked(|asked| {
                    asked.guards.push(GuardSeen::SignedIn);
                    let error = found.as_ref().err();
                    asked.is_stopped |= error.is_some();
                    asked.is_signed_out |=
                        error.is_some_and(|error| matches!(error.kind, ErrorKind::SignedOut));
                });
                match found {
                    Ok(_) => None,
                    Err(error) => Some(self.rule.refuse(request, error)),
                }
            }
            State::Silent(redirect) => {
                let redirect = ready!(redirect.as_mut().poll(context));
                if redirect.is_some() {
                    request_state::settle_access();
                }
                redirect
            }
            State::New => None,
        };
        self.state = State::New;
        Poll::Ready(answer)
    }
}

impl Rule {
    fn refuse(self, request: &ServiceRequest, error: Error) -> HttpResponse {
        let error = match (self, &error.kind) {
            // Signing in would not make this page exist.
            (Self::EnsureAuthenticated, ErrorKind::SignedOut)
                if request.match_pattern().is_none() =>
            {
                Error::not_found()
            }
            (Self::RedirectTo(path), ErrorKind::SignedOut) => match visitor::oidc() {
                Ok(oidc) => return see_other(&oidc.path(path)),
                Err(error) => error,
            },
            _ => error,
        };
        HttpResponse::from_error(error)
    }
}
