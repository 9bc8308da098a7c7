//! The tables of the embedded store and every change to them: rows, their times,
//! and the indexes that find rows by person, provider session, end and last visit.
//! Nothing here commits.

use redb::{
    MultimapTable, MultimapTableDefinition, ReadTransaction, ReadableTable as _, StorageError,
    Table, TableDefinition, TableError, WriteTransaction,
};

use super::{HeldBack, Key, Lease, ListedRow, Row};

const ROWS: TableDefinition<&Key, &[u8]> = TableDefinition::new("rows");
const BY_SUBJECT: MultimapTableDefinition<&Key, &Key> = MultimapTableDefinition::new("by subject");
const BY_PROVIDER_SESSION: MultimapTableDefinition<&Key, &Key> =
    MultimapTableDefinition::new("by provider session");
const BY_END: TableDefinition<(u64, &Key), ()> = TableDefinition::new("by end");
/// Separate from the row, so that a visit does not rewrite the whole record.
const LAST_SEEN: TableDefinition<&Key, u64> = TableDefinition::new("last seen");
const BY_LAST_SEEN: TableDefinition<(u64, &Key), ()> = TableDefinition::new("by last seen");
/// When each lease ends, and its holder.
const LEASES: TableDefinition<&Key, (u64, &Key)> = TableDefinition::new("leases");
const LEASES_BY_END: TableDefinition<(u64, &Key), ()> = TableDefinition::new("leases by end");

/// All tables, open in one write transaction. Changes return the keys of the rows
/// that they changed.
pub(super) struct Tables<'t> {
    rows: Table<'t, &'static Key, &'static [u8]>,
    by_subject: MultimapTable<'t, &'static Key, &'static Key>,
    by_provider_session: MultimapTable<'t, &'static Key, &'static Key>,
    by_end: Table<'t, (u64, &'static Key), ()>,
    last_seen: Table<'t, &'static Key, u64>,
    by_last_seen: Table<'t, (u64, &'static Key), ()>,
    leases: Table<'t, &'static Key, (u64, &'static Key)>,
    leases_by_end: Table<'t, (u64, &'static Key), ()>,
}

