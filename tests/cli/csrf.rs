//! `routes` shows which routes check that a page of the app sent a request, and `--check` fails for
//! one that changes something by cookie without it.

use serde_json::Value;
use snapbox::str;

use crate::routes::{routes, table, with_more};
use crate::support::Room;

/// What the table says of a route.
fn csrf_of(table: &[Value], method: &str, path: &str) -> String {
    let mut found = table
        .iter()
        .filter(|it| it["method"] == method && it["path"] == path);
    let (Some(route), None) = (found.next(), found.next()) else {
        panic!("{method} {path}: {table:#?}");
    };
    route["csrf"].as_str().unwrap().to_owned()
}

/// What the check says, which fails.
fn complaint(room: &Room) -> String {
    let output = room.keeps(routes(room, &["--check"])).code(1);
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

/// What the table says of routes: method, path, and whether CSRF is checked.
fn assert_csrf(table: &[Value], expected: &[(&str, &str, &str)]) {
    for (method, path, csrf) in expected {
        assert_eq!(csrf_of(table, method, path), *csrf, "{method} {path}");
    }
}

#[test]
fn a_new_app_shows_what_its_own_routes_check() {
    let room = Room::with_app();
    let table = table(&room);
    assert_csrf(
        &table,
        &[
            ("GET", "/devices", "not_needed"),
            ("POST", "/devices", "checked"),
            ("POST", "/admin/members/{number}", "checked"),
            ("POST", "/login", "checked"),
            ("POST", "/logout", "checked"),
            // The provider sends these, and proves that by a signature.
            ("POST", "/backchannel-logout", "not_needed"),
        ],
    );
    let listed = routes(&room, &[]).assert().success();
    let listed = String::from_utf8(listed.get_output().stdout.clone()).unwrap();
    let row = |beginning: &[&str]| {
        let rows = listed.lines();
        let mut rows = rows.map(|row| row.split_whitespace().collect::<Vec<_>>());
        rows.any(|row| row.starts_with(beginning))
    };
    assert!(
        row(&["METHOD", "PATH", "WHO", "CSRF", "HANDLER"]),
        "{listed}"
    );
    let post = [
        "POST",
        "/devices",
        "signed",
        "in",
        "checked",
        "devices::sign_out",
    ];
    assert!(row(&post), "{listed}");
    let get = ["GET", "/devices", "signed", "in", "devices::show"];
    assert!(row(&get), "{listed}");
}

/// Handlers as arguments of `.to()`, each with what the table says of it.
const HANDLERS: [(&str, &str); 36] = [
    ("|_: SignedForm<Fields>| async { \"\" }", "checked"),
    (
        "|_: vestibule::SignedForm<Fields, ()>| async { \"\" }",
        "checked",
    ),
    ("|_: (User, SignedForm<Fields>)| async { \"\" }", "checked"),
    (
        "|_: Has<crate::hooks::Admin>, _: SignedForm<Fields>| async { \"\" }",
        "checked",
    ),
    (
        "|_: Option<User>, _: vestibule::PublicForm<Fields>| async { \"\" }",
        "checked",
    ),
    (
        "|_: User, _: vestibule::SameOrigin| async { \"\" }",
        "checked",
    ),
    ("|_: User, _: Here| async { \"\" }", "checked"),
    ("token_first", "checked"),
    ("token_from_the_body", "checked"),
    ("token_first_by_another_name", "checked"),
    ("token_is_all", "checked"),
    ("|_: User| async { \"\" }", "missing"),
    ("|_: User, _: web::Json<Fields>| async { \"\" }", "missing"),
    ("|_: User, _: web::Form<Fields>| async { \"\" }", "missing"),
    ("|_: Has<crate::hooks::Admin>| async { \"\" }", "missing"),
    ("|_: Fresh<60>| async { \"\" }", "missing"),
    ("|_: Option<User>| async { \"\" }", "missing"),
    (
        "|_: Result<User, vestibule::Error>| async { \"\" }",
        "missing",
    ),
    // They look themselves whether there is a form.
    (
        "|_: User, _: Option<SignedForm<Fields>>| async { \"\" }",
        "missing",
    ),
    (
        "|_: User, _: Result<vestibule::PublicForm<Fields>, vestibule::Error>| async { \"\" }",
        "missing",
    ),
    (
        "|_: User, _: Option<vestibule::SameOrigin>| async { \"\" }",
        "missing",
    ),
    (
        "|_: User, #[cfg(unix)] _: vestibule::SameOrigin| async { \"\" }",
        "missing",
    ),
    // Not the library's.
    ("|_: User, _: SameOrigin| async { \"\" }", "missing"),
    ("token_after_a_change", "missing"),
    ("token_too_late", "missing"),
    ("token_only_perhaps", "missing"),
    ("token_in_some_builds", "missing"),
    ("token_goes_unheard", "missing"),
    ("token_of_its_own", "missing"),
    ("token_declared_inside", "missing"),
    // Data of a browser's.
    (
        "|_: Option<User>, _: actix_session::Session| async { \"\" }",
        "missing",
    ),
    // Nobody has said who may.
    ("|_: web::Json<Fields>| async { \"\" }", "unknown"),
    ("|_: actix_session::Session| async { \"\" }", "unknown"),
    ("|_: Key| async { \"\" }", "unknown"),
    ("|_: User, _: Key| async { \"\" }", "missing"),
    ("other_crate::handler", "unknown"),
];

/// What the handlers name.
const NAMED: &str = r#"
pub struct Fields;
pub struct Key;
pub struct SameOrigin;

use vestibule::{Error, SameOrigin as Here, csrf, csrf::check as checked};
use actix_web::HttpRequest;

async fn token_first(request: HttpRequest, user: User) -> Result<String, Error> {
    csrf::check(&request, &user, None)?;
    Ok(String::new())
}

async fn token_first_by_another_name(request: HttpRequest, user: User) -> Result<String, Error> {
    checked(&request, &user, None)?;
    tracing::info!("done");
    Ok(String::new())
}

async fn token_is_all(request: HttpRequest, user: User) -> Result<(), Error> {
    vestibule::csrf::check(&request, &user, None)?
}

async fn token_from_the_body(request: HttpRequest, user: User) -> Result<String, Error> {
    let token = read().await;
    csrf::check(&request, &user, token.as_deref())?;
    Ok(String::new())
}

async fn token_after_a_change(request: HttpRequest, user: User) -> Result<String, Error> {
    let done = change().await;
    csrf::check(&request, &user, None)?;
    Ok(done)
}

async fn token_too_late(request: HttpRequest, user: User) -> Result<String, Error> {
    change().await;
    csrf::check(&request, &user, None)?;
    Ok(String::new())
}

async fn token_only_perhaps(request: HttpRequest, user: User) -> Result<String, Error> {
    if request.path() == "/" {
        csrf::check(&request, &user, None)?;
    }
    Ok(String::new())
}

async fn token_in_some_builds(request: HttpRequest, user: User) -> Result<String, Error> {
    #[cfg(not(debug_assertions))]
    csrf::check(&request, &user, None)?;
    Ok(String::new())
}

async fn token_goes_unheard(request: HttpRequest, user: User) -> Result<String, Error> {
    csrf::check(&request, &user, None).ok();
    Ok(String::new())
}

async fn token_of_its_own(request: HttpRequest, user: User) -> Result<String, Error> {
    own::check(&request, &user, None)?;
    Ok(String::new())
}

async fn token_declared_inside(request: HttpRequest, user: User) -> Result<String, Error> {
    csrf::check(&request, &user, None)?;
    use own as csrf;
    Ok(String::new())
}

mod own {
    pub fn check<A, B>(_: A, _: B, _: Option<&str>) -> Result<(), vestibule::Error> {
        Ok(())
    }
}
"#;

#[test]
fn handlers_say_whether_they_check_it() {
    let room = Room::with_app();
    let registered: String = HANDLERS
        .iter()
        .enumerate()
        .map(|(number, (handler, _))| {
            format!("    cfg.route(\"/{number}\", web::post().to({handler}));\n")
        })
        .collect();
    with_more(&room, &format!("{registered}}}\n{NAMED}\nfn nothing() {{"));
    let table = table(&room);
    for (number, (handler, csrf)) in HANDLERS.iter().enumerate() {
        assert_eq!(
            csrf_of(&table, "POST", &format!("/{number}")),
            *csrf,
            "{handler}"
        );
    }
    let told = complaint(&room);
    for (number, (handler, csrf)) in HANDLERS.iter().enumerate() {
        let is_named = told.contains(&format!(": POST /{number} goes by a cookie"));
        assert_eq!(is_named, *csrf == "missing", "{handler}: {told}");
    }
}

#[test]
fn it_matters_wherever_a_cookie_lets_people_in_to_change_something() {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    cfg.configure(oidc.protected(|cfg| {
        cfg.route("/table", web::put().to(change));
        cfg.service(actix_files::Files::new("/files", "files"));
    }));
    cfg.service(scope("/scope").wrap(oidc.ensure_authenticated()).route("", web::patch().to(change)));
    cfg.service(resource("/resource").wrap(oidc.redirect_to("/")).route(web::delete().to(change)));
    cfg.service(resource("/methods").to(async |_: User| ""));
    cfg.route("/named", web::method(actix_web::http::Method::PUT).to(|_: User| async { "" }));
    cfg.route("/read", get().to(|_: User| async { "" }));
    cfg.route("/head", web::head().to(|_: User| async { "" }));
    cfg.configure(oidc.public(|cfg: &mut vestibule::PublicConfig| {
        cfg.route("/hook", post().to(change));
        cfg.route("/basket", post().to(|_: actix_session::Session| async { "" }));
        cfg.route("/key", post().to(|_: Key| async { "" }));
    }));
}

struct Key;

async fn change() -> &'static str {"#,
    );
    let table = table(&room);
    assert_csrf(
        &table,
        &[
            ("PUT", "/table", "missing"),
            // It has no code that could change anything.
            ("*", "/files/…", "not_needed"),
            ("PATCH", "/scope", "missing"),
            ("DELETE", "/resource", "missing"),
            ("*", "/methods", "missing"),
            ("PUT", "/named", "missing"),
            ("GET", "/read", "not_needed"),
            ("HEAD", "/head", "not_needed"),
            // Nobody is let in by a cookie.
            ("POST", "/hook", "not_needed"),
            ("POST", "/key", "not_needed"),
            ("POST", "/basket", "missing"),
        ],
    );
}

