//! Connections to Redis: one for each async runtime (Actix runs one on each
//! worker thread), made when first needed and again when lost. Nothing here knows
//! what is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
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

/// Between two attempts to connect: doubled from one to the other. Calls in
/// between fail at once.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Links {
    address: Address,
    /// By runtime, because a connection stands still when the runtime that made
    /// it does, and because it is cheaper to stay on one thread.
    by_runtime: Mutex<HashMap<Id, Arc<AsyncMutex<Link>>>>,
}

#[derive(Default)]
struct Link {
    connection: Option<MultiplexedConnection>,
    /// How many connections there were before this one.
    serial: u64,
    failure: Option<Failure>,
}

/// Why there is no connection.
struct Failure {
    error: StoreError,
    pause: Duration,
    until: Instant,
}

impl Links {
    pub fn to(address: &str) -> Result<Self, StoreError> {
        // Does nothing if `main` has chosen it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let address = Address::parse(address).map_err(|form| {
            StoreError(format!(
                "sign-in store: SESSION_STORE is no address of Redis; its form is {form}"
            ))
        })?;
        Ok(Self {
            address,
            by_runtime: Mutex::default(),
        })
    }

    /// Makes a call, and makes it again if the connection turns out to be lost or
    /// to another server than the primary: it must do no harm to make it twice.
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
                let mut link = link.lock().await;
                if link.serial == serial {
                    link.connection = None;
                }
            }
            if repeated || !(is_elsewhere || cause.is_connection_dropped()) {
                return Err(match cause.kind() {
                    ErrorKind::Moved | ErrorKind::Ask if !self.address.is_cluster() => self.error(
                        "it is part of a Redis Cluster, which SESSION_STORE names as \
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
        StoreError(format!("sign-in store Redis at {}: {cause}", self.address))
    }

    /// Whether the answer comes from a server that is not, or no longer, the one
    /// that takes writes.
    fn is_elsewhere(&self, cause: &RedisError) -> bool {
        match cause.kind() {
            ErrorKind::ReadOnly | ErrorKind::MasterDown => true,
            ErrorKind::Moved | ErrorKind::ClusterDown => self.address.is_cluster(),
            _ => false,
        }
    }

    /// The link of the runtime that we are on.
    fn link(&self) -> Result<Arc<AsyncMutex<Link>>, StoreError> {
        let runtime = Handle::try_current().map_err(|cause| self.error(cause))?;
        Ok(self.by_runtime().entry(runtime.id()).or_default().clone())
    }

    fn by_runtime(&self) -> MutexGuard<'_, HashMap<Id, Arc<AsyncMutex<Link>>>> {
        self.by_runtime
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The link's connection and its serial number. Of many callers without a
    /// connection, one makes it and the others wait for how that ends.
    async fn connection(
        &self,
        link: &AsyncMutex<Link>,
    ) -> Result<(MultiplexedConnection, u64), StoreError> {
        let mut link = link.lock().await;
        if let Some(connection) = &link.connection {
            return Ok((connection.clone(), link.serial));
        }
        if let Some(failure) = &link.failure
            && Instant::now() < failure.until
        {
            return Err(failure.error.clone());
        }
        match primary::connect(&self.address).await {
            Ok(connection) => {
                if link.failure.take().is_some() {
                    tracing::info!("the sign-in store can be reached again");
                }
                link.serial += 1;
                link.connection = Some(connection.clone());
                Ok((connection, link.serial))
            }
            Err(error) => {
                let pause = link.failure.take().map_or(FIRST_PAUSE, |last| {
                    last.pause.saturating_mul(2).min(LONGEST_PAUSE)
                });
                link.failure = Some(Failure {
                    error: error.clone(),
                    pause,
                    until: Instant::now() + pause,
                });
                Err(error)
            }
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

/// Whether the connection is of no more use: lost, or silent.
fn is_useless(cause: &RedisError) -> bool {
    cause.is_unrecoverable_error() || cause.is_timeout()
}
