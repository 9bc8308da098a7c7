//! Other middleware, inside and outside of the library's: people sign in, see a
//! protected page and sign out whichever there is.

use actix_cors::Cors;
use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{
    App, HttpResponse, HttpServer,
    body::BoxBody,
    cookie::Key,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Compress, DefaultHeaders, Logger, Next, NormalizePath, from_fn},
    web::{self, ServiceConfig},
};
use reqwest::{Method, StatusCode};
use tracing_actix_web::TracingLogger;
use vestibule::{Error, Oidc};
use vestibule_dev::testing::{Browser, Launch, Start, TestApp};

use crate::{
    fixture::{Fixture, PATIENCE, User, pages as own_pages},
    support::PATHS,
};

fn pages(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home))
        .route("/private", web::get().to(private))
        .route("/count", web::get().to(count));
}

async fn home(user: Option<User>) -> String {
    user.map_or("nobody".to_owned(), |user| user.name().to_owned())
}

async fn private(user: User) -> String {
    let longer_than_one_packet = "private ".repeat(1000);
    format!("{longer_than_one_packet}{}", user.name())
}

/// With a session of the app's own.
async fn count(session: Session) -> actix_web::Result<String> {
    let count = session.get::<u32>("count")?.unwrap_or_default() + 1;
    session.insert("count", count)?;
    Ok(count.to_string())
}

/// An app of these pages, to be started.
macro_rules! served {
    (|$oidc:ident| $app:expr) => {
        TestApp::of(async |launch: Launch| {
            let (oidc, _) = Fixture::default().build(launch.settings()).await?;
            let shared = oidc.clone();
            let mut server = HttpServer::new(move || {
                let $oidc = shared.clone();
                $app.configure($oidc.routes()).configure(pages)
            })
            .client_request_timeout(PATIENCE);
            for listener in launch.listeners {
                server = server.listen(listener)?;
            }
            let server = server.run();
            Ok::<_, Box<dyn std::error::Error>>((oidc, server.handle(), server))
        })
    };
}

/// The same with a piece of middleware inside of the library's, and outside.
macro_rules! inside_and_outside {
    ($middleware:expr) => {
        [
            (
                "inside",
                served!(|oidc| App::new().wrap($middleware).wrap(oidc.middleware())),
            ),
            (
                "outside",
                served!(|oidc| App::new().wrap(oidc.middleware()).wrap($middleware)),
            ),
        ]
    };
}

/// Signs in and out, and returns the browser as it was in between.
async fn come_and_go(start: Start<'_>, what: &str) -> Browser {
    let app = start.start().await;
    let alice = app.browser();
    let page = alice.get("/private").await;
    assert_eq!(page.location().path(), PATHS.login, "{what}");
    let page = alice.sign_in_as("alice", "/private").await;
    assert_eq!(page.status, StatusCode::OK, "{what}");
    assert!(page.body.ends_with("Alice Archer"), "{what}: {}", page.body);
    assert_eq!(alice.get("/").await.body, "Alice Archer", "{what}");
    let answer = alice.fetch("/private").await;
    assert!(answer.body.ends_with("Alice Archer"), "{what}");

    let page = alice.sign_out().await;
    assert!(page.location().as_str().starts_with(app.provider.issuer()));
    let page = alice.follow(page).await;
    assert_eq!(page.url.path(), PATHS.logged_out, "{what}");
    assert_eq!(alice.get("/").await.body, "nobody", "{what}");
    let answer = alice.fetch("/private").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");

    alice.sign_in_as("alice", "/private").await;
    alice
}

#[tokio::test]
async fn logger_goes_with_it() {
    for (what, start) in inside_and_outside!(Logger::default()) {
        come_and_go(start, what).await;
    }
}

#[tokio::test]
async fn tracing_actix_web_goes_with_it() {
    for (what, start) in inside_and_outside!(TracingLogger::default()) {
        come_and_go(start, what).await;
    }
}

#[tokio::test]
async fn compress_goes_with_it() {
    for (what, start) in inside_and_outside!(Compress::default()) {
        let alice = come_and_go(start, what).await;
        let page = alice
            .request(Method::GET, "/private", |request| {
                request
                    .header("accept-encoding", "gzip")
                    .header("accept", "text/html")
            })
            .await;
        assert_eq!(page.header("content-encoding"), "gzip", "{what}");
    }
}

/// The fixture's pages, and files that are compressed.
fn with_files(oidc: &Oidc, config: &mut ServiceConfig) {
    let stylesheet = async || {
        HttpResponse::Ok()
            .content_type("text/css")
            .body("a { color: CanvasText }\n".repeat(100))
    };
    config.configure(oidc.public(|table| {
        let files = web::scope("/files").wrap(Compress::default());
        table.service(files.route("/app.css", web::get().to(stylesheet)));
    }));
    own_pages(oidc, config);
}

