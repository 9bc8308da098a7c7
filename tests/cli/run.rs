//! `--run`: the app takes the place of the program that wrote it. The cargo here is a script,
//! named by `CARGO` as Cargo itself names it to what it starts.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::wait::WaitStatus;
use snapbox::str;

use crate::support::{Room, program};

fn cargo(tools: &Room, script: &str) -> PathBuf {
    tools.write("cargo", &format!("#!/bin/sh\n{script}\n"));
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(tools.join("cargo"), mode).unwrap();
    tools.join("cargo")
}

#[test]
fn the_app_is_started_in_its_folder_and_its_exit_code_is_passed_on() {
    let (room, tools) = (Room::new(), Room::new());
    let script = "[ -f Cargo.toml ] && echo \"started: $* in ${PWD##*/}\"; exit 7";
    room.vestibule(&["new", "my-app", "--no-git", "--run"])
        .env("CARGO", cargo(&tools, script))
        .assert()
        .code(7)
        .stdout_eq(str![[r#"
started: run in my-app

"#]])
        .stderr_eq(str![[r#"
Wrote my-app
Starting it with `cargo run`. The first build takes a minute or two.

"#]]);
}

#[test]
fn without_cargo_the_app_is_written_all_the_same() {
    let room = Room::new();
    room.vestibule(&["new", "my-app", "--no-git", "--run"])
        .env("CARGO", room.join("no-cargo"))
        .assert()
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
Wrote my-app
Starting it with `cargo run`. The first build takes a minute or two.
error: could not start cargo: No such file or directory (os error 2)
hint: the app was written; install Rust from https://rustup.rs to run it

"#]]);
    assert!(room.join("my-app/Cargo.toml").is_file());
}

#[test]
fn ctrl_c_goes_to_the_app() {
    let (room, tools) = (Room::new(), Room::new());
    let script = "trap 'echo goodbye; exit 9' INT; echo ready; while :; do sleep 0.05; done";
    let mut command = Command::new(program());
    command
        .args(["new", "my-app", "--no-git", "--no-input", "--run"])
        .current_dir(room.path())
        .env("CARGO", cargo(&tools, script));
    let mut session = rexpect::session::spawn_command(command, Some(60_000)).unwrap();
    session.exp_string("ready").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("goodbye").unwrap();
    session.exp_eof().unwrap();
    assert!(matches!(
        session.process().wait().unwrap(),
        WaitStatus::Exited(_, 9)
    ));
}

#[test]
fn nothing_is_started_when_nothing_was_written() {
    let (room, tools) = (Room::new(), Room::new());
    let command = room
        .vestibule(&["new", "fn", "--run"])
        .env("CARGO", cargo(&tools, "echo started"));
    room.keeps(command).code(2).stdout_eq("");
}
