//! `add route`: what it takes, what it says, and that it does all or nothing. What becomes of apps
//! that their owners have changed is in `corpus.rs`; that everything it writes compiles and
//! passes, in `tests/added-routes`.

use std::process::Command;

use serde_json::Value;
use snapbox::str;

use crate::support::{Room, assert_formatted, tree};

fn route(room: &Room, arguments: &[&str]) -> snapbox::cmd::Command {
    room.vestibule(&["add", "route"])
        .args(arguments)
        .current_dir(room.join("app"))
}

fn stdout(command: snapbox::cmd::Command) -> String {
    let output = command.assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

#[test]
fn a_page_is_written_with_its_view_its_registration_and_its_tests() {
    let room = Room::with_app();
    route(&room, &["monthly-reports", "--path", "/reports/{month}"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
GET /reports/{month} is for people who are signed in.
Next:
  templates/monthly_reports.html    # what it shows
  cargo test routes::monthly_reports::

"#]])
        .stderr_eq(str![[r#"
created src/routes/monthly_reports.rs
created templates/monthly_reports.html
created tests/it/routes/monthly_reports.rs
edited  src/routes/mod.rs
edited  tests/it/routes/mod.rs
edited  src/samples.rs

"#]]);
    let table = room.read("app/src/routes/mod.rs");
    let line = "    cfg.route(\"/reports/{month}\", get().to(monthly_reports::show));\n}\n";
    assert!(table.ends_with(line), "{table}");
    assert!(table.contains("pub mod monthly_reports;\n"));
}

#[test]
fn a_route_that_would_get_the_requests_of_another_one_is_refused() {
    let room = Room::with_app();
    for (path, taken) in [
        (
            "/{page}",
            "it would get GET /login instead of `vestibule::login`",
        ),
        (
            "/{page}/{part}",
            "it would get GET /authorization-code/callback instead of `vestibule::callback`",
        ),
    ] {
        let takes = route(&room, &["pages", "--path", path]);
        let refused = room.keeps(takes).code(3);
        let told = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(told.contains(taken), "{path}: {told}");
    }
    // Beside those, not before them.
    route(&room, &["pages", "--path", "/pages/{page}"])
        .assert()
        .success();
}

#[test]
fn the_same_again_is_nothing_and_something_else_is_refused() {
    let room = Room::with_app();
    route(&room, &["reports"]).assert().success();
    let same = route(&room, &["reports"]);
    room.keeps(same).success().stderr_eq(str![[r#"
the route `reports` already exists; nothing to do

"#]]);
    let other = route(&room, &["reports", "--role", "admin"]);
    room.keeps(other).code(3).stderr_eq(str![[r#"
error: the route can't be added: the route `reports` already exists: GET /reports, signed in (src/routes/mod.rs:[..])
hint: nothing was written; choose another NAME or --path

"#]]);
}

#[test]
fn all_ways_to_show_the_plan_show_what_is_done() {
    let room = Room::with_app();
    let flags = ["audit", "--form", "--role", "auditor"];
    let show = |flag: &str| {
        let command = route(&room, &[&flags[..], &[flag]].concat());
        let before = room.tree();
        let shown = stdout(command);
        assert!(before == room.tree());
        shown
    };
    let (listed, diff, plan) = (show("--dry-run"), show("--diff"), show("--plan-json"));
    let before = tree(&room.join("app"));
    route(&room, &flags).assert().success();
    let after = tree(&room.join("app"));

    let plan: Value = serde_json::from_str(&plan).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    let mut planned = before.clone();
    for change in changes {
        let text = change["after"].as_str().unwrap();
        planned.insert(change["path"].as_str().unwrap().into(), Some(text.into()));
    }
    assert!(planned == after);
    let lines: Vec<String> = changes
        .iter()
        .map(|change| {
            let action = change["action"].as_str().unwrap();
            format!("{action:6} {}", change["path"].as_str().unwrap())
        })
        .collect();
    assert_eq!(listed.lines().collect::<Vec<_>>(), lines);

    // The diff makes the same app of what was there.
    let other = Room::with_app();
    other.write("plan.diff", &diff);
    let applied = Command::new("git")
        .args(["apply", "../plan.diff"])
        .current_dir(other.join("app"))
        .env("GIT_CEILING_DIRECTORIES", other.path())
        .status()
        .unwrap();
    assert!(applied.success());
    assert!(tree(&other.join("app")) == after);
}

#[test]
fn it_works_in_any_folder_of_an_app_also_with_spaces_and_umlauts() {
    let room = Room::new();
    room.writes(&["Über uns/Mein Laden", "--name=laden"]);
    let folder = room.join("Über uns/Mein Laden/crates/vestibule/src");
    room.vestibule(&["add", "route", "reports"])
        .current_dir(&folder)
        .assert()
        .success();
    assert!(
        room.join("Über uns/Mein Laden/src/routes/reports.rs")
            .is_file()
    );
    room.vestibule(&["remove", "route", "reports"])
        .current_dir(&folder)
        .assert()
        .success();
}

#[test]
fn outside_of_an_app_there_is_nothing_to_add_to() {
    let room = Room::new();
    let command = room.vestibule(&["add", "route", "reports"]);
    room.keeps(command).code(1).stderr_eq(str![[r#"
error: this folder is not inside an app made by Vestibule
hint: go to the folder of an app, which has a vestibule.toml, or make an app: `vestibule new`, `vestibule init`

"#]]);
}

#[test]
fn names_paths_and_roles_that_cannot_be_are_refused_together() {
    let room = Room::with_app();
    let command = route(
        &room,
        &["Monthly Reports", "--path=reports//{id", "--role=a\"b"],
    );
    room.keeps(command).code(2).stderr_eq(str![[r#"
error: such a route can't be added:
  `Monthly Reports` can't be its NAME: NAME must start with a lowercase letter and contain only lowercase letters, digits, `-` and `_`; `monthly-reports` would do
  `reports//{id` can't be its --path: a path must start with `/`
  `a"b` can't be its --role: a role may contain letters, digits, `-`, `_`, `.`, `:`, `/`, and spaces inside
hint: see `vestibule add route --help`

"#]]);
}

#[test]
fn bad_names_and_paths_change_nothing() {
    let room = Room::with_app();
    for name in [
        "",
        "-x",
        "fn",
        "async",
        "gen",
        "self",
        "crate",
        "std",
        "str",
        "actix-web",
        "mod",
        "con",
        "com2",
        "u8",
        "a--b",
        "a_",
        "1a",
        "ä",
        "A",
        "a.b",
        "a/b",
        "../a",
        &"a".repeat(33),
    ] {
        let command = route(&room, &["--", name]);
        room.keeps(command).code(2);
    }
    for path in [
        "",
        "a",
        "//",
        "/a/",
        "/a//b",
        "/./a",
        "/a/..",
        "/{",
        "/{}",
        "/{a}{b}",
        "/{a}/{a}",
        "/{fn}",
        "/{gen}",
        "/{a:.*}",
        "/{a}*",
        "/*",
        "/a b",
        "/ä",
        "/a?b",
        "/a#b",
        "/%61",
        "/a\\b",
        "/}",
        &format!("/{}", "a".repeat(80)),
    ] {
        let command = route(&room, &["reports", "--path", path]);
        room.keeps(command).code(2);
    }
    for flags in [
        &["--public", "--role=admin"][..],
        &["--page", "--json"],
        &["--method=POST"],
        &["--page", "--method=POST"],
        &["--form", "--method=PUT"],
        &["--form", "--method=GET"],
        &["--json", "--method=BREW"],
        &["--fresh=0"],
        &["--fresh=soon"],
        &["--dry-run", "--diff"],
    ] {
        let command = route(&room, &[&["reports"], flags].concat());
        room.keeps(command).code(2);
    }
}

#[test]
fn what_cannot_be_edited_safely_is_refused_with_everything_to_paste() {
    let room = Room::with_app();
    let table = room.read("app/src/routes/mod.rs");
    let twice = table.replace(
        "pub fn protected",
        "#[cfg(unix)]\npub fn protected(_: &mut ProtectedConfig) {}\n\n#[cfg(not(unix))]\npub fn protected",
    );
    room.write("app/src/routes/mod.rs", &twice);
    let command = route(&room, &["reports", "--role=auditor"]);
    let output = room.keeps(command).code(3).stdout_eq("");
    let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    for line in [
        "error: src/routes can't be edited safely: there are several functions `routes::protected`",
        "hint: nothing was written. To do it by hand:",
        "    pub mod reports;",
        "    cfg.route(",
        "        actix_web::web::get().to(crate::routes::reports::show),",
        "in src/hooks.rs:",
        "    pub struct Auditor;",
        "    mod reports;",
        "new file src/routes/reports.rs:",
        "new file templates/reports.html:",
        "new file tests/it/routes/reports.rs:",
    ] {
        assert!(told.lines().any(|told| told == line), "{line} in {told}");
    }
}

#[cfg(unix)]
#[test]
fn where_nothing_may_be_written_nothing_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::with_app();
    let tests = room.join("app/tests/it/routes");
    let set = |mode| {
        std::fs::set_permissions(&tests, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(0o555);
    // Who may do everything, may also write here.
    if std::fs::write(tests.join("probe"), "").is_ok() {
        std::fs::remove_file(tests.join("probe")).unwrap();
        set(0o755);
        return;
    }
    let command = route(&room, &["reports"]);
    room.keeps(command).code(1);
    set(0o755);
}

#[test]
fn every_kind_of_file_is_as_rustfmt_writes_it() {
    let room = Room::with_app();
    for (index, flags) in [
        &["--public"][..],
        &["--form", "--fresh=1"],
        &["--form", "--public", "--path=/a/{b}/{c}"],
        &[
            "--json",
            "--method=PATCH",
            "--role=auditor",
            "--path=/b/{id}",
        ],
        &["--json", "--public"],
        &[
            "--role=admin",
            "--path=/a-long-path/with-many-parts/and-a-parameter/{name}/in-it",
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("page-{index}");
        route(&room, &[&[name.as_str()], flags].concat())
            .assert()
            .success();
    }
    assert_formatted(&room.join("app"));
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_what_it_leads_to_is_edited() {
    use std::fs;
    use std::os::unix::fs::symlink;
    let room = Room::with_app();
    let table = room.join("app/src/routes/mod.rs");
    fs::create_dir(room.join("app/shared")).unwrap();
    fs::rename(&table, room.join("app/shared/table.rs")).unwrap();
    symlink("../../shared/table.rs", &table).unwrap();
    let before = room.tree();
    route(&room, &["reports"]).assert().success();
    assert!(table.is_symlink());
    assert!(
        room.read("app/shared/table.rs")
            .contains("pub mod reports;")
    );
    room.vestibule(&["remove", "route", "reports"])
        .current_dir(room.join("app"))
        .assert()
        .success();
    assert!(table.is_symlink());
    assert!(before == room.tree());

    route(&room, &["reports"]).assert().success();
    let handler = room.join("app/src/routes/reports.rs");
    fs::rename(&handler, room.join("app/shared/reports.rs")).unwrap();
    symlink("../../shared/reports.rs", &handler).unwrap();
    room.vestibule(&["remove", "route", "reports"])
        .current_dir(room.join("app"))
        .assert()
        .success();
    assert!(!handler.is_symlink() && room.join("app/shared/reports.rs").is_file());
}

#[cfg(unix)]
#[test]
fn what_lies_outside_of_the_app_or_is_read_only_stays_as_it_is() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let room = Room::with_app();
    let tests = room.join("app/tests/it/routes/mod.rs");
    let read_only = |is_so| {
        let mode = if is_so { 0o444 } else { 0o644 };
        fs::set_permissions(&tests, fs::Permissions::from_mode(mode)).unwrap();
    };
    read_only(true);
    for flags in [&["reports"][..], &["reports", "--dry-run"]] {
        let output = room.keeps(route(&room, flags)).code(3).stdout_eq("");
        let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        for line in [
            "error: tests/it/routes/mod.rs can't be written: it is read-only",
            "hint: nothing was written. What would change there:",
            "+mod reports;",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} in {told}");
        }
    }
    read_only(false);
    fs::rename(&tests, room.join("tests.rs")).unwrap();
    symlink(room.join("tests.rs"), &tests).unwrap();
    let output = room.keeps(route(&room, &["reports"])).code(3);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        told.contains("tests/it/routes/mod.rs can't be written: it links to "),
        "{told}"
    );
    assert!(told.contains("/tests.rs, outside of the app\n"), "{told}");

    fs::remove_file(&tests).unwrap();
    fs::rename(room.join("tests.rs"), &tests).unwrap();
    fs::rename(room.join("app/templates"), room.join("templates")).unwrap();
    symlink(room.join("templates"), room.join("app/templates")).unwrap();
    let output = room.keeps(route(&room, &["reports"])).code(3);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        told.contains("templates/reports.html can't be written: it links to "),
        "{told}"
    );
}

#[test]
fn a_role_that_a_macro_may_have_made_is_refused() {
    for code in [
        "role!(Buyer, \"buyer\");",
        "macro_rules! roles {\n    () => {\n        pub struct Buyer;\n    };\n}\nroles!();",
        "include!(\"roles.in\");",
    ] {
        let room = Room::with_app();
        let hooks = room.read("app/src/hooks.rs");
        room.write("app/src/hooks.rs", &format!("{hooks}\n{code}\n"));
        let output = room
            .keeps(route(&room, &["orders", "--role=buyer"]))
            .code(3);
        let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            told.contains("in src/hooks.rs may make a type `Buyer`"),
            "{told}"
        );
    }
    let room = Room::with_app();
    let hooks = room.read("app/src/hooks.rs");
    room.write("app/src/hooks.rs", &format!("{hooks}\nrole!(Seller);\n"));
    route(&room, &["orders", "--role=buyer"]).assert().success();
}

#[test]
fn tests_and_handlers_name_nothing_that_an_app_may_rename() {
    let room = Room::with_app();
    let manifest = room.read("app/Cargo.toml");
    let manifest = manifest.replace("[lib]\nname = \"app\"", "[lib]\nname = \"shop\"");
    let manifest = manifest.replace("vestibule = {", "auth = { package = \"vestibule\",");
    room.write("app/Cargo.toml", &manifest);
    for path in [
        "src/app.rs",
        "src/hooks.rs",
        "src/routes/mod.rs",
        "src/views.rs",
    ] {
        let path = format!("app/{path}");
        let code = room.read(&path).replace("vestibule::", "auth::");
        room.write(&path, &code);
    }
    let before = room.tree();
    route(&room, &["reports", "--form", "--public"])
        .assert()
        .success();
    let handler = room.read("app/src/routes/reports.rs");
    assert!(
        handler.contains("\nuse auth::{Error, PublicForm};\n"),
        "{handler}"
    );
    assert!(!handler.contains("vestibule"), "{handler}");
    let tests = room.read("app/tests/it/routes/reports.rs");
    assert!(!tests.contains("app::"), "{tests}");
    room.vestibule(&["remove", "route", "reports"])
        .current_dir(room.join("app"))
        .assert()
        .success();
    assert!(before == room.tree());
}

#[test]
fn a_manifest_that_cannot_be_read_is_named() {
    let room = Room::with_app();
    room.write("app/Cargo.toml", "[package\n");
    room.keeps(route(&room, &["reports"]))
        .code(1)
        .stderr_eq(str![[r#"
error: the app's Cargo.toml can't be used: TOML parse error at line 1, column 9
  |
1 | [package
  |         ^
unclosed table, expected `]`
hint: nothing was written; Cargo needs this file too, so fix it first

"#]]);
}

#[test]
fn guards_are_named_as_the_app_names_them() {
    for (edits, import, argument) in [
        // The aliases are elsewhere, and one has another name.
        (
            &[
                ("pub type User = vestibule::User<Account>;", ""),
                ("pub type Has<R> = vestibule::Has<R, Account>;", ""),
            ][..],
            "hooks::{self, SignedForm},\nsession::Bearer,",
            "_: Bearer<hooks::Admin>",
        ),
        // There is none, so the library's own is written out.
        (
            &[("pub type Has<R> = vestibule::Has<R, Account>;", "")],
            "hooks::{self, SignedForm},\nusers::Account,",
            "_: Has<hooks::Admin, Account>",
        ),
        // It is private.
        (
            &[("pub type Has<R>", "type Has<R>")],
            "hooks::{self, SignedForm},\nusers::Account,",
            "_: Has<hooks::Admin, Account>",
        ),
    ] {
        let room = Room::with_app();
        let mut hooks = room.read("app/src/hooks.rs");
        for (from, to) in edits {
            assert!(hooks.contains(from), "{from} in {hooks}");
            hooks = hooks.replace(from, to);
        }
        room.write("app/src/hooks.rs", &hooks);
        if argument.contains("Bearer") {
            let lib = room.read("app/src/lib.rs");
            room.write("app/src/lib.rs", &format!("{lib}mod session;\n"));
            room.write(
                "app/src/session.rs",
                "use vestibule::{self as v, Has as Holding};\n\nuse crate::users::Account;\n\n\
                 pub type Person = v::User<Account>;\npub type Bearer<R> = Holding<R, Account>;\n",
            );
        }
        let before = room.tree();
        route(&room, &["audit", "--form", "--role=admin"])
            .assert()
            .success();
        let handler = room.read("app/src/routes/audit.rs");
        assert!(handler.contains(argument), "{handler}");
        for line in import.lines() {
            assert!(
                handler.contains(&format!("\n    {line}\n")),
                "{line} in {handler}"
            );
        }
        room.vestibule(&["remove", "route", "audit"])
            .current_dir(room.join("app"))
            .assert()
            .success();
        assert!(before == room.tree());
    }
}

#[test]
fn the_table_is_found_where_its_owner_has_moved_it() {
    let room = Room::with_app();
    let app = room.join("app/src");
    std::fs::create_dir(app.join("web")).unwrap();
    std::fs::rename(app.join("routes"), app.join("web/routes")).unwrap();
    room.write("app/src/web.rs", "pub mod routes;\n");
    let swap = |path: &str, from: &str, to: &str| {
        let text = room.read(path);
        assert!(text.contains(from), "{from} in {text}");
        room.write(path, &text.replace(from, to));
    };
    swap("app/src/lib.rs", "pub mod routes;", "pub mod web;");
    swap(
        "app/src/app.rs",
        "pages::AppPages, routes,",
        "pages::AppPages, web::routes,",
    );
    let before = room.tree();
    let told = stdout(route(&room, &["audit", "--json", "--role=admin"]));
    assert!(told.contains("\n  src/web/routes/audit.rs    # "), "{told}");
    assert!(room.join("app/src/web/routes/audit.rs").is_file());
    room.vestibule(&["remove", "route", "audit"])
        .current_dir(room.join("app"))
        .assert()
        .success();
    assert!(before == room.tree());
}

#[test]
fn modules_stand_in_the_order_of_rustfmt() {
    let room = Room::with_app();
    for name in ["report2", "report10", "report-s", "report", "reports"] {
        route(&room, &[name]).assert().success();
        assert_formatted(&room.join("app"));
    }
}

const PEOPLE: &str = "app/dev/people.json";

#[test]
fn somebody_has_the_role_at_the_development_provider() {
    let room = Room::with_app();
    let before = room.read(PEOPLE);
    let told = stdout(route(&room, &["reports", "--role=auditor"]));
    assert!(
        told.contains(
            "\nAt the development provider, alice is one of them now (dev/people.json).\n"
        ),
        "{told}"
    );
    let roles = r#"["admin", "user"]"#;
    let with_the_role = before.replacen(roles, r#"["admin", "user", "auditor"]"#, 1);
    assert_ne!(before, with_the_role);
    assert_eq!(room.read(PEOPLE), with_the_role);

    for arguments in [&["more", "--role=auditor"][..], &["open", "--public"]] {
        let told = stdout(route(&room, arguments));
        assert!(!told.contains("development provider"), "{told}");
        assert_eq!(room.read(PEOPLE), with_the_role);
    }
}

#[test]
fn the_role_goes_to_the_first_who_may_have_roles_and_the_rest_of_the_list_stays() {
    let room = Room::with_app();
    let list = "{\"odd_people\": false,\r\n \"people\": [ {\"sub\":\"zoe\"},\r\n\t{\"roles\":[],  \
                \"sub\":\"y\\u00fcn\"}, {\"sub\":\"xi\",\"roles\":[\"a\"]}]}";
    room.write(PEOPLE, list);
    let told = stdout(route(&room, &["reports", "--role=auditor"]));
    assert!(told.contains("provider, yün is one of them now"), "{told}");
    assert_eq!(room.read(PEOPLE), list.replace("[],", "[\"auditor\"],"));
    room.vestibule(&["remove", "route", "reports"])
        .current_dir(room.join("app"))
        .assert()
        .success();
    assert_eq!(room.read(PEOPLE), list);
}

#[test]
fn a_list_of_people_that_is_not_as_expected_keeps_no_route_from_being_added() {
    let lists = [
        "{ \"people\": [",
        "[]",
        r#"{ "people": "everybody" }"#,
        r#"{ "people": [{ "sub": "zoe" }] }"#,
    ];
    for list in lists {
        let room = Room::with_app();
        room.write(PEOPLE, list);
        let said = route(&room, &["reports", "--role=auditor"])
            .assert()
            .success();
        let said = String::from_utf8(said.get_output().stderr.clone()).unwrap();
        let note = "role `auditor` at the development provider: say who in dev/people.json, as";
        assert!(said.contains(note), "{said}");
        assert_eq!(room.read(PEOPLE), list);
    }
}
