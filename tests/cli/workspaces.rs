//! An app inside a Cargo workspace: it stays a workspace of its own, and both build.

use std::process::Command;

use snapbox::{IntoData, str};

use crate::support::{Room, succeeds};

/// Writes an app into the workspace and compares its manifest with what is expected.
fn becomes_excluded(path: &str, before: &str, after: impl IntoData) {
    let room = Room::new();
    room.write("Cargo.toml", before);
    room.writes(&[path]);
    snapbox::assert_data_eq!(room.read("Cargo.toml"), after.raw());
}

/// Writes an app and sees to it that the manifest stays as it is, without a word.
fn changes_nothing(path: &str, manifest: &str) {
    let room = Room::new();
    room.write("Cargo.toml", manifest);
    room.writes(&[path]).stderr_eq(format!("Wrote {path}\n"));
    assert_eq!(room.read("Cargo.toml"), manifest);
}

/// The packages of the workspace that a folder is in, as Cargo sees them.
fn members(room: &Room, folder: &str) -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(room.join(folder));
    let metadata: serde_json::Value = serde_json::from_slice(&succeeds(&mut cargo).stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let mut names: Vec<String> = packages
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn an_app_that_a_workspace_claims_is_excluded_there_and_it_is_said() {
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\nmembers = [\"apps/*\"]\n");
    room.writes(&["apps/shop"]).stderr_eq(str![[r#"
Wrote apps/shop
note: apps/shop is a workspace of its own, so `apps/shop` was added to `exclude` in [..]/Cargo.toml

"#]]);
    assert_eq!(
        room.read("Cargo.toml"),
        "[workspace]\nmembers = [\"apps/*\"]\nexclude = [\"apps/shop\"]\n"
    );
}

#[test]
fn cargo_sees_two_workspaces_whatever_the_outer_one_covers() {
    let package = "[package]\nname = \"outer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    for manifest in [
        "\n[workspace]\n",
        "\n[workspace]\nmembers = [\n    \"sh*\",\n]\n",
        "\n[workspace]\nmembers = [\"*\"]\n",
        "\n[workspace]\nmembers = [\"*/crates/*\"]\n",
        "\n[workspace]\nexclude = [\"shop\"]\n",
        "",
    ] {
        let room = Room::new();
        room.write("Cargo.toml", &format!("{package}{manifest}"));
        room.write("src/lib.rs", "");
        room.write("shelf/Cargo.toml", &package.replace("outer", "shelf"));
        room.write("shelf/src/lib.rs", "");
        // `*` means every folder to Cargo.
        room.write("src/Cargo.toml", &package.replace("outer", "inner"));
        room.write("src/src/lib.rs", "");
        room.writes(&["shop"]);
        let app = ["shop", "vestibule", "vestibule-dev"];
        for folder in ["shop", "shop/crates/vestibule", "shop/crates/vestibule-dev"] {
            assert_eq!(members(&room, folder), app, "{folder} in {manifest}");
        }
        let outer = members(&room, "");
        assert!(outer.contains(&"outer".to_owned()), "{manifest}");
        assert!(
            app.iter().all(|name| !outer.iter().any(|it| it == name)),
            "{manifest}"
        );
    }
}

#[test]
fn the_list_keeps_its_comments_order_and_form() {
    let claims = |rest: &str| format!("[workspace]\nmembers = [\"*\"]\n{rest}");
    becomes_excluded(
        "mid",
        &claims(
            "exclude = [ # ours\n    # the first\n    \"api\", # serves\n    \"web\", # shows\n]\nresolver = \"3\"\n",
        ),
        str![[r#"
[workspace]
members = ["*"]
exclude = [ # ours
    # the first
    "api", # serves
    "mid",
    "web", # shows
]
resolver = "3"

"#]],
    );
    becomes_excluded(
        "zoo",
        &claims("exclude = [\n    \"api\", # serves\n    \"web\" # shows\n]\n"),
        str![[r#"
[workspace]
members = ["*"]
exclude = [
    "api", # serves
    "web", # shows
    "zoo",
]

"#]],
    );
    becomes_excluded(
        "app",
        &claims("exclude = [ # all\n    # web\n    \"web\",\n]\n"),
        str![[r#"
[workspace]
members = ["*"]
exclude = [ # all
    "app",
    # web
    "web",
]

"#]],
    );
    becomes_excluded(
        "app",
        &claims("exclude = [ \"web\", \"zoo\" ]\n"),
        str![[r#"
[workspace]
members = ["*"]
exclude = [ "app", "web", "zoo" ]

"#]],
    );
    becomes_excluded(
        "mid",
        &claims("exclude = [\"web\", \"api\"] # no order\n"),
        str![[r#"
[workspace]
members = ["*"]
exclude = ["web", "api", "mid"] # no order

"#]],
    );
    becomes_excluded(
        "mid",
        "workspace = { members = [\"*\"], exclude = [\"api\"] }\n",
        str![[r#"
workspace = { members = ["*"], exclude = ["api", "mid"] }

"#]],
    );
    becomes_excluded(
        "mid",
        &claims("# nothing excluded yet\n\n[profile.dev]\nopt-level = 1\n"),
        str![[r#"
[workspace]
members = ["*"]
exclude = ["mid"]
# nothing excluded yet

[profile.dev]
opt-level = 1

"#]],
    );
}

#[test]
fn windows_line_endings_and_byte_order_marks_stay() {
    let room = Room::new();
    let before = "\u{feff}[workspace]\r\nmembers = [\"*\"]\r\nexclude = [\r\n\t\"api\",\r\n]\r\n";
    room.write("Cargo.toml", before);
    room.writes(&["shop"]);
    let after = before.replace("\t\"api\",\r\n", "\t\"api\",\r\n\t\"shop\",\r\n");
    assert_eq!(room.read("Cargo.toml"), after);
}

#[test]
fn a_workspace_that_does_not_claim_the_app_stays_as_it_is() {
    for manifest in [
        "[workspace]\n",
        "[workspace]\nmembers = [\"crates/*\"]\n",
        "[workspace]\nmembers = [\"*\"]\n",
        "[workspace]\nmembers = [\"apps/*\"]\nexclude = [\"apps/shop\"]\n",
        "[workspace]\nmembers = [\"apps/*\"]\nexclude = [\"apps\"]\n",
        "[package]\nname = \"shop\"\n",
        "[workspace\n",
    ] {
        changes_nothing("apps/shop", manifest);
    }
}

#[test]
fn a_pattern_does_not_reach_into_deeper_folders() {
    changes_nothing("apps/old/shop", "[workspace]\nmembers = [\"apps/*\"]\n");
}

#[test]
fn of_several_workspaces_the_one_that_claims_the_app_excludes_it() {
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\nmembers = [\"apps/*/*\"]\n");
    room.write("apps/Cargo.toml", "[workspace]\n");
    room.writes(&["apps/new/shop"]);
    assert_eq!(room.read("apps/Cargo.toml"), "[workspace]\n");
    assert!(
        room.read("Cargo.toml")
            .contains("exclude = [\"apps/new/shop\"]")
    );
}

#[test]
fn the_app_is_the_same_as_outside() {
    use crate::support::tree;
    let (inside, outside) = (Room::new(), Room::new());
    inside.write("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n");
    inside.writes(&["shop"]);
    outside.writes(&["shop"]);
    assert_eq!(tree(&inside.join("shop")), tree(&outside.join("shop")));
}

#[test]
fn what_cannot_be_edited_safely_is_said_with_what_to_do() {
    for (manifest, reason, advice) in [
        (
            "[workspace]\nmembers = [\"./apps/shop\"]\n",
            "it lists `./apps/shop` itself",
            "remove `./apps/shop` from `members`",
        ),
        (
            "workspace = { members = [\"apps/*\"] }\n",
            "its `exclude` is written in an unusual way",
            "add `\"apps/shop\"` to `exclude` in its `[workspace]` table",
        ),
    ] {
        let room = Room::new();
        room.write("Cargo.toml", manifest);
        let told = room.writes(&["apps/shop"]).get_output().stderr.clone();
        let told = String::from_utf8(told).unwrap();
        assert!(
            told.contains(reason) && told.contains(advice),
            "{manifest}: {told}"
        );
        assert_eq!(room.read("Cargo.toml"), manifest);
    }
}

#[test]
fn a_dry_run_shows_the_edit() {
    let room = Room::new();
    room.write("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n");
    let output = room.refuses(&["shop", "--dry-run"]).success();
    let listed = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let last = listed.lines().last().unwrap();
    assert!(
        last.starts_with("edit ") && last.ends_with("Cargo.toml"),
        "{listed}"
    );
}

#[cfg(unix)]
#[test]
fn a_read_only_manifest_stays_as_it_is() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    let room = Room::new();
    let manifest = "[workspace]\nmembers = [\"*\"]\n";
    room.write("Cargo.toml", manifest);
    fs::set_permissions(room.join("Cargo.toml"), fs::Permissions::from_mode(0o444)).unwrap();
    room.writes(&["shop"]).stderr_eq(str![[r#"
Wrote shop
note: shop is a workspace of its own, but also a member of the one in [..]/Cargo.toml, which can't be edited safely: it is read-only. Before you build that one, add `"shop"` to `exclude` in its `[workspace]` table

"#]]);
    assert_eq!(room.read("Cargo.toml"), manifest);
}

#[cfg(unix)]
#[test]
fn a_manifest_keeps_its_permissions_and_a_link_to_it_stays() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let room = Room::new();
    room.write("real.toml", "[workspace]\nmembers = [\"*\"]\n");
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
