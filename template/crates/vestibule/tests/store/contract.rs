//! The cases that every store must pass.

use std::{sync::Arc, time::Duration};

use vestibule::store::{Lease, Store};

use crate::rows::{key, listed_of, now, row, sorted};

/// Hands all the cases to a macro, after the store to run them against.
macro_rules! every_case {
    ($run:ident! $store:tt) => {
        $run! {
            $store
            a_row_is_read_as_it_was_written
            unknown_and_expired_rows_are_absent
            a_pulse_tells_of_each_change
            a_taken_key_is_not_overwritten
            touch_raises_last_seen_and_never_lowers_it
            touch_does_not_revive_a_deleted_row
            replace_needs_the_version_that_was_read
            replace_moves_the_row_to_its_new_provider_session
            replace_keeps_the_later_last_seen
            a_deleted_row_is_not_replaced
            one_of_many_parallel_replaces_wins
            many_parallel_creates_are_all_kept
            deleting_twice_says_that_there_was_nothing
            a_provider_session_is_deleted_alone
            a_person_is_deleted_alone
            deleting_one_row_leaves_the_persons_others_findable
            live_rows_of_a_person_are_listed
            a_name_is_one_holders_until_its_time
            a_name_given_back_is_free_and_only_its_holder_gives_it_back
            one_of_many_parallel_leases_wins
            the_store_can_be_checked
        }
    };
}

/// Runs each case as a test, each with a store of its own.
macro_rules! one_by_one {
    ($store:ident $($case:ident)*) => {
        mod $store {
            $(
                #[tokio::test]
                async fn $case() {
                    if let Some(opened) = super::$store().await {
                        crate::contract::$case(opened.store.clone()).await;
                        opened.store.close().await.unwrap();
                    }
                }
            )*
        }
    };
}

pub(crate) use {every_case, one_by_one};

pub async fn a_row_is_read_as_it_was_written(store: Arc<dyn Store>) {
    let mut plain = row(1);
    plain.sealed = (0..6 * 1024).map(|n| n as u8).collect();
    let mut large = row(2);
    large.provider_session = Some(key(50));
    large.version = 9;
    large.created_at -= 500;
    large.device = "Ёж ".repeat(30);
    large.sealed = (0..64 * 1024).map(|n| (n % 251) as u8).collect();
    let mut empty = row(3);
    empty.sealed = Vec::new();
    empty.device = String::new();
    for row in [&plain, &large, &empty] {
        store.create(row.clone()).await.unwrap();
    }
    for row in [plain, large, empty] {
        assert_eq!(store.get(row.key, now()).await.unwrap(), Some(row));
    }
}

pub async fn unknown_and_expired_rows_are_absent(store: Arc<dyn Store>) {
    let row = row(1);
    store.create(row.clone()).await.unwrap();
    assert_eq!(store.get(key(2), now()).await.unwrap(), None);
    let before_the_end = store.get(row.key, row.expires_at - 1).await.unwrap();
    assert_eq!(before_the_end.as_ref(), Some(&row));
    assert_eq!(store.get(row.key, row.expires_at).await.unwrap(), None);
    let listed = store.list_by_subject(row.subject, row.expires_at).await;
    assert_eq!(listed.unwrap(), []);
}

pub async fn a_pulse_tells_of_each_change(store: Arc<dyn Store>) {
    let first = row(1);
    assert_eq!(store.pulse(first.key, now()).await.unwrap(), None);
    store.create(first.clone()).await.unwrap();
    let pulse = async || {
        let pulse = store.pulse(first.key, now()).await.unwrap().unwrap();
        (pulse.version, pulse.last_seen)
    };
    assert_eq!(pulse().await, (first.version, first.last_seen));
    store.touch(first.key, first.last_seen + 7).await.unwrap();
    assert_eq!(pulse().await, (first.version, first.last_seen + 7));
    let mut second = first.clone();
    second.version += 1;
    assert!(store.replace(second.clone()).await.unwrap());
    assert_eq!(pulse().await, (second.version, first.last_seen + 7));

    let ended = store.pulse(first.key, first.expires_at).await.unwrap();
    assert_eq!(ended, None);
    store.delete(first.key).await.unwrap();
    assert_eq!(store.pulse(first.key, now()).await.unwrap(), None);
}

pub async fn a_taken_key_is_not_overwritten(store: Arc<dyn Store>) {
    store.create(row(1)).await.unwrap();
    let mut other = row(1);
    other.sealed = b"somebody else's".to_vec();
    assert!(store.create(other).await.is_err());
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(row(1)));
}

pub async fn touch_raises_last_seen_and_never_lowers_it(store: Arc<dyn Store>) {
    let row = row(1);
    store.create(row.clone()).await.unwrap();
    for seen in [row.last_seen + 20, row.last_seen + 10, row.last_seen - 10] {
        store.touch(row.key, seen).await.unwrap();
        let found = store.get(row.key, now()).await.unwrap().unwrap();
        assert_eq!(found.last_seen, row.last_seen + 20);
    }
    // A commit writes what was held back until then, and changes nothing in it.
    store.check().await.unwrap();
    let found = store.get(row.key, now()).await.unwrap().unwrap();
    assert_eq!(found.last_seen, row.last_seen + 20);
    let listed = store.list_by_subject(row.subject, now()).await.unwrap();
    assert_eq!(listed, [listed_of(found)]);
}

