//! The published package: it carries the whole template, builds, and once installed needs
//! nothing but itself.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{Room, program, repository, succeeds, tree};

fn cargo(arguments: &[&str]) -> Output {
    program(); // has to be found before Cargo replaces it
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(arguments)
        .current_dir(repository())
        .env("CARGO_NET_OFFLINE", "true");
    succeeds(&mut cargo)
}

#[test]
fn the_package_carries_the_whole_template() {
    let output = cargo(&[
        "package",
        "--package",
        "vestibule-cli",
        "--list",
        "--allow-dirty",
    ]);
    let packed = String::from_utf8(output.stdout).unwrap();
    let packed: BTreeSet<&str> = packed
        .lines()
        .filter(|line| line.starts_with("template/"))
        .collect();

    let room = Room::new();
    room.writes(&["my-app"]);
    let written: BTreeSet<String> = tree(&room.join("my-app"))
        .into_iter()
        .filter(|(_, contents)| contents.is_some())
        .map(|(path, _)| {
            let source = Path::new("template").join(path);
            let liquid = format!("{}.liquid", source.display());
            if packed.contains(liquid.as_str()) {
                liquid
            } else {
                source.display().to_string()
            }
        })
        .collect();
    let written: BTreeSet<&str> = written.iter().map(String::as_str).collect();
    let differences: Vec<_> = packed.symmetric_difference(&written).collect();
    assert!(
        !packed.is_empty() && differences.is_empty(),
        "{differences:?}"
    );
}

#[test]
fn the_package_builds() {
    cargo(&["package", "--package", "vestibule-cli", "--allow-dirty"]);
}

/// As on a machine that has Cargo, but neither a network nor git.
#[test]
fn installed_from_source_it_works_offline_and_alone() {
    let (root, room) = (Room::new(), Room::new());
    let root_path = root.path().to_str().unwrap();
    cargo(&[
        "install",
        "--debug",
        "--locked",
        "--path",
        ".",
        "--root",
        root_path,
        "--no-track",
    ]);

    let program = root
        .join("bin")
        .join(format!("vestibule{}", std::env::consts::EXE_SUFFIX));
    let mut new = Command::new(program);
    new.args(["new", "my-app", "--no-input"])
        .current_dir(room.path())
        .env("PATH", room.path())
        .env("CARGO_NET_OFFLINE", "true");
    succeeds(&mut new);

    let here = Room::new();
    here.writes(&["my-app"]);
    assert_eq!(room.tree(), here.tree());
}
