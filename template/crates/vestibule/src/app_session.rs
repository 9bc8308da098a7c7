//! Where the app's own data, actix-session's `Session`, is kept: in the session
//! store, sealed like a user session, under a random id that only the browser
//! knows. The browser gets no cookie until there is something to keep.
//!
//! The data belong to the user session in which they were kept, or to no one's.
//! Once that has ended, in whatever way, they are gone: no one else who uses the
//! browser may see them.
//!
//! Concurrent requests each change only what they touched, and a purged session
//! stays empty. The idle limit is that of a user session. actix-session's own
//! middleware offers none of this, so `middleware/app_session.rs` calls `open` and
//! `keep` instead.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_session::{Session, SessionExt as _, SessionStatus};
use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    clock::now,
    cookies::{self, Cookies},
    oidc::Oidc,
    request_state,
    seal::{self, RecordSealers, SealError},
    secret::Secret,
    session::is_visit_due,
    store::{Key, Row, Store, StoreError},
    visitor,
};

/// The data as actix-session holds it: names, and JSON values.
type State = HashMap<String, String>;

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The user session in which the data were kept; `None`: no one was signed in.
    user_session: Option<Key>,
    data: State,
}

/// A stored session, with what tells whether it needs attention.
struct Found {
    row: Row,
    stored: Stored,
    is_of_old_secret: bool,
}

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
    sealers: RecordSealers,
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
    /// Sessions kept in `store` and sealed with the app's secrets, with these idle
    /// and lifetime limits.
    pub fn new(
        store: Arc<dyn Store>,
        cookies: Cookies,
        secrets: &[Secret],
        idle: Duration,
        max: Duration,
    ) -> Result<Self, SealError> {
        Ok(Self {
            store,
            cookies,
            sealers: RecordSealers::new(secrets, PURPOSE)?,
            idle: idle.as_secs(),
            max: max.as_secs(),
        })
    }

    /// The id in the browser's cookie.
    pub fn id_of(&self, request: &HttpRequest) -> Option<Id> {
        cookies::sent(request, self.cookies.app_session()).and_then(Id::parse)
    }

    /// Fills the request's `Session` with what is stored under the browser's id. If
    /// the store is unavailable, the page can still work; only a change fails.
    pub async fn open(&self, id: Id, request: &HttpRequest, oidc: &Oidc) -> Opened {
        let loaded = self.load(id, request, oidc).await;
        loaded.unwrap_or_else(|error| {
            tracing::warn!(%error, "the app session could not be loaded");
            Opened::Unknown(error)
        })
    }

    async fn load(&self, id: Id, request: &HttpRequest, oidc: &Oidc) -> Result<Opened, StoreError> {
        let Some(found) = self.find(&id).await? else {
            return Ok(Opened::None);
        };
        if found.stored.user_session != user_session_of(request, oidc).await? {
            self.end(&id).await?;
            return Ok(Opened::None);
        }
        self.note_visit(&found.row).await;
        if found.is_of_old_secret {
            self.seal_anew(&id, &found).await;
        }
        fill(&request.get_session(), &found.stored.data)?;
        Ok(Opened::Some(id, found.stored.data))
    }

    /// Stores what the request changed in its `Session`.
    ///
    /// # Errors
    /// The store is unreachable, and nothing was changed there.
    pub async fn keep(
        &self,
        opened: Opened,
        request: &HttpRequest,
        oidc: &Oidc,
    ) -> Result<(), StoreError> {
        let session = request.get_session();
        let state = session.entries().clone();
        match (opened, session.status()) {
            (Opened::None, _) => {
                let user_session = user_session_of(request, oidc).await?;
                self.begin(user_session, state).await
            }
            (Opened::Unknown(_), SessionStatus::Unchanged) => Ok(()),
            (Opened::Unknown(error), _) => Err(error),
            (Opened::Some(id, _), SessionStatus::Purged) => self.end(&id).await,
            (Opened::Some(id, loaded), SessionStatus::Renewed) => {
                if let Some(Found { stored, .. }) = self.find(&id).await?
                    && self.store.delete(id.key()).await?
                {
                    let merged = merge(stored.data, &loaded, &state);
                    self.begin(stored.user_session, merged).await?;
                }
                // Otherwise it was purged in the meantime, see `change`.
                Ok(())
            }
            (Opened::Some(_, loaded), _) if state == loaded => Ok(()),
            (Opened::Some(id, loaded), _) => self.change(&id, &loaded, &state).await,
        }
    }

    async fn begin(&self, user_session: Option<Key>, data: State) -> Result<(), StoreError> {
        let id = self.create(Stored { user_session, data }).await?;
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

    /// The session with this id, unless it has ended.
    async fn find(&self, id: &Id) -> Result<Option<Found>, StoreError> {
        let now = now();
        let row = self.store.get(id.key(), now).await?;
        let live = row.filter(|row| now.saturating_sub(row.last_seen) < self.idle);
        Ok(live.and_then(|row| {
            let opened = self.sealers.open(&id.0, &row.sealed, &row.key)?;
            Some(Found {
                stored: serde_json::from_slice(&opened.plain).ok()?,
                is_of_old_secret: opened.is_of_old_secret,
                row,
            })
        }))
    }

    fn seal(&self, id: &Id, stored: &Stored) -> Result<Vec<u8>, StoreError> {
        let plain = serde_json::to_vec(stored)
            .map_err(|error| StoreError(format!("the session cannot be serialised: {error}")))?;
        Ok(self.sealers.seal(&id.0, &plain, &id.key())?)
    }

    /// So that the old secret can go without losing the session.
    async fn seal_anew(&self, id: &Id, found: &Found) {
        let replaced = async {
            self.store
                .replace(Row {
                    version: found.row.version.saturating_add(1),
                    sealed: self.seal(id, &found.stored)?,
                    ..found.row.clone()
                })
                .await
        };
        if let Err(error) = replaced.await {
            tracing::warn!(%error, "an app session was not sealed anew");
        }
    }

    async fn create(&self, stored: Stored) -> Result<Id, StoreError> {
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
            sealed: self.seal(&id, &stored)?,
        };
        self.store.create(row).await?;
        Ok(id)
    }

    /// Applies the changes that the request made to what is stored now.
    async fn change(&self, id: &Id, loaded: &State, state: &State) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let Some(Found { row, stored, .. }) = self.find(id).await? else {
                // Purged by a sign-in or sign-out: a slow request must not bring it
                // back.
                return Ok(());
            };
            let merged = Stored {
                data: merge(stored.data, loaded, state),
                ..stored
            };
            let next = Row {
                version: row.version.saturating_add(1),
                last_seen: now(),
                sealed: self.seal(id, &merged)?,
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

/// The user session to which data that this request keeps belong. What the request
/// has found out counts, even if the session has ended since.
async fn user_session_of(request: &HttpRequest, oidc: &Oidc) -> Result<Option<Key>, StoreError> {
    if let Some(key) = visitor::found_key() {
        return Ok(Some(key));
    }
    let Some(id) = visitor::session_id(request, oidc) else {
        return Ok(None);
    };
    let live = oidc.sessions().find(&id).await?;
    Ok(live.map(|live| live.key))
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
}
