//! `routes`: every route of an app, and who may reach it. That the running app agrees is tested by
//! `tests/added-routes`.

use serde_json::{Value, json};
use snapbox::str;

use crate::support::{Room, repository};

pub(crate) fn routes(room: &Room, arguments: &[&str]) -> snapbox::cmd::Command {
    room.vestibule(&["routes"])
        .args(arguments)
        .current_dir(room.join("app/src"))
}

pub(crate) fn table(room: &Room) -> Vec<Value> {
    let output = routes(room, &["--json"]).assert().success();
    let table: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    table["routes"].as_array().unwrap().clone()
}

/// Puts a function with routes into the app, mounted beside the others.
pub(crate) fn with_more(room: &Room, code: &str) {
    let table = room.read("app/src/routes/mod.rs");
    let imports = "use actix_web::web::{self, ServiceConfig, resource};\nuse actix_web::{guard, middleware::from_fn};\n\
                   use vestibule::Oidc;\n\nuse crate::hooks::*;\n";
    room.write(
        "app/src/routes/mod.rs",
        &format!(
            "{table}\n{imports}\npub fn more(cfg: &mut ServiceConfig, oidc: &Oidc) {{\n{code}\n}}\n"
        ),
    );
    let app = room.read("app/src/app.rs");
    let public = "cfg.configure(oidc.public(routes::public));";
    assert!(app.contains(public), "{app}");
    let mounted = format!("{public}\n    routes::more(cfg, &oidc);");
    room.write("app/src/app.rs", &app.replace(public, &mounted));
}

#[test]
fn a_new_app_passes_the_check() {
    let room = Room::with_app();
    let output = room.keeps(routes(&room, &["--check"])).success();
    let listed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for row in [
        ["GET", "/", "everybody", "home::show", "src/routes/home.rs:"],
        [
            "GET",
            "/readyz",
            "everybody",
            "health::ready",
            "src/routes/health.rs:",
        ],
    ] {
        let is_listed = listed.lines().any(|line| {
            let words = line.split_whitespace();
            words
                .zip(row)
                .all(|(word, expected)| word.starts_with(expected))
        });
        assert!(is_listed, "{row:?} in {listed}");
    }
    assert!(!listed.contains('\u{1b}'));
}

#[test]
fn json_tells_all_there_is_to_know() {
    let room = Room::with_app();
    let table = table(&room);
    let admin = table
        .iter()
        .find(|route| route["path"] == "/admin" && route["method"] == "GET")
        .unwrap();
    assert_eq!(
        admin["access"],
        json!({ "who": "signed_in", "roles": ["admin"], "fresh_seconds": null, "guards": [] })
    );
    assert_eq!(admin["handler"], "routes::admin::show");
    assert_eq!(admin["file"], "src/routes/admin.rs");
    assert!(admin["line"].as_u64().unwrap() > 1);
    assert_eq!(admin["registered"]["file"], "src/routes/mod.rs");
    assert_eq!(admin["condition"], Value::Null);
}

