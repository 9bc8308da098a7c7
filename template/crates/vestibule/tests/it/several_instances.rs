//! What several instances of the app promise over one store, whichever that is: real
//! processes, a real server, and a proxy that never sends two requests in a row to the
//! same one.

use std::{sync::atomic::Ordering, time::Duration};

use reqwest::StatusCode;
use vestibule::now;
use vestibule_dev::provider::{Answer, Endpoint};

use crate::{
    outage::Outage,
    processes::Instances,
    support::{Browser, CLIENT, PATHS, Page, client},
};

pub async fn people_do_not_notice_how_many_instances_there_are(store: &str) {
    let instances = Instances::start(3, store, &[]).await;
    let alice = instances.app.signed_in_as("alice").await;
    for _ in 0..6 {
        let page = alice.get("/profile").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    }
    for sent in &instances.proxy.sent {
        assert!(sent.load(Ordering::Relaxed) >= 2, "an instance was idle");
    }
    assert_eq!(instances.signed_in_at_each(&alice).await, [true; 3]);

    // Kept to see that it is of no use afterwards.
    let cookie = alice.cookie("user-session");
    alice.sign_out().await;
    alice.set_cookie(&alice.app.cookie("user-session"), &cookie);
    assert_eq!(instances.signed_in_at_each(&alice).await, [false; 3]);
}

