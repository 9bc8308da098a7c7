//! The app's name: normalized as cargo-generate does it, and checked before Cargo would reject it.

use heck::{ToKebabCase as _, ToSnakeCase as _};

use super::questions::quoted;

/// The longest name that crates.io takes.
const LONGEST: usize = 64;
/// The suggestion if nothing of a name can be kept.
const FALLBACK: &str = "my-app";

pub(crate) const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];
const RUST_CRATES: &[&str] = &["alloc", "core", "proc_macro", "std", "test"];
const CARGO_FOLDERS: &[&str] = &["build", "deps", "examples", "incremental"];
const WINDOWS_DEVICES: &[&str] = &[
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1",
    "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// The name of an app, known to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppName {
    typed: String,
    package: String,
}

/// A name that Cargo, rustc or a file system would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadName {
    typed: String,
    reason: String,
    suggestion: String,
}

impl AppName {
    /// Normalizes a name as cargo-generate does, and checks the outcome.
    pub(crate) fn new(typed: &str) -> Result<Self, BadName> {
        let package = package_name(typed);
        match objection(typed, &package) {
            None => Ok(Self {
                typed: typed.to_owned(),
                package,
            }),
            Some(reason) => Err(BadName {
                typed: typed.to_owned(),
                reason,
                suggestion: suggestion(typed),
            }),
        }
    }

    /// The name of the package, cargo-generate's `project-name`.
    pub(crate) fn package(&self) -> &str {
        &self.package
    }

    /// cargo-generate's `crate_name`.
    pub(crate) fn crate_name(&self) -> String {
        self.typed.to_snake_case()
    }

    /// The name as it was typed, if the package has another one.
    pub(crate) fn changed_from(&self) -> Option<&str> {
        (self.typed != self.package).then_some(self.typed.as_str())
    }
}

impl BadName {
    /// What is wrong with it.
    pub(crate) fn message(&self) -> String {
        format!("{} {}", quoted(&self.typed), self.reason)
    }

    /// The same, with a valid name.
    pub(crate) fn with_suggestion(&self) -> String {
        format!("{}; `{}` would do", self.message(), self.suggestion)
    }

    /// A valid name.
    pub(crate) fn suggestion(&self) -> &str {
        &self.suggestion
    }
}

/// cargo-generate's rule: snake_case stays, all else becomes kebab-case.
fn package_name(typed: &str) -> String {
    let snake = typed.to_snake_case();
    if snake == typed {
        snake
    } else {
        typed.to_kebab_case()
    }
}

fn objection(typed: &str, package: &str) -> Option<String> {
    if typed.is_empty() {
        return Some("is empty".to_owned());
    }
    if typed.chars().any(char::is_control) {
        return Some("contains a control character".to_owned());
    }
    if let Some(foreign) = typed.chars().find(|character| !character.is_ascii()) {
        return Some(format!(
            "contains `{foreign}`; Cargo accepts only ASCII letters"
        ));
    }
    if package.is_empty() {
        return Some("has no letters".to_owned());
    }
    if package.len() > LONGEST {
        return Some(format!("is longer than {LONGEST} characters"));
    }
    if !package.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Some("starts with a digit".to_owned());
    }
    let crate_name = package.replace('-', "_");
    if CARGO_FOLDERS.contains(&crate_name.as_str()) {
        return Some("is a folder that Cargo creates next to the program".to_owned());
    }
    reserved(&crate_name).map(str::to_owned)
}

/// Why a name can't be that of a crate or a module, if so.
pub(crate) fn reserved(name: &str) -> Option<&'static str> {
    [
        (KEYWORDS, "is a Rust keyword"),
        (RUST_CRATES, "is the name of a crate that comes with Rust"),
        (
            WINDOWS_DEVICES,
            "is a device on Windows, so no file can have that name",
        ),
    ]
    .into_iter()
    .find_map(|(names, reason)| names.contains(&name).then_some(reason))
}

/// A valid name that is as close to the typed one as possible.
fn suggestion(typed: &str) -> String {
    let plain: String = typed.chars().filter(char::is_ascii).collect();
    let mut name = package_name(&plain);
    name.truncate(LONGEST);
    let name = name.trim_end_matches(['-', '_']);
    [
        name.to_owned(),
        format!("{name}-app"),
        format!("app-{name}"),
    ]
    .into_iter()
    .find(|candidate| {
        package_name(candidate) == *candidate && objection(candidate, candidate).is_none()
    })
    .unwrap_or_else(|| FALLBACK.to_owned())
}

#[cfg(test)]
#[expect(clippy::panic, reason = "a test that fails")]
mod tests {
    use super::AppName;

    #[test]
    fn names_are_written_as_cargo_generate_writes_them() {
        let cases = [
            ("abc", "abc", "abc"),
            ("a_b", "a_b", "a_b"),
            ("A", "a", "a"),
            ("aB", "a-b", "a_b"),
            ("a__b", "a-b", "a_b"),
            ("my.app", "my-app", "my_app"),
            ("x/y", "x-y", "x_y"),
            ("Foo-Bar_baz", "foo-bar-baz", "foo_bar_baz"),
            ("My Cool_App9", "my-cool-app9", "my_cool_app9"),
        ];
        for (typed, package, crate_name) in cases {
            let name = AppName::new(typed).unwrap_or_else(|bad| panic!("{bad:?}"));
            assert_eq!(
                (name.package(), name.crate_name().as_str()),
                (package, crate_name)
            );
        }
    }

    #[test]
    fn every_suggestion_is_a_good_name() {
        let long = "long-".repeat(30);
        for typed in [
            "",
            "é",
            "9",
            "9lives",
            "fn",
            "Self",
            "test",
            "con",
            "--",
            long.as_str(),
        ] {
            let Err(bad) = AppName::new(typed) else {
                panic!("{typed} is good")
            };
            assert!(AppName::new(bad.suggestion()).is_ok(), "{bad:?}");
        }
    }
}
