//! The provider telling the app, behind the browser's back, that somebody has
//! signed out (Back-Channel Logout 1.0).

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use crate::{
    current,
    oidc::{
        Oidc,
        error::{Reason, Refusal},
        events::{self, Ending},
        protocol::{CheckError, LogoutToken},
        seal::{self, SealError},
        sign_in::now,
        store::{Claim, StoreError},
    },
};

/// A logout token is small; nothing larger is read.
pub const MAX_BODY: usize = 32 * 1024;

/// For how many seconds a token stays taken whose effect is not known.
const LONGEST_USE: u64 = 5;

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
    let refused = |refusal: &Refusal| events::token_refused(issuer, None, &refusal.reason);
    let token = accept(&oidc, &body).await.inspect_err(refused)?;
    let for_later = oidc.clone();
    // It goes on if the provider stops waiting: a token that is taken for used
    // must have had its effect.
    current::spawn(async move { use_once(&for_later, &token).await })
        .await
        .map_err(|_| Reason::Internal("a logout was broken off".to_owned()))?
        .inspect_err(refused)?;
    Ok(HttpResponse::Ok().finish())
}

/// A logout token that is in order.
async fn accept(oidc: &Oidc, body: &[u8]) -> Result<LogoutToken, Refusal> {
    let token = sole_logout_token(body)?;
    verify(oidc, &token).await
}

/// Ends what the token names, unless it was used before.
async fn use_once(oidc: &Oidc, token: &LogoutToken) -> Result<(), Refusal> {
    let store = oidc.sign_ins.store();
    let used = first_use(oidc, token)?;
    // Taken for a moment only: should this process die now, the provider may
    // send the token again.
    let begun = Claim {
        until: used.until.min(used.now.saturating_add(LONGEST_USE)),
        ..used.clone()
    };
    if !store.claim(begun).await? {
        return Err(Reason::LogoutToken("it was used before".to_owned()).into());
    }
    let ended = match end_sign_ins(oidc, token).await {
        Ok(ended) => ended,
        Err(error) => {
            let _ = store.release(used.name, used.holder).await;
            return Err(error.into());
        }
    };
    let subject = token.subject.as_deref();
    events::revoked(
        oidc.provider.issuer(),
        subject,
        Ending::BackChannelLogout,
        ended,
    );
    store.claim(used).await?;
    Ok(())
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
    Ok(verified.await.map_err(CheckError::into_reason)?)
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