#[test]
fn the_check_fails_for_what_has_no_guard() {
    let room = Room::with_app();
    with_more(&room, "    cfg.route(\"/open\", get().to(health::alive));");
    room.keeps(routes(&room, &["--check"]))
        .code(1)
        .stderr_eq(str![[r#"
error: it can't be told of every route who may reach it: src/routes/mod.rs:[..]: GET /open has no guard and isn't declared public: give `routes::health::alive` an argument `_: crate::hooks::User`, or move its registration into `.configure(oidc.public(|config: &mut vestibule::PublicConfig| { … }))`
hint: give the handler a guard (`User`, `Has<Role>`, `Fresh<SECONDS>`), or register it in a table that is mounted by `oidc.public(…)`

"#]]);
    routes(&room, &[]).assert().success();
}

#[test]
fn the_check_fails_for_what_cannot_be_told() {
    let room = Room::with_app();
    let files = ["app/src/routes/mod.rs", "app/src/app.rs"].map(|path| (path, room.read(path)));
    for (code, told) in [
        (
            "    macros::routes!(cfg);",
            "what the macro `macros::routes!` registers",
        ),
        (
            "    other_crate::configure(cfg);",
            "what `other_crate::configure(cfg)` registers",
        ),
        (
            "    cfg.route(path(), get().to(profile::show));",
            "the path of a GET route",
        ),
        (
            "    cfg.route(\"/x\", get().to(other_crate::handler));",
            "the handler can't be found",
        ),
        (
            "    cfg.route(\"/x\", get().to(|_: Key| async { \"\" }));\n}\n\npub struct Key;\n\nfn nothing() {",
            "whom `Key` lets pass",
        ),
        (
            "    cfg.route(\"/x\", get().to(|_: Option<Key>| async { \"\" }));\n}\n\npub struct Key;\n\nfn nothing() {",
            "whom `Key` lets pass",
        ),
        (
            "    cfg.service(scope(\"/x\").wrap(from_fn(mine)).route(\"\", get().to(health::alive)));\n}\n\nasync fn mine() {",
            "whom `mine` lets pass",
        ),
        ("    cfg.service(other_crate::service());", "`.service("),
        (
            "    cfg.default_service(fn_service(secret));",
            "what `.default_service(fn_service(secret))` registers",
        ),
        (
            "    cfg.service(resource(\"/x\").default_service(other_crate::service()));",
            "* /x (else): the handler can't be found",
        ),
        (
            "    other_crate::Builder::new().mount(cfg);",
            "what `other_crate::Builder::new().mount(cfg)` registers",
        ),
        ("    cfg.payroll();", "what `.payroll()` registers"),
        (
            "    include!(\"more.in\");",
            "what the macro `include!` registers",
        ),
        (
            "    let _ = include!(\"more.in\");",
            "what the macro `include!` registers",
        ),
        (
            "    loop { include!(\"more.in\") }",
            "what `loop { include!(\"more.in\") }` registers",
        ),
        (
            "    println!(\"{}\", { include!(\"more.in\") });",
            "what the macro `println!` registers",
        ),
        (
            "    [\"/x\"].iter().for_each(|path| { cfg.route(path, get().to(health::alive)); });",
            "registers can't be told",
        ),
        (
            "    cfg.service(resource(\"/x\").with_more());",
            "* /x: the handler can't be found",
        ),
        (
            "    cfg.route(\"/x\", get().to(profile::show).with_more());",
            "GET /x: the handler can't be found",
        ),
        (
            "    macro_rules! more { () => { cfg.route(\"/x\", get().to(health::alive)) } }\n    more!();",
            "what the macro `more!` registers",
        ),
        (
            "    vec![1];\n}\n\nmacro_rules! vec { ($x:expr) => {} }\n\nfn nothing() {",
            "what the macro `vec!` registers",
        ),
        (
            "    let mut x = scope(\"/x\");\n    other::extend!(x);\n    cfg.service(x);",
            "what the macro `other::extend!` registers",
        ),
        (
            "    let Some(_) = open() else { return drop(cfg.route(\"/x\", get().to(health::alive))) };",
            "registers can't be told",
        ),
        (
            "    cfg.route(\"/x\", get().to(secret));\n}\n\nasync fn secret(#[cfg(not(debug_assertions))] _user: User) {",
            "GET /x: `User` is an argument in some builds only",
        ),
        (
            "    cfg.route(\"/x\", get().to(secret));\n}\n\nasync fn secret(_: User, #[cfg_attr(debug_assertions, cfg(any()))] _: Has<crate::hooks::Admin>) {",
            "GET /x: `Has<crate::hooks::Admin>` is an argument in some builds only",
        ),
        (
            "    cfg.route(\"/x\", get().to(|#[cfg(unix)] _: User| async { \"\" }));",
            "GET /x: `User` is an argument in some builds only",
        ),
        (
            "    let x = scope(\"/x\").route(\"\", get().to(health::alive));\n    #[cfg(unix)]\n    let x = x.wrap(oidc.ensure_authenticated());\n    cfg.service(x);",
            "what `.service(x)` registers",
        ),
        (
            "    let mut x = scope(\"/x\").route(\"\", get().to(profile::show));\n    if open() {\n        x = x.route(\"/y\", get().to(health::alive));\n    }\n    cfg.service(x);",
            "what `.service(x)` registers",
        ),
        (
            "    let mut x = scope(\"/x\").route(\"\", get().to(health::alive));\n    #[cfg(unix)]\n    { x = x.wrap(oidc.ensure_authenticated()); }\n    cfg.service(x);",
            "what `.service(x)` registers",
        ),
        (
            "    let mut x = scope(\"/x\").route(\"\", get().to(health::alive));\n    #[cfg(unix)]\n    x = x.wrap(oidc.ensure_authenticated());\n    cfg.service(x);",
            "what `.service(x)` registers",
        ),
    ] {
        for (path, text) in &files {
            room.write(path, text);
        }
        with_more(&room, code);
        let output = room.keeps(routes(&room, &["--check"])).code(1);
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.contains(told), "{told}: {stderr}");
    }
}

#[test]
fn default_services_are_routes_too() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    cfg.default_service(web::to(secret));
    cfg.service(scope("/payroll").default_service(web::to(secret)));
    cfg.service(scope("/walled").wrap(oidc.ensure_authenticated()).default_service(web::to(secret)));
    cfg.service(scope("/host").guard(guard::Host("x")).default_service(resource("").to(secret)));
    cfg.service(scope("/in").configure(inner));
    cfg.service(resource("/zz").default_service(web::to(secret)).route(get().to(profile::show)));
    cfg.service(resource("/yy").route(get().to(profile::show)).default_service(web::to(|_: User| async { "" })));
    cfg.configure(oidc.protected(walled));
}

fn inner(cfg: &mut ServiceConfig) {
    cfg.default_service(web::to(secret));
}

fn walled(cfg: &mut ProtectedConfig) {
    cfg.service(scope("/q").default_service(web::to(secret)));
}

async fn secret() -> &'static str {"#,
    );
    let output = room.keeps(routes(&room, &["--check"])).code(1);
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let stderr = told(&output.get_output().stderr);
    let found: Vec<&str> = stderr
        .lines()
        .filter_map(|line| {
            let (route, _) = line.split_once(" has no guard and isn't declared public")?;
            Some(route.split_once(": ")?.1)
        })
        .collect();
    assert_eq!(
        found,
        [
            "* /… (else)",
            "* /payroll/… (else)",
            "* /host/… (else)",
            "* /in/… (else)",
            "* /zz (else)",
        ],
        "{stderr}"
    );
    let stdout = told(&output.get_output().stdout);
    let rows: Vec<String> = stdout
        .lines()
        .map(|line| {
            line.split_whitespace()
                .take(5)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    for row in [
        "* /… (else) everybody vestibule::unknown",
        "* /… (else) undecided routes::secret",
        "* /walled/… (else) signed in",
        "* /yy (else) signed in",
        "* /q/… (else) signed in",
    ] {
        assert!(rows.iter().any(|known| known == row), "{row} in {stdout}");
    }
    let table = table(&room);
    let default = |path: &str| {
        table
            .iter()
            .filter(|it| it["path"] == path && it["default"] == true)
            .count()
    };
    assert_eq!(
        (default("/…"), default("/zz"), default("/profile")),
        (2, 1, 0)
    );
}

#[test]
fn a_default_service_in_a_public_table_is_declared_public() {
    let room = Room::with_app();
    let text = room.read("app/src/routes/mod.rs");
    let begins = "pub fn public(cfg: &mut PublicConfig) {\n";
    let more = "    cfg.service(scope(\"/old\").default_service(get().to(health::alive)));\n";
    assert!(text.contains(begins));
    room.write(
        "app/src/routes/mod.rs",
        &text.replace(begins, &format!("{begins}{more}")),
    );
    routes(&room, &["--check"]).assert().success();
}

#[test]
fn what_declares_itself_public_is_so() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    cfg.default_service(web::to(secret).wrap(oidc.declare_public()));
    cfg.service(scope("/old").default_service(web::to(secret).wrap(vestibule::declare_public())));
    cfg.service(scope("/scope").wrap(oidc.declare_public()).route("/x", get().to(secret)));
    cfg.service(resource("/resource").wrap(declare()).route(get().to(secret)));
    cfg.service(scope("/user").wrap(declare()).route("/x", get().to(profile::show)));
    cfg.service(scope("/walled").wrap(oidc.ensure_authenticated()).wrap(declare()).route("/x", get().to(secret)));
}