/// Two routes without the check.
fn careless() -> Room {
    let room = Room::with_app();
    with_more(
        &room,
        r#"
    cfg.route("/notes", post().to(add));
    cfg.route("/notes", web::to(async |_: User| ""));
}

async fn add(_: User) -> &'static str {"#,
    );
    room
}

#[test]
fn the_check_says_what_to_write() {
    let room = careless();
    room.keeps(routes(&room, &["--check"]))
        .code(1)
        .stderr_eq(str![[r#"
error: not every route checks where what changes something comes from (CSRF):
  src/routes/mod.rs:[..]: POST /notes goes by a cookie, and nothing shows that a page of the app sent the request: take the form or JSON as `crate::hooks::SignedForm<…>`, or give `routes::add` an argument `_: vestibule::SameOrigin`
  src/routes/mod.rs:[..]: * /notes goes by a cookie, and nothing shows that a page of the app sent the request: take the form or JSON as `crate::hooks::SignedForm<…>`, or give the closure at src/routes/mod.rs:[..] an argument `_: vestibule::SameOrigin`, or register it for GET alone

"#]]);
    // Without `--check` it is said, and nothing fails.
    let shown = routes(&room, &[]).assert().success();
    let told = String::from_utf8(shown.get_output().stderr.clone()).unwrap();
    assert!(told.contains("POST /notes goes by a cookie"), "{told}");
}

#[test]
fn what_it_says_is_enough() {
    let room = careless();
    let file = "app/src/routes/mod.rs";
    let before = room.read(file);
    let decided = before
        .replace(
            "async fn add(_: User)",
            "async fn add(_: User, _: vestibule::SameOrigin)",
        )
        .replace("web::to(async |_: User|", "get().to(async |_: User|");
    room.write(file, &decided);
    routes(&room, &["--check"]).assert().success();

    let by_form = before
        .replace(
            "async fn add(_: User)",
            "async fn add(_: crate::hooks::SignedForm<String>)",
        )
        .replace(
            "async |_: User|",
            "async |_: User, _: vestibule::SameOrigin|",
        );
    room.write(file, &by_form);
    routes(&room, &["--check"]).assert().success();
}

#[test]
fn open_routes_and_forgeable_ones_are_told_apart() {
    let room = careless();
    let file = "app/src/routes/mod.rs";
    let more = "cfg.route(\"/open\", get().to(health::alive));\n    cfg.route(\"/notes\", post()";
    let text = room.read(file);
    room.write(file, &text.replace("cfg.route(\"/notes\", post()", more));
    let told = complaint(&room);
    let (open, forgeable) = told.split_once("not every route checks").unwrap();
    assert!(
        open.contains("GET /open") && !open.contains("/notes"),
        "{told}"
    );
    assert!(
        forgeable.contains("/notes") && !forgeable.contains("/open"),
        "{told}"
    );
    assert!(told.contains("hint: give the handler a guard"), "{told}");
}

#[test]
fn a_baseline_accepts_those_of_one_day_and_no_others() {
    let room = careless();
    let file = "app/src/routes/mod.rs";
    let before = room.read(file);
    let with_baseline = || {
        let arguments = ["--check", "--baseline", "../routes.toml"];
        room.keeps(routes(&room, &arguments))
    };
    let written = routes(&room, &["--write-baseline", "../routes.toml"]).assert();
    written.success().stderr_eq(str![[r#"
wrote ../routes.toml; routes in it: 2 (2 new, 0 gone)

"#]]);
    with_baseline().success().stderr_eq(str![[r#"
[..] routes; without a check of CSRF, as in the baseline: 2; each other one has a guard or is declared public

"#]]);

    for (from, to, reason) in [
        // Something else answers, or asks for less.
        ("to(add)", "to(remove)", "its handler is `routes::add`"),
        (
            "async fn add(_: User)",
            "async fn add(_: Option<User>)",
            "it is checked by `signed in`",
        ),
        // Another one.
        (
            "cfg.route(\"/notes\", post()",
            "cfg.route(\"/notes/all\", post().to(add));\n    cfg.route(\"/notes\", post()",
            "POST /notes/all goes by a cookie",
        ),
        // One that has lost its check.
        (
            "async fn add(_: User)",
            "async fn add(_: User, _: vestibule::SameOrigin)",
            "is in order",
        ),
    ] {
        let more = "\n\nasync fn remove(_: User) -> &'static str {\n    \"\"\n}\n";
        let changed = before.replacen(from, to, 1) + more;
        assert_ne!(changed, before.clone() + more);
        room.write(file, &changed);
        let told = with_baseline().code(1);
        let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
        assert!(told.contains(reason), "{reason}: {told}");
    }
}

#[test]
fn added_routes_pass_it() {
    let room = Room::with_app();
    let adds: [&[&str]; 6] = [
        &["feedback", "--form"],
        &["idea", "--form", "--public"],
        &["note", "--json", "--method", "POST"],
        &["item", "--json", "--method", "PUT", "--path", "/items/{id}"],
        &["draft", "--json", "--method", "DELETE", "--role", "auditor"],
        &["hook", "--json", "--method", "PATCH", "--public"],
    ];
    for add in adds {
        room.vestibule(&["add", "route"])
            .args(add)
            .current_dir(room.join("app"))
            .assert()
            .success();
    }
    routes(&room, &["--check"]).assert().success();
    let table = table(&room);
    assert_csrf(
        &table,
        &[
            ("POST", "/feedback", "checked"),
            ("POST", "/idea", "checked"),
            ("POST", "/note", "checked"),
            ("PUT", "/items/{id}", "checked"),
            ("DELETE", "/draft", "checked"),
            ("PATCH", "/hook", "not_needed"),
        ],
    );
}
