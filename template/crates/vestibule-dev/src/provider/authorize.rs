//! The authorization endpoint: checks the request, then answers it at once or shows
//! the sign-in page (OIDC Core 3.1.2). `sign_in.rs` handles the click on that page.

use std::io;

use url::Url;

use super::{
    exchange::{Answer, Params, Request},
    jws::unverified_claims,
    keys::random_id,
    pages, push,
    requests::{AuthorizationRequest, PushedRequests},
    sign_in,
    state::{Browser, Shared, now},
};

/// Why a request is rejected.
pub(super) enum Rejection {
    /// It is uncertain where to send the browser, so the person is told here.
    Here(String),
    /// The app is told (OIDC Core 3.1.2.6).
    ToApp(ErrorResponse),
}

/// An error for the app, and how to get it there.
pub(super) struct ErrorResponse {
    pub redirect_uri: String,
    pub state: Option<String>,
    pub error: &'static str,
    pub description: &'static str,
}

pub(super) fn answer(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let params = request.params();
    let authorization = match AuthorizationRequest::resolve(shared, &params) {
        Ok(authorization) => authorization,
        Err(Rejection::Here(why)) => {
            return Ok(pages::error(400, "This sign-in cannot start", &why));
        }
        Err(Rejection::ToApp(error)) => return Ok(Answer::redirect(&error.location(shared)?)),
    };
    let browser = shared.browser(request);
    if let Some(token) = params.get("sessionToken") {
        let Some(person) = shared.state().take_session_token(token) else {
            let error = authorization.error("login_required", "the session token is unknown");
            return Ok(Answer::redirect(&error.location(shared)?));
        };
        let browser = sign_in::authenticate(&person, browser)?;
        let location = sign_in::grant(shared, &authorization, &browser)?;
        let cookie = sign_in::remember(shared, request, browser)?;
        return Ok(Answer::redirect(&location).with_header("set-cookie", &cookie));
    }
    if authorization.prompts("none") {
        return match browser.filter(|browser| authorization.is_answered_by(browser)) {
            Some(browser) => Ok(Answer::redirect(&sign_in::grant(
                shared,
                &authorization,
                &browser,
            )?)),
            None => {
                let error = authorization.error("login_required", "no one is signed in here");
                Ok(Answer::redirect(&error.location(shared)?))
            }
        };
    }
    let id = random_id()?;
    let page = pages::sign_in(shared, &authorization, browser.as_ref(), &id);
    shared.state().await_click(id, authorization);
    Ok(page)
}

impl AuthorizationRequest {
    /// Gets the request that the browser carries, whole or by reference.
    pub fn resolve(
        shared: &Shared,
        params: &Params<'_>,
    ) -> Result<AuthorizationRequest, Rejection> {
        let pushed_requests = shared.state().pushed_requests;
        let reference = params
            .get("request_uri")
            .filter(|_| pushed_requests != PushedRequests::NotOffered);
        if let Some(reference) = reference {
            let client_id = params.get("client_id").unwrap_or_default();
            return push::take(shared, reference, client_id).ok_or_else(|| {
                Rejection::Here(
                    "The pushed request is unknown, already used or expired.".to_owned(),
                )
            });
        }
        let authorization = AuthorizationRequest::read(shared, params)?;
        if pushed_requests == PushedRequests::Required {
            let why = "the request must be pushed";
            return Err(Rejection::ToApp(
                authorization.error("invalid_request", why),
            ));
        }
        Ok(authorization)
    }

    /// Reads the request from its parameters.
    pub fn read(shared: &Shared, params: &Params<'_>) -> Result<AuthorizationRequest, Rejection> {
        let (client_id, redirect_uri) = known_app(shared, params)?;
        let prompts = words(params.get("prompt"));
        let authorization = AuthorizationRequest {
            client_id: client_id.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: params.get("state").map(str::to_owned),
            nonce: params.get("nonce").map(str::to_owned),
            code_challenge: params.get("code_challenge").unwrap_or_default().to_owned(),
            scopes: words(params.get("scope")),
            acr: words(params.get("acr_values"))
                .into_iter()
                .next()
                .unwrap_or("0".to_owned()),
            login_hint: params.get("login_hint").map(str::to_owned),
            prompts,
            max_age: params
                .get("max_age")
                .and_then(|seconds| seconds.parse().ok()),
            hinted_sub: params
                .get("id_token_hint")
                .and_then(unverified_claims)
                .and_then(|claims| claims["sub"].as_str().map(str::to_owned)),
        };
        match authorization.fault(params) {
            Some((error, description)) => {
                Err(Rejection::ToApp(authorization.error(error, description)))
            }
            None => Ok(authorization),
        }
    }

