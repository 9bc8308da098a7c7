//! One person who is signed in very often, as an account that many machines share.

use reqwest::StatusCode;
use tokio::task::JoinSet;
use vestibule::{
    now,
    store::{Row, open},
};

use crate::{
    processes::Instances,
    support::{embedded_at, subject_key},
};

const SESSIONS: u16 = 1_500;

/// What 2,500 groups take, sealed.
const SEALED: usize = 64 * 1024;

#[tokio::test]
async fn s20_a_list_of_many_sessions_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let address = format!("embedded:{}", file.display());
    let mut instances = Instances::start(1, &address, &[]).await;
    instances.ready().await;
    let alice = instances.app.signed_in_as("alice").await;
    instances.terminate(0);
    assert!(instances.ended(0).await);

    let store = open(&embedded_at(&file)).await.unwrap();
    let (subject, now) = (subject_key(&instances.app, "alice"), now());
    let mut created = JoinSet::new();
    for number in 1..SESSIONS {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        let row = Row {
            key,
            subject,
            provider_session: None,
            created_at: now,
            device: "Firefox on Linux".to_owned(),
            version: 0,
            last_seen: now,
            expires_at: now + 3600,
            sealed: vec![1; SEALED],
        };
        let store = store.clone();
        created.spawn(async move { store.create(row).await });
    }
    while let Some(row) = created.join_next().await {
        row.unwrap().unwrap();
    }
    store.close().await.unwrap();
    drop(store);

    instances.start_one(0);
    instances.ready().await;
    assert!(alice.is_signed_in().await);
    let before = instances.peak_memory(0);
    for _ in 0..2 {
        let page = alice.get("/devices").await;
        assert_eq!(page.status, StatusCode::OK);
        let count = page.body.matches("Firefox on Linux").count();
        assert_eq!(count, usize::from(SESSIONS) - 1);
    }
    // All that is sealed would be 96 MB.
    let grown = instances.peak_memory(0) - before;
    assert!(grown < 16 * 1024, "{grown} kB");
}
