//! Signing out: here first, then at the provider.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::{
    csrf::{SignOutForm, is_cross_site},
    error::{Error, ErrorKind},
    events,
    oidc::Oidc,
    pages::{EndSessionPage, LoggedOutPage},
    protocol::EndSession,
    redirect::see_other,
    request_state, seal,
    session::LiveSession,
    silent,
    store::StoreError,
    token::Tokens,
    user::User,
};

/// POST: ends the session and goes on to the provider's own sign-out
/// (RP-Initiated Logout 1.0).
pub(super) async fn logout(
    request: HttpRequest,
    oidc: Oidc,
    form: Result<SignOutForm, Error>,
) -> Result<HttpResponse, Error> {
    match form {
        Ok(SignOutForm { live }) => {
            oidc.hooks().before_logout(&live.session, &request).await?;
            leave(&request, &oidc, &live).await
        }
        // It has ended before, perhaps in another tab, perhaps from afar: then
        // nothing of the person has left this browser yet.
        Err(error) if matches!(error.kind, ErrorKind::SignedOut) && !is_cross_site(&request) => {
            clear_browser(&request, &oidc);
            Ok(only_here(&oidc))
        }
        Err(error) => Err(error),
    }
}

impl Oidc {
    /// A form with one button that signs the person out, as HTML for a page of the
    /// app. A page may as well have a form of its own: it posts the hidden field
    /// `csrf_token`, the session's [`csrf_token`](crate::UserSession::csrf_token),
    /// to [`Paths::logout`](crate::Paths::logout).
    pub fn logout_form<C>(&self, user: &User<C>) -> String {
        LogoutForm {
            action: self.path(&self.paths().logout),
            csrf_token: user.session().csrf_token(),
        }
        .render()
        .unwrap_or_default()
    }

    /// Signs a person out of this app and nowhere else: at the provider and in its
    /// other apps they stay signed in, and their tokens end by themselves.
    ///
    /// # Errors
    /// The session store cannot be reached; the person is still signed in then.
    pub async fn logout_locally<C>(
        &self,
        request: &HttpRequest,
        user: &User<C>,
    ) -> Result<(), Error> {
        leave_here(request, self, user.live(), Grant::Kept).await
    }

    /// Signs a person out, whatever they asked for: here, then their tokens are
    /// revoked, then at the provider. The response takes the browser there.
    ///
    /// # Errors
    /// The session store cannot be reached; the person is still signed in then.
    pub async fn force_logout_and_revoke<C>(
        &self,
        request: &HttpRequest,
        user: &User<C>,
    ) -> Result<HttpResponse, Error> {
        leave(request, self, user.live()).await
    }
}

#[derive(Template)]
#[template(path = "logout_form.html")]
struct LogoutForm<'a> {
    action: String,
    csrf_token: &'a str,
}

/// What becomes of the tokens at the provider.
enum Grant {
    Kept,
    Revoked,
}

async fn leave_here(
    request: &HttpRequest,
    oidc: &Oidc,
    live: &Arc<LiveSession>,
    grant: Grant,
) -> Result<(), Error> {
    let (its_oidc, live) = (oidc.clone(), Arc::clone(live));
    // All of it happens, or nothing, whether or not the browser waits.
    let ending = request_state::spawn(async move {
        its_oidc.sessions().end_by_key(live.key).await?;
        events::signed_out(&live.session);
        if let Grant::Revoked = grant {
            // The person does not wait for it, and it has the time-out of all calls.
            request_state::spawn(
                async move { its_oidc.provider().revoke(&live.session.tokens).await },
            );
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
    let cookies = oidc.cookies();
    request_state::send(cookies.clear(cookies.user_session().to_owned()));
    purge_app_session(request);
    silent::try_no_more(oidc);
}

async fn leave(
    request: &HttpRequest,
    oidc: &Oidc,
    live: &Arc<LiveSession>,
) -> Result<HttpResponse, Error> {
    leave_here(request, oidc, live, Grant::Revoked).await?;
    at_provider(request, oidc, &live.session.tokens).await
}

/// Empties the app's own session, if this library keeps it.
pub(super) fn purge_app_session(request: &HttpRequest) {
    #[cfg(feature = "actix-session")]
    crate::app_session::purge(request);
    #[cfg(not(feature = "actix-session"))]
    let _ = request;
}

/// Takes the browser to the provider's sign-out, if there is any sense in it.
async fn at_provider(
    request: &HttpRequest,
    oidc: &Oidc,
    tokens: &Tokens,
) -> Result<HttpResponse, Error> {
    Ok(way_to_provider(request, oidc, tokens)
        .await?
        .unwrap_or_else(|| only_here(oidc)))
}

/// The way to the provider's sign-out. `None`: it has none, or is away, where a
/// browser would show a page of its own.
pub(super) async fn way_to_provider(
    request: &HttpRequest,
    oidc: &Oidc,
    tokens: &Tokens,
) -> Result<Option<HttpResponse>, Error> {
    let state = seal::random_string()?;
    let provider = oidc.provider();
    if provider.check().await.is_err() {
        return Ok(None);
    }
    let end_session = provider.known().and_then(|known| {
        known.end_session(provider.relying_party(), &tokens.id_token.expose(), &state)
    });
    Ok(match end_session {
        Some(EndSession::Redirect(url)) => Some(see_other(url.as_str())),
        Some(EndSession::Form { action, fields }) => {
            let (action, fields) = (&action, &*fields);
            let page = EndSessionPage { action, fields };
            Some(oidc.pages().end_session(request, page)?)
        }
        None => None,
    })
}

/// Says that the provider does not know.
fn only_here(oidc: &Oidc) -> HttpResponse {
    let query = [("only", "here")];
    see_other(&oidc.path_with(&oidc.paths().logged_out, query))
}

/// What the signed-out page may be told.
#[derive(Deserialize)]
pub(super) struct LoggedOutQuery {
    only: Option<String>,
}

/// GET: where the provider's sign-out returns to. It trusts nothing that comes
/// with the request but what this app has sealed: anybody may look at a page that
/// says "signed out".
pub(super) async fn logged_out(
    request: HttpRequest,
    oidc: Oidc,
    query: web::Query<LoggedOutQuery>,
) -> Result<HttpResponse, Error> {
    if let Some((deny, forget)) = oidc.denials().take(oidc.cookies(), &request) {
        request_state::send(forget);
        return Err(deny.into());
    }
    oidc.pages().logged_out(
        &request,
        LoggedOutPage {
            only_here: query.only.as_deref() == Some("here"),
            login_path: oidc.path(&oidc.paths().login),
            home_path: oidc.path("/"),
        },
    )
}