/// As the README of new apps advises: what a compressed page weighs tells its secrets.
#[tokio::test]
async fn compress_on_the_files_takes_in_no_page_with_a_token() {
    let app = Fixture::start_with_pages(with_files).await;
    let alice = app.signed_in_as("alice").await;
    for (path, encoding) in [
        ("/files/app.css", "gzip"),
        ("/profile", ""),
        ("/api/me", ""),
    ] {
        let answer = alice.request(Method::GET, path, |request| {
            request
                .header("accept-encoding", "gzip")
                .header("accept", "text/html")
        });
        let answer = answer.await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-encoding"), encoding, "{path}");
    }
}

#[tokio::test]
async fn cors_goes_with_it() {
    let cors = || {
        Cors::default()
            .allowed_origin("https://other.example")
            .allowed_methods(["GET"])
            .supports_credentials()
    };
    for (what, start) in inside_and_outside!(cors()) {
        let alice = come_and_go(start, what).await;
        let ask = async |method, more: Option<(&str, &str)>| {
            alice
                .request(method, "/private", |mut request| {
                    if let Some((name, value)) = more {
                        request = request.header(name, value);
                    }
                    request
                        .header("origin", "https://other.example")
                        .header("sec-fetch-mode", "cors")
                })
                .await
        };
        let asks_first = Some(("access-control-request-method", "GET"));
        for page in [
            ask(Method::OPTIONS, asks_first).await,
            ask(Method::GET, None).await,
        ] {
            assert_eq!(page.status, StatusCode::OK, "{what}");
            let allowed = page.header("access-control-allow-origin");
            assert_eq!(allowed, "https://other.example", "{what}");
        }
    }
}

#[tokio::test]
async fn normalize_path_goes_with_it() {
    for (what, start) in inside_and_outside!(NormalizePath::trim()) {
        let alice = come_and_go(start, what).await;
        let page = alice.get("/private/").await;
        assert!(page.body.ends_with("Alice Archer"), "{what}");
        let page = alice.get(&format!("{}/", PATHS.login)).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{what}");
    }
}

#[tokio::test]
async fn default_headers_go_with_it() {
    for (what, start) in inside_and_outside!(DefaultHeaders::new().add(("x-own", "1"))) {
        let alice = come_and_go(start, what).await;
        for path in ["/private", PATHS.login] {
            assert_eq!(alice.get(path).await.header("x-own"), "1", "{what}: {path}");
        }
    }
}

#[tokio::test]
async fn a_session_of_the_apps_own_goes_with_it() {
    let session = || {
        SessionMiddleware::builder(CookieSessionStore::default(), Key::from(&[7; 64]))
            .cookie_name("own".to_owned())
            .cookie_secure(false)
            .build()
    };
    for (what, start) in inside_and_outside!(session()) {
        let alice = come_and_go(start, what).await;
        assert_eq!(alice.get("/count").await.body, "1", "{what}");
        assert_eq!(alice.get("/count").await.body, "2", "{what}");
        assert!(alice.cookies().contains_key("own"), "{what}");
        alice.sign_out().await;
        assert_eq!(alice.get("/count").await.body, "3", "{what}: it is its own");
    }
}

#[tokio::test]
async fn all_of_them_go_together() {
    let start = served!(|oidc| {
        App::new()
            .wrap(Compress::default())
            .wrap(NormalizePath::trim())
            .wrap(oidc.middleware())
            .wrap(Cors::permissive())
            .wrap(DefaultHeaders::new().add(("x-own", "1")))
            .wrap(Logger::default())
            .wrap(TracingLogger::default())
    });
    come_and_go(start, "all").await;
}

/// It is too late to show it as a page then: the request is gone.
#[tokio::test]
async fn an_error_that_middleware_of_the_app_returns_keeps_its_status_and_tells_nothing() {
    let start = served!(|oidc| {
        App::new()
            .wrap(from_fn(async |_: ServiceRequest, _: Next<BoxBody>| {
                let refused: Result<ServiceResponse, _> =
                    Err(Error::bad_request("a detail").into());
                refused
            }))
            .wrap(oidc.middleware())
    });
    let answer = start.start().await.browser().fetch("/").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!answer.body.contains("a detail"), "{}", answer.body);
}

/// A script of another site could not read why it was refused.
#[tokio::test]
async fn what_inner_middleware_adds_to_an_answer_is_there_if_the_answer_is_an_error() {
    for (what, start) in inside_and_outside!(DefaultHeaders::new().add(("x-own", "1"))) {
        let answer = start.start().await.browser().fetch("/private").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer.json()["code"], "signed_out", "{what}");
        assert_eq!(answer.header("x-own"), "1", "{what}");
    }
}
