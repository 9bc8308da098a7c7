//! Requests of machines that only look: HEAD, and what a browser fetches before
//! anybody wants it. They begin and end nothing.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    dev::ServiceRequest,
    http::{
        Method,
        header::{HeaderName, HeaderValue},
    },
};

/// What browsers say of a request that nobody has asked for yet (Speculation Rules,
/// `Sec-Purpose`), newest first.
static PURPOSES: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];

/// The request is answered as a GET, but came as a HEAD.
struct CameAsHead;

/// Has a HEAD routed like the GET for the same page (RFC 9110, 9.3.2). The server
/// sends no body with the response, as it knows what came.
pub(crate) fn route_head_as_get(request: &mut ServiceRequest) {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(CameAsHead);
    }
}

/// Whether nobody is waiting for the response.
pub(crate) fn is_probe(request: &HttpRequest) -> bool {
    is_head(request) || is_prefetch(request)
}

/// Whether the request came as a HEAD, also if it is answered as a GET.
pub(crate) fn is_head(request: &HttpRequest) -> bool {
    request.method() == Method::HEAD || request.extensions().contains::<CameAsHead>()
}

fn is_prefetch(request: &HttpRequest) -> bool {
    let is_early = |value: &HeaderValue| {
        let value = value.as_bytes();
        value.starts_with(b"prefetch") || value == b"preview"
    };
    let headers = request.headers();
    PURPOSES
        .iter()
        .any(|name| headers.get(name).is_some_and(is_early))
}

/// The answer to a probe of a page that would begin or end something. Browsers keep
/// nothing that they fetched early if it is an error, and ask again when it is
/// wanted.
pub(crate) fn answer(request: &HttpRequest) -> Option<HttpResponse> {
    if is_head(request) {
        Some(HttpResponse::Ok().finish())
    } else if is_prefetch(request) {
        Some(HttpResponse::ServiceUnavailable().finish())
    } else {
        None
    }
}
