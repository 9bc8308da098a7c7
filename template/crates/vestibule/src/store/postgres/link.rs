//! The connections to PostgreSQL: a pool, made anew when its server is lost. While
//! that fails, a task keeps trying, and no one waits for it. Nothing here knows what is
//! sent.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, Connection as _, PgPool, Postgres,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::{Semaphore, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};

use super::{
    StoreError,
    address::Address,
    statements::{self, Unprepared},
};

/// For connecting, and for each answer.
const TIME_OUT: Duration = Duration::from_secs(2);
/// For a connection that others use, as long as they get answers.
const LONGEST_QUEUE: Duration = Duration::from_secs(10);
/// The time-out for a statement that waits for a lock. The server's answer comes before we
/// give it up, and it does not go on waiting after we have gone.
const STATEMENT_TIME_OUT: (&str, &str) = ("statement_timeout", "1500ms");
/// Enough for thousands of requests a second, and little of the hundred connections that
/// a server has for all its clients.
const MOST_CONNECTIONS: u32 = 10;
/// The pause between two connection retries, doubled each time. Calls fail at once
/// in the meantime.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What is sent to the server; made again if it has to be repeated.
pub(super) type Statement = Query<'static, Postgres, PgArguments>;

pub(super) struct Link {
    source: Source,
    /// The server and the database, for messages.
    name: String,
    state: watch::Sender<State>,
    /// How many pools there were.
    serial: AtomicU64,
    runtime: Runtime,
}

/// Where connections come from.
enum Source {
    Address(Box<PgConnectOptions>),
    /// The app's own pool, which is used as it is.
    Pool(PgPool),
}

#[derive(Clone)]
enum State {
    Up(Up),
    /// The server was lost just now. Calls wait for the outcome.
    Connecting,
    /// Calls fail.
    Down(StoreError),
    /// For ever.
    Closed,
}

#[derive(Clone)]
struct Up {
    pool: PgPool,
    /// One for each connection. Closed when the pool is given up, so that nobody goes on
    /// waiting for one.
    turns: Arc<Semaphore>,
    serial: u64,
}

/// Where calls run: a thread of the store's own. Connections stop when the runtime that
/// made them does, and Actix has one for each worker, whose connections would be too many
/// for a server.
struct Runtime {
    handle: Handle,
    /// The thread ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl Runtime {
    fn start() -> Result<Self, StoreError> {
        let cannot = |cause| StoreError(format!("session store PostgreSQL: no thread: {cause}"));
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(cannot)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        std::thread::Builder::new()
            .name("session-store".to_owned())
            .spawn(move || runtime.block_on(stopped).is_ok())
            .map_err(cannot)?;
        Ok(Self {
            handle,
            _stop: stop,
        })
    }
}

/// Why a call has failed.
enum Failure {
    /// There is no answer.
    Silent,
    /// The connection is of no use, for now or for ever.
    Lost(sqlx::Error),
    /// The pool was given up meanwhile.
    GivenUp,
    /// All connections are in use, and stay so.
    Busy,
    /// The server refuses what it was asked for.
    Refused(sqlx::Error),
}

/// Why there is no connection.
enum Unconnected {
    /// It will not work before somebody does something about it.
    Unusable(String),
    /// It may work later.
    Unreachable(String),
}

impl Link {
    /// Connects to the server at this address. One that cannot be reached is tried
    /// again later.
    ///
    /// # Errors
    /// The address cannot be parsed, or the server can be reached but not used. No
    /// error contains the password.
    pub async fn to(address: &str) -> Result<Arc<Self>, StoreError> {
        let address = Address::parse(address).map_err(|form| {
            StoreError(format!(
                "session store: SESSION_STORE is not an address of PostgreSQL; use {form}"
            ))
        })?;
        let name = address.to_string();
        let options = address.options.options([STATEMENT_TIME_OUT]);
        let source = Source::Address(Box::new(options));
        Self::open(source, name).await
    }

    /// Uses the app's own connections.
    ///
    /// # Errors
    /// See [`to`](Self::to).
    pub async fn over(pool: PgPool) -> Result<Arc<Self>, StoreError> {
        let options = pool.connect_options();
        let (host, port) = (options.get_host(), options.get_port());
        let name = format!("{host}:{port}");
        Self::open(Source::Pool(pool), name).await
    }

