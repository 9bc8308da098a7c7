//! The app's page behind axum with tower-sessions: people who have signed in get it, as finished bytes.
//! `axum-tower-sessions PORT PATH PAGE RECORD`; `/sign-in` puts RECORD, what a sign-in leaves behind,
//! into the session.

use std::{error::Error, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

const USER: &str = "user";

/// What a sign-in leaves behind.
#[derive(Clone, Serialize, Deserialize)]
struct User {
    subject: String,
    claims: Map<String, Value>,
    tokens: Map<String, Value>,
}

struct Shared {
    headers: HeaderMap,
    body: Bytes,
    user: User,
}

async fn sign_in(session: Session, State(shared): State<Arc<Shared>>) -> Response {
    match session.insert(USER, &shared.user).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn show(session: Session, State(shared): State<Arc<Shared>>) -> Response {
    match session.get::<User>(USER).await {
        Ok(Some(user)) if !user.subject.is_empty() => {
            (shared.headers.clone(), shared.body.clone()).into_response()
        }
        Ok(_) => StatusCode::UNAUTHORIZED.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("which port?")?.parse()?;
    let path = arguments.next().ok_or("which path?")?;
    let page = std::fs::read(arguments.next().ok_or("which page?")?)?;
    let record = std::fs::read(arguments.next().ok_or("which record?")?)?;
    let page: Value = serde_json::from_slice(&page)?;
    let string = |value: &Value| value.as_str().map(str::to_owned).ok_or("not a string");
    let mut headers = HeaderMap::new();
    for (name, value) in page["headers"].as_object().ok_or("no headers")? {
        headers.insert(
            HeaderName::try_from(name)?,
            HeaderValue::try_from(string(value)?)?,
        );
    }
    let shared = Arc::new(Shared {
        headers,
        body: string(&page["body"])?.into(),
        user: serde_json::from_slice(&record)?,
    });
    let router = Router::new()
        .route(&path, get(show))
        .route("/sign-in", get(sign_in))
        .layer(SessionManagerLayer::new(MemoryStore::default()).with_secure(false))
        .with_state(shared);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, router).await?)
}
