//! Creates the app's git repository, with the git that is installed. The app works without one, so
//! nothing here fails: it only reports.

use std::path::Path;
use std::process::{Command, Stdio};

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repository {
    Created,
    /// The app is inside a repository already.
    Inside,
    /// There is no git, or it failed; a message.
    Not(String),
}

/// Creates a repository in `folder`, which will be moved to `place`.
pub(crate) fn init(folder: &Path, place: &Path, existing: &Path) -> Repository {
    if is_tracked(place, existing) {
        return Repository::Inside;
    }
    let result = git()
        .args(["-c", "init.defaultBranch=main", "init", "--quiet"])
        .arg(folder)
        .stderr(Stdio::piped())
        .output();
    match result {
        Ok(output) if output.status.success() => Repository::Created,
        Ok(output) => {
            // An incomplete repository would be worse than none.
            let _ = std::fs::remove_dir_all(folder.join(".git"));
            let message = String::from_utf8_lossy(&output.stderr);
            Repository::Not(message.lines().next().unwrap_or("git failed").to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Repository::Not("git is not installed".to_owned())
        }
        Err(error) => Repository::Not(error.to_string()),
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
