//! What is logged while the tests run, at every level and from all tests together:
//! search for a request id, or for something that only one test uses.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tracing_subscriber::{
    filter::LevelFilter,
    fmt::{
        self,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::SubscriberExt,
    util::SubscriberInitExt,
};
use vestibule::RequestId;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        log().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What each line starts with.
struct TimeAndRequest;

impl FormatTime for TimeAndRequest {
    fn format_time(&self, line: &mut Writer<'_>) -> std::fmt::Result {
        SystemTime.format_time(line)?;
        match RequestId::current() {
            Some(id) => write!(line, " request={id}"),
            None => Ok(()),
        }
    }
}

/// Starts recording the log; calling it once is enough, and
/// [`TestApp`](super::TestApp) does. Returns how much there is already, for
/// [`with_since`].
pub fn keep() -> usize {
    let lines = fmt::layer()
        .with_writer(|| Log)
        .with_timer(TimeAndRequest)
        .with_ansi(false);
    // Fails only if another test has installed it already, which is fine.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(LevelFilter::TRACE)
        .try_init();
    log().len()
}

/// Everything logged so far.
pub fn all() -> String {
    String::from_utf8_lossy(&log()).into_owned()
}

/// The lines that contain a string.
pub fn with(string: &str) -> String {
    with_since(0, string)
}

/// The lines that contain a string, among those after the first `before` bytes.
pub fn with_since(before: usize, string: &str) -> String {
    let log = log();
    String::from_utf8_lossy(log.get(before..).unwrap_or_default())
        .lines()
        .filter(|line| line.contains(string))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Which of the strings occur after the first `before` bytes.
pub fn holding_since(before: usize, strings: &[String]) -> Vec<String> {
    // A copy, so that nothing that logs has to wait for the search.
    let log = log().get(before..).unwrap_or_default().to_vec();
    let log = String::from_utf8_lossy(&log);
    let found = strings
        .iter()
        .filter(|string| log.contains(string.as_str()));
    found.cloned().collect()
}

fn log() -> MutexGuard<'static, Vec<u8>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}
