//! The statements of the store, one for each verb, and the tables that they need
//! (`tables.sql`). Each is atomic and idempotent, so one whose answer was lost may be
//! repeated. Those that change several rows lock them in the order of their keys, so
//! that no two of them wait for each other.

use std::fmt;

use sqlx::{Connection as _, Executor as _, PgConnection};

/// The format of the tables that these statements are for.
const FORMAT: i32 = 1;

/// Instances that start together create the tables one after the other. The numbers of
/// locks are «vest», and what it is for.
const CREATE: &str = concat!(
    "SELECT pg_advisory_xact_lock(1986360180, 0);\n",
    include_str!("tables.sql")
);

/// $1 to $9: the columns. Tells whether the row is in the table.
pub(super) const INSERT: &str = "
    WITH added AS (
        INSERT INTO vestibule_sessions (key, subject, provider_session, created_at, device,
            version, last_seen, expires_at, sealed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (key) DO NOTHING
        RETURNING key
    )
    SELECT EXISTS (SELECT FROM added)
        OR EXISTS (SELECT FROM vestibule_sessions WHERE key = $1 AND sealed = $9)";

/// $1 to $9: the columns. Tells whether the row is in the table.
pub(super) const REPLACE: &str = "
    WITH replaced AS (
        UPDATE vestibule_sessions
        SET subject = $2, provider_session = $3, created_at = $4, device = $5, version = $6,
            last_seen = greatest(last_seen, $7), expires_at = $8, sealed = $9
        WHERE key = $1 AND version = $6 - 1
        RETURNING key
    )
    SELECT EXISTS (SELECT FROM replaced)
        OR EXISTS (
            SELECT FROM vestibule_sessions WHERE key = $1 AND version = $6 AND sealed = $9
        )";

pub(super) const GET: &str = "
    SELECT key, subject, provider_session, created_at, device, version, last_seen, expires_at,
        sealed
    FROM vestibule_sessions WHERE key = $1 AND expires_at > $2";

pub(super) const PULSE: &str = "
    SELECT version, last_seen FROM vestibule_sessions WHERE key = $1 AND expires_at > $2";

pub(super) const TOUCH: &str = "
    UPDATE vestibule_sessions SET last_seen = $2 WHERE key = $1 AND last_seen < $2";

pub(super) const DELETE: &str = "DELETE FROM vestibule_sessions WHERE key = $1 RETURNING key";

pub(super) const DELETE_BY_PROVIDER_SESSION: &str = "
    WITH found AS MATERIALIZED (
        SELECT key FROM vestibule_sessions WHERE provider_session = $1 ORDER BY key FOR UPDATE
    )
    DELETE FROM vestibule_sessions AS session USING found
    WHERE session.key = found.key RETURNING session.key";

pub(super) const DELETE_BY_SUBJECT: &str = "
    WITH found AS MATERIALIZED (
        SELECT key FROM vestibule_sessions WHERE subject = $1 ORDER BY key FOR UPDATE
    )
    DELETE FROM vestibule_sessions AS session USING found
    WHERE session.key = found.key RETURNING session.key";

pub(super) const LIST_BY_SUBJECT: &str = "
    SELECT key, created_at, device, last_seen, provider_session
    FROM vestibule_sessions WHERE subject = $1 AND expires_at > $2";

/// $1: now, $2: since when rows may be idle, $3: how many. Rows that somebody else is
/// changing are left for the next time. Leases go with them, as nobody else removes
/// those that were never released.
///
/// One instance at a time: the others would look through the same rows.
pub(super) const PURGE: &str = "
    WITH turn AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(1986360180, 'vestibule_sessions'::regclass::oid::integer)
            AS is_ours
    ),
    expired AS MATERIALIZED (
        SELECT key FROM vestibule_sessions
        WHERE (SELECT is_ours FROM turn) AND expires_at <= $1
        ORDER BY expires_at LIMIT $3 FOR UPDATE SKIP LOCKED
    ),
    idle AS MATERIALIZED (
        SELECT key FROM vestibule_sessions
        WHERE (SELECT is_ours FROM turn) AND last_seen < $2
        ORDER BY last_seen LIMIT $3 FOR UPDATE SKIP LOCKED
    ),
    ended AS MATERIALIZED (
        SELECT key FROM expired UNION SELECT key FROM idle LIMIT $3
    ),
    past AS MATERIALIZED (
        SELECT name FROM vestibule_leases
        WHERE (SELECT is_ours FROM turn) AND ends_at <= clock_timestamp()
        ORDER BY ends_at LIMIT 100 FOR UPDATE SKIP LOCKED
    ),
    released AS (
        DELETE FROM vestibule_leases AS lease USING past WHERE lease.name = past.name
    )
    DELETE FROM vestibule_sessions AS session USING ended
    WHERE session.key = ended.key RETURNING session.key";

