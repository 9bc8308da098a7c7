//! Server-sent events: what a page hears from the server for as long as it is open (HTML
//! Living Standard, 9.2). In the browser that is `new EventSource("/news")`.

use std::{
    fmt::{self, Write as _},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::{self, BoxBody},
    http::header::{CACHE_CONTROL, HeaderName},
    web::Bytes,
};
use futures_core::Stream;
use pin_project_lite::pin_project;
use serde::Serialize;
use tokio::time::{Instant, Sleep, sleep};

use crate::{oidc::Oidc, probe::is_head, streams::UntilSessionEnds, user::User};

/// How long a stream is silent before a comment is sent. Proxies cut connections that
/// are silent for half a minute, and a client that is gone is noticed only by sending.
const SILENCE: Duration = Duration::from_secs(15);
/// A comment with nothing in it, which browsers skip.
const COMMENT: &[u8] = b":\n\n";
/// Tells nginx, and what has learnt from it, to pass on each event at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// An event for a page.
///
/// ```
/// use vestibule::sse::Event;
///
/// let event = Event::new("two lines\nof text").name("news").id("17");
/// assert_eq!(event.to_string(), "event: news\nid: 17\ndata: two lines\ndata: of text\n\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    data: String,
    name: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Event {
    /// An event with this text, which may have several lines.
    pub fn new(data: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            name: None,
            id: None,
            retry: None,
        }
    }

    /// An event with a value as JSON.
    ///
    /// # Errors
    /// The value cannot be serialised.
    pub fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self::new)
    }

    /// What scripts listen to: `addEventListener(name, …)`. Without one it is `message`.
    /// Line breaks, which no name can have, are left out.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        let name = Some(in_one_line(name));
        Self { name, ..self }
    }

    /// What the browser sends as `Last-Event-ID` when it connects again, so that nothing
    /// in between is lost. Line breaks and null characters, which no id can have, are
    /// left out.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        let id = Some(in_one_line(id));
        Self { id, ..self }
    }

    /// How long the browser waits before it connects again.
    #[must_use]
    pub fn retry(self, pause: Duration) -> Self {
        let retry = Some(pause);
        Self { retry, ..self }
    }
}

/// As it is sent.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            writeln!(f, "event: {name}")?;
        }
        if let Some(id) = &self.id {
            writeln!(f, "id: {id}")?;
        }
        if let Some(pause) = self.retry {
            writeln!(f, "retry: {}", pause.as_millis())?;
        }
        // Each of these ends a line, and would begin another field.
        let lines = self.data.replace("\r\n", "\n");
        for line in lines.split(['\r', '\n']) {
            writeln!(f, "data: {line}")?;
        }
        f.write_char('\n')
    }
}

fn in_one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], "")
}

impl Oidc {
    /// Sends events to a page for as long as it is open and the person's session goes on:
    /// see [`session_ended`](Self::session_ended). Nothing between here and the page keeps
    /// or holds back what is sent, and silence is filled with comments.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use actix_web::{Responder, web::Data};
    /// use futures_util::stream;
    /// use tokio::sync::watch;
    /// use vestibule::{Oidc, User, sse::Event};
    ///
    /// async fn price(oidc: Oidc, user: User, price: Data<watch::Sender<u32>>) -> impl Responder {
    ///     let prices = stream::unfold(price.subscribe(), |mut price| async move {
    ///         price.changed().await.ok()?;
    ///         let event = Event::new(price.borrow_and_update().to_string());
    ///         Some((event, price))
    ///     });
    ///     oidc.event_stream(&user, prices)
    /// }
    /// ```
    pub fn event_stream<C, S>(&self, user: &User<C>, events: S) -> EventStream<S>
    where
        S: Stream<Item = Event> + 'static,
    {
        EventStream(self.until_session_ends(user, events))
    }
}

/// A response of events; see [`Oidc::event_stream`].
#[derive(Debug)]
pub struct EventStream<S>(UntilSessionEnds<S>);

impl<S: Stream<Item = Event> + 'static> Responder for EventStream<S> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response
            .content_type("text/event-stream")
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((BUFFERING, "no"));
        if is_head(request) {
            // The server would wait for the end of the body, without sending it.
            return response.body(body::None::new());
        }
        response.streaming(Encoded {
            events: self.0,
            silence: Box::pin(sleep(SILENCE)),
        })
    }
}

pin_project! {
    /// Events and, while there are none, comments, as they are sent.
    struct Encoded<S> {
        #[pin]
        events: UntilSessionEnds<S>,
        silence: Pin<Box<Sleep>>,
    }
}

impl<S: Stream<Item = Event>> Stream for Encoded<S> {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let sent = match this.events.poll_next(context) {
            Poll::Ready(Some(event)) => Bytes::from(event.to_string()),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {
                if this.silence.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                Bytes::from_static(COMMENT)
            }
        };
        this.silence.as_mut().reset(Instant::now() + SILENCE);
        Poll::Ready(Some(Ok(sent)))
    }
}
