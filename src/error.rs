//! Everything that can go wrong, with what a person needs to know about it, and the exit codes.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::template::{BadTemplate, BadValues, Fault};

/// How the program ends. With `--run`, the app's own exit code is passed on instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Done,
    /// It failed; nothing was changed.
    Failed,
    /// The command line is wrong; clap uses the same code.
    Usage,
    /// Nothing was changed, for a reason that was printed together with a way out.
    Refused,
    /// The program was asked to stop.
    Interrupted,
    /// The exit code of the app; on Unix the app replaces this program instead.
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

/// What exists where the app should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    EmptyFolder,
    Folder,
    File,
    Link,
}

/// What a person can do in place of an edit.
#[derive(Debug, Clone, Default)]
pub(crate) struct ManualSteps(pub(crate) Vec<Step>);

/// Lines to paste, or to delete, and where.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) place: String,
    pub(crate) lines: String,
}

impl ManualSteps {
    /// All of them, each below an empty line.
    pub(crate) fn as_text(&self) -> String {
        let mut text = String::new();
        for Step { place, lines } in &self.0 {
            text.push_str(&format!("\n\n{place}:"));
            for line in lines.lines() {
                text.push('\n');
                if !line.is_empty() {
                    text.push_str(&format!("    {line}"));
                }
            }
        }
        text
    }
}

