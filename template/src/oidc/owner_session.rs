//! Where actix-session keeps the owner's own data: in the sign-in store, sealed
//! like a sign-in record, under a random id that only the browser knows.
//!
//! Two requests at the same time change only what each of them changed, what was
//! emptied stays empty, and a new `SESSION_SECRET` disturbs nobody. A session
//! ends when it is idle for as long as a sign-in may be.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_session::{
    SessionExt as _, SessionStatus,
    storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError},
};
use actix_web::{HttpRequest, cookie::time};

use super::{
    seal::{self, Sealer},
    sign_in::{is_visit_due, now},
    store::{Key, Row, Store, StoreError},
};

/// The data as actix-session holds it: names, and values as JSON.
type State = HashMap<String, String>;

/// An entry beside the owner's: the data as it was when the request began, so
/// that `update` knows what the request has changed. Gone if all was cleared.
const AS_LOADED: &str = "vestibule.as_loaded";

/// What `AS_LOADED` holds if the store could not be asked. It is no JSON.
const NOT_LOADED: &str = "";

const PURPOSE: &str = "owner session";

/// How often a change is tried anew because somebody else was faster.
const TRIES: usize = 16;

/// A store for `actix_session::SessionMiddleware`.
pub struct OwnerSessions {
    store: Arc<dyn Store>,
    idle: u64,
    max: u64,
}

impl OwnerSessions {
    /// Sessions kept in `store`, with the given limits of idleness and life.
    pub fn new(store: Arc<dyn Store>, idle: Duration, max: Duration) -> Self {
        Self {
            store,
            idle: idle.as_secs(),
            max: max.as_secs(),
        }
    }

    /// The row behind an id and the data in it, unless it has ended.
    async fn find(&self, id: &Id) -> Result<Option<(Row, State)>, StoreError> {
        let now = now();
        let row = self.store.get(id.key(), now).await?;
        let live = row.filter(|row| now.saturating_sub(row.last_seen) < self.idle);
        Ok(live.and_then(|row| {
            let state = id.open(&row)?;
            Some((row, state))
        }))
    }

    async fn create(&self, state: &State) -> Result<Id, StoreError> {
        let id = Id(seal::random_bytes()?);
        let now = now();
        let row = Row {
            key: id.key(),
            // Nobody's: it is found by its own key only.
            subject: id.key(),
            provider_session: None,
            created_at: now,
            device: String::new(),
            version: 0,
            last_seen: now,
            expires_at: now.saturating_add(self.max),
            sealed: id.seal(state)?,
        };
        self.store.create(row).await?;
        Ok(id)
    }

    /// Does to what is stored now what the request did to what it had loaded.
    async fn change(&self, id: &Id, mut state: State) -> Result<(), StoreError> {
        let loaded = match state.remove(AS_LOADED) {
            Some(loaded) => Some(
                serde_json::from_str(&loaded)
                    .map_err(|_| StoreError("the session could not be loaded".to_owned()))?,
            ),
            None => None,
        };
        for _ in 0..TRIES {
            let Some((row, stored)) = self.find(id).await? else {
                // Emptied by signing in or out: a slow request brings nothing back.
                return Ok(());
            };
            let merged = match &loaded {
                Some(loaded) => merge(stored, loaded, &state),
                None => state.clone(),
            };
            let next = Row {
                version: row.version.saturating_add(1),
                last_seen: now(),
                sealed: id.seal(&merged)?,
                ..row
            };
            if self.store.replace(next).await? {
                return Ok(());
            }
        }
        Err(StoreError(
            "too many requests change one session".to_owned(),
        ))
    }
}

fn merge(mut stored: State, loaded: &State, state: &State) -> State {
    stored.retain(|name, _| state.contains_key(name) || !loaded.contains_key(name));
    let changed = state
        .iter()
        .filter(|(name, value)| loaded.get(*name) != Some(value));
    stored.extend(changed.map(|(name, value)| (name.clone(), value.clone())));
    stored
}

/// Marks the session as changed if its data are: `Session::update` forgets to.
pub fn notice_changes(request: &HttpRequest) {
    let session = request.get_session();
    if session.status() != SessionStatus::Unchanged {
        return;
    }
    let differs = {
        let entries = session.entries();
        let loaded = entries.get(AS_LOADED);
        loaded
            .and_then(|loaded| serde_json::from_str::<State>(loaded).ok())
            .is_some_and(|loaded| loaded.iter().any(|(k, v)| entries.get(k) != Some(v)))
    };
    if differs {
        // Removing marks, whether or not there is something to remove.
        session.remove("");
    }
}

impl SessionStore for OwnerSessions {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        let Some(id) = Id::parse(session_key) else {
            return Ok(None);
        };
        let (row, mut state) = match self.find(&id).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            // The page may do without: only a change to the session fails.
            Err(error) => {
                tracing::warn!(%error, "the owner's session could not be loaded");
                let unknown = (AS_LOADED.to_owned(), NOT_LOADED.to_owned());
                return Ok(Some(State::from([unknown])));
            }
        };
        let now = now();
        if is_visit_due(now, row.last_seen, self.idle)
            && let Err(error) = self.store.touch(row.key, now).await
        {
            tracing::debug!(%error, "a visit was not noted");
        }
        let loaded = serde_json::to_string(&state)
            .map_err(|error| LoadError::Deserialization(error.into()))?;
        state.insert(AS_LOADED.to_owned(), loaded);
        Ok(Some(state))
    }

    async fn save(&self, mut state: State, _: &time::Duration) -> Result<SessionKey, SaveError> {
        state.remove(AS_LOADED);
        let id = self.create(&state).await;
        id.map_err(anyhow::Error::from)
            .and_then(|id| id.to_session_key())
            .map_err(SaveError::Other)
    }

    async fn update(
        &self,
        session_key: SessionKey,
        state: State,
        _: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        if let Some(id) = Id::parse(&session_key) {
            let changed = self.change(&id, state).await;
            changed.map_err(|error| UpdateError::Other(error.into()))?;
        }
        Ok(session_key)
    }

    /// The app's own limits hold, see `load`.
    async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        if let Some(id) = Id::parse(session_key) {
            self.store.delete(id.key()).await?;
        }
        Ok(())
    }
}

/// The random value that the browser's `session` cookie carries.
struct Id([u8; 32]);

impl Id {
    fn parse(session_key: &SessionKey) -> Option<Self> {
        seal::decode_array(session_key.as_ref()).map(Self)
    }

    fn to_session_key(&self) -> Result<SessionKey, anyhow::Error> {
        Ok(seal::encode(&self.0).try_into()?)
    }

    fn key(&self) -> Key {
        seal::hash(PURPOSE, &[&self.0])
    }

    fn seal(&self, state: &State) -> Result<Vec<u8>, StoreError> {
        let plain = serde_json::to_vec(state)
            .map_err(|error| StoreError(format!("cannot write the session: {error}")))?;
        Ok(Sealer::new(&self.0, PURPOSE)?.seal(&plain, &self.key())?)
    }

    fn open(&self, row: &Row) -> Option<State> {
        let plain = Sealer::new(&self.0, PURPOSE).ok()?;
        let plain = plain.open(&row.sealed, &row.key)?;
        serde_json::from_slice(&plain).ok()
    }
}