    async fn open(source: Source, name: String) -> Result<Arc<Self>, StoreError> {
        let link = Arc::new(Self {
            source,
            name,
            state: watch::Sender::new(State::Connecting),
            serial: AtomicU64::new(0),
            runtime: Runtime::start()?,
        });
        let connecting = Arc::clone(&link);
        match link.run(async move { connecting.connect().await }).await? {
            Ok(()) => {}
            Err(Unconnected::Unusable(cause)) => return Err(link.error(cause)),
            Err(Unconnected::Unreachable(cause)) => {
                let error = link.error(cause);
                tracing::warn!("{error}; it will be tried again");
                link.is_down(error);
            }
        }
        Ok(link)
    }

    /// The rows that a statement returns. It is repeated if the connection turns out to
    /// be lost, or to lead to a server that takes no writes: that must be harmless. It
    /// goes on even if the caller stops waiting.
    pub async fn ask(
        self: &Arc<Self>,
        statement: impl Fn() -> Statement + Send + 'static,
    ) -> Result<Vec<PgRow>, StoreError> {
        let link = Arc::clone(self);
        self.run(async move { link.ask_here(statement).await })
            .await?
    }

    async fn ask_here(
        self: Arc<Self>,
        statement: impl Fn() -> Statement,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut repeated = false;
        loop {
            let up = self.up().await?;
            let error = match up.ask(statement()).await {
                Ok(rows) => return Ok(rows),
                Err(Failure::Refused(cause)) => return Err(self.error(in_words(&cause))),
                Err(Failure::Busy) => {
                    return Err(self.error("more is asked of it than it can answer"));
                }
                Err(Failure::Silent) => {
                    let error = self.error("it does not answer");
                    self.was_lost(&up, State::Down(error.clone()));
                    return Err(error);
                }
                Err(Failure::Lost(cause)) => {
                    self.was_lost(&up, State::Connecting);
                    self.error(in_words(&cause))
                }
                Err(Failure::GivenUp) => self.error("it was lost"),
            };
            if repeated {
                return Err(error);
            }
            repeated = true;
        }
    }

    /// Closes all connections but those of the app.
    pub async fn close(self: &Arc<Self>) {
        let former = self.state.send_replace(State::Closed);
        let State::Up(Up { pool, turns, .. }) = former else {
            return;
        };
        turns.close();
        if let Source::Address(_) = self.source {
            let closing = async move { timeout(TIME_OUT, pool.close()).await };
            let _ = self.run(closing).await;
        }
    }

    /// An error of this store. It names the server, never the password.
    pub fn error(&self, cause: impl std::fmt::Display) -> StoreError {
        StoreError(format!(
            "session store PostgreSQL at {}: {cause}",
            self.name
        ))
    }

    /// Does some work where connections live.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.runtime.handle.spawn(work).await;
        done.map_err(|_| self.error("it was interrupted"))
    }

    /// The connections, once the outcome is known.
    async fn up(&self) -> Result<Up, StoreError> {
        let mut state = self.state.subscribe();
        let state = state.wait_for(|state| !matches!(state, State::Connecting));
        match state.await.as_deref() {
            Ok(State::Up(up)) => Ok(up.clone()),
            Ok(State::Down(error)) => Err(error.clone()),
            Ok(State::Connecting | State::Closed) | Err(_) => Err(self.error("it is closed")),
        }
    }

    /// Makes other connections, unless that has been done already.
    fn was_lost(self: &Arc<Self>, lost: &Up, meanwhile: State) {
        let pause = match meanwhile {
            State::Connecting => Duration::ZERO,
            State::Up(_) | State::Down(_) | State::Closed => FIRST_PAUSE,
        };
        let is_news = self.state.send_if_modified(|state| {
            let is_it = matches!(state, State::Up(up) if up.serial == lost.serial);
            if is_it {
                *state = meanwhile;
            }
            is_it
        });
        if is_news {
            lost.turns.close();
            self.bring_up_after(pause);
        }
    }

    /// Makes all calls fail until the server answers again.
    fn is_down(self: &Arc<Self>, error: StoreError) {
        self.now_is(State::Down(error));
        self.bring_up_after(FIRST_PAUSE);
    }

    /// Changes the state, unless the store is closed: then it returns `false`.
    fn now_is(&self, new: State) -> bool {
        self.state.send_if_modified(|state| {
            let is_open = !matches!(state, State::Closed);
            if is_open {
                *state = new;
            }
            is_open
        })
    }

    fn bring_up_after(self: &Arc<Self>, pause: Duration) {
        let bringing_up = bring_up(Arc::downgrade(self), pause);
        self.runtime.handle.spawn(bringing_up);
    }

    /// Makes connections to a server whose tables can be used.
    async fn connect(&self) -> Result<(), Unconnected> {
        let pool = match timeout(TIME_OUT, self.prepared_pool()).await {
            Ok(Ok(pool)) => pool,
            Ok(Err(Unprepared::Unusable(cause))) => return Err(Unconnected::Unusable(cause)),
            Ok(Err(Unprepared::Failed(cause))) if is_by_its_settings(&cause) => {
                return Err(Unconnected::Unusable(in_words(&cause)));
            }
            Ok(Err(Unprepared::Failed(cause))) => {
                return Err(Unconnected::Unreachable(in_words(&cause)));
            }
            Err(_) => return Err(Unconnected::Unreachable("it does not answer".to_owned())),
        };
        let most = pool.options().get_max_connections();
        let turns = Arc::new(Semaphore::new(
            usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS),
        ));
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.now_is(State::Up(Up {
            pool,
            turns,
            serial,
        }));
        Ok(())
    }

    async fn prepared_pool(&self) -> Result<PgPool, Unprepared> {
        match &self.source {
            Source::Address(options) => {
                let mut connection = options.connect().await?;
                statements::prepare(&mut connection).await?;
                connection.close().await?;
                Ok(PgPoolOptions::new()
                    .max_connections(MOST_CONNECTIONS)
                    .acquire_timeout(TIME_OUT)
                    // A dead one is noticed by the statement itself.
                    .test_before_acquire(false)
                    .connect_lazy_with(options.as_ref().clone()))
            }
            Source::Pool(pool) => {
                statements::prepare(&mut *pool.acquire().await?).await?;
                Ok(pool.clone())
            }
        }
    }
}

