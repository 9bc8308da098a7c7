//! A lock on a folder, so that of two runs of this program one never plans with what the other is
//! about to change. The system frees it when the process ends, however that happens.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::Error;
use crate::terminal;

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks a folder. Waits for another run that has it, as long as that takes: it may be asking a
    /// person something. Nothing if there are no locks on this file system; then the owner is told,
    /// for a check that can't be made keeps nobody from working.
    pub(crate) fn of(folder: &Path) -> Result<Option<Self>, Error> {
        let file = open(folder).map_err(|source| Error::Read {
            path: folder.to_owned(),
            source,
        })?;
        let locked = file.try_lock().or_else(|error| match error {
            TryLockError::WouldBlock => {
                terminal::say(format_args!(
                    "waiting for another `vestibule` that is at work in {}",
                    folder.display()
                ));
                file.lock()
            }
            TryLockError::Error(error) => Err(error),
        });
        match locked {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(Error::Interrupted),
            Err(error) => {
                terminal::note(format_args!(
                    "{} can't be locked ({error}), so run only one command at a time",
                    folder.display()
                ));
                Ok(None)
            }
        }
    }
}

/// The folder itself: so nothing is left in it.
#[cfg(unix)]
fn open(folder: &Path) -> io::Result<File> {
    File::open(folder)
}

/// Elsewhere folders can't be locked; Cargo's own folder holds a file that can, out of the sight of
/// git.
#[cfg(not(unix))]
fn open(folder: &Path) -> io::Result<File> {
    let target = folder.join("target");
    std::fs::create_dir_all(&target)?;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(target.join(".vestibule-lock"))
}
