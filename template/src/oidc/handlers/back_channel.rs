//! The provider telling the app, behind the browser's back, that somebody has
//! signed out (Back-Channel Logout 1.0).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use crate::oidc::{
    Oidc,
    error::{Reason, Refusal},
    protocol::LogoutToken,
    sign_in::now,
};

/// A logout token is small; nothing larger is read.
pub const MAX_BODY: usize = 32 * 1024;

/// POST: ends the sign-ins that the logout token names. The token is the
/// proof; there is no CSRF token, since no browser is involved.
pub async fn backchannel_logout(
    request: HttpRequest,
    oidc: web::Data<Oidc>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Ok(HttpResponse::UnsupportedMediaType().finish());
    }
    let token = sole_logout_token(&body)?;
    let token = verify(&oidc, &token).await?;
    if !oidc.used_logout_tokens.first_use(&token) {
        return Err(Reason::LogoutToken("it was used before".to_owned()).into());
    }
    let issuer = oidc.provider.issuer();
    let ended = match &token {
        LogoutToken {
            provider_session: Some(session),
            ..
        } => oidc.sign_ins.end_provider_session(issuer, session).await?,
        LogoutToken {
            subject: Some(subject),
            ..
        } => oidc.sign_ins.end_all_of(issuer, subject).await?,
        LogoutToken { .. } => 0,
    };
    tracing::info!(issuer, ended, "the provider signed somebody out");
    Ok(HttpResponse::Ok().finish())
}

fn sole_logout_token(body: &[u8]) -> Result<String, Refusal> {
    let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Ok(token.into_owned()),
        _ => Err(Reason::LogoutToken("there is not exactly one".to_owned()).into()),
    }
}

async fn verify(oidc: &Oidc, token: &str) -> Result<LogoutToken, Refusal> {
    let relying_party = oidc.provider.relying_party();
    let provider = oidc.provider.discovered().await?;
    if let Some(token) = provider.verify_logout_token(token, relying_party)? {
        return Ok(token);
    }
    let with_fresh_keys = match oidc.provider.with_fresh_keys(&provider).await {
        Some(fresh) => fresh.verify_logout_token(token, relying_party)?,
        None => None,
    };
    with_fresh_keys
        .ok_or_else(|| Reason::LogoutToken("none of the provider's keys fits".to_owned()).into())
}

/// Remembers which logout tokens were used, for as long as they could be used
/// again.
#[derive(Default)]
pub struct UsedLogoutTokens(Mutex<HashMap<String, u64>>);

impl UsedLogoutTokens {
    fn first_use(&self, token: &LogoutToken) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        used.retain(|_, remember_until| *remember_until >= now);
        used.insert(token.id.clone(), token.remember_until)
            .is_none()
    }
}
