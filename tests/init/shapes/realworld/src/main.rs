mod articles;
mod auth;
mod error;
mod state;
mod users;

use std::env;

use actix_web::middleware::{DefaultHeaders, Logger, NormalizePath};
use actix_web::{web, App, HttpServer};

use crate::state::AppState;

/// The address to listen on, from the environment.
fn address() -> (String, u16) {
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".into());
    let port = env::var("PORT").ok().and_then(|port| port.parse().ok());
    (host, port.unwrap_or(8080))
}

pub fn api(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("/api")
            .configure(users::routes)
            .configure(articles::routes),
    );
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let state = web::Data::new(AppState::with_samples());
    let address = address();

    println!("conduit listens on {}:{}", address.0, address.1);
    HttpServer::new(move || {
        let headers = DefaultHeaders::new()
            .add(("X-Version", "0.3"))
            .add(("Access-Control-Allow-Origin", "http://localhost:4100"));

        App::new()
            .app_data(state.clone())
            .app_data(error::json_config())
            .wrap(Logger::default())
            .wrap(headers)
            .wrap(NormalizePath::trim())
            .configure(api)
    })
    .bind(address)?
    .workers(2)
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use actix_web::{body::to_bytes, http::header, http::StatusCode, test};
    use serde_json::{json, Value};

    use super::*;

    /// What `path` answers to somebody who shows this token.
    async fn get(path: &str, token: Option<&str>) -> (StatusCode, Value) {
        let state = web::Data::new(AppState::with_samples());
        let app = test::init_service(App::new().app_data(state).configure(api)).await;
        let mut request = test::TestRequest::get().uri(path);
        if let Some(token) = token {
            request = request.insert_header((header::AUTHORIZATION, format!("Token {token}")));
        }
        match test::try_call_service(&app, request.to_request()).await {
            Ok(response) => (response.status(), test::read_body_json(response).await),
            Err(refused) => {
                let response = refused.error_response();
                let body = to_bytes(response.into_body()).await.unwrap();
                let status = refused.as_response_error().status_code();
                (status, serde_json::from_slice(&body).unwrap())
            }
        }
    }

    #[actix_web::test]
    async fn articles_are_public() {
        let (status, body) = get("/api/articles", None).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["articlesCount"], 2);
    }

    #[actix_web::test]
    async fn the_current_user_needs_a_token() {
        let (status, body) = get("/api/user", None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(body, json!({ "errors": { "token": ["is missing"] } }));

        let (status, body) = get("/api/user", Some("anne-0001")).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["user"]["username"], "anne");
    }
}
