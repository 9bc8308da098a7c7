//! Background jobs act for a person after the response, for as long as the session goes on.

use std::{error::Error, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Data},
};
use reqwest::StatusCode;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vestibule::{
    ErrorKind, Oidc, OnBehalf, Settings, TokenFor, now,
    settings::{Credential, SecretMethod},
};
use vestibule_dev::{
    provider::{Answer, Endpoint},
    testing::{Launch, TestApp},
};

use crate::{
    fixture::{Fixture, User},
    support::{Browser, CLIENT, PATHS, client, tokens_of},
};

/// How long an access token lives that has ended when it comes.
const ENDED: Duration = Duration::ZERO;

async fn begin(oidc: Oidc, user: User, jobs: Data<UnboundedSender<OnBehalf>>) -> HttpResponse {
    jobs.send(oidc.on_behalf_of(&user)).unwrap();
    HttpResponse::Accepted().finish()
}

async fn orders(oidc: Oidc, user: User) -> Result<HttpResponse, vestibule::Error> {
    let wanted = TokenFor::audience("orders").scope("read").scope("write");
    let token = oidc.token_for(&user, &wanted).await?;
    let left = token.expires_at.saturating_sub(now());
    Ok(HttpResponse::Ok().body(left.to_string()))
}

/// An app that hands everybody who asks for `/begin` to a job.
async fn start(change: impl FnOnce(&mut Settings)) -> (TestApp, UnboundedReceiver<OnBehalf>) {
    let (sender, people) = unbounded_channel();
    let app = TestApp::of(async move |launch: Launch| {
        let mut settings = launch.settings();
        change(&mut settings);
        let (oidc, _) = Fixture::default().build(settings).await?;
        let shared = oidc.clone();
        let jobs = Data::new(sender);
        let mut server = HttpServer::new(move || {
            let protected = shared.protected(|table| {
                table.route("/begin", web::get().to(begin));
                table.route("/orders", web::get().to(orders));
            });
            App::new()
                .app_data(jobs.clone())
                .wrap(shared.middleware())
                .configure(shared.routes())
                .configure(protected)
        })
        .workers(1);
        for listener in launch.listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        Ok::<_, Box<dyn Error>>((oidc, server.handle(), server))
    })
    .start()
    .await;
    (app, people)
}

/// Has the app begin a job for the person, and ends their request.
async fn job_of(browser: &Browser, people: &mut UnboundedReceiver<OnBehalf>) -> OnBehalf {
    assert_eq!(browser.fetch("/begin").await.status, StatusCode::ACCEPTED);
    people.recv().await.unwrap()
}

/// What the provider says to this token.
async fn subject_of(app: &TestApp, token: &str) -> String {
    let url = format!("{}/userinfo", app.provider.issuer());
    let answer = client().get(url).bearer_auth(token).send().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["sub"].as_str().unwrap_or_default().to_owned()
}

/// Not on a worker of Actix's, but on a thread of whatever runtime the app has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_anywhere_get_a_token_that_is_renewed_once_for_all_of_them() {
    let (app, mut people) = start(|_| {}).await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let job = job_of(&alice, &mut people).await;
    assert_eq!(job.session().subject(), "alice");
    let before = app.token_requests();
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let job = job.clone();
            tokio::spawn(async move { job.access_token().await })
        })
        .collect();
    for call in calls {
        let token = call.await.unwrap().unwrap();
        assert_eq!(subject_of(&app, token.expose()).await, "alice");
    }
    assert_eq!(app.token_requests() - before, 1);
    // The renewed one is the session's.
    let kept = tokens_of(&alice.record().await.session);
    let token = job.access_token().await.unwrap();
    assert_eq!(kept["access_token"], *token.expose());
}

#[tokio::test]
async fn a_job_ends_with_the_session_however_long_the_token_is_valid() {
    let (app, mut people) = start(|_| {}).await;
    let alice = app.signed_in_as("alice").await;
    let other = app.signed_in_as("alice").await;
    let (job, of_other) = (
        job_of(&alice, &mut people).await,
        job_of(&other, &mut people).await,
    );
    assert!(job.access_token().await.is_ok());
    alice.sign_out().await;
    let error = job.access_token().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SignedOut), "{error}");
    assert!(of_other.access_token().await.is_ok());

    // The provider ends it.
    let bob = job_of(&app.signed_in_as("bob").await, &mut people).await;
    let token = app.provider.logout_token(CLIENT, Some("alice"), None);
    let notice = [("logout_token", &*token.unwrap())];
    let told = app.browser().post(PATHS.backchannel_logout, &notice).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    let error = of_other.access_token().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SignedOut), "{error}");
    assert!(bob.access_token().await.is_ok());
}

