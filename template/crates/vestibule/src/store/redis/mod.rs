//! The store for several instances: Redis (6 or newer) or Valkey. The keys, and the
//! scripts that change them atomically, are in `scripts.rs`; connections are in
//! `link.rs`; `primary.rs` finds the server behind an address, which `address.rs`
//! parses.

mod address;
mod link;
mod primary;
mod scripts;

use ::redis::{FromRedisValue, ScriptInvocation, cmd};

use super::{Key, Lease, ListedRow, Pending, Pulse, Row, Store, StoreError};
use crate::seal::{decode_array, encode};
pub(crate) use address::Address;
use link::{Call, Links};
use scripts::{FIELDS, LISTED, Scripts};

/// User sessions on a Redis server that several instances share: a named server,
/// one found through sentinels, or a node of a cluster.
///
/// Each app needs its own database (the number at the end of the URL), with an
/// eviction policy of `noeviction`: evicted sessions are signed out. A cluster has
/// only one database, so it serves one app, and all of the app's data is on one
/// primary, since scripts touch the keys of all of a person's user sessions. A
/// cluster therefore adds failover, not capacity.
///
/// Redis answers before replicas have a change. The last changes before a failover
/// may be lost, sign-outs among them.
pub struct Redis {
    links: Links,
    scripts: Scripts,
}

impl Redis {
    /// Prepares the store at this address. The first call connects.
    ///
    /// # Errors
    /// The address cannot be parsed. The error does not repeat it, since it may
    /// contain a password.
    pub fn open(address: &str) -> Result<Self, StoreError> {
        Ok(Self {
            links: Links::to(address)?,
            scripts: Scripts::new(),
        })
    }

    async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, StoreError> {
        self.links.run(Call::Script(script)).await
    }

    async fn run_for_keys(&self, script: &ScriptInvocation<'_>) -> Result<Vec<Key>, StoreError> {
        let keys: Vec<String> = self.run(script).await?;
        Ok(keys.iter().filter_map(decode_array).collect())
    }
}

impl Store for Redis {
    fn create(&self, row: Row) -> Pending<'_, ()> {
        Box::pin(async move {
            let mut script = self.scripts.create.prepare_invoke();
            add_row(&mut script, &row);
            match self.run(&script).await? {
                true => Ok(()),
                false => Err(self.links.error("the key of a new row is already in use")),
            }
        })
    }

    fn get(&self, key: Key, now: u64) -> Pending<'_, Option<Row>> {
        Box::pin(async move {
            let mut command = cmd("HMGET");
            command.arg(scripts::row(&encode(&key))).arg(FIELDS);
            let fields = self.links.run(Call::Command(&command)).await?;
            Ok(live(key, fields, now))
        })
    }

    fn pulse(&self, key: Key, now: u64) -> Pending<'_, Option<Pulse>> {
        Box::pin(async move {
            let mut command = cmd("HMGET");
            command.arg(scripts::row(&encode(&key))).arg(scripts::PULSE);
            let fields: [Option<u64>; 3] = self.links.run(Call::Command(&command)).await?;
            // A damaged row is left to `get`.
            let [Some(version), Some(last_seen), Some(expires_at)] = fields else {
                return Ok(None);
            };
            let pulse = Pulse { version, last_seen };
            Ok((now < expires_at).then_some(pulse))
        })
    }

    fn touch(&self, key: Key, last_seen: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            let mut script = self.scripts.touch.prepare_invoke();
            script.key(scripts::row(&encode(&key))).arg(last_seen);
            self.run(&script).await
        })
    }

    fn replace(&self, row: Row) -> Pending<'_, bool> {
        Box::pin(async move {
            let mut script = self.scripts.replace.prepare_invoke();
            add_row(&mut script, &row);
            script.arg(row.version.saturating_sub(1));
            self.run(&script).await
        })
    }

    fn delete(&self, key: Key) -> Pending<'_, bool> {
        Box::pin(async move {
            let mut script = self.scripts.delete.prepare_invoke();
            script.key(scripts::row(&encode(&key))).arg(encode(&key));
            self.run(&script).await
        })
    }

    fn delete_by_provider_session(&self, provider_session: Key) -> Pending<'_, Vec<Key>> {
        Box::pin(async move {
            let mut script = self.scripts.delete_all.prepare_invoke();
            script.key(scripts::provider_session(&encode(&provider_session)));
            self.run_for_keys(&script).await
        })
    }

    fn delete_by_subject(&self, subject: Key) -> Pending<'_, Vec<Key>> {
        Box::pin(async move {
            let mut script = self.scripts.delete_all.prepare_invoke();
            script.key(scripts::subject(&encode(&subject)));
            self.run_for_keys(&script).await
        })
    }

    fn list_by_subject(&self, subject: Key, now: u64) -> Pending<'_, Vec<ListedRow>> {
        Box::pin(async move {
            let mut script = self.scripts.list.prepare_invoke();
            script.key(scripts::subject(&encode(&subject))).arg(LISTED);
            let found: Vec<(String, Fields)> = self.run(&script).await?;
            Ok(found
                .into_iter()
                .filter_map(|(key, fields)| listed(decode_array(&key)?, fields, now))
                .collect())
        })
    }

    /// Rows expire on the server by themselves. An idle row only costs memory:
    /// readers check `last_seen`.
    fn purge(&self, _now: u64, _idle_since: u64, _limit: usize) -> Pending<'_, Vec<Key>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn acquire(&self, lease: Lease) -> Pending<'_, bool> {
        Box::pin(async move {
            let mut script = self.scripts.lease.prepare_invoke();
            script
                .key(scripts::lease_key(&encode(&lease.name)))
                .arg(encode(&lease.holder))
                .arg(lease.until.saturating_sub(lease.now).max(1));
            self.run(&script).await
        })
    }

    fn release(&self, name: Key, holder: Key) -> Pending<'_, ()> {
        Box::pin(async move {
            let mut script = self.scripts.release.prepare_invoke();
            script
                .key(scripts::lease_key(&encode(&name)))
                .arg(encode(&holder));
            self.run(&script).await
        })
    }

    /// Writes, which detects a replica, a full server and missing permissions.
    fn check(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            // Changes nothing, as there is no such key. Servers that take no writes
            // refuse it all the same.
            let mut command = cmd("SET");
            command.arg(scripts::CHECK).arg(1).arg("XX");
            self.links.run(Call::Command(&command)).await
        })
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn close(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            self.links.close();
            Ok(())
        })
    }
}

