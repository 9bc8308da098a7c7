//! The apps that are written, and the template they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use toml_edit::DocumentMut;

use crate::support::{Room, assert_files_formatted, repository, tree};

/// What everything else relies on; the rest of the template may change.
const CONTRACTS: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "vestibule.toml",
    "README.md",
    ".env.example",
    "src/main.rs",
    "src/hooks.rs",
    "src/routes/mod.rs",
    "crates/vestibule/Cargo.toml",
    "crates/vestibule-dev/Cargo.toml",
];

/// The choices that steer conditions in the template.
const CHOICES: [(&str, &[&str]); 3] = [
    (
        "provider",
        &[
            "dev", "okta", "auth0", "cognito", "entra", "google", "keycloak", "other",
        ],
    ),
    ("login_page", &["redirect", "page", "widget"]),
    ("session_store", &["embedded", "memory", "redis"]),
];

/// The files of the template that carry placeholders, by their path in an app.
fn rendered() -> BTreeSet<String> {
    tree(&repository().join("template"))
        .into_keys()
        .filter_map(|path| Some(path.to_str()?.strip_suffix(".liquid")?.to_owned()))
        .collect()
}

#[test]
fn an_app_has_what_others_rely_on() {
    let room = Room::new();
    room.writes(&["my-app"]);
    for path in CONTRACTS {
        assert!(room.join("my-app").join(path).is_file(), "{path}");
    }
}

