//! Sessions that end by themselves leave the store by themselves too, and nobody
//! has to ask for them once more.

use std::time::Duration;

use vestibule::{
    now,
    store::{Row, open},
};

use crate::{processes::Instances, support::embedded_at};

fn row(number: u8, last_seen: u64, expires_at: u64) -> Row {
    Row {
        key: [number; 32],
        subject: [0; 32],
        provider_session: None,
        created_at: last_seen,
        device: "Firefox on Linux".to_owned(),
        version: 0,
        last_seen,
        expires_at,
        sealed: b"sealed".to_vec(),
    }
}

#[tokio::test]
async fn a_running_app_removes_the_sign_ins_that_have_ended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.redb");
    let now = now();
    let store = open(&embedded_at(&file)).await.unwrap();
    // More than are removed at once.
    for number in 1..=20 {
        let ended = row(number, now - 10, now - 1);
        store.create(ended).await.unwrap();
        let idle = row(100 + number, now - 3601, now + 3600);
        store.create(idle).await.unwrap();
    }
    store.create(row(200, now, now + 3600)).await.unwrap();
    store.close().await.unwrap();
    drop(store);

    let address = format!("embedded:{}", file.display());
    let settings = [("RUST_LOG", "debug")];
    let mut instances = Instances::start(1, &address, &settings).await;
    // It looks for the first time after a minute.
    for _ in 0..1200 {
        if instances.log(0).contains("ended sessions were removed") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let log = instances.log(0);
    assert!(
        log.contains("ended sessions were removed ended=40"),
        "{log}"
    );
    // A kill might bring back what it removed last.
    instances.terminate(0);
    assert!(instances.ended(0).await);

    let store = open(&embedded_at(&file)).await.unwrap();
    let left = store.list_by_subject([0; 32], 0).await.unwrap();
    let left: Vec<u8> = left.iter().map(|row| row.key[0]).collect();
    assert_eq!(left, [200]);
}
