//! Sending browsers elsewhere, and telling browsers from scripts.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName, LOCATION},
};

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Sends the browser elsewhere by a GET, whatever it asked with.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}

/// Whether a person looks at the answer: the browser says so itself (Fetch
/// Metadata), or prefers a page. Anything else gets JSON.
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