pub async fn touch_does_not_revive_a_deleted_row(store: Arc<dyn Store>) {
    store.create(row(1)).await.unwrap();
    store.touch(key(1), now() + 1).await.unwrap();
    assert!(store.delete(key(1)).await.unwrap());
    store.touch(key(1), now() + 2).await.unwrap();
    store.touch(key(2), now() + 2).await.unwrap();
    store.check().await.unwrap();
    for number in [1, 2] {
        assert_eq!(store.get(key(number), now()).await.unwrap(), None);
        assert!(!store.delete(key(number)).await.unwrap());
    }
    assert_eq!(store.list_by_subject(key(1), now()).await.unwrap(), []);
}

pub async fn replace_needs_the_version_that_was_read(store: Arc<dyn Store>) {
    store.create(row(1)).await.unwrap();
    let mut second = row(1);
    second.version = 2;
    second.expires_at += 60;
    second.sealed = b"second".to_vec();
    assert!(store.replace(second.clone()).await.unwrap());
    for version in [1, 2, 4] {
        let mut wrong = row(1);
        wrong.version = version;
        wrong.sealed = b"wrong".to_vec();
        assert!(!store.replace(wrong).await.unwrap(), "version {version}");
    }
    assert_eq!(store.get(key(1), now()).await.unwrap(), Some(second));
}

pub async fn replace_moves_the_row_to_its_new_provider_session(store: Arc<dyn Store>) {
    let mut row = row(1);
    row.provider_session = Some(key(50));
    store.create(row.clone()).await.unwrap();
    row.version = 2;
    row.provider_session = Some(key(51));
    assert!(store.replace(row.clone()).await.unwrap());
    let of_old = store.delete_by_provider_session(key(50)).await.unwrap();
    assert_eq!(of_old, Vec::<[u8; 32]>::new());
    let of_new = store.delete_by_provider_session(key(51)).await.unwrap();
    assert_eq!(of_new, [row.key]);
}

pub async fn replace_keeps_the_later_last_seen(store: Arc<dyn Store>) {
    let first = row(1);
    store.create(first.clone()).await.unwrap();
    store.touch(first.key, first.last_seen + 30).await.unwrap();
    let mut second = first.clone();
    second.version = 2;
    second.last_seen += 10;
    assert!(store.replace(second).await.unwrap());
    let found = store.get(first.key, now()).await.unwrap().unwrap();
    assert_eq!(found.last_seen, first.last_seen + 30);
    let mut third = first.clone();
    third.version = 3;
    third.last_seen += 40;
    assert!(store.replace(third.clone()).await.unwrap());
    assert_eq!(store.get(first.key, now()).await.unwrap(), Some(third));
}

pub async fn a_deleted_row_is_not_replaced(store: Arc<dyn Store>) {
    store.create(row(1)).await.unwrap();
    assert!(store.delete(key(1)).await.unwrap());
    let mut second = row(1);
    second.version = 2;
    assert!(!store.replace(second).await.unwrap());
    assert_eq!(store.get(key(1), now()).await.unwrap(), None);
    assert_eq!(store.list_by_subject(key(1), now()).await.unwrap(), []);
}

pub async fn one_of_many_parallel_replaces_wins(store: Arc<dyn Store>) {
    store.create(row(1)).await.unwrap();
    for version in 2..5 {
        let transactions = (0..50).map(|transaction| {
            let mut next = row(1);
            next.version = version;
            next.sealed = format!("version {version} of {transaction}").into_bytes();
            let store = store.clone();
            tokio::spawn(async move { (next.clone(), store.replace(next).await.unwrap()) })
        });
        let mut winners = Vec::new();
        for transaction in transactions.collect::<Vec<_>>() {
            let (row, won) = transaction.await.unwrap();
            winners.extend(won.then_some(row.sealed));
        }
        let found = store.get(key(1), now()).await.unwrap().unwrap();
        assert_eq!(winners, [found.sealed], "version {version}");
    }
}

pub async fn many_parallel_creates_are_all_kept(store: Arc<dyn Store>) {
    let creates = (0..1000).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.create(row(number)).await })
    });
    for create in creates.collect::<Vec<_>>() {
        create.await.unwrap().unwrap();
    }
    let listed = store.list_by_subject(key(1), now()).await.unwrap();
    let listed = sorted(listed.into_iter().map(|row| row.key).collect());
    assert_eq!(listed, (0..1000).map(key).collect::<Vec<_>>());
}

pub async fn deleting_twice_says_that_there_was_nothing(store: Arc<dyn Store>) {
    store.create(row(1)).await.unwrap();
    assert!(store.delete(key(1)).await.unwrap());
    assert!(!store.delete(key(1)).await.unwrap());
    assert_eq!(store.get(key(1), now()).await.unwrap(), None);
}

