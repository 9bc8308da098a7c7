//! The stylesheet, compiled into the app so that it is one file to deploy.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL};

/// `/static/app.css`
pub async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(include_str!("../../static/app.css"))
}
