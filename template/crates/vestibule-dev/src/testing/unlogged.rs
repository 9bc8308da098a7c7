//! What must not be logged.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::logs;
use crate::provider::DevProvider;

/// The secrets of one app and its provider. When the test ends, the log is searched
/// for them.
pub(super) struct Unlogged {
    provider: DevProvider,
    /// The values of cookies and settings.
    values: Mutex<HashSet<String>>,
    /// How much had been logged before.
    pub logged_before: usize,
}

impl Unlogged {
    pub fn new(provider: DevProvider, logged_before: usize) -> Arc<Self> {
        Arc::new(Self {
            provider,
            values: Mutex::default(),
            logged_before,
        })
    }

    pub fn add(&self, value: &str) {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert(value.to_owned());
    }
}

impl Drop for Unlogged {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut secrets = self.provider.issued_tokens();
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.extend(values.drain());
        // Anything shorter is a word, such as the "tried" of a silent sign-in.
        secrets.retain(|secret| secret.len() >= 16);
        let found = logs::holding_since(self.logged_before, &secrets);
        assert!(
            found.is_empty(),
            "the log contains these secrets: {found:#?}"
        );
    }
}
