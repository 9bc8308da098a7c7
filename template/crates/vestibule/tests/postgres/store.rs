//! What only the store in PostgreSQL can get wrong: its tables and the rights to them, a
//! server that goes and comes, and several who change the same rows.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use vestibule::store::{Key, Lease, Postgres, Store, open};

use crate::{
    outage::Outage,
    rows::{key, now, recovered, refuses_at_once, row, sorted},
    server::{Schema, Server, postgres_at},
    shared,
};

async fn opened(schema: &Schema<'_>) -> Arc<dyn Store> {
    open(&schema.store()).await.unwrap()
}

/// The error with which a store is refused at the start.
async fn error_of_opening(url: String) -> String {
    match open(&postgres_at(url)).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn instances_that_start_together_create_the_tables_once() {
    let schema = Schema::new();
    let opening: Vec<_> = (0..12)
        .map(|_| {
            let choice = schema.store();
            tokio::spawn(async move { open(&choice).await.unwrap() })
        })
        .collect();
    for (number, store) in opening.into_iter().enumerate() {
        let number = u32::try_from(number).unwrap();
        store.await.unwrap().create(row(number)).await.unwrap();
    }
    assert_eq!(schema.ask("SELECT count(*) FROM vestibule_sessions"), "12");
    assert_eq!(schema.ask("SELECT * FROM vestibule_format"), "1");
}

#[tokio::test]
async fn tables_of_another_format_are_left_alone() {
    let schema = Schema::new();
    opened(&schema).await.create(row(1)).await.unwrap();
    for (change, format) in [
        ("UPDATE vestibule_format SET version = 0", "the format 0"),
        ("UPDATE vestibule_format SET version = 2", "the format 2"),
        (
            "INSERT INTO vestibule_format VALUES (1)",
            "the format 2 and 1",
        ),
        ("DELETE FROM vestibule_format", "the format unknown"),
    ] {
        schema.ask(change);
        let error = error_of_opening(schema.url()).await;
        assert!(error.contains(format), "{change}: {error}");
        assert_eq!(schema.ask("SELECT count(*) FROM vestibule_sessions"), "1");
    }
}

/// A role with these rights on the schema.
fn role(schema: &Schema<'_>, rights: &str) -> String {
    let name = format!("role of {}", schema.name);
    schema.ask(&format!("CREATE ROLE \"{name}\" LOGIN"));
    schema.ask(&format!(
        "GRANT {rights} ON SCHEMA {} TO \"{name}\"",
        schema.name
    ));
    name
}

#[tokio::test]
async fn a_role_without_rights_is_told_which_to_ask_for() {
    let schema = Schema::new();
    let role = role(&schema, "USAGE");
    let url = schema.url_as(&role.replace(' ', "%20"));
    let given = |error: &str| {
        let (_, grant) = error
            .split_once(" run: ")
            .unwrap_or_else(|| panic!("{error}"));
        assert!(grant.contains(&format!("\"{role}\"")), "{grant}");
        schema.ask(grant);
    };

    let error = error_of_opening(url.clone()).await;
    assert!(error.contains("may not create tables"), "{error}");
    assert!(error.contains("GRANT CREATE"), "{error}");
    // Somebody else may create them, without any right for it.
    opened(&schema).await.close().await.unwrap();
    let error = error_of_opening(url.clone()).await;
    assert!(error.contains("may not use its tables"), "{error}");
    given(&error);
    let store = open(&postgres_at(url.clone())).await.unwrap();
    store.create(row(1)).await.unwrap();
    store.check().await.unwrap();

    for (right, table) in [
        ("SELECT", "vestibule_format"),
        ("SELECT", "vestibule_sessions"),
        ("INSERT", "vestibule_sessions"),
        ("UPDATE", "vestibule_sessions"),
        ("DELETE", "vestibule_sessions"),
        ("SELECT", "vestibule_leases"),
        ("INSERT", "vestibule_leases"),
        ("UPDATE", "vestibule_leases"),
        ("DELETE", "vestibule_leases"),
    ] {
        schema.ask(&format!("REVOKE {right} ON {table} FROM \"{role}\""));
        let is_checked = table != "vestibule_format";
        assert_eq!(store.check().await.is_err(), is_checked, "{right} {table}");
        given(&error_of_opening(url.clone()).await);
        store.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_role_that_may_create_its_tables_does() {
    let schema = Schema::new();
    let role = role(&schema, "USAGE");
    let url = schema.url_as(&role.replace(' ', "%20"));
    let error = error_of_opening(url.clone()).await;
    let (_, grant) = error.split_once(" run: ").unwrap();
    schema.ask(grant);
    let store = open(&postgres_at(url)).await.unwrap();
    store.create(row(1)).await.unwrap();
}

#[tokio::test]
async fn what_somebody_has_to_mend_is_said_at_the_start() {
    let schema = Schema::new();
    let address = schema.server.address;
    for (url, cause) in [
        (
            schema.url_as("nobody:hunter2"),
            "role \"nobody\" does not exist",
        ),
        (
            format!("postgres://postgres:hunter2@{address}/nowhere"),
            "database \"nowhere\" does not exist",
        ),
        (
            format!("postgres://postgres:hunter2@{address}/postgres?options=-csearch_path%3Dnone"),
            "no schema has been selected to create in",
        ),
    ] {
        let error = error_of_opening(url).await;
        assert!(error.contains(cause), "{error}");
        assert!(error.contains(&address.to_string()), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn tables_that_somebody_dropped_are_there_again() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    store.create(row(1)).await.unwrap();
    schema.ask("DROP TABLE vestibule_sessions, vestibule_leases, vestibule_format");
    store.create(row(2)).await.unwrap();
    assert_eq!(store.get(key(1), now()).await.unwrap(), None);
    assert_eq!(store.get(key(2), now()).await.unwrap(), Some(row(2)));
}

#[tokio::test]
async fn a_server_that_is_down_is_an_error_until_it_is_back() {
    let mut server = Server::start();
    let url = server.schema().url();
    server.stop();
    let store = open(&postgres_at(&url)).await.unwrap();
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
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));

    // All its connections are lost, and nobody notices.
    store.create(row(2)).await.unwrap();
    server.stop();
    server.restart();
    store.create(row(3)).await.unwrap();
    server.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
         AND application_name = 'vestibule'",
    );
    assert_eq!(store.get(key(3), now()).await.unwrap(), Some(row(3)));
}

#[tokio::test]
async fn what_was_acknowledged_outlives_every_kill_of_the_server() {
    let mut server = Server::start();
    let store = open(&postgres_at(server.schema().url())).await.unwrap();
    // Whether each of these rows is there.
    let acknowledged = Arc::new(Mutex::new(HashMap::new()));
    for round in 0..4 {
        let is_over = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (store, is_over) = (Arc::clone(&store), Arc::clone(&is_over));
                let acknowledged = Arc::clone(&acknowledged);
                tokio::spawn(async move {
                    let mut number = 1_000_000 * round + 100_000 * writer;
                    while !is_over.load(Ordering::Relaxed) {
                        number += 1;
                        if store.create(row(number)).await.is_err() {
                            continue;
                        }
                        acknowledged.lock().unwrap().insert(number, true);
                        if number % 2 == 0 {
                            // Not known until it is acknowledged.
                            acknowledged.lock().unwrap().remove(&number);
                            if store.delete(key(number)).await.is_ok() {
                                acknowledged.lock().unwrap().insert(number, false);
                            }
                        }
                    }
                })
            })
            .collect();
        // Into the middle of it.
        let enough = acknowledged.lock().unwrap().len() + 40;
        while acknowledged.lock().unwrap().len() < enough {
            tokio::task::yield_now().await;
        }
        server.stop();
        is_over.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        server.restart();
        recovered(&*store).await;
        let rows = acknowledged.lock().unwrap().clone();
        for (number, is_there) in rows {
            let found = store.get(key(number), now()).await.unwrap();
            assert_eq!(found.is_some(), is_there, "row {number} in round {round}");
        }
    }
}

