//! The provider telling the app, behind the browser's back, that somebody has
//! signed out (Back-Channel Logout 1.0).

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use crate::oidc::{
    Oidc,
    error::{Reason, Refusal},
    events::{self, Ending},
    protocol::LogoutToken,
    seal::{self, SealError},
    sign_in::now,
    store::{Claim, Key, StoreError},
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
    let issuer = oidc.provider.issuer();
    let (token, (name, holder)) = accept(&oidc, &body).await.inspect_err(|refusal| {
        events::token_refused(issuer, None, &refusal.reason);
    })?;
    let ended = match end_sign_ins(&oidc, &token).await {
        Ok(ended) => ended,
        Err(error) => {
            // The provider may send the token again.
            let store = oidc.sign_ins.store();
            let _ = store.release(name, holder).await;
            return Err(error.into());
        }
    };
    let subject = token.subject.as_deref();
    events::revoked(issuer, subject, Ending::BackChannelLogout, ended);
    Ok(HttpResponse::Ok().finish())
}

/// A logout token that is in order and used for the first time, with name and
/// holder of the claim that says so.
async fn accept(oidc: &Oidc, body: &[u8]) -> Result<(LogoutToken, (Key, Key)), Refusal> {
    let token = sole_logout_token(body)?;
    let token = verify(oidc, &token).await?;
    let claim = first_use(oidc, &token)?;
    let used = (claim.name, claim.holder);
    if oidc.sign_ins.store().claim(claim).await? {
        Ok((token, used))
    } else {
        Err(Reason::LogoutToken("it was used before".to_owned()).into())
    }
}

async fn end_sign_ins(oidc: &Oidc, token: &LogoutToken) -> Result<usize, StoreError> {
    let issuer = oidc.provider.issuer();
    match token {
        LogoutToken {
            provider_session: Some(session),
            ..
        } => oidc.sign_ins.end_provider_session(issuer, session).await,
        LogoutToken {
            subject: Some(subject),
            ..
        } => oidc.sign_ins.end_all_of(issuer, subject).await,
        LogoutToken { .. } => Ok(0),
    }
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
    let verified = oidc.provider.checked(&provider, async |provider| {
        provider.verify_logout_token(token, relying_party)
    });
    Ok(verified.await?)
}

/// A logout token is used once, on whichever instance (Back-Channel Logout 1.0,
/// section 2.6, step 8): its name stays taken for as long as it could be used
/// again.
fn first_use(oidc: &Oidc, token: &LogoutToken) -> Result<Claim, SealError> {
    let issuer = oidc.provider.issuer().as_bytes();
    Ok(Claim {
        name: seal::hash("logout token", &[issuer, token.id.as_bytes()]),
        holder: seal::random_bytes()?,
        now: now(),
        until: token.remember_until.saturating_add(1),
    })
}
