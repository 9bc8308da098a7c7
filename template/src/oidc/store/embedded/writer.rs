//! The thread that makes all changes. It takes what is queued, applies it in one
//! transaction and answers once that is on disk: a thousand sign-ins at the same
//! time need a few commits, not a thousand.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use redb::StorageError;
use tokio::sync::oneshot;

use super::{Key, Row, Shared, StoreError, tables::Tables};

/// How long a visit may be held back before it is written.
const HOLD_BACK: Duration = Duration::from_secs(5);
/// Jobs in one commit, and held-back visits that go with it. They bound its
/// length, and with it how long the next job waits.
const MOST_JOBS: usize = 512;
const MOST_VISITS: usize = 512;

/// A change to the store; its answer is the keys of the rows that it changed.
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
    /// Changes nothing, but is committed like a change.
    Check,
    /// Ends the thread once everything that came before is written.
    Close,
}

pub(super) struct Job {
    pub change: Change,
    pub answer: oneshot::Sender<Result<Vec<Key>, StoreError>>,
}

/// Serves the queue until `Change::Close`.
pub(super) fn run(shared: &Shared, queue: &Receiver<Job>) {
    let mut wait = HOLD_BACK;
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
        let served = serve(shared, jobs);
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

/// Writes all visits that are held back and lets go of the file.
fn close(shared: &Shared, mut served: Result<(), StoreError>) -> Result<Vec<Key>, StoreError> {
    while served.is_ok() && shared.held_back.len() > 0 {
        served = serve(shared, Vec::new());
    }
    *shared.database_mut() = None;
    served.map(|()| Vec::new())
}

/// Commits these jobs and some of the visits held back, and answers the jobs.
fn serve(shared: &Shared, jobs: Vec<Job>) -> Result<(), StoreError> {
    let visits = shared.held_back.some(MOST_VISITS);
    if jobs.is_empty() && visits.is_empty() {
        return Ok(());
    }
    let (changes, answers): (Vec<_>, Vec<_>) =
        jobs.into_iter().map(|job| (job.change, job.answer)).unzip();
    match commit(shared, &visits, &changes) {
        Ok(results) => {
            shared.held_back.forget(&visits);
            for (answer, changed) in answers.into_iter().zip(results) {
                let _ = answer.send(Ok(changed));
            }
            Ok(())
        }
        Err(error) => {
            tracing::error!(%error, "the sign-in store could not write");
            if let Err(error) = shared.reopen() {
                tracing::error!(%error, "the sign-in store could not be opened again");
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
) -> Result<Vec<Vec<Key>>, StoreError> {
    if shared.database().is_none() {
        shared.reopen()?;
    }
    shared.with_database(|database| {
        let mut transaction = database.begin_write()?;
        // Opening the file after a crash takes no walk through all of it.
        transaction.set_quick_repair(shared.path.is_some());
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
        Change::Check | Change::Close => Ok(Vec::new()),
    }
}