impl std::fmt::Display for ManualSteps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps = self.as_text();
        write!(f, "nothing was written. To do it by hand:{steps}")
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
    #[error("{} already exists{}", .path.display(), as_what(*.what))]
    Exists { path: PathBuf, what: Existing },
    #[error("{} doesn't name a new folder", .0.display())]
    NoFolderName(PathBuf),
    #[error("{} leads through a folder that doesn't exist", .0.display())]
    MissingParent(PathBuf),
    #[error("{} can't be created: {} is not a folder", .path.display(), .above.display())]
    NotAFolder { path: PathBuf, above: PathBuf },
    #[error("could not write {}: {source}", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} changed while this command was running", .0.display())]
    ChangedMeanwhile(PathBuf),
    #[error("{0} is neither a file nor a link to one")]
    NotAFile(String),
    #[error("{cause}; these could not be restored: {}", paths(.left))]
    NotUndone {
        cause: Box<Error>,
        left: Vec<PathBuf>,
    },
    #[error("could not write to stdout: {0}")]
    Output(io::Error),
    #[error("could not ask a question: {0}")]
    Prompt(io::Error),
    #[error("interrupted; nothing was written")]
    Interrupted,
    #[error("could not listen for Ctrl-C: {0}")]
    Signals(io::Error),
    #[error("could not start cargo: {0}")]
    Cargo(io::Error),
    #[error("this folder is not inside an app made by Vestibule")]
    NoApp,
    #[error("{} is not the record of an app made by Vestibule", .0.display())]
    ForeignRecord(PathBuf),
    #[error("neither this folder nor one above has a Cargo.toml")]
    NoPackage,
    #[error("sign-in can't be brought in: {reason}")]
    NoSignIn { reason: String, advice: String },
    #[error("the app wasn't made from the template, so there are no originals")]
    NotFromTemplate,
    #[error("there is no view `{name}`{suggestion}")]
    NoView { name: String, suggestion: String },
    #[error("{path} has no original: {reason}")]
    NoOriginal { path: String, reason: String },
    #[error("the app was made from version {app} of the template, but this program has {program}")]
    OtherVersion { app: String, program: &'static str },
    #[error("{0} is not UTF-8, so the changes can't be shown")]
    NotUtf8(String),
    #[error("there is no terminal to ask on; nothing was written")]
    NoTerminal,
    #[error("the app has no {0}")]
    NoFile(&'static str),
    #[error("the app has neither {0} nor a program")]
    NoCode(String),
    #[error("the app's Cargo.toml can't be used: {}", .0.trim_end())]
    Manifest(String),
    #[error(
        "no routes were found: nothing in src/ calls `App::new()` in a way that can be followed"
    )]
    NoRoutes,
    #[error("{}", unguarded(.open, .forgeable))]
    Unguarded {
        /// What keeps the table from saying who may reach a route.
        open: Vec<String>,
        /// Routes that another site's page could have a browser use.
        forgeable: Vec<String>,
        /// What can be done about all of them.
        advice: Option<&'static str>,
    },
    #[error("there is no baseline {}", .0.display())]
    NoBaseline(PathBuf),
    #[error("{} can't be used as a baseline of routes: {reason}", .path.display())]
    BadBaseline { path: PathBuf, reason: String },
    #[error("{} is there, and isn't as `--write-baseline` writes it", .0.display())]
    NotABaseline(PathBuf),
    #[error("{place} doesn't tell which routes the app has: {reason}")]
    NoLive { place: String, reason: String },
    #[error("no app answers at {place}: {reason}")]
    NotRunning { place: String, reason: String },
    #[error("{}", all_of("the source and the running app say different things", .0))]
    Differs(Vec<String>),
    #[error("{}", all_of("such a route can't be added", .0))]
    InvalidRoute(Vec<String>),
    #[error("{}", all_of("the route can't be added", .0))]
    RouteConflict(Vec<String>),
    #[error("{}", all_of("the database can't be added", .0))]
    DatabaseConflict(Vec<String>),
    #[error("{}", all_of("the route can't be removed", .0))]
    RouteInUse(Vec<String>),
    #[error("{}", all_of("the route can't be added, as the app lacks what its code needs", .reasons))]
    RouteLacks {
        reasons: Vec<String>,
        by_hand: ManualSteps,
    },
    #[error("{file} can't be edited safely: {reason}")]
    CannotEdit {
        file: String,
        reason: String,
        by_hand: ManualSteps,
    },
    #[error("{path} can't be written: {reason}")]
    NotWritable {
        path: String,
        reason: String,
        /// What would change in it, as a diff.
        change: String,
    },
    #[error("a file that is built into this program is broken: {0}")]
    Scaffold(#[from] crate::scaffold::BadScaffold),
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

fn unguarded(open: &[String], forgeable: &[String]) -> String {
    let parts = [
        ("it can't be told of every route who may reach it", open),
        (
            "not every route checks where what changes something comes from (CSRF)",
            forgeable,
        ),
    ];
    let parts = parts.iter().filter(|(_, faults)| !faults.is_empty());
    let parts: Vec<String> = parts.map(|(what, faults)| all_of(what, faults)).collect();
    parts.join("\n")
}

fn as_what(thing: Existing) -> &'static str {
    match thing {
        Existing::EmptyFolder => ", as an empty folder",
        Existing::Folder => "",
        Existing::File => ", as a file",
        Existing::Link => ", as a link",
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
    /// Why an app can't have sign-in, and what can be done about it.
    pub(crate) fn no_sign_in(reason: String, advice: &str) -> Self {
        Self::NoSignIn {
            reason,
            advice: advice.to_owned(),
        }
    }

    /// What can be done about it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Answers(_) => "see `vestibule new --help`",
            Self::Values { .. } => "for example:\n  [values]\n  provider = \"okta\"",
            Self::Exists {
                what: Existing::EmptyFolder,
                ..
            } => "an existing folder is never written to; remove it or choose another path",
            Self::Exists { .. } => "nothing is ever overwritten; choose another path",
            Self::NoFolderName(_) => "an app gets a new folder, for example `vestibule new my-app`",
            Self::MissingParent(_) => "write the path without `..`",
            Self::NotAFolder { .. } => "choose another path",
            Self::Write { source, .. } => return write_hint(source),
            Self::ChangedMeanwhile(_) => "nothing was written; try again",
            Self::NotAFile(_) => "nothing was written; move it away, or give it another name",
            Self::NotUndone { .. } => "look at these files before you try again",
            Self::Prompt(_) => "give the answers as flags, or use `--no-input`",
            Self::Cargo(_) => "the app was written; install Rust from https://rustup.rs to run it",
            Self::NoApp => {
                "go to the folder of an app, which has a vestibule.toml, or make an app: `vestibule new`, `vestibule init`"
            }
            Self::ForeignRecord(_) => {
                "the record that `vestibule new` writes has a table `template`"
            }
            Self::NoView { .. } => "`vestibule view list` shows all views",
            Self::NoOriginal { path, .. } => {
                return Some(format!(
                    "nothing was written; if it is in git, `git log -- {path}` shows how it was"
                ));
            }
            Self::NoPackage => "go to the folder of an Actix-web app, or make one: `vestibule new`",
            Self::NoSignIn { advice, .. } => {
                return Some(format!("nothing was written; {advice}"));
            }
            Self::NotFromTemplate => {
                "`vestibule init` brought sign-in into it; what it was like before, git knows"
            }
            Self::OtherVersion { app, .. } => {
                return Some(format!("nothing was written; use vestibule {app}"));
            }
            Self::NotUtf8(_) => "nothing was written; delete the file, then try again",
            Self::NoTerminal => {
                "use `--yes` to write without asking, or `--diff` to see the changes"
            }
            Self::Manifest(_) => "nothing was written; Cargo needs this file too, so fix it first",
            Self::NoFile(_) | Self::NoCode(_) | Self::NoRoutes => {
                "routes are read from `App::new()` on, in the modules of the library and of the programs"
            }
            Self::InvalidRoute(_) => "see `vestibule add route --help`",
            Self::RouteConflict(_) => "nothing was written; choose another NAME or --path",
            Self::DatabaseConflict(_) => {
                "nothing was written; what is in the way has to go first, or be kept in its stead"
            }
            Self::RouteInUse(_) => {
                "nothing was removed; change the other code first, or use --force to remove edited \
                 files and comments too"
            }
            Self::NotWritable { change, .. } => {
                return Some(format!(
                    "nothing was written. What would change there:\n\n{}",
                    change.trim_end()
                ));
            }
            Self::CannotEdit { by_hand, .. } | Self::RouteLacks { by_hand, .. } => {
                return Some(by_hand.to_string());
            }
            Self::NoBaseline(_) => {
                "`vestibule routes --write-baseline FILE` writes the routes for which --check fails today; commit \
                 that file"
            }
            Self::BadBaseline { .. } => {
                "`vestibule routes --write-baseline FILE` writes such a file"
            }
            Self::NotABaseline(_) => {
                "nothing was written, as comments and other text would be lost; remove the file \
                 first, or choose another FILE"
            }
            Self::Unguarded { advice, .. } => return advice.map(str::to_owned),
            Self::NoLive { .. } => {
                "a debug build answers at /dev/routes if it mounts `dev.routes(…)` and has vestibule-dev \
                 with the feature `introspection`; a test can write the same to a file: \
                 `app.routes().await.save(…)`"
            }
            Self::NotRunning { .. } => {
                "start it with `cargo run`; if it runs elsewhere, say where: `vestibule routes --live \
                 http://localhost:3000`"
            }
            Self::Differs(_) => {
                "start the app again, as it may have been built from older code; if they still differ, \
                 please report it at https://github.com/vestibule-rs/vestibule/issues"
            }
            Self::Template(_) | Self::Scaffold(_) => {
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
            | Self::MissingParent(_)
            | Self::InvalidRoute(_)
            | Self::NoBaseline(_)
            | Self::BadBaseline { .. }
            | Self::NoView { .. } => Exit::Usage,
            Self::RouteConflict(_)
            | Self::DatabaseConflict(_)
            | Self::RouteInUse(_)
            | Self::RouteLacks { .. }
            | Self::NoOriginal { .. }
            | Self::OtherVersion { .. }
            | Self::NoSignIn { .. }
            | Self::NotABaseline(_)
            | Self::NotFromTemplate
            | Self::NotUtf8(_)
            | Self::NoTerminal
            | Self::NotWritable { .. }
            | Self::CannotEdit { .. } => Exit::Refused,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }
}

fn write_hint(source: &io::Error) -> Option<String> {
    let hint = match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "nothing was left behind; choose a folder that you can write to"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "nothing was left behind; free some space and try again"
        }
        _ => "nothing was left behind",
    };
    Some(hint.to_owned())
}

/// Whether there is nothing at a path, also because a file is where a folder would be.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
