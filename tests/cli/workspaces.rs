//! An app inside a Cargo workspace: it becomes a member, and the manifest keeps its form.

use std::path::PathBuf;
use std::process::Command;

use snapbox::{IntoData, str};
use toml_edit::DocumentMut;

use crate::support::{Room, succeeds};

/// Writes an app into the workspace and compares its manifest with what is expected.
fn becomes_member(path: &str, before: &str, after: impl IntoData) {
    let room = Room::new();
    room.write("Cargo.toml", before);
    room.writes(&[path]);
    snapbox::assert_data_eq!(room.read("Cargo.toml"), after.raw());
}

/// Writes an app and sees to it that the manifest stays as it is.
fn changes_nothing(path: &str, manifest: &str) {
    let room = Room::new();
    room.write("Cargo.toml", manifest);
    room.writes(&[path]);
    assert_eq!(room.read("Cargo.toml"), manifest);
}

#[test]
fn an_app_becomes_a_member_and_it_is_said() {
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\nmembers = []\n");
    let told = room.writes(&["apps/shop"]).get_output().stderr.clone();
    let told = String::from_utf8(told).unwrap();
    assert!(
        told.contains("note: `apps/shop` was added to the workspace members in "),
        "{told}"
    );
    assert_eq!(
        room.read("Cargo.toml"),
        "[workspace]\nmembers = [\"apps/shop\"]\n"
    );
}

#[test]
fn cargo_sees_the_new_member() {
    for manifest in [
        "[workspace]\n",
        "[workspace]\nmembers = [\n    \"sh*\",\n]\n",
        "[workspace]\nexclude = [\"shop\"]\n",
        "[package]\nname = \"outer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
        "[package]\nname = \"outer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    ] {
        let room = Room::new();
        room.write("Cargo.toml", manifest);
        room.write("src/lib.rs", "");
        room.writes(&["shop"]);
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
            .current_dir(room.join("shop"));
        let output = succeeds(&mut cargo);
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("\"name\":\"shop\""),
            "{manifest}"
        );
    }
}

#[test]
fn what_is_told_of_profiles_ends_the_warning_of_cargo() {
    for workspace in ["[workspace]\n", "[workspace]\nmembers = [\"shop\"]\n"] {
        let room = Room::new();
        room.write("Cargo.toml", workspace);
        let told = room.writes(&["shop"]).get_output().stderr.clone();
        let told = String::from_utf8(told).unwrap();
        assert!(
            told.contains("move the `[profile.…]` tables of shop"),
            "{told}"
        );
        let warns = || {
            let mut cargo = Command::new(env!("CARGO"));
            cargo
                .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
                .current_dir(room.path());
            let told = succeeds(&mut cargo).stderr;
            String::from_utf8_lossy(&told).contains("profiles for the non root package")
        };
        assert!(warns());
        let mut member: DocumentMut = room.read("shop/Cargo.toml").parse().unwrap();
        let mut root: DocumentMut = room.read("Cargo.toml").parse().unwrap();
        root["profile"] = member.remove("profile").unwrap();
        room.write("shop/Cargo.toml", &member.to_string());
        room.write("Cargo.toml", &root.to_string());
        assert!(!warns());
    }
}

