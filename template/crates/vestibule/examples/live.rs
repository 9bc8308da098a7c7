//! People who are signed in talk to each other: `/heard` sends what is said as
//! server-sent events, `/talk` takes it from a WebSocket. Both end with the session.
//! A debug build runs the development provider: `cargo run --example live`.

use std::error::Error;

use actix_web::{
    App, HttpRequest, HttpServer, Responder, rt,
    web::{self, Data, Payload},
};
use actix_ws::{CloseCode, CloseReason, Closed, Message, MessageStream, Session};
use futures_util::stream;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};
use vestibule::{Oidc, SameOrigin, Settings, User, sse::Event};

const PAGE: &str = include_str!("live.html");

async fn home(oidc: Oidc, user: User) -> impl Responder {
    web::Html::new(format!("{PAGE}{}", oidc.logout_form(&user)))
}

/// Everything that is said from now on.
async fn heard(oidc: Oidc, user: User, room: Data<Sender<String>>) -> impl Responder {
    let events = stream::unfold(room.subscribe(), |mut room| async move {
        Some((Event::new(next_words(&mut room).await?), room))
    });
    oidc.event_stream(&user, events)
}

/// Who is too slow misses something.
async fn next_words(room: &mut Receiver<String>) -> Option<String> {
    loop {
        match room.recv().await {
            Ok(words) => return Some(words),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// Opens a WebSocket.
async fn talk(
    request: HttpRequest,
    body: Payload,
    oidc: Oidc,
    user: User,
    room: Data<Sender<String>>,
    // Other sites' pages may not open one in this person's name.
    _: SameOrigin,
) -> Result<impl Responder, actix_web::Error> {
    let (response, socket, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(listen(socket, messages, oidc, user, room));
    Ok(response)
}

/// Passes on what a person says, for as long as they are signed in.
async fn listen(
    mut socket: Session,
    mut messages: MessageStream,
    oidc: Oidc,
    user: User,
    room: Data<Sender<String>>,
) -> Result<(), Closed> {
    let mut ended = oidc.session_ended(&user);
    loop {
        tokio::select! {
            end = &mut ended => {
                let code = CloseCode::from(end.close_code());
                return socket.close(Some(CloseReason { code, description: None })).await;
            }
            message = messages.recv() => match message {
                Some(Ok(Message::Text(words))) => {
                    // They are there, though they load no pages. If they no longer are,
                    // the session has ended.
                    if oidc.note_visit(&user).await.is_ok() {
                        // An error says that nobody listens.
                        let _ = room.send(format!("{}: {words}", user.name()));
                    }
                }
                Some(Ok(Message::Ping(bytes))) => socket.pong(&bytes).await?,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return socket.close(None).await,
                Some(Ok(_)) => {}
            },
        }
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    #[cfg(debug_assertions)]
    let (settings, _dev) = vestibule_dev::start(settings).await?;
    let oidc = Oidc::builder(settings).build().await?;
    let shared = oidc.clone();
    let room = Data::new(broadcast::channel::<String>(64).0);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(room.clone())
            .wrap(shared.middleware())
            .configure(shared.routes())
            .configure(shared.protected(|table| {
                table.route("/", web::get().to(home));
                table.route("/heard", web::get().to(heard));
                table.route("/talk", web::get().to(talk));
            }))
    })
    .bind(("localhost", 8080))?
    .run();
    // When it is told to stop, the streams end first.
    oidc.serve(server).await?;
    oidc.close().await?;
    Ok(())
}
