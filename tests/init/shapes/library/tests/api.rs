//! The server as its clients see it, one for each test.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use waitlist::{configuration::Settings, startup::Application};

/// Starts a server with so many places.
async fn spawn(places: usize) -> SocketAddr {
    let settings = Settings {
        host: "127.0.0.1".to_owned(),
        port: 0,
        places,
    };
    let application = Application::build(settings).await.expect("the app starts");
    let address = SocketAddr::from(([127, 0, 0, 1], application.port()));
    tokio::spawn(application.run_until_stopped());
    address
}

/// The status that a request gets.
async fn status(address: SocketAddr, method: &str, path: &str, form: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.expect("the app listens");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).expect("a status");
    status.parse().unwrap()
}

async fn join(address: SocketAddr, email: &str) -> u16 {
    status(address, "POST", "/join", &format!("email={email}")).await
}

#[tokio::test]
async fn the_app_is_healthy() {
    let app = spawn(1).await;
    assert_eq!(status(app, "GET", "/health", "").await, 204);
}

#[tokio::test]
async fn people_join() {
    let app = spawn(1).await;
    assert_eq!(join(app, "ursula%40example.org").await, 201);
    assert_eq!(join(app, "ursula%40example.org").await, 200);
}

#[tokio::test]
async fn the_list_ends() {
    let app = spawn(0).await;
    assert_eq!(join(app, "ursula%40example.org").await, 409);
}

#[tokio::test]
async fn an_address_is_needed() {
    let app = spawn(1).await;
    assert_eq!(join(app, "ursula").await, 400);
}
