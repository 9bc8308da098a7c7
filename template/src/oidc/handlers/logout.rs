//! Signing out: here first, then at the provider.

use std::sync::Arc;

use actix_session::SessionExt;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::see_other;
use crate::{
    current, hooks,
    oidc::{
        Oidc,
        csrf::{SignOutForm, is_cross_site},
        error::{Reason, Refusal},
        events,
        guard::User,
        protocol::EndSession,
        seal,
        sign_in::{LiveSignIn, SignIn},
        silent,
        store::StoreError,
    },
    views,
};

/// POST: ends the sign-in and goes on to the provider's own sign-out
/// (RP-Initiated Logout 1.0).
pub async fn logout(
    request: HttpRequest,
    oidc: web::Data<Oidc>,
    form: Result<SignOutForm, Refusal>,
) -> Result<HttpResponse, Refusal> {
    match form {
        Ok(SignOutForm { live }) => {
            hooks::before_logout(&request, &live.sign_in).await?;
            leave(&request, &oidc, &live).await
        }
        // It has ended before, perhaps in another tab, perhaps from afar: then
        // nothing of the person has left this browser yet.
        Err(Refusal {
            reason: Reason::SignedOut,
            ..
        }) if !is_cross_site(&request) => {
            clear_browser(&request, &oidc);
            Ok(only_here(&oidc))
        }
        Err(refusal) => Err(refusal),
    }
}

/// Ends a person's sign-in in this app and nowhere else: at the provider and in
/// its other apps they stay signed in, and their tokens end by themselves.
///
/// # Errors
/// The sign-in store cannot be reached; the person is still signed in then.
pub async fn sign_out_locally(
    request: &HttpRequest,
    oidc: &web::Data<Oidc>,
    user: &User,
) -> Result<(), Refusal> {
    leave_here(request, oidc, user.live(), Grant::Kept).await
}

/// What becomes of the tokens at the provider.
enum Grant {
    Kept,
    Revoked,
}

async fn leave_here(
    request: &HttpRequest,
    oidc: &web::Data<Oidc>,
    live: &Arc<LiveSignIn>,
    grant: Grant,
) -> Result<(), Refusal> {
    let (its_oidc, live) = (oidc.clone(), Arc::clone(live));
    // All of it happens, or nothing, whether or not the browser waits.
    let ending = current::spawn(async move {
        its_oidc.sign_ins.end_by_key(live.key).await?;
        events::signed_out(&live.sign_in);
        if let Grant::Revoked = grant {
            // The person does not wait for it, and it has the time-out of all calls.
            current::spawn(async move { its_oidc.provider.revoke(&live.sign_in.tokens).await });
        }
        Ok::<_, StoreError>(())
    });
    ending
        .await
        .unwrap_or_else(|_| Err(StoreError("a sign-out was broken off".to_owned())))?;
    clear_browser(request, oidc);
    Ok(())
}

/// Leaves nothing of a person in the browser.
fn clear_browser(request: &HttpRequest, oidc: &Oidc) {
    current::send(oidc.cookies.clear(oidc.cookies.sign_in().to_owned()));
    request.get_session().purge();
    silent::try_no_more(oidc);
}

/// Ends a person's sign-in whatever they asked for: here, then their tokens,
/// then at the provider. The response takes the browser there.
///
/// # Errors
/// The sign-in store cannot be reached; the person is still signed in then.
pub async fn force_logout_and_revoke(
    request: &HttpRequest,
    oidc: &web::Data<Oidc>,
    user: &User,
) -> Result<HttpResponse, Refusal> {
    leave(request, oidc, user.live()).await
}

async fn leave(
    request: &HttpRequest,
    oidc: &web::Data<Oidc>,
    live: &Arc<LiveSignIn>,
) -> Result<HttpResponse, Refusal> {
    leave_here(request, oidc, live, Grant::Revoked).await?;
    at_provider(request, oidc, &live.sign_in).await
}

/// Takes the browser to the provider's sign-out, if there is any sense in it: a
/// browser that is sent to a provider in an outage shows a page of its own.
async fn at_provider(
    request: &HttpRequest,
    oidc: &Oidc,
    sign_in: &SignIn,
) -> Result<HttpResponse, Refusal> {
    let state = seal::random_text()?;
    let end_session = match oidc.provider.check().await {
        Ok(()) => oidc.provider.known().and_then(|provider| {
            let relying_party = oidc.provider.relying_party();
            provider.end_session(relying_party, &sign_in.tokens.id_token.expose(), &state)
        }),
        Err(_) => None,
    };
    match end_session {
        Some(EndSession::Redirect(url)) => Ok(see_other(url.as_str())),
        Some(EndSession::Form { action, fields }) => views::respond(&views::EndSession {
            frame: views::Frame::for_nobody(request)?,
            action: action.into(),
            fields,
        }),
        None => Ok(only_here(oidc)),
    }
}

/// Says that the provider does not know.
fn only_here(oidc: &Oidc) -> HttpResponse {
    let query = [("only", "here")];
    see_other(&oidc.path_with(oidc.settings.paths.logged_out, query))
}

/// What the signed-out page may be told.
#[derive(Deserialize)]
pub struct LoggedOutQuery {
    only: Option<String>,
}

/// GET: where the provider's sign-out returns to. It trusts nothing that comes
/// with the request: anybody may look at a page that says "signed out".
pub async fn logged_out(
    request: HttpRequest,
    query: web::Query<LoggedOutQuery>,
) -> Result<HttpResponse, Refusal> {
    let only_here = query.only.as_deref() == Some("here");
    views::respond(&views::LoggedOut {
        frame: views::Frame::for_nobody(&request)?,
        only_here,
    })
}