#[test]
fn cargo_generate_renders_the_same_files() {
    let config: DocumentMut = fs::read_to_string(repository().join("cargo-generate.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let listed: BTreeSet<String> = config["template"]["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap())
        .map(|entry| {
            entry
                .strip_prefix('/')
                .expect("a path from the top")
                .to_owned()
        })
        .collect();
    assert_eq!(listed, rendered());
}

#[test]
fn code_and_views_carry_no_placeholders() {
    for path in rendered() {
        assert!(!path.ends_with(".rs") && !path.ends_with(".html"), "{path}");
    }
    for path in tree(&repository().join("template")).into_keys() {
        assert!(!path.to_string_lossy().contains("{{"), "{}", path.display());
    }
}

#[test]
fn every_choice_gives_whole_files() {
    for provider in CHOICES[0].1 {
        for login_page in CHOICES[1].1 {
            for session_store in CHOICES[2].1 {
                let room = Room::new();
                room.writes(&[
                    "my-app",
                    &format!("-dprovider={provider}"),
                    &format!("-dlogin_page={login_page}"),
                    &format!("-dsession_store={session_store}"),
                    "-dissuer=https://id.example.com",
                    "-dclient_id=client-1",
                ]);
                files_are_whole(&room);
            }
        }
    }
}

/// No Liquid is left, every line ends, none ends in spaces, and TOML is TOML.
fn files_are_whole(room: &Room) {
    for path in rendered() {
        let text = room.read(Path::new("my-app").join(&path));
        let rest = without_raw(&path, &text);
        assert!(
            !rest.contains("{{") && !rest.contains("{%"),
            "{path}: Liquid is left"
        );
        assert!(
            text.ends_with('\n') && !text.ends_with("\n\n"),
            "{path}: its end"
        );
        assert!(!text.contains("\n\n\n"), "{path}: two empty lines");
        assert!(
            text.lines().all(|line| !line.ends_with(' ')),
            "{path}: spaces at the end of a line"
        );
        if path.ends_with(".toml") {
            text.parse::<DocumentMut>()
                .unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}

/// A file without what its template protects from Liquid.
fn without_raw(path: &str, text: &str) -> String {
    let source = repository().join("template").join(format!("{path}.liquid"));
    let source = fs::read_to_string(source).unwrap();
    let raw = source
        .split("{% raw %}")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("{% endraw %}")?.0));
    raw.fold(text.to_owned(), |text, raw| text.replace(raw, ""))
}

#[test]
fn answers_reach_the_files() {
    let room = Room::new();
    let answers = [
        ("description", "Größe & Farbe: it's #1"),
        ("provider", "keycloak"),
        ("issuer", "https://id.example.com/realms/shop"),
        ("client_id", "shop-client"),
        ("login_page", "page"),
        ("session_store", "redis"),
    ];
    let defines = answers.map(|(key, value)| format!("-d{key}={value}"));
    let defines = defines.each_ref().map(String::as_str);
    room.writes(&[&["shop", "--name=My Shop"], &defines[..]].concat());

    let manifest: DocumentMut = room.read("shop/Cargo.toml").parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("my-shop"));
    assert_eq!(
        manifest["package"]["description"].as_str(),
        Some(answers[0].1)
    );
    let record: DocumentMut = room.read("shop/vestibule.toml").parse().unwrap();
    let version = record["template"]["version"].as_str();
    assert_eq!(version, Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(record["answers"]["project-name"].as_str(), Some("my-shop"));
    for (key, value) in answers {
        assert_eq!(record["answers"][key].as_str(), Some(value), "{key}");
    }
    let example = room.read("shop/.env.example");
    for value in ["https://id.example.com/realms/shop", "shop-client"] {
        assert!(example.contains(value), "{value}: {example}");
    }
}

#[test]
fn flags_go_before_defines_and_these_before_a_values_file() {
    let room = Room::new();
    room.write(
        "values.toml",
        "[values]\nprovider = 'okta'\nlogin_page = 'page'\ndescription = 'One'\n",
    );
    let answers = [
        "--values-file=values.toml",
        "-dlogin_page=redirect",
        "-dlogin_page=page",
        "-dprovider=other",
    ];
    room.writes(&[&["mixed", "--provider=entra"], &answers[..]].concat());
    room.writes(&[
        "plain",
        "--name=mixed",
        "--provider=entra",
        "--login-page=page",
        "--description=One",
    ]);
    assert_eq!(tree(&room.join("mixed")), tree(&room.join("plain")));
}

#[test]
fn the_name_can_be_given_like_any_answer() {
    let room = Room::new();
    room.write("values.toml", "[values]\nproject-name = 'from-file'\n");
    room.writes(&["one", "--values-file=values.toml"]);
    assert!(room.read("one/Cargo.toml").contains("name = \"from-file\""));
    room.writes(&[
        "fn",
        "--values-file=values.toml",
        "-dproject-name=from-define",
    ]);
    assert!(
        room.read("fn/Cargo.toml")
            .contains("name = \"from-define\"")
    );
}

#[test]
fn every_code_file_is_formatted() {
    let room = Room::new();
    room.writes(&["my-app"]);
    assert_files_formatted(&room.join("my-app"), |_| true);
}

/// A package of a lock file: its name, what tells its version, and what it depends on.
fn packages(lock: &str) -> Vec<(String, String, Vec<String>)> {
    let lock: DocumentMut = lock.parse().unwrap();
    let packages = lock["package"].as_array_of_tables().unwrap();
    let text = |value: Option<&toml_edit::Item>| {
        value
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    packages
        .iter()
        .map(|package| {
            let version = [text(package.get("version")), text(package.get("checksum"))];
            let needs = package.get("dependencies").and_then(|list| list.as_array());
            let needs = needs.into_iter().flatten();
            let needs = needs.map(|one| one.as_str().unwrap().to_owned());
            (text(package.get("name")), version.concat(), needs.collect())
        })
        .collect()
}

#[test]
fn an_app_pins_the_versions_that_were_tested() {
    let tested = fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let tested: BTreeSet<(String, String)> = packages(&tested)
        .into_iter()
        .map(|(name, version, _)| (name, version))
        .collect();
    // Cargo keeps packages in the order of their names: first, last and in between.
    for name in ["a", "actix", "actix_web", "my-app", "serde-app", "zzz"] {
        let room = Room::new();
        room.writes(&["app", "--name", name]);
        let lock = room.read("app/Cargo.lock");
        assert!(lock.starts_with("# This file is automatically @generated by Cargo.\n"));
        assert!(lock.ends_with("\n") && !lock.ends_with("\n\n"), "{name}");
        assert!(!lock.contains("\n\n\n"), "{name}");
        let packages = packages(&lock);
        assert!(packages.is_sorted_by_key(|(name, ..)| name), "{name}");

        let manifest: DocumentMut = room.read("app/Cargo.toml").parse().unwrap();
        let own: Vec<_> = packages.iter().filter(|(one, ..)| one == name).collect();
        assert_eq!(own.len(), 1, "{name}");
        let dependencies = manifest["dependencies"].as_table().unwrap();
        let mut needed: Vec<&str> = dependencies.iter().map(|(name, _)| name).collect();
        needed.sort_unstable();
        assert_eq!(own[0].2, needed, "{name}");

        for (package, version, _) in packages {
            let is_tested = package == name || tested.contains(&(package.clone(), version));
            assert!(is_tested, "{package} has a version that was not tested");
        }
    }
}

/// The library's tests replay these providers' documents with the settings that an app gets here.
#[test]
fn presets_are_what_the_library_is_tested_with() {
    const COMPARED: [&str; 3] = ["OIDC_SCOPES", "OIDC_ROLES_CLAIM", "OIDC_LOGOUT_URL"];
    let samples = repository().join("template/crates/vestibule/tests/it/real_providers");
    for (provider, sample) in [
        ("okta", "okta_custom.json"),
        ("auth0", "auth0.json"),
        ("cognito", "cognito.json"),
        ("entra", "entra.json"),
        ("google", "google.json"),
        ("keycloak", "keycloak.json"),
    ] {
        let room = Room::new();
        room.writes(&["shop", "--provider", provider]);
        let example = room.read("shop/.env.example");
        let written = example.lines().filter_map(|line| line.split_once('='));
        let written: BTreeMap<&str, String> = written
            .filter(|(name, _)| COMPARED.contains(name))
            .map(|(name, value)| {
                let value = value.trim_matches('"');
                (name, value.replace("YOUR-APP", "app.example.com"))
            })
            .collect();

        let sample = fs::read_to_string(samples.join(sample)).unwrap();
        let sample: serde_json::Value = serde_json::from_str(&sample).unwrap();
        let tested = sample["settings"].as_object().unwrap();
        let tested: BTreeMap<&str, String> = tested
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap().to_owned()))
            .filter(|(name, _)| COMPARED.contains(name))
            .collect();
        assert!(written.contains_key("OIDC_SCOPES"), "{provider}");
        assert_eq!(written, tested, "{provider}");
    }
}