pub async fn a_provider_session_is_deleted_alone(store: Arc<dyn Store>) {
    for (number, provider_session) in [(1, Some(50)), (2, Some(50)), (3, Some(51)), (4, None)] {
        let mut row = row(number);
        row.provider_session = provider_session.map(key);
        store.create(row).await.unwrap();
    }
    let deleted = store.delete_by_provider_session(key(50)).await.unwrap();
    assert_eq!(sorted(deleted), [key(1), key(2)]);
    let again = store.delete_by_provider_session(key(50)).await.unwrap();
    assert_eq!(again, Vec::<[u8; 32]>::new());
    for (number, left) in [(1, false), (2, false), (3, true), (4, true)] {
        let found = store.get(key(number), now()).await.unwrap();
        assert_eq!(found.is_some(), left, "row {number}");
    }
    let listed = store.list_by_subject(key(1), now()).await.unwrap();
    let listed = listed.into_iter().map(|row| row.key).collect();
    assert_eq!(sorted(listed), [key(3), key(4)]);
}

pub async fn a_person_is_deleted_alone(store: Arc<dyn Store>) {
    for (number, subject) in [(1, 20), (2, 21), (3, 20)] {
        let mut row = row(number);
        row.subject = key(subject);
        row.provider_session = Some(key(50));
        store.create(row).await.unwrap();
    }
    let deleted = store.delete_by_subject(key(20)).await.unwrap();
    assert_eq!(sorted(deleted), [key(1), key(3)]);
    assert_eq!(store.list_by_subject(key(20), now()).await.unwrap(), []);
    assert!(store.get(key(2), now()).await.unwrap().is_some());
    let of_session = store.delete_by_provider_session(key(50)).await.unwrap();
    assert_eq!(of_session, [key(2)]);
}

pub async fn deleting_one_row_leaves_the_persons_others_findable(store: Arc<dyn Store>) {
    for number in 1..=3 {
        let mut row = row(number);
        row.provider_session = Some(key(50));
        store.create(row).await.unwrap();
    }
    assert!(store.delete(key(2)).await.unwrap());
    let listed = store.list_by_subject(key(1), now()).await.unwrap();
    let listed = listed.into_iter().map(|row| row.key).collect();
    assert_eq!(sorted(listed), [key(1), key(3)]);
    let deleted = store.delete_by_provider_session(key(50)).await.unwrap();
    assert_eq!(sorted(deleted), [key(1), key(3)]);
}

pub async fn live_rows_of_a_person_are_listed(store: Arc<dyn Store>) {
    let long = row(1);
    let mut short = row(2);
    short.expires_at = now() + 100;
    let mut other = row(3);
    other.subject = key(99);
    for row in [&long, &short, &other] {
        store.create(row.clone()).await.unwrap();
    }
    let mut all = store.list_by_subject(key(1), now()).await.unwrap();
    all.sort_by_key(|row| row.key);
    assert_eq!(all, [listed_of(long.clone()), listed_of(short)]);
    let later = store.list_by_subject(key(1), now() + 100).await.unwrap();
    assert_eq!(later, [listed_of(long)]);
}

fn lease(name: u32, holder: u32, until: u64) -> Lease {
    Lease {
        name: key(name),
        holder: key(holder),
        now: now(),
        until: now() + until,
    }
}

pub async fn a_name_is_one_holders_until_its_time(store: Arc<dyn Store>) {
    assert!(store.acquire(lease(1, 70, 5)).await.unwrap());
    assert!(!store.acquire(lease(1, 71, 60)).await.unwrap());
    assert!(store.acquire(lease(2, 71, 60)).await.unwrap());
    // Asked again because the answer got lost.
    assert!(store.acquire(lease(1, 70, 5)).await.unwrap());
    tokio::time::sleep(Duration::from_millis(5100)).await;
    let later = Lease {
        now: now() + 5,
        ..lease(1, 71, 60)
    };
    assert!(store.acquire(later).await.unwrap());
    assert!(!store.acquire(lease(1, 70, 60)).await.unwrap());
    assert!(!store.acquire(lease(2, 70, 60)).await.unwrap());
}

pub async fn a_name_given_back_is_free_and_only_its_holder_gives_it_back(store: Arc<dyn Store>) {
    assert!(store.acquire(lease(1, 70, 60)).await.unwrap());
    store.release(key(1), key(71)).await.unwrap();
    assert!(!store.acquire(lease(1, 71, 60)).await.unwrap());
    store.release(key(1), key(70)).await.unwrap();
    assert!(store.acquire(lease(1, 71, 60)).await.unwrap());
    store.release(key(9), key(70)).await.unwrap();
}

pub async fn one_of_many_parallel_leases_wins(store: Arc<dyn Store>) {
    let claims = (0..50).map(|holder| {
        let store = store.clone();
        tokio::spawn(async move { store.acquire(lease(1, 70 + holder, 60)).await.unwrap() })
    });
    let mut winners = 0;
    for claim in claims.collect::<Vec<_>>() {
        winners += usize::from(claim.await.unwrap());
    }
    assert_eq!(winners, 1);
}

pub async fn the_store_can_be_checked(store: Arc<dyn Store>) {
    store.check().await.unwrap();
}
