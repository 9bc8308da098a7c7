//! The server as its clients see it, one for each test.

use reqwest::{Client, Response, StatusCode};
use waitlist::{configuration::Settings, startup::Application};

struct TestApp {
    address: String,
    client: Client,
}

impl TestApp {
    async fn spawn(places: usize) -> Self {
        let settings = Settings {
            host: "127.0.0.1".to_owned(),
            port: 0,
            places,
        };
        let application = Application::build(settings).await.expect("the app starts");
        let address = format!("http://127.0.0.1:{}", application.port());
        tokio::spawn(application.run_until_stopped());
        Self {
            address,
            client: Client::new(),
        }
    }

    async fn join(&self, email: &str) -> Response {
        self.client
            .post(format!("{}/join", self.address))
            .form(&[("email", email)])
            .send()
            .await
            .expect("the app answers")
    }
}

#[tokio::test]
async fn the_app_is_healthy() {
    let app = TestApp::spawn(1).await;
    let response = app
        .client
        .get(format!("{}/health", app.address))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn people_join() {
    let app = TestApp::spawn(1).await;
    assert_eq!(
        app.join("ursula@example.org").await.status(),
        StatusCode::CREATED
    );
    assert_eq!(
        app.join("ursula@example.org").await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_list_ends() {
    let app = TestApp::spawn(0).await;
    assert_eq!(
        app.join("ursula@example.org").await.status(),
        StatusCode::CONFLICT
    );
}

#[tokio::test]
async fn an_address_is_needed() {
    let app = TestApp::spawn(1).await;
    assert_eq!(app.join("ursula").await.status(), StatusCode::BAD_REQUEST);
}
