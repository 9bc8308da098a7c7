//! Section O: what operators rely on.

use std::time::Duration;

use app::dev::provider::Endpoint;
use reqwest::StatusCode;

use crate::processes::Instances;

#[cfg(unix)]
#[tokio::test]
async fn o4_sigterm_lets_a_sign_in_end_and_loses_none() {
    let mut instances = Instances::start(1, "embedded:sign-ins.redb", &[]).await;
    instances.ready().await;
    let app = instances.app.clone();
    let bob = app.signed_in_as("bob").await;
    let alice = app.browser();
    let answer = alice.answer_of_provider("alice", "/profile").await;
    let faults = instances.provider.faults().once();
    faults.answer(Endpoint::Token, |answer| {
        answer.delay = Duration::from_secs(2);
    });
    let before = app.token_requests();
    let callback = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.get(answer.location().as_str()).await })
    };
    app.eventually(async || app.token_requests() > before).await;

    instances.terminate(0);

    let page = callback.await.unwrap();
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.location().path(), "/profile");
    assert!(instances.ended(0).await, "{}", instances.log(0));
    instances.start_one(0);
    for browser in [alice, bob] {
        assert!(browser.is_signed_in().await);
    }
}
