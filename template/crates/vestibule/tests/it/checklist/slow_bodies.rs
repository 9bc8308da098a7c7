//! Row B15: bodies of requests that arrive slowly or not at all, at pages of the app's
//! own.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use actix_web::{
    App, Error, HttpResponse, HttpServer,
    web::{Bytes, Form, Json, Payload, ServiceConfig, get, post},
};
use serde::Deserialize;
use serde_json::Value;
use vestibule::Oidc;
use vestibule_dev::testing::{Launch, TestApp};

use crate::{
    fixture::{Fixture, PATIENCE, pages as own_pages},
    support::PATHS,
};

/// After this much time a body that does not arrive is refused, on a busy machine.
const REFUSED_WITHIN: Duration = Duration::from_secs(45);
/// Longer than the app waits for a body of which nothing arrives.
const LONG: Duration = Duration::from_secs(25);

/// Pages that read a body, each in another way.
fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    own_pages(oidc, config);
    config.route("/test/form", post().to(form));
    config.route("/test/json", post().to(json));
    config.route("/test/text", post().to(text));
    config.route("/test/bytes", post().to(bytes));
    config.route("/test/stream", post().to(stream));
    config.route("/test/any", post().to(any));
    config.route("/test/later", post().to(later));
    config.route("/test/unread", post().to(async || "unread"));
    config.route("/test/socket", get().to(socket));
}

#[derive(Deserialize)]
struct Fields {
    a: String,
}

async fn form(fields: Form<Fields>) -> String {
    format!("{} bytes", fields.a.len())
}

async fn json(value: Json<Value>) -> String {
    format!("{} bytes", value.to_string().len())
}

async fn text(text: String) -> String {
    format!("{} bytes", text.len())
}

async fn bytes(bytes: Bytes) -> String {
    format!("{} bytes", bytes.len())
}

async fn stream(body: Payload) -> Result<String, Error> {
    Ok(format!("{} bytes", body.to_bytes().await?.len()))
}

/// Has an answer to everything.
async fn any(bytes: Result<Bytes, Error>) -> HttpResponse {
    HttpResponse::Ok().json(bytes.is_ok())
}

/// Takes its time before it reads.
async fn later(body: Payload) -> Result<String, Error> {
    tokio::time::sleep(LONG).await;
    stream(body).await
}

/// Answers what it is sent first.
async fn socket(mut body: Payload) -> Result<Vec<u8>, Error> {
    use futures_core::Stream;
    use std::{future::poll_fn, pin::Pin};

    let first = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await;
    Ok(first.transpose()?.unwrap_or_default().to_vec())
}

/// What is sent after a pause.
type Part = (Duration, Vec<u8>);

/// Sends a request's head and the parts of its body, and returns what is answered until
/// the connection ends, and when that was.
fn talk(app: &TestApp, head: &str, parts: Vec<Part>) -> (String, Duration) {
    let began = Instant::now();
    let address = app.listens_at.socket_addrs(|| None).unwrap();
    let mut connection = TcpStream::connect(&address[..]).unwrap();
    let patience = Some(Duration::from_secs(120));
    connection.set_read_timeout(patience).unwrap();
    let mut sender = connection.try_clone().unwrap();
    sender.write_all(head.as_bytes()).unwrap();
    let sending = thread::spawn(move || {
        for (pause, part) in parts {
            thread::sleep(pause);
            if sender.write_all(&part).is_err() {
                return;
            }
        }
    });
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // A connection that is reset has ended too.
    while let Ok(length @ 1..) = connection.read(&mut piece) {
        answer.extend_from_slice(&piece[..length]);
    }
    let time = began.elapsed();
    sending.join().unwrap();
    (String::from_utf8_lossy(&answer).into_owned(), time)
}

const SIZED: &str = "content-length: 10000";
const CHUNKED: &str = "transfer-encoding: chunked";
/// As if a WebSocket were to follow, which only a GET can ask for.
const UPGRADED: &str = "content-length: 10000\r\nconnection: upgrade\r\nupgrade: websocket";

