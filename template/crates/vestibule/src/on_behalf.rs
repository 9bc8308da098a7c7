//! Acting for a person after the response: what background jobs work with.

use std::{fmt, sync::Arc};

use tokio::{runtime::Handle, sync::oneshot, task::LocalSet};

use crate::{
    error::{Error, ErrorKind},
    oidc::Oidc,
    protocol::{ApiToken, TokenFor},
    secret::Secret,
    session::{LiveSession, UserSession},
    user::User,
};

impl Oidc {
    /// The person, for work that goes on after the response, such as a background job.
    pub fn on_behalf_of<C>(&self, user: &User<C>) -> OnBehalf {
        OnBehalf {
            oidc: self.clone(),
            live: Arc::clone(user.live()),
        }
    }
}

/// A person for whom the app acts after the response, with tokens that are refreshed when
/// they have to be. Unlike a [`User`] it can be sent to another thread or task.
///
/// The app acts for as long as the person's session goes on: once it has ended, however
/// that happened, there are no tokens any more. What is done here is no visit of the
/// person, so it doesn't keep the session from ending because it is idle.
///
/// ```
/// use actix_web::{HttpResponse, web::Data};
/// use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
/// use vestibule::{Oidc, OnBehalf, User};
///
/// async fn export(oidc: Oidc, user: User, jobs: Data<UnboundedSender<OnBehalf>>) -> HttpResponse {
///     match jobs.send(oidc.on_behalf_of(&user)) {
///         Ok(()) => HttpResponse::Accepted().finish(),
///         Err(_) => HttpResponse::ServiceUnavailable().finish(),
///     }
/// }
///
/// /// The job, for one person after the other.
/// async fn run(mut people: UnboundedReceiver<OnBehalf>) {
///     while let Some(person) = people.recv().await {
///         // Before each call: the first token may have expired meanwhile.
///         match person.access_token().await {
///             Ok(token) => call_the_api(token.expose()).await,
///             Err(error) => tracing::warn!(%error, "an export has ended early"),
///         }
///     }
/// }
/// # async fn call_the_api(token: &str) {}
/// ```
#[derive(Clone)]
pub struct OnBehalf {
    oidc: Oidc,
    /// As it was when the person asked.
    live: Arc<LiveSession>,
}

impl OnBehalf {
    /// The person's access token, refreshed first if it is about to expire.
    ///
    /// # Errors
    /// The session has ended, or as for [`Oidc::access_token`].
    pub async fn access_token(&self) -> Result<Secret, Error> {
        let live = self.with_usable_token().await?;
        Ok(Secret::new(live.session.tokens.access_token.expose()))
    }

    /// A token of the person's for another API.
    ///
    /// # Errors
    /// The session has ended, or as for [`Oidc::token_for`].
    pub async fn token_for(&self, wanted: &TokenFor) -> Result<ApiToken, Error> {
        let live = self.with_usable_token().await?;
        let provider = self.oidc.provider_of(&live.session)?;
        Ok(provider
            .exchange_token(&live.session.tokens, wanted)
            .await?)
    }

    async fn with_usable_token(&self) -> Result<Arc<LiveSession>, Error> {
        let (oidc, id) = (self.oidc.clone(), self.live.id.clone());
        let (sender, receiver) = oneshot::channel();
        let runtime = Handle::current();
        // A refresh has tasks that stay on their thread, as requests do. A job may run where
        // there is no place for such tasks.
        tokio::task::spawn_blocking(move || {
            let tasks = LocalSet::new();
            let asking = tasks.run_until(async {
                let live = oidc.live(&id).await?;
                oidc.with_usable_token(&live).await
            });
            // Nobody listens if the job was ended.
            let _ = sender.send(runtime.block_on(asking));
            // A refresh goes on even so: a rotated refresh token must not get lost.
            runtime.block_on(tasks);
        });
        let interrupted = |_| ErrorKind::Internal("a refresh was interrupted".to_owned());
        receiver.await.map_err(interrupted)?
    }

    /// What the provider said about the person when the app began to act for them.
    pub fn session(&self) -> &UserSession {
        &self.live.session
    }
}

impl fmt::Debug for OnBehalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnBehalf").finish_non_exhaustive()
    }
}
