//! A Redis primary and its replica, watched over by a real sentinel.

use crate::{
    authority::Authority,
    redis_server::{Server, until},
};

/// By this name the sentinel knows the servers.
pub const SERVICE: &str = "sessions";

pub struct Sentinels {
    /// The one that is the primary at first, and its replica.
    pub servers: [Server; 2],
    /// One alone is a majority.
    pub sentinel: Server,
}

impl Sentinels {
    /// Starts all of them, ready for a failover.
    ///
    /// # Panics
    /// See [`Server::start`].
    pub fn start() -> Option<Self> {
        Self::start_over(None)
    }

    /// The same over TLS alone, if somebody certifies them.
    ///
    /// # Panics
    /// See [`Server::start`].
    pub fn start_over(tls: Option<&Authority>) -> Option<Self> {
        let primary = Server::start_over(tls, &["--repl-diskless-sync-delay", "0"])?;
        let port = primary.address.port().to_string();
        let replica = Server::start_over(tls, &["--replicaof", "127.0.0.1", &port])?;
        until(|| {
            replica
                .ask("INFO replication")
                .contains("master_link_status:up")
        });
        // It asks a new primary for its replicas at once, and then rarely.
        let lines = format!(
            "sentinel monitor {SERVICE} 127.0.0.1 {port} 1\n\
             sentinel down-after-milliseconds {SERVICE} 500\n\
             sentinel failover-timeout {SERVICE} 3000"
        );
        let sentinel = Server::start_sentinel(tls, &lines)?;
        until(|| sentinel.ask("INFO sentinel").contains("slaves=1"));
        Some(Self {
            servers: [primary, replica],
            sentinel,
        })
    }

    pub fn url(&self) -> String {
        let sentinel = self.sentinel.url();
        format!("{}/{SERVICE}", sentinel.replace("://", "+sentinel://"))
    }

    /// The one that is the primary at first.
    pub fn primary(&self) -> &Server {
        &self.servers[0]
    }

    /// Waits until the replica has what the primary has.
    pub fn replicated(&self) {
        let acknowledged = self.primary().ask("SET replicated yes\r\nWAIT 1 60000");
        assert!(acknowledged.ends_with(":1\r\n"), "{acknowledged}");
    }
}
