//! Security headers.

use std::{
    cell::RefCell,
    future::{Ready, ready},
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    Error, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::call::{Call, Finish};
use crate::{
    csp,
    oidc::Oidc,
    protocol::Discovered,
    request_state::{self, RequestId},
};

/// See [`Oidc::security_headers`].
#[derive(Clone)]
pub struct SecurityHeaders(Oidc);

impl Oidc {
    /// Adds security headers to every response: a Content Security Policy for pages
    /// (see [`csp`]), HSTS where the app is reached over TLS, `nosniff`, no
    /// referrer, `no-store` unless the response sets its own caching, and
    /// `x-request-id`.
    ///
    /// Wrap it outside [`middleware`](Self::middleware), so that the sign-in's own
    /// responses get them too:
    ///
    /// ```
    /// # fn app(oidc: vestibule::Oidc) {
    /// let app = actix_web::App::new()
    ///     .wrap(oidc.middleware())
    ///     .wrap(oidc.security_headers());
    /// # }
    /// ```
    pub fn security_headers(&self) -> SecurityHeaders {
        SecurityHeaders(self.clone())
    }
}

impl<S, B> Transform<S, ServiceRequest> for SecurityHeaders
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = SecurityHeadersService<S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SecurityHeadersService {
            service: Rc::new(service),
            policies: Rc::new(Policies {
                oidc: self.0.clone(),
                usual: RefCell::default(),
            }),
        }))
    }
}

/// An app wrapped in [`SecurityHeaders`].
pub struct SecurityHeadersService<S> {
    service: Rc<S>,
    policies: Rc<Policies>,
}

impl<S, B> Service<ServiceRequest> for SecurityHeadersService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = request_state::Ensured<Call<S, Rc<Policies>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let finish = Rc::clone(&self.policies);
        request_state::ensure(Call::new(&self.service, request, finish))
    }
}

impl Finish for Rc<Policies> {
    fn finish<B: MessageBody>(
        &self,
        mut response: ServiceResponse<B>,
    ) -> ServiceResponse<EitherBody<B>> {
        protect(self, &mut response);
        response.map_into_left_body()
    }
}

/// The policies of one worker.
pub struct Policies {
    oidc: Oidc,
    /// The policy for pages with no special needs, built once for what is known
    /// about the provider.
    usual: RefCell<Option<(Arc<Discovered>, HeaderValue)>>,
}

impl Policies {
    fn of(&self, request: &HttpRequest) -> HeaderValue {
        let provider = self.oidc.provider();
        provider.look(|known| {
            // Forms may lead to the provider: signing out ends there, and browsers
            // apply the policy to the redirect too. Until the provider is
            // discovered, its issuer's origin is the best guess.
            let targets = || match known {
                Some(known) => known.form_targets(),
                None => vec![provider.origin().to_owned()],
            };
            let special = csp::needs_special(request);
            let Some(known) = known.filter(|_| !special) else {
                return csp::written_for(request, &targets());
            };
            let mut usual = self.usual.borrow_mut();
            match &*usual {
                Some((of, policy)) if Arc::ptr_eq(of, known) => policy.clone(),
                _ => {
                    let policy = csp::usual(&targets());
                    *usual = Some((Arc::clone(known), policy.clone()));
                    policy
                }
            }
        })
    }
}

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

fn protect<B>(policies: &Policies, response: &mut ServiceResponse<B>) {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = is_page.then(|| policies.of(response.request()));
    let headers = response.headers_mut();
    protect_headers(headers, policies.oidc.settings().is_https());
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(id) = RequestId::current() {
        headers.insert(REQUEST_ID, id.number().into());
    }
}

fn protect_headers(headers: &mut HeaderMap, is_https: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(header::CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Nothing of a signed-in person stays behind in the browser.
        // `csp::FRESH_SCRIPT` takes care of the back button.
        headers.insert(header::CACHE_CONTROL, NO_STORE);
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
