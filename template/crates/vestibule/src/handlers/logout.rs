//! Signing out: here first, then at the provider.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::{
    cookies,
    csrf::{Sender, SignOutForm},
    error::{Error, ErrorKind},
    events,
    oidc::Oidc,
    pages::{EndSessionPage, LoggedOutPage},
    probe::is_probe,
    protocol::EndSession,
    provider::Provider,
    redirect::see_other,
    request_state, seal,
    session::LiveSession,
    silent,
    store::StoreError,
    token::Tokens,
    user::User,
};

/// POST: ends the session and continues to the provider's sign-out (RP-Initiated
/// Logout 1.0).
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
        // The session has already ended, in another tab or from elsewhere, so this
        // browser still holds the person's data.
        Err(error)
            if matches!(error.kind, ErrorKind::SignedOut) && may_be_from_here(&request, &oidc) =>
        {
            clear_browser(&request, &oidc);
            Ok(only_here(&oidc))
        }
        Err(error) => Err(error),
    }
}

/// Whether a page of this app may have sent the form. One that is unnamed proves it
/// by our cookie, which browsers do not send along from other sites.
fn may_be_from_here(request: &HttpRequest, oidc: &Oidc) -> bool {
    match Sender::of(request, oidc) {
        Sender::Here | Sender::Unsaid => true,
        Sender::Unnamed => cookies::sent(request, oidc.cookies().user_session()).is_some(),
        Sender::Elsewhere => false,
    }
}

impl Oidc {
    /// A form with one button that signs the person out, as HTML for a page of the
    /// app. You can also write your own form: post the hidden field `csrf_token`,
    /// with the session's [`csrf_token`](crate::UserSession::csrf_token), to
    /// [`Paths::logout`](crate::Paths::logout).
    pub fn logout_form<C>(&self, user: &User<C>) -> String {
        LogoutForm {
            action: self.path(&self.paths().logout),
            csrf_token: user.session().csrf_token(),
        }
        .render()
        .unwrap_or_default()
    }

    /// Signs a person out of this app only. They stay signed in at the provider and
    /// in its other apps, and their tokens are not revoked.
    ///
    /// # Errors
    /// The session store is unreachable; the person is still signed in.
    pub async fn logout_locally<C>(
        &self,
        request: &HttpRequest,
        user: &User<C>,
    ) -> Result<(), Error> {
        leave_here(request, self, user.live(), Grant::Kept).await
    }

    /// Signs a person out of this app, revokes their tokens, and signs them out at
    /// the provider. Return the response: it takes the browser there.
    ///
    /// # Errors
    /// The session store is unreachable; the person is still signed in.
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

/// What happens to the tokens at the provider.
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
    // All or nothing, whether or not the browser waits.
    let ending = request_state::spawn(async move {
        its_oidc.sessions().end_by_key(live.key).await?;
        events::signed_out(&live.session);
        if let Grant::Revoked = grant {
            // The person does not wait for this; it has the usual timeout for
            // calls.
            request_state::spawn(async move {
                if let Ok(provider) = its_oidc.provider_of(&live.session) {
                    provider.revoke(&live.session.tokens).await;
                }
            });
        }
        Ok::<_, StoreError>(())
    });
    ending
        .await
        .unwrap_or_else(|_| Err(StoreError("a sign-out was interrupted".to_owned())))?;
    clear_browser(request, oidc);
    Ok(())
}

/// Leaves nothing of the person in the browser.
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
    let provider = oidc.provider_of(&live.session)?;
    let way = way_to_provider(request, oidc, provider, &live.session.tokens);
    Ok(way.await?.unwrap_or_else(|| only_here(oidc)))
}

/// Empties the app's own session, if this library keeps it.
pub(super) fn purge_app_session(request: &HttpRequest) {
    #[cfg(feature = "actix-session")]
    crate::app_session::purge(request);
    #[cfg(not(feature = "actix-session"))]
    let _ = request;
}

/// A response that leads to the provider's sign-out. `None`: it has none, or is
/// down and the browser would only show its own error.
pub(super) async fn way_to_provider(
    request: &HttpRequest,
    oidc: &Oidc,
    provider: &Provider,
    tokens: &Tokens,
) -> Result<Option<HttpResponse>, Error> {
    let state = seal::random_string()?;
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

/// Says that the provider was not told.
fn only_here(oidc: &Oidc) -> HttpResponse {
    let query = [("only", "here")];
    see_other(&oidc.path_with(&oidc.paths().logged_out, query))
}

/// The parameters of the signed-out page.
#[derive(Deserialize)]
pub(super) struct LoggedOutQuery {
    only: Option<String>,
}

/// GET: where the provider's sign-out returns to. It trusts nothing in the request
/// except what this app sealed: anyone may open a page that says "signed out".
pub(super) async fn logged_out(
    request: HttpRequest,
    oidc: Oidc,
    query: web::Query<LoggedOutQuery>,
) -> Result<HttpResponse, Error> {
    if !is_probe(&request)
        && let Some((deny, forget)) = oidc.denials().take(oidc.cookies(), &request)
    {
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
