//! `remove route`: it undoes what `add route` did, and nothing that anybody else did or needs.

use snapbox::str;

use crate::support::{Room, assert_formatted};

fn run(room: &Room, arguments: &[&str]) -> snapbox::cmd::Command {
    room.vestibule(arguments).current_dir(room.join("app"))
}

fn app_with(arguments: &[&str]) -> Room {
    let room = Room::with_app();
    run(&room, &[&["add", "route"], arguments].concat())
        .assert()
        .success();
    room
}

const TABLE: &str = "app/src/routes/mod.rs";

/// Has something else stand in the place of a piece of the table, and gives the table as it was.
fn swap_in_table(room: &Room, piece: &str, other: &str) -> String {
    let table = room.read(TABLE);
    assert_eq!(table.matches(piece).count(), 1, "{piece} in {table}");
    room.write(TABLE, &table.replace(piece, other));
    table
}

#[test]
fn a_role_goes_with_the_last_route_that_asks_for_it() {
    let room = Room::with_app();
    let before = room.tree();
    for name in ["one", "two"] {
        run(&room, &["add", "route", name, "--role=auditor"])
            .assert()
            .success();
    }
    run(&room, &["remove", "route", "one"])
        .assert()
        .success()
        .stdout_eq("The route `one` was removed.\n");
    assert!(room.read("app/src/hooks.rs").contains("struct Auditor"));
    run(&room, &["remove", "route", "two"]).assert().success();
    assert!(before == room.tree());
}

