//! Connecting to the server that currently takes writes, among those that an
//! address leads to.

use std::{error::Error as _, io, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisConnectionInfo,
    RedisError, RedisResult, Role,
    aio::MultiplexedConnection,
    cmd,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

use super::{
    StoreError,
    address::{Address, Kind, Service},
    scripts,
};

/// For connecting, and for each answer.
const TIME_OUT: Duration = Duration::from_secs(2);
/// The same for a sentinel: there are others to ask.
const SENTINEL_TIME_OUT: Duration = Duration::from_millis(500);
/// Keeps firewalls and load balancers from dropping idle connections.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How many times nodes of a cluster may redirect us.
const MOST_REDIRECTS: usize = 5;

/// Connects through the first of the address's hosts that works.
///
/// # Errors
/// None of them works. The error says why for each.
pub(super) async fn connect(address: &Address) -> Result<MultiplexedConnection, StoreError> {
    let mut causes = Vec::new();
    for host in &address.hosts {
        let found = match &address.kind {
            Kind::Server => open(host, TIME_OUT)
                .await
                .map_err(|cause| in_words(&cause, &host.addr)),
            Kind::Sentinels(service) => primary_of(service, host).await,
            Kind::Cluster => owner_of_our_slot(host).await,
        };
        match found {
            Ok(connection) => return Ok(connection),
            Err(cause) => causes.push(format!("{}: {cause}", host.addr)),
        }
    }
    let causes = causes.join("; at ");
    Err(StoreError(format!("session store Redis at {causes}")))
}

/// The server that a sentinel names, if it considers itself the primary too: a
/// sentinel may have missed a failover. The steps follow Redis's "Sentinel client
/// spec".
async fn primary_of(
    service: &Service,
    sentinel: &ConnectionInfo,
) -> Result<MultiplexedConnection, String> {
    let named = match ask_sentinel(service, sentinel).await {
        // A sentinel that requires a password gets the servers' one.
        Err(cause) if cause.code() == Some("NOAUTH") => {
            let login = RedisConnectionInfo {
                db: 0,
                ..service.login.clone()
            };
            let addr = sentinel.addr.clone();
            ask_sentinel(service, &ConnectionInfo { addr, redis: login }).await
        }
        answer => answer,
    };
    let (host, port) = named
        .map_err(|cause| in_words(&cause, &sentinel.addr))?
        .ok_or_else(|| format!("the sentinel knows no service «{}»", service.name))?;
    let primary = ConnectionInfo {
        addr: beside(&sentinel.addr, &host, port),
        redis: service.login.clone(),
    };
    let named = |cause| format!("the sentinel names {}: {cause}", primary.addr);
    let failed = |cause| named(in_words(&cause, &primary.addr));
    let mut connection = open(&primary, TIME_OUT).await.map_err(failed)?;
    match cmd("ROLE").query_async(&mut connection).await {
        Ok(Role::Primary { .. }) => Ok(connection),
        Ok(_) => Err(named("it is a replica".to_owned())),
        Err(cause) => Err(failed(cause)),
    }
}

async fn ask_sentinel(
    service: &Service,
    sentinel: &ConnectionInfo,
) -> RedisResult<Option<(String, u16)>> {
    let mut connection = open(sentinel, SENTINEL_TIME_OUT).await?;
    cmd("SENTINEL")
        .arg("GET-MASTER-ADDR-BY-NAME")
        .arg(&service.name)
        .query_async(&mut connection)
        .await
}

/// The node that has our keys' slot, according to the cluster's nodes.
async fn owner_of_our_slot(first: &ConnectionInfo) -> Result<MultiplexedConnection, String> {
    let mut node = first.clone();
    for _ in 0..=MOST_REDIRECTS {
        let named = |cause| match (in_words(&cause, &node.addr), &node.addr) {
            (cause, address) if *address == first.addr => cause,
            (cause, address) => format!("the cluster names {address}: {cause}"),
        };
        let mut connection = open(&node, TIME_OUT).await.map_err(named)?;
        let found: RedisResult<bool> = cmd("EXISTS")
            .arg(scripts::CHECK)
            .query_async(&mut connection)
            .await;
        match found {
            Ok(_) => return Ok(connection),
            Err(cause) => {
                let owner = moved_to(&cause, &node.addr).ok_or_else(|| named(cause))?;
                node.addr = owner;
            }
        }
    }
    Err("the nodes of the cluster redirect in a loop".to_owned())
}

/// The node that a redirect names. Without a host, it is on the same host.
fn moved_to(cause: &RedisError, node: &ConnectionAddr) -> Option<ConnectionAddr> {
    if cause.kind() != ErrorKind::Moved {
        return None;
    }
    let (address, _slot) = cause.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    Some(beside(node, host, port.parse().ok()?))
}

/// Another host and port, reached in the same way.
fn beside(known: &ConnectionAddr, other: &str, other_port: u16) -> ConnectionAddr {
    let mut address = known.clone();
    if let ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } =
        &mut address
    {
        if !other.is_empty() {
            other.clone_into(host);
        }
        *port = other_port;
    }
    address
}

async fn open(server: &ConnectionInfo, time_out: Duration) -> RedisResult<MultiplexedConnection> {
    let tcp = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(TcpKeepalive::new().with_time(KEEP_ALIVE));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(time_out)
        .set_response_timeout(time_out)
        .set_tcp_settings(tcp);
    Client::open(server.clone())?
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

/// Why a server is of no use. With the wrong scheme for its port it stays silent,
/// hangs up, or answers something other than TLS.
fn in_words(cause: &RedisError, server: &ConnectionAddr) -> String {
    let hung_up = cause.is_connection_dropped();
    let guess = match server {
        ConnectionAddr::Tcp(..) if hung_up => "; it may require TLS: use rediss in the URL",
        ConnectionAddr::TcpTls { .. } if hung_up || cause.is_timeout() || is_no_tls(cause) => {
            "; it may not support TLS, which rediss in the URL requires"
        }
        _ => "",
    };
    format!("{cause}{guess}")
}

fn is_no_tls(cause: &RedisError) -> bool {
    let io = cause
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    let tls = io.and_then(|cause| cause.get_ref()?.downcast_ref());
    matches!(tls, Some(rustls::Error::InvalidMessage(_)))
}
