//! Access tokens that are ready to use: refreshed shortly before they expire, once
//! for any number of concurrent requests on any number of instances.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    claims::Claims,
    clock::now,
    error::{Error, ErrorKind},
    events::{self, Ending},
    oidc::Oidc,
    protocol::{ApiToken, CheckError, Established, ProtocolError, RefreshError, TokenFor},
    provider::{Provider, Source},
    refresh_queues::RefreshTurn,
    request_state, seal,
    secret::Secret,
    session::{LiveSession, SessionId, UserSession},
    store::{Key, Lease, StoreError},
    token::Tokens,
    user::User,
};

/// How long before it expires an access token is refreshed, in seconds. One that
/// lives shortly is refreshed when half its life is over, not on every request.
const NEAR_ITS_END: u64 = 30;

/// How long a request with a token that is still valid waits for a new one.
const BRIEFLY: Duration = Duration::from_secs(1);

/// How often a request that waits for another instance checks for its result.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// How often a request that waits for a refresh checks that the store is up.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// How often to retry storing refreshed tokens while the store is down.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// How long to keep retrying: an outage of the store must not cost anyone their
/// session.
const STORE_PATIENCE: Duration = Duration::from_secs(600);

impl Oidc {
    /// The person's access token, refreshed first if it is about to expire. Use it
    /// to call other services on the person's behalf. A background job, which goes on
    /// after the response, asks [`on_behalf_of`](Self::on_behalf_of).
    ///
    /// # Errors
    /// The access token has expired and cannot be refreshed: either the provider
    /// has ended the session, and then it ends here too, or the provider is
    /// unreachable.
    pub async fn access_token<C>(&self, user: &User<C>) -> Result<Secret, Error> {
        let live = self.with_usable_token(user.live()).await?;
        Ok(Secret::new(live.session.tokens.access_token.expose()))
    }

    /// A token with which another API takes calls on the person's behalf, by token exchange
    /// (RFC 8693): the provider gives it for the person's access token, which is refreshed
    /// first if need be. Each call asks the provider, so keep the token for as long as it is
    /// valid, and with nobody else's.
    ///
    /// ```no_run
    /// use vestibule::{Error, Oidc, TokenFor, User};
    ///
    /// async fn orders(oidc: Oidc, user: User) -> Result<String, Error> {
    ///     let wanted = TokenFor::audience("orders").scope("orders.read");
    ///     let orders = oidc.token_for(&user, &wanted).await?;
    ///     Ok(ask_for_orders(orders.token.expose()).await)
    /// }
    /// # async fn ask_for_orders(_: &str) -> String { String::new() }
    /// ```
    ///
    /// # Errors
    /// As for [`access_token`](Self::access_token), or the provider refuses the exchange:
    /// many have to be told which app may call which API.
    pub async fn token_for<C>(&self, user: &User<C>, wanted: &TokenFor) -> Result<ApiToken, Error> {
        let live = self.with_usable_token(user.live()).await?;
        let provider = self.provider_of(&live.session)?;
        Ok(provider
            .exchange_token(&live.session.tokens, wanted)
            .await?)
    }

    /// What the provider's userinfo endpoint says about the person now (OIDC Core
    /// 5.3).
    ///
    /// # Errors
    /// See [`access_token`](Self::access_token); or there is no such endpoint, it
    /// cannot be used, or its response fails a check.
    pub async fn userinfo<C>(&self, user: &User<C>) -> Result<Claims, Error> {
        let live = self.with_usable_token(user.live()).await?;
        let provider = self.provider_of(&live.session)?;
        Ok(provider.claims_of(&live.session).await?)
    }

