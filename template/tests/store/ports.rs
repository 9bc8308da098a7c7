//! Ports for what a test starts, stops and starts again.

use std::net::{Ipv4Addr, SocketAddr};

use redis::io::tcp::socket2::{Domain, Socket, Type};

/// A port of this machine for one server at a time, which the system gives to
/// nobody else as long as this lives.
pub struct Port {
    pub address: SocketAddr,
    _kept: Option<Socket>,
}

impl Port {
    pub fn reserve() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).unwrap();
        Self {
            address: socket.local_addr().unwrap().as_socket().unwrap(),
            // Bound without listening, it stands in the way of whoever takes
            // any port, and on Linux not in that of whoever asks for this one.
            _kept: cfg!(target_os = "linux").then_some(socket),
        }
    }
}
