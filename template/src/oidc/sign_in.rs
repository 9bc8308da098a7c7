//! The sign-in record: what is known of a signed-in browser, and how records
//! are begun, found, renewed and ended. The browser holds a random id; the
//! store holds the record under the id's hash, sealed with a key made from the
//! id, so neither is of use without the other.

use std::{
    array,
    borrow::Borrow,
    fmt,
    hash::{Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use foldhash::HashSet;
use serde::{Deserialize, Serialize};

use super::{
    claims::Claims,
    seal::{self, SealError, Sealer},
    store::{Key, Row, Store, StoreError},
    token::Token,
};
use crate::views::Person;

/// Seconds since the Unix epoch, by this server's clock.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// What the app knows of one signed-in browser. Times are Unix seconds.
#[derive(Clone, Serialize, Deserialize)]
pub struct SignIn {
    /// Which of the app's providers vouches for the person.
    pub provider: String,
    /// The provider's issuer: with `subject` the only key for a person
    /// (OIDC Core 5.7).
    pub issuer: String,
    /// The person's identifier at the issuer (OIDC Core 2, `sub`).
    pub subject: String,
    /// The provider's name for its own session (Back-Channel Logout 1.0, `sid`).
    pub provider_session: Option<String>,
    /// What the provider says of the person: the ID token's claims, with those
    /// of the userinfo endpoint beside them.
    pub claims: Claims,
    /// The roles found in the claims at `OIDC_ROLES_CLAIM`.
    pub roles: Vec<String>,
    /// The tokens; they never leave the server.
    pub tokens: Tokens,
    /// What forms must send back to prove that this app made them.
    pub csrf_token: String,
    /// When the person last proved who they are at the provider (OIDC Core 2,
    /// `auth_time`), if it says so.
    pub authenticated_at: Option<u64>,
    /// In which authentication context they did (OIDC Core 2, `acr`), if the
    /// provider says so.
    pub assurance: Option<String>,
    /// The browser, roughly, such as "Firefox on Linux".
    pub device: String,
    /// When the sign-in began here.
    pub created_at: u64,
    /// When it ends here, however active the person is.
    pub expires_at: u64,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("issuer", &self.issuer)
            .field("claims", &self.claims)
            .field("roles", &self.roles)
            .field("tokens", &self.tokens)
            .field("device", &self.device)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl SignIn {
    /// See [`person_tag`].
    pub fn person_tag(&self) -> String {
        person_tag(&self.issuer, &self.subject)
    }
}

/// Stands for a person in logs: the same for the same person, and of no use to
/// learn who that is.
pub fn person_tag(issuer: &str, subject: &str) -> String {
    let hash = subject_key(issuer, subject);
    seal::encode(hash.first_chunk::<6>().unwrap_or(&[0; 6]))
}

/// A provider's tokens for one person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// For calling APIs on the person's behalf (RFC 6750).
    pub access_token: Token,
    /// When the access token stops working, in Unix seconds.
    pub access_token_expires_at: u64,
    /// For getting a new access token (RFC 6749 6), if the provider gave one.
    pub refresh_token: Option<Token>,
    /// The last ID token, sent back at sign-out as `id_token_hint`.
    pub id_token: Token,
    /// What the first ID token answered: a later one may only repeat it
    /// (OIDC Core 12.2).
    pub nonce: String,
    /// The scopes granted, which may be fewer than asked for (RFC 6749 3.3).
    pub scopes: Vec<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("access_token_expires_at", &self.access_token_expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// The random value that the browser's `sign-in` cookie carries: 256 bits, in
/// letters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SignInId([u8; SignInId::LENGTH]);

impl SignInId {
    const LENGTH: usize = 43;

    fn random() -> Result<Self, SealError> {
        Self::parse(seal::random_text()?.as_bytes()).ok_or(SealError)
    }

    /// Reads a cookie's value; `None` if it cannot be an id.
    pub fn parse(cookie: &[u8]) -> Option<Self> {
        cookie.try_into().ok().map(Self)
    }

    /// The cookie's value.
    pub fn to_cookie_value(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    fn key(&self) -> Key {
        seal::hash("sign-in", &[&self.0])
    }

    fn sealer(&self) -> Result<Sealer, SealError> {
        Sealer::new(&self.0, "sign-in record")
    }
}

/// A sign-in that was found to be alive.
pub struct LiveSignIn {
    /// The record.
    pub sign_in: SignIn,
    /// What every page shows of the person.
    person: Person,
    pub(super) id: SignInId,
    pub(super) key: Key,
    version: u64,
    last_seen: AtomicU64,
}

impl LiveSignIn {
    /// The person as pages show them.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// When the browser last made itself known, in Unix seconds.
    pub fn last_seen(&self) -> u64 {
        self.last_seen.load(Ordering::Relaxed)
    }
}

/// All sign-ins of the app.
pub struct SignIns {
    store: Arc<dyn Store>,
    live: Arc<Live>,
    idle: u64,
    max: u64,
}

/// Whether the store should hear that a browser is still there, which it last
/// heard at `last_seen`, with this limit of idleness. By the time between, a
/// sign-in may end too early, never too late; and many people cost the store few
/// writes.
pub(super) fn is_visit_due(now: u64, last_seen: u64, idle: u64) -> bool {
    const LONGEST: u64 = 600;
    now.saturating_sub(last_seen) >= (idle / 12).clamp(1, LONGEST)
}

impl SignIns {
    /// Sign-ins kept in `store`, with the given limits of idleness and life.
    pub fn new(store: Arc<dyn Store>, idle: Duration, max: Duration) -> Self {
        Self {
            live: Arc::new(Live::for_store(&*store)),
            store,
            idle: idle.as_secs(),
            max: max.as_secs(),
        }
    }

    /// The store that they are kept in.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// When a sign-in that begins now will end, in Unix seconds.
    pub fn end_of_life(&self) -> u64 {
        now().saturating_add(self.max)
    }

    /// Keeps a new sign-in under a new id. The record is durable when this
    /// returns.
    pub async fn begin(&self, sign_in: &SignIn) -> Result<SignInId, StoreError> {
        let id = SignInId::random()?;
        self.store.create(row(&id, sign_in, 0)?).await?;
        Ok(id)
    }

    /// The sign-in behind a browser's id, unless it has ended.
    pub async fn find(&self, id: &SignInId) -> Result<Option<Arc<LiveSignIn>>, StoreError> {
        let now = now();
        let live = match self.live.get(id) {
            Some(known) if !self.store.is_shared() || self.is_current(&known, now).await? => known,
            // Boxed, as few requests are the first of their browser.
            _ => match Box::pin(self.load(id, now)).await? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let last_seen = live.last_seen();
        if now >= live.sign_in.expires_at || now.saturating_sub(last_seen) >= self.idle {
            self.end_by_key(live.key).await?;
            return Ok(None);
        }
        if is_visit_due(now, last_seen, self.idle) {
            live.last_seen.store(now, Ordering::Relaxed);
            self.store.touch(live.key, now).await?;
        }
        Ok(Some(live))
    }

    /// Whether an opened record is still what the store has: each change gives
    /// it another version.
    async fn is_current(&self, known: &LiveSignIn, now: u64) -> Result<bool, StoreError> {
        let Some(pulse) = self.store.pulse(known.key, now).await? else {
            self.live.forget(&known.key);
            return Ok(false);
        };
        known
            .last_seen
            .fetch_max(pulse.last_seen, Ordering::Relaxed);
        Ok(pulse.version == known.version)
    }

    async fn load(&self, id: &SignInId, now: u64) -> Result<Option<Arc<LiveSignIn>>, StoreError> {
        let key = id.key();
        let generation = self.live.generation(&key);
        let Some(row) = self.store.get(key, now).await? else {
            return Ok(None);
        };
        let opened = id
            .sealer()?
            .open(&row.sealed, &key)
            .and_then(|plain| serde_json::from_slice(&plain).ok());
        let Some(mut sign_in): Option<SignIn> = opened else {
            tracing::warn!("a sign-in record cannot be read; its owner has to sign in again");
            return Ok(None);
        };
        // It may stay in memory for long.
        sign_in.roles.shrink_to_fit();
        sign_in.tokens.scopes.shrink_to_fit();
        let last_seen = AtomicU64::new(row.last_seen);
        let found = Arc::new(LiveSignIn {
            person: Person::new(sign_in.claims.display_name(), &sign_in.csrf_token),
            sign_in,
            id: id.clone(),
            key,
            version: row.version,
            last_seen,
        });
        self.live.put(&found, generation);
        Ok(Some(found))
    }

    /// Puts a renewed record in the place of `seen`, unless somebody else did
    /// so first or the sign-in has ended: then `false`, and nothing changes.
    pub async fn renew(&self, seen: &LiveSignIn, renewed: &SignIn) -> Result<bool, StoreError> {
        let mut row = row(&seen.id, renewed, seen.version.saturating_add(1))?;
        row.last_seen = seen.last_seen();
        let key = seen.key;
        self.change(|store, live| async move {
            let replaced = store.replace(row).await;
            live.forget(&key);
            replaced
        })
        .await
    }

    /// Ends one sign-in; `false` if it had ended before.
    pub async fn end(&self, id: &SignInId) -> Result<bool, StoreError> {
        self.end_by_key(id.key()).await
    }

    pub(super) async fn end_by_key(&self, key: Key) -> Result<bool, StoreError> {
        self.change(|store, live| async move {
            let ended = store.delete(key).await;
            live.forget(&key);
            ended
        })
        .await
    }

    /// Ends the sign-ins that came from one session at the provider, and says
    /// how many there were (Back-Channel Logout 1.0, section 2.7).
    pub async fn end_provider_session(
        &self,
        issuer: &str,
        provider_session: &str,
    ) -> Result<usize, StoreError> {
        let key = provider_session_key(issuer, provider_session);
        self.change(|store, live| async move {
            let ended = store.delete_by_provider_session(key).await?;
            Ok(live.forget_all(&ended))
        })
        .await
    }

    /// Ends all sign-ins of one person, and says how many there were.
    pub async fn end_all_of(&self, issuer: &str, subject: &str) -> Result<usize, StoreError> {
        let key = subject_key(issuer, subject);
        self.change(|store, live| async move {
            let ended = store.delete_by_subject(key).await?;
            Ok(live.forget_all(&ended))
        })
        .await
    }

    /// Removes the sign-ins that have ended by themselves and says how many
    /// there were. It takes a few at a time, so that nobody who signs in
    /// meanwhile waits for long.
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

    /// The rows of the person of this sign-in, its own among them.
    pub(super) async fn rows_of(&self, of: &LiveSignIn) -> Result<Vec<Row>, StoreError> {
        let now = now();
        let subject = subject_key(&of.sign_in.issuer, &of.sign_in.subject);
        let mut rows = self.store.list_by_subject(subject, now).await?;
        rows.retain(|row| now.saturating_sub(row.last_seen) < self.idle);
        Ok(rows)
    }

    /// Changes records in the store, and in memory after it. Both happen even if
    /// whoever asked stops waiting, as a handler does whose client goes away:
    /// what the store no longer has would live on in memory.
    async fn change<T, F>(
        &self,
        change: impl FnOnce(Arc<dyn Store>, Arc<Live>) -> F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        tokio::spawn(change(Arc::clone(&self.store), Arc::clone(&self.live)))
            .await
            .unwrap_or_else(|_| Err(StoreError("a change was broken off".to_owned())))
    }
}

fn row(id: &SignInId, sign_in: &SignIn, version: u64) -> Result<Row, StoreError> {
    let key = id.key();
    let plain = serde_json::to_vec(sign_in)
        .map_err(|error| StoreError(format!("cannot write the sign-in record: {error}")))?;
    Ok(Row {
        key,
        subject: subject_key(&sign_in.issuer, &sign_in.subject),
        provider_session: sign_in
            .provider_session
            .as_ref()
            .map(|session| provider_session_key(&sign_in.issuer, session)),
        created_at: sign_in.created_at,
        device: sign_in.device.clone(),
        version,
        last_seen: now(),
        expires_at: sign_in.expires_at,
        sealed: id.sealer().and_then(|sealer| sealer.seal(&plain, &key))?,
    })
}

fn subject_key(issuer: &str, subject: &str) -> Key {
    seal::hash("subject", &[issuer.as_bytes(), subject.as_bytes()])
}

fn provider_session_key(issuer: &str, provider_session: &str) -> Key {
    seal::hash(
        "provider session",
        &[issuer.as_bytes(), provider_session.as_bytes()],
    )
}

/// An opened record, to be found by what the browser holds.
struct ById(Arc<LiveSignIn>);

/// An opened record, to be found by what the store knows: whoever ends a sign-in
/// has its key alone.
struct ByKey(Arc<LiveSignIn>);

macro_rules! found_by {
    ($by:ident, $what:ty, $field:ident) => {
        impl Borrow<$what> for $by {
            fn borrow(&self) -> &$what {
                &self.0.$field
            }
        }

        impl Hash for $by {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.$field.hash(state);
            }
        }

        impl PartialEq for $by {
            fn eq(&self, other: &Self) -> bool {
                self.0.$field == other.0.$field
            }
        }

        impl Eq for $by {}
    };
}

found_by!(ById, SignInId, id);
found_by!(ByKey, Key, key);

/// Many, so that a set that grows holds few requests up: it hashes all that is
/// in it again.
const SHARDS: usize = 127;

/// Where to look for what begins with these random bytes or letters.
fn shard(beginning: [u8; 2]) -> usize {
    usize::from(u16::from_be_bytes(beginning)) % SHARDS
}

/// Opened records by id, so that a request is spared the hash. Who guesses ids
/// learns nothing from how long a search takes: the maps' own hashes are random.
///
/// A record that was read from the store before it was deleted there must not
/// come back through here after the deletion: `forget` raises the generation of
/// the key's shard, and `put` only accepts what was read in the generation that
/// still lasts.
///
/// Where other processes write to the same store, each record is asked for
/// there all the same. What is kept here only saves opening it again, and as
/// nobody tells when it has ended elsewhere, it is not much.
struct Live {
    by_id: [RwLock<HashSet<ById>>; SHARDS],
    by_key: [Mutex<Known>; SHARDS],
    most_in_shard: usize,
}

#[derive(Default)]
struct Known {
    generation: u64,
    records: HashSet<ByKey>,
}

/// How many records of a shared store are kept in all.
const MOST_OF_SHARED: usize = 4096;

impl Live {
    fn for_store(store: &dyn Store) -> Self {
        Self {
            by_id: array::from_fn(|_| RwLock::default()),
            by_key: array::from_fn(|_| Mutex::default()),
            most_in_shard: if store.is_shared() {
                MOST_OF_SHARED / SHARDS
            } else {
                usize::MAX
            },
        }
    }

    fn by_id(&self, id: &SignInId) -> &RwLock<HashSet<ById>> {
        &self.by_id[shard([id.0[0], id.0[1]])]
    }

    fn by_key(&self, key: &Key) -> MutexGuard<'_, Known> {
        self.by_key[shard([key[0], key[1]])]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: &SignInId) -> Option<Arc<LiveSignIn>> {
        let records = self.by_id(id).read();
        records
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .map(|found| Arc::clone(&found.0))
    }

    fn generation(&self, key: &Key) -> u64 {
        self.by_key(key).generation
    }

    fn put(&self, record: &Arc<LiveSignIn>, generation: u64) {
        let mut known = self.by_key(&record.key);
        if known.generation != generation {
            return;
        }
        if known.records.len() >= self.most_in_shard {
            let all = known.records.drain();
            all.for_each(|record| self.remove(&record.0.id));
        }
        // Unlike `insert`, which would leave a former version where it is.
        known.records.replace(ByKey(Arc::clone(record)));
        let records = self.by_id(&record.id).write();
        records
            .unwrap_or_else(PoisonError::into_inner)
            .replace(ById(Arc::clone(record)));
    }

    fn remove(&self, id: &SignInId) {
        let records = self.by_id(id).write();
        records.unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Forgets these records, and says how many they are.
    fn forget_all(&self, keys: &[Key]) -> usize {
        keys.iter().for_each(|key| self.forget(key));
        keys.len()
    }

    fn forget(&self, key: &Key) {
        let mut known = self.by_key(key);
        known.generation = known.generation.wrapping_add(1);
        if let Some(record) = known.records.take(key) {
            self.remove(&record.0.id);
        }
    }
}
