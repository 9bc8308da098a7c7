//! `add route` and `remove route` in apps that had routes before `vestibule init`: the route is
//! registered as the app registers its own, or refused with the lines. That such apps build then is
//! seen in `tests/init`.

use serde_json::{Value, json};
use snapbox::cmd::{Command, OutputAssert};
use snapbox::{IntoData as _, str};

use crate::support::{Room, Tree, assert_files_formatted};

const MANIFEST: &str = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                        [dependencies]\nactix-web = \"4\"\nserde = \"1\"\nserde_json = \"1\"\n";

/// A room with an app whose `App` is put together so, into which sign-in was brought.
fn app(routes: &str, files: &[(&str, &str)]) -> Room {
    let room = Room::new();
    room.write("app/Cargo.toml", MANIFEST);
    let modules: String = files
        .iter()
        .filter_map(|(path, _)| path.strip_prefix("src/")?.split(['/', '.']).next())
        .map(|name| format!("mod {name};\n"))
        .collect();
    room.write(
        "app/src/main.rs",
        &format!(
            "use actix_web::{{App, HttpServer, get, web}};\n\n{modules}\n\
             #[get(\"/\")]\nasync fn front() -> &'static str {{\n    \"open\"\n}}\n\n\
             #[actix_web::main]\nasync fn main() -> std::io::Result<()> {{\n    \
                 HttpServer::new(|| App::new(){routes})\n        \
                     .bind((\"localhost\", 8080))?\n        .run()\n        .await\n}}\n"
        ),
    );
    for (path, text) in files {
        room.write(&format!("app/{path}"), text);
    }
    let init = room.vestibule(&["init"]).current_dir(room.join("app"));
    init.assert().success();
    room
}

/// A config function with routes by calls, and one with routes by attributes.
const CALLS: (&str, &str) = (
    "src/goods.rs",
    "use actix_web::web;\n\n\
     /// All of it.\n\
     pub fn configure(cfg: &mut web::ServiceConfig) {\n    \
         cfg.route(\"/goods\", web::get().to(list))\n        \
             .route(\"/goods\", web::post().to(list));\n}\n\n\
     async fn list() -> &'static str {\n    \"chairs\"\n}\n",
);
const ATTRIBUTES: (&str, &str) = (
    "src/routes/mod.rs",
    "use actix_web::{get, web::ServiceConfig};\n\n\
     pub fn init(cfg: &mut ServiceConfig) {\n    cfg.service(list);\n}\n\n\
     #[get(\"/goods\")]\nasync fn list() -> &'static str {\n    \"chairs\"\n}\n",
);

fn vestibule(room: &Room, command: &str, arguments: &[&str]) -> Command {
    let run = room.vestibule(&[command, "route"]).args(arguments);
    run.current_dir(room.join("app"))
}

