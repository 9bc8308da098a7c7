//! Logs: one line an event on standard error, filtered by `RUST_LOG`.

use std::{fmt::Result, str::FromStr};

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{
        self,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::current::RequestId;

/// Starts logging. Called once, after the settings, since `.env` may hold
/// `RUST_LOG`; a filter that cannot be read is said and replaced by the default,
/// `info`.
pub fn start() {
    // The server says how many workers it starts, which helps nobody.
    let default = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("actix_server", LevelFilter::WARN);
    let (filter, fault) = match std::env::var("RUST_LOG") {
        Ok(text) => match Targets::from_str(&text) {
            Ok(filter) => (filter, None),
            Err(error) => (default, Some(error)),
        },
        Err(_) => (default, None),
    };
    let logs = fmt::layer()
        .with_writer(std::io::stderr)
        .with_timer(TimeAndRequest)
        .with_target(false);
    // Fails only if logging was started before, as tests may have done.
    let _ = tracing_subscriber::registry()
        .with(logs)
        .with(filter)
        .try_init();
    if let Some(error) = fault {
        tracing::warn!(%error, "RUST_LOG cannot be read; logging at info");
    }
}

/// What each line begins with: the time, and which request it belongs to. A span
/// would say the same, but each request would pay for it, logged or not.
pub struct TimeAndRequest;

impl FormatTime for TimeAndRequest {
    fn format_time(&self, line: &mut Writer<'_>) -> Result {
        SystemTime.format_time(line)?;
        match RequestId::current() {
            Some(id) => write!(line, " request={id}"),
            None => Ok(()),
        }
    }
}
