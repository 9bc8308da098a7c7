//! `view list` and `view reset`: what shows which view, and the way back to the original.

use serde_json::{Value, json};
use snapbox::str;

use crate::support::Room;

fn view(room: &Room, arguments: &[&str]) -> snapbox::cmd::Command {
    room.vestibule(&["view"])
        .args(arguments)
        .current_dir(room.join("app/src"))
}

fn add(room: &Room, arguments: &[&str]) {
    room.vestibule(&["add", "route"])
        .args(arguments)
        .current_dir(room.join("app"))
        .assert()
        .success();
}

fn edit(room: &Room, path: &str, from: &str, to: &str) {
    let text = room.read(path);
    assert!(text.contains(from), "{from} in {path}");
    room.write(path, &text.replace(from, to));
}

fn listed(room: &Room) -> Value {
    let output = room.keeps(view(room, &["list", "--json"])).success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

fn found<'v>(listed: &'v Value, name: &str) -> &'v Value {
    let views = listed["views"].as_array().unwrap();
    views.iter().find(|view| view["name"] == name).unwrap()
}

/// Method and path of the requests that show a view.
fn requests(view: &Value) -> Vec<String> {
    let requests = view["requests"].as_array().unwrap().iter();
    requests
        .map(|it| {
            format!(
                "{} {}",
                it["method"].as_str().unwrap(),
                it["path"].as_str().unwrap()
            )
        })
        .collect()
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|it| it["name"].as_str().unwrap()).collect()
}

