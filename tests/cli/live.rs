//! `routes --live`: the table read from source against the one that the running app has. Here the
//! app is played; that a real one agrees is tested by `tests/added-routes`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::{Value, json};
use snapbox::cmd::Command;

use crate::support::Room;

fn routes(room: &Room, arguments: &[&str]) -> Command {
    room.vestibule(&["routes"])
        .args(arguments)
        .env_remove("APP_BASE_URL")
        .current_dir(room.join("app"))
}

/// What an app would say of itself that does all that its source says.
fn as_in_the_source(room: &Room) -> Value {
    let output = routes(room, &["--json"]).assert().success();
    let table: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let routes = table["routes"].as_array().unwrap().iter();
    let routes = routes.filter(|route| route["default"] == false);
    let routes: Vec<Value> = routes
        .map(|route| {
            json!({
                "method": route["method"],
                "path": route["path"],
                "access": route["access"],
                "is_complete": true,
            })
        })
        .collect();
    json!({ "base_path": "", "routes": routes })
}

fn add(live: &mut Value, method: &str, path: &str, access: Value) {
    let route = json!({ "method": method, "path": path, "access": access, "is_complete": true });
    live["routes"].as_array_mut().unwrap().push(route);
}

fn remove(live: &mut Value, method: &str, path: &str) {
    let routes = live["routes"].as_array_mut().unwrap();
    let before = routes.len();
    routes.retain(|route| route["method"] != method || route["path"] != path);
    assert_eq!(routes.len(), before - 1);
}

fn change(live: &mut Value, method: &str, path: &str, name: &str, value: Value) {
    let routes = live["routes"].as_array_mut().unwrap();
    let route = routes
        .iter_mut()
        .find(|route| route["method"] == method && route["path"] == path);
    route.unwrap()[name] = value;
}

fn everybody() -> Value {
    json!({ "who": "everybody", "declared": true })
}

fn signed_in() -> Value {
    json!({ "who": "signed_in", "roles": [], "fresh_seconds": null, "guards": [] })
}

/// What the command says of the app, with its exit code.
fn compare(room: &Room, live: &Value) -> (Option<i32>, String) {
    room.write("app/live.json", &live.to_string());
    let output = room.keeps(routes(room, &["--live", "live.json"]));
    let output = output.get_output();
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    (output.status.code(), told)
}

#[test]
fn an_app_that_does_what_its_source_says_passes() {
    let room = Room::with_app();
    let (code, told) = compare(&room, &as_in_the_source(&room));
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the running app has these routes"), "{told}");
}

/// Which providers there are is in the settings, and not in the source.
#[test]
fn the_callbacks_of_several_providers_are_one_page() {
    const CALLBACK: &str = "/authorization-code/callback";
    let room = Room::with_app();
    let mut live = as_in_the_source(&room);
    remove(&mut live, "GET", CALLBACK);
    add(&mut live, "GET", &format!("{CALLBACK}/google"), everybody());
    add(&mut live, "GET", &format!("{CALLBACK}/entra"), everybody());
    add(&mut live, "POST", &format!("{CALLBACK}/entra"), everybody());
    let (code, told) = compare(&room, &live);
    assert_eq!(code, Some(0), "{told}");
    // What is no callback there is still told.
    add(
        &mut live,
        "GET",
        &format!("{CALLBACK}/entra/more"),
        everybody(),
    );
    add(&mut live, "GET", &format!("{CALLBACK}/more"), signed_in());
    let (code, told) = compare(&room, &live);
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(told.matches("callback").count(), 2, "{told}");
}

