//! The crate that builds the template in place must build it as an app is
//! built.

use std::fs;

use toml_edit::{DocumentMut, Item};

use crate::support::repository;

fn manifest(path: &str) -> DocumentMut {
    fs::read_to_string(repository().join(path))
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn harness_has_the_dependencies_and_lints_of_the_template() {
    let template = manifest("template/Cargo.toml.liquid");
    let mut harness = manifest("tests/harness/Cargo.toml");
    // The views lie elsewhere for the harness, which its `askama.toml` says;
    // reading that file takes one more feature.
    let features = harness["dependencies"]["askama"]["features"]
        .as_array_mut()
        .unwrap();
    features.retain(|feature| feature.as_str() != Some("config"));
    for table in ["dependencies", "dev-dependencies", "lints"] {
        assert_eq!(plain(&harness[table]), plain(&template[table]), "{table}");
    }
    for key in ["edition", "rust-version"] {
        assert_eq!(
            plain(&harness["package"][key]),
            plain(&template["package"][key]),
            "{key}"
        );
    }
}

/// The text without its comments and blanks.
fn plain(item: &Item) -> String {
    item.to_string()
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<String>()
        .replace(' ', "")
}
