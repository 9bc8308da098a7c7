//! What `vestibule new` says: what to do next on stdout, everything else on stderr.

use std::ffi::OsStr;

use crate::changes::{Change, Plan};
use crate::git::Repository;
use crate::target::Target;
use crate::template::{Answers, AppName};
use crate::terminal;
use crate::workspace::Surroundings;

/// Where a new app listens by default.
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

/// Says what was written, and the name of the package if it isn't the one that was typed.
pub(super) fn written(target: &Target, name: &AppName) {
    terminal::say(format_args!("Wrote {}", target.typed.display()));
    if let Some(typed) = name.changed_from() {
        let package = name.package();
        terminal::note(format_args!(
            "the package is called `{package}`, after `{typed}`"
        ));
    }
}

/// Says what was done to the surroundings of the app, and what is left to do.
pub(super) fn surroundings(
    surroundings: &Surroundings,
    repository: Option<Repository>,
    target: &Target,
) {
    let app = target.typed.display();
    match surroundings {
        Surroundings::Exclude { entry, change } => terminal::note(format_args!(
            "{app} is a workspace of its own, so `{entry}` was added to `exclude` in {}",
            change.path.display()
        )),
        Surroundings::ByHand {
            manifest,
            reason,
            advice,
        } => terminal::note(format_args!(
            "{app} is a workspace of its own, but also a member of the one in {}, which can't be \
             edited safely: {reason}. Before you build that one, {advice}",
            manifest.display()
        )),
        Surroundings::Free => {}
    }
    match repository {
        Some(Repository::Inside) => {
            terminal::note("no git repository was created: the app is inside one");
        }
        Some(Repository::Not(reason)) => {
            terminal::note(format_args!("no git repository was created: {reason}"));
        }
        Some(Repository::Uncommitted(reason)) => terminal::note(format_args!(
            "the app is not committed yet: {reason}. To do so, in {app}: \
             git add --all && git commit"
        )),
        Some(Repository::Created) | None => {}
    }
}

/// Says what to do next, as lines to paste.
pub(super) fn next_steps(target: &Target, answers: &Answers) {
    terminal::result("Next:");
    terminal::result(format_args!("  cd {}", for_shell(target.typed.as_os_str())));
    if !answers.uses_dev_provider() {
        terminal::result("  cp .env.example .env    # then fill in the values from your provider");
    }
    terminal::result(format_args!(
        "  cargo run               # then open {ADDRESS}"
    ));
    if answers.uses_dev_provider() {
        terminal::result(
            "Sign in as alice or bob, without a password. What to do next is in README.md.",
        );
    } else {
        terminal::result(
            "Without .env you can sign in as alice or bob. What to do next is in README.md.",
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
