//! The place for a new app: a folder that doesn't exist yet, below one that does.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Existing, is_absent};

/// Where a new app goes.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// As it was typed, for messages.
    pub(crate) typed: PathBuf,
    /// The nearest folder above that exists, with links resolved.
    pub(crate) existing: PathBuf,
    /// The app's folder, below `existing`.
    pub(crate) folder: PathBuf,
}

impl Target {
    /// Looks at the disk, and fails for what can't become the folder of a new app.
    pub(crate) fn find(typed: &Path) -> Result<Self, Error> {
        if typed.file_name().is_none() {
            return Err(Error::NoFolderName(typed.to_owned()));
        }
        let absolute = std::path::absolute(typed).map_err(|source| reading(typed, source))?;
        if let Some(what) = in_the_way(&absolute).map_err(|source| reading(typed, source))? {
            return Err(Error::Exists {
                path: typed.to_owned(),
                what,
            });
        }
        let above = nearest_existing(&absolute).map_err(|source| reading(typed, source))?;
        if !above.is_dir() {
            return Err(Error::NotAFolder {
                path: typed.to_owned(),
                above: above.to_owned(),
            });
        }
        let missing = absolute.strip_prefix(above).unwrap_or(Path::new(""));
        if missing
            .components()
            .any(|part| !matches!(part, Component::Normal(_)))
        {
            return Err(Error::MissingParent(typed.to_owned()));
        }
        let existing = dunce::canonicalize(above).map_err(|source| reading(above, source))?;
        Ok(Self {
            typed: typed.to_owned(),
            folder: existing.join(missing),
            existing,
        })
    }
}

fn reading(path: &Path, source: io::Error) -> Error {
    Error::Read {
        path: path.to_owned(),
        source,
    }
}

fn in_the_way(path: &Path) -> io::Result<Option<Existing>> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(if metadata.is_symlink() {
        Existing::Link
    } else if !metadata.is_dir() {
        Existing::File
    } else if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) {
        Existing::EmptyFolder
    } else {
        Existing::Folder
    }))
}

fn nearest_existing(path: &Path) -> io::Result<&Path> {
    for above in path.ancestors().skip(1) {
        match fs::symlink_metadata(above) {
            Ok(_) => return Ok(above),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}
