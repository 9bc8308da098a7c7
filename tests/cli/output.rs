//! What the program says when all is well.

use snapbox::str;

use crate::support::{Room, tree};

#[test]
fn help_fits_on_one_screen() {
    let output = Room::new()
        .vestibule(&["--help"])
        .assert()
        .success()
        .stderr_eq("");
    let help = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(help.lines().count() <= 24, "{help}");
    assert!(
        help.lines().all(|line| line.chars().count() <= 80),
        "{help}"
    );
    output.stdout_eq(str![[r#"
Write Actix-web apps that people sign in to with OpenID Connect

Usage: vestibule <COMMAND>

Commands:
  new          Write a new app in a new folder
  init         Bring sign-in into an Actix-web 4 app that exists
  add          Add a route to the app, or a database
  remove       Remove a route, if nothing depends on it
  routes       Show every route of the app, and who may reach it
  view         Show the app's views, or restore the original of one
  completions  Print the completion script of a shell
  man          Write a manual page for each command
  help         Print this message or the help of the given subcommand(s)

Options:
  -h, --help     Print help
  -V, --version  Print version

Start here:
  vestibule new my-app --run    write an app and start it
  vestibule init --diff         in an Actix-web app: see how sign-in comes in

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 interrupted

"#]]);
}

#[test]
fn the_version_is_that_of_the_package() {
    let version = format!("vestibule {}\n", env!("CARGO_PKG_VERSION"));
    Room::new()
        .vestibule(&["--version"])
        .assert()
        .success()
        .stdout_eq(version);
}

#[test]
fn next_steps_go_to_stdout_and_talk_to_stderr() {
    let room = Room::new();
    room.writes(&["my-app"])
        .stdout_eq(str![[r#"
Next:
  cd my-app
  cargo run               # then open http://localhost:8080
Sign in as alice or bob, without a password. What to do next is in README.md.

"#]])
        .stderr_eq(str![[r#"
Wrote my-app

"#]]);
    room.writes(&["shop", "--provider=okta"])
        .stdout_eq(str![[r#"
Next:
  cd shop
  cp .env.example .env    # then fill in the values from your provider
  cargo run               # then open http://localhost:8080
Without .env you can sign in as alice or bob. What to do next is in README.md.

"#]])
        .stderr_eq(str![[r#"
Wrote shop

"#]]);
}

#[test]
fn a_name_that_was_changed_is_told() {
    let room = Room::new();
    room.writes(&["Über uns/My App"])
        .stdout_eq(str![[r#"
Next:
  cd 'Über uns/My App'
  cargo run               # then open http://localhost:8080
Sign in as alice or bob, without a password. What to do next is in README.md.

"#]])
        .stderr_eq(str![[r#"
Wrote Über uns/My App
note: the package is called `my-app`, after `My App`

"#]]);
    assert!(
        room.read("Über uns/My App/Cargo.toml")
            .contains("name = \"my-app\"")
    );
}

#[test]
fn nothing_is_coloured_unless_on_a_terminal() {
    let room = Room::new();
    let output = room.refuses(&["fn"]);
    assert!(!output.get_output().stderr.contains(&0x1b));
    let output = room.writes(&["my-app"]);
    assert!(!output.get_output().stdout.contains(&0x1b));
}

#[test]
fn a_dry_run_lists_what_would_be_written_and_writes_nothing() {
    let room = Room::new();
    let output = room.refuses(&["deep/my-app", "--dry-run"]).success();
    let listed = String::from_utf8(output.get_output().stdout.clone()).unwrap();

    room.writes(&["deep/my-app"]);
    let written: Vec<String> = tree(&room.join("deep/my-app"))
        .into_iter()
        .filter_map(|(path, contents)| Some((path, contents?)))
        .map(|(path, contents)| {
            let path = std::path::Path::new("deep/my-app").join(path);
            format!("create {:>8} B  {}", contents.len(), path.display())
        })
        .collect();
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_by_key(|line| std::path::Path::new(line.split_once("B  ").unwrap().1));
    assert_eq!(listed, written);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};
    let room = Room::new();
    let mut child = Command::new(crate::support::program())
        .args(["new", "my-app", "--dry-run"])
        .current_dir(room.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!told.contains("panicked"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_is_lost_is_an_error() {
    use std::fs::OpenOptions;
    use std::process::{Command, Stdio};
    let room = Room::with_app();
    room.write("app/templates/home.html", "mine");
    for arguments in [
        &["routes"][..],
        &["routes", "--json"],
        &["routes", "--check"],
        &["view", "list"],
        &["add", "route", "reports", "--diff"],
        &["add", "route", "reports", "--plan-json"],
        &["add", "route", "reports"],
        &["remove", "route", "reports"],
        &["view", "reset", "home.html", "--yes"],
        &["new", "other", "--dry-run"],
        &["completions", "bash"],
        &["--help"],
        &["add", "--help"],
        &["--version"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = Command::new(crate::support::program())
            .args(arguments)
            .current_dir(room.join("app"))
            .stdin(Stdio::null())
            .stdout(full)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(
            told.contains("error: could not write to stdout: No space left on device"),
            "{arguments:?}: {told}"
        );
    }
    assert_eq!(room.read("app/templates/home.html"), "mine");
}

/// Stdin is a pipe to which nobody ever writes: who waits for an answer waits for ever.
#[test]
fn without_a_terminal_it_never_waits() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let room = Room::new();
    for (path, expected) in [(Some("my-app"), 0), (None, 2)] {
        let mut child = Command::new(crate::support::program())
            .args(["new", "--no-git"])
            .args(path)
            .current_dir(room.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                panic!("it waits for an answer");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(expected));
    }
}
