//! Security headers.

use std::{
    cell::RefCell,
    future::Future,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::MessageBody,
    dev::ServiceResponse,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};

use super::layer::{Around, Layer, Step};
use crate::{
    csp,
    oidc::Oidc,
    protocol::Discovered,
    request_state::{self, RequestId},
};

/// See [`Oidc::security_headers`].
#[derive(Clone)]
pub struct SecurityHeaders(Rc<Policies>);

impl Oidc {
    /// Adds security headers to every response: a Content Security Policy (see
    /// [`csp`]), isolation from other sites' windows and pages, HSTS where the app is
    /// reached over TLS, `nosniff`, no referrer, `no-store` unless the response sets
    /// its own caching, and `x-request-id`. Of what is not a page, a policy and a
    /// `Cross-Origin-Resource-Policy` of its own stay.
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
    pub fn security_headers(&self) -> Layer<SecurityHeaders> {
        Layer(SecurityHeaders(Rc::new(Policies {
            oidc: self.clone(),
            usual: RefCell::default(),
        })))
    }
}

impl Around for SecurityHeaders {
    type Step = Self;
    type Within<F: Future> = request_state::Ensured<F>;

    fn step(&self) -> Self {
        self.clone()
    }

    fn within<F: Future>(&self, handling: F) -> Self::Within<F> {
        request_state::ensure(handling)
    }
}

impl Step for SecurityHeaders {
    fn after<B: MessageBody>(
        &mut self,
        response: &mut ServiceResponse<B>,
        _: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        protect(&self.0, response);
        Poll::Ready(None)
    }
}

/// What is known about each provider.
type Known = Vec<Option<Arc<Discovered>>>;

/// The policies of one worker.
pub struct Policies {
    oidc: Oidc,
    /// The policy for pages with no special needs, built once for what is known
    /// about the providers.
    usual: RefCell<Option<(Known, HeaderValue)>>,
}

impl Policies {
    fn of(&self, request: &HttpRequest) -> HeaderValue {
        if csp::needs_special(request) {
            return csp::written_for(request, &self.form_targets(&self.known()));
        }
        let mut usual = self.usual.borrow_mut();
        match &*usual {
            Some((of, policy)) if self.is_known(of) => policy.clone(),
            _ => {
                let known = self.known();
                let policy = csp::usual(&self.form_targets(&known));
                *usual = Some((known, policy.clone()));
                policy
            }
        }
    }

    fn known(&self) -> Known {
        let providers = self.oidc.all_providers().iter();
        providers.map(|provider| provider.known()).collect()
    }

    /// Whether this is still so.
    fn is_known(&self, before: &[Option<Arc<Discovered>>]) -> bool {
        let mut pairs = self.oidc.all_providers().iter().zip(before);
        pairs.all(|(provider, before)| {
            provider.look(|known| match (known, before) {
                (Some(known), Some(before)) => Arc::ptr_eq(known, before),
                (None, None) => true,
                _ => false,
            })
        })
    }

    /// Forms may lead to a provider: signing out ends there, and browsers apply the
    /// policy to the redirect too. Until a provider is discovered, its issuer's origin
    /// is the best guess.
    fn form_targets(&self, known: &[Option<Arc<Discovered>>]) -> Vec<String> {
        let mut targets: Vec<String> = Vec::new();
        for (provider, known) in self.oidc.all_providers().iter().zip(known) {
            let origins = match known {
                Some(known) => known.form_targets(provider.relying_party()),
                None => vec![provider.origin().to_owned()],
            };
            for origin in origins {
                if !targets.contains(&origin) {
                    targets.push(origin);
                }
            }
        }
        targets
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
    } else if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp::FILE);
    }
    let id = RequestId::current().map(RequestId::characters);
    if let Some(Ok(id)) = id.map(|id| HeaderValue::from_bytes(&id)) {
        headers.insert(REQUEST_ID, id);
    }
}

fn protect_headers(headers: &mut HeaderMap, is_https: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(header::CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
    if !headers.contains_key(header::CROSS_ORIGIN_RESOURCE_POLICY) {
        headers.insert(header::CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Nothing of a signed-in person stays behind in the browser.
        // `csp::FRESH_SCRIPT` takes care of the back button.
        headers.insert(header::CACHE_CONTROL, NO_STORE);
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
