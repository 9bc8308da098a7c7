//! A path that has routes answers other methods with 405 and `Allow`, however they are
//! mounted; a path that has none is not found.

use actix_web::{
    App, HttpResponse,
    dev::ServiceResponse,
    get, guard,
    http::header::{
        ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN,
    },
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, ServiceConfig, resource, scope},
};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use vestibule::{Oidc, PublicConfig, Undeclared};
use vestibule_dev::testing::{Browser, Page};

use crate::fixture::{Fixture, whole};

async fn ok() -> &'static str {
    "answered"
}

#[get("/attribute")]
async fn by_attribute() -> &'static str {
    "answered"
}

fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config
        .configure(oidc.protected(|table| {
            table
                .route("/report", web::get().to(ok))
                .route("/devices", web::get().to(ok))
                .route("/devices", web::post().to(ok))
                .route("/shared", web::get().to(ok))
                .route("/years/{year:\\d+}", web::get().to(ok));
        }))
        .configure(oidc.public(|table: &mut PublicConfig| {
            table
                .route("/shared", web::post().to(ok))
                .route("/sent", web::post().to(ok))
                .route("/headed", web::head().to(ok))
                .route("/members/{id}", web::get().to(ok))
                .route("/members/new", web::post().to(ok))
                .route("/years/next", web::put().to(ok))
                .route(
                    "/by-header",
                    web::get().guard(guard::Header("x-who", "me")).to(ok),
                )
                .route("/any", web::to(ok))
                .service(resource("/resource").get(ok).put(ok))
                .service(scope("/scope").route("/page", web::patch().to(ok)))
                .service(by_attribute)
                .configure(|plain: &mut ServiceConfig| {
                    plain.route("/plain", web::delete().to(ok));
                })
                // Their handlers know nothing of what they are asked for.
                .route("/empty", web::get().to(HttpResponse::NotFound))
                .route("/lost/{id}", web::get().to(HttpResponse::NotFound))
                .route("/lost/{id}", web::to(HttpResponse::NotFound));
        }));
}

/// The `Allow` of each request whose method no route takes.
const LACKING: [(&str, &str, &str); 21] = [
    ("POST", "/report", "GET, HEAD"),
    ("OPTIONS", "/report", "GET, HEAD"),
    ("PURGE", "/report", "GET, HEAD"),
    ("POST", "/rep%6Frt", "GET, HEAD"),
    ("DELETE", "/devices", "GET, HEAD, POST"),
    // In two tables.
    ("DELETE", "/shared", "GET, HEAD, POST"),
    ("GET", "/sent", "POST"),
    ("HEAD", "/sent", "POST"),
    ("DELETE", "/headed", "HEAD"),
    ("POST", "/members/7", "GET, HEAD"),
    ("PUT", "/members/new", "GET, HEAD, POST"),
    ("POST", "/years/2026", "GET, HEAD"),
    ("GET", "/years/next", "PUT"),
    ("POST", "/by-header", "GET, HEAD"),
    ("DELETE", "/resource", "GET, HEAD, PUT"),
    ("GET", "/scope/page", "PATCH"),
    ("POST", "/attribute", "GET, HEAD"),
    ("GET", "/plain", "DELETE"),
    ("POST", "/empty", "GET, HEAD"),
    ("POST", "/logged-out", "GET, HEAD"),
    ("GET", "/logout", "POST"),
];

/// What there is not.
const UNKNOWN: [(&str, &str); 14] = [
    ("GET", "/none"),
    ("POST", "/none"),
    ("POST", "/report/below"),
    ("POST", "/reports"),
    ("POST", "/report/"),
    ("GET", "/members"),
    ("POST", "/years/last"),
    ("POST", "/scope/none"),
    // There is a route for the method, for somebody else.
    ("GET", "/by-header"),
    ("HEAD", "/by-header"),
    // It is answered as a GET is.
    ("HEAD", "/headed"),
    // The handler says so.
    ("GET", "/empty"),
    ("GET", "/lost/7"),
    ("DELETE", "/lost/7"),
];

fn method(name: &str) -> Method {
    name.parse().unwrap()
}