use vestibule::declare_public as declare;

async fn secret() -> &'static str {"#,
    );
    let output = room.keeps(routes(&room, &["--check"])).success();
    let stdout = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    for (path, who) in [
        ("/old/…", "(else) everybody"),
        ("/scope/x", "everybody"),
        ("/resource", "everybody"),
        ("/user/x", "signed in"),
        ("/walled/x", "signed in"),
    ] {
        let row = stdout
            .lines()
            .find(|line| line.split_whitespace().nth(1) == Some(path));
        let row: Vec<&str> = row.unwrap().split_whitespace().skip(2).collect();
        assert!(row.join(" ").starts_with(who), "{path} in {stdout}");
        assert!(!row.contains(&"(no"), "{path} in {stdout}");
    }
}

#[test]
fn what_only_looks_as_if_it_declared_itself_public_is_not_believed() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    cfg.service(scope("/own").wrap(declare_public()).route("/x", get().to(secret)));
    cfg.service(scope("/method").wrap(Mine.declare_public()).route("/x", get().to(secret)));
    cfg.service(scope("/argument").wrap(oidc.declare_public(1)).route("/x", get().to(secret)));
    cfg.service(scope("/beside").route("/x", get().to(secret)));
}

fn declare_public() -> Own { todo!() }

struct Mine;

