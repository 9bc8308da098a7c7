//! What only the Redis store can get wrong: a server that goes and comes, and what
//! is left behind there.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use vestibule::store::{Store, open};

use crate::{
    authority::Authority,
    outage::Outage,
    redis_at,
    redis_server::Server,
    rows::{key, now, recovered, refuses_at_once, row},
    shared,
};

#[tokio::test]
async fn a_server_that_is_down_is_an_error_until_it_is_back() {
    let Some(mut server) = Server::start() else {
        return;
    };
    server.stop();
    let store = open(&redis_at(server.url())).await.unwrap();
    for _ in 0..3 {
        let error = store.get(key(1), now()).await.unwrap_err().to_string();
        assert!(error.contains(&server.address.to_string()), "{error}");
    }
    server.restart();
    recovered(&*store).await;
    store.create(row(1)).await.unwrap();

    server.stop();
    assert!(store.get(key(1), now()).await.is_err());
    assert!(store.delete(key(1)).await.is_err());
    assert!(store.check().await.is_err());
    server.restart();
    recovered(&*store).await;
    assert_eq!(store.get(key(1), now()).await.unwrap(), None);
    store.create(row(1)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_no_writes_fails_the_check() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    store.check().await.unwrap();
    server.ask("CONFIG SET maxmemory 1");
    assert!(store.check().await.is_err());
    server.ask("CONFIG SET maxmemory 0");
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_restart_between_two_calls_goes_unnoticed() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    server.stop();
    server.restart();
    store.create(row(2)).await.unwrap();
    assert_eq!(store.get(key(2), now()).await.unwrap(), Some(row(2)));
}

#[tokio::test]
async fn a_server_that_stays_silent_is_given_up() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let store = open(&redis_at(url)).await.unwrap();
    let call = tokio::time::timeout(Duration::from_secs(30), store.check());
    assert!(call.await.unwrap().is_err());
}

/// No call but those under way when it fell silent takes the two seconds after
/// which an answer counts as missing.
#[tokio::test]
async fn a_server_that_stands_still_is_waited_for_once() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    server.fail(Outage::Frozen);
    assert!(store.get(key(1), now()).await.is_err());
    refuses_at_once(&*store, Duration::from_secs(6), Duration::from_secs(2)).await;
    server.recover(Outage::Frozen);
    recovered(&*store).await;
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
}

#[tokio::test]
async fn a_scheme_that_does_not_fit_the_port_is_told_of() {
    let authority = Authority::certifying("DNS:localhost");
    let tls = Server::start_over(Some(&authority), &[]);
    let (Some(tls), Some(plain)) = (tls, Server::start()) else {
        return;
    };
    let guess = async |scheme: &str, server: &Server, guess: &str| {
        for (kind, path) in [("", ""), ("+sentinel", "/sessions"), ("+cluster", "")] {
            let address = server.address;
            let url = format!("{scheme}{kind}://user:hunter2@{address}{path}");
            let store = open(&redis_at(&url)).await.unwrap();
            let call = tokio::time::timeout(Duration::from_secs(30), store.check());
            let error = call.await.unwrap().unwrap_err().to_string();
            let begin = format!("session store Redis at {address}: ");
            assert!(error.starts_with(&begin), "{url}: {error}");
            assert!(error.ends_with(guess), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    };
    let (no_tls, tls_only) = (
        "; it may not support TLS, which rediss in the URL requires",
        "; it may require TLS: use rediss in the URL",
    );
    guess("redis", &tls, tls_only).await;
    // Which waits for the end of the line.
    guess("rediss", &plain, no_tls).await;

    // The next one is told at once that there is no room.
    let mut first = TcpStream::connect(plain.address).unwrap();
    first.write_all(b"CONFIG SET maxclients 1\r\n").unwrap();
    first.read_exact(&mut [0; 5]).unwrap();
    guess("rediss", &plain, no_tls).await;
}

#[test]
fn a_store_outlives_the_runtime_that_used_it_first() {
    let Some(server) = Server::start() else {
        return;
    };
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let store = first.block_on(open(&redis_at(server.url()))).unwrap();
    first.block_on(store.create(row(1))).unwrap();
    // While the first stands still, and after its end.
    let found = runtime().block_on(store.get(key(1), now())).unwrap();
    assert_eq!(found, Some(row(1)));
    drop(first);
    let found = std::thread::scope(|scope| {
        let other = scope.spawn(|| runtime().block_on(store.get(key(1), now())));
        other.join().unwrap()
    });
    assert_eq!(found.unwrap(), Some(row(1)));
}

#[tokio::test]
async fn everything_that_is_kept_ends_by_itself() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    let mut row = row(1);
    row.provider_session = Some(key(50));
    let lasting = "EVAL \"local found = {} for _, key in ipairs(redis.call('KEYS', '*')) do \
        if redis.call('TTL', key) < 0 then found[#found + 1] = key end end \
        return {#redis.call('KEYS', '*'), found}\" 0";
    store.create(row.clone()).await.unwrap();
    assert_eq!(server.ask(lasting), "*2\r\n:3\r\n*0\r\n");
    row.version = 2;
    row.expires_at += 1000;
    assert!(store.replace(row).await.unwrap());
    store.touch(key(1), now() + 5).await.unwrap();
    store.check().await.unwrap();
    assert_eq!(server.ask(lasting), "*2\r\n:3\r\n*0\r\n");

    assert!(store.delete(key(1)).await.unwrap());
    assert_eq!(server.ask("KEYS {vestibule}:[rsp]*"), "*0\r\n");
}

#[tokio::test]
async fn rows_that_ended_long_ago_leave_the_indexes() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    let mut ended = row(1);
    ended.expires_at = now() - 10_000;
    // With a living row beside it, the index does not end as a whole.
    store.create(row(2)).await.unwrap();
    store.create(ended).await.unwrap();
    store.create(row(3)).await.unwrap();
    let members = "EVAL \"return redis.call('ZCARD', redis.call('KEYS', '*subject*')[1])\" 0";
    assert_eq!(server.ask(members), ":2\r\n");
}

