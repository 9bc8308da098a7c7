//! Rows S12 and S14: secrets are replaced without signing anybody out, and
//! people and operators end sign-ins from elsewhere.

use std::time::Duration;

use reqwest::{Method, StatusCode, header::USER_AGENT};
use vestibule::{
    Secret,
    internals::{self, Registration, UserSessions, seal},
    now,
    store::{Row, SessionStore, open},
};

use crate::{
    fixture::Fixture,
    processes::Instances,
    support::{
        Browser, CLIENT, PATHS, Page, TestApp, embedded_at, login_with, signed_in_as,
        signed_in_near_the_end, subject_key,
    },
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";

/// The handles of the browsers that the page offers to sign out.
fn handles(page: &Page) -> Vec<String> {
    let fields = page.body.split("name=\"device\" value=\"").skip(1);
    fields
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

async fn end(browser: &Browser, path: &str, field: Option<(&str, &str)>) -> Page {
    let csrf_token = browser.csrf_token().await;
    let mut fields = vec![("csrf_token", csrf_token.as_str())];
    fields.extend(field);
    let page = browser.post(path, &fields).await;
    browser.follow(page).await
}

#[tokio::test]
async fn s14_a_person_sees_where_they_are_signed_in_and_ends_it_there() {
    let app = Fixture::start().await;
    let here = app.signed_in_as("alice").await;
    let there = app.browser();
    let answer = there.answer_of_provider("alice", PATHS.login).await;
    let callback = answer.location();
    there
        .request(Method::GET, callback.as_str(), |request| {
            request.header(USER_AGENT, FIREFOX)
        })
        .await;
    let bob = app.signed_in_as("bob").await;

    let page = here.get("/devices").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Firefox on Linux"), "{}", page.body);
    assert!(page.body.contains("This browser"));
    let [handle] = &handles(&page)[..] else {
        panic!("not one other browser in {}", page.body);
    };
    let cookie = &there.cookie("user-session");
    assert!(!page.body.contains(cookie.as_str()) && handle != cookie);

    let left = end(&here, "/devices", Some(("device", handle))).await;
    assert_eq!(left.url.path(), "/devices");
    assert_eq!(handles(&left), Vec::<String>::new());
    assert!(!there.is_signed_in().await);
    assert!(here.is_signed_in().await && bob.is_signed_in().await);
}

#[tokio::test]
async fn s14_a_person_signs_out_everywhere_else() {
    let app = Fixture::start().await;
    let here = app.signed_in_as("alice").await;
    let elsewhere = [
        app.signed_in_as("alice").await,
        app.signed_in_as("alice").await,
    ];
    let bob = app.signed_in_as("bob").await;
    assert_eq!(handles(&here.get("/devices").await).len(), 2);

    end(&here, "/devices", None).await;

    for browser in elsewhere {
        assert!(!browser.is_signed_in().await);
    }
    assert!(here.is_signed_in().await && bob.is_signed_in().await);
    let told = app.events("sessions_revoked");
    assert!(told.len() == 1 && told[0].contains("count=2"), "{told:?}");
}

#[tokio::test]
async fn an_operator_ends_one_sign_in_of_a_person_and_no_other() {
    let app = Fixture::start().await;
    let (kept, ended) = (
        app.signed_in_as("alice").await,
        app.signed_in_as("alice").await,
    );
    let operator = app.signed_in_with("bob", "roles", ["admin"].as_slice());
    let operator = operator.await;
    let handle = handles(&kept.get("/devices").await).remove(0);
    let csrf_token = operator.csrf_token().await;
    let end = async |subject: &str| {
        let fields = [
            ("csrf_token", csrf_token.as_str()),
            ("subject", subject),
            ("device", &handle),
        ];
        operator.post("/admin", &fields).await.body
    };
    assert!(end("bob").await.contains("0 sign-ins were ended"));
    assert!(ended.is_signed_in().await);
    assert!(end("alice").await.contains("1 sign-ins were ended"));
    assert!(!ended.is_signed_in().await);
    assert!(kept.is_signed_in().await && operator.is_signed_in().await);
}

#[tokio::test]
async fn s14_nobody_ends_the_sign_ins_of_others() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let other = app.signed_in_as("alice").await;
    let bob = app.signed_in_as("bob").await;
    let handle = handles(&alice.get("/devices").await).remove(0);

    end(&bob, "/devices", Some(("device", &handle))).await;
    let forged = other.post("/devices", &[("device", &handle)]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let denied = end(&bob, "/admin", Some(("subject", "alice"))).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let forged = alice.post("/admin", &[("subject", "bob")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);

    for browser in [alice, other, bob] {
        assert!(browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn s14_browsers_that_nobody_has_used_for_too_long_are_not_listed() {
    let app = Fixture::start().await;
    let here = app.signed_in_as("alice").await;
    let subject = subject_key(&app, "alice");
    let idle = app.oidc().settings().session_idle.as_secs();
    for (ago, is_listed) in [(idle, false), (idle - 60, true)] {
        let row = Row {
            key: seal::random_bytes().unwrap(),
            subject,
            provider_session: None,
            created_at: now() - ago,
            device: "Safari on iPhone".to_owned(),
            version: 0,
            last_seen: now() - ago,
            expires_at: now() + 3600,
            sealed: Vec::new(),
        };
        internals::sessions(app.oidc())
            .store()
            .create(row)
            .await
            .unwrap();
        let listed = handles(&here.get("/devices").await).len();
        assert_eq!(listed, usize::from(is_listed), "{ago} s ago");
    }
}

#[tokio::test]
async fn s14_a_person_of_the_same_name_at_another_issuer_stays_signed_in() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let (issuer, sessions) = (app.provider.issuer(), internals::sessions(app.oidc()));
    let record = alice.record().await;
    let session = record.session.provider_session_id().unwrap();
    for (other, subject) in [
        ("https://other.example", "alice"),
        // Together the same characters.
        (&format!("{issuer}a"), "lice"),
    ] {
        assert_eq!(sessions.end_all_of(other, subject).await.unwrap(), 0);
        let ended = sessions.end_provider_session(other, session).await;
        assert_eq!(ended.unwrap(), 0);
    }
    assert!(alice.is_signed_in().await);
    let ended = sessions.end_provider_session(issuer, session).await;
    assert_eq!(ended.unwrap(), 1);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn s14_an_operator_ends_all_of_a_persons_sign_ins() {
    let app = Fixture::start().await;
    let alice = app.signed_in_as("alice").await;
    let bobs = [app.signed_in_as("bob").await, app.signed_in_as("bob").await];

    let page = end(&alice, "/admin", Some(("subject", "bob"))).await;

    assert!(page.body.contains("2 sign-ins were ended"), "{}", page.body);
    for bob in bobs {
        assert!(!bob.is_signed_in().await);
        let page = bob.get("/profile").await;
        assert_eq!(page.location().path(), PATHS.login);
    }
    assert!(alice.is_signed_in().await);
    let nobody = end(&alice, "/admin", Some(("subject", " "))).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn s12_a_new_secret_in_front_of_the_old_one_signs_nobody_out() {
    let old = seal::random_string().unwrap();
    let secrets = format!("{},{old}", seal::random_string().unwrap());
    let mut app = Instances::start(1, "embedded:sessions.redb", &[("SESSION_SECRET", &old)]).await;
    let alice = app.app.signed_in_as("alice").await;
    let bob = app.app.browser();
    let under_way = bob.answer_of_provider("bob", "/profile").await;

    app.kill_all();
    app.set("SESSION_SECRET", &secrets);
    app.start_all();

    assert!(alice.is_signed_in().await);
    let page = bob.follow(under_way).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let carol = app.app.signed_in_as("alice").await;
    let under_way = carol
        .answer_of_provider("alice", &login_with("max_age=0"))
        .await;

    // Once nobody is under way any more, the old one may go.
    app.kill_all();
    app.set("SESSION_SECRET", secrets.split(',').next().unwrap());
    app.start_all();
    for browser in [&alice, &bob, &carol] {
        assert!(browser.is_signed_in().await);
    }
    let page = carol.follow(under_way).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
}

#[tokio::test]
async fn s12_a_record_is_sealed_anew_for_a_new_secret_alone_and_takes_new_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let store = embedded_at(&folder.path().join("sessions.redb"));
    let first = Fixture::start_with(|settings| settings.session_store = store).await;
    let alice = signed_in_near_the_end(&first, "alice").await;
    let cookie = alice.cookie("user-session");
    let key = seal::hash("user session", &[cookie.as_bytes()]);
    let version = async |app: &TestApp| {
        let store = internals::sessions(app.oidc()).store();
        store.get(key, now()).await.unwrap().unwrap().version
    };
    let known = version(&first).await;
    first.stop().await;

    let old = first.oidc().settings().secrets.clone();
    let mut secrets = vec![Secret::new(seal::random_string().unwrap())];
    secrets.extend_from_slice(&old);
    for (secrets, is_sealed_anew) in [(old, false), (secrets, true)] {
        let again = Fixture::start_again_with(&first, |settings| settings.secrets = secrets);
        let again = again.await;
        let alice = again.browser();
        alice.set_cookie(&again.cookie("user-session"), &cookie);
        if is_sealed_anew {
            let refreshed = first.token_requests() + 1;
            for _ in 0..2 {
                let answer = alice.fetch("/api/userinfo").await;
                assert_eq!(answer.status, StatusCode::OK);
                assert_eq!(first.token_requests(), refreshed);
            }
            assert_eq!(version(&again).await, known + 2);
        } else {
            assert!(alice.is_signed_in().await);
            assert_eq!(version(&again).await, known);
        }
        again.stop().await;
    }
}

#[tokio::test]
async fn s12_what_was_just_sealed_anew_can_be_replaced() {
    let session = signed_in_as("alice").await.record().await.session.clone();
    let store = open(&SessionStore::Memory).await.unwrap();
    let registration = Registration::new(session.provider(), session.issuer(), CLIENT);
    let sessions_with = |secrets: &[&Secret]| {
        let secrets: Vec<Secret> = secrets.iter().copied().cloned().collect();
        let hour = Duration::from_secs(3600);
        UserSessions::new(
            store.clone(),
            vec![registration.clone()],
            &secrets,
            hour,
            hour,
        )
        .unwrap()
    };
    let [old, new] = [(); 2].map(|()| Secret::new(seal::random_string().unwrap()));
    let id = sessions_with(&[&old]).begin(&session).await.unwrap();
    let sessions = sessions_with(&[&new, &old]);
    let found = sessions.find(&id).await.unwrap().unwrap();
    assert!(sessions.renew(&found, &session).await.unwrap());
}

#[tokio::test]
async fn s12_a_transaction_sealed_with_a_secret_that_is_gone_is_refused() {
    let mut app = Instances::start(1, "embedded:sessions.redb", &[]).await;
    let bob = app.app.browser();
    let under_way = bob.answer_of_provider("bob", "/profile").await;
    app.kill_all();
    app.set("SESSION_SECRET", &seal::random_string().unwrap());
    app.start_all();
    let page = bob.follow(under_way).await;
    // On the page, or in the address of the app's own.
    let told = format!("{} {}", page.url, page.body);
    assert!(told.contains("transaction_unknown"), "{told}");
    assert!(!bob.is_signed_in().await);
}
