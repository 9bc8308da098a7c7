//! Pushed authorization requests (RFC 9126): the client sends its request here and
//! gets a reference, which the browser takes to the authorization endpoint.

use std::{
    io,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    authorize::Rejection,
    client_authentication::authenticate,
    exchange::{Answer, Request},
    keys::random_id,
    requests::{AuthorizationRequest, PushedRequest},
    state::Shared,
};

/// What references start with (RFC 9126 2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

const LIFE: Duration = Duration::from_secs(60);

pub(super) fn answer(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let params = request.params();
    let client_id = match authenticate(shared, request, &params) {
        Ok(client_id) => client_id,
        Err(rejection) => return Ok(rejection),
    };
    let pushed = match AuthorizationRequest::read(shared, &params) {
        Ok(pushed) if pushed.client_id == client_id => pushed,
        Ok(_) => {
            return Ok(invalid(
                "client_id is not that of the client that authenticated",
            ));
        }
        Err(Rejection::Here(why)) => return Ok(invalid(&why)),
        Err(Rejection::ToApp(error)) => {
            return Ok(Answer::oauth_error(400, error.error, error.description));
        }
    };
    let reference = format!("{PREFIX}{}", random_id()?);
    let ends = Instant::now() + LIFE;
    let waiting = PushedRequest {
        request: pushed,
        ends,
    };
    shared.state().pushed.insert(reference.clone(), waiting);
    let answer = json!({ "request_uri": reference, "expires_in": LIFE.as_secs() });
    Ok(Answer::json(201, &answer).with_header("cache-control", "no-store"))
}

/// The request behind a reference; each can be used once, by its own client.
pub(super) fn take(
    shared: &Shared,
    reference: &str,
    client_id: &str,
) -> Option<AuthorizationRequest> {
    let waiting = shared.state().pushed.remove(reference)?;
    let is_good = waiting.ends > Instant::now() && waiting.request.client_id == client_id;
    is_good.then_some(waiting.request)
}

fn invalid(why: &str) -> Answer {
    Answer::oauth_error(400, "invalid_request", why)
}
