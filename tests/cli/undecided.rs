//! Routes that an app had before it had sign-in: `routes` shows them as undecided, `--check` fails
//! for them and says what to write, and a baseline accepts those of one day and nothing new.

use serde_json::Value;
use snapbox::cmd::{Command, OutputAssert};
use snapbox::{IntoData as _, str};

use crate::support::Room;

const MANIFEST: &str = "[package]\nname = \"kiosk\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nactix-files = \"0.6\"\nactix-web = \"4\"\n";

/// Routes registered in all the usual ways: by attributes, in a config function, in a scope, with
/// checks of the app's own, as files, and for everything else.
const MAIN: &str = r#"use actix_web::{App, HttpServer, get, middleware::from_fn, web};

mod news;
mod staff;

#[get("/")]
async fn front() -> &'static str {
    "today"
}

async fn sold_out() -> &'static str {
    "sold out"
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .service(front)
            .configure(news::configure)
            .service(
                web::scope("/staff")
                    .route("", web::get().to(staff::list))
                    .route("/pay", web::get().to(staff::pay).wrap(from_fn(staff::is_boss))),
            )
            .service(actix_files::Files::new("/pictures", "pictures").prefer_utf8(true))
            .default_service(web::to(sold_out))
    })
    .bind(("localhost", 8080))?
    .run()
    .await
}
"#;

const NEWS: &str = r#"use actix_web::web::{self, ServiceConfig};

pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/news", web::get().to(list))
        .route("/news/{id}", web::get().to(|_: web::Path<u32>| async { "one" }));
}

async fn list() -> &'static str {
    "all"
}
"#;

const STAFF: &str = r#"pub struct Badge;

pub async fn list(_: Badge) -> &'static str {
    "everybody here"
}

pub async fn pay(_: Badge) -> &'static str {
    "not enough"
}

pub async fn is_boss() {}
"#;

/// A room with such an app in `app`, into which sign-in was brought.
fn kiosk() -> Room {
    let room = Room::new();
    room.write("app/Cargo.toml", MANIFEST);
    room.write("app/src/main.rs", MAIN);
    room.write("app/src/news.rs", NEWS);
    room.write("app/src/staff.rs", STAFF);
    let init = room.vestibule(&["init"]).current_dir(room.join("app"));
    init.assert().success();
    room
}

fn routes(room: &Room, arguments: &[&str]) -> Command {
    let command = room.vestibule(&["routes"]).args(arguments);
    command.current_dir(room.join("app"))
}

/// Changes a file of the app, which has to have the text.
fn swap(room: &Room, path: &str, from: &str, to: &str) {
    let path = format!("app/{path}");
    let text = room.read(&path);
    assert!(text.contains(from), "{from} in {text}");
    room.write(&path, &text.replacen(from, to, 1));
}

