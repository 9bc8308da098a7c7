//! Making the app's git repository, with the git that is installed. An app without one is an
//! app all the same, so nothing here fails: it only reports.

use std::path::Path;
use std::process::{Command, Stdio};

/// What has become of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Repository {
    Made,
    /// The app is inside a repository already.
    Inside,
    /// There is no git, or it failed; in words.
    Not(String),
}

/// Makes a repository in `folder`, which will be moved to `place`.
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
        Ok(output) if output.status.success() => Repository::Made,
        Ok(output) => {
            // A repository that is only begun would be worse than none.
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

/// Whether a repository above will have the app in it: there is one, and it doesn't ignore it
/// (as one that holds a whole home folder's settings does).
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

/// git, without what a hook or an alias that runs this program would make it believe.
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
