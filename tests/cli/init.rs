//! `init`: what it does to apps that exist, and what it refuses. That such apps then build, pass
//! their own tests and sign people in is seen in `tests/init`.

use std::fs;
use std::path::Path;

use serde_json::Value;
use snapbox::cmd::{Command, OutputAssert};
use snapbox::{IntoData as _, str};

use crate::support::{Room, assert_files_formatted, tree};

const MANIFEST: &str = r#"[package]
name = "menu"
version = "0.1.0"
edition = "2024"

[dependencies]
# The framework.
actix-web = "4" # and its macros
serde = "1"

[dev-dependencies]
serde_json = "1"
"#;

const MAIN: &str = r#"use actix_web::{App, HttpServer, get};

/// The menu.
#[get("/")]
async fn menu() -> &'static str {
    "soup"
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    // The menu for everybody.
    HttpServer::new(|| App::new().service(menu))
        .bind(("127.0.0.1", 3000))?
        .run()
        .await
}
"#;

/// A room with an app in `app`.
fn app(main: &str) -> Room {
    app_with(MANIFEST, main)
}

fn app_with(manifest: &str, main: &str) -> Room {
    let room = Room::new();
    room.write("app/Cargo.toml", manifest);
    room.write("app/src/main.rs", main);
    room
}

fn init(room: &Room, arguments: &[&str]) -> Command {
    let command = room.vestibule(&["init"]).args(arguments);
    command.current_dir(room.join("app"))
}