fn told(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

fn write_baseline(room: &Room) {
    let written = routes(room, &["--write-baseline", "routes.toml"]).assert();
    written.success().stdout_eq("");
}

/// Checks against the baseline, which never writes anything.
fn check(room: &Room) -> OutputAssert {
    room.keeps(routes(room, &["--check", "--baseline", "routes.toml"]))
}

/// Sees that the check fails for these reasons alone.
fn fails_for(room: &Room, reasons: &[&str]) {
    let told = told(&check(room).code(1));
    let is_reason = |line: &&str| line.contains("src/") || line.contains("routes.toml:");
    let lines: Vec<&str> = told.lines().filter(is_reason).collect();
    assert_eq!(lines.len(), reasons.len(), "{told}");
    for reason in reasons {
        assert!(
            lines.iter().any(|line| line.contains(reason)),
            "{reason}: {told}"
        );
    }
}

#[test]
fn what_was_there_before_is_undecided() {
    let room = kiosk();
    let output = room.keeps(routes(&room, &[])).success();
    let listed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let who = |path: &str| {
        let mut lines = listed
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        lines
            .find(|words| words.get(1) == Some(&path))
            .unwrap_or_else(|| panic!("{path}: {listed}"))[2]
            .to_owned()
    };
    for path in [
        "/",
        "/news",
        "/news/{id}",
        "/staff",
        "/staff/pay",
        "/pictures/…",
    ] {
        assert_eq!(who(path), "undecided", "{path}: {listed}");
    }
    assert_eq!(who("/auth/login"), "everybody");
    assert_eq!(who("/auth/account"), "signed", "{listed}");
}

#[test]
fn the_check_says_for_each_what_to_write() {
    let room = kiosk();
    room.keeps(routes(&room, &["--check"]))
        .code(1)
        .stderr_eq(str![[r#"
error: it can't be told of every route who may reach it:
  src/main.rs:9: GET / has no guard and isn't declared public: give `front` an argument `_: crate::hooks::User`, or register it by `.configure(oidc.public(|config: &mut vestibule::PublicConfig| { config.service(front); }))`
  src/news.rs:5: GET /news has no guard and isn't declared public: give `news::list` an argument `_: crate::hooks::User`, or mount it by `.configure(oidc.public(news::configure))`
  src/news.rs:6: GET /news/{id} has no guard and isn't declared public: give the closure at src/news.rs:6 an argument `_: crate::hooks::User`, or mount it by `.configure(oidc.public(news::configure))`
  src/main.rs:29: GET /staff: it can't be told whom `Badge` lets pass: give `staff::list` an argument `_: crate::hooks::User`, or move its registration into `.configure(oidc.public(|config: &mut vestibule::PublicConfig| { … }))`
  src/main.rs:30: GET /staff/pay: it can't be told whom `Badge` lets pass: give `staff::pay` an argument `_: crate::hooks::User`, or move its registration into `.configure(oidc.public(|config: &mut vestibule::PublicConfig| { … }))`
  src/main.rs:32: * /pictures/… has no guard and isn't declared public: move its registration into `.configure(oidc.public(|config: &mut vestibule::PublicConfig| { … }))`
  src/main.rs:33: * /… (else) has no guard and isn't declared public: give `sold_out` an argument `_: crate::hooks::User`, or wrap its service with `.wrap(oidc.declare_public())`
hint: to accept these routes as they are today, and no new ones: `vestibule routes --write-baseline FILE`, and from then on `vestibule routes --check --baseline FILE`

"#]]);
}

/// Does what the check says, in one way or the other for each route.
fn decide(room: &Room) {
    let main = "src/main.rs";
    swap(
        room,
        main,
        ".service(front)",
        ".configure(oidc.public(|config: &mut vestibule::PublicConfig| { config.service(front); }))",
    );
    swap(
        room,
        main,
        ".configure(news::configure)",
        ".configure(oidc.public(news::configure))",
    );
    swap(
        room,
        "src/staff.rs",
        "list(_: Badge)",
        "list(_: crate::hooks::User, _: Badge)",
    );
    swap(
        room,
        "src/staff.rs",
        "pay(_: Badge)",
        "pay(_: crate::hooks::User, _: Badge)",
    );
    let files = "service(actix_files::Files::new(\"/pictures\", \"pictures\").prefer_utf8(true))";
    let declared = format!(
        "configure(oidc.public(|config: &mut vestibule::PublicConfig| {{ config.{files}; }}))"
    );
    swap(room, main, files, &declared);
    swap(
        room,
        main,
        "web::to(sold_out)",
        "web::to(sold_out).wrap(oidc.declare_public())",
    );
}

#[test]
fn what_it_says_decides_them() {
    let room = kiosk();
    decide(&room);
    room.keeps(routes(&room, &["--check"]))
        .success()
        .stderr_eq(str![[r#"
15 routes, each with a guard or declared public

"#]]);
}

#[test]
fn types_are_named_only_where_that_can_be_done() {
    // The sign-in starts in the program, and the handler is in the library.
    let room = Room::new();
    room.write("app/Cargo.toml", MANIFEST);
    room.write(
        "app/src/lib.rs",
        "use actix_web::{get, web::ServiceConfig};\n\n\
         #[get(\"/\")]\npub async fn front() -> &'static str {\n    \"today\"\n}\n\n\
         pub fn configure(config: &mut ServiceConfig) {\n    config.service(front);\n}\n",
    );
    room.write(
        "app/src/main.rs",
        "use actix_web::{App, HttpServer};\n\n\
         #[actix_web::main]\nasync fn main() -> std::io::Result<()> {\n    \
             HttpServer::new(|| App::new().configure(kiosk::configure))\n        \
                 .bind((\"localhost\", 8080))?\n        .run()\n        .await\n}\n",
    );
    let init = room.vestibule(&["init"]).current_dir(room.join("app"));
    init.assert().success();
    let told = told(&room.keeps(routes(&room, &["--check"])).code(1));
    assert!(
        told.contains("GET / has no guard and isn't declared public: mount it by"),
        "{told}"
    );
}

#[test]
fn a_baseline_has_a_line_for_each_route() {
    let room = kiosk();
    let wrote = routes(&room, &["--write-baseline", "routes.toml"]).assert();
    wrote.success().stdout_eq("").stderr_eq(str![[r#"
wrote routes.toml; routes in it: 7 (7 new, 0 gone)

"#]]);
    let written = room.read("app/routes.toml");
    snapbox::assert_data_eq!(
        &written,
        str![[r#"
# Routes of this app that are undecided, or change something by cookie and don't check CSRF.
# `vestibule routes --write-baseline` wrote them. `vestibule routes --check --baseline`
# accepts these and no others. Delete the line of a route once it is in order.
version = 1
routes = [
  { method = "GET", path = "/", handler = "src/main.rs::front" },
  { method = "GET", path = "/news", handler = "src/main.rs::news::list" },
  { method = "GET", path = "/news/{id}", handler = "closure" },
  { method = "*", path = "/pictures/…", handler = "files" },
  { method = "GET", path = "/staff", handler = "src/main.rs::staff::list", checks = ["Badge"] },
  { method = "GET", path = "/staff/pay", handler = "src/main.rs::staff::pay", checks = ["Badge", "staff::is_boss"] },
  { method = "*", path = "/…", default = true, handler = "src/main.rs::sold_out" },
]

"#]]
        .raw()
    );
    check(&room).success().stderr_eq(str![[r#"
15 routes; undecided, as in the baseline: 7; each other one has a guard or is declared public

"#]]);
    // Neither lines nor the order of registration matter.
    swap(&room, "src/main.rs", "            .service(front)\n", "");
    swap(
        &room,
        "src/main.rs",
        "            .default_service",
        "\n            .service(front)\n            .default_service",
    );
    check(&room).success();
    routes(&room, &["--write-baseline", "routes.toml"])
        .assert()
        .success()
        .stderr_eq(str![[r#"
wrote routes.toml; routes in it: 7 (0 new, 0 gone)

"#]]);
    assert_eq!(room.read("app/routes.toml"), written);
    // As git may have it on Windows.
    room.write("app/routes.toml", &written.replace('\n', "\r\n"));
    check(&room).success();
}

#[test]
fn a_baseline_accepts_nothing_new() {
    // Each with what is changed in which file, and why the check fails.
    let cases = [
        (
            "src/news.rs",
            ".route(\"/news/{id}\"",
            ".route(\"/drafts\", web::get().to(list)).route(\"/news/{id}\"",
            "GET /drafts has no guard",
        ),
        (
            "src/news.rs",
            ".route(\"/news/{id}\"",
            ".route(\"/news\", web::post().to(list)).route(\"/news/{id}\"",
            "POST /news has no guard",
        ),
        (
            "src/account.rs",
            "(user: User, oidc: Oidc) -> Html {",
            "(oidc: Oidc) -> Html {\n    let user = who();",
            "",
        ),
        (
            "src/main.rs",
            "oidc.protected(account::protected)",
            "|config: &mut web::ServiceConfig| { config.route(\"/open\", web::get().to(sold_out)); }",
            "GET /open has no guard",
        ),
        // Less is asked of people than when it was written.
        (
            "src/staff.rs",
            "list(_: Badge)",
            "list()",
            "GET /staff has no guard and isn't declared public: give `staff::list` an argument \
             `_: crate::hooks::User`, or move its registration into \
             `.configure(oidc.public(|config: &mut vestibule::PublicConfig| { … }))` (in routes.toml:10, it is checked by `Badge`)",
        ),
        (
            "src/main.rs",
            ".wrap(from_fn(staff::is_boss))",
            "",
            "(in routes.toml:11, it is checked by `Badge`, `staff::is_boss`)",
        ),
        // Something else answers.
        (
            "src/main.rs",
            ".service(front)",
            ".route(\"/\", web::get().to(sold_out))",
            "(in routes.toml:6, its handler is `src/main.rs::front`)",
        ),
        // The path is known to the running app only.
        (
            "src/news.rs",
            ".route(\"/news/{id}\"",
            ".route(&path(), web::get().to(list)).route(\"/news/{id}\"",
            "the path of a GET route can't be told",
        ),
        (
            "src/news.rs",
            "    config\n",
            "    other::more(config);\n    config\n",
            "src/news.rs:4: what `other::more(config)` registers can't be told",
        ),
    ];
    for (file, from, to, reason) in cases {
        let room = kiosk();
        write_baseline(&room);
        swap(&room, file, from, to);
        if reason.is_empty() {
            // Still behind the table's own guard.
            check(&room).success();
        } else {
            fails_for(&room, &[reason]);
        }
    }
}

#[test]
fn a_condition_is_part_of_a_route() {
    let room = kiosk();
    let debug = "    if cfg!(debug_assertions) {\n        config.route(\"/debug\", web::get().to(list));\n    }\n    config\n";
    swap(&room, "src/news.rs", "    config\n", debug);
    write_baseline(&room);
    check(&room).success();
    let always = "    config.route(\"/debug\", web::get().to(list));\n    config\n";
    swap(&room, "src/news.rs", debug, always);
    fails_for(
        &room,
        &["(in routes.toml:7, its condition is `if cfg!(debug_assertions)`)"],
    );
}

#[test]
fn what_is_decided_has_to_leave_the_baseline() {
    let room = kiosk();
    write_baseline(&room);
    swap(
        &room,
        "src/main.rs",
        ".configure(news::configure)",
        ".configure(oidc.public(news::configure))",
    );
    swap(
        &room,
        "src/staff.rs",
        "pay(_: Badge)",
        "pay(_: crate::hooks::User)",
    );
    swap(&room, "src/main.rs", ".service(front)", "");
    let outdated = [
        "routes.toml:6: GET / is in order or gone: delete this line",
        "routes.toml:7: GET /news is in order or gone",
        "routes.toml:8: GET /news/{id} is in order or gone",
        "routes.toml:11: GET /staff/pay is in order or gone",
    ];
    fails_for(&room, &outdated);
    let kept: String = room
        .read("app/routes.toml")
        .lines()
        .filter(|line| {
            !["front", "news::list", "closure", "staff::pay"]
                .iter()
                .any(|it| line.contains(it))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    room.write("app/routes.toml", &kept);
    check(&room).success();
    // Nothing lets it become undecided again.
    swap(
        &room,
        "src/staff.rs",
        "pay(_: crate::hooks::User)",
        "pay(_: Badge)",
    );
    fails_for(&room, &["GET /staff/pay: it can't be told"]);
}

#[test]
fn a_baseline_that_is_written_anew_tells_what_changes() {
    let room = kiosk();
    write_baseline(&room);
    swap(
        &room,
        "src/main.rs",
        ".service(front)",
        ".route(\"/offers\", web::get().to(sold_out))",
    );
    routes(&room, &["--write-baseline", "routes.toml"])
        .assert()
        .success()
        .stderr_eq(str![[r#"
wrote routes.toml; routes in it: 7 (1 new, 1 gone)

"#]]);
    check(&room).success();
    decide_nothing_by_reading(&room);
}

/// What can't be read isn't in a baseline, and that is said.
fn decide_nothing_by_reading(room: &Room) {
    swap(
        room,
        "src/news.rs",
        "    config\n",
        "    other::more(config);\n    config\n",
    );
    let wrote = routes(room, &["--write-baseline", "routes.toml"])
        .assert()
        .success();
    let told = told(&wrote);
    assert!(
        told.contains("registers can't be told; no baseline accepts that"),
        "{told}"
    );
    fails_for(room, &["registers can't be told"]);
}

#[test]
fn what_is_no_baseline_is_neither_used_nor_overwritten() {
    let room = kiosk();
    let checked = |file: &str, code| {
        let output = room.keeps(routes(&room, &["--check", "--baseline", file]));
        told(&output.code(code))
    };
    let missing = checked("none.toml", 2);
    assert!(
        missing.contains("there is no baseline none.toml"),
        "{missing}"
    );
    assert!(missing.contains("--write-baseline FILE"), "{missing}");
    assert!(checked("src", 1).contains("neither a file"));

    write_baseline(&room);
    let good = room.read("app/routes.toml");
    for (from, to, reason) in [
        ("routes = [", "routes = [[", ""),
        ("version = 1", "version = 2", "`version` isn't 1"),
        ("version = 1", "", "`version` isn't 1"),
        (
            "version = 1",
            "version = 1\nall = true",
            "`all` means nothing here",
        ),
        (
            "routes = [",
            "routes = [\n  \"/\",",
            "line 6: a route is a table",
        ),
        (
            "handler = \"files\"",
            "handle = \"files\"",
            "line 9: `handle` means nothing here",
        ),
        (", handler = \"files\"", "", "line 9: `handler` is missing"),
        (
            "[\"Badge\"]",
            "\"Badge\"",
            "line 10: `checks` is a list of strings",
        ),
        (
            "default = true",
            "default = 1",
            "line 12: `default` is true or false",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        room.write("app/bad.toml", &good.replacen(from, to, 1));
        let told = checked("bad.toml", 2);
        assert!(
            told.contains("bad.toml can't be used as a baseline"),
            "{told}"
        );
        assert!(told.contains(reason), "{reason}: {told}");
    }

    let commented = good.replacen("routes = [", "routes = [\n  # See the plan.", 1);
    for text in ["", "[package]\n", "not = TOML", &commented] {
        room.write("app/mine.toml", text);
        let output = room.keeps(routes(&room, &["--write-baseline", "mine.toml"]));
        let told = told(&output.code(3));
        assert!(told.contains("mine.toml is there, and isn't as"), "{told}");
        assert!(told.contains("nothing was written"), "{told}");
    }
    room.write("app/mine.toml", &commented);
    room.keeps(routes(&room, &["--check", "--baseline", "mine.toml"]))
        .success();

    for arguments in [
        &["--baseline", "routes.toml"][..],
        &["--write-baseline", "new.toml", "--check"],
        &["--write-baseline", "new.toml", "--json"],
        &["--check", "--baseline"],
    ] {
        room.keeps(routes(&room, arguments)).code(2);
    }
}

#[test]
fn a_new_app_has_a_baseline_too() {
    let room = Room::with_app();
    write_baseline(&room);
    check(&room).success().stderr_eq(str![[r#"
[..] routes, each with a guard or declared public

"#]]);
    swap(
        &room,
        "src/routes/mod.rs",
        "pub fn public(cfg: &mut PublicConfig) {",
        "pub fn public(cfg: &mut actix_web::web::ServiceConfig) {",
    );
    swap(
        &room,
        "src/app.rs",
        "oidc.public(routes::public)",
        "routes::public",
    );
    let told = told(&check(&room).code(1));
    assert!(
        told.contains("mount it by `.configure(oidc.public(routes::public))`"),
        "{told}"
    );
}

#[test]
fn names_passed_on_by_a_module_of_the_same_name_are_followed() {
    let room = kiosk();
    room.write(
        "app/src/menu.rs",
        "mod drinks;\nmod soups;\npub use drinks::*;\npub use soups::soups;\n",
    );
    room.write(
        "app/src/menu/soups.rs",
        "pub async fn soups() -> &'static str {\n    \"\"\n}\n",
    );
    room.write(
        "app/src/menu/drinks.rs",
        "use crate::hooks::User;\n\npub async fn drinks(_: User) -> &'static str {\n    \"\"\n}\n",
    );
    swap(
        &room,
        "src/main.rs",
        "mod news;",
        "mod menu;\nmod news;\nuse menu::{drinks, soups};",
    );
    swap(
        &room,
        "src/main.rs",
        ".service(front)",
        ".route(\"/soups\", web::get().to(soups)).route(\"/drinks\", web::get().to(drinks))",
    );
    let listed = routes(&room, &["--json"]).assert().success();
    let listed: Value = serde_json::from_slice(&listed.get_output().stdout).unwrap();
    let access = |path: &str| {
        let routes = listed["routes"].as_array().unwrap();
        let route = routes.iter().find(|route| route["path"] == path);
        route.unwrap_or_else(|| panic!("{path}: {listed}"))["access"]["who"].clone()
    };
    assert_eq!(access("/soups"), "everybody");
    assert_eq!(access("/drinks"), "signed_in");
}

#[test]
fn a_library_may_begin_anywhere() {
    let room = kiosk();
    room.write(
        "app/Cargo.toml",
        &format!(
            "[lib]\npath = \"code/kiosk.rs\"\n\n{}",
            room.read("app/Cargo.toml")
        ),
    );
    room.write("app/code/kiosk.rs", "pub mod open;\n");
    // Not part of it.
    room.write(
        "app/src/lib.rs",
        "pub mod open { pub fn configure(_: &mut ()) {} }\n",
    );
    room.write(
        "app/code/open.rs",
        "use actix_web::web::{self, ServiceConfig};\n\n\
         pub fn configure(config: &mut ServiceConfig) {\n    \
             config.route(\"/open\", web::get().to(|| async { \"\" }));\n}\n",
    );
    swap(
        &room,
        "src/main.rs",
        ".service(front)",
        ".configure(kiosk::open::configure)",
    );
    let told = told(&room.keeps(routes(&room, &["--check"])).code(1));
    assert!(
        told.contains("code/open.rs:4: GET /open has no guard"),
        "{told}"
    );
}

#[test]
fn files_fall_back_to_what_is_not_hidden() {
    let room = kiosk();
    swap(
        &room,
        "src/main.rs",
        ".prefer_utf8(true)",
        ".index_file(\"index.html\").show_files_listing().default_handler(web::get().to(staff::pay))",
    );
    let told = told(&room.keeps(routes(&room, &["--check"])).code(1));
    assert!(told.contains("* /pictures/… has no guard"), "{told}");
    assert!(
        told.contains("GET /pictures/… (else): it can't be told whom `Badge` lets pass"),
        "{told}"
    );
}
