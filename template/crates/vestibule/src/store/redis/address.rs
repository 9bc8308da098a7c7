//! The forms of a Redis address in `SESSION_STORE`. Nothing here connects.

use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};
use url::Url;

use crate::loopback::is_loopback_host;

const SERVER: &str = "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";
const SENTINELS: &str = "redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/SERVICE\
    [/DATABASE], or rediss+sentinel:// for TLS";
const CLUSTER: &str = "redis+cluster://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…], or \
    rediss+cluster:// for TLS";
const SEVERAL: &str = "redis+sentinel://HOST,HOST/SERVICE if they are sentinels, \
    redis+cluster://HOST,HOST if they are nodes of a cluster";

const SENTINEL_PORT: u16 = 26379;

/// A parsed `SESSION_STORE`, with its password. It is displayed as hosts and ports.
pub(crate) struct Address {
    /// The hosts to ask, in turn, for the server that takes writes.
    pub(super) hosts: Vec<ConnectionInfo>,
    pub(super) kind: Kind,
}

/// What the hosts of an address are.
pub(super) enum Kind {
    /// The server itself, or something in front of it.
    Server,
    /// Sentinels that know the server by its service name.
    Sentinels(Service),
    /// Nodes of a cluster.
    Cluster,
}

pub(super) struct Service {
    pub name: String,
    /// How to log in to the server.
    pub login: RedisConnectionInfo,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// The form that the address should have. The address is not repeated, since it
    /// may contain a password.
    pub(crate) fn parse(address: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = address.split_once("://").unwrap_or((address, ""));
        let parts = Parts::of(rest);
        match scheme {
            "redis" | "rediss" if parts.hosts.contains(',') => Err(SEVERAL),
            // A fragment can disable certificate checks for TLS.
            "redis" | "rediss" if address.contains('#') => Err(SERVER),
            "redis" | "rediss" => Self::server(address).ok_or(SERVER),
            "redis+sentinel" => Self::sentinels("redis", &parts).ok_or(SENTINELS),
            "rediss+sentinel" => Self::sentinels("rediss", &parts).ok_or(SENTINELS),
            "redis+cluster" => Self::cluster("redis", &parts).ok_or(CLUSTER),
            "rediss+cluster" => Self::cluster("rediss", &parts).ok_or(CLUSTER),
            _ if scheme.contains("sentinel") => Err(SENTINELS),
            _ if scheme.contains("cluster") => Err(CLUSTER),
            _ => Err(SERVER),
        }
    }

    /// The hosts to which everything would be sent over a network without TLS.
    pub(crate) fn unencrypted_hosts(&self) -> Vec<&str> {
        let hosts = self.hosts.iter().filter_map(|host| match &host.addr {
            ConnectionAddr::Tcp(host, _) if !is_loopback_host(host) => Some(host.as_str()),
            _ => None,
        });
        hosts.collect()
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster)
    }

    fn server(address: &str) -> Option<Self> {
        Some(Self {
            hosts: vec![address.into_connection_info().ok()?],
            kind: Kind::Server,
        })
    }

    fn sentinels(scheme: &str, parts: &Parts<'_>) -> Option<Self> {
        let (name, database) = match parts.path.split_once('/') {
            Some((name, database)) => (name, database.parse::<u32>().ok()?),
            None => (parts.path, 0),
        };
        // The characters that sentinels accept in a name.
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let mut hosts = parts.hosts(scheme, Some(SENTINEL_PORT))?;
        // The login is for the servers, and the same for each host. Sentinels are
        // asked without it.
        let mut login = RedisConnectionInfo::default();
        for host in &mut hosts {
            login = std::mem::take(&mut host.redis);
        }
        login.db = database.into();
        Some(Self {
            hosts,
            kind: Kind::Sentinels(Service {
                name: name.to_owned(),
                login,
            }),
        })
    }

    fn cluster(scheme: &str, parts: &Parts<'_>) -> Option<Self> {
        // A cluster has one database only.
        let hosts = parts.hosts(scheme, None)?;
        parts.path.is_empty().then_some(Self {
            hosts,
            kind: Kind::Cluster,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, host) in self.hosts.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{}", host.addr)?;
        }
        Ok(())
    }
}

/// What follows the scheme: with several hosts it is not a URL (RFC 3986 3.2.2),
/// but with each one alone it is.
struct Parts<'a> {
    /// Includes the `@`, if there is one.
    login: &'a str,
    hosts: &'a str,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Self { login, hosts, path }
    }

    /// Each host with the login; `None` if one of them is invalid.
    fn hosts(&self, scheme: &str, usual_port: Option<u16>) -> Option<Vec<ConnectionInfo>> {
        let host = |host: &str| {
            let mut url = Url::parse(&format!("{scheme}://{}{host}", self.login)).ok()?;
            if host.is_empty() || url.query().is_some() || url.fragment().is_some() {
                return None;
            }
            if url.port().is_none() {
                url.set_port(usual_port).ok()?;
            }
            url.into_connection_info().ok()
        };
        self.hosts.split(',').map(host).collect()
    }
}
