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
    /// Nothing was changed, for a reason that was printed with what to do about it.
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

/// What a person can do in the place of an edit.
#[derive(Debug, Clone, Default)]
pub(crate) struct ByHand(pub(crate) Vec<Step>);

/// Lines to paste, or to delete, and where.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) place: String,
    pub(crate) lines: String,
}

impl std::fmt::Display for ByHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing was written. By hand:")?;
        for Step { place, lines } in &self.0 {
            write!(f, "\n\n{place}:")?;
            for line in lines.lines() {
                match line {
                    "" => writeln!(f)?,
                    line => write!(f, "\n    {line}")?,
                }
            }
        }
        Ok(())
    }
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
    #[error("could not write to stdout: {0}")]
    Output(io::Error),
    #[error(
        "the workspace {} has a package called `{name}` already: {}",
        .workspace.display(),
        .member.display()
    )]
    NameTaken {
        name: String,
        workspace: PathBuf,
        member: PathBuf,
    },
    #[error("could not ask: {0}")]
    Prompt(io::Error),
    #[error("interrupted; nothing was written")]
    Interrupted,
    #[error("could not listen for Ctrl-C: {0}")]
    Signals(io::Error),
    #[error("could not start cargo: {0}")]
    Cargo(io::Error),
    #[error("this folder is not in an app that Vestibule made")]
    NoApp,
    #[error("{} doesn't say how an app was made", .0.display())]
    ForeignRecord(PathBuf),
    #[error("there is no view `{name}`{suggestion}")]
    NoView { name: String, suggestion: String },
    #[error("what {path} was at first can't be told: {reason}")]
    NoOriginal { path: String, reason: String },
    #[error("the app was made from version {app} of the template, and this program has {program}")]
    OtherVersion { app: String, program: &'static str },
    #[error("{0} is not UTF-8, so it can't be shown what would change")]
    NotText(String),
    #[error("nobody is there who could be asked; nothing was written")]
    NobodyToAsk,
    #[error("the app has no {0}")]
    NoSource(&'static str),
    #[error("the app's Cargo.toml can't be read: {}", .0.trim_end())]
    Manifest(String),
    #[error("no routes were found: nothing in src/ calls `App::new()` in a way that can be read")]
    NoRoutes,
    #[error("{}", all_of("who may reach the app can't be told in full", .0))]
    Unguarded(Vec<String>),
    #[error("{}", all_of("the route can't be added as it was asked for", .0))]
    BadRoute(Vec<String>),
    #[error("{}", all_of("the route can't be added", .0))]
    InTheWay(Vec<String>),
    #[error("{}", all_of("the route can't be removed", .0))]
    Depended(Vec<String>),
    #[error("{what} can't be edited safely: {reason}")]
    Unsure {
        what: String,
        reason: String,
        by_hand: ByHand,
    },
    #[error("{path} can't be written: {reason}")]
    Untouchable {
        path: String,
        reason: String,
        /// What would become of it, as a diff.
        change: String,
    },
    #[error("a text that is built into this program is broken: {0}")]
    Text(#[from] crate::scaffold::BadText),
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

fn all_of(what: &str, reasons: &[String]) -> String {
    match reasons {
        [reason] => format!("{what}: {reason}"),
        reasons => {
            let lines = reasons.iter().map(|reason| format!("\n  {reason}"));
            format!("{what}:{}", lines.collect::<String>())
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
            Self::NameTaken { name, .. } => {
                return Some(format!(
                    "nothing was written; give the app another name, for example \
                     `--name {name}-app`"
                ));
            }
            Self::Prompt(_) => "give the answers as flags, or use `--no-input`",
            Self::Cargo(_) => "Rust's tools are at https://rustup.rs; the app itself was written",
            Self::NoApp => {
                "go into an app's folder, which has a vestibule.toml, or make one: `vestibule new`"
            }
            Self::ForeignRecord(_) => "it is not the record of an app that `vestibule new` writes",
            Self::NoView { .. } => "`vestibule view list` shows all that there are",
            Self::NoOriginal { path, .. } => {
                return Some(format!(
                    "nothing was written; if it is in git, `git log -- {path}` has what it was"
                ));
            }
            Self::OtherVersion { app, .. } => {
                return Some(format!("nothing was written; use vestibule {app}"));
            }
            Self::NotText(_) => "nothing was written; delete the file, then try again",
            Self::NobodyToAsk => {
                "with `--yes` it doesn't ask; `--diff` only shows what would change"
            }
            Self::Manifest(_) => "nothing was written; Cargo reads it too, so mend it first",
            Self::NoSource(_) | Self::NoRoutes => {
                "the routes are read from `App::new()` on, in the modules that src/lib.rs names"
            }
            Self::BadRoute(_) => "`vestibule add route --help` tells what can be asked for",
            Self::InTheWay(_) => "nothing was written; choose another NAME or --path",
            Self::Depended(_) => {
                "nothing was removed; change the other code first, or use --force for edited files and \
                 comments"
            }
            Self::Untouchable { change, .. } => {
                return Some(format!(
                    "nothing was written. What would change there:\n\n{}",
                    change.trim_end()
                ));
            }
            Self::Unsure { by_hand, .. } => return Some(by_hand.to_string()),
            Self::Unguarded(_) => {
                "give the handler a guard (`User`, `Has<Role>`, `Fresh<SECONDS>`), or register it \
                 in a function called `public`"
            }
            Self::Template(_) | Self::Text(_) => {
                "please report it at https://github.com/vestibule-rs/vestibule/issues"
            }
            Self::Read { .. } | Self::Output(_) | Self::Interrupted | Self::Signals(_) => {
                return None;
            }
        };
        Some(hint.to_owned())
    }

    /// The code that the program ends with.
    pub(crate) fn exit_code(&self) -> Exit {
        match self {
            Self::Answers(_)
            | Self::Values { .. }
            | Self::NoFolderName(_)
            | Self::ThroughNothing(_)
            | Self::BadRoute(_)
            | Self::NoView { .. } => Exit::Usage,
            Self::WorkspaceRefused { .. }
            | Self::NameTaken { .. }
            | Self::InTheWay(_)
            | Self::Depended(_)
            | Self::NoOriginal { .. }
            | Self::OtherVersion { .. }
            | Self::NotText(_)
            | Self::NobodyToAsk
            | Self::Untouchable { .. }
            | Self::Unsure { .. } => Exit::Refused,
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

/// Whether there is nothing at a path, also because a file stands where a folder would be.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