/// What is said on stderr.
fn told(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

fn printed(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

/// Sees that nothing is written, for a reason.
fn is_refused(room: &Room, reason: &str) -> String {
    let told = told(&room.keeps(init(room, &[])).code(3));
    assert!(told.contains(reason), "{reason}: {told}");
    assert!(told.contains("nothing was written"), "{told}");
    told
}

/// The code of a program after sign-in was brought in.
fn edited(main: &str) -> String {
    let room = app(main);
    init(&room, &[]).assert().success();
    room.read("app/src/main.rs")
}

#[test]
fn sign_in_comes_into_a_plain_app() {
    let room = app(MAIN);
    room.write("app/.gitignore", "/target\n");
    init(&room, &[])
        .assert()
        .success()
        .stdout_eq(str![[r#"
Next:
  cargo run               # then open http://127.0.0.1:3000/account
Sign in as alice or bob, without a password. What you can do now is in crates/vestibule/README.md.
Of the other routes, say who may reach them: `vestibule routes` shows which are undecided.
A release build needs the settings in .env.example.

"#]])
        .stderr_eq(str![[r#"
created crates/vestibule ([..] files)
created crates/vestibule-dev ([..] files)
edited  Cargo.toml
created src/hooks.rs
created src/account.rs
created .env.example
edited  .gitignore
created vestibule.toml
edited  src/main.rs

"#]]);
    snapbox::assert_data_eq!(
        room.read("app/src/main.rs"),
        str![[r#"
use actix_web::{App, HttpServer, get};

mod account;
mod hooks;

/// The menu.
#[get("/")]
async fn menu() -> &'static str {
    "soup"
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let oidc = hooks::start().await?;
    // The menu for everybody.
    HttpServer::new(move || {
        App::new()
            .wrap(oidc.middleware())
            .configure(oidc.routes())
            .configure(oidc.protected(account::protected))
            .service(menu)
    })
    .bind(("127.0.0.1", 3000))?
    .run()
    .await
}

"#]]
        .raw()
    );
    snapbox::assert_data_eq!(
        room.read("app/Cargo.toml"),
        str![[r#"
[package]
name = "menu"
version = "0.1.0"
edition = "2024"

[dependencies]
# The framework.
actix-web = "4" # and its macros
serde = "1"
# Signing in: src/hooks.rs
vestibule = { version = "[..]", path = "crates/vestibule", default-features = false, features = ["embedded"] }
vestibule-dev = { version = "[..]", path = "crates/vestibule-dev" }

[dev-dependencies]
serde_json = "1"

"#]]
    );
    assert_eq!(room.read("app/.gitignore"), "/target\n/data/*.redb\n");
    let hooks = room.read("app/src/hooks.rs");
    assert!(
        hooks.contains("\"APP_BASE_URL\" => Some(\"http://127.0.0.1:3000\")"),
        "{hooks}"
    );
    assert_files_formatted(&room.join("app"), |path| !path.starts_with("crates"));
}

#[test]
fn the_crates_are_those_of_a_new_app() {
    let room = app(MAIN);
    init(&room, &[]).assert().success();
    room.writes(&["new"]);
    let crates = tree(&room.join("app/crates"));
    assert!(crates.len() > 200);
    assert_eq!(crates, tree(&room.join("new/crates")));
}

#[test]
fn a_second_run_changes_nothing() {
    let room = app(MAIN);
    init(&room, &[]).assert().success();
    for arguments in [&[][..], &["--by-hand"], &["--diff"]] {
        room.keeps(init(&room, arguments))
            .success()
            .stderr_eq(str![[r#"
this app has sign-in already (vestibule.toml); nothing to do

"#]]);
    }
    let new = Room::with_app();
    new.keeps(init(&new, &[])).success();
}

#[test]
fn all_ways_to_show_the_plan_show_what_is_done() {
    let room = app(MAIN);
    let listed = printed(&room.keeps(init(&room, &["--dry-run"])).success());
    assert!(listed.contains("edit   src/main.rs\n"), "{listed}");
    assert!(listed.contains("create crates/vestibule ("), "{listed}");
    let diff = printed(&room.keeps(init(&room, &["--diff"])).success());
    assert!(
        diff.contains("\n+            .wrap(oidc.middleware())\n"),
        "{diff}"
    );
    let plan = printed(&room.keeps(init(&room, &["--plan-json"])).success());
    let plan: Value = serde_json::from_str(&plan).unwrap();
    init(&room, &[]).assert().success();
    let changes = plan["changes"].as_array().unwrap();
    for change in changes {
        let path = Path::new("app").join(change["path"].as_str().unwrap());
        assert_eq!(room.read(path), change["after"].as_str().unwrap());
    }
    let files = tree(&room.join("app"));
    let files = files.values().filter(|file| file.is_some()).count();
    assert_eq!(files, changes.len());
}

#[test]
fn the_app_is_found_wherever_it_is_made() {
    // Each program, with lines that are in it afterwards.
    let cases: [(&str, &[&str]); 8] = [
        // A variable, and another main.
        (
            "use actix_web::{App, HttpServer, web};\n\
             #[tokio::main]\n\
             async fn main() -> anyhow::Result<()> {\n    \
                 let greeting = web::Data::new(String::new());\n    \
                 let server = HttpServer::new(move || {\n        \
                     App::new() // plain\n            \
                         .app_data(greeting.clone())\n    \
                 });\n    \
                 server.bind(\"127.0.0.1:8080\")?.run().await?;\n    \
                 Ok(())\n\
             }\n",
            &[
                "    let oidc = hooks::start().await?;\n    let server = HttpServer::new(move || {\n",
                "App::new() // plain\n            .wrap(oidc.middleware())\n",
            ],
        ),
        // No error can be returned.
        (
            "use actix_web::{App, HttpServer};\n\
             fn main() {\n    \
                 actix_web::rt::System::new().block_on(async {\n        \
                     HttpServer::new(|| App::new()).bind(\"[::1]:8080\").unwrap().run().await.unwrap();\n    \
                 });\n\
             }\n",
            &["let oidc = hooks::start().await.unwrap_or_else(|_| std::process::exit(1));"],
        ),
        // A runtime by hand, a `?` on the server.
        (
            "fn main() -> Result<(), MyError> {\n    \
                 let runtime = tokio::runtime::Runtime::new().unwrap();\n    \
                 runtime.block_on(async {\n        \
                     actix_web::HttpServer::new(|| {\n            \
                         actix_web::App::new()\n        \
                     })\n        \
                     .bind(\"localhost:8080\")?\n        \
                     .run()\n        \
                     .await?;\n        \
                     Ok(())\n    \
                 })\n\
             }\n\
             struct MyError;\n",
            &[
                "let oidc = hooks::start().await?;\n",
                "actix_web::HttpServer::new(move || {\n",
            ],
        ),
        // A factory in a variable, and a block around it.
        (
            "use actix_web::{App, HttpServer};\n\
             #[actix_web::main]\n\
             async fn main() -> std::io::Result<()> {\n    \
                 let factory = {\n        \
                     let name = String::new();\n        \
                     move || App::new().app_data(name.clone())\n    \
                 };\n    \
                 println!(\"ready\");\n    \
                 HttpServer::new(factory).bind(\"localhost:8080\")?.run().await\n\
             }\n",
            &["    let oidc = hooks::start().await?;\n    let factory = {\n"],
        ),
        // A function that gives the app, generic or not.
        (
            "use actix_web::{App, HttpServer};\n\
             use actix_web::dev::*;\n\
             fn app<T>(_: T) -> App<impl ServiceFactory<ServiceRequest, Config = ()>> {\n    \
                 App::new()\n\
             }\n\
             #[actix_web::main]\n\
             async fn main() -> std::io::Result<()> {\n    \
                 HttpServer::new(|| app(1)).bind(\"localhost:8080\")?.run().await\n\
             }\n",
            &["app(1)\n", ".wrap(oidc.middleware())\n"],
        ),
        // A name that is taken, an alias, a module in the file.
        (
            "mod server {\n    \
                 use actix_web::{App, HttpServer as Server};\n    \
                 pub async fn run(oidc: u8) -> std::io::Result<()> {\n        \
                     Server::new(move || App::new().app_data(oidc)).bind(\"localhost:8080\")?.run().await\n    \
                 }\n\
             }\n\
             use actix_web::HttpServer as Server;\n\
             fn main() {}\n",
            &[
                "let sign_in = crate::hooks::start().await?;\n",
                ".wrap(sign_in.middleware())\n",
            ],
        ),
        // Tests have servers of their own.
        (
            "use actix_web::{App, HttpServer};\n\
             #[actix_web::main]\n\
             async fn main() -> std::io::Result<()> {\n    \
                 HttpServer::new(|| App::new()).bind(\"localhost:8080\")?.run().await\n\
             }\n\
             #[cfg(test)]\n\
             mod tests {\n    \
                 use super::*;\n    \
                 #[actix_web::test]\n    \
                 async fn it_runs() {\n        \
                     drop(HttpServer::new(|| App::new()));\n    \
                 }\n\
             }\n",
            &["        drop(HttpServer::new(|| App::new()));\n"],
        ),
        // Middleware that takes boxed bodies only.
        (
            "use actix_web::{App, HttpServer, middleware::{Next, from_fn}, dev::*, body::BoxBody};\n\
             async fn pass(it: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, actix_web::Error> {\n    \
                 next.call(it).await\n\
             }\n\
             #[actix_web::main]\n\
             async fn main() -> std::io::Result<()> {\n    \
                 HttpServer::new(|| App::new().wrap(from_fn(pass))).bind(\"localhost:8080\")?.run().await\n\
             }\n",
            &[".wrap(actix_web::middleware::Compat::new(oidc.middleware()))\n"],
        ),
    ];
    for (main, lines) in cases {
        let after = edited(main);
        for line in lines {
            assert!(after.contains(line), "{line}\nin\n{after}");
        }
    }
}

#[test]
fn code_that_is_not_understood_is_left_alone() {
    let server = |app: &str| {
        format!(
            "use actix_web::{{App, HttpServer}};\n\
             #[actix_web::main]\n\
             async fn main() -> std::io::Result<()> {{\n    \
                 HttpServer::new({app}).bind(\"localhost:8080\")?.run().await\n\
             }}\n"
        )
    };
    let twice = server("|| App::new()").replace(
        "    Http",
        "    drop(HttpServer::new(|| App::new()));\n    Http",
    );
    let sync = server("|| App::new()")
        .replace("async fn", "fn")
        .replace("#[actix_web::main]\n", "");
    let conditional =
        server("|| App::new()").replace("    Http", "    #[cfg(unix)]\n    return Http");
    let in_macro = "macro_rules! serve {\n    () => { actix_web::HttpServer::new(|| actix_web::App::new()) };\n}\nfn main() {\n    serve!();\n}\n";
    for (main, reason) in [
        (
            server("|| build!()"),
            "it can't be told how the closure that is given",
        ),
        (
            server("move || if true { App::new() } else { App::new() }"),
            "several times",
        ),
        (server("factory"), "it can't be told which closure"),
        (
            server("|| elsewhere::app()"),
            "it can't be told how the closure that is given",
        ),
        (
            server("|| App::new()").replace("actix_web::{App", "ntex::web::{App"),
            "Actix-web's `HttpServer::new` isn't called outside of macros",
        ),
        (
            twice,
            "several calls of `HttpServer::new` (src/main.rs:4 and src/main.rs:5)",
        ),
        (sync, "isn't `async`"),
        (conditional, "under a condition"),
        (
            in_macro.to_owned(),
            "Actix-web's `HttpServer::new` isn't called outside of macros",
        ),
        (
            "fn main() {}\n".to_owned(),
            "nothing in src/ calls `HttpServer::new`",
        ),
        ("fn main() {\n".to_owned(), "src/main.rs"),
    ] {
        is_refused(&app(&main), reason);
    }
}

#[test]
fn the_lines_go_after_what_gives_the_app() {
    // The closure that the server is given, and after what the calls belong.
    for (closure, after) in [
        ("|| build!()", "build!()"),
        ("|| { build!(1, \"a\") }", "build!(1, \"a\")"),
        ("move || build!().wrap(Logger::default())", "build!()"),
        ("|| elsewhere::app(1).service(menu)", "elsewhere::app(1)"),
        (
            "|| if true { App::new() } else { App::new() }",
            "App::new()",
        ),
        ("|| build!(\n    1\n)", "App::new()"),
    ] {
        let server = format!("HttpServer::new({closure})");
        let room = app(&MAIN.replace("HttpServer::new(|| App::new().service(menu))", &server));
        let expected = format!(
            "directly after `{after}`, in the closure that `HttpServer::new` is given, which has \
             to be a `move` closure:\n    .wrap(oidc.middleware())\n"
        );
        let told = is_refused(&room, "can't be edited safely");
        assert!(told.contains(&expected), "{closure}: {told}");
        let by_hand = printed(&init(&room, &["--by-hand"]).assert().success());
        assert!(by_hand.contains(&expected), "{closure}: {by_hand}");
    }
}

#[test]
fn by_hand_everything_but_the_code_is_written_and_the_lines_are_printed() {
    let main = MAIN.replace("HttpServer::new(|| App::new().service(menu))", "server!()");
    let room = app(&main);
    let told = is_refused(&room, "can't be edited safely");
    assert!(told.contains("    vestibule init --by-hand\n"), "{told}");
    let output = init(&room, &["--by-hand"]).assert().success();
    output.stdout_eq(str![[r#"
To do by hand:

with the other modules in src/main.rs:
    mod account;
    mod hooks;

before `HttpServer::new`, where `.await` is allowed:
    let oidc = crate::hooks::start().await?;

directly after `App::new()`, in the closure that `HttpServer::new` is given, which has to be a `move` closure:
    .wrap(oidc.middleware())
    .configure(oidc.routes())
    .configure(oidc.protected(crate::account::protected))

Next:
  cargo run               # then open http://127.0.0.1:3000/account
Sign in as alice or bob, without a password. What you can do now is in crates/vestibule/README.md.
Of the other routes, say who may reach them: `vestibule routes` shows which are undecided.
A release build needs the settings in .env.example.

"#]]);
    assert_eq!(room.read("app/src/main.rs"), main);
    assert!(room.join("app/src/hooks.rs").is_file());
    room.keeps(init(&room, &[])).success();
}

#[test]
fn what_is_no_actix_app_is_refused_by_name() {
    let with = |dependency: &str| MANIFEST.replace("actix-web = \"4\"", dependency);
    for (manifest, reason) in [
        (with("axum = \"0.8\""), "this app is made with axum"),
        (with("anyhow = \"1\""), "doesn't depend on actix-web"),
        (with("actix-web = \"3\""), "it depends on actix-web 3"),
        (
            with("actix-web = \"=4.4.1\""),
            "it depends on actix-web =4.4.1",
        ),
        (
            with("actix-web = { version = \">=4, <4.10\" }"),
            "needs 4.18 or newer",
        ),
        (
            with("actix-web = { git = \"https://example.com\" }"),
            "not the one of crates.io",
        ),
        (
            with("actix-web = \"4\"\nshuttle-actix-web = \"0.56\""),
            "Shuttle",
        ),
        (
            with("actix-web = \"4\"\nvestibule = \"0.1\""),
            "depends on vestibule already",
        ),
    ] {
        is_refused(&app_with(&manifest, MAIN), reason);
    }
    let room = app(MAIN);
    room.write(
        "app/rust-toolchain.toml",
        "[toolchain]\nchannel = \"1.75\"\n",
    );
    is_refused(&room, "Rust 1.75");

    let nowhere = Room::new();
    nowhere
        .keeps(nowhere.vestibule(&["init"]))
        .code(1)
        .stderr_eq(str![[r#"
error: neither this folder nor one above has a Cargo.toml
hint: go to the folder of an Actix-web app, or make one: `vestibule new`

"#]]);
}

#[test]
fn manifests_keep_their_comments_and_their_order() {
    let start = "[package]\nname = \"menu\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n";
    let rest = "\n[features]\n# none\ndefault = []\n";
    for (dependencies, after) in [
        // Sorted: each in its place.
        (
            "[dependencies]\nactix-web = \"4\"\nzip = \"2\" # last\n",
            "[dependencies]\nactix-web = \"4\"\n+\n+\n+\nzip = \"2\" # last\n",
        ),
        // Not sorted: at the end.
        (
            "[dependencies]\nzip = \"2\"\n\n# web\nactix-web = \"4\"\n",
            "[dependencies]\nzip = \"2\"\n\n# web\nactix-web = \"4\"\n+\n+\n+\n",
        ),
        // Inherited, and dotted.
        (
            "[dependencies]\nactix-web.workspace = true\n",
            "[dependencies]\nactix-web.workspace = true\n+\n+\n+\n",
        ),
    ] {
        for end in ["\n", "\r\n"] {
            let text =
                |dependencies: &str| format!("{start}{dependencies}{rest}").replace('\n', end);
            let room = app_with(&text(dependencies), MAIN);
            init(&room, &[]).assert().success();
            let added = ["# Signing in", "vestibule = {", "vestibule-dev = {"];
            let now = room.read("app/Cargo.toml");
            let now: Vec<String> = now
                .split_inclusive(end)
                .map(|line| match added.iter().any(|it| line.starts_with(it)) {
                    true => format!("+{end}"),
                    false => line.to_owned(),
                })
                .collect();
            assert_eq!(now.concat(), text(after));
        }
    }
    let split = format!("{start}[dependencies.actix-web]\nversion = \"4\"\n{rest}");
    let room = app_with(&split, MAIN);
    init(&room, &[]).assert().success();
    let now = room.read("app/Cargo.toml");
    assert!(
        split
            .lines()
            .all(|line| now.lines().any(|other| other == line)),
        "{now}"
    );
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["read-manifest"])
        .current_dir(room.join("app"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    assert_eq!(
        metadata["dependencies"].as_array().unwrap().len(),
        3,
        "{now}"
    );
}

#[test]
fn what_can_not_be_added_to_a_manifest_is_pasted() {
    let inline = "dependencies = { actix-web = \"4\" }\n\n[package]\nname = \"menu\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let told = is_refused(&app_with(inline, MAIN), "Cargo.toml can't be edited safely");
    let start = "    vestibule = { version = ";
    assert!(told.contains(start), "{told}");
    let pasted = inline.replace(
        "\"4\" }",
        "\"4\", vestibule = { path = \"crates/vestibule\" }, vestibule-dev = { path = \"crates/vestibule-dev\" } }",
    );
    let room = app_with(&pasted, MAIN);
    init(&room, &[]).assert().success();
    assert_eq!(room.read("app/Cargo.toml"), pasted);
}

#[test]
fn the_sign_in_goes_where_the_app_has_no_paths() {
    let with = |service: &str| MAIN.replace(".service(menu)", service);
    for (main, page) in [
        (MAIN.to_owned(), "/account"),
        (
            with(".route(\"/login\", web::get().to(menu))"),
            "/auth/account",
        ),
        (with(".service(web::resource(\"login\"))"), "/auth/account"),
        (
            MAIN.replace("get(\"/\")", "get(\"/logged-out\")"),
            "/auth/account",
        ),
        // These would take its paths.
        (
            with(".route(\"/{name}\", web::get().to(menu))"),
            "/auth/account",
        ),
        (
            with(".service(Files::new(\"/\", \"dist\"))"),
            "/auth/account",
        ),
        (with(".default_service(web::to(menu))"), "/auth/account"),
        (
            with(".route(\"/{tail:.*}\", web::get().to(menu))"),
            "/auth/account",
        ),
        // These wouldn't.
        (
            with(".route(\"/a/{name}\", web::get().to(menu))"),
            "/account",
        ),
        (
            with(".service(Files::new(\"/static\", \"dist\"))"),
            "/account",
        ),
        // The next best place.
        (
            with(".route(\"/login\", web::get().to(menu)).service(web::scope(\"/auth\"))"),
            "/sign-in/account",
        ),
    ] {
        let room = app(&main);
        let printed = printed(&init(&room, &[]).assert().success());
        assert!(
            printed.contains(&format!(":3000{page}\n")),
            "{main}\n{printed}"
        );
        let code = room.read("app/src/account.rs");
        assert!(
            code.contains(&format!("config.route(\"{page}\", ")),
            "{code}"
        );
        let prefix = page.trim_end_matches("/account");
        let hooks = room.read("app/src/hooks.rs");
        assert_eq!(
            hooks.contains(&format!(".routes_under(\"{prefix}\")")),
            !prefix.is_empty(),
            "{hooks}"
        );
    }
    let all = with(
        ".service(web::scope(\"/auth\")).service(web::scope(\"/sign-in\"))\
         .service(web::scope(\"/oidc\")).default_service(web::to(menu))",
    );
    is_refused(&app(&all), "paths of its own below");
}

#[test]
fn routes_that_would_not_be_reached_are_not_added() {
    let main = "use actix_web::{App, HttpServer, web};\n\
        fn app() -> App<Anything> {\n    \
            App::new().default_service(web::to(|| async { \"\" }))\n\
        }\n\
        #[actix_web::main]\n\
        async fn main() -> std::io::Result<()> {\n    \
            HttpServer::new(|| app().route(\"/{all:.*}\", web::get().to(all))).bind(\"localhost:8080\")?.run().await\n\
        }\n";
    is_refused(&app(main), "takes every path");
}

#[test]
fn names_that_are_taken_are_left_to_the_app() {
    let room = app(&format!("mod hooks;\n{MAIN}"));
    room.write("app/src/hooks.rs", "//! For Git.\n");
    room.write("app/src/account/mod.rs", "//! Money.\n");
    init(&room, &[]).assert().success();
    let main = room.read("app/src/main.rs");
    for line in [
        "mod hooks;\nmod sign_in_hooks;\nmod signed_in;\n",
        "sign_in_hooks::start().await?",
        "signed_in::protected",
    ] {
        assert!(main.contains(line), "{main}");
    }
    assert!(
        room.read("app/src/signed_in.rs")
            .contains("use crate::sign_in_hooks::User;")
    );
    assert_eq!(room.read("app/src/hooks.rs"), "//! For Git.\n");
    assert!(
        room.read("app/Cargo.toml")
            .contains("# Signing in: src/sign_in_hooks.rs")
    );
}

#[test]
fn the_modules_are_declared_in_the_crate_that_has_the_server() {
    let room = app(
        "#[tokio::main]\nasync fn main() -> std::io::Result<()> {\n    menu::startup::run().await\n}\n",
    );
    room.write("app/src/lib.rs", "//! The menu.\n\npub mod startup;\n");
    let startup = MAIN
        .replace("#[actix_web::main]\n", "")
        .replace("async fn main", "pub async fn run");
    room.write("app/src/startup.rs", &startup);
    init(&room, &[]).assert().success();
    assert_eq!(
        room.read("app/src/lib.rs"),
        "//! The menu.\n\npub mod account;\npub mod hooks;\npub mod startup;\n"
    );
    let startup = room.read("app/src/startup.rs");
    assert!(
        startup.contains("    let oidc = crate::hooks::start().await?;\n"),
        "{startup}"
    );
    assert!(
        startup.contains(".protected(crate::account::protected))\n"),
        "{startup}"
    );
    // The routes of the app are read as ever.
    let routes = room.vestibule(&["routes"]).current_dir(room.join("app"));
    let routes = printed(&routes.assert().success());
    assert!(routes.contains("/account"), "{routes}");
    let check = room
        .vestibule(&["routes", "--check"])
        .current_dir(room.join("app"));
    let told = told(&check.assert().failure());
    assert!(told.contains("GET / has no guard"), "{told}");
}

#[test]
fn a_layout_of_its_own_is_kept() {
    let main = MAIN.replace("    ", "\t").replace('\n', "\r\n");
    let after = edited(&main);
    assert!(
        after.contains("\r\n\tlet oidc = hooks::start().await?;\r\n\t// The menu"),
        "{after}"
    );
    let lines = "move || App::new()\r\n\t\t.wrap(oidc.middleware())\r\n";
    assert!(after.contains(lines), "{after}");
    assert!(!after.replace("\r\n", "").contains('\n'), "{after}");
}

#[test]
fn the_address_is_read_from_the_code() {
    for (bind, address) in [
        ("bind(\"0.0.0.0:8000\")", "http://localhost:8000"),
        ("bind((\"::1\", 8000))", "http://[::1]:8000"),
        ("bind((Ipv4Addr::UNSPECIFIED, 80))", "http://localhost:80"),
        (
            "bind_rustls_0_23(\"127.0.0.1:8443\", config)",
            "https://127.0.0.1:8443",
        ),
    ] {
        let room = app(&MAIN.replace("bind((\"127.0.0.1\", 3000))", bind));
        init(&room, &[]).assert().success();
        let hooks = room.read("app/src/hooks.rs");
        assert!(hooks.contains(&format!("Some(\"{address}\")")), "{hooks}");
    }
}

#[test]
fn a_crate_may_begin_outside_of_src() {
    let manifest = MANIFEST.replace(
        "[dependencies]",
        "[[bin]]\nname = \"menu\"\npath = \"menu.rs\"\n\n[dependencies]",
    );
    let room = Room::new();
    room.write("app/Cargo.toml", &manifest);
    room.write("app/menu.rs", MAIN);
    init(&room, &[]).assert().success();
    assert!(
        room.read("app/menu.rs")
            .contains("\nmod account;\nmod hooks;\n")
    );
    assert!(room.join("app/hooks.rs").is_file());
}

#[test]
fn the_port_is_asked_for_where_the_code_does_not_tell() {
    let main = MAIN.replace("3000", "port()");
    let room = app(&main);
    let output = room.keeps(init(&room, &["--dry-run"])).success();
    drop(output);
    let output = init(&room, &[]).assert().success();
    assert!(told(&output).contains("it can't be told where the app listens"));
    let room = app(&main);
    let output = init(&room, &["--port", "4000"]).assert().success();
    assert!(printed(&output).contains("http://localhost:4000/account"));
    assert!(!told(&output).contains("can't be told"));
    assert!(
        room.read("app/src/hooks.rs")
            .contains("http://localhost:4000")
    );
    room.keeps(init(&app(&main), &["--port", "0"])).code(2);
}

#[test]
fn old_versions_in_the_lock_file_are_told() {
    let room = app(MAIN);
    let package = |name: &str, version: &str, rest: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}\n")
    };
    let lock = [
        package("actix-web", "4.4.1", ""),
        package("redis", "0.27.6", ""),
        package(
            "rustls",
            "0.23.10",
            "dependencies = [\n \"aws-lc-rs\",\n \"once_cell 1.2.3\",\n]\n",
        ),
    ];
    room.write(
        "app/Cargo.lock",
        &format!("version = 4\n\n{}", lock.concat()),
    );
    let told = told(&init(&room, &[]).assert().success());
    for note in [
        "actix-web 4.4.1",
        "redis 0.27.6",
        "aws_lc_rs::default_provider()",
    ] {
        assert!(told.contains(note), "{told}");
    }
}

#[test]
fn a_workspace_names_its_apps_and_has_the_crates_once() {
    let room = Room::new();
    room.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"apps/*\", \"tools\"]\nresolver = \"3\"\n\n\
         [workspace.dependencies]\nactix-web = \"4\"\n",
    );
    let manifest = MANIFEST.replace("actix-web = \"4\"", "actix-web = { workspace = true }");
    for name in ["api", "site"] {
        room.write(
            &format!("apps/{name}/Cargo.toml"),
            &manifest.replace("menu", name),
        );
        room.write(&format!("apps/{name}/src/main.rs"), MAIN);
    }
    room.write(
        "tools/Cargo.toml",
        "[package]\nname = \"tools\"\nversion = \"0.1.0\"\n",
    );
    room.keeps(room.vestibule(&["init"]))
        .code(3)
        .stderr_eq(str![[r#"
error: sign-in can't be brought in: this folder is a workspace, not a package
hint: nothing was written; run it in one of these: apps/api, apps/site

"#]]);
    let init = |folder: &str| room.vestibule(&["init"]).current_dir(room.join(folder));
    let told_first = told(&init("apps/api/src").assert().success());
    assert!(
        told_first.contains("add \"apps/api/crates\" to `exclude`"),
        "{told_first}"
    );
    init("apps/site").assert().success();
    assert!(room.join("apps/api/crates/vestibule/src/lib.rs").is_file());
    assert!(!room.join("apps/site/crates").exists());
    let site = room.read("apps/site/Cargo.toml");
    assert!(
        site.contains("path = \"../api/crates/vestibule\""),
        "{site}"
    );

    room.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"apps/*\"]\n\n[workspace.dependencies]\nactix-web = \"3\"\n",
    );
    fs::remove_file(room.join("apps/site/vestibule.toml")).unwrap();
    let told = told(&init("apps/site").assert().code(3));
    assert!(told.contains("actix-web 3"), "{told}");
}

#[test]
fn crates_that_are_there_are_kept_or_in_the_way() {
    let room = app(MAIN);
    room.write("app/crates/vestibule/src/lib.rs", "//! Mine.\n");
    is_refused(
        &room,
        "crates/vestibule/src/lib.rs is there, and is another one",
    );
}

#[test]
fn views_have_no_originals_there() {
    let room = app(MAIN);
    room.write("app/src/lib.rs", "");
    init(&room, &[]).assert().success();
    let reset = room
        .vestibule(&["view", "reset", "home"])
        .current_dir(room.join("app"));
    room.keeps(reset).code(3).stderr_eq(str![[r#"
error: the app wasn't made from the template, so there are no originals
hint: `vestibule init` brought sign-in into it; what it was like before, git knows

"#]]);
}
