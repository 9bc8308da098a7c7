//! Ports for servers that a test starts, stops and starts again.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port on this machine for one server at a time, which the operating system
/// gives to no one else in the meantime.
#[derive(Debug)]
pub struct Port {
    /// Where the server should listen.
    pub address: SocketAddr,
    _reserved: Option<TcpSocket>,
}

impl Port {
    /// A port that nothing listens on.
    #[track_caller]
    pub fn reserve() -> Self {
        let reserve = || {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            Ok((socket.local_addr()?, socket))
        };
        let (address, socket) =
            reserve().unwrap_or_else(|error: std::io::Error| panic!("no port is free: {error}"));
        Self {
            address,
            // Bound without listening: this keeps the operating system from
            // assigning the port to others, and on Linux does not stop a server
            // from binding this very port.
            _reserved: cfg!(target_os = "linux").then_some(socket),
        }
    }
}
