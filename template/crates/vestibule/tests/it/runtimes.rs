//! The library runs on whatever runtime and with however many workers an app
//! has. The attributes make the runtimes that `main` has with them.

use actix_web::{App, HttpServer, web};
use reqwest::StatusCode;
use vestibule_dev::testing::{Launch, TestApp};

use crate::fixture::{Fixture, PATIENCE, User};

/// People sign in and out while others ask, on so many workers.
async fn come_and_go(workers: usize) {
    let app = TestApp::of(async |launch: Launch| {
        let (oidc, _) = Fixture::default().build(launch.settings()).await?;
        let shared = oidc.clone();
        let mut server = HttpServer::new(move || {
            let oidc = shared.clone();
            App::new()
                .wrap(oidc.middleware())
                .configure(oidc.routes())
                .route(
                    "/private",
                    web::get().to(async |user: User| user.name().to_owned()),
                )
        })
        .client_request_timeout(PATIENCE)
        .workers(workers);
        for listener in launch.listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        Ok::<_, Box<dyn std::error::Error>>((oidc, server.handle(), server))
    })
    .start()
    .await;
    let people = ["alice", "bob", "alice", "bob"].map(async |person| {
        let browser = app.browser();
        let page = browser.sign_in_as(person, "/private").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        // On fresh connections, so on other workers too.
        for _ in 0..8 {
            let answer = reqwest::Client::builder()
                .tls_certs_only([])
                .no_proxy()
                .build()
                .unwrap()
                .get(app.base.join("/private").unwrap())
                .header(
                    "cookie",
                    format!(
                        "{}={}",
                        browser.app.cookie("user-session"),
                        browser.cookie("user-session")
                    ),
                )
                .send()
                .await
                .unwrap();
            assert_eq!(answer.text().await.unwrap(), page.body);
        }
        browser.sign_out().await;
        let answer = browser.fetch("/private").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    });
    for person in people {
        person.await;
    }
    app.stop().await;
}

#[actix_web::test]
async fn on_actix_web_main() {
    come_and_go(1).await;
    come_and_go(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_tokio_main() {
    come_and_go(1).await;
    come_and_go(3).await;
}

#[tokio::test]
async fn on_tokio_main_with_one_thread() {
    come_and_go(1).await;
    come_and_go(3).await;
}
