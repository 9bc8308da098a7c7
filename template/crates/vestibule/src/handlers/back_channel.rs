//! The provider tells the app directly, not through the browser, that someone has
//! signed out (Back-Channel Logout 1.0).

use std::{net::IpAddr, sync::Arc, time::Instant};

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use super::limit;
use crate::{
    body::InTime,
    clock::now,
    error::{Error, ErrorKind},
    events::{self, Ending},
    oidc::Oidc,
    protocol::{CheckError, LogoutToken, causes::KEYS_READ_BEFORE, is_addressed_to},
    provider::{Provider, Source},
    request_state,
    seal::{self, SealError},
    store::{Lease, StoreError},
};

/// Logout tokens are small; nothing larger is read.
pub const MAX_BODY: usize = 32 * 1024;

/// How many seconds a token is held while its effect is still unknown.
const LONGEST_USE: u64 = 5;

/// POST: ends the user sessions that the logout token names. The token is the
/// proof; without a browser there is no CSRF token to check.
pub(super) async fn backchannel_logout(
    request: HttpRequest,
    oidc: Oidc,
    InTime(body): InTime<web::Bytes>,
) -> Result<HttpResponse, Error> {
    let sender = limit::address_of(&request, &oidc);
    // Only tokens that are refused count: when many people sign out at once, the
    // provider sends many that are good.
    let limit = oidc.notice_limit();
    if sender.is_some_and(|sender| !limit.has_room(sender, Instant::now())) {
        return Err(ErrorKind::TooManyLogins.into());
    }
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Ok(HttpResponse::UnsupportedMediaType().finish());
    }
    let token = sole_logout_token(&body);
    let sent_by = token.as_ref().ok();
    let sent_by = sent_by.and_then(|token| provider_named_in(&oidc, token));
    let issuer = sent_by.map_or("unknown", |provider| provider.issuer());
    let refused = |error: &Error| {
        events::token_refused(issuer, None, &error.kind);
        let is_at_fault = match &error.kind {
            ErrorKind::LogoutToken(_) => true,
            ErrorKind::ProviderUnavailable(cause) => cause == KEYS_READ_BEFORE,
            _ => false,
        };
        if let Some(sender) = sender
            && is_at_fault
        {
            limit.admits(sender, Instant::now());
        }
    };
    let accepted = async {
        let token = token?;
        let provider = sent_by.ok_or_else(|| {
            ErrorKind::LogoutToken("its iss and aud name no provider of this app".to_owned())
        })?;
        verify(provider, &token, sender).await
    };
    let token = accepted.await.inspect_err(refused)?;
    let for_later = oidc.clone();
    // Continues if the provider stops waiting: a token marked as used must have
    // taken effect.
    request_state::spawn(async move { use_once(&for_later, &token).await })
        .await
        .map_err(|_| ErrorKind::Internal("a logout was interrupted".to_owned()))?
        .inspect_err(refused)?;
    Ok(HttpResponse::Ok().finish())
}

/// The provider whose keys have to have made the token's signature.
fn provider_named_in<'a>(oidc: &'a Oidc, token: &str) -> Option<&'a Arc<Provider>> {
    let mut providers = oidc.all_providers().iter();
    let is_named = |it: &&Arc<Provider>| is_addressed_to(token, it.issuers(), it.client_id());
    oidc.only_provider().or_else(|| providers.find(is_named))
}

/// Ends what the token names, unless the token was used before.
async fn use_once(oidc: &Oidc, token: &LogoutToken) -> Result<(), Error> {
    let store = oidc.sessions().store();
    let used = first_use(token)?;
    // Held only briefly: if this process dies now, the provider can send the token
    // again.
    let begun = Lease {
        until: used.until.min(used.now.saturating_add(LONGEST_USE)),
        ..used.clone()
    };
    if !store.acquire(begun).await? {
        return Err(ErrorKind::LogoutToken("it was already used".to_owned()).into());
    }
    let ended = match end_sign_ins(oidc, token).await {
        Ok(ended) => ended,
        Err(error) => {
            let _ = store.release(used.name, used.holder).await;
            return Err(error.into());
        }
    };
    let subject = token.subject.as_deref();
    events::revoked(&token.issuer, subject, Ending::BackChannelLogout, ended);
    store.acquire(used).await?;
    Ok(())
}

/// Back-Channel Logout 1.0, 2.7.
async fn end_sign_ins(oidc: &Oidc, token: &LogoutToken) -> Result<usize, StoreError> {
    let (issuer, sessions) = (&*token.issuer, oidc.sessions());
    match (&token.subject, &token.provider_session) {
        (None, None) => Ok(0),
        (Some(subject), None) => sessions.end_all_of(issuer, subject).await,
        (None, Some(session)) => sessions.end_provider_session(issuer, session).await,
        (Some(subject), Some(session)) => {
            let ended = sessions.end_provider_session(issuer, session).await?;
            // Any of these may be the one that is meant.
            Ok(ended + sessions.end_unattributed_of(issuer, subject).await?)
        }
    }
}

fn sole_logout_token(body: &[u8]) -> Result<String, Error> {
    let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "logout_token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) => Ok(token.into_owned()),
        _ => Err(
            ErrorKind::LogoutToken("the request does not contain exactly one".to_owned()).into(),
        ),
    }
}

async fn verify(
    provider: &Arc<Provider>,
    token: &str,
    sender: Option<IpAddr>,
) -> Result<LogoutToken, Error> {
    let relying_party = provider.relying_party();
    let discovered = provider.discovered().await?;
    let verified = provider.checked(&discovered, Source::Anyone(sender), async |discovered| {
        discovered.verify_logout_token(token, relying_party)
    });
    Ok(verified.await.map_err(CheckError::into_error)?)
}

/// A logout token works once, on any instance (Back-Channel Logout 1.0, section
/// 2.6, step 8): its name stays taken for as long as it could be used again.
fn first_use(token: &LogoutToken) -> Result<Lease, SealError> {
    let issuer = token.issuer.as_bytes();
    Ok(Lease {
        name: seal::hash("logout token", &[issuer, token.id.as_bytes()]),
        holder: seal::random_bytes()?,
        now: now(),
        until: token.remember_until.saturating_add(1),
    })
}
