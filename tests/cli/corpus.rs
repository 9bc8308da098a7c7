//! Apps as their owners have left them, and what an edit makes of each: it is right, or it is
//! refused and nothing has changed. Each case is a file in `corpus/`, described in its first line;
//! the expected outcome is in the file of the same name that ends in `.out`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Room, Tree, repository};

/// What `=== table` puts before its text.
const TABLE: &str = "\
pub mod admin;
pub mod api;
pub mod assets;
pub mod devices;
pub mod health;
pub mod home;
pub mod profile;

use actix_web::web::{self, ServiceConfig, get, post};
use vestibule::ProtectedConfig;

";
const TABLE_PATH: &str = "src/routes/mod.rs";

/// What `=== more` puts after the table, before a function `more`.
const MORE: &str = "
use actix_web::web::ServiceConfig;

async fn open() -> &'static str {
    \"open\"
}

";

/// Where the app mounts what `=== more` adds.
const MOUNTED: &str = "cfg.configure(oidc.public(routes::public));";
const APP_PATH: &str = "src/app.rs";

/// What the program reads of an app. The library in `crates` isn't among it.
const KEPT: [&str; 8] = [
    "Cargo.toml",
    "askama.toml",
    "src",
    "templates",
    "tests/it/main.rs",
    "tests/it/routes",
    "tests/it/support.rs",
    "vestibule.toml",
];

/// The diffs of what shows a page besides its route, which `shown.rs` tests.
const SHOWING: [&str; 2] = ["--- a/src/samples.rs", "--- a/src/views/navigation.rs"];

#[test]
fn every_edit_is_right_or_refused() {
    let mut cases: Vec<PathBuf> = fs::read_dir(repository().join("tests/cli/corpus"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "case"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 60);
    let room = Room::with_app();
    let mut app = crate::support::tree(&room.join("app"));
    app.retain(|path, contents| {
        let is_kept = KEPT.iter().any(|kept| path.starts_with(kept));
        is_kept || (contents.is_none() && !path.starts_with("crates"))
    });
    let app = Untouched::new(app);
    let next = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            threads.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(case, &app);
                }
            });
        }
    });
}

/// The app before the edits of a case.
struct Untouched {
    files: Tree,
    /// Its routes.
    listed: Vec<String>,
}

impl Untouched {
    fn new(files: Tree) -> Self {
        let mut app = Self {
            files,
            listed: Vec::new(),
        };
        app.listed = rows(&output(&app.room(), &["routes"]));
        app
    }

    /// A folder with the app in it.
    fn room(&self) -> Room {
        let room = Room::new();
        for (path, contents) in &self.files {
            let path = room.join(path);
            match contents {
                Some(contents) => fs::write(path, contents).unwrap(),
                None => fs::create_dir(path).unwrap(),
            }
        }
        room
    }
}

fn check(case: &Path, app: &Untouched) {
    let room = app.room();
    let found = Case::read(case, &room).outcome(&room, &app.listed);
    let expected = snapbox::Data::read_from(&case.with_extension("out"), None);
    println!("{}", case.display());
    snapbox::assert_data_eq!(without_advice(&without_lines(&found)), expected.raw());
}