impl Up {
    async fn ask(&self, statement: Statement) -> Result<Vec<PgRow>, Failure> {
        let _turn = match timeout(LONGEST_QUEUE, self.turns.acquire()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(Failure::GivenUp),
            Err(_) => return Err(Failure::Busy),
        };
        let deadline = Instant::now() + TIME_OUT;
        let acquired = timeout_at(deadline, self.pool.acquire()).await;
        let mut connection = match acquired {
            Ok(Ok(connection)) => connection,
            Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => return Err(Failure::Silent),
            Ok(Err(cause)) => return Err(Failure::Lost(cause)),
        };
        let answer = timeout_at(deadline, statement.fetch_all(&mut *connection)).await;
        let failure = match answer {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(cause)) if is_lost(&cause) => Failure::Lost(cause),
            Ok(Err(cause)) => return Err(Failure::Refused(cause)),
            Err(_) => Failure::Silent,
        };
        // It would be asked whether it is still of use, and may never answer.
        connection.close_on_drop();
        Err(failure)
    }
}

/// Tries to connect until it succeeds or the store is closed.
async fn bring_up(link: Weak<Link>, mut pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        let Some(link) = link.upgrade() else { return };
        let (Unconnected::Unusable(cause) | Unconnected::Unreachable(cause)) =
            match link.connect().await {
                Ok(()) => {
                    tracing::info!("the session store can be reached again");
                    return;
                }
                Err(unconnected) => unconnected,
            };
        let error = link.error(cause);
        if !link.now_is(State::Down(error)) {
            return;
        }
    }
}

/// Whether the connection is no longer of use: it is gone, the server is about to stop
/// or takes no writes, or somebody has removed the tables.
fn is_lost(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        sqlx::Error::Database(cause) => {
            let code = cause.code().unwrap_or_default();
            // connection exceptions; idle_session_timeout, admin_shutdown, crash_shutdown,
            // cannot_connect_now; read_only_sql_transaction; undefined_table
            code.starts_with("08")
                || ["57P05", "57P01", "57P02", "57P03", "25006", "42P01"].contains(&&*code)
        }
        _ => false,
    }
}

/// Whether a server refuses its client for what somebody has to mend: who it says that
/// it is, its database, or the schema of its tables.
fn is_by_its_settings(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|cause| cause.code());
    code.is_some_and(|code| code.starts_with("28") || ["3D000", "3F000"].contains(&&*code))
}

fn in_words(cause: &sqlx::Error) -> String {
    match cause {
        sqlx::Error::Database(cause) => {
            let code = cause.code().unwrap_or_default();
            format!("{} (SQLSTATE {code})", cause.message())
        }
        cause => cause.to_string(),
    }
}
