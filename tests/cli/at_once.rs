//! Several runs at the same time: each does its edits, or says that it doesn't.

use std::process::{Child, Command, Stdio};

use crate::support::{Room, program};

/// Starts a run, without waiting for its end.
fn start(room: &Room, folder: &str, arguments: &[&str]) -> Child {
    Command::new(program())
        .args(arguments)
        .current_dir(room.join(folder))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What has to go well in the end.
fn end(run: Child) {
    let output = run.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
}

#[test]
fn routes_that_are_added_at_once_are_all_there() {
    let room = Room::with_app();
    let before = room.tree();
    for _ in 0..2 {
        let names = ["one", "two", "three", "four", "five"];
        let flags = ["--json", "--role=auditor"];
        let add = |name: &&str| {
            start(
                &room,
                "app",
                &[&["add", "route", name], &flags[..]].concat(),
            )
        };
        names
            .iter()
            .map(add)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(end);
        let table = room.read("app/src/routes/mod.rs");
        let tests = room.read("app/tests/it/routes/mod.rs");
        for name in names {
            assert!(table.contains(&format!("\npub mod {name};\n")), "{table}");
            assert!(table.contains(&format!("{name}::show")), "{table}");
            assert!(tests.contains(&format!("\nmod {name};\n")), "{tests}");
        }
        let hooks = room.read("app/src/hooks.rs");
        assert_eq!(hooks.matches("pub struct Auditor;").count(), 1, "{hooks}");

        let remove = |name: &&str| start(&room, "app", &["remove", "route", name]);
        names
            .iter()
            .map(remove)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(end);
        assert!(before == room.tree(), "something was left behind");
    }
}

#[test]
fn apps_that_are_made_at_once_in_a_workspace_are_all_excluded_there() {
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n");
    let names = ["a", "b", "c", "d", "e"].map(|letter| format!("app-{letter}"));
    let make = |name: &String| start(&room, "", &["new", name, "--no-git"]);
    names
        .iter()
        .map(make)
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(end);
    let manifest = room.read("Cargo.toml");
    let excluded = "exclude = [\"app-a\", \"app-b\", \"app-c\", \"app-d\", \"app-e\"]\n";
    assert!(manifest.contains(excluded), "{manifest}");
}
