//! The click on the sign-in page: who was chosen, the browser's session at the
//! provider, and the code with which the browser returns to the app.

use std::{io, time::Instant};

use super::{
    authorize::response_location,
    exchange::{Answer, Request},
    grants::{Code, CodeKind, Grant},
    keys::random_id,
    pages,
    requests::AuthorizationRequest,
    state::{Browser, Shared, now},
};

pub(super) fn answer(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let id = request.form("request").unwrap_or_default();
    let Some(authorization) = shared.state().awaiting_click(id).cloned() else {
        return Ok(pages::error(
            400,
            "This sign-in has expired",
            "The page was open for too long, or the development provider has been restarted. \
             Go back to the app and sign in again.",
        ));
    };
    if request.form("cancel").is_some() {
        let error = authorization.error("access_denied", "the person cancelled the sign-in");
        return Ok(Answer::redirect(&error.location(shared)?));
    }
    let sub = request.form("person").unwrap_or_default();
    if shared.person(sub).is_none() {
        return Ok(pages::error(
            400,
            "No one was chosen",
            &format!("No one here is called “{sub}”."),
        ));
    }
    let browser = authenticate(sub, shared.browser(request))?;
    let location = grant(shared, &authorization, &browser)?;
    let cookie = remember(shared, request, browser)?;
    Ok(Answer::redirect(&location).with_header("set-cookie", &cookie))
}

/// A browser in which `sub` has just signed in. If the provider session was already
/// theirs, it continues.
pub(super) fn authenticate(sub: &str, former: Option<Browser>) -> io::Result<Browser> {
    let sid = match former {
        Some(browser) if browser.sub == sub => browser.sid,
        _ => random_id()?,
    };
    Ok(Browser {
        sub: sub.to_owned(),
        sid,
        auth_time: now(),
    })
}

/// Issues a code for the signed-in person to the client, and returns the URL that
/// carries it (OIDC Core 3.1.2.5).
pub(super) fn grant(
    shared: &Shared,
    authorization: &AuthorizationRequest,
    browser: &Browser,
) -> io::Result<String> {
    let code = issue_code(shared, authorization, browser, CodeKind::Authorization)?;
    response_location(
        shared,
        &authorization.redirect_uri,
        authorization.state.as_deref(),
        &[("code", &code)],
    )
}

/// A code of this kind for the signed-in person.
pub(super) fn issue_code(
    shared: &Shared,
    authorization: &AuthorizationRequest,
    browser: &Browser,
    kind: CodeKind,
) -> io::Result<String> {
    let grant = Grant {
        id: random_id()?,
        client_id: authorization.client_id.clone(),
        sub: browser.sub.clone(),
        sid: browser.sid.clone(),
        scopes: authorization.scopes.clone(),
        nonce: authorization.nonce.clone(),
        auth_time: browser.auth_time,
        acr: authorization.acr.clone(),
    };
    let mut state = shared.state();
    let participants = state.participants.entry(browser.sid.clone()).or_default();
    participants.insert(authorization.client_id.clone());
    let ends = Instant::now() + state.lifetimes.code;
    state.grants.issue_code(Code {
        kind,
        grant,
        redirect_uri: authorization.redirect_uri.clone(),
        code_challenge: authorization.code_challenge.clone(),
        ends,
        redeemed: false,
    })
}

/// Stores the session under a new id and returns the cookie for it.
pub(super) fn remember(shared: &Shared, request: &Request, browser: Browser) -> io::Result<String> {
    let id = random_id()?;
    let mut state = shared.state();
    if let Some(former) = request.cookie(&shared.cookie) {
        state.browsers.remove(former);
    }
    state.browsers.insert(id.clone(), browser);
    Ok(format!(
        "{}={id}; Path=/; HttpOnly; SameSite=Lax",
        shared.cookie
    ))
}
