//! Bad input is refused with one clear message, and leaves nothing behind.

use snapbox::cmd::OutputAssert;
use snapbox::{IntoData as _, str};

use crate::support::Room;

/// Runs `vestibule new` with one bad name after another; each has to be refused in these words.
fn names_are_refused(cases: &[(&str, &str)]) {
    for (name, message) in cases {
        let room = Room::new();
        let output = room
            .refuses(&["my-app", &format!("--name={name}")])
            .code(2)
            .stdout_eq("");
        let expected = format!("error: --name: {message}\nhint: see `vestibule new --help`\n");
        assert_eq!(told(&output), expected);
    }
}

/// What was said, to the letter.
fn told(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}

#[test]
fn names_that_are_no_names_are_refused() {
    names_are_refused(&[
        ("", "`` is empty; `my-app` would do"),
        ("--", "`--` has no letters; `my-app` would do"),
        (
            "9lives",
            "`9lives` starts with a digit; `app-9lives` would do",
        ),
        ("42", "`42` starts with a digit; `app-42` would do"),
        (
            "café",
            "`café` contains `é`; Cargo accepts only ASCII letters; `caf` would do",
        ),
        (
            "приложение",
            "`приложение` contains `п`; Cargo accepts only ASCII letters; `my-app` would do",
        ),
        (
            "two\nlines",
            "`two\\nlines` contains a control character; `two-lines` would do",
        ),
        (
            "a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on",
            "`a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-and-on` is longer than \
             64 characters; `a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on-an` would do",
        ),
    ]);
}

#[test]
fn names_that_mean_something_else_are_refused() {
    names_are_refused(&[
        ("fn", "`fn` is a Rust keyword; `fn-app` would do"),
        ("async", "`async` is a Rust keyword; `async-app` would do"),
        ("gen", "`gen` is a Rust keyword; `gen-app` would do"),
        ("Self", "`Self` is a Rust keyword; `self-app` would do"),
        (
            "test",
            "`test` is the name of a crate that comes with Rust; `test-app` would do",
        ),
        (
            "core",
            "`core` is the name of a crate that comes with Rust; `core-app` would do",
        ),
        (
            "std",
            "`std` is the name of a crate that comes with Rust; `std-app` would do",
        ),
        (
            "proc-macro",
            "`proc-macro` is the name of a crate that comes with Rust; `proc-macro-app` would do",
        ),
        (
            "deps",
            "`deps` is a folder that Cargo creates next to the program; `deps-app` would do",
        ),
        (
            "build",
            "`build` is a folder that Cargo creates next to the program; `build-app` would do",
        ),
        (
            "NUL",
            "`NUL` is a device on Windows, so no file can have that name; `nul-app` would do",
        ),
        (
            "com1",
            "`com1` is a device on Windows, so no file can have that name; `com1-app` would do",
        ),
    ]);
}

#[test]
fn a_bad_name_is_refused_also_when_the_path_gives_it() {
    let room = Room::new();
    room.refuses(&["deep/down/fn"])
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: the name, taken from PATH: `fn` is a Rust keyword; `fn-app` would do
hint: see `vestibule new --help`

"#]]);
}

