//! Where the app's own data, actix-session's `Session`, are kept: in the
//! session store, sealed like a user session, under a random id that only the
//! browser knows. The browser gets no cookie before there is something to keep.
//!
//! Two requests at the same time change only what each of them changed, what was
//! emptied stays empty, and a new `SESSION_SECRET` disturbs nobody. A session
//! ends when it is idle for as long as a user session may be. actix-session's own
//! middleware can do none of this, so `middleware/app_session.rs` calls
//! `open` and `keep` in its place.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_session::{Session, SessionExt as _, SessionStatus};
use actix_web::{HttpMessage as _, HttpRequest};
use serde_json::value::RawValue;

use crate::{
    clock::now,
    cookies::{self, Cookies},
    request_state,
    seal::{self, Sealer},
    session::is_visit_due,
    store::{Key, Row, Store, StoreError},
};

/// The data as actix-session holds it: names, and values as JSON.
type State = HashMap<String, String>;

const PURPOSE: &str = "app session";

/// How often a change is tried anew because somebody else was faster.
const TRIES: usize = 16;

/// Says that the request's `Session` is kept here.
struct Kept;

/// Empties the request's `Session`, if it is kept here: nothing of a person stays
/// in the browser for the next one.
pub(crate) fn purge(request: &HttpRequest) {
    if request.extensions().contains::<Kept>() {
        request.get_session().purge();
    }
}

/// The app's sessions of all browsers.
pub struct AppSessions {
    store: Arc<dyn Store>,
    cookies: Cookies,
    idle: u64,
    max: u64,
}

/// The app's session of one browser, as it was when a request began.
pub enum Opened {
    /// There is none yet.
    None,
    /// With these data.
    Some(Id, State),
    /// The store could not tell.
    Unknown(StoreError),
}

impl AppSessions {
    /// Sessions kept in `store`, with the given limits of idleness and life.
    pub fn new(store: Arc<dyn Store>, cookies: Cookies, idle: Duration, max: Duration) -> Self {
        Self {
            store,
            cookies,
            idle: idle.as_secs(),
            max: max.as_secs(),
        }
    }

    /// Gives the request's `Session` what is kept for the browser. If the store
    /// cannot be asked, the page may do without: only a change fails then.
    pub async fn open(&self, request: &HttpRequest) -> Opened {
        request.extensions_mut().insert(Kept);
        match cookies::sent(request, self.cookies.app_session()).and_then(Id::parse) {
            None => Opened::None,
            // Boxed, as most requests do without it.
            Some(id) => Box::pin(self.load(id, request)).await,
        }
    }

    async fn load(&self, id: Id, request: &HttpRequest) -> Opened {
        let loaded = match self.find(&id).await {
            Ok(Some((row, state))) => {
                self.note_visit(&row).await;
                fill(&request.get_session(), &state).map(|()| Opened::Some(id, state))
            }
            Ok(None) => Ok(Opened::None),
            Err(error) => Err(error),
        };
        loaded.unwrap_or_else(|error| {
            tracing::warn!(%error, "the app's session could not be loaded");
            Opened::Unknown(error)
        })
    }

    /// Keeps what the request has changed in its `Session`.
    ///
    /// # Errors
    /// The store cannot be reached; nothing has changed there.
    pub async fn keep(&self, opened: Opened, request: &HttpRequest) -> Result<(), StoreError> {
        let session = request.get_session();
        match opened {
            Opened::None if session.entries().is_empty() => Ok(()),
            // Boxed, as most requests do without it.
            opened => Box::pin(self.keep_changes(opened, &session)).await,
        }
    }

    async fn keep_changes(&self, opened: Opened, session: &Session) -> Result<(), StoreError> {
        let state = session.entries().clone();
        match (opened, session.status()) {
            (Opened::None, _) => self.begin(&state).await,
            (Opened::Unknown(_), SessionStatus::Unchanged) => Ok(()),
            (Opened::Unknown(error), _) => Err(error),
            (Opened::Some(id, _), SessionStatus::Purged) => self.end(&id).await,
            (Opened::Some(id, loaded), SessionStatus::Renewed) => {
                if let Some((_, stored)) = self.find(&id).await?
                    && self.store.delete(id.key()).await?
                {
                    let merged = merge(stored, &loaded, &state);
                    self.begin(&merged).await?;
                }
                // Else it was emptied meanwhile, see `change`.
                Ok(())
            }
            (Opened::Some(_, loaded), _) if state == loaded => Ok(()),
            (Opened::Some(id, loaded), _) => self.change(&id, &loaded, &state).await,
        }
    }

    async fn begin(&self, state: &State) -> Result<(), StoreError> {
        let id = self.create(state).await?;
        let (name, value) = (self.cookies.app_session().to_owned(), id.to_cookie_value());
        request_state::send(self.cookies.make(name, value, None));
        Ok(())
    }

    async fn end(&self, id: &Id) -> Result<(), StoreError> {
        self.store.delete(id.key()).await?;
        let name = self.cookies.app_session().to_owned();
        request_state::send(self.cookies.clear(name));
        Ok(())
    }

    async fn note_visit(&self, row: &Row) {
        let now = now();
        if is_visit_due(now, row.last_seen, self.idle)
            && let Err(error) = self.store.touch(row.key, now).await
        {
            tracing::debug!(%error, "a visit was not noted");
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
    async fn change(&self, id: &Id, loaded: &State, state: &State) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let Some((row, stored)) = self.find(id).await? else {
                // Emptied by signing in or out: a slow request brings nothing back.
                return Ok(());
            };
            let merged = merge(stored, loaded, state);
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

/// Puts data into a session that is still empty, character for character.
fn fill(session: &Session, state: &State) -> Result<(), StoreError> {
    for (name, json) in state {
        let filled = RawValue::from_string(json.clone())
            .map_err(|error| error.to_string())
            .and_then(|value| {
                let inserted = session.insert(name, value);
                inserted.map_err(|error| error.to_string())
            });
        filled.map_err(|cause| StoreError(format!("the session cannot be read: {cause}")))?;
    }
    Ok(())
}

/// The random value that the browser's `app-session` cookie carries.
pub struct Id([u8; 32]);

impl Id {
    fn parse(cookie: &[u8]) -> Option<Self> {
        seal::decode_array(cookie).map(Self)
    }

    fn to_cookie_value(&self) -> String {
        seal::encode(&self.0)
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
