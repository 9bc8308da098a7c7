//! Calling the service that a middleware wraps, and finishing its response. It needs
//! no box, which every request would pay for.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue},
};
use pin_project_lite::pin_project;

/// What a middleware does to each response.
pub trait Finish {
    /// The response as it goes on: with its own body, or with another one.
    fn finish<B: MessageBody>(
        &self,
        response: ServiceResponse<B>,
    ) -> ServiceResponse<EitherBody<B>>;
}

pin_project! {
    /// The response of a service, finished. The service is called when this is first
    /// polled, so that it runs within whatever surrounds this future.
    pub struct Call<S, F>
    where
        S: Service<ServiceRequest>,
    {
        #[pin]
        state: State<S>,
        finish: F,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S>
    where
        S: Service<ServiceRequest>,
    {
        Begun { service: Rc<S>, request: Option<ServiceRequest> },
        Called { #[pin] answer: S::Future },
    }
}

impl<S: Service<ServiceRequest>, F> Call<S, F> {
    pub(super) fn new(service: &Rc<S>, request: ServiceRequest, finish: F) -> Self {
        Self {
            state: State::Begun {
                service: Rc::clone(service),
                request: Some(request),
            },
            finish,
        }
    }
}

impl<S, B, F> Future for Call<S, F>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
    F: Finish,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                // No clone of the request may live across this call: Actix routes by
                // changing the request in place.
                StateProjection::Begun { service, request } => match request.take() {
                    Some(request) => {
                        let answer = service.call(request);
                        this.state.set(State::Called { answer });
                    }
                    None => return Poll::Pending,
                },
                StateProjection::Called { answer } => {
                    let response = ready!(answer.poll(context))?;
                    return Poll::Ready(Ok(this.finish.finish(response)));
                }
            }
        }
    }
}

/// Puts `shown` in the place of an answer. What middleware further in has added to
/// the answer's headers stays, such as those of CORS, but for what describes its
/// body.
pub(super) fn replace<B>(
    answer: ServiceResponse<B>,
    mut shown: HttpResponse,
) -> ServiceResponse<EitherBody<B>>
where
    B: MessageBody,
{
    const OF_THE_BODY: [HeaderName; 3] = [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE];
    let headers = shown.headers_mut();
    let kept = answer
        .headers()
        .iter()
        .filter(|(name, _)| !OF_THE_BODY.contains(name) && !headers.contains_key(*name));
    let kept: Vec<(HeaderName, HeaderValue)> = kept
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, value) in kept {
        headers.append(name, value);
    }
    answer.into_response(shown).map_into_right_body()
}
