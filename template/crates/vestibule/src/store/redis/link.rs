//! Connections to Redis: one for each async runtime (Actix runs one on each worker
//! thread), made when first needed and again when lost. While that fails, a task
//! keeps trying, and no one waits for it. Nothing here knows what is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::{
    runtime::{Handle, Id},
    sync::Mutex as AsyncMutex,
};

use super::{StoreError, address::Address, primary};

/// The pause between two connection retries, doubled each time. Calls fail at once
/// in the meantime.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Links {
    address: Arc<Address>,
    /// By runtime, because a connection stops when the runtime that made it does,
    /// and because staying on one thread is cheaper.
    by_runtime: Mutex<HashMap<Id, Arc<AsyncMutex<Link>>>>,
}

#[derive(Default)]
struct Link {
    connection: Option<MultiplexedConnection>,
    /// How many connections there were before this one.
    serial: u64,
    /// Why there is none, while a task tries to make one.
    failure: Option<StoreError>,
}

impl Link {
    fn is_up(&mut self, connection: MultiplexedConnection) {
        self.connection = Some(connection);
        self.serial += 1;
        self.failure = None;
    }
}

impl Links {
    pub fn to(address: &str) -> Result<Self, StoreError> {
        // Does nothing if the app has installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address = Address::parse(address).map_err(|form| {
            StoreError(format!(
                "session store: SESSION_STORE is not a Redis address; use {form}"
            ))
        })?;
        Ok(Self {
            address: Arc::new(address),
            by_runtime: Mutex::default(),
        })
    }

    /// Makes a call, and repeats it if the connection turns out to be lost or to
    /// lead to a server other than the primary. Repeating the call must be
    /// harmless.
    pub async fn run<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T, StoreError> {
        let link = self.link()?;
        let mut repeated = false;
        loop {
            let (mut connection, serial) = self.connection(&link).await?;
            let cause = match call.on(&mut connection).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            let is_elsewhere = self.is_elsewhere(&cause);
            if is_elsewhere || is_useless(&cause) {
                let mut held = link.lock().await;
                let is_lost = held.serial == serial && held.connection.take().is_some();
                if is_lost && cause.is_timeout() {
                    self.bring_up_later(&link, &mut held, self.error(&cause));
                }
            }
            if repeated || !(is_elsewhere || cause.is_connection_dropped()) {
                return Err(match cause.kind() {
                    ErrorKind::Moved | ErrorKind::Ask if !self.address.is_cluster() => self.error(
                        "it is part of a Redis Cluster: set SESSION_STORE to \
                         redis+cluster://HOST",
                    ),
                    _ => self.error(cause),
                });
            }
            repeated = true;
        }
    }

    pub fn close(&self) {
        self.by_runtime().clear();
    }

    /// An error of this store. It names the hosts, never the password.
    pub fn error(&self, cause: impl std::fmt::Display) -> StoreError {
        StoreError(format!("session store Redis at {}: {cause}", self.address))
    }

    /// Whether the answer comes from a server that does not, or no longer, take
    /// writes.
    fn is_elsewhere(&self, cause: &RedisError) -> bool {
        match cause.kind() {
            ErrorKind::ReadOnly | ErrorKind::MasterDown => true,
            ErrorKind::Moved | ErrorKind::ClusterDown => self.address.is_cluster(),
            _ => false,
        }
    }

    /// The link for the current runtime.
    fn link(&self) -> Result<Arc<AsyncMutex<Link>>, StoreError> {
        let runtime = Handle::try_current().map_err(|cause| self.error(cause))?;
        Ok(self.by_runtime().entry(runtime.id()).or_default().clone())
    }

    fn by_runtime(&self) -> MutexGuard<'_, HashMap<Id, Arc<AsyncMutex<Link>>>> {
        self.by_runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The link's connection and its serial number. If there is none, one caller
    /// connects and the others wait for the outcome.
    async fn connection(
        &self,
        link: &Arc<AsyncMutex<Link>>,
    ) -> Result<(MultiplexedConnection, u64), StoreError> {
        let mut held = link.lock().await;
        if let Some(connection) = &held.connection {
            return Ok((connection.clone(), held.serial));
        }
        if let Some(failure) = &held.failure {
            return Err(failure.clone());
        }
        match primary::connect(&self.address).await {
            Ok(connection) => {
                held.is_up(connection.clone());
                Ok((connection, held.serial))
            }
            Err(error) => {
                self.bring_up_later(link, &mut held, error.clone());
                Err(error)
            }
        }
    }

    /// Makes all calls fail until the server answers again.
    fn bring_up_later(&self, link: &Arc<AsyncMutex<Link>>, held: &mut Link, failure: StoreError) {
        held.failure = Some(failure);
        tokio::spawn(bring_up(Arc::clone(&self.address), Arc::downgrade(link)));
    }
}

/// Tries to connect until it succeeds or the store is closed.
async fn bring_up(address: Arc<Address>, link: Weak<AsyncMutex<Link>>) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        if link.strong_count() == 0 {
            return;
        }
        let connected = primary::connect(&address).await;
        let Some(link) = link.upgrade() else { return };
        let mut held = link.lock().await;
        match connected {
            Ok(connection) => {
                held.is_up(connection);
                tracing::info!("the session store can be reached again");
                return;
            }
            Err(error) => held.failure = Some(error),
        }
    }
}

/// What is sent to the server.
pub(super) enum Call<'a> {
    Command(&'a Cmd),
    Script(&'a ScriptInvocation<'a>),
}

impl Call<'_> {
    async fn on<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        match self {
            Self::Command(command) => command.query_async(connection).await,
            Self::Script(script) => script.invoke_async(connection).await,
        }
    }
}

/// Whether the connection is no longer usable: lost, or silent.
fn is_useless(cause: &RedisError) -> bool {
    cause.is_unrecoverable_error() || cause.is_timeout()
}
