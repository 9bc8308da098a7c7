//! Connections to Redis: one for each async runtime (Actix runs one on each
//! worker thread), made when first needed and again when lost. Nothing here knows
//! what is sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult,
    ScriptInvocation,
    aio::MultiplexedConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use tokio::{
    runtime::{Handle, Id},
    sync::Mutex as AsyncMutex,
};

use super::StoreError;

/// For a connection to come up, and for each answer.
const TIME_OUT: Duration = Duration::from_secs(2);
/// Between two attempts to connect: doubled from one to the other. Calls in
/// between fail at once.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Keeps what lies between (firewalls, load balancers) from forgetting an idle
/// connection.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

pub(super) struct Links {
    client: Client,
    config: AsyncConnectionConfig,
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
    pub fn to(url: &str) -> Result<Self, StoreError> {
        // Does nothing if `main` has chosen it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(url).map_err(|_| {
            StoreError(
                "sign-in store: the URL in SESSION_STORE is not understood; it has the form \
                 redis://[user:password@]host[:port][/database], or rediss:// for TLS"
                    .into(),
            )
        })?;
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_keepalive(TcpKeepalive::new().with_time(KEEP_ALIVE));
        Ok(Self {
            client,
            config: AsyncConnectionConfig::new()
                .set_connection_timeout(TIME_OUT)
                .set_response_timeout(TIME_OUT)
                .set_tcp_settings(tcp),
            by_runtime: Mutex::default(),
        })
    }

    /// Makes a call, and makes it again if the connection turns out to be lost:
    /// it must do no harm to make it twice.
    pub async fn run<T: FromRedisValue>(&self, call: Call<'_>) -> Result<T, StoreError> {
        let link = self.link()?;
        let mut repeated = false;
        loop {
            let (mut connection, serial) = self.connection(&link).await?;
            let cause = match call.on(&mut connection).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => cause,
            };
            if is_stale(&cause) {
                let mut link = link.lock().await;
                if link.serial == serial {
                    link.connection = None;
                }
            }
            if repeated || !cause.is_connection_dropped() {
                return Err(match cause.kind() {
                    ErrorKind::Moved | ErrorKind::Ask | ErrorKind::CrossSlot => self.error(
                        "it is part of a Redis Cluster, which is not supported; name one primary \
                         in SESSION_STORE",
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

    /// An error of this store. It names the server, never the password.
    pub fn error(&self, cause: impl std::fmt::Display) -> StoreError {
        let server = &self.client.get_connection_info().addr;
        StoreError(format!("sign-in store Redis at {server}: {cause}"))
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
        match self.connect().await {
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

    async fn connect(&self) -> Result<MultiplexedConnection, StoreError> {
        self.client
            .get_multiplexed_async_connection_with_config(&self.config)
            .await
            .map_err(|cause| self.error(cause))
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

/// Whether the connection is of no more use: lost, silent, or to a server that
/// has become a replica.
fn is_stale(cause: &RedisError) -> bool {
    cause.is_unrecoverable_error() || cause.is_timeout() || cause.kind() == ErrorKind::ReadOnly
}
