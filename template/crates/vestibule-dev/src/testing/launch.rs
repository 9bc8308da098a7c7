//! What the app under test is started with.

use std::{net::TcpListener, sync::Arc};

use vestibule::{Settings, settings::declarations::ALL};

use crate::provider::DevProvider;

/// What the app under test is started with: its listeners and its environment.
#[derive(Debug)]
#[non_exhaustive]
pub struct Launch {
    /// The sockets that the app must listen on.
    pub listeners: Vec<TcpListener>,
    /// The development provider that the variables name. It is running.
    pub provider: DevProvider,
    pub(super) environment: Arc<Environment>,
}

impl Launch {
    /// A variable of the app's environment.
    ///
    /// The library's variables come only from [`Start`](super::Start), so that no
    /// test depends on how people sign in on this machine. Any other name, such as
    /// `DATABASE_URL`, is also looked up in the test's own environment, then in the
    /// files `.env` and `.env.example` in the current folder, which is the
    /// package's under `cargo test`.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.environment.variable(name)
    }

    /// The library's settings, from these variables.
    #[track_caller]
    pub fn settings(&self) -> Settings {
        Settings::from_lookup(|name| self.variable(name))
            .unwrap_or_else(|faults| panic!("the app's settings cannot be used: {faults}"))
    }
}

/// The environment of the app under test.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// The first entry for a name counts; `None` means that it is not set.
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