async fn asked(browser: &Browser, name: &str, path: &str) -> Page {
    let request = browser.request(method(name), path, |request| {
        request.header("accept", "application/json")
    });
    request.await
}

/// Asks for all of it, below a path.
async fn assert_told(browser: &Browser, below: &str) {
    for (name, path, allow) in LACKING {
        let page = asked(browser, name, &format!("{below}{path}")).await;
        let what = format!("{name} {below}{path}: {page:?}");
        assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED, "{what}");
        assert_eq!(page.header("allow"), allow, "{what}");
        let code = match name {
            "HEAD" => Value::Null,
            _ => page.json()["code"].clone(),
        };
        assert!(code.is_null() || code == "method_not_allowed", "{what}");
    }
    for (name, path) in UNKNOWN {
        let page = asked(browser, name, &format!("{below}{path}")).await;
        let what = format!("{name} {below}{path}: {page:?}");
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{what}");
        assert_eq!(page.header("allow"), "", "{what}");
    }
    for name in ["GET", "HEAD", "POST", "OPTIONS", "PURGE"] {
        let page = asked(browser, name, &format!("{below}/any")).await;
        assert_eq!(page.status, StatusCode::OK, "{name}");
    }
}

fn fixture(undeclared: Undeclared) -> Fixture {
    Fixture {
        pages,
        undeclared,
        ..Fixture::default()
    }
}

#[tokio::test]
async fn b13_a_path_says_which_methods_it_has() {
    for mode in [Undeclared::Answer, Undeclared::Refuse] {
        let app = fixture(mode).prepared(|_, _| {}).start().await;
        assert_told(&app.browser(), "").await;
        // To people who are signed in it is all the same.
        assert_told(&app.signed_in_as("alice").await, "").await;
    }
}

#[tokio::test]
async fn b13_a_path_says_so_below_a_path_too() {
    let start = fixture(Undeclared::Refuse).prepared(|_, _| {});
    let app = start.below("/shop").start().await;
    assert_told(&app.browser(), "/shop").await;
    let page = asked(&app.browser(), "POST", "/report").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn b13_people_get_a_page() {
    let app = fixture(Undeclared::Refuse)
        .prepared(|_, _| {})
        .start()
        .await;
    let page = app.browser().post("/report", &[]).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(page.header("allow"), "GET, HEAD");
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains("method_not_allowed"), "{}", page.body);
}

/// The status, `Allow` and the other header fields of what an app answers.
macro_rules! answer {
    ($app:expr, $request:expr) => {{
        let service = init_service($app).await;
        let response: ServiceResponse = call_service(&service, $request.to_request())
            .await
            .map_into_boxed_body();
        let (status, headers) = (response.status(), response.headers().clone());
        let allow = headers
            .get(ALLOW)
            .map(|allow| allow.to_str().unwrap().to_owned());
        (status.as_u16(), allow, headers, read_body(response).await)
    }};
}

fn request(name: &str, path: &str) -> TestRequest {
    let method = name.parse().unwrap();
    let request = TestRequest::default().method(method).uri(path);
    request.insert_header((ACCEPT, "application/json"))
}

#[tokio::test]
async fn b13_an_app_without_a_page_for_unknown_paths_says_the_same() {
    let app = fixture(Undeclared::Refuse)
        .prepared(|_, _| {})
        .start()
        .await;
    let oidc = app.oidc();
    for (name, path, expected) in LACKING {
        let app = whole!(App::new(), oidc).configure(oidc.routes());
        let app = app.configure(|config| pages(oidc, config));
        let (status, allow, _, _) = answer!(app, request(name, path));
        assert_eq!((status, allow.as_deref()), (405, Some(expected)), "{path}");
    }
    for (name, path) in UNKNOWN {
        let app = whole!(App::new(), oidc).configure(|config| pages(oidc, config));
        let (status, allow, _, _) = answer!(app, request(name, path));
        assert_eq!((status, allow), (404, None), "{name} {path}");
    }
    // Another app of the same relying party has other paths.
    let other = whole!(App::new(), oidc).configure(oidc.public(|table: &mut PublicConfig| {
        table.route("/devices", web::put().to(ok));
    }));
    let (status, allow, _, _) = answer!(other, request("GET", "/devices"));
    assert_eq!((status, allow.as_deref()), (405, Some("PUT")));
}

