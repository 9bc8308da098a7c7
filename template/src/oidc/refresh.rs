//! Access tokens that are good for use: renewed when they are near their end,
//! once for any number of requests that need them at the same time, on whichever
//! instance.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{
    Oidc,
    error::{Reason, Refusal},
    events::{self, Ending},
    guard::User,
    protocol::{CheckError, RefreshError},
    seal,
    sign_in::{LiveSignIn, SignIn, SignInId, Tokens, now},
    store::{Claim, Key, StoreError},
};
use crate::current;

/// How long before its end an access token is renewed, in seconds.
const NEAR_ITS_END: u64 = 30;

/// How often somebody who waits for another instance looks for its result.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// How often a request that waits for a renewal looks whether the store is there.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// How often a store that is away is asked again to keep renewed tokens.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// How long it is asked: an outage of the store is to cost nobody the sign-in.
const STORE_PATIENCE: Duration = Duration::from_secs(600);

const LANES: usize = 64;

/// Lanes in which renewals wait for one another; two people rarely share one.
pub struct Refreshing([Mutex<Lane>; LANES]);

/// The sign-ins of a lane whose last renewal failed, by key.
#[derive(Default)]
struct Lane(HashMap<Key, Failure>);

struct Failure {
    count: u32,
    try_again: Instant,
    cause: String,
}

/// How long a failure is remembered after the next try was due.
const FORGET_AFTER: Duration = Duration::from_secs(60);

impl Lane {
    /// Why a renewal failed a moment ago, if it is too soon for another try.
    fn too_soon(&self, key: &Key) -> Option<String> {
        let failure = self.0.get(key)?;
        (Instant::now() < failure.try_again).then(|| failure.cause.clone())
    }

    /// The provider may be in trouble, so it is asked less and less often:
    /// after 1, 2, 4 and at most 32 seconds.
    fn failed(&mut self, key: &Key, cause: &str) {
        let now = Instant::now();
        self.0
            .retain(|_, failure| now < failure.try_again + FORGET_AFTER);
        let failure = self.0.entry(*key).or_insert_with(|| Failure {
            count: 0,
            try_again: now,
            cause: String::new(),
        });
        failure.try_again = now + Duration::from_secs(1 << failure.count.min(5));
        failure.count += 1;
        cause.clone_into(&mut failure.cause);
    }