/// A job that asks again and again would keep the session alive otherwise.
#[tokio::test]
async fn what_a_job_does_is_no_visit_of_the_person() {
    let idle = Duration::from_secs(3);
    let (app, mut people) = start(|settings| settings.session_idle = idle).await;
    let alice = app.signed_in_as("alice").await;
    let job = job_of(&alice, &mut people).await;
    assert!(job.access_token().await.is_ok());
    app.eventually(async || job.access_token().await.is_err())
        .await;
}

/// The grant of RFC 8693.
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

#[tokio::test]
async fn another_api_gets_a_token_of_its_own() {
    let (app, _) = start(|_| {}).await;
    let alice = app.signed_in_with_token_for("alice", ENDED).await;
    let answer = alice.fetch("/orders").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(
        (295..=300).contains(&answer.body.parse().unwrap()),
        "{answer:?}"
    );
    let requests = app.provider.requests_to(Endpoint::Token);
    let request = requests.last().unwrap();
    let access_token = "urn:ietf:params:oauth:token-type:access_token";
    for (name, value) in [
        ("grant_type", EXCHANGE),
        ("subject_token_type", access_token),
        ("requested_token_type", access_token),
        ("audience", "orders"),
        ("scope", "read write"),
    ] {
        assert_eq!(request.form(name), Some(value));
    }
    assert!(request.form("resource").is_none());
    assert!(request.header("authorization").is_some());
    // The person's own token had expired, and was renewed for it.
    let kept = tokens_of(&alice.record().await.session);
    assert_eq!(kept["access_token"], request.form("subject_token").unwrap());
}

#[tokio::test]
async fn a_job_gets_tokens_for_other_apis_too() {
    for method in [SecretMethod::Basic, SecretMethod::Post] {
        let (app, mut people) = start(|settings| {
            let client = settings.provider.as_mut().unwrap();
            if let Credential::Secret { method: chosen, .. } = &mut client.credential {
                *chosen = Some(method);
            }
        })
        .await;
        let job = job_of(&app.signed_in_as("alice").await, &mut people).await;
        let files = TokenFor::resource("https://files.example.com/");
        let token = job.token_for(&files).await.unwrap();
        assert_eq!(subject_of(&app, token.token.expose()).await, "alice");
        let requests = app.provider.requests_to(Endpoint::Token);
        let request = requests.last().unwrap();
        assert_eq!(request.form("resource"), Some("https://files.example.com/"));
        assert!(request.form("audience").is_none() && request.form("scope").is_none());
        let in_header = request.header("authorization").is_some();
        assert_eq!(in_header, method == SecretMethod::Basic);
        assert_eq!(request.form("client_secret").is_some(), !in_header);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_or_unusable_is_none() {
    let (app, mut people) = start(|_| {}).await;
    let alice = app.signed_in_as("alice").await;
    let job = job_of(&alice, &mut people).await;
    let bearer =
        |token: &str| json!({ "access_token": token, "token_type": "Bearer", "expires_in": 60 });
    for (status, body, cause) in [
        (
            400,
            json!({ "error": "invalid_target" }),
            "it answered invalid_target",
        ),
        (
            200,
            json!({ "error": "invalid_target" }),
            "it answered invalid_target",
        ),
        (500, json!({}), "it answered 500"),
        (
            200,
            json!({ "token_type": "Bearer" }),
            "access_token is not visible",
        ),
        (200, bearer(""), "access_token is not visible"),
        (200, bearer("a\nb"), "access_token is not visible"),
        (
            200,
            json!({ "access_token": "a", "token_type": "N_A" }),
            "not Bearer",
        ),
        (
            200,
            json!({ "access_token": "a", "token_type": "DPoP" }),
            "not Bearer",
        ),
        (200, json!("text"), "without JSON"),
    ] {
        app.provider.faults().clear();
        app.provider
            .faults()
            .instead(Endpoint::Token, Answer::json(status, &body));
        let error = job.token_for(&TokenFor::audience("orders")).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(cause), "{body}: {error}");
        let page = alice.fetch("/orders").await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(alice.is_signed_in().await);
    }
    app.provider.faults().clear();
    alice.sign_out().await;
    let error = job.token_for(&TokenFor::audience("orders")).await;
    let error = error.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SignedOut), "{error}");
}