/// $1: name, $2: holder, $3: for how many seconds.
pub(super) const ACQUIRE: &str = "
    INSERT INTO vestibule_leases AS lease (name, holder, ends_at)
    VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends_at = excluded.ends_at
    WHERE lease.holder = excluded.holder OR lease.ends_at <= clock_timestamp()
    RETURNING name";

pub(super) const RELEASE: &str = "
    DELETE FROM vestibule_leases WHERE name = $1 AND holder = $2";

/// Changes nothing. Servers that take no writes, and roles that may not make each kind
/// of change, are refused all the same.
pub(super) const CHECK: &str = "
    WITH added AS (INSERT INTO vestibule_sessions SELECT * FROM vestibule_sessions WHERE false),
    changed AS (UPDATE vestibule_sessions SET version = version WHERE false),
    removed AS (DELETE FROM vestibule_sessions WHERE false),
    acquired AS (INSERT INTO vestibule_leases SELECT * FROM vestibule_leases WHERE false),
    extended AS (UPDATE vestibule_leases SET holder = holder WHERE false),
    released AS (DELETE FROM vestibule_leases WHERE false)
    SELECT 1";

/// By which somebody with the rights to it lets this role create its tables.
const GRANT_CREATE: &str = "
    SELECT format('GRANT CREATE ON SCHEMA %I TO %I', coalesce(current_schema(), 'public'),
        current_user)";

/// By which somebody with the rights to it lets this role use its tables.
const GRANT_USE: &str = "
    SELECT format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON %1$s.vestibule_sessions, %1$s.vestibule_leases '
            'TO %2$I; GRANT SELECT ON %1$s.vestibule_format TO %2$I',
        relnamespace::regnamespace, current_user)
    FROM pg_class WHERE oid = to_regclass('vestibule_format')";

/// The SQLSTATE of a statement that needs a right which the role does not have.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Why the tables cannot be used.
pub(super) enum Unprepared {
    /// Somebody has to do what it says first.
    Unusable(String),
    /// The server did not do what it was asked to.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Unprepared {
    fn from(cause: sqlx::Error) -> Self {
        Self::Failed(cause)
    }
}

/// Creates the tables if they are missing, and sees that they can be used.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), Unprepared> {
    let are_there = "SELECT to_regclass('vestibule_format') IS NOT NULL";
    if !sqlx::query_scalar(are_there)
        .fetch_one(&mut *connection)
        .await?
    {
        let created = connection.execute(CREATE).await;
        if let Err(cause) = created {
            return Err(or_grant(connection, cause, "create tables", GRANT_CREATE).await);
        }
        tracing::info!("the tables of the session store were created");
    }
    let formats = "SELECT version FROM vestibule_format";
    let formats = sqlx::query_scalar(formats)
        .fetch_all(&mut *connection)
        .await;
    let formats: Vec<i32> = match formats {
        Ok(formats) => formats,
        Err(cause) => return Err(or_grant(connection, cause, "use its tables", GRANT_USE).await),
    };
    if formats != [FORMAT] {
        return Err(Unprepared::Unusable(format!(
            "its tables have the format {}, and this version of vestibule knows {FORMAT} only; \
             use the version that made them, or another schema (options=-csearch_path%3DSCHEMA)",
            Numbers(&formats)
        )));
    }
    if let Err(cause) = sqlx::query(CHECK).execute(&mut *connection).await {
        return Err(or_grant(connection, cause, "use its tables", GRANT_USE).await);
    }
    Ok(())
}

/// Why something failed; if for want of a right, with the statement that gives it.
async fn or_grant(
    connection: &mut PgConnection,
    cause: sqlx::Error,
    to_do: &str,
    grant: &str,
) -> Unprepared {
    let code = cause.as_database_error().and_then(|cause| cause.code());
    if code.as_deref() != Some(INSUFFICIENT_PRIVILEGE) {
        return cause.into();
    }
    // A failed script may have left a transaction open.
    let asked = async {
        connection.ping().await?;
        sqlx::query_scalar::<_, String>(grant)
            .fetch_one(connection)
            .await
    };
    match asked.await {
        Ok(grant) => Unprepared::Unusable(format!(
            "its role may not {to_do}; have somebody who may give that right run: {grant}"
        )),
        Err(_) => cause.into(),
    }
}

/// The rows of the table of formats, of which there should be one.
struct Numbers<'a>(&'a [i32]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("unknown"),
            numbers => {
                let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
                f.write_str(&numbers.join(" and "))
            }
        }
    }
}
