//! How user sessions are started, found, refreshed and ended.

use std::{
    cmp::Reverse,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    LiveSession, Registration, SessionEnd, SessionId, UserSession,
    live::LiveSessions,
    record::{provider_session_key, subject_key},
    watch::Keeping,
};
use crate::{
    clock::now,
    seal::{RecordSealers, SealError},
    secret::Secret,
    store::{Key, ListedRow, Row, Store, StoreError},
};

/// All user sessions of the app.
pub struct UserSessions {
    store: Arc<dyn Store>,
    live: Arc<LiveSessions>,
    registrations: Vec<Registration>,
    sealers: RecordSealers,
    idle: u64,
    max: u64,
}

/// Whether to tell the store that a browser was seen, if it last heard so at
/// `last_seen`. Waiting in between saves the store many writes; it may make a
/// session end early, but never late.
pub(crate) fn is_visit_due(now: u64, last_seen: u64, idle: u64) -> bool {
    const LONGEST: u64 = 600;
    now.saturating_sub(last_seen) >= (idle / 12).clamp(1, LONGEST)
}

impl UserSessions {
    /// User sessions of these clients, kept in `store` and sealed with the app's
    /// secrets, with these idle and lifetime limits.
    ///
    /// # Errors
    /// The secrets cannot be used.
    pub fn new(
        store: Arc<dyn Store>,
        registrations: Vec<Registration>,
        secrets: &[Secret],
        idle: Duration,
        max: Duration,
    ) -> Result<Self, SealError> {
        Ok(Self {
            live: Arc::new(LiveSessions::new(store.is_shared())),
            store,
            registrations,
            sealers: RecordSealers::new(secrets, "user session")?,
            idle: idle.as_secs(),
            max: max.as_secs(),
        })
    }

    /// The store in which they are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// When a session that starts now will end, in Unix seconds.
    pub fn end_of_life(&self) -> u64 {
        now().saturating_add(self.max)
    }

    /// Stores a new session under a new id. The record is durable once this
    /// returns.
    pub async fn begin(&self, session: &UserSession) -> Result<SessionId, StoreError> {
        let id = SessionId::random()?;
        self.store.create(self.row(&id, session, 0)?).await?;
        Ok(id)
    }

    /// The session behind a browser's id, if it is known to be alive without asking
    /// the store.
    pub fn find_in_memory(&self, id: &SessionId) -> Option<Arc<LiveSession>> {
        if self.store.is_shared() {
            return None;
        }
        let live = self.live.get(id)?;
        let (now, last_seen) = (now(), live.last_seen());
        let is_settled = !self.has_ended(&live, now) && !is_visit_due(now, last_seen, self.idle);
        is_settled.then_some(live)
    }

    /// The session behind a browser's id, unless it has ended. This counts as a visit.
    pub async fn find(&self, id: &SessionId) -> Result<Option<Arc<LiveSession>>, StoreError> {
        let Some(live) = self.find_unvisited(id).await? else {
            return Ok(None);
        };
        let now = now();
        if is_visit_due(now, live.last_seen(), self.idle) {
            live.last_seen.store(now, Ordering::Relaxed);
            self.store.touch(live.key, now).await?;
        }
        Ok(Some(live))
    }

