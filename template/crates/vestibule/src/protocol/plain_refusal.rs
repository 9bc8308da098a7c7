//! Makes sense of token endpoints that reject a refresh token without saying so.
//! Everything else about a refresh is left to the library.

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http::StatusCode};
use serde_json::{Map, Value};

use super::token_response::TokenEndpoint;

/// Sends refresh requests, and turns vague rejections into `invalid_grant`.
///
/// A token endpoint rejects with 400 and names the error (RFC 6749 5.2). For a
/// refresh token that has expired, some return a bare 400 or `invalid_request`
/// instead of `invalid_grant`. As everything else in the request never changes,
/// both can only be about the token. Ory Hydra says `token_inactive`, with 401.
/// Other errors keep their meaning: any other named error, any other 401 (client
/// authentication), 429 and 5xx (temporary trouble), or a web page, which shows
/// that something else answered.
pub(super) struct PlainRefusals<'a>(pub TokenEndpoint<'a>);

impl<'c> AsyncHttpClient<'c> for PlainRefusals<'_> {
    type Error = <TokenEndpoint<'c> as AsyncHttpClient<'c>>::Error;
    type Future = <TokenEndpoint<'c> as AsyncHttpClient<'c>>::Future;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move { answer.await.map(in_words) })
    }
}

fn in_words(mut answer: HttpResponse) -> HttpResponse {
    let is_refused = match answer.status() {
        StatusCode::BAD_REQUEST => is_about_the_token(answer.body()),
        StatusCode::UNAUTHORIZED => named_error(answer.body()).is_some_and(|it| it == INACTIVE),
        _ => false,
    };
    if is_refused {
        *answer.body_mut() = br#"{"error":"invalid_grant"}"#.to_vec();
    }
    answer
}

const INACTIVE: &str = "token_inactive";

fn is_about_the_token(body: &[u8]) -> bool {
    let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return body.trim_ascii().is_empty();
    };
    fields
        .get("error")
        .is_none_or(|error| error == "invalid_request" || error == INACTIVE)
}

fn named_error(body: &[u8]) -> Option<Value> {
    let mut fields = serde_json::from_slice::<Map<String, Value>>(body).ok()?;
    fields.remove("error")
}
