//! The current time, as records and tokens use it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the Unix epoch, by this server's clock.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Milliseconds since the Unix epoch, by this server's clock.
pub(crate) fn now_in_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis().try_into().unwrap_or(u64::MAX))
}