#[test]
fn whatever_differs_is_told_with_both_sides() {
    let room = Room::with_app();
    let same = as_in_the_source(&room);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut live = same.clone();
        change(&mut live);
        compare(&room, &live)
    };
    let by = |path: &'static str, access: Value| {
        changed(&move |live| change(live, "GET", path, "access", access.clone()))
    };
    let undeclared = || json!({ "who": "everybody", "declared": false });
    let cases = [
        (
            changed(&|live| add(live, "GET", "/hidden", everybody())),
            "GET /hidden: only the running app has it (everybody)",
        ),
        (
            changed(&|live| add(live, "DELETE", "/profile", signed_in())),
            "DELETE /profile: only the running app has it (signed in)",
        ),
        (
            changed(&|live| add(live, "*", "/profile", signed_in())),
            "* /profile: only the running app has it (signed in)",
        ),
        (
            changed(&|live| remove(live, "GET", "/profile")),
            "GET /profile: only the source has it (signed in)",
        ),
        // What only debug builds have is in every app that can be asked.
        (
            changed(&|live| remove(live, "GET", "/dev/views")),
            "GET /dev/views: only the source has it (everybody)",
        ),
        (
            by("/profile", everybody()),
            "GET /profile: by the source signed in, in the running app everybody",
        ),
        (
            by("/profile", undeclared()),
            "GET /profile: by the source signed in, in the running app undecided",
        ),
        (
            by("/", undeclared()),
            "GET /: by the source everybody, in the running app undecided",
        ),
        (
            by("/", signed_in()),
            "GET /: by the source everybody, in the running app signed in",
        ),
        (
            by("/admin", signed_in()),
            "GET /admin: by the source role admin, in the running app signed in",
        ),
        (
            by(
                "/admin",
                json!({ "who": "signed_in", "roles": ["auditor"], "fresh_seconds": null, "guards": [] }),
            ),
            "GET /admin: by the source role admin, in the running app role auditor",
        ),
        (
            by(
                "/profile",
                json!({ "who": "signed_in", "roles": [], "fresh_seconds": 60, "guards": [] }),
            ),
            "GET /profile: by the source signed in, in the running app fresh 1 min",
        ),
        (
            by(
                "/profile",
                json!({ "who": "unknown", "reason": "nothing answers", "guarded": false }),
            ),
            "GET /profile: by the source signed in, in the running app not known: nothing answers",
        ),
    ];
    for ((code, told), expected) in cases {
        assert_eq!(code, Some(1), "{expected}: {told}");
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn every_kind_of_guard_is_compared() {
    let room = Room::with_app();
    let table = room.read("app/src/routes/mod.rs");
    let protected = "pub fn protected(cfg: &mut ProtectedConfig) {";
    let handler = "pub struct Strong;\n\npub async fn pay(\n    _: vestibule::Fresh<300>,\n    \
                   _: vestibule::Assured<Strong>,\n    _: vestibule::Has<unread::Role>,\n) {\n}\n";
    assert!(table.contains(protected));
    let table = table.replace(
        protected,
        &format!("{protected}\n    cfg.route(\"/pay\", get().to(pay));"),
    );
    room.write("app/src/routes/mod.rs", &format!("{table}\n{handler}"));
    let mut live = as_in_the_source(&room);
    let mut by = |roles: &[&str], fresh: Value, guards: &[&str]| {
        let access = json!({
            "who": "signed_in", "roles": roles, "fresh_seconds": fresh, "guards": guards,
        });
        change(&mut live, "GET", "/pay", "access", access);
        compare(&room, &live)
    };
    // The name of a role that the source doesn't tell is known in the app alone.
    let strong = ["Assured<Strong>"];
    let (code, told) = by(&["payer"], json!(300), &strong);
    assert_eq!(code, Some(0), "{told}");
    for (code, told) in [
        by(&["payer"], json!(60), &strong),
        by(&["payer"], Value::Null, &strong),
        by(&["payer"], json!(300), &[]),
        by(&[], json!(300), &strong),
        by(&["payer", "admin"], json!(300), &strong),
    ] {
        assert_eq!(code, Some(1), "{told}");
        assert!(
            told.contains("GET /pay: by the source fresh 5 min"),
            "{told}"
        );
    }
}

#[test]
fn what_is_no_difference_passes() {
    let room = Room::with_app();
    let mut live = as_in_the_source(&room);
    // Strangers don't get to the guards behind that of the table.
    change(&mut live, "GET", "/admin", "access", signed_in());
    change(&mut live, "GET", "/admin", "is_complete", json!(false));
    // The library's own pages take a form where the provider sends one.
    add(
        &mut live,
        "POST",
        "/authorization-code/callback",
        everybody(),
    );
    add(&mut live, "HEAD", "/login", everybody());
    // Another argument of the handler fails before its guard is asked.
    let guarded = json!({ "who": "unknown", "reason": "the form is missing", "guarded": true });
    change(&mut live, "POST", "/devices", "access", guarded);
    let (code, told) = compare(&room, &live);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn a_default_service_is_in_no_list_of_the_app() {
    let room = Room::with_app();
    let table = room.read("app/src/routes/mod.rs");
    let public = "pub fn public(cfg: &mut PublicConfig) {";
    let declared =
        "cfg.default_service(actix_web::web::to(home::show).wrap(vestibule::declare_public()));";
    assert!(table.contains(public));
    let table = table.replace(public, &format!("{public}\n    cfg.configure(fallback);"));
    let fallback =
        format!("fn fallback(cfg: &mut actix_web::web::ServiceConfig) {{\n    {declared}\n}}\n");
    room.write("app/src/routes/mod.rs", &format!("{table}\n{fallback}"));
    let (code, told) = compare(&room, &as_in_the_source(&room));
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn json_has_the_differences() {
    let room = Room::with_app();
    let mut live = as_in_the_source(&room);
    add(&mut live, "GET", "/hidden", everybody());
    change(&mut live, "GET", "/profile", "access", everybody());
    room.write("app/live.json", &live.to_string());
    let output = routes(&room, &["--json", "--live", "live.json"])
        .assert()
        .code(1);
    let table: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert!(table["routes"].as_array().unwrap().len() > 10);
    assert_eq!(
        table["differences"],
        json!([
            { "method": "GET", "path": "/profile", "source": signed_in(), "live": everybody() },
            { "method": "GET", "path": "/hidden", "source": null, "live": everybody() },
        ])
    );
}

/// Plays an app: answers each request by its first line.
fn playing(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            stream.write_all(answer(&first).as_bytes()).unwrap();
        }
    });
    address
}