impl Mine {
    fn declare_public(&self) -> Own { todo!() }
}

async fn secret() -> &'static str {"#,
    );
    let output = room.keeps(routes(&room, &["--check"])).code(1);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    for path in ["/own/x", "/method/x", "/argument/x", "/beside/x"] {
        assert!(stderr.contains(&format!("GET {path}")), "{path}: {stderr}");
    }
}

#[test]
fn a_default_service_hides_no_route_that_is_added() {
    let room = Room::with_app();
    with_more(&room, "    cfg.default_service(web::to(home::show));");
    room.vestibule(&["add", "route", "any", "--path", "/{any}", "--public"])
        .current_dir(room.join("app"))
        .assert()
        .success();
}

#[test]
fn guards_are_found_wherever_they_stand() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    cfg.route("/a", get().to(|_: User| async { "" }));
    cfg.route("/b", get().to(|_: Fresh<{ 5 * 60 }>, _: Has<crate::hooks::Admin>| async { "" }));
    cfg.route("/c", get().to(|_: Option<User>| async { "" }));
    cfg.service(scope("/d").wrap(oidc.ensure_authenticated()).route("/x", get().to(health::alive)));
    cfg.service(resource("/e").wrap(oidc.redirect_to("/")).route(get().to(health::alive)).put(health::alive));
    cfg.service(resource(["/f", "/g"]).guard(guard::Host("x")).to(|_: User| async { "" }));
    cfg.route("/h", web::route().guard(guard::Patch()).to(|_: (User, String)| async { "" }));
    cfg.route("/i", web::method(actix_web::http::Method::DELETE).to(|_: Person| async { "" }));
    let late = scope("/j").service(scope("/k").route("/l", get().to(|_: Fresh<LONG>| async { "" })));
    cfg.service(late);
    #[cfg(debug_assertions)]
    cfg.route("/m", get().to(|_: User| async { "" }));
    cfg.configure(oidc.protected(|cfg| {
        cfg.route("/n", get().to(health::alive)).configure(nested);
    }));
    nested_openly(cfg, oidc);
}

