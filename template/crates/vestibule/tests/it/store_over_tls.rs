//! Redis over TLS alone: whose certificates the session store takes, and what
//! happens in a failover. Which authorities an app trusts is up to its environment,
//! hence processes of its own.

use crate::{
    authority::Authority,
    processes::Instances,
    redis_cluster::Cluster,
    redis_sentinels::{SERVICE, Sentinels},
    redis_server::{Server, until},
    support::Browser,
};

/// As servers are asked for, and as sentinels and nodes of a cluster name them.
const NAMES: &str = "DNS:localhost,IP:127.0.0.1";

/// The app with this store; without an authority, it trusts those of the system.
async fn app_on(store: &str, trusted: Option<&Authority>) -> Instances {
    let file = trusted.map(|authority| authority.file().display().to_string());
    let variable = file.as_deref().map(|file| ("SSL_CERT_FILE", file));
    Instances::start(1, store, variable.as_slice()).await
}

async fn signed_in(app: &Instances) -> Browser {
    let alice = app.app.signed_in_as("alice").await;
    assert_eq!(app.signed_in_at_each(&alice).await, [true]);
    alice
}

/// What the log says when nobody can sign in, because the store is refused.
async fn log_of_refused_store(store: &str, trusted: Option<&Authority>) -> String {
    // Taken by servers that ask for none.
    let store = store.replace("://", "://default:hunter2@");
    let app = app_on(&store, trusted).await;
    let browser = app.app.browser();
    let page = browser.sign_in_as("alice", "/profile").await;
    // On the page, or in the address of the app's own.
    let told = format!("{} {}", page.url, page.body);
    assert!(told.contains("store_unavailable"), "{told}");
    assert!(!browser.is_signed_in().await);
    let log = app.log(0);
    assert!(!log.contains("hunter2"), "{log}");
    log
}

#[tokio::test]
async fn sign_ins_are_kept_where_the_authority_is_trusted() {
    let authority = Authority::certifying(NAMES);
    let Some(redis) = Server::start_over(Some(&authority), &[]) else {
        return;
    };
    let app = app_on(&redis.url(), Some(&authority)).await;
    let alice = signed_in(&app).await;
    let rows = "EVAL \"return #redis.call('KEYS', '*:row:*')\" 0";
    assert_eq!(redis.ask(rows), ":1\r\n");
    alice.sign_out().await;
    assert!(!alice.is_signed_in().await);
    assert_eq!(redis.ask(rows), ":0\r\n");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let [authority, other] = [(); 2].map(|()| Authority::certifying(NAMES));
    let Some(redis) = Server::start_over(Some(&authority), &[]) else {
        return;
    };
    let port = redis.address.port();
    for (store, trusted) in [
        (redis.url(), None),
        (redis.url(), Some(&other)),
        (format!("rediss+sentinel://localhost:{port}/sessions"), None),
        (format!("rediss+cluster://localhost:{port}"), None),
    ] {
        let log = log_of_refused_store(&store, trusted).await;
        let cause = format!("Redis at localhost:{port}: invalid peer certificate");
        assert!(log.contains(&cause), "{store}: {log}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused() {
    let authority = Authority::certifying("DNS:redis.example.com");
    let Some(redis) = Server::start_over(Some(&authority), &[]) else {
        return;
    };
    let log = log_of_refused_store(&redis.url(), Some(&authority)).await;
    let cause = "certificate not valid for name \"localhost\"";
    assert!(log.contains(cause), "{log}");
}

#[tokio::test]
async fn a_failover_by_sentinels_signs_nobody_out() {
    let authority = Authority::certifying(NAMES);
    let Some(mut redis) = Sentinels::start_over(Some(&authority)) else {
        return;
    };
    let app = app_on(&redis.url(), Some(&authority)).await;
    let alice = signed_in(&app).await;
    redis.replicated();
    redis.servers[0].stop();
    app.serve_again(&alice).await;
    signed_in(&app).await;
}

#[tokio::test]
async fn a_failover_in_a_cluster_signs_nobody_out() {
    let authority = Authority::certifying(NAMES);
    let Some(mut redis) = Cluster::start_over(Some(&authority)) else {
        return;
    };
    let app = app_on(&redis.url(), Some(&authority)).await;
    let alice = signed_in(&app).await;
    redis.replicated();
    redis.stop_primary();
    app.serve_again(&alice).await;
    signed_in(&app).await;
}

#[tokio::test]
async fn sentinels_have_to_name_servers_as_they_are_certified() {
    let authority = Authority::certifying("DNS:localhost");
    let Some(redis) = Sentinels::start_over(Some(&authority)) else {
        return;
    };
    let primary = redis.primary().address;
    let log = log_of_refused_store(&redis.url(), Some(&authority)).await;
    let cause = format!("the sentinel names {primary}: invalid peer certificate");
    assert!(log.contains(&cause), "{log}");

    let done = redis.sentinel.ask(&format!(
        "SENTINEL CONFIG SET resolve-hostnames yes\r\n\
         SENTINEL CONFIG SET announce-hostnames yes\r\n\
         SENTINEL REMOVE {SERVICE}\r\n\
         SENTINEL MONITOR {SERVICE} localhost {} 1",
        primary.port()
    ));
    assert_eq!(done, "+OK\r\n".repeat(4));
    signed_in(&app_on(&redis.url(), Some(&authority)).await).await;
}

#[tokio::test]
async fn a_cluster_has_to_name_nodes_as_they_are_certified() {
    let authority = Authority::certifying("DNS:localhost");
    let Some(redis) = Cluster::start_over(Some(&authority)) else {
        return;
    };
    let primary = redis.primary().address;
    let log = log_of_refused_store(&redis.url(), Some(&authority)).await;
    let cause = format!("the cluster names {primary}: invalid peer certificate");
    assert!(log.contains(&cause), "{log}");

    for node in &redis.nodes {
        let done = node.ask(
            "CONFIG SET cluster-announce-hostname localhost\r\n\
             CONFIG SET cluster-preferred-endpoint-type hostname",
        );
        assert_eq!(done, "+OK\r\n".repeat(2));
    }
    let named = format!(" localhost:{}", primary.port());
    until(|| {
        redis.nodes[0]
            .ask("EXISTS {vestibule}:any")
            .contains(&named)
    });
    signed_in(&app_on(&redis.url(), Some(&authority)).await).await;
}
