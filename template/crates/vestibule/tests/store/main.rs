//! What every session store must do, whichever the settings name: the cases in
//! `contract.rs` run against all of them. What only one of them can get wrong is in
//! `embedded.rs`, `redis.rs` and `failover.rs`. The store in PostgreSQL has the tests in
//! `../postgres`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[expect(dead_code, reason = "the rest is for the tests in `it`")]
mod authority;
mod contract;
mod embedded;
mod failover;
#[expect(dead_code, reason = "the same")]
mod outage;
mod redis;
mod redis_cluster;
mod redis_sentinels;
#[expect(dead_code, reason = "the same")]
mod redis_server;
mod rows;
mod shared;

use vestibule::{
    Secret,
    store::{SessionStore, open},
};

use contract::{every_case, one_by_one};
use redis_cluster::Cluster;
use redis_sentinels::Sentinels;
use rows::Opened;

/// Runs the cases in turn as one test, where a store takes long to set up: it is
/// emptied between them.
macro_rules! in_turn {
    (($name:ident on $servers:ident) $($case:ident)*) => {
        #[tokio::test]
        async fn $name() {
            let Some(servers) = $servers::start() else { return };
            $(
                println!("{}", stringify!($case));
                servers.primary().ask("FLUSHALL");
                let store = open(&redis_at(servers.url())).await.unwrap();
                contract::$case(store.clone()).await;
                store.close().await.unwrap();
            )*
        }
    };
}

every_case!(one_by_one! in_memory);
every_case!(one_by_one! in_a_file);
every_case!(one_by_one! on_redis);
every_case!(in_turn! (over_sentinels on Sentinels));
every_case!(in_turn! (over_a_cluster on Cluster));

async fn in_memory() -> Option<Opened> {
    Some(Opened::by(&SessionStore::Memory, ()).await)
}

async fn in_a_file() -> Option<Opened> {
    let folder = tempfile::tempdir().unwrap();
    let file = SessionStore::Embedded(folder.path().join("sessions.redb"));
    Some(Opened::by(&file, folder).await)
}

/// `None`, said aloud, where there is no Redis server to test with.
async fn on_redis() -> Option<Opened> {
    let server = redis_server::Server::start()?;
    Some(Opened::by(&redis_at(server.url()), server).await)
}

fn redis_at(url: impl Into<String>) -> SessionStore {
    SessionStore::Redis(Secret::new(url.into()))
}