fn nested(cfg: &mut ProtectedConfig) {
    cfg.service(scope("/o").route("/p", get().to(health::alive)));
}

fn nested_openly(cfg: &mut ServiceConfig, oidc: &Oidc) {
    cfg.service(scope("/q").configure(oidc.protected(nested)));
}

type Person = User;
const LONG: u64 = 60 * 60;

fn nothing() {"#,
    );
    let table = table(&room);
    let found = |path: &str| {
        let routes = table.iter().filter(|route| route["path"] == path);
        routes
            .map(|route| {
                let access = &route["access"];
                format!(
                    "{} {} {} {}",
                    route["method"].as_str().unwrap(),
                    access["who"].as_str().unwrap(),
                    access["roles"],
                    access["fresh_seconds"]
                )
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (path, expected) in [
        ("/a", "GET signed_in [] null"),
        ("/b", "GET signed_in [\"admin\"] 300"),
        ("/c", "GET everybody null null"),
        ("/d/x", "GET signed_in [] null"),
        ("/e", "GET signed_in [] null, PUT signed_in [] null"),
        ("/f", "* signed_in [] null"),
        ("/g", "* signed_in [] null"),
        ("/h", "PATCH signed_in [] null"),
        ("/i", "DELETE signed_in [] null"),
        ("/j/k/l", "GET signed_in [] 3600"),
        ("/m", "GET signed_in [] null"),
        ("/n", "GET signed_in [] null"),
        ("/o/p", "GET signed_in [] null"),
        ("/q/o/p", "GET signed_in [] null"),
    ] {
        assert_eq!(found(path), expected, "{path}");
    }
    let last = table.iter().find(|route| route["path"] == "/m").unwrap();
    assert_eq!(last["condition"], "cfg(debug_assertions)");
    let output = room.keeps(routes(&room, &["--check"])).code(1);
    let told = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        !told.contains("can't be told"),
        "only CSRF is missing: {told}"
    );
}

/// Puts one piece of a file of the app in the place of another.
fn swap(room: &Room, path: &str, from: &str, to: &str) {
    let text = room.read(path);
    assert!(text.contains(from), "{from} in {text}");
    room.write(path, &text.replace(from, to));
}

#[test]
fn guards_are_those_of_the_library_by_whatever_name_and_from_wherever() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    cfg.route("/a", get().to(|_: vestibule::User<()>| async { "" }));
    cfg.route("/b", get().to(|_: v::Fresh<60>| async { "" }));
    cfg.route("/c", get().to(|_: Holding<Boss>| async { "" }));
    cfg.route("/d", get().to(|_: Lately<5>| async { "" }));
    cfg.route("/e", get().to(|_: Recent| async { "" }));
    cfg.route("/f", get().to(|_: inner::Person| async { "" }));
    cfg.route("/g", get().to(|_: Option<inner::Person>| async { "" }));
    cfg.route("/h", get().to(|_: inner::Of<Boss>| async { "" }));
    cfg.route("/i", get().to(|_: inner::Chief| async { "" }));
    cfg.route("/j", get().to(|_: SignedForm<Fields>| async { "" }));
    cfg.route("/k", get().to(|_: everything::Has<Boss>| async { "" }));
    cfg.route("/l", get().to(|_: Assured<Strong>| async { "" }));
    cfg.service(scope("/m").wrap(vestibule::ensure_authenticated()).route("", get().to(health::alive)));
    cfg.service(scope("/n").wrap(stay_out("/")).route("", get().to(health::alive)));
    cfg.service(scope("/o").wrap(both(oidc)).route("", get().to(health::alive)));
}

fn both(oidc: &Oidc) -> impl Sized {
    oidc.ensure_authenticated()
}