/// What `HMGET` returns for `FIELDS`.
type Fields = Vec<Option<Vec<u8>>>;

/// Adds the keys and arguments that `create` and `replace` share.
fn add_row(script: &mut ScriptInvocation<'_>, row: &Row) {
    let provider_session = row
        .provider_session
        .as_ref()
        .map_or_else(String::new, |session| encode(session));
    let subject = encode(&row.subject);
    let key = encode(&row.key);
    script
        .key(scripts::row(&key))
        .key(scripts::subject(&subject))
        .key(scripts::provider_session(&provider_session))
        .arg(key)
        .arg(subject)
        .arg(provider_session)
        .arg(row.created_at)
        .arg(row.device.as_str())
        .arg(row.version)
        .arg(row.last_seen)
        .arg(row.expires_at)
        .arg(row.sealed.as_slice());
}

/// The row in these fields, if there is one and it has not ended.
fn live(key: Key, fields: Fields, now: u64) -> Option<Row> {
    if fields.iter().all(Option::is_none) {
        return None;
    }
    let row = parse(key, fields);
    if row.is_none() {
        tracing::error!("a row in the session store is damaged; it is ignored");
    }
    row.filter(|row| now < row.expires_at)
}

/// The row of a list in the fields of `LISTED`, if there is one and it has not ended.
fn listed(key: Key, fields: Fields, now: u64) -> Option<ListedRow> {
    let [
        version,
        created_at,
        device,
        last_seen,
        expires_at,
        provider_session,
    ] = <[Option<Vec<u8>>; LISTED.len()]>::try_from(fields).ok()?;
    // Damaged rows are left out, as in `live`.
    number(version)?;
    let row = ListedRow {
        key,
        created_at: number(created_at)?,
        device: string(device)?,
        last_seen: number(last_seen)?,
        provider_session: optional_key(provider_session)?,
    };
    (now < number(expires_at)?).then_some(row)
}

/// Parses the fields in the order of `FIELDS`.
fn parse(key: Key, fields: Fields) -> Option<Row> {
    let [
        subject,
        provider_session,
        created_at,
        device,
        version,
        last_seen,
        expires_at,
        sealed,
    ] = <[Option<Vec<u8>>; FIELDS.len()]>::try_from(fields).ok()?;
    Some(Row {
        key,
        subject: decode_array(&string(subject)?)?,
        provider_session: optional_key(provider_session)?,
        created_at: number(created_at)?,
        device: string(device)?,
        version: number(version)?,
        last_seen: number(last_seen)?,
        expires_at: number(expires_at)?,
        sealed: sealed?,
    })
}

fn string(field: Option<Vec<u8>>) -> Option<String> {
    String::from_utf8(field?).ok()
}

fn number(field: Option<Vec<u8>>) -> Option<u64> {
    string(field)?.parse().ok()
}

/// A key, or none where the field is empty; `None` if it is damaged.
fn optional_key(field: Option<Vec<u8>>) -> Option<Option<Key>> {
    match string(field)?.as_str() {
        "" => Some(None),
        key => decode_array(key).map(Some),
    }
}
