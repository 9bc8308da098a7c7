//! The least that Actix needs to answer with the app's page: a handler that knows the bytes and the
//! headers from the start. `bare PORT PATH PAGE [COOKIE VALUES]`, where PAGE is a file with both, as
//! JSON. With COOKIE it answers only requests whose cookie of that name has one of the VALUES, a file
//! with one a line, and looks it up in one hash map.

mod page;

use std::{
    collections::HashMap,
    error::Error,
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    web::{self, Data},
};

use crate::page::Page;

async fn show(page: Data<Page>) -> HttpResponse {
    page.response()
}

/// What the hash map knows of a person.
struct Session {
    name: String,
    expires_at: u64,
}

struct Sessions {
    cookie: String,
    by_value: HashMap<String, Box<Session>>,
}

async fn show_if_known(
    request: HttpRequest,
    page: Data<Page>,
    sessions: Data<Sessions>,
) -> HttpResponse {
    let cookie = request.cookie(&sessions.cookie);
    let session = cookie.and_then(|cookie| sessions.by_value.get(cookie.value()));
    match session {
        Some(session) if session.expires_at > now() && !session.name.is_empty() => page.response(),
        _ => HttpResponse::Unauthorized().finish(),
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("which port?")?.parse()?;
    let path = arguments.next().ok_or("which path?")?;
    let page = Data::new(Page::read(&arguments.next().ok_or("which page?")?)?);
    let sessions = match (arguments.next(), arguments.next()) {
        (Some(cookie), Some(values)) => Some(Data::new(Sessions {
            cookie,
            by_value: read_sessions(&values)?,
        })),
        _ => None,
    };
    let server = HttpServer::new(move || {
        let app = App::new().app_data(page.clone());
        match &sessions {
            Some(sessions) => app
                .app_data(sessions.clone())
                .route(&path, web::get().to(show_if_known)),
            None => app.route(&path, web::get().to(show)),
        }
    });
    Ok(server.bind(("127.0.0.1", port))?.run().await?)
}

fn read_sessions(path: &str) -> Result<HashMap<String, Box<Session>>, Box<dyn Error>> {
    let expires_at = now() + 43_200;
    let values = fs::read_to_string(path)?;
    let session = |(number, value): (usize, &str)| {
        let name = format!("alice-{number}");
        (value.to_owned(), Box::new(Session { name, expires_at }))
    };
    Ok(values.lines().enumerate().map(session).collect())
}
