//! The app's git repository: made when there is none, and never in the way.

use std::process::Command;

use crate::support::{Room, program, succeeds};

fn git(room: &Room, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    let output = succeeds(git.args(arguments).current_dir(room.path()));
    String::from_utf8(output.stdout).unwrap()
}

fn told(room: &Room, arguments: &[&str]) -> String {
    let output = room.vestibule(&["new"]).args(arguments).assert().success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_repository_is_made_on_main() {
    let room = Room::new();
    told(&room, &["my-app"]);
    let head = git(&room, &["-C", "my-app", "symbolic-ref", "HEAD"]);
    assert_eq!(head, "refs/heads/main\n");
}

/// With a name of its own, and without the settings of whoever runs the tests.
fn new_as(room: &Room, config: &str, app: &str) -> String {
    room.write("gitconfig", config);
    let output = room
        .vestibule(&["new", app])
        .env("GIT_CONFIG_GLOBAL", room.join("gitconfig"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_AUTHOR_NAME")
        .env_remove("GIT_AUTHOR_EMAIL")
        .env_remove("EMAIL")
        .assert()
        .success();
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

const ALICE: &str = "[user]\nname = Alice\nemail = alice@example.com\n";

#[test]
fn the_app_is_the_first_commit() {
    let room = Room::new();
    new_as(&room, ALICE, "my-app");
    let commits = git(&room, &["-C", "my-app", "log", "--format=%an: %s"]);
    let version = env!("CARGO_PKG_VERSION");
    let wanted = format!("Alice: Start from the template of Vestibule {version}\n");
    assert_eq!(commits, wanted);
    assert_eq!(git(&room, &["-C", "my-app", "status", "--porcelain"]), "");
    let files = git(&room, &["-C", "my-app", "ls-files"]);
    assert!(files.lines().any(|file| file == "Cargo.lock"), "{files}");
}

/// A signature would ask for a password, and hooks may be for another kind of code.
#[test]
fn neither_signatures_nor_hooks_are_in_the_way() {
    let room = Room::new();
    let hooks = room.join("hooks");
    room.write("hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    room.write("hooks/post-commit", "#!/bin/sh\ntouch ran\n");
    for hook in ["pre-commit", "post-commit"] {
        succeeds(Command::new("chmod").arg("+x").arg(hooks.join(hook)));
    }
    let config = format!(
        "{ALICE}[commit]\ngpgsign = true\n[gpg]\nprogram = false\n[core]\nhooksPath = {}\n",
        hooks.display()
    );
    new_as(&room, &config, "my-app");
    git(&room, &["-C", "my-app", "rev-parse", "--verify", "HEAD"]);
    assert!(!room.join("my-app/ran").exists());
}

#[test]
fn without_a_name_nothing_is_committed_and_it_is_said() {
    let room = Room::new();
    let told = new_as(&room, "[user]\nuseConfigOnly = true\n", "my-app");
    let note = "note: the app is not committed yet: git doesn't know your name and e-mail address \
                yet. To do so, in my-app: git add --all && git commit";
    assert!(told.contains(note), "{told}");
    let status = git(
        &room,
        &["-C", "my-app", "status", "--porcelain", "--", "Cargo.toml"],
    );
    assert_eq!(status, "?? Cargo.toml\n");
}

#[test]
fn no_git_means_none() {
    let room = Room::new();
    told(&room, &["my-app", "--no-git"]);
    assert!(!room.join("my-app/.git").exists());
}

#[test]
fn inside_a_repository_none_is_made() {
    let room = Room::new();
    git(&room, &["init", "--quiet"]);
    let told = told(&room, &["apps/my-app"]);
    assert!(
        told.contains("note: no git repository was created: the app is inside one"),
        "{told}"
    );
    assert!(!room.join("apps/my-app/.git").exists());
}

/// As in a home folder whose repository holds only a few settings.
#[test]
fn inside_a_repository_that_ignores_the_app_one_is_made() {
    let room = Room::new();
    git(&room, &["init", "--quiet"]);
    room.write(".gitignore", "*\n");
    told(&room, &["my-app"]);
    assert!(room.join("my-app/.git").is_dir());
}

#[test]
fn variables_of_another_repository_do_not_mislead() {
    let room = Room::new();
    let output = room
        .vestibule(&["new", "my-app"])
        .env("GIT_DIR", room.join("other"))
        .assert();
    output.success();
    assert!(room.join("my-app/.git").is_dir());
    assert!(!room.join("other").exists());
}

#[test]
fn without_git_the_app_is_written_and_it_is_said() {
    let room = Room::new();
    let mut new = Command::new(program());
    new.args(["new", "my-app", "--no-input"])
        .current_dir(room.path())
        .env("PATH", room.path());
    let told = String::from_utf8(succeeds(&mut new).stderr).unwrap();
    assert!(
        told.contains("note: no git repository was created: git is not installed"),
        "{told}"
    );
    assert!(room.join("my-app/Cargo.toml").is_file());
}
