//! The files in `static/`, compiled into the app so that it is one file to
//! deploy.

use std::path::Path;

use actix_web::{HttpResponse, http::header::CACHE_CONTROL};

/// `/static/app.css`
pub async fn stylesheet() -> HttpResponse {
    file(
        "app.css",
        "text/css; charset=utf-8",
        include_str!("../../static/app.css"),
    )
}

/// `/static/icon.svg`
pub async fn icon() -> HttpResponse {
    file(
        "icon.svg",
        "image/svg+xml",
        include_str!("../../static/icon.svg"),
    )
}

/// `/static/widget.js`
pub async fn widget() -> HttpResponse {
    file(
        "widget.js",
        "text/javascript; charset=utf-8",
        include_str!("../../static/widget.js"),
    )
}

fn file(name: &str, content_type: &'static str, built_in: &'static str) -> HttpResponse {
    let mut file = HttpResponse::Ok();
    file.content_type(content_type);
    // A change shows without a build, in a debug build that runs in the app's folder.
    if cfg!(debug_assertions)
        && let Ok(current) = std::fs::read_to_string(Path::new("static").join(name))
    {
        return file
            .insert_header((CACHE_CONTROL, "no-cache"))
            .body(current);
    }
    file.insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(built_in)
}