/// No call but those under way when it fell silent takes the two seconds after which an
/// answer counts as missing.
#[tokio::test]
async fn a_server_that_stands_still_is_waited_for_once() {
    let mut server = Server::start();
    let url = server.schema().url();
    let store = open(&postgres_at(&url)).await.unwrap();
    store.create(row(1)).await.unwrap();
    for outage in 0..2 {
        server.fail(Outage::Frozen);
        let calls: Vec<_> = (0..40)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.get(key(1), now()).await })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap().is_err(), "outage {outage}");
        }
        refuses_at_once(&*store, Duration::from_secs(5), Duration::from_secs(1)).await;
        server.recover(Outage::Frozen);
        recovered(&*store).await;
        assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
    }
}

#[tokio::test]
async fn a_server_that_stays_silent_is_given_up() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("postgres://{}/app", silent.local_addr().unwrap());
    let store = open(&postgres_at(url)).await.unwrap();
    let call = tokio::time::timeout(Duration::from_secs(10), store.check());
    assert!(call.await.unwrap().is_err());
}

/// The call that needs it fails, and no other.
#[tokio::test]
async fn a_row_that_somebody_locks_concerns_nobody_else() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    for number in 1..=2 {
        store.create(row(number)).await.unwrap();
    }
    let pool = sqlx::PgPool::connect(&schema.url()).await.unwrap();
    let mut holding = pool.begin().await.unwrap();
    let hold = sqlx::query("SELECT FROM vestibule_sessions WHERE key = $1 FOR UPDATE");
    hold.bind(key(1)).execute(&mut *holding).await.unwrap();
    let touching = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.touch(key(1), now() + 1).await })
    };
    while !touching.is_finished() {
        store.touch(key(2), now() + 1).await.unwrap();
        assert!(store.get(key(1), now()).await.unwrap().is_some());
    }
    let error = touching.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("statement timeout"), "{error}");
    store.touch(key(2), now() + 2).await.unwrap();
    holding.rollback().await.unwrap();
    store.touch(key(1), now() + 1).await.unwrap();
}

