//! What the generated app's documents say of the settings is what the library declares.
#![expect(clippy::panic, reason = "a test that cannot go on has failed")]

use vestibule::settings::declarations::{ALL, Setting};

const README: &str = include_str!("../../template/README.md.liquid");
const ENV_EXAMPLE: &str = include_str!("../../template/.env.example.liquid");

/// These stand in the example where what they need is told.
const NOT_IN_EXAMPLE: [&str; 2] = ["OIDC_LOGIN_REDIRECT_URI", "OIDC_LOGOUT_REDIRECT_URI"];

#[test]
fn the_readme_names_every_setting_with_its_default() {
    for Setting { name, default, .. } in ALL {
        let quoted = format!("`{name}`");
        let row = README
            .lines()
            .find(|line| line.starts_with("| `") && line.contains(&quoted));
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        // A long list is cut short in the table.
        let shown: Vec<&str> = match *name {
            "OIDC_SIGNATURE_ALGORITHMS" => default.split(' ').take(1).collect(),
            _ => vec![default],
        };
        for value in shown.iter().filter(|value| !value.is_empty()) {
            assert!(
                row.contains(&format!("`{value}`")),
                "{name} is {value} by default: {row}"
            );
        }
    }
}

#[test]
fn the_example_shows_every_setting_with_its_default() {
    for Setting { name, default, .. } in ALL {
        // One of the providers that the example names.
        let assignment = format!("{}=", name.replace("{NAME}", "ENTRA"));
        let mut values = ENV_EXAMPLE.lines().filter_map(|line| {
            // A placeholder may stand before it.
            let (before, value) = line.split_once(&assignment)?;
            let is_name = before.is_empty() || before.ends_with(['#', '}']);
            is_name.then(|| value.trim_matches('"'))
        });
        if NOT_IN_EXAMPLE.contains(name) && values.clone().next().is_none() {
            continue;
        }
        // What the questions of `vestibule new` answer is filled in then.
        let is_shown =
            values.any(|value| default.is_empty() || value == *default || value.starts_with("{{"));
        assert!(is_shown, "{name} is {default} by default");
    }
}
