//! What can be set from outside.

use std::env;

use anyhow::Context;

pub struct Settings {
    pub host: String,
    pub port: u16,
    pub places: usize,
}

impl Settings {
    pub fn from_env() -> anyhow::Result<Self> {
        Ok(Self {
            host: env::var("WAITLIST_HOST").unwrap_or_else(|_| "127.0.0.1".to_owned()),
            port: number("WAITLIST_PORT", 8080)?,
            places: number("WAITLIST_PLACES", 20)?,
        })
    }
}

fn number<N: std::str::FromStr>(name: &str, default: N) -> anyhow::Result<N> {
    match env::var(name) {
        Ok(text) => text
            .parse()
            .ok()
            .with_context(|| format!("{name} is not a number")),
        Err(_) => Ok(default),
    }
}
