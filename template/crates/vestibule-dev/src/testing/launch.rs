//! What the app under test is started from.

use std::{net::TcpListener, sync::Arc};

use vestibule::{Settings, settings::declarations::ALL};

use crate::provider::DevProvider;

/// What the app under test is started from: where it listens, and its
/// environment.
#[derive(Debug)]
#[non_exhaustive]
pub struct Launch {
    /// Where the app is to listen.
    pub listeners: Vec<TcpListener>,
    /// The development provider that the variables name. It runs.
    pub provider: DevProvider,
    pub(super) environment: Arc<Environment>,
}

impl Launch {
    /// A variable of the app's environment.
    ///
    /// What the library reads is answered from [`Start`](super::Start) alone, so
    /// that no test depends on what signs people in on this machine. Any other
    /// name, such as `DATABASE_URL`, is also looked up in the test's own
    /// environment, then in the files `.env` and `.env.example` of the current
    /// folder, which is the package's under `cargo test`.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.environment.variable(name)
    }

    /// The library's settings from these variables.
    #[track_caller]
    pub fn settings(&self) -> Settings {
        Settings::from_lookup(|name| self.variable(name))
            .unwrap_or_else(|faults| panic!("the app's settings cannot be used: {faults}"))
    }
}

/// The environment of the app under test.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// The first of a name counts; `None`: it is not set.
    pub variables: Vec<(String, Option<String>)>,
}

impl Environment {
    pub fn variable(&self, name: &str) -> Option<String> {
        let set = self.variables.iter().find(|(known, _)| known == name);
        match set {
            Some((_, value)) => value.clone(),
            None if is_of_the_library(name) => None,
            None => std::env::var(name)
                .ok()
                .or_else(|| in_file(".env", name))
                .or_else(|| in_file(".env.example", name)),
        }
    }
}

fn in_file(file: &str, name: &str) -> Option<String> {
    let mut variables = dotenvy::from_path_iter(file).ok()?.flatten();
    variables.find_map(|(known, value)| (known == name).then_some(value))
}

fn is_of_the_library(name: &str) -> bool {
    ALL.iter().any(|setting| setting.name == name)
}