#[test]
fn a_path_that_is_missing_is_named() {
    let room = Room::new();
    for arguments in [&[] as &[&str], &["--no-input"], &["--name", "my-app"]] {
        room.refuses(arguments)
            .code(2)
            .stdout_eq("")
            .stderr_eq(str![[r#"
error: PATH: is missing; where should the app go?
hint: see `vestibule new --help`

"#]]);
    }
}

#[test]
fn all_faults_are_named_at_once() {
    let room = Room::new();
    room.write(
        "values.toml",
        "[values]\nlogin_page = 'popup'\nclient_id = 7\ncolour = 'red'\n",
    );
    room.refuses(&[
        "fn",
        "--values-file=values.toml",
        "-dprovider=okat",
        "-d",
        "isuer=https://id.example.com",
        "-dplenty",
        "--description=say \"hi\"",
        "--issuer=http://id.example.com",
        "--session-store=reddis",
    ])
    .code(2)
    .stdout_eq("")
    .stderr_eq(str![[r#"
error: 10 answers can't be used:
  `client_id` in values.toml: must be a string, not of type integer
  -d plenty: is not of the form KEY=VALUE
  `login_page` in values.toml: `popup` is not one of redirect, page, widget
  `colour` in values.toml: is not a known answer; known are project-name, description, provider, issuer, client_id, login_page, session_store
  -d provider: `okat` is not one of dev, okta, auth0, cognito, entra, google, keycloak, other (did you mean `okta`?)
  -d isuer: is not a known answer (did you mean `issuer`?); known are project-name, description, provider, issuer, client_id, login_page, session_store
  --description: `say "hi"` is not one line of 1 to 200 characters without " \ ` { } < >
  --issuer: `http://id.example.com` is not an https URL, or an http URL on localhost, without query and fragment
  --session-store: `reddis` is not one of embedded, memory, redis (did you mean `redis`?)
  the name, taken from PATH: `fn` is a Rust keyword; `fn-app` would do
hint: see `vestibule new --help`

"#]].raw());
}

#[test]
fn a_value_that_counts_for_nothing_is_judged_too() {
    let room = Room::new();
    room.refuses(&["my-app", "-dprovider=okat", "--provider=okta"])
        .code(2)
        .stderr_eq(str![[r#"
error: -d provider: `okat` is not one of dev, okta, auth0, cognito, entra, google, keycloak, other (did you mean `okta`?)
hint: see `vestibule new --help`

"#]]);
}

#[test]
fn the_crate_name_cannot_be_set_apart_from_the_name() {
    let room = Room::new();
    room.refuses(&["my-app", "-dcrate_name=other"])
        .code(2)
        .stderr_eq(str![[r#"
error: -d crate_name: is derived from the name; set `project-name` instead
hint: see `vestibule new --help`

"#]]);
}

#[test]
fn bad_issuers_are_refused() {
    for issuer in [
        "id.example.com",
        "http://id.example.com",
        "http://localhost.example.com",
        "https://id.example.com/?tenant=1",
        "https://id.example.com/#top",
        "https://somebody@id.example.com",
        "https://id.example.com/a b",
        "https://",
    ] {
        let room = Room::new();
        room.refuses(&["my-app", "--issuer", issuer]).code(2).stdout_eq("").stderr_eq(format!(
            "error: --issuer: `{issuer}` is not an https URL, or an http URL on localhost, without \
             query and fragment\nhint: see `vestibule new --help`\n"
        ));
    }
}

#[test]
fn strings_that_could_break_out_of_a_file_are_refused() {
    for (flag, value) in [
        ("--description", "a \"quote\""),
        ("--description", "back\\slash"),
        ("--description", "two\nlines"),
        ("--description", "{{ provider }}"),
        ("--description", "<script>"),
        ("--description", "\u{1b}[31mred"),
        ("--description", ""),
        ("--client-id", "$(reboot)"),
        ("--client-id", "a\"b"),
        ("--client-id", "a\nOIDC_ISSUER=https://evil.example.com"),
    ] {
        let room = Room::new();
        let output = room.refuses(&["my-app", flag, value]).code(2).stdout_eq("");
        let told = told(&output);
        assert!(told.starts_with(&format!("error: {flag}: `")), "{told}");
        assert!(
            !told.contains('\u{1b}'),
            "the terminal would obey: {told:?}"
        );
    }
}

#[test]
fn values_files_that_are_none_are_refused() {
    let room = Room::new();
    room.write("broken.toml", "[values\n");
    room.write("empty.toml", "");
    room.refuses(&["my-app", "--values-file=broken.toml"])
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: broken.toml is not a values file: TOML parse error at line 1, column 8
  |
1 | [values
  |        ^
unclosed table, expected `]`
hint: for example:
  [values]
  provider = "okta"

"#]]);
    room.refuses(&["my-app", "--values-file=empty.toml"])
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: empty.toml is not a values file: it has no table `values`
hint: for example:
  [values]
  provider = "okta"

"#]]);
    room.refuses(&["my-app", "--values-file=none.toml"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not read none.toml: No such file or directory (os error 2)

"#]]);
}

#[test]
fn what_exists_is_never_written_over() {
    let room = Room::new();
    room.write("full/notes.txt", "mine");
    room.write("file", "mine");
    std::fs::create_dir(room.join("empty")).unwrap();
    room.refuses(&["full"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: full already exists
hint: nothing is ever overwritten; choose another path

"#]]);
    room.refuses(&["file"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: file already exists, as a file
hint: nothing is ever overwritten; choose another path

"#]]);
    room.refuses(&["empty/"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: empty/ already exists, as an empty folder
hint: an existing folder is never written to; remove it or choose another path

"#]]);
    room.refuses(&["empty", "--dry-run"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: empty already exists, as an empty folder
hint: an existing folder is never written to; remove it or choose another path

"#]]);
}

#[cfg(unix)]
#[test]
fn links_are_never_written_through() {
    let room = Room::new();
    std::os::unix::fs::symlink("nowhere", room.join("link")).unwrap();
    room.refuses(&["link"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: link already exists, as a link
hint: nothing is ever overwritten; choose another path

"#]]);
}

#[test]
fn a_path_without_a_name_of_its_own_is_refused() {
    let room = Room::new();
    room.refuses(&["."])
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: . doesn't name a new folder
hint: an app gets a new folder, for example `vestibule new my-app`

"#]]);
    room.refuses(&[".."]).code(2).stdout_eq("");
    room.refuses(&["/"]).code(2).stdout_eq("");
    room.refuses(&[""])
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: a value is required for '[PATH]' but none was supplied

For more information, try '--help'.

"#]]);
    room.refuses(&["nothing/../my-app"])
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: nothing/../my-app leads through a folder that doesn't exist
hint: write the path without `..`

"#]]);
}

#[test]
fn a_parent_that_is_a_file_is_named() {
    let room = Room::new();
    room.write("notes.txt", "mine");
    room.refuses(&["notes.txt/deep/my-app"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: notes.txt/deep/my-app can't be created: [..]/notes.txt is not a folder
hint: choose another path

"#]]);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let room = Room::new();
    room.refuses(&["my-app", "--run", "--dry-run"])
        .code(2)
        .stdout_eq("");
    room.refuses(&["my-app", "--no-such-flag"])
        .code(2)
        .stdout_eq("");
}