fn head(path: &str, framing: &str) -> String {
    let content_type = match path {
        "/test/json" => "application/json",
        "/test/form" => "application/x-www-form-urlencoded",
        sign_in if !sign_in.starts_with("/test") => "application/x-www-form-urlencoded",
        _ => "text/plain",
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n\
         {framing}\r\n\r\n"
    )
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// The next part of a body in this framing.
fn part(framing: &str, bytes: &[u8]) -> Vec<u8> {
    match framing {
        CHUNKED => chunk(bytes),
        _ => bytes.to_vec(),
    }
}

/// Talks to the app in several connections at once.
async fn talk_at_once(
    app: &TestApp,
    talks: Vec<(String, String, Vec<Part>)>,
) -> Vec<(String, String, Duration)> {
    let talks: Vec<_> = talks
        .into_iter()
        .map(|(what, head, parts)| {
            let app = app.clone();
            tokio::task::spawn_blocking(move || {
                let (answer, time) = talk(&app, &head, parts);
                (what, answer, time)
            })
        })
        .collect();
    let mut answers = Vec::new();
    for talk in talks {
        answers.push(talk.await.unwrap());
    }
    answers
}

const READING: [&str; 6] = [
    "/test/form",
    "/test/json",
    "/test/text",
    "/test/bytes",
    "/test/stream",
    "/test/any",
];

#[tokio::test]
async fn b15_a_body_that_trickles_in_is_refused_by_every_page_that_reads_it() {
    let app = Fixture::start_with_pages(pages).await;
    let mut talks = Vec::new();
    for path in READING {
        for framing in [SIZED, CHUNKED, UPGRADED] {
            let beginning = (Duration::ZERO, part(framing, b"a"));
            let nothing_more = vec![beginning.clone()];
            let byte = (Duration::from_secs(1), part(framing, b"1"));
            let mut a_byte_a_second = vec![byte; 60];
            a_byte_a_second.insert(0, beginning);
            for parts in [nothing_more, a_byte_a_second] {
                let what = format!("{path} {framing} {} parts", parts.len());
                talks.push((what, head(path, framing), parts));
            }
        }
    }
    for (what, answer, time) in talk_at_once(&app, talks).await {
        assert!(answer.starts_with("HTTP/1.1 400"), "{what}: {answer}");
        assert!(answer.contains("bad_request"), "{what}: {answer}");
        assert!(time < REFUSED_WITHIN, "{what}: {time:?}");
    }
}

#[tokio::test]
async fn b15_a_slow_line_a_slow_reader_and_a_socket_go_on() {
    let app = Fixture::start_with_pages(pages).await;
    let close = "connection: close";
    let slow_line = vec![(Duration::from_millis(500), vec![b'1'; 1000]); 60];
    let large = vec![(Duration::ZERO, vec![b'1'; 60_000])];
    let upgrade = "GET /test/socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
                   upgrade: websocket\r\n\r\n";
    let framing = format!("content-length: 60000\r\n{close}");
    let talks = vec![
        (
            "slow line".to_owned(),
            head("/test/bytes", &framing),
            slow_line,
        ),
        (
            "slow reader".to_owned(),
            head("/test/later", &framing),
            large,
        ),
        (
            "socket".to_owned(),
            upgrade.to_owned(),
            vec![(LONG, b"hello".to_vec())],
        ),
    ];
    for (what, answer, time) in talk_at_once(&app, talks).await {
        let body = if what == "socket" {
            "hello"
        } else {
            "60000 bytes"
        };
        assert!(answer.starts_with("HTTP/1.1 200"), "{what}: {answer}");
        assert!(answer.ends_with(body), "{what}: {answer}");
        assert!(time >= LONG, "{what}: {time:?}");
    }
}

#[tokio::test]
async fn b15_a_body_that_nobody_reads_holds_no_connection() {
    let app = Fixture::start_with_pages(pages).await;
    let mut talks = Vec::new();
    for path in ["/test/unread", "/profile", "/no-such-page"] {
        for framing in [SIZED, CHUNKED] {
            let byte = (Duration::from_secs(1), part(framing, b"1"));
            let what = format!("{path} {framing}");
            talks.push((what, head(path, framing), vec![byte; 60]));
        }
    }
    for (what, answer, time) in talk_at_once(&app, talks).await {
        assert!(answer.starts_with("HTTP/1.1 "), "{what}: {answer}");
        assert!(time < REFUSED_WITHIN, "{what}: {time:?}");
    }
}

#[tokio::test]
async fn b15_a_connection_goes_on_after_bodies_that_have_arrived() {
    let app = Fixture::start_with_pages(pages).await;
    let mut requests = String::new();
    for path in ["/test/bytes", "/test/unread", "/test/bytes"] {
        requests += &head(path, CHUNKED);
        requests += &String::from_utf8(chunk(b"12345")).unwrap();
        requests += "0\r\n\r\n";
    }
    requests += "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let (answer, _) = tokio::task::spawn_blocking(move || talk(&app, &requests, Vec::new()))
        .await
        .unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 4, "{answer}");
}

/// Without error pages, the library limits only what its own pages read.
async fn start_without_error_pages() -> TestApp {
    let start = TestApp::of(async |launch: Launch| {
        let (oidc, _) = Fixture::default().build(launch.settings()).await?;
        let shared = oidc.clone();
        let mut server = HttpServer::new(move || {
            let app = App::new().wrap(shared.middleware());
            app.configure(shared.routes())
        })
        .client_request_timeout(PATIENCE);
        for listener in launch.listeners {
            server = server.listen(listener)?;
        }
        let server = server.run();
        Ok::<_, Box<dyn std::error::Error>>((oidc, server.handle(), server))
    });
    start.start().await
}

#[tokio::test]
async fn b15_the_sign_ins_own_pages_refuse_a_body_that_trickles_in_without_error_pages_too() {
    let app = start_without_error_pages().await;
    let mut talks = Vec::new();
    for path in [PATHS.login, PATHS.backchannel_logout] {
        for framing in [SIZED, CHUNKED] {
            let byte = (Duration::from_secs(1), part(framing, b"1"));
            let what = format!("{path} {framing}");
            talks.push((what, head(path, framing), vec![byte; 60]));
        }
    }
    for (what, answer, time) in talk_at_once(&app, talks).await {
        assert!(answer.starts_with("HTTP/1.1 400"), "{what}: {answer}");
        assert!(answer.contains("bad_request"), "{what}: {answer}");
        assert!(time < REFUSED_WITHIN, "{what}: {time:?}");
    }
}
