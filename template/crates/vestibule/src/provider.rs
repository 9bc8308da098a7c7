//! A provider as the running app sees it: discovered once it is up, last known
//! while it is down, its keys read again when they change.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::sync::Mutex;
use url::Url;

use crate::{
    claims::Claims,
    error::ErrorKind,
    hooks::AnyHooks,
    limit::LoginLimit,
    protocol::{
        ApiToken, Authenticated, CheckError, Code, Discovered, Expected, Http, HttpError, Issuers,
        ProtocolError, ProviderSettings, RelyingParty, TokenFor, UserInfoError,
        causes::KEYS_READ_BEFORE,
    },
    request_state,
    session::UserSession,
    settings::NamedProvider,
    token::Tokens,
};

/// How soon a failed discovery is retried.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// How long a check whether it answers may take: someone is waiting.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often metadata and keys are read again while all is well.
const REFRESH_EVERY: Duration = Duration::from_secs(3600);
/// How often an unknown key may make the app read the provider's keys again: tokens
/// with made-up key ids must not cause a flood of requests.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_secs(10);
/// How often they may be read in that time for all strangers together. One alone gets a
/// single reading, so that the provider's own notices find one left.
const READINGS_FOR_STRANGERS: u64 = 8;

/// Where something signed comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The provider returned it to a call of this app.
    Provider,
    /// Anyone may have sent it, from this address if that is known.
    Anyone(Option<IpAddr>),
}

impl Source {
    /// The error where a key is unknown, and the keys may not be read again so soon.
    fn undecided(self, unknown: ProtocolError) -> CheckError {
        CheckError::UnknownKey(match self {
            Self::Provider => unknown,
            Self::Anyone(_) => ProtocolError::ProviderUnavailable(KEYS_READ_BEFORE.to_owned()),
        })
    }
}

/// When the keys were last read again, and why that failed.
type KeysRead = Mutex<Option<(Instant, Result<(), String>)>>;

/// What to try for a signature that no known key made.
enum Keys {
    /// Keys that the provider has just returned.
    Fresh(Arc<Discovered>),
    /// Keys that another request read in the meantime.
    Newer(Arc<Discovered>),
    /// Nothing: the keys were read a moment ago for the same source.
    ReadBefore,
}

