//! The secret of a debug build that was given none. It lies beside the session
//! store, so that the people who are signed in stay so when the app starts again.
//! Release builds demand a `SESSION_SECRET`.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::Path,
};

use crate::{seal, secret::Secret};

/// The secret beside the store in this file; makes it if there is none.
///
/// # Errors
/// The secret can be neither read nor written.
pub(crate) fn kept_beside(store: &Path) -> io::Result<Secret> {
    let path = store.with_extension("secret");
    match fs::read_to_string(&path) {
        // An empty file is left behind if the process ends while it is written.
        Ok(kept) if !kept.trim().is_empty() => return Ok(Secret::new(kept.trim())),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret = seal::random_string().map_err(io::Error::other)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(secret.as_bytes())?;
    Ok(Secret::new(secret))
}
