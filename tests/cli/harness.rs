//! The crates that build the template in place must build it as an app is built.

use std::fs;

use toml_edit::{DocumentMut, Item};

use crate::support::repository;

/// The packages of an app: where each is in the template, and what builds it in place.
const PACKAGES: [(&str, &str); 3] = [
    ("template", "tests/harness/app"),
    ("template/crates/vestibule", "tests/harness/vestibule"),
    (
        "template/crates/vestibule-dev",
        "tests/harness/vestibule-dev",
    ),
];

fn manifest(path: &str) -> DocumentMut {
    fs::read_to_string(repository().join(path))
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn harness_has_the_dependencies_features_and_lints_of_the_template() {
    for (template, harness) in PACKAGES {
        let mut template = manifest(&format!("{template}/Cargo.toml.liquid"));
        let mut harness = manifest(&format!("{harness}/Cargo.toml"));
        for manifest in [&mut template, &mut harness] {
            // The views are elsewhere for the harness, as its `askama.toml` says;
            // reading that file takes one more feature.
            let features = manifest["dependencies"]["askama"]["features"]
                .as_array_mut()
                .unwrap();
            features.retain(|feature| feature.as_str() != Some("config"));
            // An app turns on the store in PostgreSQL itself; here it is always tested.
            let features = manifest.get_mut("features");
            let default = features.and_then(|features| features.get_mut("default")?.as_array_mut());
            if let Some(default) = default {
                default.retain(|feature| feature.as_str() != Some("postgres"));
            }
            for table in ["dependencies", "dev-dependencies"] {
                without_paths(manifest.get_mut(table));
            }
        }
        let of = |manifest: &DocumentMut, table: &str| manifest.get(table).map(plain);
        for table in ["dependencies", "dev-dependencies", "features", "lints"] {
            assert_eq!(of(&harness, table), of(&template, table), "{table}");
        }
        for key in ["edition", "rust-version"] {
            assert_eq!(
                plain(&harness["package"][key]),
                plain(&template["package"][key]),
                "{key}"
            );
        }
    }
}

/// The crates of an app are elsewhere for the harness.
fn without_paths(dependencies: Option<&mut Item>) {
    let dependencies = dependencies.and_then(Item::as_table_like_mut);
    for (_, dependency) in dependencies.into_iter().flat_map(|it| it.iter_mut()) {
        if let Some(table) = dependency.as_table_like_mut() {
            table.remove("path");
        }
    }
}

/// The text without its comments and spaces.
fn plain(item: &Item) -> String {
    item.to_string()
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<String>()
        .replace(' ', "")
}