impl<'t> Tables<'t> {
    /// Opens the tables; creates missing ones.
    pub fn open(transaction: &'t WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            rows: transaction.open_table(ROWS)?,
            by_subject: transaction.open_multimap_table(BY_SUBJECT)?,
            by_provider_session: transaction.open_multimap_table(BY_PROVIDER_SESSION)?,
            by_end: transaction.open_table(BY_END)?,
            last_seen: transaction.open_table(LAST_SEEN)?,
            by_last_seen: transaction.open_table(BY_LAST_SEEN)?,
            leases: transaction.open_table(LEASES)?,
            leases_by_end: transaction.open_table(LEASES_BY_END)?,
        })
    }

    pub fn create(&mut self, row: &Row) -> Result<Vec<Key>, StorageError> {
        if self.rows.get(&row.key)?.is_some() {
            return Ok(Vec::new());
        }
        self.rows.insert(&row.key, encode(row).as_slice())?;
        self.last_seen.insert(&row.key, row.last_seen)?;
        self.by_last_seen.insert((row.last_seen, &row.key), ())?;
        self.index(&row.key, &Head::of(row))?;
        Ok(vec![row.key])
    }

    pub fn replace(&mut self, row: &Row) -> Result<Vec<Key>, StorageError> {
        let old = self.rows.get(&row.key)?;
        let Some(old) = old.and_then(|bytes| decode(bytes.value()).map(|(head, _)| head)) else {
            return Ok(Vec::new());
        };
        if old.version.checked_add(1) != Some(row.version) {
            return Ok(Vec::new());
        }
        self.rows.insert(&row.key, encode(row).as_slice())?;
        self.unindex(&row.key, &old)?;
        self.index(&row.key, &Head::of(row))?;
        self.touch(&row.key, row.last_seen)?;
        Ok(vec![row.key])
    }

    pub fn touch(&mut self, key: &Key, last_seen: u64) -> Result<(), StorageError> {
        let known = self.last_seen.get(key)?.map(|time| time.value());
        if let Some(known) = known.filter(|&known| known < last_seen) {
            self.last_seen.insert(key, last_seen)?;
            self.by_last_seen.remove((known, key))?;
            self.by_last_seen.insert((last_seen, key), ())?;
        }
        Ok(())
    }

    pub fn delete(&mut self, key: &Key) -> Result<Vec<Key>, StorageError> {
        let last_seen = self.last_seen.remove(key)?.map(|time| time.value());
        if let Some(last_seen) = last_seen {
            self.by_last_seen.remove((last_seen, key))?;
        }
        let Some(head) = self
            .rows
            .remove(key)?
            .map(|bytes| decode(bytes.value()).map(|(head, _)| head))
        else {
            return Ok(Vec::new());
        };
        if let Some(head) = head {
            self.unindex(key, &head)?;
        }
        Ok(vec![*key])
    }

    pub fn delete_by_provider_session(&mut self, session: &Key) -> Result<Vec<Key>, StorageError> {
        let keys = self
            .by_provider_session
            .remove_all(session)?
            .map(|key| key.map(|key| *key.value()))
            .collect::<Result<Vec<_>, _>>()?;
        self.delete_all(&keys)
    }

    pub fn delete_by_subject(&mut self, subject: &Key) -> Result<Vec<Key>, StorageError> {
        let keys = self
            .by_subject
            .remove_all(subject)?
            .map(|key| key.map(|key| *key.value()))
            .collect::<Result<Vec<_>, _>>()?;
        self.delete_all(&keys)
    }

    /// Deletes expired rows, then idle ones, at most `limit` in total, and looks at
    /// no more rows than that.
    pub fn purge(
        &mut self,
        now: u64,
        idle_since: u64,
        limit: usize,
        held_back: &HeldBack,
    ) -> Result<Vec<Key>, StorageError> {
        let ended = self
            .by_end
            .range(..(now.saturating_add(1), &[0; 32]))?
            .take(limit)
            .map(|entry| entry.map(|(at, _)| (at.value().0, *at.value().1)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut deleted = Vec::new();
        for (end, key) in ended {
            deleted.extend(self.delete(&key)?);
            // Still there only if the row was damaged.
            self.by_end.remove((end, &key))?;
        }
        let idle = self
            .by_last_seen
            .range(..(idle_since, &[0; 32]))?
            .take(limit.saturating_sub(deleted.len()))
            .map(|entry| entry.map(|(at, _)| *at.value().1))
            .collect::<Result<Vec<_>, _>>()?;
        for key in idle {
            match held_back.of(&key).filter(|&seen| seen >= idle_since) {
                Some(seen) => self.touch(&key, seen)?,
                None => deleted.extend(self.delete(&key)?),
            }
        }
        Ok(deleted)
    }

    /// Each new lease removes up to two ended ones, so they never pile up.
    pub fn acquire(&mut self, lease: &Lease) -> Result<Vec<Key>, StorageError> {
        let ended = self
            .leases_by_end
            .range(..(lease.now.saturating_add(1), &[0; 32]))?
            .take(2)
            .map(|entry| entry.map(|(at, _)| (at.value().0, *at.value().1)))
            .collect::<Result<Vec<_>, _>>()?;
        for (end, name) in ended {
            self.leases_by_end.remove((end, &name))?;
            self.leases.remove(&name)?;
        }
        let held = self.held(&lease.name)?;
        if held.is_some_and(|(end, holder)| lease.now < end && holder != lease.holder) {
            return Ok(Vec::new());
        }
        if let Some((end, _)) = held {
            self.leases_by_end.remove((end, &lease.name))?;
        }
        self.leases
            .insert(&lease.name, (lease.until, &lease.holder))?;
        self.leases_by_end.insert((lease.until, &lease.name), ())?;
        Ok(vec![lease.name])
    }

    pub fn release(&mut self, name: &Key, holder: &Key) -> Result<Vec<Key>, StorageError> {
        match self.held(name)? {
            Some((end, held_by)) if held_by == *holder => {
                self.leases.remove(name)?;
                self.leases_by_end.remove((end, name))?;
                Ok(vec![*name])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// When a lease ends, and its holder.
    fn held(&self, name: &Key) -> Result<Option<(u64, Key)>, StorageError> {
        let held = self.leases.get(name)?;
        Ok(held.map(|held| {
            let (end, holder) = held.value();
            (end, *holder)
        }))
    }

    fn delete_all(&mut self, keys: &[Key]) -> Result<Vec<Key>, StorageError> {
        let mut deleted = Vec::new();
        for key in keys {
            deleted.extend(self.delete(key)?);
        }
        Ok(deleted)
    }

    fn index(&mut self, key: &Key, head: &Head) -> Result<(), StorageError> {
        self.by_subject.insert(&head.subject, key)?;
        if let Some(session) = &head.provider_session {
            self.by_provider_session.insert(session, key)?;
        }
        self.by_end.insert((head.expires_at, key), ())?;
        Ok(())
    }

    fn unindex(&mut self, key: &Key, head: &Head) -> Result<(), StorageError> {
        self.by_subject.remove(&head.subject, key)?;
        if let Some(session) = &head.provider_session {
            self.by_provider_session.remove(session, key)?;
        }
        self.by_end.remove((head.expires_at, key))?;
        Ok(())
    }
}

/// The row with this key, whether or not it has ended.
pub(super) fn get(transaction: &ReadTransaction, key: &Key) -> Result<Option<Row>, redb::Error> {
    let rows = transaction.open_table(ROWS)?;
    let last_seen = transaction.open_table(LAST_SEEN)?;
    let (Some(bytes), Some(last_seen)) = (rows.get(key)?, last_seen.get(key)?) else {
        return Ok(None);
    };
    Ok(row(key, bytes.value(), last_seen.value()))
}

/// The keys of one person's rows.
pub(super) fn keys_of_subject(
    transaction: &ReadTransaction,
    subject: &Key,
) -> Result<Vec<Key>, redb::Error> {
    let by_subject = transaction.open_multimap_table(BY_SUBJECT)?;
    let keys = by_subject.get(subject)?;
    Ok(keys
        .map(|key| key.map(|key| *key.value()))
        .collect::<Result<_, _>>()?)
}

/// What there is of these rows that has not ended by `now`. Each key comes with the
/// time of a visit that may not be written yet.
pub(super) fn list(
    transaction: &ReadTransaction,
    seen: &[(Key, u64)],
    now: u64,
) -> Result<Vec<ListedRow>, redb::Error> {
    let rows = transaction.open_table(ROWS)?;
    let last_seen = transaction.open_table(LAST_SEEN)?;
    let mut listed = Vec::new();
    for (key, held_back) in seen {
        let (Some(bytes), Some(written)) = (rows.get(key)?, last_seen.get(key)?) else {
            continue;
        };
        let Some((head, _)) = decode(bytes.value()) else {
            continue;
        };
        if now < head.expires_at {
            listed.push(ListedRow {
                key: *key,
                created_at: head.created_at,
                device: head.device,
                last_seen: written.value().max(*held_back),
                provider_session: head.provider_session,
            });
        }
    }
    Ok(listed)
}

/// The unsealed part of a stored row, apart from its key and its last visit.
struct Head {
    subject: Key,
    provider_session: Option<Key>,
    created_at: u64,
    device: String,
    version: u64,
    expires_at: u64,
}

impl Head {
    fn of(row: &Row) -> Self {
        Self {
            subject: row.subject,
            provider_session: row.provider_session,
            created_at: row.created_at,
            device: row.device.clone(),
            version: row.version,
            expires_at: row.expires_at,
        }
    }
}

/// The first byte of a stored row: the layout of the rest. A row with a provider
/// session has that session's 32-byte hash after the subject's.
const PLAIN: u8 = 1;
const WITH_PROVIDER_SESSION: u8 = 2;

fn encode(row: &Row) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + 2 * 32 + 4 * 8 + row.device.len() + row.sealed.len());
    match &row.provider_session {
        None => {
            bytes.push(PLAIN);
            bytes.extend_from_slice(&row.subject);
        }
        Some(session) => {
            bytes.push(WITH_PROVIDER_SESSION);
            bytes.extend_from_slice(&row.subject);
            bytes.extend_from_slice(session);
        }
    }
    let device_length = row.device.len() as u64;
    for number in [row.version, row.created_at, row.expires_at, device_length] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(row.device.as_bytes());
    bytes.extend_from_slice(&row.sealed);
    bytes
}

/// Splits a stored row into its unsealed and its sealed part. A row that cannot be
/// read is logged and ignored.
fn decode(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let parts = || {
        let (&layout, rest) = bytes.split_first()?;
        let (&subject, rest) = rest.split_first_chunk()?;
        let (provider_session, rest) = match layout {
            PLAIN => (None, rest),
            WITH_PROVIDER_SESSION => {
                let (&session, rest) = rest.split_first_chunk()?;
                (Some(session), rest)
            }
            _ => return None,
        };
        let (&version, rest) = rest.split_first_chunk()?;
        let (&created_at, rest) = rest.split_first_chunk()?;
        let (&expires_at, rest) = rest.split_first_chunk()?;
        let (&device_length, rest) = rest.split_first_chunk()?;
        let device_length = usize::try_from(u64::from_be_bytes(device_length)).ok()?;
        let (device, sealed) = rest.split_at_checked(device_length)?;
        let head = Head {
            subject,
            provider_session,
            created_at: u64::from_be_bytes(created_at),
            device: String::from_utf8(device.to_vec()).ok()?,
            version: u64::from_be_bytes(version),
            expires_at: u64::from_be_bytes(expires_at),
        };
        Some((head, sealed))
    };
    let parts = parts();
    if parts.is_none() {
        tracing::error!("a row in the session store is damaged; it is ignored");
    }
    parts
}

fn row(key: &Key, bytes: &[u8], last_seen: u64) -> Option<Row> {
    let (head, sealed) = decode(bytes)?;
    Some(Row {
        key: *key,
        subject: head.subject,
        provider_session: head.provider_session,
        created_at: head.created_at,
        device: head.device,
        version: head.version,
        last_seen,
        expires_at: head.expires_at,
        sealed: sealed.to_vec(),
    })
}
