//! The methods of a path of which no route takes the request's own.

use std::{
    cell::OnceCell,
    future::{Future, Ready, ready},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use actix_web::{
    App, Error, HttpRequest,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::header::{ALLOW, HeaderValue},
    test::init_service,
    web,
};

use crate::probe;

/// What Actix's resources answer with.
type Answer = Pin<Box<dyn Future<Output = Result<ServiceResponse, Error>>>>;

/// A resource as it is asked.
type Answering =
    Rc<dyn Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Answer>>;

/// `Allow` (RFC 9110, 10.2.1) for a request for which there is a path, and no route that
/// takes its method; `None` if that is not so.
///
/// `ServiceConfig::route` and its like make a resource for each method: Actix goes on to the
/// next, and answers 404 in the end. But it notes the methods that it has passed by, for
/// its resources' 405. They alone can read that, so a resource without routes is asked.
pub(super) fn instead_of_not_found(request: &HttpRequest) -> Option<HeaderValue> {
    thread_local! {
        static WITHOUT_ROUTES: Option<Answering> = resource_without_routes();
    }
    let path = request.match_info();
    // A route that was found has used up the path.
    if path.unprocessed().is_empty() || !request.resource_map().has_resource(path.as_str()) {
        return None;
    }
    let request = ServiceRequest::from_request(request.clone());
    let answer = WITHOUT_ROUTES.with(|resource| Some(resource.as_ref()?.call(request)))?;
    let answer = now(answer)?.ok()?;
    let methods = methods(answer.headers().get(ALLOW)?)?;
    let asked = if probe::is_head(answer.request()) {
        "HEAD"
    } else {
        answer.request().method().as_str()
    };
    // Otherwise there is a route for the method, with other guards.
    let is_lacking = !methods.contains(&asked);
    is_lacking.then(|| listed(&methods))?
}

/// The methods in Actix's `Allow`, each once, and HEAD with GET.
pub(super) fn completed(allow: &HeaderValue) -> Option<HeaderValue> {
    listed(&methods(allow)?)
}

fn methods(allow: &HeaderValue) -> Option<Vec<&str>> {
    let mut methods = Vec::new();
    for method in allow.to_str().ok()?.split(',').map(str::trim) {
        let with_head = (method == "GET").then_some("HEAD");
        for added in [Some(method), with_head].into_iter().flatten() {
            if !methods.contains(&added) {
                methods.push(added);
            }
        }
    }
    Some(methods)
}

fn listed(methods: &[&str]) -> Option<HeaderValue> {
    HeaderValue::try_from(methods.join(", ")).ok()
}

/// It answers every request with 405. Actix makes resources for apps alone, so this one's
/// is made too, and never served.
fn resource_without_routes() -> Option<Answering> {
    let kept = Keep::default();
    let app = App::new().service(web::resource("/").wrap(kept.clone()));
    now(init_service(app))?;
    kept.0.get().cloned()
}

/// Middleware that keeps what it wraps.
#[derive(Clone, Default)]
struct Keep(Rc<OnceCell<Answering>>);

impl<S> Transform<S, ServiceRequest> for Keep
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error, Future = Answer>
        + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type InitError = ();
    type Transform = Answering;
    type Future = Ready<Result<Answering, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let kept = self.0.get_or_init(|| Rc::new(service));
        ready(Ok(Rc::clone(kept)))
    }
}

/// What a future comes to that has nothing to wait for.
fn now<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
