//! What happens to the servers that stores need.

/// How a server fails.
#[derive(Clone, Copy, Debug)]
pub enum Outage {
    Down,
    Frozen,
}
