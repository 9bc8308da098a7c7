//! What only several Redis servers can get wrong, or set right: a primary that
//! goes, another one that takes over, and who knows of it.

use std::net::SocketAddr;

use vestibule::store::open;
use vestibule_dev::testing::ports::Port;

use crate::{
    redis_at,
    redis_cluster::Cluster,
    redis_sentinels::{SERVICE, Sentinels},
    redis_server::{Server, until},
    rows::{key, now, recovered, row},
};

#[tokio::test]
async fn a_replica_that_sentinels_promote_takes_over() {
    let Some(mut group) = Sentinels::start() else {
        return;
    };
    let store = open(&redis_at(group.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    group.replicated();

    group.servers[0].stop();
    recovered(&*store).await;
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
    store.create(row(2)).await.unwrap();

    // Back as a primary without any row, which nobody may be sent to.
    group.servers[0].restart();
    let other = open(&redis_at(group.url())).await.unwrap();
    for store in [&store, &other] {
        assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
        assert_eq!(store.get(key(2), now()).await.unwrap(), Some(row(2)));
    }
}

#[tokio::test]
async fn a_primary_that_has_become_a_replica_is_left_at_once() {
    let Some(group) = Sentinels::start() else {
        return;
    };
    let [old, new] = &group.servers;
    let store = open(&redis_at(group.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    group.replicated();

    let port = new.address.port().to_string();
    let begin = format!("SENTINEL FAILOVER {SERVICE}");
    until(|| group.sentinel.ask(&begin) == "+OK\r\n");
    let named = format!("SENTINEL GET-MASTER-ADDR-BY-NAME {SERVICE}");
    until(|| group.sentinel.ask(&named).contains(&port));
    // As the sentinel is going to, except that it ends connections too.
    old.ask(&format!("REPLICAOF 127.0.0.1 {port}"));
    store.create(row(2)).await.unwrap();
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
    assert!(store.delete(key(2)).await.unwrap());
    assert_eq!(
        new.ask("EVAL \"return #redis.call('KEYS', '*:row:*')\" 0"),
        ":1\r\n"
    );
}

#[tokio::test]
async fn sentinels_that_are_down_or_missed_a_failover_are_passed_over() {
    let Some(group) = Sentinels::start() else {
        return;
    };
    let down = Port::reserve();
    let replica = group.servers[1].address.port();
    let Some(behind) = Server::start_sentinel(
        None,
        &format!(
            "sentinel monitor {SERVICE} 127.0.0.1 {replica} 9\n\
             sentinel down-after-milliseconds {SERVICE} 3600000"
        ),
    ) else {
        return;
    };
    let at = |sentinels: &[SocketAddr]| {
        let sentinels: Vec<_> = sentinels.iter().map(SocketAddr::to_string).collect();
        redis_at(format!(
            "redis+sentinel://{}/{SERVICE}",
            sentinels.join(",")
        ))
    };
    let useless = [down.address, behind.address];
    let store = open(&at(&useless)).await.unwrap();
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains(&down.address.to_string()), "{error}");
    assert!(error.contains("it is a replica"), "{error}");

    let [down, behind] = useless;
    let store = open(&at(&[down, behind, group.sentinel.address]))
        .await
        .unwrap();
    store.create(row(1)).await.unwrap();
}

#[tokio::test]
async fn a_service_that_sentinels_do_not_know_is_named() {
    let Some(sentinel) = Server::start_sentinel(None, "") else {
        return;
    };
    let address = sentinel.address;
    let url = format!("redis+sentinel://user:hunter2@{address}/unheard-of");
    let store = open(&redis_at(url)).await.unwrap();
    let error = store.check().await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("session store Redis at {address}: the sentinel knows no service «unheard-of»")
    );
}

#[tokio::test]
async fn a_database_and_a_password_are_those_of_the_servers() {
    let Some(server) = Server::start_with(&["--requirepass", "hunter2"]) else {
        return;
    };
    let port = server.address.port();
    let monitor = format!(
        "sentinel monitor {SERVICE} 127.0.0.1 {port} 1\n\
         sentinel auth-pass {SERVICE} hunter2"
    );
    // One that answers everybody, and one that wants the password too.
    for lines in [monitor.clone(), format!("{monitor}\nrequirepass hunter2")] {
        let Some(sentinel) = Server::start_sentinel(None, &lines) else {
            return;
        };
        let at = |password| {
            redis_at(format!(
                "redis+sentinel://:{password}@{}/{SERVICE}/3",
                sentinel.address
            ))
        };
        let store = open(&at("hunter2")).await.unwrap();
        store.create(row(1)).await.unwrap();
        let size = server.ask("AUTH hunter2\r\nSELECT 3\r\nDBSIZE\r\nFLUSHDB");
        assert!(size.contains(":2\r\n"), "{size}");

        let store = open(&at("hunter3")).await.unwrap();
        let error = store.check().await.unwrap_err().to_string();
        assert!(!error.contains("hunter"), "{error}");
    }
}

#[tokio::test]
async fn a_replica_that_a_cluster_promotes_takes_over() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let primary = cluster.primary().address;
    let store = open(&redis_at(cluster.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    cluster.replicated();

    cluster.stop_primary();
    recovered(&*store).await;
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
    store.create(row(2)).await.unwrap();

    // From one that is down.
    let url = format!("redis+cluster://{primary},{}", cluster.nodes[1].address);
    let other = open(&redis_at(url)).await.unwrap();
    assert_eq!(other.get(key(2), now()).await.unwrap(), Some(row(2)));
    // From one that has come back to be a replica.
    cluster.restart_primary();
    let other = open(&redis_at(format!("redis+cluster://{primary}")))
        .await
        .unwrap();
    recovered(&*other).await;
    assert_eq!(other.get(key(2), now()).await.unwrap(), Some(row(2)));
}

#[tokio::test]
async fn a_node_that_hands_its_slots_over_is_left_at_once() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let store = open(&redis_at(cluster.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    assert_eq!(cluster.replica().ask("CLUSTER FAILOVER"), "+OK\r\n");
    until(|| cluster.replica().ask("ROLE").contains("master"));
    until(|| cluster.primary().ask("ROLE").contains("slave"));
    store.create(row(2)).await.unwrap();
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));

    // What a single server's address makes of it.
    let node = redis_at(cluster.nodes[0].url());
    let error = open(&node).await.unwrap().check().await.unwrap_err();
    assert!(
        error.to_string().contains("redis+cluster://HOST"),
        "{error}"
    );
}
