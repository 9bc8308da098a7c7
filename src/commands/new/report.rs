//! What `vestibule new` says: results and what to do next on stdout, all else on stderr.

use std::ffi::OsStr;

use crate::changes::{Change, Plan};
use crate::git::Repository;
use crate::target::Target;
use crate::template::{Answers, AppName};
use crate::terminal;
use crate::workspace::Membership;

/// Where a new app listens unless it is told otherwise.
const ADDRESS: &str = "http://localhost:8080";

/// Lists what a plan would write: on stdout, one line a file.
pub(super) fn dry_run(plan: &Plan, target: &Target) {
    for change in plan.changes() {
        let verb = if change.before.is_some() {
            "edit"
        } else {
            "create"
        };
        let path = match change.path.strip_prefix(&target.folder) {
            Ok(inside) => target.typed.join(inside),
            Err(_) => change.path.clone(),
        };
        terminal::result(format_args!(
            "{verb:6} {:>8} B  {}",
            size(change),
            path.display()
        ));
    }
    let count = plan.changes().len();
    let bytes: usize = plan.changes().iter().map(size).sum();
    terminal::say(format_args!(
        "{count} files, {bytes} bytes; nothing was written"
    ));
}

fn size(change: &Change) -> usize {
    change.after.as_ref().map_or(0, |after| after.len())
}

/// Says what was written, and under which name if that isn't the one that was given.
pub(super) fn written(target: &Target, name: &AppName) {
    terminal::say(format_args!("Wrote {}", target.typed.display()));
    if let Some(typed) = name.changed_from() {
        let package = name.package();
        terminal::note(format_args!(
            "the package is called `{package}`, made from `{typed}`"
        ));
    }
}

/// Says what the app's surroundings meant for it, and what it did to them.
pub(super) fn surroundings(
    membership: &Membership,
    repository: Option<Repository>,
    target: &Target,
) {
    let root = match membership {
        Membership::Add { member, change } => {
            terminal::note(format_args!(
                "`{member}` was added to the workspace members in {}",
                change.path.display()
            ));
            Some(&change.path)
        }
        Membership::Covered { manifest } => {
            terminal::note(format_args!(
                "{} is a member of the workspace {}",
                target.typed.display(),
                manifest.display()
            ));
            Some(manifest)
        }
        Membership::None => None,
    };
    if let Some(root) = root {
        terminal::note(format_args!(
            "Cargo takes profiles from the workspace's manifest alone, and warns of others: move \
             the `[profile.…]` tables of {} to {}, or delete them",
            target.typed.join("Cargo.toml").display(),
            root.display()
        ));
    }
    match repository {
        Some(Repository::Inside) => {
            terminal::note("no git repository was made, as the app is inside one");
        }
        Some(Repository::Not(reason)) => {
            terminal::note(format_args!("no git repository was made: {reason}"));
        }
        Some(Repository::Made) | None => {}
    }
}

/// Tells what to do next, as lines to paste.
pub(super) fn next_steps(target: &Target, answers: &Answers) {
    terminal::result("Next:");
    terminal::result(format_args!("  cd {}", for_shell(target.typed.as_os_str())));
    if !answers.uses_dev_provider() {
        terminal::result("  cp .env.example .env    # and fill in what your provider gave you");
    }
    terminal::result(format_args!(
        "  cargo run               # then open {ADDRESS}"
    ));
    if answers.uses_dev_provider() {
        terminal::result(
            "Sign in as alice or bob, without a password. README.md tells what to do next.",
        );
    } else {
        terminal::result(
            "Without .env you can sign in as alice or bob. README.md tells what to do next.",
        );
    }
}

/// A path as it can be pasted after `cd`.
fn for_shell(path: &OsStr) -> String {
    let path = path.to_string_lossy();
    let quoted = shell_words::quote(&path);
    if quoted.starts_with('-') {
        format!("./{quoted}")
    } else {
        quoted.into_owned()
    }
}
