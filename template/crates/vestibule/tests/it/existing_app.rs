//! An app that existed before: `Oidc::middleware` changes nothing of its own
//! answers, not a byte.

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, ResponseError,
    cookie::Cookie,
    dev::ServerHandle,
    error::{ErrorConflict, ErrorInternalServerError},
    http::{
        StatusCode,
        header::{ContentType, ETAG, LAST_MODIFIED, LOCATION, WWW_AUTHENTICATE},
    },
    web::{self, Bytes, Json, Path, ServiceConfig},
};
use serde_json::{Value, json};
use url::Url;
use vestibule::internals::{self, seal};

use crate::{
    fixture::{Fixture, PATIENCE},
    support::{PROVIDER, settings_of},
};

/// An error that says itself how it is shown.
#[derive(Debug)]
struct OutOfStock;

impl fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of stock")
    }
}

impl ResponseError for OutOfStock {
    fn status_code(&self) -> StatusCode {
        StatusCode::GONE
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() }))
    }
}

/// What an app may answer.
fn pages(config: &mut ServiceConfig) {
    let get = web::get;
    config
        .route("/", get().to(async || "Hello!"))
        .route(
            "/page",
            get().to(async || {
                HttpResponse::Ok()
                    .content_type(ContentType::html())
                    .insert_header(("x-own", "1"))
                    .cookie(Cookie::build("theme", "dark").path("/").finish())
                    .body("<h1>Hello!</h1>")
            }),
        )
        .route("/json", get().to(async || Json(json!({ "a": [1, null] }))))
        .route("/echo", web::post().to(async |body: Bytes| body))
        .route("/parsed", web::post().to(async |body: Json<Value>| body))
        .route(
            "/number/{number}",
            get().to(async |_: Path<u32>| "a number"),
        )
        .route(
            "/static/app.css",
            get().to(async || {
                HttpResponse::Ok()
                    .content_type("text/css")
                    .insert_header((ETAG, "\"1\""))
                    .insert_header((LAST_MODIFIED, "Sun, 06 Nov 1994 08:49:37 GMT"))
                    .insert_header(("content-security-policy", "default-src 'none'"))
                    .body("body{}")
            }),
        )
        .route("/empty", get().to(HttpResponse::NoContent))
        .route(
            "/moved",
            get().to(async || {
                HttpResponse::SeeOther()
                    .insert_header((LOCATION, "/page"))
                    .finish()
            }),
        )
        .route(
            "/closed",
            get().to(async || {
                HttpResponse::Unauthorized()
                    .insert_header((WWW_AUTHENTICATE, "Basic"))
                    .body("closed")
            }),
        )
        .route(
            "/conflict",
            get().to(async || Err::<&str, _>(ErrorConflict("row 7"))),
        )
        .route(
            "/broken",
            get().to(async || Err::<&str, _>(ErrorInternalServerError("<b>broken</b>"))),
        )
        .route("/gone", get().to(async || Err::<&str, _>(OutOfStock)))
        .route(
            "/streamed",
            get().to(async || {
                let parts =
                    ["one ", "two"].map(|part| Ok::<_, actix_web::Error>(Bytes::from(part)));
                HttpResponse::Ok().streaming(stream_of(parts))
            }),
        )
        .service(web::resource("/form").route(web::post().to(async || "sent")))
        .route(
            "/seen",
            get().to(async |request: HttpRequest| {
                let headers = request.headers().iter();
                let headers = headers.map(|(name, value)| format!("{name}: {value:?}\n"));
                headers
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect::<String>()
            }),
        );
}

/// A stream of what is there already.
fn stream_of<T: Unpin + 'static, const N: usize>(
    parts: [T; N],
) -> impl futures_core::Stream<Item = T> {
    struct Parts<T, const N: usize>(std::array::IntoIter<T, N>);
    impl<T: Unpin, const N: usize> futures_core::Stream for Parts<T, N> {
        type Item = T;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<T>> {
            std::task::Poll::Ready(self.0.next())
        }
    }
    Parts(parts.into_iter())
}

