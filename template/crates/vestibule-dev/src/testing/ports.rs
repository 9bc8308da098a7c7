//! Ports for what a test starts, stops and starts again.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of this machine for one server at a time, which the system gives to
/// nobody else while this lives.
#[derive(Debug)]
pub struct Port {
    /// Where the server is to listen.
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
            // Bound without listening, it keeps others from being given the
            // port, and on Linux it does not stop a server that asks for this
            // very port.
            _reserved: cfg!(target_os = "linux").then_some(socket),
        }
    }
}
