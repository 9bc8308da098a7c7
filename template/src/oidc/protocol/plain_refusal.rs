//! Refusals of refresh tokens that leave out what is refused. Everything else
//! about a renewal is left to the library.

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http::StatusCode};
use serde_json::{Map, Value};

use super::http::Http;

/// Sends requests for renewal, and puts into words what the provider says by the
/// status alone.
///
/// A token endpoint refuses with 400 and names the error (RFC 6749 5.2); some
/// answer a refresh token that has ended with the bare status. As the request
/// was good the time before, that can be about its token only. Not so where an
/// error is named, at 401 (who the client is), 429 and 5xx (trouble that
/// passes), or where a web page shows that something else answered.
pub(super) struct PlainRefusals<'a>(pub &'a Http);

impl<'c> AsyncHttpClient<'c> for PlainRefusals<'_> {
    type Error = <Http as AsyncHttpClient<'c>>::Error;
    type Future = <Http as AsyncHttpClient<'c>>::Future;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move { answer.await.map(in_words) })
    }
}

fn in_words(mut answer: HttpResponse) -> HttpResponse {
    if answer.status() == StatusCode::BAD_REQUEST && names_no_error(answer.body()) {
        *answer.body_mut() = br#"{"error":"invalid_grant"}"#.to_vec();
    }
    answer
}

fn names_no_error(body: &[u8]) -> bool {
    body.trim_ascii().is_empty()
        || serde_json::from_slice(body)
            .is_ok_and(|fields: Map<String, Value>| !fields.contains_key("error"))
}