    /// The session with an access token that is valid, refreshed first if need be.
    /// No one waits longer than one call to the provider may take.
    pub(crate) async fn with_usable_token(
        &self,
        live: &Arc<LiveSession>,
    ) -> Result<Arc<LiveSession>, Error> {
        if !is_near_its_end(&live.session) {
            return Ok(Arc::clone(live));
        }
        if !has_ended(&live.session) && self.refresh_queues().is_under_way(&live.key) {
            return Ok(Arc::clone(live));
        }
        let (oidc, seen) = (self.clone(), Arc::clone(live));
        // Continues if the caller stops waiting: a rotated refresh token must not
        // get lost on its way to the store.
        let mut refreshing = request_state::spawn(async move { oidc.in_turn(&seen).await });
        let timeout = self.provider_of(&live.session)?.relying_party().timeout;
        let began = Instant::now();
        loop {
            let patience = if has_ended(&live.session) {
                timeout
            } else {
                BRIEFLY.min(timeout)
            };
            let left = patience.saturating_sub(began.elapsed());
            if left.is_zero() {
                let cause = format!("no new token within {} s", patience.as_secs());
                return without_refresh(Arc::clone(live), cause);
            }
            match tokio::time::timeout(left.min(LOOK_AGAIN), &mut refreshing).await {
                Ok(refreshed) => {
                    let interrupted =
                        |_| ErrorKind::Internal("a refresh was interrupted".to_owned());
                    return refreshed.map_err(interrupted)?;
                }
                // While the store is down the refresh has to wait, but people must
                // not.
                Err(_) => self.sessions().store().check().await?,
            }
        }
    }

