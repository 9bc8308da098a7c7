//! Changes to files: planned first, then all of them made or none. Everything is written next to
//! its place and moved there in the end; only moves can fail half-way, and they are undone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir, TempPath};

use crate::error::Error;
use crate::interrupt::Interrupt;

/// The prefix of the folders and files in which changes wait. They are next to what they become, so
/// that moving them needs no copying.
const STAGING_PREFIX: &str = ".vestibule-";

/// What should become of one file.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Absolute.
    pub(crate) path: PathBuf,
    /// What must be there when the change is made; `None`: nothing may be there.
    pub(crate) before: Option<Vec<u8>>,
    /// What will be there; `None`: the file is removed.
    pub(crate) after: Option<Cow<'static, [u8]>>,
    /// For a new file: whether it can be executed. An existing one keeps its permissions.
    pub(crate) executable: bool,
}

/// Changes that belong together.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    changes: Vec<Change>,
}

impl Plan {
    pub(crate) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Writes everything, but not yet in its place. Dropping the result leaves no trace.
    pub(crate) fn stage(&self, interrupt: &Interrupt) -> Result<Staged<'_>, Error> {
        let mut staged = Staged::default();
        for change in &self.changes {
            interrupt.check()?;
            match (&change.before, &change.after) {
                (Some(before), Some(after)) => staged.edit(change, before, after)?,
                (None, Some(after)) => staged.create(change, after)?,
                (Some(before), None) => staged.removals.push((&change.path, before)),
                (None, None) => {}
            }
        }
        Ok(staged)
    }

    /// Makes all changes. If the program is asked to stop meanwhile, all are made or none.
    pub(crate) fn carry_out(&self) -> Result<(), Error> {
        let interrupt = Interrupt::default();
        interrupt.on_everything()?;
        let staged = self.stage(&interrupt)?;
        interrupt.check()?;
        staged.commit()
    }
}

/// Changes that wait next to their places.
#[derive(Debug, Default)]
pub(crate) struct Staged<'a> {
    /// New folders and files, by the outermost path that doesn't exist yet.
    new: BTreeMap<PathBuf, New>,
    edits: Vec<Edit<'a>>,
    /// Files that are removed, with what they have to contain until then.
    removals: Vec<(&'a Path, &'a [u8])>,
}

#[derive(Debug)]
enum New {
    Folder(TempDir),
    File(NamedTempFile),
}

#[derive(Debug)]
struct Edit<'a> {
    path: &'a Path,
    before: &'a [u8],
    file: NamedTempFile,
}

impl<'a> Staged<'a> {
    fn create(&mut self, change: &Change, after: &[u8]) -> Result<(), Error> {
        let place =
            outermost_missing(&change.path).map_err(|source| writing(&change.path, source))?;
        if place == change.path {
            return self
                .create_file(change, after)
                .map_err(|source| writing(&change.path, source));
        }
        if let Entry::Vacant(vacant) = self.new.entry(place) {
            let above = vacant.key().parent().unwrap_or(Path::new("."));
            let folder = builder(true)
                .tempdir_in(above)
                .map_err(|source| writing(above, source))?;
            vacant.insert(New::Folder(folder));
        }
        self.create_below(change, after)
            .map_err(|source| writing(&change.path, source))
    }

    fn create_file(&mut self, change: &Change, after: &[u8]) -> io::Result<()> {
        let mut file = builder(change.executable).tempfile_in(folder_of(&change.path)?)?;
        file.write_all(after)?;
        self.new.insert(change.path.clone(), New::File(file));
        Ok(())
    }