/// Not for the app, which gets an answer in time, and not for the server, which would
/// run out of connections.
#[tokio::test]
async fn a_table_that_somebody_locks_keeps_nobody_waiting_for_long() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    store.create(row(1)).await.unwrap();
    let locking = {
        let (url, name) = (schema.url(), schema.name.clone());
        tokio::spawn(async move {
            let pool = sqlx::PgPool::connect(&url).await.unwrap();
            let mut transaction = pool.begin().await.unwrap();
            let lock = format!("LOCK TABLE {name}.vestibule_sessions");
            sqlx::query(&lock).execute(&mut *transaction).await.unwrap();
            transaction
        })
    };
    let transaction = locking.await.unwrap();
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation \
        WHERE relname = 'vestibule_sessions' AND NOT granted \
        AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";
    for _ in 0..4 {
        let asked = Instant::now();
        assert!(store.get(key(1), now()).await.is_err());
        assert!(asked.elapsed() < Duration::from_secs(4));
        assert!(schema.ask(waiting).parse::<u32>().unwrap() < 10);
    }
    transaction.rollback().await.unwrap();
    recovered(&*store).await;
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
}

#[tokio::test]
async fn a_server_that_takes_no_writes_fails_the_check() {
    let mut server = Server::start();
    let url = server.schema().url();
    let store = open(&postgres_at(&url)).await.unwrap();
    store.create(row(1)).await.unwrap();
    server.ask("ALTER SYSTEM SET default_transaction_read_only = on");
    server.stop();
    server.restart();
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains("read-only"), "{error}");
    assert!(store.delete(key(1)).await.is_err());
    server.ask("SET default_transaction_read_only = off");
    server.ask("ALTER SYSTEM RESET default_transaction_read_only");
    server.stop();
    server.restart();
    recovered(&*store).await;
    assert!(store.delete(key(1)).await.unwrap());
}