    /// What is wrong with the request, as an error code and a description.
    fn fault(&self, params: &Params<'_>) -> Option<(&'static str, &'static str)> {
        let known_prompts = ["none", "login", "select_account", "consent", "create"];
        Some(if !params.repeated().is_empty() {
            ("invalid_request", "a parameter was sent twice")
        } else if params.get("request").is_some() {
            ("request_not_supported", "request objects are not supported")
        } else if params.get("request_uri").is_some() {
            ("request_uri_not_supported", "request_uri is not supported")
        } else if params.get("response_type") != Some("code") {
            ("unsupported_response_type", "response_type must be code")
        } else if params
            .get("response_mode")
            .is_some_and(|mode| mode != "query")
        {
            ("invalid_request", "response_mode must be query")
        } else if !self.scopes.iter().any(|scope| scope == "openid") {
            ("invalid_scope", "scope must contain openid")
        } else if params.get("code_challenge_method") != Some("S256") {
            (
                "invalid_request",
                "PKCE is required: code_challenge_method must be S256",
            )
        } else if self.code_challenge.len() != 43 {
            (
                "invalid_request",
                "code_challenge must be the base64url form of a SHA-256 hash",
            )
        } else if params.get("max_age").is_some() && self.max_age.is_none() {
            ("invalid_request", "max_age must be a number of seconds")
        } else if self.prompts("none") && self.prompts.len() > 1 {
            ("invalid_request", "prompt=none must be the only prompt")
        } else if !self
            .prompts
            .iter()
            .all(|prompt| known_prompts.contains(&prompt.as_str()))
        {
            ("invalid_request", "prompt is unknown")
        } else {
            return None;
        })
    }

    /// Whether `prompt` contains this value.
    pub fn prompts(&self, word: &str) -> bool {
        self.prompts.iter().any(|prompt| prompt == word)
    }

    /// Whether the browser's session answers the request without a click.
    fn is_answered_by(&self, browser: &Browser) -> bool {
        let is_recent = self
            .max_age
            .is_none_or(|max_age| now().saturating_sub(browser.auth_time) <= max_age);
        let is_meant = self
            .hinted_sub
            .as_ref()
            .is_none_or(|sub| *sub == browser.sub);
        is_recent && is_meant
    }

    /// An error as the response to this request.
    pub fn error(&self, error: &'static str, description: &'static str) -> ErrorResponse {
        ErrorResponse {
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            error,
            description,
        }
    }
}

impl ErrorResponse {
    /// The URL that takes the error to the app (OIDC Core 3.1.2.6).
    pub fn location(self, shared: &Shared) -> io::Result<String> {
        let pairs = [
            ("error", self.error),
            ("error_description", self.description),
        ];
        response_location(shared, &self.redirect_uri, self.state.as_deref(), &pairs)
    }
}

/// The redirect URI with the response's parameters: `pairs`, `state` and the issuer
/// (RFC 9207).
pub(super) fn response_location(
    shared: &Shared,
    redirect_uri: &str,
    state: Option<&str>,
    pairs: &[(&str, &str)],
) -> io::Result<String> {
    let mut response: Vec<(String, String)> = pairs
        .iter()
        .copied()
        .chain(state.map(|state| ("state", state)))
        .chain([("iss", shared.issuer.as_str())])
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    shared.faults.alter_authorization_response(&mut response);
    let mut location = Url::parse(redirect_uri).map_err(io::Error::other)?;
    location.query_pairs_mut().extend_pairs(response);
    Ok(location.into())
}

/// The client and its redirect URI, or what to tell the person: browsers are never
/// redirected to an unknown address (RFC 6749, section 3.1.2.4).
fn known_app<'a>(shared: &Shared, params: &Params<'a>) -> Result<(&'a str, &'a str), Rejection> {
    let once = |name: &str| match params.get(name) {
        Some(_) if params.repeated().contains(&name) => {
            Err(Rejection::Here(format!("The app sent {name} twice.")))
        }
        Some(value) => Ok(value),
        None => Err(Rejection::Here(format!("The app sent no {name}."))),
    };
    let client_id = once("client_id")?;
    let redirect_uri = once("redirect_uri")?;
    let state = shared.state();
    let Some(client) = state.clients.get(client_id) else {
        return Err(Rejection::Here(format!(
            "No client is registered as “{client_id}” (it asks to return to “{redirect_uri}”)."
        )));
    };
    if client
        .redirect_uris
        .iter()
        .any(|known| known == redirect_uri)
    {
        Ok((client_id, redirect_uri))
    } else {
        Err(Rejection::Here(format!(
            "The client “{client_id}” asks to return to “{redirect_uri}”, which is not registered. \
             Registered are: {}.",
            client.redirect_uris.join(", "),
        )))
    }
}

/// The words of a space-separated list.
fn words(list: Option<&str>) -> Vec<String> {
    list.unwrap_or_default()
        .split_ascii_whitespace()
        .map(str::to_owned)
        .collect()
}
