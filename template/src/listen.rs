//! The address that the app listens on.

use std::{
    fmt,
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener, ToSocketAddrs},
};

/// Listens on an address such as `localhost:8080`, which may stand for several.
///
/// # Errors
/// The address cannot be used.
pub fn listen(address: &str) -> Result<Vec<TcpListener>, ListenError> {
    let unusable = |error| ListenError {
        address: address.to_owned(),
        error,
    };
    let resolved: Vec<SocketAddr> = address.to_socket_addrs().map_err(unusable)?.collect();
    let mut listeners = Vec::new();
    let mut missing = None;
    for address in resolved {
        match TcpListener::bind(address) {
            Ok(listener) => listeners.push(listener),
            // `localhost` may have an address family that this machine lacks.
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => missing = Some(error),
            Err(error) => return Err(unusable(error)),
        }
    }
    match missing {
        Some(error) if listeners.is_empty() => Err(unusable(error)),
        _ => Ok(listeners),
    }
}

/// The address that cannot be used, and why.
#[derive(Debug)]
pub struct ListenError {
    address: String,
    error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, error } = self;
        match error.kind() {
            ErrorKind::AddrInUse => write!(
                f,
                "cannot start: APP_LISTEN: {address} is in use. Stop the other program, or set \
                 APP_LISTEN and APP_BASE_URL to another port."
            ),
            _ => write!(
                f,
                "cannot start: APP_LISTEN: cannot listen on {address}: {error}"
            ),
        }
    }
}

impl std::error::Error for ListenError {}
