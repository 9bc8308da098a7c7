//! The parts of Okta's API that the Okta Sign-In Widget needs, so that the real
//! widget signs in here: the Identity Engine's calls (`interact`, `introspect`,
//! `identify`) and the classic engine's one (`authn`). Every password works except
//! [`WRONG_PASSWORD`]. There are no second factors.

use std::io;

use serde_json::{Value, json};

use super::{
    authorize::{ErrorResponse, Rejection, response_location},
    exchange::{Answer, Params, Request},
    grants::CodeKind,
    keys::random_id,
    people::Person,
    requests::AuthorizationRequest,
    sign_in::{authenticate, issue_code, remember},
    state::Shared,
};

/// The one wrong password, to see a failed sign-in.
pub const WRONG_PASSWORD: &str = "wrong";

/// Starts a sign-in: an authorization request from a script, which gets a handle
/// instead of a page.
pub(super) fn interact(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let mut pairs = request.form.clone();
    pairs.push(("response_type".to_owned(), "code".to_owned()));
    Ok(
        match AuthorizationRequest::read(shared, &Params::new(&pairs)) {
            Ok(authorization) => {
                let handle = random_id()?;
                shared.state().await_click(handle.clone(), authorization);
                json_answer(200, &json!({ "interaction_handle": handle }))
            }
            Err(Rejection::Here(why)) => Answer::oauth_error(400, "invalid_request", &why),
            Err(Rejection::ToApp(ErrorResponse {
                error, description, ..
            })) => Answer::oauth_error(400, error, description),
        },
    )
}

/// What to ask the person for.
pub(super) fn introspect(shared: &Shared, request: &Request) -> Answer {
    let handle = string_at(&request.json, "/interactionHandle");
    match shared.state().awaiting_click(handle) {
        Some(_) => json_answer(200, &question(shared, handle)),
        None => session_expired(),
    }
}

/// Accepts name and password, and ends with an interaction code.
pub(super) fn identify(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let handle = string_at(&request.json, "/stateHandle");
    let Some(authorization) = shared.state().awaiting_click(handle).cloned() else {
        return Ok(session_expired());
    };
    let name = string_at(&request.json, "/identifier");
    let password = string_at(&request.json, "/credentials/passcode");
    let Some(person) = known(shared, name, password) else {
        let mut again = question(shared, handle);
        again["messages"] = messages("Unable to sign in", "errors.E0000004");
        return Ok(json_answer(401, &again));
    };
    let browser = authenticate(&person.sub, shared.browser(request))?;
    let code = issue_code(shared, &authorization, &browser, CodeKind::Interaction)?;
    let cookie = remember(shared, request, browser)?;
    Ok(json_answer(200, &success(shared, &authorization, &code)?)
        .with_header("set-cookie", &cookie))
}

/// The classic engine: exchanges name and password for a session token, which the
/// authorization endpoint accepts once.
pub(super) fn authn(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let name = string_at(&request.json, "/username");
    let password = string_at(&request.json, "/password");
    let Some(person) = known(shared, name, password) else {
        let error = json!({
            "errorCode": "E0000004",
            "errorSummary": "Authentication failed",
            "errorLink": "E0000004",
            "errorId": random_id()?,
            "errorCauses": [],
        });
        return Ok(json_answer(401, &error));
    };
    let token = random_id()?;
    let answer = json!({
        "status": "SUCCESS",
        "sessionToken": token,
        "_embedded": { "user": { "id": person.sub, "profile": { "login": person.sub } } },
    });
    shared.state().keep_session_token(token, person.sub.clone());
    Ok(json_answer(200, &answer))
}

/// Whether scripts of this origin may call: only those of registered apps.
pub(super) fn is_origin_of_an_app(shared: &Shared, origin: &str) -> bool {
    let state = shared.state();
    state
        .clients
        .values()
        .flat_map(|client| &client.redirect_uris)
        .filter_map(|uri| url::Url::parse(uri).ok())
        .any(|uri| uri.origin().ascii_serialization() == origin)
}

fn known<'a>(shared: &'a Shared, name: &str, password: &str) -> Option<&'a Person> {
    let is_right = !password.is_empty() && password != WRONG_PASSWORD;
    shared
        .people
        .iter()
        .find(|person| is_right && person.is_meant_by(name))
}

/// A form that asks for name and password.
fn question(shared: &Shared, handle: &str) -> Value {
    let form = json!({
        "rel": ["create-form"],
        "name": "identify",
        "href": format!("{}/idp/idx/identify", shared.issuer),
        "method": "POST",
        "accepts": "application/json; okta-version=1.0.0",
        "produces": "application/ion+json; okta-version=1.0.0",
        "value": [
            { "name": "identifier", "label": "Username", "required": true },
            {
                "name": "credentials",
                "type": "object",
                "required": true,
                "form": { "value": [{ "name": "passcode", "label": "Password", "secret": true }] },
            },
            {
                "name": "stateHandle",
                "required": true,
                "value": handle,
                "visible": false,
                "mutable": false,
            },
        ],
    });
    json!({
        "version": "1.0.0",
        "stateHandle": handle,
        "intent": "LOGIN",
        "remediation": { "type": "array", "value": [form] },
    })
}

/// The code, or an error to take back to the app if the provider was told to fail.
fn success(shared: &Shared, authorization: &AuthorizationRequest, code: &str) -> io::Result<Value> {
    let location = response_location(
        shared,
        &authorization.redirect_uri,
        authorization.state.as_deref(),
        &[("code", code)],
    )?;
    let is_error = url::Url::parse(&location)
        .map_err(io::Error::other)?
        .query_pairs()
        .any(|(name, _)| name == "error");
    Ok(if is_error {
        // Without a message the widget does not follow the URL.
        json!({
            "version": "1.0.0",
            "messages": messages("You are not allowed to sign in.", "access_denied"),
            "failure": { "name": "failure-redirect", "href": location },
        })
    } else {
        json!({
            "version": "1.0.0",
            "successWithInteractionCode": {
                "rel": ["create-form"],
                "name": "issue",
                "href": format!("{}/token", shared.issuer),
                "method": "POST",
                "value": [
                    { "name": "grant_type", "required": true, "value": "interaction_code" },
                    { "name": "interaction_code", "required": true, "value": code },
                    { "name": "client_id", "required": true, "value": authorization.client_id },
                    { "name": "client_secret", "required": true },
                    { "name": "code_verifier", "required": true },
                ],
            },
        })
    })
}

/// The handle is unknown: the sign-in took too long, or the provider has been
/// restarted. The widget starts over.
fn session_expired() -> Answer {
    let message =
        "You have been logged out due to inactivity. Refresh or return to the sign in screen.";
    json_answer(
        401,
        &json!({ "version": "1.0.0", "messages": messages(message, "idx.session.expired") }),
    )
}

fn messages(message: &str, key: &str) -> Value {
    json!({
        "type": "array",
        "value": [{ "message": message, "i18n": { "key": key }, "class": "ERROR" }],
    })
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::json(status, body).with_header("cache-control", "no-store")
}

fn string_at<'a>(json: &'a Value, pointer: &str) -> &'a str {
    json.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