use vestibule as v;
use vestibule::{Role as Rank, redirect_to as stay_out};
use v::Has as Holding;

pub type Lately<const MINUTES: u64> = v::Fresh<{ MINUTES * 60 }, ()>;
pub type Recent = Lately<2>;
pub struct Boss;
pub struct Strong;
pub struct Fields;

impl<C> Rank<C> for Boss {
    const NAME: &'static str = "boss";
}

mod inner {
    pub use super::everything::Worker as Person;
    pub type Of<R, C = ()> = super::v::Has<R, C>;
    pub type Chief<R = super::Boss> = Of<R>;
}

mod everything {
    pub use vestibule::*;
    pub use vestibule::User as Worker;
}

fn nothing() {"#,
    );
    let table = table(&room);
    let found = |path: &str| {
        let route = table.iter().find(|route| route["path"] == path);
        let access = &route.unwrap_or_else(|| panic!("{path}"))["access"];
        format!(
            "{} {} {} {}",
            access["who"].as_str().unwrap(),
            access["roles"],
            access["fresh_seconds"],
            access["guards"]
        )
    };
    for (path, expected) in [
        ("/a", "signed_in [] null []"),
        ("/b", "signed_in [] 60 []"),
        ("/c", "signed_in [\"boss\"] null []"),
        ("/d", "signed_in [] 300 []"),
        ("/e", "signed_in [] 120 []"),
        ("/f", "signed_in [] null []"),
        ("/g", "everybody null null null"),
        ("/h", "signed_in [\"boss\"] null []"),
        ("/i", "signed_in [\"boss\"] null []"),
        ("/j", "signed_in [] null []"),
        ("/k", "signed_in [\"boss\"] null []"),
        ("/l", "signed_in [] null [\"Assured<Strong>\"]"),
        ("/m", "signed_in [] null []"),
        ("/n", "signed_in [] null []"),
        ("/o", "signed_in [] null []"),
    ] {
        assert_eq!(found(path), expected, "{path}");
    }
    routes(&room, &["--check"]).assert().success();
}

#[test]
fn what_only_looks_like_the_library_is_not_taken_for_it() {
    let room = Room::with_app();
    let files = ["app/src/routes/mod.rs", "app/src/app.rs"].map(|path| (path, room.read(path)));
    for (code, told) in [
        // A type of the app with a method of the same name.
        (
            "    let own = Own::new();\n    cfg.service(scope(\"/x\").wrap(own.ensure_authenticated()).route(\"\", get().to(health::alive)));\n}\n\nstruct Own;\n\nimpl Own {\n    fn ensure_authenticated(&self) {}\n}\n\nfn nothing() {",
            "whom `own.ensure_authenticated()` lets pass",
        ),
        (
            "    own().mount(cfg, |own| scope(\"/x\").wrap(own.ensure_authenticated()));\n}\n\nfn own() -> u8 {\n    1\n}\n\nfn nothing() {",
            "registers",
        ),
        // A value of which nothing is known, while the app has such a method itself.
        (
            "    cfg.service(scope(\"/x\").wrap(made().ensure_authenticated()).route(\"\", get().to(health::alive)));\n}\n\nstruct Own;\n\nimpl Own {\n    fn ensure_authenticated(&self) {}\n}\n\nfn made() -> Own {\n    todo!()\n}\n\nfn nothing() {",
            "whom `made().ensure_authenticated()` lets pass",
        ),
        // A value of another crate.
        (
            "    let other = other_crate::Gate::new();\n    cfg.service(scope(\"/x\").wrap(other.ensure_authenticated()).route(\"\", get().to(health::alive)));",
            "whom `other.ensure_authenticated()` lets pass",
        ),
        (
            "    let other = other_crate::Gate::new();\n    cfg.configure(other.protected(protected));",
            "what `.configure(other.protected(protected))` registers",
        ),
        // A crate, a trait and a module of the same names.
        (
            "    cfg.route(\"/x\", get().to(|_: vestibule::User| async { \"\" }));\n}\n\nmod vestibule {\n    pub struct User;\n}\n\nfn nothing() {",
            "whom `vestibule::User` lets pass",
        ),
        // A guard of the library that this program doesn't know.
        (
            "    cfg.route(\"/x\", get().to(|_: vestibule::Invited| async { \"\" }));",
            "whom `vestibule::Invited` lets pass",
        ),
    ] {
        for (path, text) in &files {
            room.write(path, text);
        }
        with_more(&room, code);
        let output = room.keeps(routes(&room, &["--check"])).code(1);
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(stderr.contains(told), "{code}\n{told}: {stderr}");
    }
}

