//! What the app logs while the tests run, at every level and of all tests
//! together: look for a request id, or for a text that only one test uses.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use app::telemetry::TimeAndRequest;
use tracing_subscriber::{filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

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

/// Keeps what is logged from now on; once is enough. Returns how much there is
/// already, for [`with_since`].
pub fn keep() -> usize {
    let lines = fmt::layer()
        .with_writer(|| Log)
        .with_timer(TimeAndRequest)
        .with_ansi(false);
    // Fails only if another test was first, as it should be.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(LevelFilter::TRACE)
        .try_init();
    log().len()
}

/// Everything so far.
pub fn all() -> String {
    String::from_utf8_lossy(&log()).into_owned()
}

/// The lines that hold a text.
pub fn with(text: &str) -> String {
    with_since(0, text)
}

/// The lines that hold a text, of those that came after so much.
pub fn with_since(before: usize, text: &str) -> String {
    let log = log();
    String::from_utf8_lossy(&log[before..])
        .lines()
        .filter(|line| line.contains(text))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Those of the texts that came after so much.
pub fn holding_since(before: usize, texts: &[String]) -> Vec<String> {
    // A copy, so that nobody who logs has to wait for the search.
    let log = log()[before..].to_vec();
    let log = String::from_utf8_lossy(&log);
    let found = texts.iter().filter(|text| log.contains(text.as_str()));
    found.cloned().collect()
}

fn log() -> MutexGuard<'static, Vec<u8>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

#[tokio::test]
#[should_panic(expected = "the log holds")]
async fn a_test_whose_app_logs_a_secret_fails() {
    let alice = crate::support::signed_in_as("alice").await;
    tracing::debug!("{}", alice.cookies()["sign-in"]);
}

#[tokio::test]
async fn a_record_in_the_log_tells_no_secret() {
    let alice = crate::support::signed_in_as("alice").await;
    let sign_in = &alice.record().await.sign_in;
    let shown = format!("{sign_in:?}");
    assert!(shown.contains("Alice"), "{shown}");
    let tokens = &sign_in.tokens;
    for secret in [
        &sign_in.csrf_token,
        &tokens.nonce,
        &tokens.access_token.expose(),
        &tokens.id_token.expose(),
    ] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