    fn create_below(&self, change: &Change, after: &[u8]) -> io::Result<()> {
        let path = self
            .path_of(&change.path)
            .ok_or(io::ErrorKind::AlreadyExists)?;
        fs::create_dir_all(folder_of(&path)?)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode(change.executable));
        options.open(&path)?.write_all(after)
    }

    fn edit(&mut self, change: &'a Change, before: &'a [u8], after: &[u8]) -> Result<(), Error> {
        let stage = || {
            if is_read_only(&change.path)? {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            let mut file = builder(false).tempfile_in(folder_of(&change.path)?)?;
            file.write_all(after)?;
            file.as_file()
                .set_permissions(fs::metadata(&change.path)?.permissions())?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = stage().map_err(|source| writing(&change.path, source))?;
        self.edits.push(Edit {
            path: &change.path,
            before,
            file,
        });
        Ok(())
    }

    /// Where a path below a new folder is for now.
    pub(crate) fn path_of(&self, path: &Path) -> Option<PathBuf> {
        self.new.iter().find_map(|(place, new)| match new {
            New::Folder(folder) => path
                .strip_prefix(place)
                .ok()
                .map(|rest| folder.path().join(rest)),
            New::File(_) => None,
        })
    }

    /// Moves everything to its place. If one move fails, those before it are undone.
    pub(crate) fn commit(self) -> Result<(), Error> {
        let edited = self.edits.iter().map(|edit| (edit.path, edit.before));
        for (path, before) in edited.chain(self.removals.iter().copied()) {
            let now = fs::read(path).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?;
            if now != before {
                return Err(Error::ChangedMeanwhile(path.to_owned()));
            }
        }
        let mut done = Vec::new();
        // New files come first: if the machine stops in between, nothing refers to what is missing.
        for (place, new) in self.new {
            match move_new(&place, new) {
                Ok(moved) => done.push(Done::New(place, moved)),
                Err(error) => return Err(undo(done, writing(&place, error))),
            }
        }
        for Edit { path, before, file } in self.edits {
            match file.persist(path) {
                Ok(_) => done.push(Done::Edit(path, before)),
                Err(error) => return Err(undo(done, writing(path, error.error))),
            }
        }
        // Removals come last, when nothing refers to the files any longer; until everything is
        // done they are only moved aside.
        for (path, _) in self.removals {
            match move_aside(path) {
                Ok(aside) => done.push(Done::Removal(path, aside)),
                Err(error) => return Err(undo(done, writing(path, error))),
            }
        }
        let removed: Vec<&Path> = done
            .iter()
            .filter_map(|change| match change {
                Done::Removal(path, _) => Some(*path),
                Done::New(..) | Done::Edit(..) => None,
            })
            .collect();
        // What was moved aside is in the same folders.
        drop(done);
        for folder in removed.into_iter().filter_map(Path::parent) {
            // A folder that has anything in it stays.
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    }
}

/// A change that has been made.
enum Done<'a> {
    New(PathBuf, Moved),
    Edit(&'a Path, &'a [u8]),
    /// Dropping the second deletes what was moved there.
    Removal(&'a Path, TempPath),
}

enum Moved {
    Folder,
    File,
}

fn move_new(place: &Path, new: New) -> io::Result<Moved> {
    if fs::symlink_metadata(place).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    match new {
        New::Folder(folder) => {
            fs::rename(folder.path(), place)?;
            // It's no longer where the guard would delete it.
            let _ = folder.keep();
            Ok(Moved::Folder)
        }
        New::File(file) => {
            file.persist_noclobber(place).map_err(|error| error.error)?;
            Ok(Moved::File)
        }
    }
}

fn move_aside(path: &Path) -> io::Result<TempPath> {
    let aside = builder(false)
        .tempfile_in(folder_of(path)?)?
        .into_temp_path();
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn undo(done: Vec<Done<'_>>, cause: Error) -> Error {
    let mut left = Vec::new();
    for mut change in done.into_iter().rev() {
        let (path, result) = match &change {
            Done::New(place, Moved::Folder) => (place.as_path(), fs::remove_dir_all(place)),
            Done::New(place, Moved::File) => (place.as_path(), fs::remove_file(place)),
            Done::Edit(path, before) => (*path, restore(path, before)),
            Done::Removal(path, aside) => (*path, fs::rename(aside, path)),
        };
        if result.is_err() {
            left.push(path.to_owned());
            // What was moved aside is the only copy: it stays, and is named.
            if let Done::Removal(_, aside) = &mut change {
                aside.disable_cleanup(true);
                left.push(aside.to_path_buf());
            }
        }
    }
    if left.is_empty() {
        cause
    } else {
        Error::NotUndone {
            cause: Box::new(cause),
            left,
        }
    }
}

fn restore(path: &Path, before: &[u8]) -> io::Result<()> {
    let mut file = builder(false).tempfile_in(folder_of(path)?)?;
    file.write_all(before)?;
    file.as_file()
        .set_permissions(fs::metadata(path)?.permissions())?;
    file.persist(path)
        .map(|_file| ())
        .map_err(|error| error.error)
}

/// Temporary files and folders with the permissions that ordinary ones would have.
fn builder(executable: bool) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(STAGING_PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode(
        executable,
    )));
    #[cfg(not(unix))]
    let _ = executable;
    builder
}

/// Before the umask.
#[cfg(unix)]
fn mode(executable: bool) -> u32 {
    if executable { 0o777 } else { 0o666 }
}

/// Whether a file is read-only. Moving another into its place would need no permission to write to
/// it.
pub(crate) fn is_read_only(path: &Path) -> io::Result<bool> {
    let permissions = fs::metadata(path)?.permissions();
    #[cfg(unix)]
    return Ok(std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o200 == 0);
    #[cfg(not(unix))]
    return Ok(permissions.readonly());
}

fn outermost_missing(path: &Path) -> io::Result<PathBuf> {
    let mut outermost = path;
    for above in path.ancestors().skip(1) {
        if above.try_exists()? {
            break;
        }
        outermost = above;
    }
    Ok(outermost.to_owned())
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    path.parent()
        .ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

fn writing(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails")]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Change, Done, Plan, move_aside, undo};
    use crate::error::Error;
    use crate::interrupt::Interrupt;

    fn change(path: &Path, before: Option<&str>) -> Change {
        Change {
            path: path.to_owned(),
            before: before.map(|text| text.as_bytes().to_vec()),
            after: Some(b"new".as_slice().into()),
            executable: false,
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn new_files_new_folders_and_edits_are_made_together() {
        let room = tempfile::tempdir().unwrap();
        let at = |path: &str| room.path().join(path);
        fs::write(at("edited"), "old").unwrap();
        let mut plan = Plan::default();
        plan.push(change(&at("folder/deep/file"), None));
        plan.push(change(&at("folder/file"), None));
        plan.push(change(&at("file"), None));
        plan.push(change(&at("edited"), Some("old")));
        let staged = plan.stage(&Interrupt::default()).unwrap();
        assert!(!at("folder").exists() && !at("file").exists());
        assert!(staged.path_of(&at("folder/deep")).unwrap().is_dir());
        staged.commit().unwrap();
        for path in ["folder/deep/file", "folder/file", "file", "edited"] {
            assert_eq!(fs::read(at(path)).unwrap(), b"new", "{path}");
        }
        assert_eq!(names(room.path()), ["edited", "file", "folder"]);
    }

    #[test]
    fn what_was_moved_is_moved_back_when_a_later_move_fails() {
        let room = tempfile::tempdir().unwrap();
        let at = |path: &str| room.path().join(path);
        fs::create_dir(at("z")).unwrap();
        fs::write(at("first"), "old").unwrap();
        fs::write(at("z/second"), "old").unwrap();
        let mut plan = Plan::default();
        plan.push(change(&at("folder/file"), None));
        plan.push(change(&at("file"), None));
        plan.push(change(&at("first"), Some("old")));
        plan.push(change(&at("z/second"), Some("old")));
        let staged = plan.stage(&Interrupt::default()).unwrap();
        // Somebody removes the last file that still waits.
        for name in names(&at("z"))
            .into_iter()
            .filter(|name| name.starts_with('.'))
        {
            fs::remove_file(at("z").join(name)).unwrap();
        }
        assert!(matches!(staged.commit(), Err(Error::Write { .. })));
        assert_eq!(names(room.path()), ["first", "z"]);
        assert_eq!(names(&at("z")), ["second"]);
        assert_eq!(fs::read(at("first")).unwrap(), b"old");
        assert_eq!(fs::read(at("z/second")).unwrap(), b"old");
    }

    #[test]
    fn files_go_away_with_the_rest_or_stay_and_so_do_folders_left_empty() {
        let room = tempfile::tempdir().unwrap();
        let at = |path: &str| room.path().join(path);
        let plan = || {
            let mut plan = Plan::default();
            plan.push(Change {
                after: None,
                ..change(&at("gone"), Some("old"))
            });
            plan.push(Change {
                after: None,
                ..change(&at("z/gone"), Some("old"))
            });
            plan
        };
        fs::create_dir(at("z")).unwrap();
        fs::write(at("gone"), "old").unwrap();
        fs::write(at("z/gone"), "edited").unwrap();
        fs::create_dir(at("y")).unwrap();
        let refused = plan();
        let staged = refused.stage(&Interrupt::default()).unwrap();
        assert!(matches!(staged.commit(), Err(Error::ChangedMeanwhile(_))));
        assert_eq!(fs::read(at("gone")).unwrap(), b"old");

        fs::write(at("z/gone"), "old").unwrap();
        let plan = plan();
        let staged = plan.stage(&Interrupt::default()).unwrap();
        staged.commit().unwrap();
        // The other folder is not the plan's business.
        assert_eq!(names(room.path()), ["y"]);
    }

    #[test]
    fn a_file_that_cannot_be_put_back_is_kept_and_named() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("theirs");
        fs::write(&path, "old").unwrap();
        let aside = move_aside(&path).unwrap();
        // Somebody makes a folder where the file was.
        fs::create_dir(&path).unwrap();
        let error = undo(vec![Done::Removal(&path, aside)], Error::Interrupted);
        let kept = match &error {
            Error::NotUndone { left, .. } => left.iter().find(|left| **left != path),
            _ => None,
        };
        assert_eq!(fs::read(kept.unwrap()).unwrap(), b"old");
    }

    #[test]
    fn what_appears_meanwhile_is_not_written_over() {
        let room = tempfile::tempdir().unwrap();
        let at = |path: &str| room.path().join(path);
        let mut plan = Plan::default();
        plan.push(change(&at("a/file"), None));
        plan.push(change(&at("b"), None));
        let staged = plan.stage(&Interrupt::default()).unwrap();
        fs::write(at("b"), "theirs").unwrap();
        assert!(matches!(staged.commit(), Err(Error::Write { .. })));
        assert_eq!(names(room.path()), ["b"]);
        assert_eq!(fs::read(at("b")).unwrap(), b"theirs");
    }
}
