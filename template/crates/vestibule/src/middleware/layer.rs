//! What all middlewares of this crate have in common: each says what it does before
//! and after the service that it wraps. Nothing here needs a box, which every
//! request would pay for.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue},
};
use pin_project_lite::pin_project;

/// A middleware.
pub trait Around: Clone + 'static {
    /// What it does to one request.
    type Step: Step;
    /// A future within what the middleware surrounds it with.
    type Within<F: Future>: Future<Output = F::Output>;

    /// What it does to the next request.
    fn step(&self) -> Self::Step;

    /// Surrounds the handling of a request.
    fn within<F: Future>(&self, handling: F) -> Self::Within<F>;
}

/// What a middleware does to one request.
pub trait Step: Unpin {
    /// Before the request goes on. With a response, it goes no further. No clone of
    /// the request may be left afterwards: Actix routes by changing it in place.
    fn before(
        &mut self,
        _request: &mut ServiceRequest,
        _context: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        Poll::Ready(None)
    }

    /// After the service has responded; it may give another response instead.
    fn after<B: MessageBody>(
        &mut self,
        _response: &mut ServiceResponse<B>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<HttpResponse>> {
        Poll::Ready(None)
    }

    /// After the service has failed without a response; it may give another error
    /// instead.
    fn failed(&mut self, error: Error) -> Error {
        error
    }
}

/// A middleware as Actix takes it.
#[derive(Clone)]
pub struct Layer<M>(pub(super) M);

impl<M, S, B> Transform<S, ServiceRequest> for Layer<M>
where
    M: Around,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = LayerService<M, S>;
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(LayerService {
            middleware: self.0.clone(),
            service: Rc::new(service),
        }))
    }
}

/// A service within a [`Layer`].
pub struct LayerService<M, S> {
    middleware: M,
    service: Rc<S>,
}

impl<M, S, B> Service<ServiceRequest> for LayerService<M, S>
where
    M: Around,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = M::Within<Call<S, M::Step>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        self.middleware.within(Call {
            step: self.middleware.step(),
            state: State::Before {
                service: Rc::clone(&self.service),
                request: Some(request),
            },
        })
    }
}

pin_project! {
    /// A request on its way through a [`Layer`]. The service is called when this is
    /// polled, so that it runs within whatever surrounds this future.
    pub struct Call<S, P>
    where
        S: Service<ServiceRequest>,
    {
        step: P,
        #[pin]
        state: State<S>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S>
    where
        S: Service<ServiceRequest>,
    {
        Before { service: Rc<S>, request: Option<ServiceRequest> },
        Called { #[pin] answer: S::Future },
        After { response: Option<S::Response> },
    }
}

impl<S, B, P> Future for Call<S, P>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    P: Step,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Before { service, request } => {
                    let Some(asked) = request.as_mut() else {
                        return Poll::Pending;
                    };
                    let answer = ready!(this.step.before(asked, context));
                    let Some(request) = request.take() else {
                        return Poll::Pending;
                    };
                    if let Some(answer) = answer {
                        // `into_response` would forget the answer's error.
                        let (request, _) = request.into_parts();
                        let response = ServiceResponse::new(request, answer);
                        return Poll::Ready(Ok(response.map_into_right_body()));
                    }
                    let answer = service.call(request);
                    this.state.set(State::Called { answer });
                }
                StateProjection::Called { answer } => {
                    let mut response = match ready!(answer.poll(context)) {
                        Ok(response) => response,
                        Err(error) => return Poll::Ready(Err(this.step.failed(error))),
                    };
                    match this.step.after(&mut response, context) {
                        Poll::Ready(other) => return Poll::Ready(Ok(shown(response, other))),
                        Poll::Pending => {
                            let response = Some(response);
                            this.state.set(State::After { response });
                            return Poll::Pending;
                        }
                    }
                }
                StateProjection::After { response: kept } => {
                    let Some(response) = kept else {
                        return Poll::Pending;
                    };
                    let other = ready!(this.step.after(response, context));
                    return match kept.take() {
                        Some(response) => Poll::Ready(Ok(shown(response, other))),
                        None => Poll::Pending,
                    };
                }
            }
        }
    }
}

fn shown<B: MessageBody>(
    response: ServiceResponse<B>,
    other: Option<HttpResponse>,
) -> ServiceResponse<EitherBody<B>> {
    match other {
        Some(other) => response.into_response(other).map_into_right_body(),
        None => response.map_into_left_body(),
    }
}

/// Gives `shown` the headers of the response in whose place it is sent, such as
/// those that CORS middleware further in has added, but not what describes its body.
pub(super) fn keep_headers<B>(response: &ServiceResponse<B>, shown: &mut HttpResponse) {
    const OF_THE_BODY: [HeaderName; 3] = [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE];
    let headers = shown.headers_mut();
    let kept: Vec<(HeaderName, HeaderValue)> = response
        .headers()
        .iter()
        .filter(|(name, _)| !OF_THE_BODY.contains(name) && !headers.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in kept {
        headers.append(name, value);
    }
}