    /// Refreshes one at a time: through the session's queue in this process, and with a lease
    /// in the store across instances. The lease expires by itself if its holder
    /// dies.
    async fn in_turn(&self, seen: &LiveSession) -> Result<Arc<LiveSession>, Error> {
        let mut turn = self.refresh_queues().turn(&seen.key).await;
        if !self.sessions().store().is_shared() {
            return self.refresh_unless_done(&seen.id, &mut turn).await;
        }
        let lease = seal::hash("renewal", &[&seen.key]);
        let holder = seal::random_bytes()?;
        let provider = self.provider_of(&seen.session)?;
        while !self.lease(lease, holder, provider).await? {
            let live = self.live(&seen.id).await?;
            // Still valid, if not for long.
            if !has_ended(&live.session) {
                return Ok(live);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        let refreshed = self.refresh_unless_done(&seen.id, &mut turn).await;
        if let Err(error) = self.sessions().store().release(lease, holder).await {
            tracing::debug!(%error, "a lease was left to expire");
        }
        refreshed
    }

    /// Longer than a refresh takes: discovery, the refresh itself, and new keys.
    async fn lease(&self, name: Key, holder: Key, at: &Provider) -> Result<bool, StoreError> {
        let timeout = at.relying_party().timeout.as_secs();
        let now = now();
        let until = now.saturating_add(3 * timeout + 2);
        let claim = Lease {
            name,
            holder,
            now,
            until,
        };
        self.sessions().store().acquire(claim).await
    }

    /// The session as it is now. The person's visit, if there is one, is counted already.
    pub(crate) async fn live(&self, id: &SessionId) -> Result<Arc<LiveSession>, Error> {
        let live = self.sessions().find_unvisited(id).await?;
        live.ok_or_else(|| ErrorKind::SignedOut.into())
    }

    async fn refresh_unless_done(
        &self,
        id: &SessionId,
        turn: &mut RefreshTurn,
    ) -> Result<Arc<LiveSession>, Error> {
        // The previous holder of the turn may already have refreshed.
        let live = self.live(id).await?;
        if !is_near_its_end(&live.session) {
            return Ok(live);
        }
        if let Some(cause) = turn.too_soon() {
            return without_refresh(live, cause);
        }
        match self.refresh(&live).await {
            Ok(()) => {
                turn.succeeded();
                self.live(id).await
            }
            Err(RefreshError::Passing(cause)) => {
                turn.failed(&cause);
                without_refresh(live, cause)
            }
            Err(RefreshError::Over(cause)) => {
                // An instance whose lease had expired may have refreshed after all.
                let now_live = self.live(id).await?;
                if !is_near_its_end(&now_live.session) {
                    return Ok(now_live);
                }
                tracing::info!(cause, "the tokens cannot be refreshed");
                let UserSession {
                    issuer, subject, ..
                } = &live.session;
                self.sessions().end_by_key(live.key).await?;
                events::revoked(issuer, Some(subject), Ending::RefreshRefused, 1);
                Err(ErrorKind::RefreshRefused.into())
            }
        }
    }

    /// Gets and stores new tokens. They are stored before anyone uses them: a
    /// rotated refresh token exists only here.
    async fn refresh(&self, live: &LiveSession) -> Result<(), RefreshError> {
        use RefreshError::{Over, Passing};
        let Some(refresh_token) = &live.session.tokens.refresh_token else {
            let cause = "there is no refresh token".to_owned();
            return Err(if has_ended(&live.session) {
                Over(cause)
            } else {
                Passing(cause)
            });
        };
        let passing = |error: ProtocolError| Passing(error.to_string());
        let at = self.provider_of(&live.session);
        let at = at.map_err(|kind| Over(kind.to_string()))?;
        let provider = at.discovered().await.map_err(passing)?;
        let relying_party = at.relying_party();
        let established = Established {
            issuer: &live.session.issuer,
            subject: &live.session.subject,
            authenticated_at: live.session.authenticated_at,
            tokens: &live.session.tokens,
        };
        let unchecked = provider.refresh(&refresh_token.expose(), at.http()).await?;
        if let Some(fault) = unchecked.fault() {
            // The former refresh token may be used up, whatever else is wrong.
            if let Some(tokens) = unchecked.rotated(&live.session.tokens) {
                self.keep(live, tokens).await?;
            }
            return Err(Passing(fault.to_owned()));
        }
        let refreshed = at.checked(&provider, Source::Provider, async |provider| {
            provider.renewed(&unchecked, established, relying_party)
        });
        match refreshed.await {
            Ok(tokens) => self.keep(live, tokens).await,
            Err(CheckError::UnknownKey(error)) => {
                if let Some(tokens) = unchecked.rotated(&live.session.tokens) {
                    self.keep(live, tokens).await?;
                }
                Err(Passing(error.to_string()))
            }
            Err(CheckError::Refused(error)) => {
                let person = live.session.person_tag();
                let kind = ErrorKind::from(error);
                events::token_refused(&live.session.issuer, Some(&person), &kind);
                Err(Over(kind.to_string()))
            }
        }
    }

    /// Stores new tokens, and revokes them if the person has signed out in the
    /// meantime.
    async fn keep(&self, live: &LiveSession, tokens: Tokens) -> Result<(), RefreshError> {
        let refreshed = UserSession {
            tokens,
            ..live.session.clone()
        };
        let kept = self.store(live, &refreshed).await;
        let kept = kept.map_err(|error| RefreshError::Passing(error.to_string()))?;
        if !kept
            && matches!(self.sessions().find_unvisited(&live.id).await, Ok(None))
            && let Ok(provider) = self.provider_of(&refreshed)
        {
            provider.revoke(&refreshed.tokens).await;
        }
        Ok(())
    }

    /// The provider has already invalidated the old refresh token, so storing is
    /// retried while the store is down.
    async fn store(&self, live: &LiveSession, refreshed: &UserSession) -> Result<bool, StoreError> {
        let error = match self.sessions().renew(live, refreshed).await {
            Err(error) => error,
            kept => return kept,
        };
        tracing::warn!(%error, "refreshed tokens are not stored yet");
        let stored = async {
            loop {
                tokio::time::sleep(STORE_PAUSE).await;
                if let Ok(kept) = self.sessions().renew(live, refreshed).await {
                    return kept;
                }
            }
        };
        let stored = tokio::time::timeout(STORE_PATIENCE, stored).await;
        stored.map_err(|_| error)
    }
}

/// Without a refresh, the current access token is used for as long as it is valid.
fn without_refresh(live: Arc<LiveSession>, cause: String) -> Result<Arc<LiveSession>, Error> {
    if has_ended(&live.session) {
        return Err(ErrorKind::ProviderUnavailable(cause).into());
    }
    tracing::debug!(
        cause,
        "continuing with an access token that is about to expire"
    );
    Ok(live)
}

fn is_near_its_end(session: &UserSession) -> bool {
    let tokens = &session.tokens;
    let margin = NEAR_ITS_END.min(tokens.access_token_life / 2);
    now().saturating_add(margin) >= tokens.access_token_expires_at
}

fn has_ended(session: &UserSession) -> bool {
    now() >= session.tokens.access_token_expires_at
}
