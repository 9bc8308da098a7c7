//! Background jobs act for a person after the response, for as long as the session goes on.

use std::{error::Error, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Data},
};
use reqwest::StatusCode;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use vestibule::{ErrorKind, Oidc, OnBehalf, Settings};
use vestibule_dev::testing::{Launch, TestApp};

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