/// A provider and what is known about it.
pub struct Provider {
    settings: NamedProvider,
    registration: ProviderSettings,
    issuers: Issuers,
    http: Http,
    hooks: Arc<dyn AnyHooks>,
    origin: String,
    known: RwLock<Option<Arc<Discovered>>>,
    last_failure: Mutex<Option<(Instant, String)>>,
    keys_read: KeysRead,
    keys_read_for_strangers: KeysRead,
    readings_for_stranger: LoginLimit,
    readings_for_strangers: LoginLimit,
    checked: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Provider {
    /// A provider about which nothing is known yet. This makes no call.
    ///
    /// # Errors
    /// The HTTP client cannot be made from the settings.
    pub fn new(
        settings: NamedProvider,
        registration: ProviderSettings,
        hooks: Arc<dyn AnyHooks>,
    ) -> Result<Self, HttpError> {
        let http = Http::new(&registration, &settings.relying_party)?;
        let origin = Url::parse(&registration.issuer).map_or_else(
            |_| String::new(),
            |issuer| issuer.origin().ascii_serialization(),
        );
        Ok(Self {
            origin,
            settings,
            issuers: registration.issuers(),
            registration,
            http,
            hooks,
            known: RwLock::default(),
            last_failure: Mutex::default(),
            keys_read: Mutex::default(),
            keys_read_for_strangers: Mutex::default(),
            readings_for_stranger: LoginLimit::within(1, KEYS_AT_MOST_EVERY),
            readings_for_strangers: LoginLimit::within(READINGS_FOR_STRANGERS, KEYS_AT_MOST_EVERY),
            checked: Mutex::default(),
        })
    }

    /// The app's own name for the provider, stored in transactions and user
    /// sessions.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Its settings.
    pub fn settings(&self) -> &NamedProvider {
        &self.settings
    }

    /// Whether a session was begun here. It has to be the same client of the same issuer: see
    /// [`Registration`](crate::session::Registration).
    pub fn began(&self, session: &UserSession) -> bool {
        self.issuers.include(&session.issuer) && session.client_id == self.client_id()
    }

    /// The configured issuer.
    pub fn issuer(&self) -> &str {
        &self.registration.issuer
    }

    /// Who may have issued what comes from the provider.
    pub fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// The client id of this app at the provider.
    pub fn client_id(&self) -> &str {
        &self.registration.client_id
    }

    /// How this app behaves as the provider's client.
    pub fn relying_party(&self) -> &RelyingParty {
        &self.settings.relying_party
    }

    /// The client for calls to the provider.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The issuer's origin.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What is known about the provider, without asking it.
    pub fn known(&self) -> Option<Arc<Discovered>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Looks at what is known about the provider without cloning it.
    pub fn look<T>(&self, look: impl FnOnce(Option<&Arc<Discovered>>) -> T) -> T {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        look(known.as_ref())
    }

    /// What is known about the provider; asks it if that is nothing.
    ///
    /// # Errors
    /// It is unreachable or unusable; it is not asked again for a moment after
    /// that.
    pub async fn discovered(&self) -> Result<Arc<Discovered>, ProtocolError> {
        match self.known() {
            Some(known) => Ok(known),
            None => self.discover().await,
        }
    }

    async fn discover(&self) -> Result<Arc<Discovered>, ProtocolError> {
        let mut last_failure = self.last_failure.lock().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        if let Some((when, cause)) = &*last_failure
            && when.elapsed() < RETRY_AFTER
        {
            return Err(ProtocolError::ProviderUnavailable(cause.clone()));
        }
        match Discovered::read(&self.registration, self.relying_party(), &self.http).await {
            Ok(found) => {
                if last_failure.take().is_some() {
                    tracing::info!(issuer = self.issuer(), "the provider can be used again");
                }
                self.hooks.on_ready(self.issuer());
                Ok(self.remember(found))
            }
            Err(error) => {
                if last_failure
                    .as_ref()
                    .is_none_or(|(_, cause)| *cause != error.0)
                {
                    let hint = ErrorKind::ProviderUnavailable(error.0.clone()).hint();
                    tracing::warn!(
                        issuer = self.issuer(),
                        cause = error.0,
                        hint,
                        "the provider cannot be used"
                    );
                    self.hooks.on_provider_error(self.issuer(), &error.0);
                }
                *last_failure = Some((Instant::now(), error.0.clone()));
                Err(ProtocolError::ProviderUnavailable(error.0))
            }
        }
    }

    fn remember(&self, found: Discovered) -> Arc<Discovered> {
        let found = Arc::new(found);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&found));
        found
    }

    /// Checks something that the provider signed. If no known key matches, the keys
    /// are read again and the check is repeated (OIDC Core 10.1.1). How often they
    /// are is limited for each source: made-up key ids from strangers must not keep
    /// new keys from sign-ins, nor from notices that come from other addresses.
    ///
    /// # Errors
    /// Why the check failed. [`CheckError::UnknownKey`]: undecided, as the
    /// provider's keys cannot be read, or not again so soon.
    pub async fn checked<T>(
        self: &Arc<Self>,
        provider: &Arc<Discovered>,
        source: Source,
        check: impl AsyncFn(&Discovered) -> Result<T, CheckError>,
    ) -> Result<T, CheckError> {
        let mut provider = Arc::clone(provider);
        loop {
            let unknown = match check(&provider).await {
                Err(CheckError::UnknownKey(error)) => error,
                checked => return checked,
            };
            let (this, stale) = (Arc::clone(self), Arc::clone(&provider));
            // Continues if the caller stops waiting: otherwise cancelled requests
            // could keep new keys from everyone.
            let reading =
                request_state::spawn(async move { this.other_keys(&stale, source).await });
            match reading.await.unwrap_or(Ok(Keys::ReadBefore)) {
                Ok(Keys::Fresh(fresh)) => {
                    let refused = |error: CheckError| CheckError::Refused(error.into_error());
                    return check(&fresh).await.map_err(refused);
                }
                Ok(Keys::Newer(newer)) => provider = newer,
                Ok(Keys::ReadBefore) => return Err(source.undecided(unknown)),
                Err(error) => return Err(CheckError::UnknownKey(error)),
            }
        }
    }

    /// Keys other than the `stale` ones, which did not match.
    async fn other_keys(
        &self,
        stale: &Arc<Discovered>,
        source: Source,
    ) -> Result<Keys, ProtocolError> {
        let keys_read = match source {
            Source::Provider => &self.keys_read,
            Source::Anyone(_) => &self.keys_read_for_strangers,
        };
        let mut keys_read = keys_read.lock().await;
        let known = self.discovered().await?;
        if !Arc::ptr_eq(&known, stale) {
            return Ok(Keys::Newer(known));
        }
        if let Some((when, read)) = &*keys_read
            && when.elapsed() < KEYS_AT_MOST_EVERY
        {
            match (read, source) {
                (Err(cause), _) => return Err(ProtocolError::ProviderUnavailable(cause.clone())),
                (Ok(()), Source::Provider) => return Ok(Keys::ReadBefore),
                (Ok(()), Source::Anyone(_)) => {}
            }
        }
        if let Source::Anyone(address) = source
            && !self.admits_reading_for(address)
        {
            return Ok(Keys::ReadBefore);
        }
        let fresh = known
            .with_fresh_keys(&self.registration, self.relying_party(), &self.http)
            .await;
        match fresh {
            Ok(fresh) => {
                *keys_read = Some((Instant::now(), Ok(())));
                Ok(Keys::Fresh(self.remember(fresh)))
            }
            Err(error) => {
                tracing::warn!(
                    issuer = self.issuer(),
                    cause = error.0,
                    "the provider's keys cannot be read"
                );
                *keys_read = Some((Instant::now(), Err(error.0.clone())));
                Err(ProtocolError::ProviderUnavailable(error.0))
            }
        }
    }

    /// Whether the keys may be read again for a stranger. Behind a proxy that is not
    /// trusted, and over sockets without addresses, all strangers are one.
    fn admits_reading_for(&self, address: Option<IpAddr>) -> bool {
        let everyone = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let now = Instant::now();
        self.readings_for_strangers.has_room(everyone, now)
            && self
                .readings_for_stranger
                .admits(address.unwrap_or(everyone), now)
            && self.readings_for_strangers.admits(everyone, now)
    }

    /// Whether the provider answers at the moment. It is asked at most every two
    /// seconds.
    ///
    /// # Errors
    /// Why it does not. What is known about it stays in use.
    pub async fn check(&self) -> Result<(), ProtocolError> {
        self.discovered().await?;
        let mut checked = self.checked.lock().await;
        if let Some((when, result)) = &*checked
            && when.elapsed() < RETRY_AFTER
        {
            return result.clone().map_err(ProtocolError::ProviderUnavailable);
        }
        let result = self.probe().await;
        let former = checked.replace((Instant::now(), result.clone()));
        self.tell_change(former.map(|(_, former)| former), &result);
        result.map_err(ProtocolError::ProviderUnavailable)
    }

    async fn probe(&self) -> Result<(), String> {
        let metadata = self.registration.metadata_location();
        let patience = PATIENCE.min(self.relying_party().timeout);
        let answer = self.http.probe(&metadata, patience).await;
        answer.map_err(|error| error.0)
    }

    fn tell_change(&self, former: Option<Result<(), String>>, now: &Result<(), String>) {
        let issuer = self.issuer();
        match (former, now) {
            (Some(Err(_)), Ok(())) => {
                tracing::info!(issuer, "the provider answers again");
                self.hooks.on_ready(issuer);
            }
            (None | Some(Ok(())), Err(cause)) => {
                tracing::warn!(
                    issuer,
                    cause,
                    "the provider does not answer; continuing with what is known about it"
                );
                self.hooks.on_provider_error(issuer, cause);
            }
            _ => {}
        }
    }

    /// Exchanges a code for an authenticated person.
    ///
    /// # Errors
    /// The provider is unreachable, or its response fails a check.
    pub async fn authenticate(
        self: &Arc<Self>,
        code: Code,
        expected: Expected<'_>,
    ) -> Result<Authenticated, ProtocolError> {
        let provider = self.discovered().await?;
        let unchecked = provider.exchange(code, expected, &self.http).await?;
        self.checked(&provider, Source::Provider, async |provider| {
            provider
                .authenticate(&unchecked, expected, self.relying_party(), &self.http)
                .await
        })
        .await
        .map_err(CheckError::into_error)
    }

    /// Asks the userinfo endpoint for a signed-in person (OIDC Core 5.3).
    ///
    /// # Errors
    /// There is no such endpoint, it cannot be used, or its response fails a check.
    pub async fn claims_of(
        self: &Arc<Self>,
        session: &UserSession,
    ) -> Result<Claims, ProtocolError> {
        let provider = self.discovered().await?;
        let access_token = session.tokens.access_token.expose();
        self.checked(&provider, Source::Provider, async |provider| {
            provider
                .user_info(
                    &access_token,
                    &session.subject,
                    self.relying_party(),
                    &self.http,
                )
                .await
                .map_err(|error| match error {
                    UserInfoError::NoEndpoint => ProtocolError::NoUserInfo.into(),
                    UserInfoError::Unavailable(cause) => {
                        ProtocolError::ProviderUnavailable(cause).into()
                    }
                    UserInfoError::Check(error) => error,
                })
        })
        .await
        .map_err(CheckError::into_error)
    }

    /// A token of the person's for another API (RFC 8693).
    ///
    /// # Errors
    /// The provider cannot be reached, or refuses it.
    pub async fn exchange_token(
        &self,
        tokens: &Tokens,
        wanted: &TokenFor,
    ) -> Result<ApiToken, ProtocolError> {
        let provider = self.discovered().await?;
        let access_token = tokens.access_token.expose();
        let exchanged = provider.exchange_token(access_token, wanted, &self.http);
        exchanged.await.map_err(|error| {
            let cause = format!("no token for another API: {}", error.0);
            ProtocolError::ProviderUnavailable(cause)
        })
    }

    /// Revokes a person's tokens (RFC 7009), if the provider supports it and is up;
    /// they expire anyway.
    pub async fn revoke(&self, tokens: &Tokens) {
        let Some(provider) = self.known() else { return };
        if let Err(error) = provider.revoke(tokens, &self.http).await {
            tracing::warn!(issuer = self.issuer(), %error, "tokens could not be revoked");
        }
    }

    /// Looks for the provider until it is found, then refreshes what is known now
    /// and then.
    pub async fn watch(&self) {
        loop {
            if self.discovered().await.is_err() {
                tokio::time::sleep(RETRY_AFTER).await;
                continue;
            }
            tokio::time::sleep(REFRESH_EVERY).await;
            self.look_again().await;
        }
    }

    /// Reads metadata and keys again. If that fails, what is known stays in use.
    pub async fn look_again(&self) {
        match Discovered::read(&self.registration, self.relying_party(), &self.http).await {
            Ok(found) => {
                self.remember(found);
            }
            Err(error) => tracing::warn!(
                issuer = self.issuer(),
                cause = error.0,
                "the provider's metadata cannot be read again; continuing with what is known"
            ),
        }
    }
}
