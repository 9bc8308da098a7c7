//! Access tokens that are good for use: renewed when they are near their end,
//! once for any number of requests that need them at the same time.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{
    Oidc,
    error::{Reason, Refusal},
    guard::User,
    protocol::{CheckError, RefreshError},
    sign_in::{LiveSignIn, SignIn, now},
};

/// How long before its end an access token is renewed, in seconds.
const NEAR_ITS_END: u64 = 30;

const LANES: usize = 64;

/// Lanes in which renewals wait for one another; two people rarely share one.
pub struct Refreshing([Mutex<()>; LANES]);

impl Default for Refreshing {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Oidc {
    /// The person's sign-in with an access token that is good for use.
    ///
    /// # Errors
    /// The access token has ended and cannot be renewed: either the provider
    /// says that the sign-in is over, and then it is over here too, or the
    /// provider cannot be reached.
    pub async fn with_usable_token(&self, user: &User) -> Result<Arc<LiveSignIn>, Refusal> {
        if !is_near_its_end(&user.live().sign_in) {
            return Ok(Arc::clone(user.live()));
        }
        let lane = user.live().lane() % LANES;
        let Some(lane) = self.refreshing.0.get(lane) else {
            return Err(Reason::Internal("no such lane".to_owned()).into());
        };
        let _turn = lane.lock().await;
        // Whoever had the turn before may have done the work.
        let Some(live) = self.sign_ins.find(user.id()).await? else {
            return Err(Reason::SignedOut.into());
        };
        if !is_near_its_end(&live.sign_in) {
            return Ok(live);
        }
        match self.renew(user, &live).await {
            Ok(()) => self
                .sign_ins
                .find(user.id())
                .await?
                .ok_or_else(|| Reason::SignedOut.into()),
            Err(RefreshError::Passing(cause)) if has_ended(&live.sign_in) => {
                Err(Reason::ProviderUnavailable(cause).into())
            }
            Err(RefreshError::Passing(cause)) => {
                tracing::debug!(cause, "going on with an access token near its end");
                Ok(live)
            }
            Err(RefreshError::Over(cause)) => {
                // Another instance may have renewed first; then its token counts.
                if let Some(now_live) = self.sign_ins.find(user.id()).await?
                    && !is_near_its_end(&now_live.sign_in)
                {
                    return Ok(now_live);
                }
                tracing::info!(cause, "a sign-in is over");
                self.sign_ins.end(user.id()).await?;
                Err(Reason::RefreshRefused.into())
            }
        }
    }

    /// Gets and keeps new tokens. They are stored before anybody uses them: a
    /// rotated refresh token exists only here.
    async fn renew(&self, user: &User, live: &LiveSignIn) -> Result<(), RefreshError> {
        use RefreshError::{Over, Passing};
        let Some(refresh_token) = &live.sign_in.tokens.refresh_token else {
            let cause = "there is no refresh token".to_owned();
            return Err(if has_ended(&live.sign_in) {
                Over(cause)
            } else {
                Passing(cause)
            });
        };
        let passing = |reason: Reason| Passing(reason.to_string());
        let provider = self.provider.discovered().await.map_err(passing)?;
        let relying_party = self.provider.relying_party();
        let unchecked = provider
            .refresh(refresh_token, self.provider.http())
            .await?;
        let renewed = match provider.renewed(&unchecked, &live.sign_in, relying_party) {
            Err(CheckError::UnknownKey) => match self.provider.with_fresh_keys(&provider).await {
                Some(fresh) => fresh.renewed(&unchecked, &live.sign_in, relying_party),
                None => Err(CheckError::UnknownKey),
            },
            other => other,
        };
        let tokens = renewed.map_err(|error| Over(error.to_string()))?;
        let renewed = SignIn {
            tokens,
            ..live.sign_in.clone()
        };
        self.sign_ins
            .renew(user.id(), live, &renewed)
            .await
            .map(|_| ())
            .map_err(|error| Passing(error.to_string()))
    }
}

fn is_near_its_end(sign_in: &SignIn) -> bool {
    now().saturating_add(NEAR_ITS_END) >= sign_in.tokens.access_token_expires_at
}

fn has_ended(sign_in: &SignIn) -> bool {
    now() >= sign_in.tokens.access_token_expires_at
}
