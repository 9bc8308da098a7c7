//! Apps that their owners format in another way than rustfmt does by itself.

use std::process::Command;

use crate::support::{Room, succeeds};

/// What owners may write into `rustfmt.toml`.
const SETTINGS: [&str; 5] = [
    "tab_spaces = 2\nmax_width = 140\nnewline_style = \"Unix\"",
    "hard_tabs = true\nuse_small_heuristics = \"Max\"",
    "max_width = 40",
    "style_edition = \"2021\"\nfn_params_layout = \"Vertical\"",
    "newline_style = \"Windows\"\nuse_small_heuristics = \"Off\"",
];

const ROUTES: [&[&str]; 3] = [
    &[
        "form",
        "--form",
        "--role=auditor",
        "--path=/form/{identifier_of_it}/{section}",
    ],
    &["json", "--json", "--method=POST", "--role=controller"],
    &["fresh", "--fresh=5"],
];

/// The files that are changed besides new ones.
const EDITED: [&str; 3] = [
    "app/src/hooks.rs",
    "app/src/routes/mod.rs",
    "app/tests/it/routes/mod.rs",
];

fn lay_out(room: &Room, settings: &str) {
    room.write("app/rustfmt.toml", &format!("{settings}\n"));
    format(room);
}

/// Formats what may be changed, and what it declares.
fn format(room: &Room) {
    let mut rustfmt = Command::new("rustfmt");
    succeeds(
        rustfmt
            .args(["--edition", "2024"])
            .args(EDITED.map(|path| room.join(path))),
    );
}

fn run(room: &Room, arguments: &[&str]) -> snapbox::cmd::Command {
    room.vestibule(arguments).current_dir(room.join("app"))
}

#[test]
fn what_rustfmt_lays_out_in_another_way_is_no_edit() {
    let room = Room::with_app();
    lay_out(&room, SETTINGS[0]);
    let before = room.tree();
    for route in ROUTES {
        run(&room, &[&["add", "route"], route].concat())
            .assert()
            .success();
    }
    let names = ROUTES.map(|route| route[0]);
    for settings in SETTINGS {
        lay_out(&room, settings);
        for name in names {
            println!("{name} with {settings}");
            let command = run(&room, &["remove", "route", name, "--dry-run"]);
            let output = room.keeps(command).success();
            let plan = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
            let has_role = ["form", "json"].contains(&name);
            assert_eq!(plan.contains("src/hooks.rs"), has_role, "{plan}");
        }
    }
    lay_out(&room, SETTINGS[0]);
    for name in names {
        run(&room, &["remove", "route", name]).assert().success();
    }
    assert!(before == room.tree());
}

#[test]
fn an_edit_is_seen_in_any_layout() {
    let room = Room::with_app();
    lay_out(&room, "tab_spaces = 2");
    run(&room, &["add", "route", "reports"]).assert().success();
    format(&room);
    let handler = "src/routes/reports.rs";
    let tests = "tests/it/routes/reports.rs";
    for (path, from, to) in [
        (handler, "views::respond", "// Mine.\n  views::respond"),
        (handler, "&Page {", "&Page /* mine */ {"),
        (handler, "/// Shows the page.", "/// Shows my page."),
        (handler, "/reports`:", "/report`:"),
        (
            handler,
            "\"reports.html\"",
            "\"reports.html\", escape = \"none\"",
        ),
        (handler, "_: User", "_: User, _more: User"),
        (handler, "&request)?", "&request).unwrap()"),
        (handler, "{self, Frame}", "{self, Frame as F}"),
        (tests, "\"/reports\"", "\"/reports?\""),
        (tests, "StatusCode::OK", "StatusCode::CREATED"),
    ] {
        let path = format!("app/{path}");
        let text = room.read(&path);
        assert!(text.contains(from), "{from} in {text}");
        room.write(&path, &text.replacen(from, to, 1));
        let output = room
            .keeps(run(&room, &["remove", "route", "reports"]))
            .code(3);
        let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            told.contains("/reports.rs isn't as `add route` wrote it\n"),
            "{to}: {told}"
        );
        room.write(&path, &text);
    }
    run(&room, &["remove", "route", "reports"])
        .assert()
        .success();
}

#[test]
fn what_is_added_to_a_file_is_indented_as_the_file_is() {
    for settings in ["tab_spaces = 2", "tab_spaces = 8", "hard_tabs = true"] {
        let room = Room::with_app();
        lay_out(&room, settings);
        let flags = [
            "--form",
            "--role=auditor",
            "--path=/reports/{identifier_of_report}/{section}",
        ];
        let output = run(&room, &[&["add", "route", "reports"], &flags[..]].concat())
            .assert()
            .success();
        let told = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(told.contains("\n  cargo fmt    # "), "{told}");
        let added = EDITED.map(|path| room.read(path));
        format(&room);
        assert!(added == EDITED.map(|path| room.read(path)), "{settings}");
    }
}
