//! The store for apps that have a PostgreSQL database (12 or newer): any number of
//! instances share it. The statements and their tables are in `statements.rs`;
//! connections are in `link.rs`; `address.rs` parses an address.

mod address;
mod link;
mod statements;

use std::{fmt, sync::Arc};

use sqlx::{Decode, PgPool, Postgres as Database, Row as _, Type, postgres::PgRow, query};

use super::{Key, Lease, ListedRow, Pending, Pulse, Row, Store, StoreError};
pub(crate) use address::Address;
use link::Link;

/// User sessions in a PostgreSQL database that several instances share, in tables of
/// their own: `vestibule_sessions`, `vestibule_leases` and `vestibule_format`, in the
/// first schema of the search path. They are created if they are missing. Apps that
/// share a database need a schema each.
///
/// Each request asks the server whether its session goes on, so what one instance ends
/// has ended for all. Nothing relies on `NOTIFY`, which comes too late for that, makes
/// all commits of a database wait for each other, and does not pass poolers.
pub struct Postgres(Arc<Link>);

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Postgres {
    /// Opens the store over connections of the app's own, for
    /// [`Builder::store`](crate::Builder::store).
    ///
    /// Calls wait two seconds at most, for a free connection as for an answer. Give the
    /// server a `statement_timeout` of that order too, so that it does not go on with
    /// what nobody waits for.
    ///
    /// Calls run on a thread of the store's own, and connections that they open end with
    /// it: keep the store as long as the pool.
    ///
    /// ```no_run
    /// # async fn build(settings: vestibule::Settings, pool: sqlx::PgPool)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// use std::sync::Arc;
    /// use vestibule::{Oidc, store::Postgres};
    ///
    /// let store = Arc::new(Postgres::from_pool(pool).await?);
    /// let oidc = Oidc::builder(settings).store(store).build().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The server can be reached, but its tables cannot be created or used. A server
    /// that is down is not an error: the store recovers by itself.
    pub async fn from_pool(pool: PgPool) -> Result<Self, StoreError> {
        Ok(Self(Link::over(pool).await?))
    }

    /// Opens the store at an address.
    ///
    /// # Errors
    /// See [`from_pool`](Self::from_pool); or the address cannot be parsed. The error
    /// does not repeat it, since it may contain a password.
    pub(super) async fn open(address: &str) -> Result<Self, StoreError> {
        Ok(Self(Link::to(address).await?))
    }

    /// Runs a statement that tells one thing of a row: whether it is there now.
    async fn put(&self, statement: &'static str, row: Row) -> Result<bool, StoreError> {
        let rows = self.0.ask(move || {
            query(statement)
                .bind(row.key)
                .bind(row.subject)
                .bind(row.provider_session)
                .bind(stored(row.created_at))
                .bind(row.device.clone())
                .bind(stored(row.version))
                .bind(stored(row.last_seen))
                .bind(stored(row.expires_at))
                .bind(row.sealed.clone())
        });
        let answer = rows.await?;
        let is_there = answer.first().and_then(|row| field(row, 0));
        is_there.ok_or_else(|| self.0.error("an answer cannot be read"))
    }

    /// Runs a statement that returns the keys of rows.
    async fn keys(
        &self,
        statement: impl Fn() -> link::Statement + Send + 'static,
    ) -> Result<Vec<Key>, StoreError> {
        let rows = self.0.ask(statement).await?;
        Ok(rows.iter().filter_map(|row| field(row, 0)).collect())
    }
}

