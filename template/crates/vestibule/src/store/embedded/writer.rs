//! The thread that makes all changes. It takes what is queued, applies it in one
//! transaction, and answers once that is on disk: a thousand simultaneous sign-ins
//! need a few commits, not a thousand.

use std::{
    fs,
    sync::{
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use redb::{Durability, StorageError};
use tokio::sync::oneshot;

use super::{Key, Lease, Row, Shared, StoreError, tables::Tables};

/// How long a visit may be held back before it is written.
const HOLD_BACK: Duration = Duration::from_secs(5);
/// The most jobs, and visits written along with them, in one commit. This bounds
/// how long a commit takes, and so how long the next job waits.
const MOST_JOBS: usize = 512;
const MOST_VISITS: usize = 512;
/// The most commits in a row that do not sync to disk. This bounds how much the
/// next one has to write.
const MOST_LAZY: usize = 4;

/// A change to the store; its result is the keys of the rows, or the names, that it
/// changed.
pub(super) enum Change {
    Create(Row),
    Replace(Row),
    Delete(Key),
    DeleteByProviderSession(Key),
    DeleteBySubject(Key),
    Purge {
        now: u64,
        idle_since: u64,
        limit: usize,
    },
    Lease(Lease),
    Release(Key, Key),
    /// Changes nothing, but is committed like a change.
    Check,
    /// Ends the thread once everything that came before is written.
    Close,
}

impl Change {
    /// Whether it must survive a crash. Purged rows that came back would still be
    /// expired, so purges leave syncing, the larger part of their work, to the next
    /// commit.
    fn must_last(&self) -> bool {
        !matches!(self, Self::Purge { .. })
    }
}

pub(super) struct Job {
    pub change: Change,
    pub answer: oneshot::Sender<Result<Vec<Key>, StoreError>>,
}

/// Works through the queue until `Change::Close`.
pub(super) fn run(shared: &Shared, queue: &Receiver<Job>) {
    let mut wait = HOLD_BACK;
    let mut lazy = 0;
    loop {
        let first = match queue.recv_timeout(wait) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let (closing, jobs): (Vec<Job>, Vec<Job>) = first
            .into_iter()
            .chain(queue.try_iter())
            .take(MOST_JOBS)
            .partition(|job| matches!(job.change, Change::Close));
        let visits = shared.held_back.some(MOST_VISITS);
        let served = serve(shared, jobs, &visits, &mut lazy);
        if !closing.is_empty() {
            let closed = close(shared, served);
            for job in closing {
                let _ = job.answer.send(closed.clone());
            }
            return;
        }
        let more = served.is_ok() && shared.held_back.len() >= MOST_VISITS;
        wait = if more { Duration::ZERO } else { HOLD_BACK };
    }
}

/// Writes all held-back visits at once, since no one is waiting for the store any
/// more, and closes the file.
fn close(shared: &Shared, served: Result<(), StoreError>) -> Result<Vec<Key>, StoreError> {
    let visits = shared.held_back.some(usize::MAX);
    let served = served.and_then(|()| serve(shared, Vec::new(), &visits, &mut 0));
    *shared.database_mut() = None;
    served.map(|()| Vec::new())
}

/// Commits these jobs and visits, and answers the jobs. `lazy` counts the commits
/// that are not on disk yet.
fn serve(
    shared: &Shared,
    jobs: Vec<Job>,
    visits: &[(Key, u64)],
    lazy: &mut usize,
) -> Result<(), StoreError> {
    if jobs.is_empty() && visits.is_empty() {
        return Ok(());
    }
    let (changes, answers): (Vec<_>, Vec<_>) =
        jobs.into_iter().map(|job| (job.change, job.answer)).unzip();
    let must_last = changes.is_empty() || changes.iter().any(Change::must_last);
    let is_lazy = !must_last && *lazy < MOST_LAZY;
    *lazy = if is_lazy { *lazy + 1 } else { 0 };
    let committed = commit(shared, visits, &changes, is_lazy);
    shared
        .has_failed
        .store(committed.is_err(), Ordering::Relaxed);
    match committed {
        Ok(results) => {
            shared.held_back.forget(visits);
            for (answer, changed) in answers.into_iter().zip(results) {
                let _ = answer.send(Ok(changed));
            }
            Ok(())
        }
        Err(error) => {
            tracing::error!(%error, "the session store could not write");
            if let Err(error) = shared.reopen() {
                tracing::error!(%error, "the session store could not be reopened");
            }
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
            Err(error)
        }
    }
}

fn commit(
    shared: &Shared,
    visits: &[(Key, u64)],
    changes: &[Change],
    is_lazy: bool,
) -> Result<Vec<Vec<Key>>, StoreError> {
    if shared.database().is_none() {
        shared.reopen()?;
    }
    shared.with_database(|database| {
        let mut transaction = database.begin_write()?;
        if is_lazy {
            transaction.set_durability(Durability::None)?;
        } else {
            // Opening the file after a crash then does not need to scan all of it.
            transaction.set_quick_repair(takes_long_to_scan(shared));
        }
        let mut tables = Tables::open(&transaction)?;
        for (key, last_seen) in visits {
            tables.touch(key, *last_seen)?;
        }
        let mut results = Vec::with_capacity(changes.len());
        for change in changes {
            results.push(apply(&mut tables, change, shared)?);
        }
        drop(tables);
        transaction.commit()?;
        Ok(results)
    })
}

/// Whether scanning the store's file takes a moment that people would notice. What
/// saves the scan makes each commit cost twice as much, so small files do without.
fn takes_long_to_scan(shared: &Shared) -> bool {
    const BYTES: u64 = 64 * 1024 * 1024;
    let file = shared.path.as_ref().map(fs::metadata);
    file.is_some_and(|file| file.is_ok_and(|file| file.len() > BYTES))
}

fn apply(tables: &mut Tables, change: &Change, shared: &Shared) -> Result<Vec<Key>, StorageError> {
    match change {
        Change::Create(row) => tables.create(row),
        Change::Replace(row) => tables.replace(row),
        Change::Delete(key) => tables.delete(key),
        Change::DeleteByProviderSession(session) => tables.delete_by_provider_session(session),
        Change::DeleteBySubject(subject) => tables.delete_by_subject(subject),
        Change::Purge {
            now,
            idle_since,
            limit,
        } => tables.purge(*now, *idle_since, *limit, &shared.held_back),
        Change::Lease(lease) => tables.acquire(lease),
        Change::Release(name, holder) => tables.release(name, holder),
        Change::Check | Change::Close => Ok(Vec::new()),
    }
}