#[test]
fn the_list_keeps_its_comments_order_and_form() {
    becomes_member(
        "mid",
        "[workspace] # ours\nmembers = [\n    # the first\n    \"api\", # serves\n    \"web\", # shows\n]\nresolver = \"3\"\n",
        str![[r#"
[workspace] # ours
members = [
    # the first
    "api", # serves
    "mid",
    "web", # shows
]
resolver = "3"

"#]],
    );
    becomes_member(
        "zoo",
        "[workspace]\nmembers = [\n    \"api\", # serves\n    \"web\" # shows\n]\n",
        str![[r#"
[workspace]
members = [
    "api", # serves
    "web", # shows
    "zoo",
]

"#]],
    );
    becomes_member(
        "app",
        "[workspace]\nmembers = [ # all\n    # web\n    \"web\",\n]\n",
        str![[r#"
[workspace]
members = [ # all
    "app",
    # web
    "web",
]

"#]],
    );
    becomes_member(
        "app",
        "[workspace]\nmembers = [ \"web\", \"zoo\" ]\n",
        str![[r#"
[workspace]
members = [ "app", "web", "zoo" ]

"#]],
    );
    becomes_member(
        "mid",
        "[workspace]\nmembers = [\"web\", \"api\"] # no order\n",
        str![[r#"
[workspace]
members = ["web", "api", "mid"] # no order

"#]],
    );
    becomes_member(
        "mid",
        "workspace = { members = [\"api\"] }\n",
        str![[r#"
workspace = { members = ["api", "mid"] }

"#]],
    );
    becomes_member(
        "mid",
        "[workspace]\n# no members yet\n\n[profile.dev]\nopt-level = 1\n",
        str![[r#"
[workspace]
members = ["mid"]
# no members yet

[profile.dev]
opt-level = 1

"#]],
    );
}

#[test]
fn windows_line_endings_and_byte_order_marks_stay() {
    let room = Room::new();
    room.write(
        "Cargo.toml",
        "\u{feff}[workspace]\r\nmembers = [\r\n\t\"api\",\r\n]\r\n",
    );
    room.writes(&["shop"]);
    let after = "\u{feff}[workspace]\r\nmembers = [\r\n\t\"api\",\r\n\t\"shop\",\r\n]\r\n";
    assert_eq!(room.read("Cargo.toml"), after);
}

#[test]
fn members_that_cover_the_app_stay_as_they_are() {
    changes_nothing("apps/shop", "[workspace]\nmembers = [\"apps/*\"]\n");
    changes_nothing("shop", "[workspace]\nmembers = [\"./shop\"]\n");
}

#[test]
fn a_pattern_does_not_reach_into_deeper_folders() {
    becomes_member(
        "apps/old/shop",
        "[workspace]\nmembers = [\"apps/*\"]\n",
        str![[r#"
[workspace]
members = ["apps/*", "apps/old/shop"]

"#]],
    );
}

#[test]
fn what_is_excluded_is_left_out() {
    changes_nothing(
        "apps/shop",
        "[workspace]\nmembers = []\nexclude = [\"apps\"]\n",
    );
}

#[test]
fn the_workspace_that_a_package_points_to_is_the_one() {
    let room = Room::new();
    room.write("root/Cargo.toml", "[workspace]\nmembers = [\"../outer\"]\n");
    room.write(
        "root/outer/Cargo.toml",
        "[package]\nname = \"outer\"\nworkspace = \"..\"\n",
    );
    room.writes(&["root/outer/shop"]);
    let manifest = room.read("root/Cargo.toml");
    assert_eq!(
        manifest,
        "[workspace]\nmembers = [\"../outer\", \"outer/shop\"]\n"
    );
}

#[test]
fn the_app_is_the_same_as_outside() {
    let (inside, outside) = (Room::new(), Room::new());
    inside.write("Cargo.toml", "[workspace]\n");
    inside.writes(&["shop"]);
    outside.writes(&["shop"]);
    use crate::support::tree;
    assert_eq!(tree(&inside.join("shop")), tree(&outside.join("shop")));
}

#[test]
fn manifests_that_cannot_be_edited_safely_are_refused_with_lines_to_paste() {
    let room = Room::new();
    room.write("Cargo.toml", "workspace = {}\n");
    room.refuses(&["apps/shop"])
        .code(3)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: [..]/Cargo.toml can't be edited safely: its list of members has an unusual form
hint: add the app there by hand, then try again; nothing was written:
  [workspace]
  members = [
      …
      "apps/shop",
  ]

"#]]);
}

#[test]
fn manifests_that_cargo_cannot_read_are_named() {
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\nmembers = \"all\"\n");
    room.refuses(&["apps/shop"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not read the workspace's manifest [..]/Cargo.toml: `members` is not a list of strings
hint: Cargo reads this manifest too when it builds an app below it, so mend it first

"#]]);
    room.write("Cargo.toml", "[workspace\n");
    room.refuses(&["apps/shop"])
        .code(1)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: could not read the workspace's manifest [..]/Cargo.toml: TOML parse error at line 1, column 11
  |
1 | [workspace
  |           ^
unclosed table, expected `]`
hint: Cargo reads this manifest too when it builds an app below it, so mend it first

"#]]);
}

#[test]
fn a_dry_run_shows_the_edit() {
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\n");
    let output = room.refuses(&["shop", "--dry-run"]).success();
    let listed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let last = listed.lines().last().unwrap();
    assert!(
        last.starts_with("edit ") && last.ends_with("Cargo.toml"),
        "{listed}"
    );
}

#[test]
fn a_name_that_a_package_of_the_workspace_has_is_refused() {
    let package = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let other = package.replace("shop", "other");
    let depends = format!(
        "{other}\n[target.'cfg(unix)'.dependencies]\nx = {{ path = \"../x\", package = \"shop\" }}\n"
    );
    let root = |rest: &str| format!("[workspace]\n{rest}");
    for (manifest, folder, files) in [
        (
            root("members = [\"crates/*\"]\n"),
            "crates/x",
            vec![("crates/x", package)],
        ),
        (
            root("members = [\"crates/x\", \"shop\"]\n"),
            "crates/x",
            vec![("crates/x", package)],
        ),
        (
            root("members = [\"a\"]\n"),
            "x",
            vec![("a", &depends), ("x", package)],
        ),
        (format!("{package}\n[workspace]\n"), "", vec![]),
    ] {
        let room = Room::new();
        room.write("Cargo.toml", &manifest);
        for (folder, text) in files {
            room.write(&format!("{folder}/Cargo.toml"), text);
            room.write(&format!("{folder}/src/lib.rs"), "");
        }
        let output = room.refuses(&["shop"]).code(3).stdout_eq("");
        let told = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        let named: PathBuf = folder.split('/').chain(["Cargo.toml"]).collect();
        assert!(
            told.contains("has a package called `shop` already: ")
                && told.contains(named.to_str().unwrap())
                && told.contains("`--name shop-app`"),
            "{told}"
        );
        room.writes(&["shop", "--name=shop-app"]);
    }
}

#[test]
fn names_outside_of_the_workspace_are_free() {
    let package = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let room = Room::new();
    room.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/old\"]\n",
    );
    room.write("crates/old/Cargo.toml", package);
    room.write("beside/Cargo.toml", package);
    room.writes(&["shop"]);
}

#[cfg(unix)]
#[test]
fn a_read_only_manifest_stays_as_it_is() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\n");
    fs::set_permissions(room.join("Cargo.toml"), fs::Permissions::from_mode(0o444)).unwrap();
    room.refuses(&["shop"]).code(3).stderr_eq(str![[r#"
error: [..]/Cargo.toml can't be edited safely: it is read-only
hint: add the app there by hand, then try again; nothing was written:
  [workspace]
  members = [
      …
      "shop",
  ]

"#]]);
}

#[cfg(unix)]
#[test]
fn a_manifest_keeps_its_permissions_and_a_link_to_it_stays() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let room = Room::new();
    room.write("real.toml", "[workspace]\n");
    fs::set_permissions(room.join("real.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.toml", room.join("Cargo.toml")).unwrap();
    room.writes(&["shop"]);
    assert!(room.join("Cargo.toml").is_symlink());
    assert!(room.read("real.toml").contains("shop"));
    let mode = fs::metadata(room.join("real.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}
