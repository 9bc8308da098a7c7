//! Opening and creating the embedded store's file, with messages that say what to
//! do if that fails.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use redb::{
    Builder, Database, ReadableDatabase as _, TableDefinition,
    backends::{FileBackend, InMemoryBackend},
};

use super::{StoreError, guarded, tables::Tables};
use crate::store::private_file;

/// How much of the file redb caches in memory. The system's file cache holds the
/// rest.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// Identifies a session store, and the layout of its tables, among redb files.
const ABOUT: TableDefinition<&str, u64> = TableDefinition::new("session store");
const FORMAT: &str = "format";
const CURRENT_FORMAT: u64 = 1;

const NOT_A_STORE: &str = "it is not a session store or is damaged; move it away, or set \
     SESSION_STORE to another file";

/// Why a file was not opened.
pub(super) enum Unopened {
    /// Another process has it open, perhaps not for long.
    InUse(StoreError),
    /// Waiting does not help.
    Unusable(StoreError),
}

impl From<Unopened> for StoreError {
    fn from(unopened: Unopened) -> Self {
        match unopened {
            Unopened::InUse(error) | Unopened::Unusable(error) => error,
        }
    }
}

/// Why a file was not opened, without its name.
enum Cause {
    InUse,
    Unusable(String),
}

const IN_USE: &str = "it is in use by another process; stop that process, or give each its own \
     file in SESSION_STORE (instances that share user sessions need Redis or PostgreSQL)";

/// Opens the store in this file; creates the file and its folder if they are
/// missing.
pub(super) fn open(path: &Path) -> Result<Database, Unopened> {
    let there = path.try_exists().map_err(|cause| explain(&cause));
    let opened = there
        .map_err(Cause::Unusable)
        .and_then(|there| if there { Ok(()) } else { create(path) })
        .and_then(|()| open_existing(path));
    let named = |cause: &str| StoreError(format!("session store {}: {cause}", path.display()));
    opened.map_err(|cause| match cause {
        Cause::InUse => Unopened::InUse(named(IN_USE)),
        Cause::Unusable(cause) => Unopened::Unusable(named(&cause)),
    })
}

/// An empty store in memory.
pub(super) fn in_memory() -> Result<Database, StoreError> {
    Builder::new()
        .set_cache_size(CACHE_BYTES)
        .create_with_backend(InMemoryBackend::new())
        .map_err(redb::Error::from)
        .and_then(|database| lay_out(&database).map(|()| database))
        .map_err(|cause| StoreError(format!("session store in memory: {cause}")))
}

/// Creates the file under another name first, so that a process killed here leaves
/// no half-made store behind.
fn create(path: &Path) -> Result<(), Cause> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let unusable = |cause: io::Error| Cause::Unusable(explain(&cause));
    let draft = draft_of(path);
    let _ = fs::remove_file(&draft);
    let created = open_existing(&draft).and_then(|_| publish(&draft, path).map_err(unusable));
    let _ = fs::remove_file(&draft);
    // A new name is durable once its folder is synced, which not every system can
    // do.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    created
}

fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Ok(()) => Ok(()),
        // Another process was faster; whether its file is usable shows next.
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => Ok(()),
        // A file system without hard links.
        Err(_) => fs::rename(draft, path),
    }
}

fn open_existing(path: &Path) -> Result<Database, Cause> {
    let file = private_file(path).map_err(|cause| Cause::Unusable(explain(&cause)))?;
    let opened = guarded(|| {
        let database = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(FileBackend::new(file)?)?;
        require_store(&database).map(|ours| ours.then_some(database))
    });
    match opened {
        Ok(Ok(Some(database))) => Ok(database),
        Ok(Ok(None)) => Err(Cause::Unusable(NOT_A_STORE.into())),
        Ok(Err(cause)) => Err(describe(cause)),
        Err(panic) => Err(Cause::Unusable(format!("{NOT_A_STORE} ({panic})"))),
    }
}

/// Whether this database is a session store. An empty one is made into one.
fn require_store(database: &Database) -> Result<bool, redb::Error> {
    let transaction = database.begin_read()?;
    let tables = transaction.list_tables()?.count() + transaction.list_multimap_tables()?.count();
    if tables == 0 {
        lay_out(database)?;
        return Ok(true);
    }
    match transaction.open_table(ABOUT) {
        Ok(about) => Ok(about.get(FORMAT)?.map(|format| format.value()) == Some(CURRENT_FORMAT)),
        Err(redb::TableError::Storage(cause)) => Err(cause.into()),
        Err(_) => Ok(false),
    }
}

/// Creates all tables, so that readers can rely on them.
fn lay_out(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction
        .open_table(ABOUT)?
        .insert(FORMAT, CURRENT_FORMAT)?;
    Tables::open(&transaction)?;
    transaction.commit()?;
    Ok(())
}

fn describe(cause: redb::Error) -> Cause {
    match cause {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Cause::InUse,
        redb::Error::Io(cause) if cause.kind() != ErrorKind::InvalidData => {
            Cause::Unusable(explain(&cause))
        }
        cause => Cause::Unusable(format!("{NOT_A_STORE} ({cause})")),
    }
}

fn explain(cause: &io::Error) -> String {
    match cause.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!("{cause}; the file and its folder must be writable by the app's user")
        }
        _ => cause.to_string(),
    }
}