#[test]
fn the_library_is_followed_through_variables_fields_and_functions() {
    for state in [
        "let state = State { oidc: oidc.clone() };",
        "let state = std::sync::Arc::new(State { oidc: oidc.clone() });",
        "let state = other_crate::make(oidc.clone());",
    ] {
        let room = Room::with_app();
        let app = "app/src/app.rs";
        swap(
            &room,
            app,
            "        let mut server",
            &format!("        {state}\n        let mut server"),
        );
        swap(
            &room,
            app,
            "cfg.configure(oidc.protected(routes::protected));",
            "mount(cfg, &state);",
        );
        room.write(
            app,
            &format!(
                "{}\nstruct State {{\n    oidc: Oidc,\n}}\n\n\
                 fn mount(cfg: &mut actix_web::web::ServiceConfig, state: &State) {{\n    \
                 cfg.configure(state.oidc.protected(routes::protected));\n}}\n\n\
                 impl State {{\n    fn protected(&self) {{}}\n}}\n",
                room.read(app)
            ),
        );
        let table = table(&room);
        let profile = table.iter().find(|route| route["path"] == "/profile");
        assert_eq!(profile.unwrap()["access"]["who"], "signed_in", "{state}");
        routes(&room, &["--check"]).assert().success();
    }
}

#[test]
fn the_pages_of_the_library_are_where_the_app_puts_them() {
    const APP: &str = "app/src/app.rs";
    let after_login = "after_login: \"/\".into(),";
    for (from, to, expected) in [
        (after_login, after_login, Some(["/login", "/logout"])),
        (
            after_login,
            "login: \"/door\".into(),",
            Some(["/door", "/logout"]),
        ),
        (
            after_login,
            "login: DOOR.into(), logout: format!(\"{DOOR}/out\").into(),",
            Some(["/door", "/door/out"]),
        ),
        (
            "settings.with_paths(paths())",
            "settings.with_paths(paths()).routes_under(\"/auth/\")",
            Some(["/auth/login", "/auth/logout"]),
        ),
        (
            "settings.with_paths(paths())",
            "settings.with_paths(paths().under(\"/auth\"))",
            Some(["/auth/login", "/auth/logout"]),
        ),
        (
            "settings.with_paths(paths())",
            "settings",
            Some(["/login", "/logout"]),
        ),
        // Only the running app knows these.
        (
            "settings.with_paths(paths())",
            "settings.routes_under(&prefix())",
            None,
        ),
        (
            "settings.with_paths(paths())",
            "if open() { settings.routes_under(\"/x\") } else { settings }",
            None,
        ),
        (
            "let settings = settings.with_paths(paths());",
            "let mut settings = settings; settings.paths.login = \"/x\".into();",
            None,
        ),
    ] {
        let room = Room::with_app();
        swap(&room, APP, from, to);
        let text = room.read(APP);
        room.write(APP, &format!("{text}\nconst DOOR: &str = \"/door\";\n"));
        let table = table(&room);
        let found = ["vestibule::login", "vestibule::logout"].map(|handler| {
            let mut routes = table.iter();
            let route = routes.find(|route| route["handler"] == handler).unwrap();
            route["path"].as_str().map(str::to_owned)
        });
        let expected = expected.map(|paths| paths.map(str::to_owned));
        match expected {
            Some(expected) => assert_eq!(found, expected.map(Some), "{to}"),
            None => {
                assert_eq!(found, [None, None], "{to}");
                routes(&room, &["--check"]).assert().code(1);
            }
        }
    }
}