#[test]
fn a_store_outlives_the_runtime_that_used_it_first() {
    let schema = Schema::new();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let first = runtime();
    let store = first.block_on(open(&schema.store())).unwrap();
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
async fn a_closed_store_stays_closed_and_leaves_no_connection() {
    let schema = Schema::new();
    let url = format!("{}&application_name={}", schema.url(), schema.name);
    let store = open(&postgres_at(url)).await.unwrap();
    store.create(row(1)).await.unwrap();
    let connections = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}'",
        schema.name
    );
    assert_eq!(schema.ask(&connections), "1");
    store.close().await.unwrap();
    let error = store.get(key(1), now()).await.unwrap_err().to_string();
    assert!(error.contains("it is closed"), "{error}");
    crate::server::until(|| schema.ask(&connections) == "0");
}

#[tokio::test]
async fn an_apps_own_pool_will_do() {
    let schema = Schema::new();
    let options: sqlx::postgres::PgConnectOptions = schema.url().parse().unwrap();
    // Other tests have connections to the same server.
    let options = options.application_name(&schema.name);
    let pool = sqlx::PgPool::connect_with(options).await.unwrap();
    let store = Postgres::from_pool(pool.clone()).await.unwrap();
    store.create(row(1)).await.unwrap();
    store.check().await.unwrap();
    // The pool's connections are dead, and it notices by itself.
    let ended = schema.ask(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE application_name = '{}'",
        schema.name
    ));
    assert_ne!(ended, "0");
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
    store.close().await.unwrap();
    assert!(store.get(key(1), now()).await.is_err());
    let count = sqlx::query_scalar("SELECT count(*) FROM vestibule_sessions");
    let count: i64 = count.fetch_one(&pool).await.unwrap();
    assert_eq!(count, 1, "the pool is the app's");
}

/// As after a call whose answer got lost.
#[tokio::test]
async fn the_same_call_made_twice_is_made_once() {
    let schema = Schema::new();
    let store = opened(&schema).await;
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
async fn damaged_rows_count_as_absent() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    for damage in ["version = -1", "last_seen = -1", "created_at = -9"] {
        store.create(row(1)).await.unwrap();
        schema.ask(&format!("UPDATE vestibule_sessions SET {damage}"));
        assert_eq!(store.get(key(1), now()).await.unwrap(), None, "{damage}");
        assert!(store.delete(key(1)).await.unwrap());
    }
    store.create(row(1)).await.unwrap();
    schema.ask("UPDATE vestibule_sessions SET created_at = -1");
    assert_eq!(store.list_by_subject(key(1), now()).await.unwrap(), []);
}

#[tokio::test]
async fn s18_who_writes_to_the_tables_makes_up_no_session() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    let sessions = shared::instance(store, Duration::from_secs(3600));
    let [alice, mallory] = [
        sessions
            .begin(&shared::session_of(&["admin"]))
            .await
            .unwrap(),
        sessions
            .begin(&shared::session_of(&["user"]))
            .await
            .unwrap(),
    ];
    let roles = async |instance: &vestibule::internals::UserSessions| {
        let found = instance.find(&mallory).await.unwrap();
        found.map(|live| live.session.roles().to_vec())
    };
    assert_eq!(roles(&sessions).await, Some(vec!["user".to_owned()]));
    assert!(sessions.find(&alice).await.unwrap().is_some());
    schema.ask(
        "UPDATE vestibule_sessions AS a SET sealed = b.sealed, version = a.version + 1 \
         FROM vestibule_sessions AS b WHERE a.key <> b.key",
    );
    assert_eq!(roles(&sessions).await, None);
    assert!(sessions.find(&alice).await.unwrap().is_none());
}

