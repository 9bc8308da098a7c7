//! Serves a provider's own addresses, which all lead to the test provider.

use std::{
    collections::HashMap,
    io::{self, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
};

use vestibule_dev::provider::Endpoint;

use crate::processes::{read_request, serve};

/// A port of this machine that stands for all hosts of a provider.
pub struct Front {
    listener: TcpListener,
    port: u16,
}

/// The paths at which a provider has its endpoints.
pub type Paths = HashMap<String, Endpoint>;

impl Front {
    pub fn bind() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// The host of the issuer.
    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// All other hosts.
    pub fn elsewhere(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Passes what arrives at these paths on to the provider there.
    pub fn serve(self, paths: Paths, provider: SocketAddr) {
        serve(self.listener, move |mut client| {
            let request = read_request(&mut client)?;
            let request = String::from_utf8_lossy(&request).into_owned();
            let mut words = request.splitn(3, ' ');
            let (method, path) = (words.next(), words.next().unwrap_or_default());
            let Some(endpoint) = paths.get(path) else {
                return client.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
            };
            let (method, rest) = (method.unwrap_or_default(), words.next().unwrap_or_default());
            let mut server = TcpStream::connect(provider)?;
            write!(server, "{method} {} {rest}", endpoint.path())?;
            io::copy(&mut server, &mut client)?;
            client.shutdown(Shutdown::Both)
        });
    }
}
