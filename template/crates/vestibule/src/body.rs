//! Reading a request's body, which has to arrive in time: one that trickles in would
//! hold a connection for as long as its sender likes.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, dev::Payload, error::PayloadError, rt, web::Bytes,
};
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep};

use crate::error::Error;

/// How long the app waits for a body, in addition to a second for each
/// [`BYTES_A_SECOND`] of it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Slower than any line that people use.
const BYTES_A_SECOND: u64 = 500;
/// How long the app waits for more of a body, however much of it has arrived.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What an extractor reads from the body, if that arrives in time.
pub(crate) struct InTime<T>(pub T);

impl<T: FromRequest + 'static> FromRequest for InTime<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let rest = limit(payload, is_chunked(request));
        let reading = T::from_request(request, payload);
        Box::pin(async move {
            match reading.await {
                Ok(read) => Ok(Self(read)),
                Err(_) if rest.is_late() => {
                    rest.end_connection();
                    Err(too_late().into())
                }
                Err(error) => Err(error.into()),
            }
        })
    }
}

/// The error for a body that did not arrive in time.
pub(crate) fn too_late() -> Error {
    Error::bad_request("the body did not arrive in time")
}

/// Whether a request's body comes in chunks (RFC 9112 7.1). What cannot be read is for
/// Actix to refuse.
pub(crate) fn is_chunked(request: &impl HttpMessage) -> bool {
    request.chunked().unwrap_or_default()
}

/// Has a body fail that does not arrive in time.
pub(crate) fn limit(payload: &mut Payload, is_chunked: bool) -> Rest {
    let rest = Rest::default();
    if !matches!(payload, Payload::None) {
        let stream: Pin<Box<dyn Stream<Item = _>>> = Box::pin(Limited {
            payload: payload.take(),
            received: 0,
            waited: Duration::ZERO,
            waiting: None,
            has_ended: false,
            is_chunked,
            rest: rest.clone(),
        });
        *payload = Payload::Stream { payload: stream };
    }
    rest
}

/// What a handler has left of a body in chunks.
#[derive(Clone, Default)]
pub(crate) struct Rest(Rc<Left>);

#[derive(Default)]
struct Left {
    unread: Cell<Option<Payload>>,
    is_late: Cell<bool>,
}

impl Rest {
    /// Whether the body did not arrive in time.
    pub(crate) fn is_late(&self) -> bool {
        self.0.is_late.get()
    }

    /// Has the connection end with the response, unless the body has arrived by then.
    /// Actix does so as long as somebody has the body: one in chunks that is dropped it
    /// reads to the end, for as long as that takes. With bodies of a known length it
    /// does so in any case.
    pub(crate) fn end_connection(&self) {
        if let Some(mut unread) = self.0.unread.take() {
            rt::spawn(async move {
                let mut unread = Pin::new(&mut unread);
                // Fails once the connection has ended.
                while let Some(Ok(_)) = poll_fn(|context| unread.as_mut().poll_next(context)).await
                {
                }
            });
        }
    }
}

/// A body that has to arrive in time.
struct Limited {
    payload: Payload,
    /// In bytes.
    received: u64,
    /// How long its reader was kept waiting. Time that the reader itself takes does not
    /// count.
    waited: Duration,
    waiting: Option<Waiting>,
    has_ended: bool,
    is_chunked: bool,
    rest: Rest,
}

struct Waiting {
    since: Instant,
    limit: Pin<Box<Sleep>>,
}

impl Limited {
    fn wait(&self) -> Waiting {
        let earned = Duration::from_secs(self.received / BYTES_A_SECOND);
        let left = (PATIENCE + earned).saturating_sub(self.waited);
        Waiting {
            since: Instant::now(),
            limit: Box::pin(sleep(left.min(LONGEST_PAUSE))),
        }
    }
}

impl Stream for Limited {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let next = match Pin::new(&mut this.payload).poll_next(context) {
            Poll::Ready(next) => next,
            Poll::Pending => {
                let mut waiting = this.waiting.take().unwrap_or_else(|| this.wait());
                let is_over = waiting.limit.as_mut().poll(context);
                this.waiting = Some(waiting);
                ready!(is_over);
                this.rest.0.is_late.set(true);
                return Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))));
            }
        };
        if let Some(waiting) = this.waiting.take() {
            this.waited += waiting.since.elapsed();
        }
        match &next {
            Some(Ok(chunk)) => this.received += chunk.len() as u64,
            Some(Err(_)) | None => this.has_ended = true,
        }
        Poll::Ready(next)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        if self.is_chunked && !self.has_ended {
            self.rest.0.unread.set(Some(self.payload.take()));
        }
    }
}