    /// The same, without a visit: the app looks, and not the person.
    pub async fn find_unvisited(
        &self,
        id: &SessionId,
    ) -> Result<Option<Arc<LiveSession>>, StoreError> {
        let now = now();
        let live = match self.live.get(id) {
            Some(known) if !self.store.is_shared() || self.is_current(&known, now).await? => known,
            _ => match self.load(id, now).await? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        if self.has_ended(&live, now) {
            self.end_by_key(live.key).await?;
            return Ok(None);
        }
        Ok(Some(live))
    }

    fn has_ended(&self, live: &LiveSession, now: u64) -> bool {
        now >= live.session.expires_at || self.is_idle(live.last_seen(), now)
    }

    fn is_idle(&self, last_seen: u64, now: u64) -> bool {
        now.saturating_sub(last_seen) >= self.idle
    }

    /// Whether an opened record still matches the store: each change raises the
    /// version.
    async fn is_current(&self, known: &LiveSession, now: u64) -> Result<bool, StoreError> {
        let Some(pulse) = self.store.pulse(known.key, now).await? else {
            self.live.forget(&known.key);
            return Ok(false);
        };
        known
            .last_seen
            .fetch_max(pulse.last_seen, Ordering::Relaxed);
        Ok(pulse.version == known.version)
    }

    async fn load(&self, id: &SessionId, now: u64) -> Result<Option<Arc<LiveSession>>, StoreError> {
        let key = id.key();
        let generation = self.live.generation(&key);
        let Some(row) = self.store.get(key, now).await? else {
            return Ok(None);
        };
        let Some(opened) = self.sealers.open(id.as_bytes(), &row.sealed, &key) else {
            tracing::warn!(
                "a user session cannot be opened, as the app's secret is another one or the record \
                 was changed; the person has to sign in again"
            );
            return Ok(None);
        };
        let Ok(mut session) = serde_json::from_slice::<UserSession>(&opened.plain) else {
            tracing::warn!("a user session cannot be read; the person has to sign in again");
            return Ok(None);
        };
        let Some(registration) = self.registrations.iter().find(|it| it.owns(&session)) else {
            tracing::warn!(
                "a user session belongs to another issuer or client; the person has to sign in \
                 again"
            );
            return Ok(None);
        };
        session.provider.clone_from(&registration.provider);
        // It may stay in memory for a long time.
        session.roles.shrink_to_fit();
        session.tokens.scopes.shrink_to_fit();
        let last_seen = AtomicU64::new(row.last_seen);
        let mut found = LiveSession {
            session,
            id: id.clone(),
            key,
            version: row.version,
            last_seen,
        };
        // Sealed anew, so that the old secret can go without signing the person out.
        if opened.is_of_old_secret {
            match self.renew(&found, &found.session).await {
                Ok(renewed) => found.version += u64::from(renewed),
                Err(error) => tracing::warn!(%error, "a user session was not sealed anew"),
            }
        }
        let found = Arc::new(found);
        self.live.put(&found, generation);
        Ok(Some(found))
    }

    /// Replaces the record in `seen`, unless another change came first or the
    /// session has ended: then it returns `false`, and nothing changes.
    pub async fn renew(
        &self,
        seen: &LiveSession,
        renewed: &UserSession,
    ) -> Result<bool, StoreError> {
        let mut row = self.row(&seen.id, renewed, seen.version.saturating_add(1))?;
        row.last_seen = seen.last_seen();
        let key = seen.key;
        self.change(|store, live| async move {
            let replaced = store.replace(row).await;
            live.forget(&key);
            replaced
        })
        .await
    }

    /// Resolves when the session ends, wherever that happens.
    pub(crate) fn ended(&self, live: &LiveSession) -> SessionEnd {
        let keeping = Keeping {
            store: Arc::clone(&self.store),
            idle: self.idle,
        };
        self.live.watches().join(live, keeping)
    }

    /// Ends all streams, as the server stops.
    pub(crate) fn end_streams(&self) {
        self.live.watches().end_all();
    }

    /// Whether they have been ended.
    pub(crate) fn streams_are_over(&self) -> bool {
        self.live.watches().are_over()
    }

    /// Ends one session; `false` if it had ended before.
    pub async fn end(&self, id: &SessionId) -> Result<bool, StoreError> {
        self.end_by_key(id.key()).await
    }

    pub(crate) async fn end_by_key(&self, key: Key) -> Result<bool, StoreError> {
        self.change(|store, live| async move {
            let ended = store.delete(key).await;
            live.forget(&key);
            ended
        })
        .await
    }

    /// Ends the user sessions that belong to one session at the provider, and
    /// returns how many there were (Back-Channel Logout 1.0, section 2.7).
    pub async fn end_provider_session(
        &self,
        issuer: &str,
        provider_session: &str,
    ) -> Result<usize, StoreError> {
        let key = |client_id| provider_session_key(issuer, client_id, provider_session);
        let keys: Vec<Key> = self.clients_at(issuer).map(key).collect();
        self.change(|store, live| async move {
            let mut count = 0;
            for key in keys {
                let ended = store.delete_by_provider_session(key).await?;
                count += live.forget_all(&ended);
            }
            Ok(count)
        })
        .await
    }

    /// Ends all user sessions of one person, and returns how many there were.
    pub async fn end_all_of(&self, issuer: &str, subject: &str) -> Result<usize, StoreError> {
        let keys = self.subject_keys(issuer, subject);
        self.change(|store, live| async move {
            let mut count = 0;
            for key in keys {
                let ended = store.delete_by_subject(key).await?;
                count += live.forget_all(&ended);
            }
            Ok(count)
        })
        .await
    }

    /// Ends the user sessions of one person that name no session at the provider,
    /// and returns how many there were.
    pub async fn end_unattributed_of(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<usize, StoreError> {
        let keys = self.subject_keys(issuer, subject);
        self.change(|store, live| async move {
            let mut count = 0;
            for key in keys {
                let rows = store.list_by_subject(key, now()).await?;
                for row in rows.iter().filter(|row| row.provider_session.is_none()) {
                    let was_there = store.delete(row.key).await;
                    live.forget(&row.key);
                    count += usize::from(was_there?);
                }
            }
            Ok(count)
        })
        .await
    }

    /// Removes user sessions that have expired, and returns how many there were. It
    /// removes a few at a time, so that sign-ins in the meantime do not wait long.
    pub async fn purge(&self) -> Result<usize, StoreError> {
        const AT_ONCE: usize = 12;
        const PAUSE: Duration = Duration::from_millis(20);
        let mut count = 0;
        loop {
            let now = now();
            let idle_since = now.saturating_sub(self.idle);
            let ended = self
                .change(move |store, live| async move {
                    let ended = store.purge(now, idle_since, AT_ONCE).await?;
                    Ok(live.forget_all(&ended))
                })
                .await?;
            count += ended;
            if ended < AT_ONCE {
                return Ok(count);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The rows of one person that have not expired.
    pub(crate) async fn rows_of(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Vec<ListedRow>, StoreError> {
        let now = now();
        let mut rows = Vec::new();
        for key in self.subject_keys(issuer, subject) {
            rows.extend(self.store.list_by_subject(key, now).await?);
        }
        rows.retain(|row| !self.is_idle(row.last_seen, now));
        Ok(rows)
    }

    /// Ends the oldest sessions of a person who has more than `most`, and returns how
    /// many there were. The `newest` one stays, idle ones go first.
    pub async fn end_oldest_beyond(
        &self,
        most: u64,
        newest: &SessionId,
        session: &UserSession,
    ) -> Result<usize, StoreError> {
        let now = now();
        let subject = session.subject_key();
        let mut others = self.store.list_by_subject(subject, now).await?;
        let newest = newest.key();
        others.retain(|row| row.key != newest);
        others.sort_by_key(|row| {
            let is_in_use = !self.is_idle(row.last_seen, now);
            Reverse((is_in_use, row.created_at, row.last_seen))
        });
        let others_allowed = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
        let mut ended = 0;
        for row in others.into_iter().skip(others_allowed) {
            ended += usize::from(self.end_by_key(row.key).await?);
        }
        Ok(ended)
    }

    /// The app's client ids at an issuer.
    fn clients_at(&self, issuer: &str) -> impl Iterator<Item = &str> {
        let there = self
            .registrations
            .iter()
            .filter(move |it| it.issuers.include(issuer));
        there.map(|registration| &*registration.client_id)
    }

    /// Where the store has the sessions of a person.
    fn subject_keys(&self, issuer: &str, subject: &str) -> Vec<Key> {
        let clients = self.clients_at(issuer);
        clients
            .map(|client_id| subject_key(issuer, client_id, subject))
            .collect()
    }

    /// Changes records in the store, then in memory. Both happen even if the caller
    /// stops waiting, for example because a client hangs up: otherwise a deleted
    /// record would live on in memory.
    async fn change<T, F>(
        &self,
        change: impl FnOnce(Arc<dyn Store>, Arc<LiveSessions>) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        tokio::spawn(change(Arc::clone(&self.store), Arc::clone(&self.live)))
            .await
            .unwrap_or_else(|_| Err(StoreError("a change was interrupted".to_owned())))
    }

    fn row(&self, id: &SessionId, session: &UserSession, version: u64) -> Result<Row, StoreError> {
        let key = id.key();
        let plain = serde_json::to_vec(session).map_err(|error| {
            StoreError(format!("the user session cannot be serialised: {error}"))
        })?;
        let sealed = self.sealers.seal(id.as_bytes(), &plain, &key)?;
        let (issuer, client_id) = (&session.issuer, &session.client_id);
        Ok(Row {
            key,
            subject: session.subject_key(),
            provider_session: session
                .provider_session
                .as_ref()
                .map(|provider_session| provider_session_key(issuer, client_id, provider_session)),
            created_at: session.created_at,
            device: session.device.clone(),
            version,
            last_seen: now(),
            expires_at: session.expires_at,
            sealed,
        })
    }
}