impl Store for Postgres {
    fn create(&self, row: Row) -> Pending<'_, ()> {
        Box::pin(async move {
            match self.put(statements::INSERT, row).await? {
                true => Ok(()),
                false => Err(self.0.error("the key of a new row is already in use")),
            }
        })
    }

    fn get(&self, key: Key, now: u64) -> Pending<'_, Option<Row>> {
        Box::pin(async move {
            let get = move || query(statements::GET).bind(key).bind(stored(now));
            let rows = self.0.ask(get).await?;
            Ok(rows.first().and_then(|row| read(row, parse)))
        })
    }

    fn pulse(&self, key: Key, now: u64) -> Pending<'_, Option<Pulse>> {
        Box::pin(async move {
            let pulse = move || query(statements::PULSE).bind(key).bind(stored(now));
            let rows = self.0.ask(pulse).await?;
            // A damaged row is left to `get`.
            Ok(rows.first().and_then(|row| {
                Some(Pulse {
                    version: number(row, 0)?,
                    last_seen: number(row, 1)?,
                })
            }))
        })
    }

    fn touch(&self, key: Key, last_seen: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            let touch = move || query(statements::TOUCH).bind(key).bind(stored(last_seen));
            self.0.ask(touch).await.map(drop)
        })
    }

    fn replace(&self, row: Row) -> Pending<'_, bool> {
        Box::pin(self.put(statements::REPLACE, row))
    }

    fn delete(&self, key: Key) -> Pending<'_, bool> {
        Box::pin(async move {
            let delete = move || query(statements::DELETE).bind(key);
            Ok(!self.0.ask(delete).await?.is_empty())
        })
    }

    fn delete_by_provider_session(&self, provider_session: Key) -> Pending<'_, Vec<Key>> {
        let delete = statements::DELETE_BY_PROVIDER_SESSION;
        Box::pin(self.keys(move || query(delete).bind(provider_session)))
    }

    fn delete_by_subject(&self, subject: Key) -> Pending<'_, Vec<Key>> {
        Box::pin(self.keys(move || query(statements::DELETE_BY_SUBJECT).bind(subject)))
    }

    fn list_by_subject(&self, subject: Key, now: u64) -> Pending<'_, Vec<ListedRow>> {
        Box::pin(async move {
            let list = move || {
                query(statements::LIST_BY_SUBJECT)
                    .bind(subject)
                    .bind(stored(now))
            };
            let rows = self.0.ask(list).await?;
            Ok(rows.iter().filter_map(|row| read(row, listed)).collect())
        })
    }

    fn purge(&self, now: u64, idle_since: u64, limit: usize) -> Pending<'_, Vec<Key>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Box::pin(self.keys(move || {
            query(statements::PURGE)
                // Planned each time, for few rows: a plan for any number of them may read
                // the whole table.
                .persistent(false)
                .bind(stored(now))
                .bind(stored(idle_since))
                .bind(limit)
        }))
    }

    fn acquire(&self, lease: Lease) -> Pending<'_, bool> {
        // By the server's clock, as those of the instances may differ.
        let seconds = lease.until.saturating_sub(lease.now).max(1);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        Box::pin(async move {
            let acquire = move || {
                query(statements::ACQUIRE)
                    .bind(lease.name)
                    .bind(lease.holder)
                    .bind(f64::from(seconds))
            };
            Ok(!self.0.ask(acquire).await?.is_empty())
        })
    }

    fn release(&self, name: Key, holder: Key) -> Pending<'_, ()> {
        Box::pin(async move {
            let release = move || query(statements::RELEASE).bind(name).bind(holder);
            self.0.ask(release).await.map(drop)
        })
    }

    fn check(&self) -> Pending<'_, ()> {
        Box::pin(async move { self.0.ask(|| query(statements::CHECK)).await.map(drop) })
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            self.0.close().await;
            Ok(())
        })
    }
}

/// What a number is in the database.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What a row says, unless it is damaged.
fn read<T>(row: &PgRow, parse: impl FnOnce(&PgRow) -> Option<T>) -> Option<T> {
    let parsed = parse(row);
    if parsed.is_none() {
        tracing::error!("a row in the session store is damaged; it is ignored");
    }
    parsed
}

/// The row in the columns of `statements::GET`.
fn parse(row: &PgRow) -> Option<Row> {
    Some(Row {
        key: field(row, 0)?,
        subject: field(row, 1)?,
        provider_session: field(row, 2)?,
        created_at: number(row, 3)?,
        device: field(row, 4)?,
        version: number(row, 5)?,
        last_seen: number(row, 6)?,
        expires_at: number(row, 7)?,
        sealed: field(row, 8)?,
    })
}

/// The row in the columns of `statements::LIST_BY_SUBJECT`.
fn listed(row: &PgRow) -> Option<ListedRow> {
    Some(ListedRow {
        key: field(row, 0)?,
        created_at: number(row, 1)?,
        device: field(row, 2)?,
        last_seen: number(row, 3)?,
        provider_session: field(row, 4)?,
    })
}

fn number(row: &PgRow, column: usize) -> Option<u64> {
    u64::try_from(field::<i64>(row, column)?).ok()
}

fn field<'a, T: Decode<'a, Database> + Type<Database>>(row: &'a PgRow, column: usize) -> Option<T> {
    row.try_get(column).ok()
}
