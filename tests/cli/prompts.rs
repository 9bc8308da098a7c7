//! Questions on a terminal, answered through a pseudo-terminal.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use nix::sys::wait::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use crate::support::{Room, program};

const PATIENCE_MS: u64 = 60_000;
const ENTER: &str = "\r";
const DOWN: &str = "\u{1b}[B";
const CTRL_C: &str = "\u{3}";
const CTRL_U: &str = "\u{15}";

/// A person at a terminal who typed `vestibule new` and some arguments.
fn terminal(room: &Room, arguments: &[&str]) -> PtySession {
    let mut command = Command::new(program());
    command
        .args(["new", "--no-git"])
        .args(arguments)
        .current_dir(room.path())
        .env("TERM", "xterm-256color");
    spawn_command(command, Some(PATIENCE_MS)).unwrap()
}

/// A person in an app who has typed `vestibule view reset home`.
fn resetting(room: &Room) -> PtySession {
    let mut command = Command::new(program());
    command
        .args(["view", "reset", "home"])
        .current_dir(room.join("app"))
        .env("TERM", "xterm-256color");
    spawn_command(command, Some(PATIENCE_MS)).unwrap()
}

fn press(session: &mut PtySession, keys: &str) {
    session.send(keys).unwrap();
    session.flush().unwrap();
}

fn exit_code(session: &PtySession) -> i32 {
    match session.process().wait().unwrap() {
        WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn enter_takes_the_defaults() {
    let (asked, unasked) = (Room::new(), Room::new());
    let mut session = terminal(&asked, &[]);
    session.exp_string("In which new folder").unwrap();
    press(&mut session, ENTER);
    session.exp_string("What is the app, in one line?").unwrap();
    press(&mut session, ENTER);
    session.exp_string("runs without any account").unwrap();
    session.exp_string("Which OpenID Connect provider").unwrap();
    press(&mut session, ENTER);
    session
        .exp_string("What do people see when they sign in?")
        .unwrap();
    press(&mut session, ENTER);
    session.exp_string("Where are user sessions kept?").unwrap();
    press(&mut session, ENTER);
    session.exp_string("cd my-app").unwrap();
    session.exp_eof().unwrap();
    assert_eq!(exit_code(&session), 0);

    unasked.writes(&["my-app"]);
    assert_eq!(asked.tree(), unasked.tree());
}

#[test]
fn a_bad_answer_is_asked_for_again() {
    let (asked, given) = (Room::new(), Room::new());
    let flags = [
        "my-app",
        "--description=Shop",
        "--login-page=page",
        "--session-store=memory",
    ];
    let mut session = terminal(&asked, &flags);
    session.exp_string("Which OpenID Connect provider").unwrap();
    press(&mut session, DOWN);
    press(&mut session, ENTER);
    session.exp_string("issuer URL").unwrap();
    press(&mut session, "http://id.example.com");
    press(&mut session, ENTER);
    session.exp_string("is not an https URL").unwrap();
    press(&mut session, CTRL_U);
    press(&mut session, "https://id.example.com");
    press(&mut session, ENTER);
    session.exp_string("client id").unwrap();
    press(&mut session, ENTER);
    session.exp_eof().unwrap();
    assert_eq!(exit_code(&session), 0);

    given.writes(
        &[
            &flags[..],
            &["--provider=okta", "--issuer=https://id.example.com"],
        ]
        .concat(),
    );
    assert_eq!(asked.tree(), given.tree());
}

#[test]
fn a_name_that_cannot_be_used_is_asked_for() {
    let room = Room::new();
    let flags = [
        "fn",
        "--description=Shop",
        "--provider=dev",
        "--login-page=page",
    ];
    let mut session = terminal(&room, &[&flags[..], &["--session-store=memory"]].concat());
    session.exp_string("`fn` is a Rust keyword").unwrap();
    press(&mut session, ENTER);
    session.exp_eof().unwrap();
    assert_eq!(exit_code(&session), 0);
    assert!(room.read("fn/Cargo.toml").contains("name = \"fn-app\""));
}

#[test]
fn ctrl_c_ends_it_and_leaves_nothing() {
    for question in 0..3 {
        let room = Room::new();
        let mut session = terminal(&room, &["deep/my-app"]);
        for asked in ["in one line?", "Which OpenID", "What do people see"]
            .iter()
            .take(question)
        {
            session.exp_string(asked).unwrap();
            press(&mut session, ENTER);
        }
        let asked = ["in one line?", "Which OpenID", "What do people see"][question];
        session.exp_string(asked).unwrap();
        press(&mut session, CTRL_C);
        session
            .exp_string("interrupted; nothing was written")
            .unwrap();
        session.exp_eof().unwrap();
        assert_eq!(exit_code(&session), 130);
        assert!(room.tree().is_empty());
    }
}

#[test]
fn what_cannot_work_is_said_before_anything_is_asked() {
    let room = Room::new();
    room.write("taken/notes.txt", "mine");
    let mut session = terminal(&room, &["taken"]);
    session.exp_string("taken already exists").unwrap();
    session.exp_eof().unwrap();
    assert_eq!(exit_code(&session), 1);
}

#[test]
fn no_input_asks_nothing_on_a_terminal() {
    let room = Room::new();
    let mut session = terminal(&room, &["my-app", "--no-input"]);
    let said = session.exp_eof().unwrap();
    assert!(!said.contains('?'), "{said}");
    assert_eq!(exit_code(&session), 0);
}

#[test]
fn a_view_is_brought_back_only_by_who_says_yes_after_the_diff() {
    let room = Room::with_app();
    let original = room.read("app/templates/home.html");
    for (answer, told, code, expected) in [
        (ENTER, "nothing was written", 3, "mine"),
        ("n", "nothing was written", 3, "mine"),
        (CTRL_C, "interrupted; nothing was written", 130, "mine"),
        ("y", "is the original again", 0, original.as_str()),
    ] {
        room.write("app/templates/home.html", "mine");
        let mut session = resetting(&room);
        session.exp_string("-mine").unwrap();
        session.exp_string("Write templates/home.html?").unwrap();
        press(&mut session, answer);
        session.exp_string(told).unwrap();
        session.exp_eof().unwrap();
        assert_eq!(exit_code(&session), code, "{answer:?}");
        assert_eq!(room.read("app/templates/home.html"), expected, "{answer:?}");
    }
}

#[test]
fn while_one_run_asks_another_one_waits() {
    let room = Room::with_app();
    let home = room.read("app/templates/home.html");
    let edited = home.replace("Sign in", "Log in");
    room.write("app/templates/home.html", &edited);
    let before = room.tree();
    let mut session = resetting(&room);
    session.exp_string("Write templates/home.html?").unwrap();
    let mut other = Command::new(program())
        .args(["add", "route", "reports"])
        .current_dir(room.join("app"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(other.stderr.take().unwrap());
    stderr.read_line(&mut said).unwrap();
    assert!(
        said.starts_with("waiting for another `vestibule` that is at work in "),
        "{said}"
    );
    assert!(before == room.tree(), "it didn't wait");
    press(&mut session, "y");
    session.exp_eof().unwrap();
    assert_eq!(exit_code(&session), 0);
    assert!(other.wait().unwrap().success());
    assert_eq!(room.read("app/templates/home.html"), home);
    assert!(room.join("app/templates/reports.html").is_file());
}
