//! Files that aren't what they seem: named pipes, links, and modules with raw names.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use snapbox::cmd::OutputAssert;

use crate::support::{Room, succeeds};

/// Runs the program in the app. What hangs is ended, which is a failure.
fn run(room: &Room, arguments: &[&str]) -> OutputAssert {
    room.vestibule(arguments)
        .current_dir(room.join("app"))
        .timeout(Duration::from_secs(120))
        .assert()
}

fn told(output: &OutputAssert) -> String {
    String::from_utf8_lossy(&output.get_output().stderr).into_owned()
}

fn make_pipe(room: &Room, path: &str) {
    succeeds(Command::new("mkfifo").arg(room.join(path)));
}

#[test]
fn named_pipes_are_not_read() {
    let room = Room::with_app();
    make_pipe(&room, "app/templates/pipe.html");
    make_pipe(&room, "app/src/pipe.rs");
    make_pipe(&room, "app/tests/pipe.rs");
    for command in [
        &["view", "list"][..],
        &["add", "route", "reports", "--role=auditor"],
        &["routes"],
        &["view", "reset", "home"],
        &["remove", "route", "reports"],
    ] {
        run(&room, command).success();
    }
}

#[test]
fn a_named_pipe_in_the_place_of_a_file_is_named() {
    for (place, file) in [
        ("app/src/routes/home.rs", "src/routes/home.rs"),
        ("app/Cargo.toml", "Cargo.toml"),
        ("app/tests/it/routes/mod.rs", "tests/it/routes/mod.rs"),
    ] {
        let room = Room::with_app();
        fs::remove_file(room.join(place)).unwrap();
        make_pipe(&room, place);
        let output = run(&room, &["add", "route", "reports"]).code(1);
        let expected = format!("error: {file} is neither a file nor a link to one\n");
        assert!(told(&output).starts_with(&expected), "{}", told(&output));
    }
    let room = Room::new();
    make_pipe(&room, "Cargo.toml");
    room.vestibule(&["new", "app", "--no-git"])
        .timeout(Duration::from_secs(120))
        .assert()
        .success();
}

#[test]
fn nothing_is_written_where_a_link_leads_nowhere() {
    let room = Room::with_app();
    let view = room.join("app/templates/reports.html");
    symlink("gone.html", &view).unwrap();
    let output = run(&room, &["add", "route", "reports"]).code(3);
    let expected = "error: the route can't be added: templates/reports.html already exists\n";
    assert!(told(&output).starts_with(expected), "{}", told(&output));
    assert!(view.is_symlink() && !room.join("app/templates/gone.html").exists());
}

#[test]
fn what_was_added_in_a_linked_folder_can_be_removed() {
    let room = Room::with_app();
    fs::rename(room.join("app/src/routes"), room.join("app/src/pages")).unwrap();
    symlink("pages", room.join("app/src/routes")).unwrap();
    fs::rename(room.join("app/templates"), room.join("app/views")).unwrap();
    symlink("views", room.join("app/templates")).unwrap();
    symlink(".", room.join("app/views/again")).unwrap();
    let before = room.tree();
    for flags in [&["--role=auditor"][..], &["--form", "--public"]] {
        run(&room, &[&["add", "route", "reports"], flags].concat()).success();
        assert!(room.join("app/src/pages/reports.rs").is_file());
        run(&room, &["remove", "route", "reports"]).success();
        assert!(before == room.tree(), "something was left behind");
    }
}

#[test]
fn who_names_the_route_is_found_behind_links_too() {
    let room = Room::with_app();
    run(&room, &["add", "route", "reports"]).success();
    room.write("app/shared/more.html", "{% include \"reports.html\" %}\n");
    symlink("../shared", room.join("app/templates/shared")).unwrap();
    let output = run(&room, &["remove", "route", "reports"]).code(3);
    let expected = "templates/shared/more.html includes reports.html\n";
    assert!(told(&output).contains(expected), "{}", told(&output));
}

#[test]
fn a_module_with_a_raw_name_is_read() {
    let room = Room::with_app();
    let table = room.read("app/src/routes/mod.rs");
    let table = table.replace("pub mod profile;", "pub mod profile;\npub mod r#type;");
    let route = "    cfg.route(\"/type\", get().to(r#type::show));\n}\n";
    let table = table.strip_suffix("}\n").unwrap().to_owned() + route;
    room.write("app/src/routes/mod.rs", &table);
    let handler = "use crate::hooks::User;\n\npub async fn show(_: User) -> &'static str {\n    \"type\"\n}\n";
    room.write("app/src/routes/type.rs", handler);
    let output = run(&room, &["routes", "--check"]).success();
    let routes = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    let route = routes.lines().find(|line| line.contains(" /type "));
    assert!(route.unwrap().contains(" signed in "), "{routes}");
}

#[test]
fn a_function_that_is_a_test_is_no_part_of_the_app() {
    for attribute in ["#[test]", "#[tokio::test]", "#[actix_web::test]"] {
        let room = Room::with_app();
        let table = room.read("app/src/routes/mod.rs");
        let test = format!(
            "\n{attribute}\nasync fn shows() {{\n    let _ = actix_web::App::new()\
             .route(\"/x\", get().to(home::show));\n}}\n"
        );
        room.write("app/src/routes/mod.rs", &(table + &test));
        let output = run(&room, &["routes", "--check"]).success();
        let routes = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
        assert!(!routes.contains(" /x "), "{routes}");
    }
}