/// As after a call whose answer got lost.
#[tokio::test]
async fn the_same_call_made_twice_is_made_once() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    let mut second = row(1);
    second.version = 2;
    second.sealed = b"second".to_vec();
    for _ in 0..2 {
        store.create(row(1)).await.unwrap();
    }
    for _ in 0..2 {
        assert!(store.replace(second.clone()).await.unwrap());
    }
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(second));
}

#[tokio::test]
async fn purge_leaves_ending_to_the_server() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    let purged = store.purge(now() + 9000, now() + 9000, 10).await.unwrap();
    assert_eq!(purged, Vec::<[u8; 32]>::new());
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
}

#[tokio::test]
async fn a_damaged_row_counts_as_absent() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = open(&redis_at(server.url())).await.unwrap();
    store.create(row(1)).await.unwrap();
    let damage = "EVAL \"local row = redis.call('KEYS', '*:row:*')[1] \
        return redis.call('HSET', row, 'version', 'one')\" 0";
    assert_eq!(server.ask(damage), ":0\r\n");
    assert_eq!(store.get(key(1), now()).await.unwrap(), None);
    assert_eq!(store.list_by_subject(key(1), now()).await.unwrap(), []);
    assert!(store.delete(key(1)).await.unwrap());
}

#[tokio::test]
async fn no_error_shows_the_password() {
    for url in [
        "redis://user:hunter2@[nonsense",
        "hunter2",
        "http://:hunter2@localhost",
        "redis+sentinel://user:hunter2@localhost",
        "redis+cluster://user:hunter2@localhost/1",
    ] {
        let Err(error) = open(&redis_at(url)).await else {
            panic!("{url} was accepted");
        };
        assert!(error.to_string().contains("SESSION_STORE"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let Some(server) = Server::start() else {
        return;
    };
    let url = format!("redis://user:hunter2@{}", server.address);
    let store = open(&redis_at(url)).await.unwrap();
    let error = store.check().await.unwrap_err().to_string();
    assert!(!error.contains("hunter2"), "{error}");
    assert!(error.contains(&server.address.to_string()), "{error}");
}

async fn twice(server: &Server) -> [Arc<dyn Store>; 2] {
    let opened = async || open(&redis_at(server.url())).await.unwrap();
    [opened().await, opened().await]
}

#[tokio::test]
async fn what_one_instance_does_to_a_sign_in_the_others_see_at_once() {
    let Some(server) = Server::start() else {
        return;
    };
    shared::what_one_instance_does_to_a_sign_in_the_others_see_at_once(twice(&server).await).await;
}

#[tokio::test]
async fn a_visit_to_one_instance_counts_for_the_others() {
    let Some(server) = Server::start() else {
        return;
    };
    shared::a_visit_to_one_instance_counts_for_the_others(twice(&server).await).await;
}