pub async fn notices_count_after_restarts(mut instances: Instances, restart_store: impl FnOnce()) {
    let count = instances.proxy.sent.len();
    let alice = instances.app.signed_in_as("alice").await;
    let by_session = instances.app.signed_in_as("bob").await;
    let other_session = instances.app.signed_in_as("bob").await;
    let session = session_of(&by_session).await;

    instances.kill_all();
    restart_store();
    instances.start_all();

    let provider = &instances.app.provider;
    let tokens = [
        provider.logout_token(CLIENT, Some("alice"), None).unwrap(),
        provider.logout_token(CLIENT, None, Some(&session)).unwrap(),
    ];
    let nobody = instances.app.browser();
    for token in &tokens {
        let answer = deliver(&nobody, PATHS.backchannel_logout, token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    for (browser, holds) in [
        (&alice, false),
        (&by_session, false),
        (&other_session, true),
    ] {
        let said = instances.signed_in_at_each(browser).await;
        assert_eq!(said, vec![holds; count]);
    }

    // Used is used, whichever instance it was, and whatever happened to it.
    let alice = instances.app.signed_in_as("alice").await;
    instances.kill(0);
    instances.start_one(0);
    for number in 0..count {
        for token in &tokens {
            let target = instances.at(number, PATHS.backchannel_logout);
            let again = deliver(&nobody, &target, token).await;
            assert_eq!(again.status, StatusCode::BAD_REQUEST);
        }
    }
    assert_eq!(instances.signed_in_at_each(&alice).await, vec![true; count]);
}

pub async fn a_notice_to_one_instance_counts_at_once_for_those_that_remember_the_person(
    store: &str,
) {
    let instances = Instances::start(2, store, &[]).await;
    let alice = instances.app.signed_in_as("alice").await;
    let by_session = instances.app.signed_in_as("bob").await;
    let other_session = instances.app.signed_in_as("bob").await;
    let people = [&alice, &by_session, &other_session];
    for browser in people {
        assert_eq!(instances.signed_in_at_each(browser).await, [true; 2]);
    }

    let session = session_of(&by_session).await;
    let nobody = instances.app.browser();
    for (sub, sid) in [(Some("alice"), None), (None, Some(session.as_str()))] {
        let token = instances.app.provider.logout_token(CLIENT, sub, sid);
        let target = instances.at(0, PATHS.backchannel_logout);
        let answer = deliver(&nobody, &target, &token.unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    for (browser, holds) in people.into_iter().zip([false, false, true]) {
        assert_eq!(instances.signed_in_at_each(browser).await, [holds; 2]);
    }
}

/// The provider's name for its session in this browser.
async fn session_of(browser: &Browser) -> String {
    let page = browser.get("/profile").await;
    let after = page.body.split(">sid<").nth(1).unwrap();
    let value = after.split("<bdi>").nth(1).unwrap();
    value.split('<').next().unwrap().to_owned()
}

async fn deliver(nobody: &Browser, target: &str, token: &str) -> Page {
    nobody.post(target, &[("logout_token", token)]).await
}

pub async fn an_instance_that_is_killed_takes_nobody_with_it(store: &str) {
    let mut instances = Instances::start(2, store, &[]).await;
    let alice = instances.app.signed_in_as("alice").await;
    let bob = instances.app.browser();
    let answer = bob.answer_of_provider("bob", "/profile").await;

    instances.kill(0);
    let page = bob.follow(answer).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert_eq!(page.url.path(), "/profile");
    assert!(alice.is_signed_in().await);
    let carol = instances.app.browser();
    let list = carol.visit("/profile").await;

    instances.start_one(0);
    instances.kill(1);
    assert!(alice.is_signed_in().await && bob.is_signed_in().await);
    let answer = carol.choose(&list, "alice").await;
    assert_eq!(carol.follow(answer).await.status, StatusCode::OK);
    alice.sign_out().await;

    instances.start_one(1);
    assert_eq!(instances.signed_in_at_each(&alice).await, [false; 2]);
    assert_eq!(instances.signed_in_at_each(&bob).await, [true; 2]);
    assert_eq!(instances.signed_in_at_each(&carol).await, [true; 2]);
}

pub async fn an_access_token_is_renewed_once_for_all_instances(store: &str) {
    let instances = Instances::start(3, store, &[]).await;
    // Near its end, which comes when half of its life is over, and past it.
    for seconds in [6, 0] {
        let life = Duration::from_secs(seconds);
        let alice = instances.app.signed_in_with_token_for("alice", life).await;
        let near_its_end = now() + seconds / 2;
        let is_near = async || now() >= near_its_end;
        instances.app.eventually(is_near).await;
        let before = instances.app.token_requests();
        let calls: Vec<_> = (0..12)
            .map(|_| {
                let alice = alice.clone();
                tokio::spawn(async move { alice.fetch("/api/userinfo").await.status })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), StatusCode::OK);
        }
        assert_eq!(instances.app.token_requests() - before, 1);
    }
}

pub async fn a_renewal_whose_instance_dies_is_made_by_another(store: &str) {
    let settings = [("OIDC_TIMEOUT_SECONDS", "3")];
    let mut instances = Instances::start(2, store, &settings).await;
    let ended = Duration::ZERO;
    let alice = instances.app.signed_in_with_token_for("alice", ended).await;
    let before = instances.app.token_requests();
    let stuck = Answer {
        delay: Duration::from_secs(60),
        ..Answer::new(503, "text/plain", "")
    };
    let faults = instances.app.provider.faults().clone();
    faults.instead(Endpoint::Token, stuck);

    let target = instances.at(0, "/api/userinfo");
    let cookie = format!(
        "{}={}",
        alice.app.cookie("user-session"),
        alice.cookie("user-session")
    );
    let call = client().get(target).header("cookie", cookie).send();
    let call = tokio::spawn(call);
    let asked = async || instances.app.token_requests() > before;
    instances.app.eventually(asked).await;
    instances.kill(0);
    assert!(call.await.unwrap().is_err());
    faults.clear();

    // For longer than one call may take, nobody waits: then it is asked again.
    let target = instances.at(1, "/api/userinfo");
    let is_made = async || match alice.fetch(&target).await.status {
        StatusCode::SERVICE_UNAVAILABLE => false,
        status => status == StatusCode::OK || panic!("{status}"),
    };
    instances.app.eventually(is_made).await;
}

/// The store fails in each of these ways.
pub async fn an_outage_of_the_store_signs_nobody_out_and_passes_by_itself(
    store: &str,
    mut fail: impl FnMut(Outage),
    mut recover: impl FnMut(Outage),
) {
    let instances = Instances::start(2, store, &[]).await;
    let alice = instances.app.signed_in_as("alice").await;
    let cookies = alice.cookies();

    for outage in [Outage::Down, Outage::Frozen] {
        fail(outage);
        for number in 0..2 {
            let page = alice.get(&instances.at(number, "/profile")).await;
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
            assert!(!page.header("retry-after").is_empty());
            assert!(page.body.contains("signed out"));
            let stranger = instances.app.browser();
            for path in ["/", "/healthz", "/static/app.css"] {
                let page = stranger.get(&instances.at(number, path)).await;
                assert_eq!(page.status, StatusCode::OK, "{path}");
            }
            let ready = stranger.get(&instances.at(number, "/readyz")).await;
            assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert_eq!(alice.cookies(), cookies);

        recover(outage);
        instances.serve_again(&alice).await;
    }
}