/// Without what could be written to decide a route, which isn't what the cases are about.
fn without_advice(told: &str) -> String {
    let kept = told.split('\n').map(|line| {
        let advised = ["declared public", "lets pass", "sent the request"]
            .iter()
            .find_map(|reason| {
                let (before, _) = line.split_once(&format!("{reason}: "))?;
                Some(format!("{before}{reason}"))
            });
        advised.unwrap_or_else(|| line.to_owned())
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// Without the numbers of lines, which change with the template.
fn without_lines(told: &str) -> String {
    let mut parts = told.split(".rs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let colon = if rest.len() == part.len() { ":" } else { "" };
        format!("{told}.rs{colon}{rest}")
    })
}

/// A case, with its edits made.
struct Case {
    command: Vec<String>,
}

impl Case {
    fn read(path: &Path, room: &Room) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let mut case = Self {
            command: ["add", "route", "reports"].map(str::to_owned).into(),
        };
        let mut sections = text.split("\n=== ").skip(1);
        while let Some(section) = sections.next() {
            let (head, body) = section.split_once('\n').unwrap_or((section, ""));
            let body = body.trim_end_matches('\n');
            let words: Vec<&str> = head.split(' ').collect();
            match words[..] {
                ["table", ref flags @ ..] => {
                    let text = format!("{TABLE}{body}\n");
                    fs::write(room.join(TABLE_PATH), encoded(&text, flags)).unwrap();
                }
                ["file", path, ref flags @ ..] => {
                    let text = format!("{body}\n");
                    let path = room.join(path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, encoded(&text, flags)).unwrap();
                }
                ["append", path] => {
                    let text = room.read(path);
                    room.write(path, &format!("{text}\n{body}\n"));
                }
                ["more"] => {
                    let text = room.read(TABLE_PATH);
                    room.write(TABLE_PATH, &format!("{text}{MORE}{body}\n"));
                    let app = room.read(APP_PATH);
                    assert_eq!(app.matches(MOUNTED).count(), 1);
                    let mounted = format!("{MOUNTED}\ncfg.configure(routes::more);");
                    room.write(APP_PATH, &app.replace(MOUNTED, &mounted));
                }
                ["gone", path] => fs::remove_file(room.join(path)).unwrap(),
                ["move", from, to] => {
                    let to = room.join(to);
                    fs::create_dir_all(to.parent().unwrap()).unwrap();
                    fs::rename(room.join(from), to).unwrap();
                }
                ["swap", path] => {
                    let new = sections.next().unwrap();
                    let new = new.strip_prefix("with").unwrap().trim_matches('\n');
                    let text = room.read(path);
                    assert_eq!(text.matches(body).count(), 1, "{path} has not one: {body}");
                    room.write(path, &text.replace(body, new));
                }
                ["given", ref command @ ..] => {
                    room.vestibule(command).assert().success();
                }
                ["run", ref command @ ..] => {
                    case.command = command.iter().map(|&word| word.to_owned()).collect();
                }
                _ => panic!("{}: {head}", path.display()),
            }
        }
        case
    }

    /// Runs the command, and tells what it did: of routes, what wasn't listed before.
    fn outcome(&self, room: &Room, listed: &[String]) -> String {
        let command: Vec<&str> = self.command.iter().map(String::as_str).collect();
        if command == ["routes"] {
            let output = output(room, &command);
            let table = text(&output.stdout);
            let routes = table.lines().filter(|line| line.contains(" /profile "));
            return routes
                .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n")
                .collect();
        }
        if command == ["routes", "--check"] {
            let output = output(room, &command);
            let rows = rows(&output);
            let new = rows.iter().filter(|row| !listed.contains(row)).cloned();
            return format!("{}{}", refusal(&output), new.collect::<String>());
        }
        let before = room.tree();
        let shown = output(room, &[&command[..], &["--diff"]].concat());
        assert!(before == room.tree(), "showing has changed something");
        let done = output(room, &command);
        assert_eq!(done.status.code(), shown.status.code());
        if !done.status.success() {
            assert!(before == room.tree(), "a refusal has changed something");
            return refusal(&done);
        }
        let after = room.tree();
        assert!(before != after, "nothing has changed");

        let again = output(room, &command);
        assert!(text(&again.stderr).contains("nothing to do"));
        assert!(after == room.tree(), "doing it again has changed something");

        let edits = edits(&text(&shown.stdout));
        if command[0] == "remove" {
            return format!("exit 0\n{edits}");
        }
        let undone = output(room, &["remove", "route", command[2]]);
        let undone = if !undone.status.success() {
            refusal(&undone)
        } else if before == room.tree() {
            "the same bytes as before\n".to_owned()
        } else {
            "other bytes than before\n".to_owned()
        };
        format!("exit 0\n{edits}\nremoved again: {undone}")
    }
}

/// The rows of a table of routes, without its layout and the numbers of lines.
fn rows(output: &Output) -> Vec<String> {
    let table = text(&output.stdout);
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n");
    rows.map(|row| without_lines(&row)).collect()
}

fn refusal(output: &Output) -> String {
    let told = text(&output.stderr);
    let reason = told.split("\nhint:").next().unwrap().trim_end();
    format!("exit {}\n{reason}\n", output.status.code().unwrap())
}

fn encoded(text: &str, flags: &[&str]) -> Vec<u8> {
    let mut text = text.to_owned();
    if flags.contains(&"cut") {
        text.pop();
    }
    if flags.contains(&"crlf") {
        text = text.replace('\n', "\r\n");
    }
    if flags.contains(&"bom") {
        text.insert(0, '\u{feff}');
    }
    if flags.contains(&"latin1") {
        return text.chars().map(|character| character as u8).collect();
    }
    text.into_bytes()
}

/// A diff without the files that are new and those that show the page elsewhere, with one line
/// around each change.
fn edits(diff: &str) -> String {
    let mut is_kept = true;
    let lines: Vec<&str> = diff
        .split_inclusive('\n')
        .filter(|line| {
            if line.starts_with("--- ") {
                is_kept = !SHOWING.contains(&line.trim_end());
            }
            is_kept
        })
        .collect();
    let is_change = |index: usize| {
        lines
            .get(index)
            .is_some_and(|line| line.starts_with(['+', '-', '\\']))
    };
    let mut edits = String::new();
    let mut is_left_out = false;
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with("--- ") {
            // Where else a page is shown is tested in `shown.rs`.
            let others = ["/dev/null", "a/src/samples.rs", "a/src/views/navigation.rs"];
            is_left_out = others.iter().any(|other| line.trim_end().ends_with(other));
        }
        let is_near =
            is_change(index) || is_change(index + 1) || (index > 0 && is_change(index - 1));
        if line.starts_with("@@") && !is_left_out {
            edits.push_str("@@\n");
        } else if is_near && !is_left_out {
            edits.push_str(&line.replace('\r', "␍").replace('\u{feff}', "[BOM]"));
        }
    }
    edits
}

fn output(room: &Room, command: &[&str]) -> Output {
    // What never ends is a failure, not a test that hangs.
    let command = room.vestibule(command).timeout(Duration::from_secs(600));
    let output = command.assert();
    output.get_output().clone()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
