//! Signing out: the end-session endpoint (RP-Initiated Logout 1.0), and the
//! notifications to clients (Back-Channel Logout 1.0).

use std::{io, time::Duration};

use serde_json::json;
use url::Url;

use super::{
    exchange::{Answer, Params, Request},
    jws::{Jws, unverified_claims},
    keys::random_id,
    pages,
    state::{Shared, now},
};

/// How long a client may take to answer a logout token.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn answer(shared: &Shared, request: &Request) -> io::Result<Answer> {
    let params = request.params();
    let return_to = match return_address(shared, &params) {
        Ok(return_to) => return_to,
        Err(why) => return Ok(pages::error(400, "This sign-out is not possible", &why)),
    };
    end_session(shared, request)?;
    let answer = match return_to {
        Some(return_to) => Answer::redirect(return_to.as_str()),
        None => pages::signed_out(),
    };
    let cookie = format!(
        "{}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
        shared.cookie
    );
    Ok(answer.with_header("set-cookie", &cookie))
}

/// Where to go afterwards, if the client named a registered address; an error says
/// what was asked for. Even an ID token that has expired or whose key is gone
/// identifies the client (RP-Initiated Logout 2 and 4).
fn return_address(shared: &Shared, params: &Params<'_>) -> Result<Option<Url>, String> {
    if let Some(name) = params.repeated().first() {
        return Err(format!("The app sent {name} twice."));
    }
    let hint = params.get("id_token_hint").and_then(unverified_claims);
    let hinted = hint.as_ref().and_then(|claims| claims["aud"].as_str());
    let named = params.get("client_id");
    if let (Some(hinted), Some(named)) = (hinted, named)
        && hinted != named
    {
        return Err(format!(
            "The client “{named}” sent an ID token that was issued to “{hinted}”."
        ));
    }
    let Some(address) = params.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    let client_id = named.or(hinted).ok_or_else(|| {
        format!("The app asks to return to “{address}” but does not say which client it is.")
    })?;
    let state = shared.state();
    let client = state.clients.get(client_id).ok_or_else(|| {
        format!("No client is registered as “{client_id}” (it asks to return to “{address}”).")
    })?;
    if !client
        .post_logout_redirect_uris
        .iter()
        .any(|known| known == address)
    {
        return Err(format!(
            "The client “{client_id}” asks to return to “{address}”, which is not registered for \
             signing out. Registered are: {}.",
            client.post_logout_redirect_uris.join(", "),
        ));
    }
    let mut return_to =
        Url::parse(address).map_err(|why| format!("“{address}” is not a URL: {why}."))?;
    if let Some(echo) = params.get("state") {
        return_to.query_pairs_mut().append_pair("state", echo);
    }
    Ok(Some(return_to))
}

/// Ends the browser's session and notifies its clients, without waiting for them.
fn end_session(shared: &Shared, request: &Request) -> io::Result<()> {
    let (browser, clients) = {
        let mut state = shared.state();
        let id = request.cookie(&shared.cookie).unwrap_or_default();
        let Some(browser) = state.browsers.remove(id) else {
            return Ok(());
        };
        let clients = state.participants.remove(&browser.sid).unwrap_or_default();
        (browser, clients)
    };
    for client_id in clients {
        if let Some(uri) = notice_address(shared, &client_id) {
            let token = logout_token(shared, &client_id, Some(&browser.sub), Some(&browser.sid))?;
            actix_web::rt::spawn(async move {
                match deliver(&uri, &token).await {
                    Ok(200 | 204) => {}
                    Ok(status) => {
                        tracing::warn!(client_id, status, "a client rejected its logout token")
                    }
                    Err(why) => {
                        tracing::warn!(client_id, %why, "a logout token could not be delivered")
                    }
                }
            });
        }
    }
    Ok(())
}

/// Where the client wants its logout tokens sent.
pub(super) fn notice_address(shared: &Shared, client_id: &str) -> Option<String> {
    shared
        .state()
        .clients
        .get(client_id)?
        .backchannel_logout_uri
        .clone()
}

/// A logout token (Back-Channel Logout 2.4).
pub(super) fn logout_token(
    shared: &Shared,
    client_id: &str,
    sub: Option<&str>,
    sid: Option<&str>,
) -> io::Result<String> {
    let issued_at = now();
    let mut claims = json!({
        "iss": shared.issuer,
        "aud": client_id,
        "iat": issued_at,
        "exp": issued_at + 120,
        "jti": random_id()?,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    for (name, value) in [("sub", sub), ("sid", sid)] {
        if let Some(value) = value {
            claims[name] = json!(value);
        }
    }
    let mut token = Jws::new(&shared.keys.current(), claims);
    token.header["typ"] = json!("logout+jwt");
    shared.faults.alter_logout_token(&mut token);
    Ok(token.sign(&shared.keys))
}

/// Posts a logout token to a client and returns the response's status (Back-Channel
/// Logout 2.5).
pub(super) async fn deliver(uri: &str, token: &str) -> Result<u16, reqwest::Error> {
    // reqwest needs a crypto provider; does nothing if the app has installed one
    // already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("logout_token", token)
        .finish();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let answer = client
        .post(uri)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await?;
    Ok(answer.status().as_u16())
}
