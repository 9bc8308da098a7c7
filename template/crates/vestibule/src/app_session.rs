//! Where the app's own data, actix-session's `Session`, is kept: in the session
//! store, sealed like a user session, under a random id that only the browser
//! knows. The browser gets no cookie until there is something to keep.
//!
//! Concurrent requests each change only what they touched, a purged session stays
//! empty, and a new `SESSION_SECRET` affects no one. The idle limit is that of a
//! user session. actix-session's own middleware offers none of this, so
//! `middleware/app_session.rs` calls `open` and `keep` instead.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_session::{Session, SessionExt as _, SessionStatus};
use actix_web::HttpRequest;
use serde_json::value::RawValue;

use crate::{
    clock::now,
    cookies::{self, Cookies},
    request_state,
    seal::{self, Sealer},
    session::is_visit_due,
    store::{Key, Row, Store, StoreError},
};

/// The data as actix-session holds it: names, and JSON values.
type State = HashMap<String, String>;

const PURPOSE: &str = "app session";

/// How often to retry a change when another request was faster.
const TRIES: usize = 16;

/// Empties the request's `Session`, if it is kept here, so that nothing is left in
/// the browser for the next person.
pub(crate) fn purge(request: &HttpRequest) {
    if request_state::keeps_app_session() {
        request.get_session().purge();
    }
}

/// The app's sessions for all browsers.
pub struct AppSessions {
    store: Arc<dyn Store>,
    cookies: Cookies,
    idle: u64,
    max: u64,
}

/// A browser's app session, as it was when the request arrived.
pub enum Opened {
    /// There is none yet.
    None,
    /// A session with this data.
    Some(Id, State),
    /// The store did not answer.
    Unknown(StoreError),
}

impl AppSessions {
    /// Sessions kept in `store`, with these idle and lifetime limits.
    pub fn new(store: Arc<dyn Store>, cookies: Cookies, idle: Duration, max: Duration) -> Self {
        Self {
            store,
            cookies,
            idle: idle.as_secs(),
            max: max.as_secs(),
        }
    }

    /// The id in the browser's cookie.
    pub fn id_of(&self, request: &HttpRequest) -> Option<Id> {
        cookies::sent(request, self.cookies.app_session()).and_then(Id::parse)
    }

    /// Fills the request's `Session` with what is stored under the browser's id. If
    /// the store is unavailable, the page can still work; only a change fails.
    pub async fn open(&self, id: Id, request: &HttpRequest) -> Opened {
        let loaded = match self.find(&id).await {
            Ok(Some((row, state))) => {
                self.note_visit(&row).await;
                fill(&request.get_session(), &state).map(|()| Opened::Some(id, state))
            }
            Ok(None) => Ok(Opened::None),
            Err(error) => Err(error),
        };
        loaded.unwrap_or_else(|error| {
            tracing::warn!(%error, "the app session could not be loaded");
            Opened::Unknown(error)
        })
    }

    /// Stores what the request changed in its `Session`.
    ///
    /// # Errors
    /// The store is unreachable, and nothing was changed there.
    pub async fn keep(&self, opened: Opened, session: &Session) -> Result<(), StoreError> {
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
                // Otherwise it was purged in the meantime, see `change`.
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
            tracing::debug!(%error, "a visit was not recorded");
        }
    }

    /// The row for an id and its data, unless it has ended.
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
            // Belongs to no one: it is only found by its own key.
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

    /// Applies the changes that the request made to what is stored now.
    async fn change(&self, id: &Id, loaded: &State, state: &State) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let Some((row, stored)) = self.find(id).await? else {
                // Purged by a sign-in or sign-out: a slow request must not bring it
                // back.
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
            "too many requests are changing one session".to_owned(),
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

/// Puts the stored JSON into an empty session, character for character.
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
            .map_err(|error| StoreError(format!("the session cannot be serialised: {error}")))?;
        Ok(Sealer::new(&self.0, PURPOSE)?.seal(&plain, &self.key())?)
    }

    fn open(&self, row: &Row) -> Option<State> {
        let plain = Sealer::new(&self.0, PURPOSE).ok()?;
        let plain = plain.open(&row.sealed, &row.key)?;
        serde_json::from_slice(&plain).ok()
    }
}