fn response(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

#[test]
fn a_running_app_is_asked_at_its_address() {
    let room = Room::with_app();
    let mut live = as_in_the_source(&room);
    remove(&mut live, "GET", "/profile");
    let live = live.to_string();
    let address = playing(move |request| match request {
        "POST /shop/dev/routes HTTP/1.1" => response("303 See Other", ""),
        "GET /shop/dev/routes.json HTTP/1.1" => response("200 OK", &live),
        _ => response("404 Not Found", ""),
    });
    let shop = format!("{address}/shop/");
    let by_argument = routes(&room, &["--live", &shop]);
    let by_variable = routes(&room, &["--live"]).env("APP_BASE_URL", &shop);
    for command in [by_argument, by_variable] {
        let output = command.assert().code(1);
        let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(told.contains("GET /profile: only the source"), "{told}");
    }
    // Elsewhere there is no such page.
    let output = routes(&room, &["--live", &address]).assert().code(1);
    let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(told.contains("/dev/routes answers 404"), "{told}");
}

#[test]
fn what_is_no_app_is_named_with_a_way_out() {
    let room = Room::with_app();
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("http://{free}");
    let stranger = playing(|_| response("200 OK", "hello"));
    room.write("app/hello.json", "hello");
    room.write("app/other.json", r#"{"routes": [{"method": "GET"}]}"#);
    for (place, told) in [
        (nobody.as_str(), "cargo run"),
        (&stranger, "/dev/routes answers 200"),
        ("https://localhost:8080", "debug build on this machine"),
        ("http://192.0.2.1:8080", "debug build on this machine"),
        (
            "http://localhost.example.com",
            "debug build on this machine",
        ),
        ("http://", "debug build on this machine"),
        ("ftp://localhost", "debug build on this machine"),
        ("hello.json", "it has not the form of /dev/routes.json"),
        ("other.json", "it has not the form of /dev/routes.json"),
        ("missing.json", "could not read missing.json"),
    ] {
        let output = room.keeps(routes(&room, &["--live", place])).code(1);
        let output = output.get_output();
        let stderr = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(stderr.contains(told) && stderr.contains(place), "{stderr}");
        assert!(output.stdout.is_empty(), "{place}");
    }
}
