//! A folder to work in, and looking at what is in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use snapbox::cmd::{Command, OutputAssert};
use tempfile::TempDir;

/// Everything below a folder: files with their bytes, folders with `None`.
pub(crate) type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

pub(crate) struct Room(TempDir);

impl Room {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with a new app in it, called `app`.
    pub(crate) fn with_app() -> Self {
        let room = Self::new();
        room.writes(&["app"]);
        room
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.path().join(path)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> String {
        fs::read_to_string(self.join(path)).unwrap()
    }

    /// The program, here, with nobody at a terminal.
    pub(crate) fn vestibule(&self, arguments: &[&str]) -> Command {
        Command::new(program())
            .args(arguments)
            .current_dir(self.path())
            .stdin("")
    }

    /// Runs `vestibule new` without a repository, which has to work.
    pub(crate) fn writes(&self, arguments: &[&str]) -> OutputAssert {
        self.vestibule(&["new", "--no-git"])
            .args(arguments)
            .assert()
            .success()
    }

    /// Runs `vestibule new`, which has to fail and to leave the disk as it was.
    pub(crate) fn refuses(&self, arguments: &[&str]) -> OutputAssert {
        self.keeps(self.vestibule(&["new"]).args(arguments))
    }

    /// Runs a command that has to leave the disk as it was.
    pub(crate) fn keeps(&self, command: Command) -> OutputAssert {
        let before = self.tree();
        let output = command.assert();
        assert_eq!(before, self.tree(), "something was left behind");
        output
    }

    pub(crate) fn tree(&self) -> Tree {
        tree(self.path())
    }
}

/// The program, by a second name: the tests of the package have Cargo build it again, and
/// while it does so, nothing is found by the first.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let built = snapbox::cmd::cargo_bin!("vestibule");
        let link = Path::new(env!("CARGO_TARGET_TMPDIR")).join(built.file_name().unwrap());
        match fs::remove_file(&link) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("{link:?}: {error}"),
            _ => fs::hard_link(built, &link).unwrap(),
        }
        link
    });
    &PROGRAM
}

/// Sees that rustfmt would leave the owner's files of an app as they are.
pub(crate) fn assert_formatted(app: &Path) {
    assert_files_formatted(app, |path| !path.starts_with("crates"));
}

/// Sees that rustfmt would leave some files of an app as they are.
pub(crate) fn assert_files_formatted(app: &Path, is_meant: impl Fn(&Path) -> bool) {
    let code: Vec<PathBuf> = tree(app)
        .into_keys()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs") && is_meant(path))
        .map(|path| app.join(path))
        .collect();
    assert!(!code.is_empty());
    let mut rustfmt = std::process::Command::new("rustfmt");
    succeeds(rustfmt.args(["--edition", "2024", "--check"]).args(code));
}

/// What a program writes that has to end well.
pub(crate) fn succeeds(command: &mut std::process::Command) -> Output {
    let output = command.output().unwrap();
    let told = [&output.stdout[..], &output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success(), "{command:?}: {told}");
    output
}

/// Everything below a folder, except in `.git` folders.
pub(crate) fn tree(root: &Path) -> Tree {
    let mut found = Tree::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            let is_folder = path.symlink_metadata().unwrap().is_dir();
            found.insert(
                name,
                if is_folder {
                    None
                } else {
                    fs::read(&path).ok()
                },
            );
            if is_folder && path.file_name() != Some(OsStr::new(".git")) {
                folders.push(path);
            }
        }
    }
    found
}

/// The folder of this repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