#[tokio::test]
async fn s11_a_stolen_copy_of_the_tables_holds_nothing_of_use() {
    let schema = Schema::new();
    let sessions = shared::instance(opened(&schema).await, Duration::from_secs(3600));
    let mut session = serde_json::to_value(shared::session_of(&["the role"])).unwrap();
    session["subject"] = "the person".into();
    session["provider_session"] = "the provider session".into();
    session["tokens"]["access_token"] = "the access token".into();
    let session = serde_json::from_value(session).unwrap();
    let id = sessions.begin(&session).await.unwrap().to_cookie_value();
    let dump = schema.ask("SELECT * FROM vestibule_sessions");
    assert!(dump.contains("Firefox on Linux"), "{dump}");
    let secrets = [
        "the role",
        "the person",
        "the provider session",
        "the access token",
        &id,
    ];
    for secret in secrets {
        // Bytes are dumped in hexadecimal digits.
        let in_digits: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for shown in [secret, &in_digits] {
            assert!(!dump.contains(shown), "{secret}: {dump}");
        }
    }
}

async fn twice(schema: &Schema<'_>) -> [Arc<dyn Store>; 2] {
    [opened(schema).await, opened(schema).await]
}

#[tokio::test]
async fn what_one_instance_does_to_a_sign_in_the_others_see_at_once() {
    let schema = Schema::new();
    shared::what_one_instance_does_to_a_sign_in_the_others_see_at_once(twice(&schema).await).await;
}

#[tokio::test]
async fn a_visit_to_one_instance_counts_for_the_others() {
    let schema = Schema::new();
    shared::a_visit_to_one_instance_counts_for_the_others(twice(&schema).await).await;
}

/// Statements that change several rows wait for each other, and never in a circle.
#[tokio::test]
async fn many_who_change_the_same_rows_do_not_get_in_each_others_way() {
    const ROWS: u32 = 40;
    let schema = Schema::new();
    let [here, there] = twice(&schema).await;
    for round in 0..10 {
        for number in 0..ROWS {
            let mut row = row(number);
            row.provider_session = Some(key(50));
            here.create(row).await.unwrap();
        }
        let mut changes = Vec::new();
        for number in (0..ROWS).rev() {
            let (here, there) = (Arc::clone(&here), Arc::clone(&there));
            changes.push(tokio::spawn(async move {
                there.touch(key(number), now() + 1).await.unwrap();
                let mut next = row(number);
                next.version = 2;
                here.replace(next).await.unwrap();
            }));
        }
        let deletions = [
            tokio::spawn({
                let here = Arc::clone(&here);
                async move { here.delete_by_subject(key(1)).await.unwrap() }
            }),
            tokio::spawn({
                let there = Arc::clone(&there);
                async move { there.delete_by_provider_session(key(50)).await.unwrap() }
            }),
            tokio::spawn({
                let there = Arc::clone(&there);
                async move { there.purge(now() + 9000, 0, 12).await.unwrap() }
            }),
        ];
        for change in changes {
            change.await.unwrap();
        }
        let mut deleted: Vec<Key> = Vec::new();
        for deletion in deletions {
            deleted.extend(deletion.await.unwrap());
        }
        assert_eq!(sorted(deleted), (0..ROWS).map(key).collect::<Vec<_>>());
        let left = schema.ask("SELECT count(*) FROM vestibule_sessions");
        assert_eq!(left, "0", "round {round}");
    }
}

