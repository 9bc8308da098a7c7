//! Responses that go on: event streams and WebSockets. A guard lets their request in
//! once; here they end when the session of the person does.

use std::{
    fmt, io,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use actix_web::dev::Server;
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::{
    error::{Error, ErrorKind},
    oidc::Oidc,
    session::SessionEnd,
    user::User,
};

impl Oidc {
    /// Resolves when the person's session ends, whatever ends it, on this instance or
    /// another, and when the server stops. It says why.
    ///
    /// What ends a session on this instance is noticed at once; otherwise it takes up
    /// to 5 seconds, in which the session store is asked once for all streams of a
    /// session. If the store does not answer, streams go on for 15 seconds at most.
    /// Nothing else that the guards asked for, such as a role, is asked again.
    ///
    /// An open stream does not keep a session from ending because it is idle:
    /// see [`note_visit`](Self::note_visit).
    ///
    /// A WebSocket waits for it beside the messages. This one answers each; the crate is
    /// [`actix-ws`](https://docs.rs/actix-ws).
    ///
    /// ```
    /// use actix_web::{HttpRequest, Responder, rt, web};
    /// use actix_ws::{CloseCode, CloseReason, Message};
    /// use vestibule::{Oidc, SameOrigin, User};
    ///
    /// async fn echo(
    ///     request: HttpRequest,
    ///     body: web::Payload,
    ///     oidc: Oidc,
    ///     user: User,
    ///     _: SameOrigin,
    /// ) -> Result<impl Responder, actix_web::Error> {
    ///     let (response, mut socket, mut messages) = actix_ws::handle(&request, body)?;
    ///     let mut ended = oidc.session_ended(&user);
    ///     rt::spawn(async move {
    ///         loop {
    ///             tokio::select! {
    ///                 end = &mut ended => {
    ///                     let code = CloseCode::from(end.close_code());
    ///                     let reason = CloseReason { code, description: None };
    ///                     return socket.close(Some(reason)).await;
    ///                 }
    ///                 message = messages.recv() => match message {
    ///                     Some(Ok(Message::Text(text))) => socket.text(text).await?,
    ///                     Some(Ok(Message::Ping(bytes))) => socket.pong(&bytes).await?,
    ///                     Some(Ok(Message::Close(_)) | Err(_)) | None => {
    ///                         return socket.close(None).await;
    ///                     }
    ///                     Some(Ok(_)) => {}
    ///                 },
    ///             }
    ///         }
    ///     });
    ///     Ok(response)
    /// }
    /// ```
    pub fn session_ended<C>(&self, user: &User<C>) -> SessionEnd {
        self.sessions().ended(user.live())
    }

    /// A stream that ends when the person's session does: see
    /// [`session_ended`](Self::session_ended). Wrap what goes on for as long as a page is
    /// open, but no downloads: a file that was cut short would look complete.
    ///
    /// ```
    /// use actix_web::{HttpResponse, web::Bytes};
    /// use futures_util::{Stream, StreamExt as _};
    /// use vestibule::{Oidc, User};
    ///
    /// # fn log_lines() -> impl Stream<Item = Bytes> { futures_util::stream::empty() }
    /// async fn log(oidc: Oidc, user: User) -> HttpResponse {
    ///     let lines = oidc.until_session_ends(&user, log_lines());
    ///     HttpResponse::Ok().streaming(lines.map(Ok::<_, actix_web::Error>))
    /// }
    /// ```
    pub fn until_session_ends<C, S>(&self, user: &User<C>, stream: S) -> UntilSessionEnds<S> {
        UntilSessionEnds {
            ended: self.session_ended(user),
            stream: Some(stream),
        }
    }

    /// Counts something that the person did as a visit, as each request is one: the
    /// session does not end as idle for another
    /// [`SESSION_IDLE_MINUTES`](crate::Settings::session_idle). Call it for messages
    /// that a WebSocket brings from a person, not for those that a page sends by itself.
    ///
    /// # Errors
    /// The session has ended, or the session store is unreachable.
    pub async fn note_visit<C>(&self, user: &User<C>) -> Result<(), Error> {
        match self.sessions().find(&user.live().id).await? {
            Some(_) => Ok(()),
            None => Err(ErrorKind::SignedOut.into()),
        }
    }

    /// Ends all streams of this process, as well as those that are still begun, because
    /// the server is about to stop. Otherwise it would wait for them as long as its
    /// `shutdown_timeout` allows. [`serve`](Self::serve) calls it on SIGTERM; call it
    /// yourself before you stop a server by its handle.
    pub fn end_streams(&self) {
        self.sessions().end_streams();
    }

    /// Runs a server until it stops. When the process gets a SIGTERM, this stops the
    /// server gracefully, as Actix does, and ends all streams, for which it would wait
    /// otherwise.
    ///
    /// ```no_run
    /// use actix_web::{App, HttpServer};
    ///
    /// # async fn run(oidc: vestibule::Oidc) -> std::io::Result<()> {
    /// let shared = oidc.clone();
    /// let server = HttpServer::new(move || App::new().wrap(shared.middleware()))
    ///     .bind(("localhost", 8080))?
    ///     .run();
    /// oidc.serve(server).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server failed.
    pub async fn serve(&self, server: Server) -> io::Result<()> {
        let handle = server.handle();
        let mut server = pin!(server);
        tokio::select! {
            served = &mut server => return served,
            () = told_to_stop() => {}
        }
        self.end_streams();
        // Actix stops at the signal too, unless it was told to leave signals alone. The
        // command is given now; that it was carried out is seen by the server's end.
        drop(handle.stop(true));
        server.await
    }
}

/// Resolves when the process is told to stop.
async fn told_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut told) => {
                if told.recv().await.is_some() {
                    return;
                }
            }
            Err(error) => tracing::warn!(%error, "streams do not end at SIGTERM"),
        }
    }
    std::future::pending().await
}

pin_project! {
    /// A stream that ends when a session does; see [`Oidc::until_session_ends`].
    #[must_use = "streams do nothing unless polled"]
    pub struct UntilSessionEnds<S> {
        ended: SessionEnd,
        #[pin]
        stream: Option<S>,
    }
}

impl<S: Stream> Stream for UntilSessionEnds<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let item = match Pin::new(this.ended).poll(context) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => match this.stream.as_mut().as_pin_mut() {
                Some(stream) => stream.poll_next(context),
                None => Poll::Ready(None),
            },
        };
        if let Poll::Ready(None) = item {
            // What it holds is of no use any more.
            this.stream.set(None);
        }
        item
    }
}

impl<S> fmt::Debug for UntilSessionEnds<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilSessionEnds")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