#[test]
fn the_default_paths_are_those_of_the_library() {
    let source = repository().join("template/crates/vestibule/src/paths.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let (_, defaults) = source.split_once("impl Default for Paths").unwrap();
    let (defaults, _) = defaults.split_once("\n}\n").unwrap();
    let default = |field: &str| {
        let (_, rest) = defaults.split_once(&format!(" {field}: \"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let room = Room::with_app();
    let table = table(&room);
    for (handler, field, rest) in [
        ("login", "login", ""),
        ("begin_login", "login", ""),
        ("callback", "login_callback", ""),
        ("logout", "logout", ""),
        ("logged_out", "logged_out", ""),
        ("backchannel_logout", "backchannel_logout", ""),
        ("widget_file", "widget_files", "/{version}/{name:.*}"),
    ] {
        let handler = format!("vestibule::{handler}");
        let route = table
            .iter()
            .find(|route| route["handler"] == handler.as_str());
        let path = format!("{}{rest}", default(field));
        assert_eq!(route.unwrap()["path"], path.as_str(), "{handler}");
    }
}

#[test]
fn macros_that_only_work_with_what_they_are_given_register_nothing() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    use tracing::info;
    println!("{}", 1);
    info!("routes");
    tracing::debug!(count = vec![1].len(), "{}", format!("{}", 2 != 1));
    std::debug_assert!(cfg!(unix));
    cfg.app_data(web::JsonConfig::default().error_handler(|_, _| serde_json::json!({}).into()));
    if matches!(1, 1) {
        cfg.route("/x", get().to(profile::show));
    }"#,
    );
    routes(&room, &["--check"]).assert().success();
}

#[test]
fn a_path_put_together_by_format_is_told_if_all_of_it_is_known() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    let base = "/a";
    cfg.route(&format!("{base}/x"), get().to(profile::show));
    cfg.route(&format!("{}/x", BASE), get().to(profile::show));
    cfg.route(&format!("{base}/x", base = "/c"), get().to(profile::show));
    cfg.route(&format!("{}/x", other()), get().to(profile::show));
}

const BASE: &str = "/b";

fn nothing() {"#,
    );
    let table = table(&room);
    let found = table
        .iter()
        .filter(|route| route["handler"] == "routes::profile::show")
        .map(|route| &route["path"]);
    let found: Vec<_> = found.filter(|path| *path != "/profile").collect();
    assert_eq!(
        found,
        [&json!("/a/x"), &json!("/b/x"), &Value::Null, &Value::Null]
    );
}

#[test]
fn a_type_of_the_same_name_is_no_guard() {
    let room = Room::with_app();
    with_more(
        &room,
        "    cfg.route(\"/x\", get().to(handler));\n}\n\nstruct User;\n\nasync fn handler(_: User) {",
    );
    let output = room.keeps(routes(&room, &["--check"])).code(1);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(stderr.contains("whom `User` lets pass"), "{stderr}");
}

#[test]
fn a_file_that_does_not_parse_is_named() {
    let room = Room::with_app();
    room.write("app/src/routes/health.rs", "pub async fn alive( {");
    let output = room.keeps(routes(&room, &["--check"])).code(1);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        stderr.contains("src/routes/health.rs:1 can't be parsed"),
        "{stderr}"
    );
}

#[test]
fn without_an_app_in_the_source_there_is_no_table() {
    let room = Room::with_app();
    room.write("app/src/app.rs", "");
    room.keeps(routes(&room, &[])).code(1).stderr_eq(str![[r#"
error: no routes were found: nothing in src/ calls `App::new()` in a way that can be followed
hint: routes are read from `App::new()` on, in the modules of the library and of the programs

"#]]);
}
