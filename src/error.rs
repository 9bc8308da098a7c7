//! Everything that can go wrong, with what a person needs to know about it; and the exit codes.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::template::{BadTemplate, BadValues, Fault};

/// How the program ends. `--run` passes the app's own code on instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Done,
    /// It could not be done; nothing was changed.
    Failed,
    /// The command line is wrong; clap uses the same code.
    Usage,
    /// An existing file can't be edited safely; what to do by hand was printed.
    Refused,
    /// Somebody asked to stop.
    Interrupted,
    /// What the app ended with; on Unix it takes the place of this program instead.
    #[cfg(not(unix))]
    Passed(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Interrupted => 130,
            #[cfg(not(unix))]
            Exit::Passed(code) => code,
        })
    }
}

/// What is in the way at the place where the app should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InTheWay {
    EmptyFolder,
    Folder,
    File,
    Link,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}", listed(.0))]
    Answers(Vec<Fault>),
    #[error("could not read {}: {source}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} is not a values file: {source}", .path.display())]
    Values { path: PathBuf, source: BadValues },
    #[error("{} exists already{}", .path.display(), as_what(*.what))]
    Exists { path: PathBuf, what: InTheWay },
    #[error("{} doesn't name a folder to make", .0.display())]
    NoFolderName(PathBuf),
    #[error("{} goes through a folder that doesn't exist", .0.display())]
    ThroughNothing(PathBuf),
    #[error("{} can't hold a new folder: {} is not a folder", .path.display(), .above.display())]
    NotAFolder { path: PathBuf, above: PathBuf },
    #[error("could not write {}: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} changed while this command was running", .0.display())]
    ChangedMeanwhile(PathBuf),
    #[error("{cause}; and these could not be put back: {}", paths(.left))]
    NotUndone {
        cause: Box<Error>,
        left: Vec<PathBuf>,
    },
    #[error("could not read the workspace's manifest {}: {reason}", .manifest.display())]
    WorkspaceUnreadable { manifest: PathBuf, reason: String },
    #[error("{} can't be edited safely: {reason}", .manifest.display())]
    WorkspaceRefused {
        manifest: PathBuf,
        member: String,
        reason: String,
    },
    #[error("could not ask: {0}")]
    Prompt(io::Error),
    #[error("interrupted; nothing was written")]
    Interrupted,
    #[error("could not listen for Ctrl-C: {0}")]
    Signals(io::Error),
    #[error("could not start cargo: {0}")]
    Cargo(io::Error),
    #[error("the template that is built into this program is broken: {0}")]
    Template(#[from] BadTemplate),
}

fn listed(faults: &[Fault]) -> String {
    match faults {
        [fault] => fault.to_string(),
        faults => {
            let lines = faults.iter().map(|fault| format!("\n  {fault}"));
            format!(
                "{} answers can't be used:{}",
                faults.len(),
                lines.collect::<String>()
            )
        }
    }
}

fn as_what(thing: InTheWay) -> &'static str {
    match thing {
        InTheWay::EmptyFolder => ", as an empty folder",
        InTheWay::Folder => "",
        InTheWay::File => ", as a file",
        InTheWay::Link => ", as a link",
    }
}

fn paths(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

impl Error {
    /// What can be done about it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Answers(_) => "`vestibule new --help` tells what can be chosen",
            Self::Values { .. } => "for example:\n  [values]\n  provider = \"okta\"",
            Self::Exists {
                what: InTheWay::EmptyFolder,
                ..
            } => "nothing is ever written over; remove the empty folder or choose another path",
            Self::Exists { .. } => "nothing is ever written over; choose another path",
            Self::NoFolderName(_) => {
                "the app gets a new folder of its own, for example `vestibule new my-app`"
            }
            Self::ThroughNothing(_) => "write the path without `..`",
            Self::NotAFolder { .. } => "choose another path",
            Self::Write { source, .. } => return write_hint(source),
            Self::ChangedMeanwhile(_) => "nothing was written; try again",
            Self::NotUndone { .. } => "look at them before you try again",
            Self::WorkspaceUnreadable { .. } => {
                "Cargo reads this manifest too when it builds an app below it, so mend it first"
            }
            Self::WorkspaceRefused { member, .. } => {
                return Some(format!(
                    "add the app there by hand, then try again; nothing was written:\n  \
                     [workspace]\n  members = [\n      …\n      \"{member}\",\n  ]"
                ));
            }
            Self::Prompt(_) => "give the answers as flags, or use `--no-input`",
            Self::Cargo(_) => "Rust's tools are at https://rustup.rs; the app itself was written",
            Self::Template(_) => {
                "please report it at https://github.com/vestibule-rs/vestibule/issues"
            }
            Self::Read { .. } | Self::Interrupted | Self::Signals(_) => return None,
        };
        Some(hint.to_owned())
    }

    /// The code that the program ends with.
    pub(crate) fn exit_code(&self) -> Exit {
        match self {
            Self::Answers(_)
            | Self::Values { .. }
            | Self::NoFolderName(_)
            | Self::ThroughNothing(_) => Exit::Usage,
            Self::WorkspaceRefused { .. } => Exit::Refused,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }
}

fn write_hint(source: &io::Error) -> Option<String> {
    let hint = match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "nothing was left behind; choose a folder that you may write to"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "nothing was left behind; free some space and try again"
        }
        _ => "nothing was left behind",
    };
    Some(hint.to_owned())
}
