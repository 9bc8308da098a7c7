//! What instances that share a store see of each other.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use vestibule::{
    Secret, UserSession,
    internals::{Registration, UserSessions},
    store::Store,
};

use crate::rows::now;

/// An instance with this store and limit of idleness.
pub fn instance(store: Arc<dyn Store>, idle: Duration) -> UserSessions {
    let registration = Registration::new("main", "https://id.example.com", "app");
    let secrets = [Secret::new("a secret")];
    let max = Duration::from_secs(3600);
    UserSessions::new(store, vec![registration], &secrets, idle, max).unwrap()
}

pub fn session_of(roles: &[&str]) -> UserSession {
    serde_json::from_value(json!({
        "provider": "main",
        "issuer": "https://id.example.com",
        "client_id": "app",
        "subject": "alice",
        "provider_session": null,
        "claims": { "sub": "alice" },
        "roles": roles,
        "tokens": {
            "access_token": "a",
            "access_token_expires_at": 0,
            "refresh_token": null,
            "id_token": "i",
            "nonce": "n",
            "scopes": [],
        },
        "csrf_token": "c",
        "authenticated_at": null,
        "device": "Firefox on Linux",
        "created_at": now(),
        "expires_at": now() + 3600,
    }))
    .unwrap()
}

/// Over two stores that are the same one.
pub async fn what_one_instance_does_to_a_sign_in_the_others_see_at_once(
    stores: [Arc<dyn Store>; 2],
) {
    let hour = Duration::from_secs(3600);
    let [here, there] = stores.map(|store| instance(store, hour));
    let id = here.begin(&session_of(&["user"])).await.unwrap();
    let roles = async |instance: &UserSessions| {
        let found = instance.find(&id).await.unwrap();
        found.map(|live| live.session.roles().to_vec())
    };
    let user = Some(vec!["user".to_owned()]);
    assert_eq!(roles(&here).await, user);
    // Once more, now that both have seen it.
    assert_eq!(roles(&there).await, user);
    assert_eq!(roles(&there).await, user);

    let seen = here.find(&id).await.unwrap().unwrap();
    let promoted = session_of(&["admin"]);
    assert!(here.renew(&seen, &promoted).await.unwrap());
    let admin = Some(vec!["admin".to_owned()]);
    assert_eq!(roles(&there).await, admin);
    assert_eq!(roles(&here).await, admin);

    assert!(here.end(&id).await.unwrap());
    assert_eq!(roles(&there).await, None);
    assert_eq!(roles(&here).await, None);
}

/// Over two stores that are the same one.
pub async fn a_visit_to_one_instance_counts_for_the_others(stores: [Arc<dyn Store>; 2]) {
    let [here, there] = stores.map(|store| instance(store, Duration::from_secs(3)));
    let id = here.begin(&session_of(&["user"])).await.unwrap();
    assert!(there.find(&id).await.unwrap().is_some());
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(here.find(&id).await.unwrap().is_some());
    }
    assert!(there.find(&id).await.unwrap().is_some());
}