#[tokio::test]
async fn a_purge_removes_what_has_ended_a_few_at_a_time() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    for number in 0..30 {
        let mut row = row(number);
        match number % 3 {
            0 => row.expires_at = now() - u64::from(number),
            1 => row.last_seen = now() - 4000 - u64::from(number),
            _ => {}
        }
        store.create(row).await.unwrap();
    }
    let mut ended = Vec::new();
    for most in [12, 8, 12] {
        let purged = store.purge(now(), now() - 3600, most).await.unwrap();
        assert!(purged.len() <= most);
        ended.extend(purged);
    }
    let expected = (0..30).filter(|number| number % 3 != 2).map(key);
    assert_eq!(sorted(ended), expected.collect::<Vec<_>>());
    assert_eq!(schema.ask("SELECT count(*) FROM vestibule_sessions"), "10");
}

#[tokio::test]
async fn leases_that_nobody_gave_back_are_removed() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    for (number, until) in [(1, 1), (2, 3600)] {
        let lease = Lease {
            name: key(number),
            holder: key(70),
            now: now(),
            until: now() + until,
        };
        assert!(store.acquire(lease).await.unwrap());
    }
    let left = || schema.ask("SELECT count(*) FROM vestibule_leases");
    assert_eq!(left(), "2");
    let deadline = Instant::now() + Duration::from_secs(60);
    while left() != "1" {
        assert!(Instant::now() < deadline, "it stays");
        store.purge(now(), 0, 12).await.unwrap();
    }
}

/// While somebody else purges, and rows are held by others.
#[tokio::test]
async fn a_purge_waits_for_nobody() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    for number in 0..3 {
        store.create(row(number)).await.unwrap();
    }
    let pool = sqlx::PgPool::connect(&schema.url()).await.unwrap();
    let purge = async || store.purge(now() + 9000, 0, 12).await.unwrap();

    let mut purging = pool.begin().await.unwrap();
    let turn = "SELECT pg_advisory_xact_lock(1986360180, \
        'vestibule_sessions'::regclass::oid::integer)";
    sqlx::query(turn).execute(&mut *purging).await.unwrap();
    assert_eq!(purge().await, Vec::<Key>::new());
    purging.rollback().await.unwrap();

    let mut holding = pool.begin().await.unwrap();
    let hold = sqlx::query("SELECT FROM vestibule_sessions WHERE key = $1 FOR UPDATE");
    hold.bind(key(1)).execute(&mut *holding).await.unwrap();
    assert_eq!(sorted(purge().await), [key(0), key(2)]);
    holding.rollback().await.unwrap();
    assert_eq!(purge().await, [key(1)]);
}

#[tokio::test]
async fn visits_go_on_while_ten_thousand_rows_are_purged() {
    let schema = Schema::new();
    let store = opened(&schema).await;
    store.create(row(1)).await.unwrap();
    schema.ask(
        "INSERT INTO vestibule_sessions SELECT sha256(n::text::bytea), sha256('x'), NULL, 0, '', \
         0, 0, CASE WHEN n % 2 = 0 THEN 1 ELSE 99999999999 END, sha256(n::text::bytea) \
         FROM generate_series(1, 10000) AS n; ANALYZE vestibule_sessions",
    );
    let sessions = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut removed = 0;
            loop {
                let ended = store.purge(now(), now() - 3600, 12).await.unwrap().len();
                removed += ended;
                if ended == 0 {
                    return removed;
                }
            }
        })
    };
    let mut visits: u64 = 0;
    let mut longest = Duration::ZERO;
    while !sessions.is_finished() {
        let asked = Instant::now();
        assert!(store.pulse(key(1), now()).await.unwrap().is_some());
        visits += 1;
        store.touch(key(1), now() + visits).await.unwrap();
        longest = longest.max(asked.elapsed());
    }
    assert_eq!(sessions.await.unwrap(), 10_000);
    assert!(visits > 50, "{visits}");
    // Far below the two seconds after which an answer counts as missing.
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    assert_eq!(schema.ask("SELECT count(*) FROM vestibule_sessions"), "1");
}