    fn succeeded(&mut self, key: &Key) {
        self.0.remove(key);
    }
}

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
    pub async fn with_usable_token(
        self: &Arc<Self>,
        user: &User,
    ) -> Result<Arc<LiveSignIn>, Refusal> {
        if !is_near_its_end(&user.live().sign_in) {
            return Ok(Arc::clone(user.live()));
        }
        let (oidc, live) = (Arc::clone(self), Arc::clone(user.live()));
        // It goes on if whoever asked stops waiting: a rotated refresh token
        // must not get lost on its way to the store.
        let mut renewal = current::spawn(async move { oidc.in_turn(&live).await });
        loop {
            match tokio::time::timeout(LOOK_AGAIN, &mut renewal).await {
                Ok(renewed) => {
                    let broken_off = |_| Reason::Internal("a renewal was broken off".to_owned());
                    return renewed.map_err(broken_off)?;
                }
                // While the store is away, the renewal has to wait; a person has not.
                Err(_) => self.sign_ins.store().check().await?,
            }
        }
    }

    /// Renews when nobody else does: one after the other in this process, and
    /// with a lease from the store among several. The lease ends by itself
    /// should its holder die.
    async fn in_turn(&self, seen: &LiveSignIn) -> Result<Arc<LiveSignIn>, Refusal> {
        let lane = usize::from(seen.key[0]) % LANES;
        let Some(lane) = self.refreshing.0.get(lane) else {
            return Err(Reason::Internal("no such lane".to_owned()).into());
        };
        let mut lane = lane.lock().await;
        if !self.sign_ins.store().is_shared() {
            return self.renew_unless_done(&seen.id, &mut lane).await;
        }
        let lease = seal::hash("renewal", &[&seen.key]);
        let holder = seal::random_bytes()?;
        while !self.lease(lease, holder).await? {
            let live = self.live(&seen.id).await?;
            // Good for use, if not for long.
            if !has_ended(&live.sign_in) {
                return Ok(live);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        let renewed = self.renew_unless_done(&seen.id, &mut lane).await;
        if let Err(error) = self.sign_ins.store().release(lease, holder).await {
            tracing::debug!(%error, "a lease was left to end by itself");
        }
        renewed
    }

    /// Longer than a renewal takes: finding the provider, the renewal itself and
    /// new keys.
    async fn lease(&self, name: Key, holder: Key) -> Result<bool, StoreError> {
        let timeout = self.provider.relying_party().timeout.as_secs();
        let now = now();
        let until = now.saturating_add(3 * timeout + 2);
        let claim = Claim {
            name,
            holder,
            now,
            until,
        };
        self.sign_ins.store().claim(claim).await
    }

    async fn live(&self, id: &SignInId) -> Result<Arc<LiveSignIn>, Refusal> {
        let live = self.sign_ins.find(id).await?;
        live.ok_or_else(|| Reason::SignedOut.into())
    }

    async fn renew_unless_done(
        &self,
        id: &SignInId,
        lane: &mut Lane,
    ) -> Result<Arc<LiveSignIn>, Refusal> {
        // Whoever had the turn before may have done the work.
        let live = self.live(id).await?;
        if !is_near_its_end(&live.sign_in) {
            return Ok(live);
        }
        if let Some(cause) = lane.too_soon(&live.key) {
            return without_renewal(live, cause);
        }
        match self.renew(&live).await {
            Ok(()) => {
                lane.succeeded(&live.key);
                self.live(id).await
            }
            Err(RefreshError::Passing(cause)) => {
                lane.failed(&live.key, &cause);
                without_renewal(live, cause)
            }
            Err(RefreshError::Over(cause)) => {
                // An instance whose lease had run out may have renewed after all.
                let now_live = self.live(id).await?;
                if !is_near_its_end(&now_live.sign_in) {
                    return Ok(now_live);
                }
                tracing::info!(cause, "a sign-in cannot be renewed");
                let SignIn {
                    issuer, subject, ..
                } = &live.sign_in;
                self.sign_ins.end_by_key(live.key).await?;
                events::revoked(issuer, Some(subject), Ending::RefreshRefused, 1);
                Err(Reason::RefreshRefused.into())
            }
        }
    }

    /// Gets and keeps new tokens. They are stored before anybody uses them: a
    /// rotated refresh token exists only here.
    async fn renew(&self, live: &LiveSignIn) -> Result<(), RefreshError> {
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
            .refresh(&refresh_token.expose(), self.provider.http())
            .await?;
        let renewed = self.provider.checked(&provider, async |provider| {
            provider.renewed(&unchecked, &live.sign_in, relying_party)
        });
        match renewed.await {
            Ok(tokens) => self.keep(live, tokens).await,
            Err(CheckError::UnknownKey(reason)) => {
                if let Some(tokens) = unchecked.rotated(&live.sign_in.tokens) {
                    self.keep(live, tokens).await?;
                }
                Err(Passing(reason.to_string()))
            }
            Err(CheckError::Refused(reason)) => {
                let person = live.sign_in.person_tag();
                events::token_refused(&live.sign_in.issuer, Some(&person), &reason);
                Err(Over(reason.to_string()))
            }
        }
    }

    /// Stores new tokens, and gives them back if the person has signed out
    /// meanwhile: nobody is to use what was just issued.
    async fn keep(&self, live: &LiveSignIn, tokens: Tokens) -> Result<(), RefreshError> {
        let renewed = SignIn {
            tokens,
            ..live.sign_in.clone()
        };
        let kept = self.store(live, &renewed).await;
        let kept = kept.map_err(|error| RefreshError::Passing(error.to_string()))?;
        if !kept && matches!(self.sign_ins.find(&live.id).await, Ok(None)) {
            self.provider.revoke(&renewed.tokens).await;
        }
        Ok(())
    }

    /// The provider has forgotten the old refresh token, so a store that is away
    /// is asked again.
    async fn store(&self, live: &LiveSignIn, renewed: &SignIn) -> Result<bool, StoreError> {
        match self.sign_ins.renew(live, renewed).await {
            Err(error) => tracing::warn!(%error, "renewed tokens are not stored yet"),
            kept => return kept,
        }
        let began = Instant::now();
        loop {
            tokio::time::sleep(STORE_PAUSE).await;
            match self.sign_ins.renew(live, renewed).await {
                Err(_) if began.elapsed() < STORE_PATIENCE => {}
                kept => return kept,
            }
        }
    }
}

/// The access token there is serves for as long as it lives.
fn without_renewal(live: Arc<LiveSignIn>, cause: String) -> Result<Arc<LiveSignIn>, Refusal> {
    if has_ended(&live.sign_in) {
        return Err(Reason::ProviderUnavailable(cause).into());
    }
    tracing::debug!(cause, "going on with an access token near its end");
    Ok(live)
}

fn is_near_its_end(sign_in: &SignIn) -> bool {
    now().saturating_add(NEAR_ITS_END) >= sign_in.tokens.access_token_expires_at
}

fn has_ended(sign_in: &SignIn) -> bool {
    now() >= sign_in.tokens.access_token_expires_at
}
