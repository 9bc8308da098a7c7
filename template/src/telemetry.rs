//! Logs: one line an event on standard error, filtered by `RUST_LOG`.

use std::fmt::Result;

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

/// What is logged unless `RUST_LOG` says otherwise.
pub fn usual() -> Targets {
    // The server says how many workers it starts, which helps nobody.
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("actix_server", LevelFilter::WARN)
}

/// Starts logging. Called once.
pub fn start(filter: Targets) {
    let logs = fmt::layer()
        .with_writer(std::io::stderr)
        .with_timer(TimeAndRequest)
        .with_target(false);
    // Fails only if logging was started before, as tests may have done.
    let _ = tracing_subscriber::registry()
        .with(logs)
        .with(filter)
        .try_init();
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