#[test]
fn the_list_fits_a_terminal_and_is_plain_when_piped() {
    let room = Room::with_app();
    let output = room.keeps(view(&room, &["list"])).success().stderr_eq("");
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(!text.contains('\u{1b}'));
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert_eq!(line, line.trim_end());
    }
    let blocks: Vec<&str> = text.split("\n\n").collect();
    let home = blocks
        .iter()
        .find(|block| block.starts_with("home "))
        .unwrap();
    snapbox::assert_data_eq!(
        *home,
        str![[r#"
home  templates/home.html
  type      views::Home (src/views.rs:[..])
  by        routes::home::show (src/routes/home.rs:[..])
  when      GET /
  states    nobody is signed in; somebody is signed in; the name is very long;
            the name is written from right to left
"#]]
    );
}

#[test]
fn every_view_is_followed_to_the_routes_and_pages_that_show_it() {
    let room = Room::with_app();
    let listed = listed(&room);
    for (name, types, by, expected) in [
        ("home", "views::Home", "routes::home::show", &["GET /"][..]),
        (
            "profile",
            "views::Profile",
            "routes::profile::show",
            &["GET /profile"],
        ),
        (
            "devices",
            "views::Devices",
            "routes::devices::show",
            &["GET /devices"],
        ),
        (
            "admin",
            "views::Administration",
            "routes::admin::show",
            &["GET /admin"],
        ),
        (
            "members",
            "views::Members",
            "routes::admin::list_members",
            &["GET /admin/members"],
        ),
        (
            "member",
            "views::MemberPage",
            "routes::admin::show_member",
            &["GET /admin/members/{number}"],
        ),
        (
            "login",
            "views::Login",
            "pages::AppPages::login",
            &["GET /authorization-code/callback", "GET /login"],
        ),
        (
            "logged_out",
            "views::LoggedOut",
            "pages::AppPages::logged_out",
            &["GET /logged-out"],
        ),
        (
            "end_session",
            "views::EndSession",
            "pages::AppPages::end_session",
            &["POST /logout"],
        ),
        ("error", "views::ErrorView", "pages::AppPages::error", &[]),
    ] {
        let view = found(&listed, name);
        assert_eq!(view["template"], format!("templates/{name}.html"));
        assert_eq!(view["exists"], true);
        assert_eq!(names(&view["types"]), [types], "{name}");
        assert_eq!(names(&view["shown_by"]).join(", "), by, "{name}");
        assert_eq!(requests(view), expected, "{name}");
        let page: Vec<_> = view["pages"].as_array().unwrap().iter().collect();
        if by.starts_with("pages::") {
            assert_eq!(page.len(), 1, "{name}");
            assert_eq!(page[0]["method"], name);
            assert_eq!(page[0]["shown_by"]["name"], by);
        } else {
            assert!(page.is_empty(), "{name}");
        }
    }
    let frame = found(&listed, "frame");
    assert!(
        frame["part_of"]
            .as_array()
            .unwrap()
            .contains(&json!("home"))
    );
}

#[test]
fn states_are_those_of_the_gallery_wherever_it_is_put_together() {
    let room = Room::with_app();
    let states = |name: &str| {
        let listed = listed(&room);
        let states = found(&listed, name)["states"].as_array().unwrap().clone();
        let states = states.iter().map(|state| state["name"].as_str().unwrap());
        states.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = states("login");
    assert_eq!(before, ["login", "login-trouble", "login-widget"]);
    assert_eq!(states("error"), ["error-…"]);
    let samples = room.read("app/src/samples.rs");
    std::fs::remove_file(room.join("app/src/samples.rs")).unwrap();
    let samples = samples.replace("use vestibule_dev::Gallery;", "use vestibule_dev as dev;");
    let samples = samples.replace("Gallery::new()", "dev::Gallery::new()");
    let samples = samples.replace("-> Gallery {", "-> dev::Gallery {");
    let samples = samples.replace("\"home\", \"home.html\"", "\"front\", \"home.html\"");
    room.write("app/src/debug/gallery.rs", &samples);
    room.write("app/src/debug.rs", "pub mod gallery;\n");
    edit(
        &room,
        "app/src/lib.rs",
        "pub mod samples;",
        "pub mod debug;",
    );
    assert_eq!(states("login"), before);
    assert!(states("home").contains(&"front".to_owned()));
    // Samples say nothing of when people see a view.
    let listed = listed(&room);
    assert_eq!(
        names(&found(&listed, "home")["shown_by"]),
        ["routes::home::show"]
    );
}

#[test]
fn the_list_stays_true_after_edits() {
    let room = Room::with_app();
    add(&room, &["feedback", "--form"]);
    // The type moves, is renamed, and is made by another function.
    edit(
        &room,
        "app/src/views.rs",
        "pub struct Home {",
        "pub struct Front {",
    );
    edit(&room, "app/src/views.rs", "impl Home {", "impl Front {");
    edit(
        &room,
        "app/src/routes/home.rs",
        "Home::new(",
        "crate::views::Front::new(",
    );
    edit(
        &room,
        "app/src/routes/mod.rs",
        "cfg.route(\"/\",",
        "cfg.route(\"/start\",",
    );
    let home = room.read("app/src/routes/home.rs");
    room.write(
        "app/src/routes/home.rs",
        &format!(
            "{home}\n#[derive(askama::Template)]\n#[template(path = \"own.html\")]\nstruct Own;\n\n\
             #[derive(askama::Template)]\n#[template(path = \"lost.html\")]\nstruct Lost;\n\n\
             pub struct Other;\n\nimpl vestibule::Pages for Other {{\n    fn error(&self) -> Own {{\n        Own\n    }}\n}}\n"
        ),
    );
    room.write("app/templates/own.html", "{% include \"part.html\" %}");
    room.write("app/templates/part.html", "");
    room.write(
        "app/templates/idle.html",
        "{# {% include \"part.html\" %} #}",
    );
    let output = room.keeps(view(&room, &["list", "--json"])).success();
    output.stderr_eq(str![[r#"
note: nothing in src/ shows templates/idle.html
note: src/routes/home.rs:[..]: `routes::home::Lost` shows templates/lost.html, which doesn't exist

"#]]);
    let listed = listed(&room);
    let home = found(&listed, "home");
    assert_eq!(names(&home["types"]), ["views::Front"]);
    assert_eq!(requests(home), ["GET /start"]);
    let feedback = found(&listed, "feedback");
    assert_eq!(names(&feedback["types"]), ["routes::feedback::Page"]);
    assert_eq!(requests(feedback), ["GET /feedback", "POST /feedback"]);
    let own = found(&listed, "own");
    assert_eq!(
        own["pages"][0]["shown_by"]["name"],
        "routes::home::Other::error"
    );
    assert_eq!(found(&listed, "part")["part_of"], json!(["own"]));
}

#[test]
fn a_variable_is_not_the_function_of_its_name() {
    let room = Room::with_app();
    let path = "app/src/routes/profile.rs";
    let shown = "views::respond(&Profile::new(&request, &user)?)";
    edit(
        &room,
        path,
        shown,
        "let page = Profile::new(&request, &user)?;\n    views::respond(&page)",
    );
    let profile = room.read(path);
    room.write(
        path,
        &format!(
            "{profile}\nfn page(request: &HttpRequest) -> Result<views::Home, Error> {{\n    \
             views::Home::new(request)\n}}\n"
        ),
    );
    let views = listed(&room);
    assert_eq!(requests(found(&views, "home")), ["GET /"]);
    assert_eq!(requests(found(&views, "profile")), ["GET /profile"]);

    // What is called is the function, whatever its result is called.
    let made = "let page = Profile::new(&request, &user)?;";
    edit(&room, path, made, "let page = page(&request)?;");
    let views = listed(&room);
    assert_eq!(requests(found(&views, "home")), ["GET /", "GET /profile"]);
}

#[test]
fn an_edited_view_is_brought_back_after_its_diff() {
    let room = Room::with_app();
    let before = room.tree();
    edit(
        &room,
        "app/templates/home.html",
        "Sign in to see",
        "Log in to see",
    );
    let command = view(&room, &["reset", "home", "--yes"]);
    command
        .assert()
        .success()
        .stdout_eq(str![[r#"
--- a/templates/home.html
+++ b/templates/home.html
@@ [..] @@
 <p><a class="button" href="{{ frame.base() }}/profile">Your profile</a></p>
 {% else %}
 <h1>Welcome to {{ frame.app_name }}</h1>
-<p class="lead">Log in to see your profile.</p>
+<p class="lead">Sign in to see your profile.</p>
 <p><a class="button" href="{{ frame.base() }}{{ frame.paths().login }}">Sign in</a></p>
 {% endif %}
 {{ debug_note|safe }}
templates/home.html is the original again.

"#]])
        .stderr_eq("edited  templates/home.html\n");
    assert!(before == room.tree());
    room.keeps(view(&room, &["reset", "home"]))
        .success()
        .stdout_eq("")
        .stderr_eq("templates/home.html is the original; nothing to do\n");
}

#[test]
fn every_view_of_a_new_app_can_be_brought_back() {
    let room = Room::with_app();
    let before = room.tree();
    let templates = std::fs::read_dir(room.join("app/templates")).unwrap();
    for entry in templates.map(Result::unwrap) {
        let file = entry.file_name().into_string().unwrap();
        let Some(name) = file.strip_suffix(".html") else {
            continue;
        };
        std::fs::remove_file(entry.path()).unwrap();
        view(
            &room,
            &["reset", &format!("templates/{name}.html"), "--yes"],
        )
        .assert()
        .success()
        .stderr_eq(format!("created templates/{name}.html\n"));
    }
    assert!(before == room.tree());
}

#[test]
fn without_a_terminal_it_asks_for_a_yes() {
    let room = Room::with_app();
    edit(&room, "app/templates/home.html", "Sign in", "Log in");
    room.keeps(view(&room, &["reset", "home"]))
        .code(3)
        .stderr_eq(str![[r#"
error: there is no terminal to ask on; nothing was written
hint: use `--yes` to write without asking, or `--diff` to see the changes

"#]]);
    room.keeps(view(&room, &["reset", "home", "--yes", "--dry-run"]))
        .success()
        .stdout_eq("edit   templates/home.html\n")
        .stderr_eq("1 file; nothing was written\n");
    let output = room
        .keeps(view(&room, &["reset", "home", "--diff"]))
        .success();
    assert!(
        output
            .get_output()
            .stdout
            .starts_with(b"--- a/templates/home.html\n")
    );
    let output = room
        .keeps(view(&room, &["reset", "home", "--plan-json"]))
        .success();
    let plan: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(plan["changes"][0]["path"], "templates/home.html");
}

#[test]
fn line_ends_stay_as_they_are() {
    let room = Room::with_app();
    let text = room.read("app/templates/home.html").replace('\n', "\r\n");
    room.write("app/templates/home.html", &text);
    room.keeps(view(&room, &["reset", "home"])).success();
    edit(&room, "app/templates/home.html", "Sign in to", "Log in to");
    view(&room, &["reset", "home", "--yes"]).assert().success();
    assert_eq!(room.read("app/templates/home.html"), text);
}

#[test]
fn views_of_added_routes_are_brought_back_as_they_were_added() {
    let room = Room::with_app();
    add(&room, &["reports"]);
    add(
        &room,
        &["order", "--form", "--path=/orders/{id}", "--role=clerk"],
    );
    add(&room, &["prices", "--json"]);
    let before = room.tree();
    for name in ["reports", "order"] {
        room.write(&format!("app/templates/{name}.html"), "mine");
        view(&room, &["reset", name, "--yes"]).assert().success();
    }
    assert!(before == room.tree());
    room.keeps(view(&room, &["reset", "prices", "--yes"]))
        .code(2);
    edit(
        &room,
        "app/src/routes/mod.rs",
        "get().to(reports::show)",
        "post().to(reports::show)",
    );
    room.write("app/templates/reports.html", "mine");
    room.keeps(view(&room, &["reset", "reports", "--yes"]))
        .code(3)
        .stderr_eq(str![[r#"
error: templates/reports.html has no original: its route has changed since `add route` wrote it
hint: nothing was written; if it is in git, `git log -- templates/reports.html` shows how it was

"#]]);
}

#[test]
fn views_that_have_no_original_are_refused() {
    let room = Room::with_app();
    room.write("app/templates/own.html", "mine");
    room.keeps(view(&room, &["reset", "own", "--yes"]))
        .code(3)
        .stderr_eq(str![[r#"
error: templates/own.html has no original: it came neither with the app nor from `add route`
hint: nothing was written; if it is in git, `git log -- templates/own.html` shows how it was

"#]]);
    room.keeps(view(&room, &["reset", "profil", "--yes"]))
        .code(2)
        .stderr_eq(str![[r#"
error: there is no view `profil` (did you mean `profile`?)
hint: `vestibule view list` shows all views

"#]]);
    let output = room
        .keeps(view(&room, &["reset", "../Cargo.toml", "--yes"]))
        .code(2);
    output.stdout_eq("");
}

#[test]
fn what_the_types_have_lost_is_told() {
    let room = Room::with_app();
    edit(
        &room,
        "app/src/views.rs",
        "    pub email: Option<&'a str>,\n",
        "",
    );
    edit(
        &room,
        "app/src/views.rs",
        "pub sign_ins: u64",
        "pub sign_ins: String",
    );
    edit(&room, "app/src/views/claims.rs", "    Flag(bool),\n", "");
    // The frame has this, and `profile.html` doesn't name it.
    edit(
        &room,
        "app/src/views.rs",
        "    pub fresh: &'static str,\n",
        "",
    );
    room.write("app/templates/profile.html", "mine");
    let output = view(&room, &["reset", "profile", "--yes"])
        .assert()
        .success();
    let stdout = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(stdout.ends_with("Next:\n  cargo check\n"), "{stdout}");
    output.stderr_eq(str![[r#"
note: src/views.rs:[..]: `views::Profile` has no field `email`, which the view names
note: src/views/claims.rs:[..]: `views::claims::ClaimValue` has no variant `Flag`, which the view names
note: src/views.rs:[..]: `views::Profile` has a field `sign_ins` whose type was `u64` and is now `String`
edited  templates/profile.html

"#]]);
    room.write("app/templates/frame.html", "mine");
    let output = room
        .keeps(view(&room, &["reset", "frame", "--dry-run"]))
        .success();
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        stderr.contains("`views::Frame` has no field `fresh`"),
        "{stderr}"
    );
    edit(
        &room,
        "app/src/views.rs",
        "path = \"home.html\"",
        "path = \"start.html\"",
    );
    room.write("app/templates/home.html", "mine");
    let output = room
        .keeps(view(&room, &["reset", "home", "--diff"]))
        .success();
    output.stderr_eq("note: nothing in src/ shows templates/home.html any longer\n");
}

#[test]
fn an_app_of_another_version_is_refused() {
    let room = Room::with_app();
    let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
    edit(&room, "app/vestibule.toml", &version, "version = \"0.0.1\"");
    room.write("app/templates/home.html", "mine");
    let output = room.keeps(view(&room, &["reset", "home", "--yes"])).code(3);
    output.stderr_eq(str![[r#"
error: the app was made from version 0.0.1 of the template, but this program has [..]
hint: nothing was written; use vestibule 0.0.1

"#]]);
}

#[test]
fn everything_wrong_with_the_record_is_told_at_once() {
    let room = Room::with_app();
    edit(
        &room,
        "app/vestibule.toml",
        "provider = \"dev\"",
        "provider = 3",
    );
    edit(
        &room,
        "app/vestibule.toml",
        "session_store = \"embedded\"",
        "sesion_store = \"memory\"",
    );
    room.write("app/templates/home.html", "mine");
    let output = room.keeps(view(&room, &["reset", "home", "--yes"])).code(2);
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        stderr.contains("`provider` in ") && stderr.contains("is not a string"),
        "{stderr}"
    );
    assert!(stderr.contains("did you mean `session_store`?"), "{stderr}");
}

#[test]
fn a_view_that_is_not_text_is_kept() {
    let room = Room::with_app();
    std::fs::write(room.join("app/templates/home.html"), b"\xff\xfe").unwrap();
    let output = room.keeps(view(&room, &["reset", "home", "--yes"])).code(3);
    output.stderr_eq(str![[r#"
error: templates/home.html is not UTF-8, so the changes can't be shown
hint: nothing was written; delete the file, then try again

"#]]);
}
