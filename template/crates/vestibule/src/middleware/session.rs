//! The middleware that every app needs: it gives the guards the relying party,
//! sends the sign-in's own cookies, and shows its own errors. It leaves the app's
//! own responses alone.

use std::{
    future::Future,
    task::{Context, Poll},
};

use actix_web::{Error, HttpResponse, body::MessageBody, dev::ServiceResponse};

use super::{
    layer::{Around, Layer, Step, keep_headers},
    rendering,
};
use crate::{observed, oidc::Oidc, request_state, undeclared::Undeclared, visitor};

/// See [`Oidc::middleware`].
#[derive(Clone)]
pub struct Middleware(Oidc);

impl Oidc {
    /// Wraps an app so that its handlers can ask who is signed in. It sends the
    /// sign-in's own cookies and shows its own errors; headers, status and body of
    /// the app's own responses stay as they are, unless
    /// [`Builder::undeclared_routes`](crate::Builder::undeclared_routes) refuses one.
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
    pub fn middleware(&self) -> Layer<Middleware> {
        Layer(Middleware(self.clone()))
    }
}

impl Around for Middleware {
    type Step = Watch;
    type Within<F: Future> = request_state::Ensured<visitor::Within<F>>;

    fn step(&self) -> Self::Step {
        Watch(self.0.undeclared())
    }

    fn within<F: Future>(&self, handling: F) -> Self::Within<F> {
        request_state::ensure(visitor::within(self.0.clone(), handling))
    }
}

/// Shows the sign-in's own errors, sends its cookies, and holds back what undeclared
/// routes answer.
pub struct Watch(Undeclared);

impl Step for Watch {
    fn after<B: MessageBody>(
        &mut self,
        response: &mut ServiceResponse<B>,
        _: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        let error = rendering::own_error(response);
        if cfg!(debug_assertions) {
            observed::note(response, error.as_ref());
        }
        let request = response.request();
        let mut shown = if let Some(error) = error {
            let mut shown = rendering::show(request, &error);
            keep_headers(response, &mut shown);
            Some(shown)
        } else {
            // Headers tell as much as the body does: none is kept.
            let refusal = self.0.refusal(response);
            refusal.map(|error| rendering::show(request, &error))
        };
        for cookie in request_state::take_cookies() {
            let added = match &mut shown {
                Some(shown) => shown.add_cookie(&cookie),
                None => response.response_mut().add_cookie(&cookie),
            };
            // Fails only for a cookie that is not a valid header value; ours are.
            if let Err(error) = added {
                tracing::error!(%error, "a cookie could not be sent");
            }
        }
        Poll::Ready(shown)
    }

    fn failed(&mut self, error: Error) -> Error {
        self.0.checked(error)
    }
}
