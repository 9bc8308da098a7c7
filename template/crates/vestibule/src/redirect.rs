//! Redirects, and telling browsers from scripts.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName, LOCATION},
};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Redirects the browser with a GET, whatever method it used.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}

/// Whether a person will look at the response: the browser says so (Fetch
/// Metadata), or prefers HTML. Anything else gets JSON.
pub fn is_navigation(request: &HttpRequest) -> bool {
    let header = |name: HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    match header(SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => header(header::ACCEPT).is_some_and(|accept| accept.contains("text/html")),
    }
}