#[test]
fn what_is_gone_already_is_nothing_to_do() {
    let room = app_with(&["reports"]);
    let command = run(&room, &["remove", "route", "report"]);
    room.keeps(command).success().stderr_eq(str![[r#"
there is no route `report`; nothing to do
note: there is a route `reports`

"#]]);
}

#[test]
fn a_misspelt_name_is_recognised_with_dashes_too() {
    let room = app_with(&["three-word-name"]);
    let command = run(&room, &["remove", "route", "three-word-nam"]);
    room.keeps(command).success().stderr_eq(str![[r#"
there is no route `three-word-nam`; nothing to do
note: there is a route `three_word_name`

"#]]);
}

#[test]
fn a_field_of_the_same_name_in_a_macro_is_no_use_of_the_route() {
    let room = app_with(&["order"]);
    let hooks = room.read("app/src/hooks.rs");
    let code = "\nfn f() {\n    drop(vec![Link { order: 1 }]);\n}\n";
    room.write("app/src/hooks.rs", &(hooks + code));
    run(&room, &["remove", "route", "order"]).assert().success();
}

#[test]
fn edited_files_are_kept_unless_told_otherwise() {
    let room = app_with(&["reports"]);
    let view = room.read("app/templates/reports.html");
    room.write("app/templates/reports.html", &(view + "<p>Mine.</p>\n"));
    let command = run(&room, &["remove", "route", "reports"]);
    room.keeps(command).code(3).stderr_eq(str![[r#"
error: the route can't be removed: templates/reports.html isn't as `add route` wrote it
hint: nothing was removed; change the other code first, or use --force to remove edited files and comments too

"#]]);
    run(&room, &["remove", "route", "reports", "--force"])
        .assert()
        .success();
    assert!(!room.join("app/templates/reports.html").exists());
}

#[test]
fn a_route_that_others_name_is_kept() {
    for (path, code, told) in [
        (
            "app/src/routes/home.rs",
            "\npub use super::reports::show as report;\n",
            "src/routes/home.rs:",
        ),
        (
            "app/src/routes/home.rs",
            "\nfn f() {\n    drop(crate::routes::reports::show);\n}\n",
            "src/routes/home.rs:",
        ),
        (
            "app/src/hooks.rs",
            "\nfn f() {\n    println!(\"{}\", crate::routes::reports::NAME);\n}\n",
            "names it",
        ),
        (
            "app/tests/it/sign_in.rs",
            "\nuse app::routes::reports;\n",
            "names it",
        ),
        (
            "app/templates/home.html",
            "{% include \"reports.html\" %}\n",
            "templates/home.html includes reports.html",
        ),
        (
            "app/src/views.rs",
            "\n#[derive(Template)]\n#[template(path = \"reports.html\")]\nstruct Other;\n",
            " names templates/reports.html",
        ),
    ] {
        let room = app_with(&["reports"]);
        let text = room.read(path);
        room.write(path, &(text + code));
        let command = run(&room, &["remove", "route", "reports", "--force"]);
        let output = room.keeps(command).code(3);
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.contains(told), "{told}: {stderr}");
    }
}

#[test]
fn a_link_that_is_left_is_told() {
    let room = app_with(&["reports"]);
    let home = room.read("app/templates/home.html");
    let link = "<a href=\"{{ frame.base() }}/reports\">Reports</a>\n";
    room.write("app/templates/home.html", &(home + link));
    run(&room, &["remove", "route", "reports"])
        .assert()
        .success()
        .stderr_eq(str![[r#"
removed src/routes/reports.rs
removed templates/reports.html
removed tests/it/routes/reports.rs
edited  src/routes/mod.rs
edited  tests/it/routes/mod.rs
edited  src/samples.rs
edited  src/views/navigation.rs
note: templates/home.html still has a link to it

"#]]);
}

#[test]
fn a_registration_that_was_woven_into_others_is_kept() {
    let line = "cfg.route(\"/reports\", get().to(reports::show));";
    for woven in [
        "cfg.route(\"/reports\", get().to(reports::show)).route(\"/x\", get().to(home::show));",
        "if cfg!(unix) { cfg.route(\"/reports\", get().to(reports::show)); }",
    ] {
        let room = app_with(&["reports"]);
        swap_in_table(&room, line, woven);
        let command = run(&room, &["remove", "route", "reports"]);
        let output = room.keeps(command).code(3);
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.contains("together with others"), "{stderr}");
    }
}

#[test]
fn what_was_written_into_its_lines_is_kept_unless_told_otherwise() {
    let line = "    cfg.route(\"/reports\", get().to(reports::show));";
    let declared = "pub mod reports;";
    let as_written = "isn't as `add route` wrote it";
    for (piece, edited, told) in [
        (
            line,
            "    cfg.route(\"/reports\", get().wrap(Slow).to(reports::show));",
            as_written,
        ),
        (
            line,
            "    #[cfg(unix)]\n    cfg.route(\"/reports\", get().to(reports::show));",
            as_written,
        ),
        (
            line,
            "    cfg.route(\n        \"/reports\",\n        // Slow.\n        get().to(reports::show),\n    );",
            "the comment `// Slow.` (src/routes/mod.rs:",
        ),
        (declared, "/// Mine.\npub mod reports;", as_written),
        (declared, "#[cfg(unix)]\npub mod reports;", as_written),
        (
            declared,
            "pub mod /* mine */ reports;",
            "the comment `/* mine */` (src/routes/mod.rs:",
        ),
    ] {
        let room = app_with(&["reports"]);
        let table = swap_in_table(&room, piece, edited);
        let output = room
            .keeps(run(&room, &["remove", "route", "reports"]))
            .code(3);
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.contains(told), "{edited}: {stderr}");
        run(&room, &["remove", "route", "reports", "--force"])
            .assert()
            .success();
        let without = table.replace(&format!("{line}\n"), "");
        let without = without.replace(&format!("{declared}\n"), "");
        assert_eq!(room.read(TABLE), without);
    }
    let room = app_with(&["reports"]);
    let tests = "app/tests/it/routes/mod.rs";
    let text = room.read(tests);
    room.write(
        tests,
        &text.replace("mod reports;", "/// Mine.\nmod reports;"),
    );
    let command = run(&room, &["remove", "route", "reports"]);
    room.keeps(command).code(3);
}

#[test]
fn comments_go_only_if_told_so_and_it_is_said() {
    let room = app_with(&["reports"]);
    run(&room, &["add", "route", "audit"]).assert().success();
    let line = "    cfg.route(\"/reports\", get().to(reports::show));\n";
    let commented = "    // What the board asks for,\n    // once a month.\n    \
                     cfg.route(\"/reports\", get().to(reports::show)); // slow\n";
    let table = swap_in_table(&room, line, commented);
    let command = run(&room, &["remove", "route", "reports"]);
    room.keeps(command).code(3).stderr_eq(str![[r#"
error: the route can't be removed:
  the comment `// What the board asks for,` (src/routes/mod.rs:[..]) would be removed too
  the comment `// slow` (src/routes/mod.rs:[..]) would be removed too
hint: nothing was removed; change the other code first, or use --force to remove edited files and comments too

"#]]);
    run(&room, &["remove", "route", "reports", "--force"])
        .assert()
        .success()
        .stderr_eq(str![[r#"
removed src/routes/reports.rs
removed templates/reports.html
removed tests/it/routes/reports.rs
edited  src/routes/mod.rs
edited  tests/it/routes/mod.rs
edited  src/samples.rs
edited  src/views/navigation.rs
note: the comment `// What the board asks for,` (src/routes/mod.rs:[..]) was removed too
note: the comment `// slow` (src/routes/mod.rs:[..]) was removed too

"#]]);
    let without = table.replace(line, "").replace("pub mod reports;\n", "");
    assert_eq!(room.read(TABLE), without);
    assert_formatted(&room.join("app"));
}

#[test]
fn a_comment_that_would_be_about_nothing_else_stays_and_it_is_said() {
    let room = app_with(&["feedback", "--form"]);
    let line = "    cfg.route(\"/feedback\", get()";
    swap_in_table(&room, line, &format!("    // More to come.\n{line}"));
    let output = run(&room, &["remove", "route", "feedback"])
        .assert()
        .success();
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        told.contains("note: the comment `// More to come.` (src/routes/mod.rs:"),
        "{told}"
    );
    assert!(told.contains(") above it was kept\n"), "{told}");
    assert!(room.read(TABLE).ends_with("    // More to come.\n}\n"));
    assert_formatted(&room.join("app"));
}

#[test]
fn its_plan_can_be_seen_first() {
    let room = app_with(&["reports"]);
    let command = run(&room, &["remove", "route", "reports", "--dry-run"]);
    room.keeps(command).success().stdout_eq(str![[r#"
remove src/routes/reports.rs
remove templates/reports.html
remove tests/it/routes/reports.rs
edit   src/routes/mod.rs
edit   tests/it/routes/mod.rs
edit   src/samples.rs
edit   src/views/navigation.rs

"#]]);
}

#[test]
fn a_role_that_the_owner_gave_to_others_stays_with_everybody() {
    let room = app_with(&["reports", "--role=auditor"]);
    let people = "app/dev/people.json";
    let list = room
        .read(people)
        .replace(r#""roles": ["user"]"#, r#""roles": ["user", "auditor"]"#);
    room.write(people, &list);
    run(&room, &["remove", "route", "reports"])
        .assert()
        .success();
    assert!(!room.read("app/src/hooks.rs").contains("Auditor"));
    assert_eq!(room.read(people), list);
}
