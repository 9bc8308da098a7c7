//! Creates the app's git repository and its first commit, with the git that is installed. The app works without one, so
//! nothing here fails: it only reports.

use std::path::Path;
use std::process::{Command, Stdio};

/// What the first commit says.
const FIRST_COMMIT: &str = concat!(
    "Start from the template of Vestibule ",
    env!("CARGO_PKG_VERSION")
);

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repository {
    /// With the app as its first commit.
    Created,
    /// Without a commit; a message.
    Uncommitted(String),
    /// The app is inside a repository already.
    Inside,
    /// There is no git, or it failed; a message.
    Not(String),
}

/// Creates a repository in `folder`, which will be moved to `place`, and commits what is there.
pub(crate) fn init(folder: &Path, place: &Path, existing: &Path) -> Repository {
    if is_tracked(place, existing) {
        return Repository::Inside;
    }
    let created = run(git()
        .args(["-c", "init.defaultBranch=main", "init", "--quiet"])
        .arg(folder));
    if let Err(message) = created {
        // An incomplete repository would be worse than none.
        let _ = std::fs::remove_dir_all(folder.join(".git"));
        return Repository::Not(message);
    }
    match commit(folder) {
        Ok(()) => Repository::Created,
        Err(message) => {
            // As after `git init`: nothing is staged.
            let _ = std::fs::remove_file(folder.join(".git/index"));
            Repository::Uncommitted(message)
        }
    }
}

/// Commits everything in the folder of a new repository.
fn commit(folder: &Path) -> Result<(), String> {
    let here = || {
        let mut git = git();
        git.arg("-C").arg(folder);
        git
    };
    if run(here().args(["var", "GIT_AUTHOR_IDENT"])).is_err() {
        return Err("git doesn't know your name and e-mail address yet".to_owned());
    }
    run(here().args(["add", "--all"]))?;
    // Hooks are for code of yours, and a signature would ask for a password.
    run(here()
        .args(["-c", "core.hooksPath=/dev/null", "commit", "--quiet"])
        .args(["--no-verify", "--no-gpg-sign", "--message", FIRST_COMMIT]))
}

/// Runs git; `Err` is what it says.
fn run(git: &mut Command) -> Result<(), String> {
    match git.stderr(Stdio::piped()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let message = String::from_utf8_lossy(&output.stderr);
            Err(message.lines().next().unwrap_or("git failed").to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err("git is not installed".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Whether the app will be in a repository above: there is one, and it doesn't ignore the app, as
/// one for the settings in a home folder does.
fn is_tracked(place: &Path, existing: &Path) -> bool {
    let inside = existing
        .ancestors()
        .any(|above| above.join(".git").exists());
    inside
        && !git()
            .args(["check-ignore", "--quiet", "--"])
            .arg(place)
            .current_dir(existing)
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

/// git, without the variables by which a hook or an alias that runs this program would mislead it.
fn git() -> Command {
    let mut git = Command::new("git");
    for variable in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_PREFIX",
    ] {
        git.env_remove(variable);
    }
    git.stdin(Stdio::null()).stdout(Stdio::null());
    git
}
