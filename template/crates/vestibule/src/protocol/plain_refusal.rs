//! Refusals of refresh tokens that do not say what is refused. Everything else
//! about a renewal is left to the library.

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http::StatusCode};
use serde_json::{Map, Value};

use super::http::Http;

/// Sends requests for renewal, and puts the right words to refusals without.
///
/// A token endpoint refuses with 400 and names the error (RFC 6749 5.2). To a
/// refresh token that has ended, some answer with the bare status or with
/// `invalid_request` in the place of `invalid_grant`. As all else in the request
/// is what it always is, either can be about its token only. Not so another
/// error by name, 401 (who the client is), 429 and 5xx (trouble that passes), or
/// a web page, which shows that something else answered.
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
    if answer.status() == StatusCode::BAD_REQUEST && is_about_the_token(answer.body()) {
        *answer.body_mut() = br#"{"error":"invalid_grant"}"#.to_vec();
    }
    answer
}

fn is_about_the_token(body: &[u8]) -> bool {
    let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return body.trim_ascii().is_empty();
    };
    fields
        .get("error")
        .is_none_or(|error| error == "invalid_request")
}
