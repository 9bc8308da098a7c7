//! The files in `static/`, compiled into the app so that it is one file to
//! deploy.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL};

/// `/static/app.css`
pub async fn stylesheet() -> HttpResponse {
    file(
        "text/css; charset=utf-8",
        include_str!("../../static/app.css"),
    )
}

/// `/static/icon.svg`
pub async fn icon() -> HttpResponse {
    file("image/svg+xml", include_str!("../../static/icon.svg"))
}

/// `/static/widget.js`
pub async fn widget() -> HttpResponse {
    file(
        "text/javascript; charset=utf-8",
        include_str!("../../static/widget.js"),
    )
}

fn file(content_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(content)
}
