//! The middleware that keeps actix-session's `Session` beside the user sessions.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_session::SessionExt as _;
use actix_web::{
    HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};

use super::layer::{Around, Layer, Step};
use crate::{
    app_session::{Id, Opened},
    error::{Error, ErrorKind},
    oidc::Oidc,
    request_state,
    store::StoreError,
    visitor,
};

/// See [`Oidc::app_session`].
#[derive(Clone)]
pub struct AppSession(Oidc);

impl Oidc {
    /// Keeps the data of actix-session's `Session` in the session store, sealed,
    /// for the app's short-lived data and flash messages. They are cleared whenever
    /// someone signs in, and gone once the user session in which they were kept has
    /// ended, however it did.
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
    pub fn app_session(&self) -> Layer<AppSession> {
        Layer(AppSession(self.clone()))
    }
}

impl Around for AppSession {
    type Step = KeepSession;
    type Within<F: Future> = F;

    fn step(&self) -> KeepSession {
        KeepSession {
            oidc: self.0.clone(),
            state: State::New,
        }
    }

    fn within<F: Future>(&self, handling: F) -> F {
        handling
    }
}

/// Opens a browser's session, and keeps what has changed in it.
pub struct KeepSession {
    oidc: Oidc,
    state: State,
}

/// Only browsers that have a session cost a box.
enum State {
    New,
    Opening(Pin<Box<dyn Future<Output = Opened>>>),
    Open(Opened),
    Keeping(Pin<Box<dyn Future<Output = Result<(), StoreError>>>>),
}

impl KeepSession {
    fn open(&self, id: Id, request: HttpRequest) -> State {
        let oidc = self.oidc.clone();
        State::Opening(Box::pin(async move {
            oidc.app_sessions().open(id, &request, &oidc).await
        }))
    }
}

impl Step for KeepSession {
    fn before(
        &mut self,
        request: &mut ServiceRequest,
        context: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        if let State::New = self.state {
            if let Err(error) = visitor::oidc() {
                return Poll::Ready(Some(HttpResponse::from_error(error)));
            }
            request_state::keep_app_session();
            self.state = match self.oidc.app_sessions().id_of(request.request()) {
                Some(id) => self.open(id, request.request().clone()),
                None => State::Open(Opened::None),
            };
        }
        if let State::Opening(opening) = &mut self.state {
            self.state = State::Open(ready!(opening.as_mut().poll(context)));
        }
        Poll::Ready(None)
    }

    fn after<B: MessageBody>(
        &mut self,
        response: &mut ServiceResponse<B>,
        context: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        if let State::Open(opened) = &mut self.state {
            let session = response.request().get_session();
            if matches!(opened, Opened::None) && session.entries().is_empty() {
                return Poll::Ready(None);
            }
            let opened = std::mem::replace(opened, Opened::None);
            let (oidc, request) = (self.oidc.clone(), response.request().clone());
            self.state = State::Keeping(Box::pin(async move {
                oidc.app_sessions().keep(opened, &request, &oidc).await
            }));
        }
        let State::Keeping(keeping) = &mut self.state else {
            return Poll::Ready(None);
        };
        Poll::Ready(ready!(keeping.as_mut().poll(context)).err().map(|error| {
            // No one must be signed in while the previous visitor's data is still
            // there.
            request_state::take_cookies();
            let cause = format!("the app session could not be stored: {error}");
            HttpResponse::from_error(Error::from(ErrorKind::StoreUnavailable(cause)))
        }))
    }
}