#[tokio::test]
async fn b13_routes_within_scopes_and_in_no_table_say_the_same() {
    let app = Fixture::start().await;
    let oidc = app.oidc();
    let pages = |config: &mut ServiceConfig| {
        config
            .route("/one", web::get().to(ok))
            .service(
                scope("/in/{part}")
                    .route("/two", web::post().to(ok))
                    .configure(oidc.public(|table: &mut PublicConfig| {
                        table.route("/three", web::get().to(ok));
                    })),
            )
            .service(
                scope("/not")
                    .guard(guard::Post())
                    .route("/four", web::post().to(ok)),
            );
    };
    for (name, path, expected) in [
        ("POST", "/one", Some("GET, HEAD")),
        ("GET", "/in/it/two", Some("POST")),
        ("PUT", "/in/it/three", Some("GET, HEAD")),
        ("GET", "/in/it/none", None),
        ("GET", "/not/four", Some("POST")),
        // The scope takes such methods, and has no such path.
        ("GET", "/not/none", None),
    ] {
        let app = whole!(App::new(), oidc).configure(pages);
        let (status, allow, _, _) = answer!(app, request(name, path));
        let expected_status = if expected.is_some() { 405 } else { 404 };
        assert_eq!(
            (status, allow.as_deref()),
            (expected_status, expected),
            "{path}"
        );
    }
}

#[tokio::test]
async fn b13_what_the_app_answers_by_itself_stays() {
    let app = Fixture::start().await;
    let oidc = app.oidc();
    // A default service with something to say.
    let with_default = whole!(App::new(), oidc)
        .route("/one", web::get().to(ok))
        .default_service(web::to(async || {
            HttpResponse::NotFound().json("no such page")
        }));
    let (status, allow, _, body) = answer!(with_default, request("POST", "/one"));
    assert_eq!((status, allow), (404, None));
    assert_eq!(body, "\"no such page\"");
    let with_empty_default = whole!(App::new(), oidc)
        .route("/one", web::get().to(ok))
        .default_service(web::to(async || HttpResponse::NoContent().finish()));
    let (status, allow, _, _) = answer!(with_empty_default, request("POST", "/one"));
    assert_eq!((status, allow), (204, None));
    // The middleware alone shows no errors of the app.
    let alone = App::new()
        .wrap(oidc.middleware())
        .route("/one", web::get().to(ok));
    let (status, allow, _, body) = answer!(alone, request("POST", "/one"));
    assert_eq!((status, allow), (404, None));
    assert!(body.is_empty());
}

#[tokio::test]
async fn b13_preflight_requests_are_answered_by_cors_middleware_as_ever() {
    let app = Fixture::start().await;
    let oidc = app.oidc();
    let with_cors = || {
        actix_cors::Cors::default()
            .allowed_origin("https://other.example")
            .allowed_methods(["GET", "POST"])
    };
    let asks = |name: &str| request(name, "/one").insert_header((ORIGIN, "https://other.example"));
    macro_rules! apps {
        ($asked:expr) => {{
            let inside = whole!(App::new().wrap(with_cors()), oidc);
            let inside = inside.route("/one", web::get().to(ok));
            let outside = whole!(App::new(), oidc).wrap(with_cors());
            let outside = outside.route("/one", web::get().to(ok));
            [answer!(inside, $asked), answer!(outside, $asked)]
        }};
    }
    let preflight = || asks("OPTIONS").insert_header((ACCESS_CONTROL_REQUEST_METHOD, "POST"));
    for (status, allow, headers, body) in apps!(preflight()) {
        assert_eq!((status, allow), (200, None));
        assert!(headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        assert!(body.is_empty());
    }
    // Scripts of the other site can read why they get nothing.
    for (status, allow, headers, _) in apps!(asks("POST")) {
        assert_eq!((status, allow.as_deref()), (405, Some("GET, HEAD")));
        assert!(headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}