fn told(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

/// What the table says of a path.
fn access(room: &Room, path: &str) -> Value {
    let listed = room
        .vestibule(&["routes", "--json"])
        .current_dir(room.join("app"));
    let listed = listed.assert().success();
    let listed: Value = serde_json::from_slice(&listed.get_output().stdout).unwrap();
    let mut routes = listed["routes"].as_array().unwrap().iter();
    let route = routes.find(|route| route["path"] == path);
    route.unwrap_or_else(|| panic!("{path}: {listed}"))["access"].clone()
}

fn signed_in() -> Value {
    json!({ "who": "signed_in", "roles": [], "fresh_seconds": null, "guards": [] })
}

/// Adds a route, sees that it is there as asked and that the same again does nothing, and removes it:
/// everything is as before, byte for byte.
fn comes_and_goes(room: &Room, arguments: &[&str], path: &str, expected: &Value) -> Tree {
    let before = room.tree();
    vestibule(room, "add", arguments).assert().success();
    let with_it = room.tree();
    assert_eq!(access(room, path), *expected);
    assert_files_formatted(&room.join("app"), |path| {
        !path.starts_with("crates") && !path.ends_with("main.rs")
    });
    let again = room.keeps(vestibule(room, "add", arguments)).success();
    assert!(told(&again).contains("already exists; nothing to do"));
    vestibule(room, "remove", &arguments[..1])
        .assert()
        .success();
    let after = room.tree();
    let differs = |path: &&std::path::PathBuf| after.get(*path) != before.get(*path);
    let different: Vec<_> = before.keys().chain(after.keys()).filter(differs).collect();
    assert!(different.is_empty(), "not as before: {different:?}");
    with_it
}

/// The text of a file.
fn text(tree: &Tree, path: &str) -> String {
    let file = tree.get(std::path::Path::new(path));
    let bytes = file.unwrap_or_else(|| panic!("{path}: {:?}", tree.keys()));
    String::from_utf8(bytes.clone().unwrap()).unwrap()
}

#[test]
fn a_function_with_calls_gets_a_call() {
    let room = app(".configure(goods::configure)", &[CALLS]);
    let tree = comes_and_goes(&room, &["price-list"], "/price-list", &signed_in());
    let goods = text(&tree, "app/src/goods.rs");
    assert!(
        goods.starts_with("use actix_web::web;\n\nmod price_list;\n\n"),
        "{goods}"
    );
    assert!(
        goods.contains("web::post().to(list));\n    cfg.route(\"/price-list\", web::get().to(price_list::show));\n}\n"),
        "{goods}"
    );
    snapbox::assert_data_eq!(
        text(&tree, "app/src/goods/price_list.rs"),
        str![[r#"
//! `/price-list`: a page for people who are signed in.

use actix_web::web::Html;

use crate::hooks::User;

/// Shows the page.
pub async fn show(_: User) -> Html {
    Html::new("<!doctype html><title>Price list</title><h1>Price list</h1>")
}

"#]]
        .raw()
    );
}

#[test]
fn a_function_with_attributes_gets_a_service() {
    let room = app(".configure(routes::init)", &[ATTRIBUTES]);
    let tree = comes_and_goes(
        &room,
        &["prices", "--path", "/prices/{of}"],
        "/prices/{of}",
        &signed_in(),
    );
    let table = text(&tree, "app/src/routes/mod.rs");
    assert!(
        table.contains("    cfg.service(list);\n    cfg.service(prices::show);\n}\n"),
        "{table}"
    );
    let handler = text(&tree, "app/src/routes/prices.rs");
    assert!(
        handler.contains("use actix_web::{get, web::Html};\n"),
        "{handler}"
    );
    assert!(
        handler.contains("#[get(\"/prices/{of}\")]\npub async fn show(_: User) -> Html {\n"),
        "{handler}"
    );
    // With JSON, other methods and other guards.
    for (arguments, path, expected) in [
        (&["stock", "--json"][..], "/stock", signed_in()),
        (
            &["stock", "--json", "--method=DELETE"],
            "/stock",
            signed_in(),
        ),
        (
            &["stock", "--fresh", "5"],
            "/stock",
            json!({ "who": "signed_in", "roles": [], "fresh_seconds": 300, "guards": [] }),
        ),
        (
            &["stock", "--role", "buyer"],
            "/stock",
            json!({ "who": "signed_in", "roles": ["buyer"], "fresh_seconds": null, "guards": [] }),
        ),
    ] {
        comes_and_goes(&room, arguments, path, &expected);
    }
}

#[test]
fn a_route_below_a_scope_gets_its_prefix() {
    let scope = ".service(web::scope(\"/api\").configure(routes::init))";
    let room = app(scope, &[ATTRIBUTES]);
    let tree = comes_and_goes(&room, &["prices"], "/api/prices", &signed_in());
    assert!(text(&tree, "app/src/routes/prices.rs").contains("#[get(\"/prices\")]\n"));
    let outside = vestibule(&room, "add", &["prices", "--path", "/prices"]);
    let outside = told(&room.keeps(outside).code(2));
    assert!(outside.contains("must start with `/api/`"), "{outside}");
}

#[test]
fn where_no_function_is_the_only_one_it_goes_where_the_pages_are() {
    for (routes, files) in [
        (".service(front)", &[][..]),
        (
            ".configure(goods::configure).configure(routes::init)",
            &[CALLS, ATTRIBUTES],
        ),
        (
            ".configure(|cfg: &mut web::ServiceConfig| { cfg.service(front); })",
            &[],
        ),
    ] {
        let room = app(routes, files);
        let tree = comes_and_goes(&room, &["reports"], "/reports", &signed_in());
        let account = text(&tree, "app/src/account.rs");
        assert!(
            account.contains("    config.route(\"/reports\", web::get().to(reports::show));\n}\n"),
            "{account}"
        );
    }
}

#[test]
fn everybody_gets_in_where_the_table_says_so() {
    let room = app(".configure(goods::configure)", &[CALLS]);
    let open = ["offers", "--public"];
    let refused = told(&room.keeps(vestibule(&room, "add", &open)).code(3));
    for lines in [
        "there isn't exactly one function that `oidc.public(…)` mounts",
        "nothing was written",
        "    .configure(oidc.public(|config: &mut vestibule::PublicConfig| {\n        config.route(\"/offers\", web::get()",
        "    async fn offers() -> &'static str {\n",
    ] {
        assert!(refused.contains(lines), "{lines}: {refused}");
    }
    let main = room.read("app/src/main.rs");
    let declared = main.replace("(goods::configure)", "(oidc.public(goods::configure))");
    assert_ne!(main, declared);
    room.write("app/src/main.rs", &declared);
    let everybody = json!({ "who": "everybody", "declared": true });
    let tree = comes_and_goes(&room, &open, "/offers", &everybody);
    assert!(text(&tree, "app/src/goods/offers.rs").contains("pub async fn show() -> Html {\n"));
    comes_and_goes(&room, &["reports"], "/reports", &signed_in());
}

#[test]
fn what_it_can_not_be_sure_of_is_refused_with_the_lines() {
    let room = app(".configure(goods::configure)", &[CALLS]);
    let refuses = |arguments: &[&str], reasons: &[&str]| {
        let told = told(&room.keeps(vestibule(&room, "add", arguments)).code(3));
        for reason in reasons {
            assert!(told.contains(reason), "{reason}: {told}");
        }
    };
    refuses(
        &["feedback", "--form"],
        &[
            "it has no views of its own that a form would fit into",
            "    config.route(\"/feedback\", web::get().to(feedback));\n",
            "    use crate::hooks::{Account, User};\n",
            "    async fn receive_feedback(form: vestibule::SignedForm<Fields, Account>) -> String {\n",
        ],
    );
    refuses(
        &["stock", "--path", "/goods"],
        &["already answers GET /goods"],
    );
    refuses(
        &["goods"],
        &["`src/main.rs::goods::list` already answers GET /goods"],
    );
    // The function ends before its end, or may.
    let goods = room.read("app/src/goods.rs");
    let leaves = "{\n    if std::env::var(\"CLOSED\").is_ok() {\n        return;\n    }\n    cfg";
    room.write("app/src/goods.rs", &goods.replace("{\n    cfg", leaves));
    refuses(
        &["stock"],
        &[
            "src/goods.rs can't be edited safely",
            "in the module `goods`, next to the other modules:\n    pub mod stock;\n",
            "        actix_web::web::get().to(crate::goods::stock::show),\n",
            "    pub async fn show(_: User) -> Html {\n",
        ],
    );
    room.write("app/src/goods.rs", &goods);
    // There is nothing to write JSON with.
    let manifest = room.read("app/Cargo.toml");
    room.write(
        "app/Cargo.toml",
        &manifest.replace("serde_json = \"1\"\n", ""),
    );
    refuses(
        &["stock", "--json"],
        &["`serde_json` isn't among the dependencies"],
    );
    room.write("app/Cargo.toml", &manifest);
    vestibule(&room, "add", &["stock"]).assert().success();
}

#[test]
fn a_handler_in_another_crate_than_the_hooks_gets_no_guard_there() {
    let room = Room::new();
    room.write("app/Cargo.toml", MANIFEST);
    let (_, goods) = CALLS;
    room.write("app/src/lib.rs", goods);
    room.write(
        "app/src/main.rs",
        "use actix_web::{App, HttpServer};\n\n\
         #[actix_web::main]\nasync fn main() -> std::io::Result<()> {\n    \
             HttpServer::new(|| App::new().configure(shop::configure))\n        \
                 .bind((\"localhost\", 8080))?\n        .run()\n        .await\n}\n",
    );
    let init = room.vestibule(&["init"]).current_dir(room.join("app"));
    init.assert().success();
    // It would get a `User` with another context than that of the hooks.
    let tree = comes_and_goes(&room, &["reports"], "/reports", &signed_in());
    text(&tree, "app/src/account/reports.rs");
}

#[test]
fn what_was_edited_or_is_used_stays() {
    let room = app(".configure(routes::init)", &[ATTRIBUTES]);
    vestibule(&room, "add", &["prices"]).assert().success();
    let path = "app/src/routes/prices.rs";
    let written = room.read(path);
    for (from, to) in [
        ("Html::new(", "Html::new(\"<p>\".to_owned() + "),
        (
            "#[get(\"/prices\")]",
            "#[get(\"/prices\", name = \"prices\")]",
        ),
        (
            "_: User",
            "_: vestibule::Fresh<300, crate::hooks::Account>, _: User",
        ),
    ] {
        assert!(written.contains(from));
        room.write(path, &written.replace(from, to));
        let told = told(&room.keeps(vestibule(&room, "remove", &["prices"])).code(3));
        assert!(
            told.contains("src/routes/prices.rs isn't as `add route` wrote it"),
            "{told}"
        );
    }
    room.write(path, &written);
    let table = room.read("app/src/routes/mod.rs");
    room.write(
        "app/src/routes/mod.rs",
        &format!("{table}\npub use prices::show as prices_page;\n"),
    );
    let used = told(&room.keeps(vestibule(&room, "remove", &["prices"])).code(3));
    assert!(used.contains("src/routes/mod.rs:15 names it"), "{used}");
    // Nor is anything removed that the app had before.
    let other = app(".configure(goods::configure)", &[CALLS]);
    let own = told(&other.keeps(vestibule(&other, "remove", &["goods"])).code(3));
    assert!(own.contains("the route can't be removed"), "{own}");
}
