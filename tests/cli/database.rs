//! `add database`, and `new --database`: the app that they make is built, tested and left without
//! its database in `tests/database`; here is when it is made, and that nothing else is lost.

use std::fs;

use serde_json::Value;
use snapbox::str;

use crate::support::{Room, assert_formatted};

const KINDS: [&str; 2] = ["sqlite", "postgres"];

fn run(room: &Room, arguments: &[&str]) -> snapbox::cmd::Command {
    room.vestibule(arguments).current_dir(room.join("app"))
}

/// Has something else stand in the place of a piece of a file of the app.
fn swap(room: &Room, file: &str, piece: &str, other: &str) {
    let file = format!("app/{file}");
    let text = room.read(&file);
    assert_eq!(text.matches(piece).count(), 1, "{piece} in {file}");
    room.write(&file, &text.replace(piece, other));
}

fn append(room: &Room, file: &str, text: &str) {
    let file = format!("app/{file}");
    room.write(&file, &(room.read(&file) + text));
}

/// That the command is refused for a reason, keeps everything, and says what to do by hand.
#[track_caller]
fn assert_refused(room: &Room, reason: &str) {
    let output = room
        .keeps(run(room, &["add", "database", "sqlite"]))
        .code(3);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(told.contains(reason), "{reason}: {told}");
    for line in [
        "sqlx = { version",
        "create table accounts",
        "pub mod database;",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_new_app_with_a_database_is_one_that_was_given_it() {
    for kind in KINDS {
        let (new, given) = (Room::new(), Room::with_app());
        new.writes(&["app", "--database", kind]);
        let output = run(&given, &["add", "database", kind]).assert().success();
        let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(!told.contains("note:"), "{told}");
        assert!(new.tree() == given.tree(), "{kind}");
        assert_formatted(&given.join("app"));
        run(&given, &["routes", "--check"]).assert().success();
        let manifest = given.read("app/Cargo.toml");
        assert!(
            manifest.contains("sqlx = ") && !manifest.contains("redb"),
            "{manifest}"
        );
        assert!(
            given
                .read("app/vestibule.toml")
                .ends_with(&format!("\n[added]\ndatabase = \"{kind}\"\n"))
        );
        for text in ["README.md", ".env.example", "compose.yaml", "src/app.rs"] {
            let text = given.read(format!("app/{text}"));
            assert!(!text.contains("ACCOUNTS_FILE"), "{text}");
        }
    }
}

#[test]
fn a_new_app_with_a_database_can_be_looked_at_first() {
    let room = Room::new();
    let command = room.vestibule(&["new", "app", "--database=sqlite", "--dry-run"]);
    let output = room.keeps(command).success();
    let listed = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(listed.contains("migrations/0001_accounts.sql"), "{listed}");
}

#[test]
fn the_plan_is_shown_and_nothing_is_written() {
    let room = Room::with_app();
    room.keeps(run(&room, &["add", "database", "postgres", "--dry-run"]))
        .success()
        .stdout_eq(str![[r#"
create build.rs
create migrations/0001_accounts.sql
create src/database.rs
create tests/it/database.rs
edit   src/users.rs
edit   tests/it/users.rs
edit   src/lib.rs
edit   src/app.rs
edit   src/hooks.rs
edit   tests/it/support.rs
edit   tests/it/main.rs
edit   Cargo.toml
edit   .env.example
edit   .github/workflows/ci.yml
edit   README.md
edit   compose.yaml
edit   vestibule.toml

"#]])
        .stderr_eq("17 files; nothing was written\n");
    let diff = room.keeps(run(&room, &["add", "database", "sqlite", "--diff"]));
    let diff = String::from_utf8_lossy(&diff.success().get_output().stdout).into_owned();
    assert!(
        diff.contains("+    pub database: database::Address,"),
        "{diff}"
    );
    let json = room.keeps(run(&room, &["add", "database", "sqlite", "--plan-json"]));
    let json: Value = serde_json::from_slice(&json.success().get_output().stdout).unwrap();
    let changes = json["changes"].as_array().unwrap();
    assert!(
        changes
            .iter()
            .any(|change| change["path"] == "src/users.rs")
    );
}

#[test]
fn what_comes_next_is_said_and_a_second_run_changes_nothing() {
    let room = Room::with_app();
    run(&room, &["add", "database", "postgres"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
The records of people are in PostgreSQL now, and the app's accounts begin anew: what is in data/accounts.redb stays there.
Next:
  docker compose up -d --wait database    # or set DATABASE_URL
  cargo run

"#]]);
    room.keeps(run(&room, &["add", "database", "postgres"]))
        .success()
        .stderr_eq("the app has PostgreSQL already; nothing to do\n");
    room.keeps(run(&room, &["add", "database", "sqlite"]))
        .code(3)
        .stderr_eq(str![[r#"
error: the database can't be added: the app has PostgreSQL, and its tables and rows would stay there; to change to SQLite, edit src/database.rs and migrations/, and move the rows
hint: nothing was written; what is in the way has to go first, or be kept in its stead

"#]]);
}

#[test]
fn edits_elsewhere_in_the_same_files_are_kept() {
    let room = Room::with_app();
    let edits = [
        (
            "src/app.rs",
            "    pub log: Targets,",
            "    pub log: Targets,\n    /// Mine.\n    pub mine: u8,",
        ),
        (
            "src/app.rs",
            "log: telemetry::filter(env),",
            "log: telemetry::filter(env), mine: 1,",
        ),
        // Another layout of what is replaced.
        (
            "src/app.rs",
            "Users::open(own.accounts_file.as_deref()).await?",
            "Users::open(\n            own.accounts_file\n                .as_deref()\n        ).await?",
        ),
        (
            "src/hooks.rs",
            "        let account = self.users.find_or_create(issuer, subject).await;",
            "        // Mine.\n        let account = self.users.find_or_create(issuer, subject).await;",
        ),
        (
            "src/lib.rs",
            "pub mod hooks;",
            "pub mod hooks;\npub mod jobs;",
        ),
        (
            "Cargo.toml",
            "serde_json = \"1\"",
            "serde_json = \"1\"\n# Mine.\nslug = \"0.1\"",
        ),
        ("README.md", "# app\n", "# Mine\n"),
    ];
    for (file, piece, other) in edits {
        swap(&room, file, piece, other);
    }
    room.write("app/src/jobs.rs", "//! Mine.\n");
    run(&room, &["add", "database", "sqlite"])
        .assert()
        .success();
    for (file, _, mine) in edits {
        if !mine.contains("Users::open") {
            assert!(
                room.read(format!("app/{file}")).contains(mine),
                "{file}: {mine}"
            );
        }
    }
    assert!(
        room.read("app/src/app.rs")
            .contains("database::connect(&own.database)")
    );
    assert!(room.read("app/README.md").contains("## The database"));
}

#[test]
fn texts_that_say_something_else_are_kept_and_what_they_lack_is_said() {
    let room = Room::with_app();
    swap(&room, "compose.yaml", "\"8080:8080\"", "\"80:8080\"");
    swap(
        &room,
        ".env.example",
        "#ACCOUNTS_FILE=data/accounts.redb",
        "#ACCOUNTS_FILE=elsewhere",
    );
    let before = [room.read("app/compose.yaml"), room.read("app/.env.example")];
    let output = run(&room, &["add", "database", "postgres"])
        .assert()
        .success();
    assert_eq!(
        before,
        [room.read("app/compose.yaml"), room.read("app/.env.example")]
    );
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    for part in [
        "compose.yaml was edited",
        "image: postgres",
        ".env.example was edited",
        "#DATABASE_URL=",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn code_that_would_not_fit_is_refused_with_the_lines_to_paste() {
    let room = Room::with_app();
    let open = "Users::open(own.accounts_file.as_deref())";
    for (file, piece, other, reason) in [
        (
            "src/users.rs",
            "/// Everybody who has ever",
            "/// All who have ever",
            "src/users.rs can't be edited safely: it was edited",
        ),
        (
            "tests/it/users.rs",
            "\"https://id.example.com\"",
            "\"https://example.com\"",
            "move your tests to another file",
        ),
        (
            "tests/it/support.rs",
            "\"memory:\"",
            "\"elsewhere\"",
            "tests/it/support.rs can't be edited safely",
        ),
        (
            "src/app.rs",
            open,
            "Users::open(None)",
            "src/app.rs can't be edited safely",
        ),
        (
            "src/app.rs",
            open,
            "Users::open(own.accounts_file /* why */.as_deref())",
            "there are comments within",
        ),
        (
            "src/app.rs",
            "let jobs =",
            "let database = 1;\n        let jobs =",
            "called `database` already",
        ),
        (
            "src/app.rs",
            "use crate::{hooks::AppHooks, pages",
            "use crate::hooks::AppHooks;\nuse crate::{pages",
            "would change more than it should",
        ),
        (
            "src/hooks.rs",
            "type Context = Account;",
            "type Context = Arc<Account>;",
            "no longer an `Account`",
        ),
        (
            "src/hooks.rs",
            "    /// When somebody signs out,",
            "    fn roles(&self, _: &Account) -> Vec<String> {\n        Vec::new()\n    }\n\n    /// When somebody signs out,",
            "it has `roles`",
        ),
        (
            "src/lib.rs",
            "pub mod hooks;",
            "pub mod database {}\npub mod hooks;",
            "it has a module `database` already",
        ),
        (
            "src/lib.rs",
            "pub mod hooks;",
            "pub mod hooks",
            "can't be parsed",
        ),
        (
            "Cargo.toml",
            "serde_json = \"1\"",
            "serde_json = \"1\"\nsqlx = \"0.8\"",
            "it has sqlx already",
        ),
    ] {
        let before = room.read(format!("app/{file}"));
        swap(&room, file, piece, other);
        assert_refused(&room, reason);
        room.write(&format!("app/{file}"), &before);
    }
}

#[test]
fn other_code_that_needs_what_goes_is_named() {
    let room = Room::with_app();
    let before = room.read("app/src/routes/home.rs");
    for (code, reason) in [
        (
            "fn f() { let _ = crate::users::Users::open(None); }",
            "src/routes/home.rs can't be edited safely: it uses `Users::open`",
        ),
        (
            "use crate::users::UsersError;",
            "src/routes/home.rs can't be edited safely: it uses `UsersError`",
        ),
        (
            "fn f(it: &crate::app::AppSettings) { drop(&it.accounts_file) }",
            "src/routes/home.rs can't be edited safely: it uses `accounts_file`",
        ),
        (
            "fn f() { let _ = Account { number: 1, member_since: 2, sign_ins: 3 }; }",
            "names each field",
        ),
        (
            "fn f(Account { number, member_since, sign_ins }: Account) {}",
            "names each field",
        ),
    ] {
        append(&room, "src/routes/home.rs", code);
        assert_refused(&room, reason);
        room.write("app/src/routes/home.rs", &before);
    }
    let code = "fn f() { \"Users::open\"; } // UsersError\n\
                fn g(Account { number, .. }: Account) -> Account { Account { number, ..h() } }\n";
    append(&room, "src/routes/home.rs", code);
    run(&room, &["add", "database", "sqlite"])
        .assert()
        .success();
}

#[test]
fn files_that_are_in_the_way_are_named() {
    for (file, reason) in [
        ("src/database.rs", "src/database.rs already exists"),
        (
            "migrations/2024_users/up.sql",
            "migrations/2024_users/up.sql already exists, and sqlx would apply it",
        ),
    ] {
        let room = Room::with_app();
        room.write(&format!("app/{file}"), "");
        let output = room
            .keeps(run(&room, &["add", "database", "sqlite"]))
            .code(3);
        let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(told.contains(reason), "{told}");
    }
}

#[test]
fn a_build_script_has_to_watch_the_migrations() {
    let room = Room::with_app();
    room.write("app/build.rs", "fn main() {}\n");
    assert_refused(&room, "build.rs can't be edited safely");
    let script = "fn main() {\n    println!(\"cargo::rerun-if-changed=migrations\");\n}\n";
    room.write("app/build.rs", script);
    run(&room, &["add", "database", "sqlite"])
        .assert()
        .success();
    assert_eq!(room.read("app/build.rs"), script);
}

#[test]
fn redb_stays_where_other_code_uses_it() {
    let room = Room::with_app();
    append(&room, "src/routes/home.rs", "use redb as _;\n");
    run(&room, &["add", "database", "sqlite"])
        .assert()
        .success();
    let manifest = room.read("app/Cargo.toml");
    assert!(
        manifest.contains("sqlx = ") && manifest.contains("redb = "),
        "{manifest}"
    );
}

#[test]
fn an_app_without_tests_of_its_records_gets_none() {
    for kind in KINDS {
        let room = Room::with_app();
        fs::remove_file(room.join("app/tests/it/users.rs")).unwrap();
        swap(&room, "tests/it/main.rs", "mod users;\n", "");
        run(&room, &["add", "database", kind]).assert().success();
        assert!(!room.join("app/tests/it/users.rs").exists());
        // The other tests start the app with a database.
        let main = room.read("app/tests/it/main.rs");
        assert_eq!(main.contains("mod database;"), kind == "postgres");
    }
}

#[test]
fn an_app_without_tests_gets_none() {
    for kind in KINDS {
        let room = Room::with_app();
        fs::remove_dir_all(room.join("app/tests")).unwrap();
        run(&room, &["add", "database", kind]).assert().success();
        assert!(!room.join("app/tests").exists());
    }
}

#[test]
fn line_ends_stay_as_they_are() {
    let room = Room::with_app();
    let paths: Vec<_> = room.tree().into_keys().collect();
    for path in paths {
        if let Ok(text) = fs::read_to_string(room.join(&path)) {
            fs::write(room.join(&path), text.replace('\n', "\r\n")).unwrap();
        }
    }
    run(&room, &["add", "database", "postgres"])
        .assert()
        .success();
    for file in [
        "Cargo.toml",
        "README.md",
        "src/app.rs",
        "src/hooks.rs",
        "src/users.rs",
        "tests/it/support.rs",
        "vestibule.toml",
    ] {
        let text = room.read(format!("app/{file}"));
        assert!(text.contains("atabase"), "{file}");
        assert_eq!(
            text.matches('\n').count(),
            text.matches("\r\n").count(),
            "{file}"
        );
    }
}

#[test]
fn an_app_that_sign_in_was_brought_into_gets_the_lines() {
    let room = Room::with_app();
    room.write("app/vestibule.toml", "[init]\nversion = \"0.1.0\"\n");
    assert_refused(&room, "it has no records of people as new apps have them");
}

#[test]
fn another_database_is_wrong_usage() {
    let room = Room::with_app();
    for arguments in [&["add", "database", "mysql"][..], &["add", "database"]] {
        let output = room.keeps(run(&room, arguments)).code(2);
        let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            told.contains("postgres") || told.contains("<DATABASE>"),
            "{told}"
        );
    }
}
