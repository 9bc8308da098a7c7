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