/// Method, path and what more there is to say.
fn requests(base_url: &Url) -> Vec<String> {
    let name = |name| internals::cookie_name(base_url, name);
    let mut requests = Vec::new();
    let session = seal::random_string().unwrap();
    let cookies = [
        String::new(),
        format!(
            "cookie: theme=dark; {}={session}; {}={session}\r\n",
            name("user-session"),
            name("app-session")
        ),
    ];
    let kinds = [
        "",
        "accept: text/html\r\nsec-fetch-mode: navigate\r\n",
        "accept: application/json\r\nsec-fetch-mode: cors\r\n",
        "sec-fetch-site: cross-site\r\norigin: https://attacker.example\r\n",
        "x-forwarded-for: 192.0.2.1\r\nx-request-id: mine\r\n",
    ];
    for path in [
        "/",
        "/page",
        "/json",
        "/number/7",
        "/number/abc",
        "/static/app.css",
        "/empty",
        "/moved",
        "/closed",
        "/conflict",
        "/broken",
        "/gone",
        "/streamed",
        "/form",
        "/echo",
        "/seen",
        "/no-such-page",
        "/no-such-page?error=access_denied&code=x",
        "//elsewhere",
        "/%ff",
    ] {
        for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
            for cookie in &cookies {
                for kind in kinds {
                    requests.push(format!("{method} {path} HTTP/1.1\r\n{kind}{cookie}\r\n"));
                }
            }
        }
    }
    for (path, kind, body) in [
        ("/echo", "text/plain", "some text"),
        ("/parsed", "application/json", "{\"a\":1}"),
        ("/parsed", "application/json", "{\"a\":"),
        ("/parsed", "text/plain", "{}"),
        ("/form", "application/x-www-form-urlencoded", "a=1"),
        ("/no-such-page", "application/x-www-form-urlencoded", "a=1"),
    ] {
        requests.push(format!(
            "POST {path} HTTP/1.1\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
    }
    requests
}

/// All that the server sends, but for the time of day.
fn answer(address: SocketAddr, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    let host = "HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let request = request.replacen("HTTP/1.1\r\n", host, 1);
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Rarely, Actix does not close the connection if nobody has read the request's body. The
    // answer is whole by then.
    let patience = Some(Duration::from_secs(5));
    connection.set_read_timeout(patience).unwrap();
    match connection.read_to_end(&mut answer) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        read => assert_eq!(read.unwrap(), answer.len()),
    }
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    lines.retain(|line| !line.starts_with("date: "));
    // The server writes headers in an order of its own.
    lines[1..].sort_unstable();
    format!("{}\n\n{body}", lines.join("\n"))
}

macro_rules! served {
    ($app:expr) => {{
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(move || $app.configure(pages))
            .client_request_timeout(PATIENCE)
            .workers(1);
        let server = server.listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        (address, handle)
    }};
}

/// The same app as it was before, with the middleware alone, and with the
/// sign-in's pages and a protected one beside its own.
async fn apps() -> [(SocketAddr, ServerHandle); 3] {
    let settings = settings_of(|name| {
        let mut set = PROVIDER.into_iter().chain([("SESSION_STORE", "memory:")]);
        let (_, value) = set.find(|(known, _)| *known == name)?;
        Some(value.to_owned())
    });
    let (oidc, _) = Fixture::default().build(settings.unwrap()).await.unwrap();
    let other = oidc.clone();
    [
        served!(App::new()),
        served!(App::new().wrap(oidc.middleware())),
        served!(
            App::new()
                .wrap(other.middleware())
                .configure(other.routes())
                .configure(other.protected(|table| {
                    table.route("/private", web::get().to(async || "private"));
                }))
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_middleware_changes_no_byte_of_the_apps_own_answers() {
    let [before, alone, whole] = apps().await;
    let mut statuses = BTreeSet::new();
    let requests = requests(&Url::parse("http://localhost:8080").unwrap());
    for request in &requests {
        let expected = answer(before.0, request);
        assert_eq!(answer(alone.0, request), expected, "{request}");
        assert_eq!(answer(whole.0, request), expected, "{request}");
        statuses.insert(expected.lines().next().unwrap().to_owned());
    }
    // All kinds of answers were among them.
    assert!(requests.len() > 700 && statuses.len() >= 10, "{statuses:?}");
    for (_, server) in [before, alone, whole] {
        server.stop(false).await;
    }
}
