//! Routes of which nobody has said who may reach them: they are answered, reported
//! or refused, as the app wants it.

use std::{fmt::Display, fmt::Write as _, future::ready, sync::Mutex};

use actix_web::{
    App, Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{
        AppService, HttpServiceFactory, ResourceDef, Service, ServiceRequest, ServiceResponse,
        fn_service,
    },
    error::{ErrorBadGateway, ErrorConflict, InternalError},
    get, guard,
    http::{Method, StatusCode, header},
    middleware::{DefaultHeaders, Next, from_fn},
    test::{TestRequest, init_service, read_body},
    web::{self, Bytes, Json, Path, ServiceConfig, resource, route, scope},
};
use serde_json::Value;
use vestibule::{Oidc, PublicConfig, Undeclared, internals::EVERY_PATH};
use vestibule_dev::testing::{Browser, TestApp, logs};

use crate::{
    fixture::{Admin, Assured, Fixture, Fresh, Has, SignedForm, User, whole},
    step_up::Strong,
    support::PATHS,
};

const SECRET: &str = "nobody should read this";

/// What the log says of an answer that is reported.
const REPORTED: &str = "answered all the same";

async fn secret() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("x-secret", SECRET))
        .body(SECRET)
}

#[get("/macro")]
async fn by_macro() -> HttpResponse {
    secret().await
}

/// A service of another crate, such as the one that serves files.
struct Files(&'static str);

impl HttpServiceFactory for Files {
    fn register(self, config: &mut AppService) {
        let serve = fn_service(async |request: ServiceRequest| {
            Ok::<_, Error>(request.into_response(secret().await))
        });
        config.register_service(ResourceDef::root_prefix(self.0), None, serve, None);
    }
}

/// One that answers through an error.
struct Thrown(fn() -> Error);

impl HttpServiceFactory for Thrown {
    fn register(self, config: &mut AppService) {
        let throw = fn_service(move |_: ServiceRequest| ready(Err((self.0)())));
        config.register_service(ResourceDef::new("/thrown"), None, throw, None);
    }
}

fn answer_as_error() -> Error {
    InternalError::from_response("", HttpResponse::Ok().body(SECRET)).into()
}

/// Every way to mount a route, each at a path of its own, on a config of either type.
macro_rules! mount_everything {
    ($config:ident) => {
        $config
            .route("/route", web::get().to(secret))
            .route("/posted", web::post().to(secret))
            .service(resource("/resource").route(web::get().to(secret)))
            .service(resource(["/one", "/two/{part}"]).to(secret))
            .service(resource("/otherwise").default_service(web::to(secret)))
            .service(
                scope("/scope")
                    .route("/page", web::get().to(secret))
                    .service(scope("/in/{part}").service(by_macro).configure(more))
                    .service(Files("/files"))
                    .default_service(web::to(secret)),
            )
            .service(by_macro)
            .service((
                resource("/first").route(web::get().to(secret)),
                resource("/second").route(web::get().to(secret)),
            ))
            .configure(more)
            .route(
                "/conditional",
                route().guard(guard::Header("x-who", "me")).to(secret),
            )
            .service(
                scope("")
                    .guard(guard::Header("x-who", "you"))
                    .route("/nameless", web::get().to(secret)),
            )
            .service(
                resource("/wrapped")
                    .wrap(DefaultHeaders::new().add(("x-own", "1")))
                    .route(web::get().to(secret)),
            )
            .service(Files("/files"))
            .service(Thrown(answer_as_error))
            .route(
                "/empty",
                web::get().to(async || {
                    HttpResponse::NoContent()
                        .insert_header(("x-secret", SECRET))
                        .finish()
                }),
            )
            .route(
                "/moved",
                web::get().to(async || {
                    HttpResponse::SeeOther()
                        .insert_header((header::LOCATION, "/?code=nobody"))
                        .finish()
                }),
            )
            .route(
                "/conflict",
                web::get().to(async || Err::<&str, _>(ErrorConflict(SECRET))),
            )
            .route(
                "/error",
                web::get().to(async || Err::<&str, _>(answer_as_error())),
            )
            .route("/parsed", web::post().to(async |body: Json<Value>| body))
            .route(
                "/number/{number}",
                web::get().to(async |_: Path<u32>| SECRET),
            );
    };
}

fn everything(config: &mut ServiceConfig) {
    mount_everything!(config);
}

fn everything_public(config: &mut PublicConfig) {
    mount_everything!(config);
}

fn more(config: &mut ServiceConfig) {
    config.route("/more", web::get().to(secret));
}

fn more_of_all(config: &mut ServiceConfig) {
    config.route("/more-of-all", web::get().to(secret));
}

/// For what [`everything`] mounts, each with the route that the log names.
fn requests() -> Vec<(TestRequest, &'static str)> {
    let get = |path| TestRequest::get().uri(path);
    let mut requests = vec![
        (get("/route"), "GET /route"),
        (TestRequest::post().uri("/posted"), "POST /posted"),
        (get("/resource"), "GET /resource"),
        (get("/one"), "GET /one"),
        (get("/two/2"), "GET /one"),
        (get("/otherwise"), "GET /otherwise"),
        (get("/scope/page"), "GET /scope/page"),
        (get("/scope/in/x/macro"), "GET /scope/in/{part}/macro"),
        (get("/scope/in/x/more"), "GET /scope/in/{part}/more"),
        (get("/scope/files/a/b.txt"), "GET /scope/files"),
        (get("/scope/none"), "a default service"),
        (get("/macro"), "GET /macro"),
        (get("/first"), "GET /first"),
        (get("/second"), "GET /second"),
        (get("/more"), "GET /more"),
        (
            get("/conditional").insert_header(("x-who", "me")),
            "GET /conditional",
        ),
        (
            get("/nameless").insert_header(("x-who", "you")),
            "GET /nameless",
        ),
        (get("/wrapped"), "GET /wrapped"),
        (get("/files"), "GET /files"),
        (get("/files/a/b.txt"), "GET /files"),
        (get("/empty"), "GET /empty"),
        (get("/moved"), "GET /moved"),
        (get("/conflict"), "GET /conflict"),
        (get("/error"), "GET /error"),
        (get("/number/7"), "GET /number/{number}"),
        (get("/number/x"), "GET /number/{number}"),
    ];
    for body in ["{\"a\":1}", "{\"a\":"] {
        let post = TestRequest::post().uri("/parsed").set_payload(body);
        let json = ("content-type", "application/json");
        requests.push((post.insert_header(json), "POST /parsed"));
    }
    requests
}

/// The whole answer, but for what differs each time.
async fn ask<S, R, B>(service: &S, request: R) -> (StatusCode, String)
where
    S: Service<R, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
    B::Error: Display,
{
    let response = match service.call(request).await {
        Ok(response) => response.map_into_boxed_body(),
        // As the server does it.
        Err(error) => {
            let request = TestRequest::default().to_http_request();
            ServiceResponse::from_err(error, request)
        }
    };
    let status = response.status();
    let mut lines: Vec<String> = response
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort_unstable();
    let body = read_body(response).await;
    let answer = format!(
        "{status}\n{}\n\n{}",
        lines.join("\n"),
        String::from_utf8_lossy(&body)
    );
    // What is sealed anew each time, and the ids of requests.
    let answer = without_value(&answer, "assurance=");
    let answer = without_value(&answer, " and <code>");
    let answer = without_value(&answer, "\"request_id\":\"");
    (
        status,
        without_ports(&without_value(&answer, "x-request-id: ")),
    )
}

/// Without what comes after this, up to a character that ids and what is sealed don't
/// have.
fn without_value(text: &str, name: &str) -> String {
    match text.split_once(name) {
        Some((before, after)) => {
            let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            format!("{before}{name}{}", after.trim_start_matches(belongs))
        }
        None => text.to_owned(),
    }
}

/// Without the ports of providers, which are longer numbers than all others.
fn without_ports(text: &str) -> String {
    let mut kept = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        kept.push_str(if digits.len() > 4 {
            &part[digits.len()..]
        } else {
            part
        });
    }
    kept
}

async fn started(undeclared: Undeclared) -> TestApp {
    let fixture = Fixture {
        undeclared,
        ..Fixture::default()
    };
    fixture.prepared(|_, _| {}).start().await
}

/// What an app of these pages answers, within the middleware alone and within all
/// that the library has.
macro_rules! answers {
    ($oidc:expr, $requests:expr, |$app:ident| $mounted:expr) => {{
        let oidc = $oidc;
        let mut answers = Vec::new();
        let $app = App::new().wrap(oidc.middleware());
        let service = init_service($mounted).await;
        for request in $requests {
            answers.push(ask(&service, request.to_request()).await);
        }
        let $app = whole!(App::new(), oidc);
        let service = init_service($mounted).await;
        for request in $requests {
            answers.push(ask(&service, request.to_request()).await);
        }
        answers
    }};
}

/// Fails unless nothing of an answer came through, and the page and the log say why.
fn assert_refused(status: StatusCode, answer: &str, logged_before: usize, route: &str) {
    assert_eq!(
        status,
        StatusCode::INTERNAL_SERVER_ERROR,
        "{route}: {answer}"
    );
    for told in [SECRET, "x-secret", "location", "nobody", "x-own"] {
        assert!(!answer.contains(told), "{route}: {told} in {answer}");
    }
    assert!(answer.contains("undeclared_route"), "{route}: {answer}");
    // Somebody who develops the app reads there what to write.
    let says_so = answer.contains("oidc.public(table)");
    assert_eq!(says_so, cfg!(debug_assertions), "{answer}");
    let log = logs::with_since(logged_before, "undeclared_route");
    assert!(
        log.contains(&format!("{route} is neither declared")),
        "{log}"
    );
    assert!(log.contains("oidc.public(table)"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

/// Only the requests.
fn plain() -> impl Iterator<Item = TestRequest> {
    requests().into_iter().map(|(request, _)| request)
}

#[tokio::test]
async fn an_undeclared_route_is_not_answered_however_it_is_mounted() {
    let app = started(Undeclared::Refuse).await;
    let oidc = app.oidc();
    let logged_before = logs::keep();
    let routes = || requests().into_iter().map(|(_, route)| route);
    for answers in [
        answers!(oidc, plain(), |app| app.configure(everything)),
        // Public tables beside it make no difference.
        answers!(oidc, plain(), |app| app
            .configure(oidc.public(|table: &mut PublicConfig| {
                table
                    .route("/first-of-all", web::get().to(secret))
                    // These two are between edges.
                    .service(Files("/files-of-all"))
                    .configure(more_of_all);
            }))
            .configure(oidc.public(|table: &mut ServiceConfig| {
                table.route("/second-of-all", web::get().to(secret));
            }))
            .configure(everything)
            .configure(oidc.public(everything))),
        answers!(oidc, plain(), |app| app
            .configure(everything)
            .service(scope("/more/of/it").configure(oidc.public(everything)))),
        answers!(oidc, plain(), |app| app
            .configure(everything)
            .configure(oidc.public(everything_public))),
        answers!(oidc, plain(), |app| app
            .service(scope("/more/of/it").configure(oidc.public(everything_public)))
            .configure(everything)),
    ] {
        for ((status, answer), route) in answers.iter().zip(routes().chain(routes())) {
            assert_refused(*status, answer, logged_before, route);
        }
    }
    for (status, answer) in answers!(oidc, [TestRequest::get().uri("/none")], |app| app
        .configure(oidc.public(more))
        .default_service(web::to(secret)))
    {
        assert_refused(status, &answer, logged_before, "a default service");
    }
    for (status, answer) in answers!(oidc, [TestRequest::get().uri("/none")], |app| app
        .configure(everything)
        .service(Files("")))
    {
        assert_refused(status, &answer, logged_before, "GET /");
    }
}

#[tokio::test]
async fn an_answer_that_is_thrown_is_not_sent_either() {
    let app = started(Undeclared::Refuse).await;
    let thrown = || [TestRequest::get().uri("/thrown")];
    for (status, answer) in answers!(app.oidc(), thrown(), |app| app.configure(everything)) {
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!answer.contains(SECRET), "{answer}");
    }
    let oidc = app.oidc();
    for answers in [
        answers!(oidc, thrown(), |app| app.configure(oidc.public(everything))),
        answers!(oidc, thrown(), |app| app
            .configure(oidc.public(everything_public))),
    ] {
        for (status, answer) in answers {
            assert_eq!(status, StatusCode::OK);
            assert!(answer.contains(SECRET), "{answer}");
        }
    }
}

#[tokio::test]
async fn what_is_thrown_is_sent_where_undeclared_routes_are_answered() {
    for undeclared in [Undeclared::Answer, Undeclared::Report] {
        let app = started(undeclared).await;
        let thrown = || [TestRequest::get().uri("/thrown")];
        for (status, answer) in answers!(app.oidc(), thrown(), |app| app.configure(everything)) {
            assert_eq!(status, StatusCode::OK, "{undeclared:?}");
            assert!(answer.contains(SECRET), "{undeclared:?}: {answer}");
        }
    }
}

/// Services turn requests down that way, which tells nothing.
#[tokio::test]
async fn a_refusal_that_is_thrown_is_sent() {
    let app = started(Undeclared::Refuse).await;
    let refusals: [(fn() -> Error, StatusCode); 2] = [
        (|| ErrorConflict("taken"), StatusCode::CONFLICT),
        (|| ErrorBadGateway("away"), StatusCode::BAD_GATEWAY),
    ];
    for (refuse, expected) in refusals {
        let thrown = || [TestRequest::get().uri("/thrown")];
        for (status, answer) in answers!(app.oidc(), thrown(), |app| app.service(Thrown(refuse))) {
            assert_eq!(status, expected, "{answer}");
        }
    }
}

#[tokio::test]
async fn a_stream_is_not_begun() {
    static PULLED: Mutex<bool> = Mutex::new(false);
    let app = started(Undeclared::Refuse).await;
    let streamed = async || HttpResponse::Ok().streaming(Pulled);
    struct Pulled;
    impl futures_core::Stream for Pulled {
        type Item = Result<Bytes, Error>;
        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            *PULLED.lock().unwrap() = true;
            std::task::Poll::Ready(None)
        }
    }
    let requests = || [TestRequest::get().uri("/streamed")];
    let oidc = app.oidc();
    for (status, _) in answers!(oidc, requests(), |app| app
        .route("/streamed", web::get().to(streamed)))
    {
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert!(!*PULLED.lock().unwrap());
    for (status, _) in answers!(oidc, requests(), |app| app.configure(oidc.public(
        |table: &mut PublicConfig| {
            table.route("/streamed", web::get().to(streamed));
        }
    ))) {
        assert_eq!(status, StatusCode::OK);
    }
    assert!(*PULLED.lock().unwrap());
}

/// What an app answers that says nothing about its routes.
#[tokio::test]
async fn what_is_declared_public_is_answered_byte_for_byte_as_ever() {
    let as_ever = started(Undeclared::Answer).await;
    let mut expected = Vec::new();
    let lenient = as_ever.oidc();
    expected.extend(answers!(lenient, plain(), |app| app.configure(everything)));
    assert!(
        expected
            .iter()
            .filter(|(_, it)| it.contains(SECRET))
            .count()
            > 30
    );

    for undeclared in [Undeclared::Answer, Undeclared::Report, Undeclared::Refuse] {
        let app = started(undeclared).await;
        let oidc = app.oidc();
        let logged_before = logs::keep();
        let answers = answers!(oidc, plain(), |app| app.configure(oidc.public(everything)));
        assert_eq!(answers, expected, "{undeclared:?}");
        let answers = answers!(oidc, plain(), |app| app
            .configure(oidc.public(everything_public)));
        assert_eq!(answers, expected, "{undeclared:?}");
        // In a scope, beside other tables, and in parts of its own.
        let answers = answers!(oidc, plain(), |app| app
            .configure(oidc.public(|table: &mut PublicConfig| {
                table.route("/declared", web::get().to(secret));
            }))
            .configure(oidc.routes())
            .configure(oidc.protected(|table| {
                table.route("/protected", web::get().to(secret));
            }))
            .service(
                scope("").configure(oidc.public(|table: &mut ServiceConfig| {
                    table.configure(oidc.public(more)).configure(everything);
                }))
            ));
        assert_eq!(answers, expected, "{undeclared:?}");
        let answers = answers!(oidc, plain(), |app| app
            .service(scope("/declared").configure(oidc.public(more)))
            .service(scope("").configure(oidc.public(|table: &mut PublicConfig| {
                table
                    .configure(oidc.public(more))
                    .configure(everything_public);
            }))));
        assert_eq!(answers, expected, "{undeclared:?}");
        let declared = || [TestRequest::get().uri("/declared")];
        let answers = answers!(oidc, declared(), |app| app.configure(oidc.public(
            |table: &mut PublicConfig| {
                table.route("/declared", web::get().to(secret));
            }
        )));
        assert!(answers.iter().all(|(_, it)| it.contains(SECRET)));
        let log = logs::with_since(logged_before, "GET /declared is neither");
        assert_eq!(log, "", "{undeclared:?}");
    }
}

/// The same path twice: once in a public table, for some requests, and then for all others
/// without a word on who may have it.
fn twins(oidc: &Oidc, config: &mut ServiceConfig) {
    let me = || guard::Header("x-who", "me");
    config
        .configure(oidc.public(|table: &mut PublicConfig| {
            table
                .route("/route", web::get().guard(me()).to(secret))
                // The first of two guards lets everybody in.
                .route(
                    "/guards",
                    web::get()
                        .guard(guard::fn_guard(|_| true))
                        .guard(me())
                        .to(secret),
                )
                .route("/method", web::post().to(secret))
                .route("/parts/{part}", web::get().guard(me()).to(secret))
                .service(resource("/resource").guard(me()).to(secret))
                .service(
                    scope("/scope")
                        .guard(me())
                        .route("/page", web::get().to(secret)),
                )
                .configure(|table: &mut PublicConfig| {
                    table.route("/inner", web::get().guard(me()).to(secret));
                });
        }))
        .service(
            scope("/around")
                .guard(me())
                .configure(oidc.public(|table: &mut PublicConfig| {
                    table
                        .route("/page", web::get().to(secret))
                        .service(scope("/deep").route("/page", web::get().to(secret)));
                })),
        )
        .service(
            scope("/within")
                .configure(oidc.public(|table: &mut PublicConfig| {
                    table.route("/page", web::get().guard(me()).to(secret));
                }))
                .route("/page", web::get().to(secret)),
        );
    for path in [
        "/route",
        "/guards",
        "/method",
        "/parts/{part}",
        "/resource",
        "/scope/page",
        "/inner",
        "/around/page",
        "/around/deep/page",
    ] {
        config.route(path, web::get().to(secret));
    }
    config.default_service(web::to(secret));
}

#[tokio::test]
async fn a_public_route_declares_nothing_of_one_that_answers_in_its_place() {
    let app = started(Undeclared::Refuse).await;
    let oidc = app.oidc();
    let logged_before = logs::keep();
    let cases = [
        ("/route", "GET /route"),
        ("/guards", "GET /guards"),
        ("/parts/7", "GET /parts/{part}"),
        ("/resource", "GET /resource"),
        ("/scope/page", "GET /scope/page"),
        ("/inner", "GET /inner"),
        ("/around/page", "GET /around/page"),
        ("/around/deep/page", "GET /around/deep/page"),
        ("/within/page", "GET /within/page"),
    ];
    let asked = |who: &'static str| {
        let asked = cases.map(|(path, _)| TestRequest::get().uri(path));
        asked.map(|request| request.insert_header(("x-who", who)))
    };
    let answers = answers!(oidc, asked("me"), |app| app
        .configure(|config| twins(oidc, config)));
    for (status, answer) in answers {
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert!(answer.contains(SECRET), "{answer}");
    }
    let answers = answers!(oidc, asked("you"), |app| app
        .configure(|config| twins(oidc, config)));
    let routes = cases.iter().chain(&cases).map(|(_, route)| *route);
    for ((status, answer), route) in answers.iter().zip(routes) {
        assert_refused(*status, answer, logged_before, route);
    }
    // Another method, and what no route is for.
    let others = || {
        [
            (TestRequest::get().uri("/method"), "GET /method"),
            (TestRequest::get().uri("/none"), "a default service"),
            (TestRequest::get().uri("/within/none"), "a default service"),
        ]
    };
    let answers = answers!(oidc, others().map(|(request, _)| request), |app| app
        .configure(|config| twins(oidc, config)));
    let routes = others().map(|(_, route)| route);
    for ((status, answer), route) in answers.iter().zip(routes.iter().chain(&routes)) {
        assert_refused(*status, answer, logged_before, route);
    }
}

/// Each request that passes an edge on its way to another route pays for it.
#[tokio::test]
async fn a_public_table_has_edges_only_around_what_has_no_place_for_a_guard() {
    use actix_web::{introspection::IntrospectionTree, web::Data};

    let app = started(Undeclared::Refuse).await;
    let oidc = app.oidc();
    let has_edges = async |table: fn(&mut PublicConfig)| {
        let app = App::new()
            .configure(oidc.public(table))
            .route("/open", web::get().to(secret))
            .route(
                "/tree",
                web::get().to(async |tree: Data<IntrospectionTree>| tree.report_as_json()),
            );
        let service = init_service(app).await;
        let (status, answer) = ask(&service, TestRequest::get().uri("/tree").to_request()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(answer.contains("/open"), "{answer}");
        answer.contains(EVERY_PATH)
    };
    assert!(
        !has_edges(|table| {
            table
                .route("/route", web::get().to(secret))
                .route(
                    "/conditional",
                    route().guard(guard::Header("x-who", "me")).to(secret),
                )
                .service(resource("/resource").get(secret))
                .service(scope("/scope").service(by_macro))
                .configure(|table: &mut PublicConfig| {
                    table.route("/inner", web::get().to(secret));
                });
        })
        .await
    );
    let with_edges: [fn(&mut PublicConfig); 4] = [
        |table| {
            table.service(by_macro);
        },
        |table| {
            table.service(Files("/files")).service(by_macro);
        },
        |table| {
            table
                .configure(more)
                .route("/route", web::get().to(secret))
                .configure(more);
        },
        |table| {
            table.service(scope("/scope").wrap(DefaultHeaders::new()));
        },
    ];
    for table in with_edges {
        assert!(has_edges(table).await);
    }
}

#[tokio::test]
async fn a_default_service_can_be_declared_public() {
    let app = started(Undeclared::Refuse).await;
    let oidc = app.oidc();
    let requests = || [TestRequest::get().uri("/none")];
    for (status, answer) in answers!(oidc, requests(), |app| app
        .configure(everything)
        .default_service(web::to(secret).wrap(oidc.declare_public())))
    {
        assert_eq!(status, StatusCode::OK);
        assert!(answer.contains(SECRET), "{answer}");
    }
}

/// Each guard, at a path of its own, in no table.
fn guarded(oidc: &Oidc, config: &mut ServiceConfig) {
    config
        .configure(oidc.protected(|table| {
            table
                .route("/table", web::get().to(secret))
                .service(resource("/in-table").route(web::get().to(secret)))
                .service(scope("/tables").service(by_macro).service(Files("/files")));
        }))
        .service(
            scope("/scope")
                .wrap(oidc.ensure_authenticated())
                .service(by_macro)
                .service(Files("/files")),
        )
        .service(
            scope("/elsewhere")
                .wrap(oidc.redirect_to("/welcome"))
                .route("/page", web::get().to(secret)),
        )
        .route("/user", web::get().to(async |_: User| secret().await))
        .route("/has", web::get().to(async |_: Has<Admin>| secret().await))
        .route("/fresh", web::get().to(async |_: Fresh<60>| secret().await))
        .route("/stale", web::get().to(async |_: Fresh<0>| secret().await))
        .route(
            "/assured",
            web::get().to(async |_: Assured<Strong>| secret().await),
        )
        .route(
            "/signed",
            web::post().to(async |_: SignedForm<Value>| secret().await),
        )
        .route(
            "/maybe",
            web::get().to(async |_: Option<User>| secret().await),
        )
        .route(
            "/empty",
            web::get().to(async |_: User| HttpResponse::NoContent()),
        )
        .route(
            "/conflict",
            web::get().to(async |_: User| Err::<&str, _>(ErrorConflict("a conflict"))),
        )
        // Whatever is read first.
        .route(
            "/number/{number}",
            web::get().to(async |_: Path<u32>, _: User| secret().await),
        )
        .route(
            "/parsed/{number}",
            web::post().to(async |_: Path<u32>, _: Json<Value>, _: Has<Admin>| secret().await),
        )
        .route(
            "/sent/{number}",
            web::post().to(async |_: Path<u32>, _: SignedForm<Value>| secret().await),
        );
}

fn requests_of_guarded(cookies: &str) -> Vec<TestRequest> {
    let paths = [
        "/table",
        "/in-table",
        "/tables/macro",
        "/tables/files/a",
        "/scope/macro",
        "/scope/files/a",
        "/scope/none",
        "/elsewhere/page",
        "/user",
        "/has",
        "/fresh",
        "/stale",
        "/assured",
        "/maybe",
        "/empty",
        "/conflict",
        "/number/1",
        "/number/x",
        "/none",
    ];
    let posts = ["/signed", "/parsed/1", "/parsed/x", "/sent/x", "/user"];
    let all = paths.map(|path| (Method::GET, path)).into_iter();
    all.chain(posts.map(|path| (Method::POST, path)))
        .flat_map(|(method, path)| {
            ["text/html", "application/json"].map(|accept| {
                TestRequest::default()
                    .method(method.clone())
                    .uri(path)
                    .insert_header((header::ACCEPT, accept))
                    .insert_header((header::COOKIE, cookies))
            })
        })
        .collect()
}

fn cookies_of(browser: &Browser) -> String {
    let mut cookies = String::new();
    for (name, value) in browser.cookies() {
        let _ = write!(cookies, "{name}={value}; ");
    }
    cookies
}

#[tokio::test]
async fn what_is_guarded_is_answered_byte_for_byte_as_ever() {
    let mut all = Vec::new();
    for undeclared in [Undeclared::Answer, Undeclared::Report, Undeclared::Refuse] {
        let app = started(undeclared).await;
        let browser = app.signed_in_as("alice").await;
        let (alice, token) = (cookies_of(&browser), browser.csrf_token().await);
        let oidc = app.oidc();
        let logged_before = logs::keep();
        let of_stranger = answers!(oidc, requests_of_guarded(""), |app| app
            .configure(|config| guarded(oidc, config)));
        let mut of_alice = answers!(oidc, requests_of_guarded(&alice), |app| app
            .configure(|config| guarded(oidc, config)));
        for (_, answer) in &mut of_alice {
            *answer = answer.replace(&without_ports(&token), "");
        }
        let told = |answers: &[(StatusCode, String)]| {
            let told = answers.iter().filter(|(_, it)| it.contains(SECRET));
            told.count()
        };
        // What has `Option<User>` lets everybody in, in both apps.
        assert_eq!(told(&of_stranger), 4, "{undeclared:?}");
        assert!(told(&of_alice) > 40, "{undeclared:?}: {}", told(&of_alice));
        let log = logs::with_since(logged_before, "is neither declared");
        for path in [
            "/table",
            "/tables/macro",
            "/user",
            "/has",
            "/maybe",
            "/sent/{number}",
        ] {
            assert!(!log.contains(&format!("{path} is neither")), "{log}");
        }
        all.push([of_stranger, of_alice].concat());
    }
    for other in &all[1..] {
        for (answer, expected) in other.iter().zip(&all[0]) {
            assert_eq!(answer, expected);
        }
    }
}

#[tokio::test]
async fn the_librarys_own_pages_are_answered() {
    let fixture = Fixture {
        undeclared: Undeclared::Refuse,
        has_dev_pages: true,
        ..Fixture::default()
    };
    let app = fixture.prepared(|_, _| {}).start().await;
    let browser = app.browser();
    for path in ["/dev/views", "/dev/gallery.css", PATHS.logged_out] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    assert_eq!(browser.get("/dev/none").await.status, 404);
    assert_eq!(browser.get("/none").await.status, 404);
    assert_eq!(browser.get(PATHS.logout).await.status, 405);
    let page = browser.sign_in_as("alice", "/profile").await;
    assert_eq!(page.status, 200);
    let page = browser.sign_out().await;
    let page = browser.follow(page).await;
    assert_eq!(page.url.path(), PATHS.logged_out);
}

#[tokio::test]
async fn an_app_below_a_path_answers_its_front_page_without_the_slash() {
    let fixture = Fixture {
        undeclared: Undeclared::Refuse,
        ..Fixture::default()
    };
    let start = fixture.prepared(|_, _| {}).below("/shop");
    let browser = start.start().await.browser();
    let page = browser.get("/shop").await;
    assert_eq!(page.status, 303);
    assert_eq!(page.location().path(), "/shop/");
    assert_eq!(browser.get("/shop/").await.status, 200);
    assert_eq!(browser.get("/shop/none").await.status, 404);
}

/// Nobody declares what no route answers.
#[tokio::test]
async fn what_actix_and_middleware_answer_by_themselves_passes() {
    let app = started(Undeclared::Refuse).await;
    let oidc = app.oidc();
    let with_cors = || {
        actix_cors::Cors::default()
            .allowed_origin("https://other.example")
            .allowed_methods(["GET"])
    };
    let to_https = from_fn(async |request: ServiceRequest, next: Next<BoxBody>| {
        if request.path() == "/insecure" {
            let moved = HttpResponse::MovedPermanently().finish();
            return Ok(request.into_response(moved));
        }
        next.call(request).await
    });
    let app = App::new()
        .wrap(to_https)
        .wrap(with_cors())
        .wrap(oidc.middleware())
        .configure(everything)
        .service(scope("/api").wrap(with_cors()).configure(more));
    let service = init_service(app).await;
    for (request, expected) in [
        (TestRequest::get().uri("/none"), StatusCode::NOT_FOUND),
        (
            TestRequest::patch().uri("/first"),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            TestRequest::get().uri("/insecure"),
            StatusCode::MOVED_PERMANENTLY,
        ),
        (
            TestRequest::get().uri("/route"),
            StatusCode::INTERNAL_SERVER_ERROR,
        ),
        (
            TestRequest::get().uri("/api/more"),
            StatusCode::INTERNAL_SERVER_ERROR,
        ),
    ] {
        let (status, answer) = ask(&service, request.to_request()).await;
        assert_eq!(status, expected, "{answer}");
    }
    for path in ["/route", "/api/more"] {
        let preflight = TestRequest::default()
            .method(Method::OPTIONS)
            .uri(path)
            .insert_header((header::ORIGIN, "https://other.example"))
            .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "GET"));
        let (status, answer) = ask(&service, preflight.to_request()).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        assert!(answer.contains("access-control-allow-origin"), "{answer}");
    }
}

/// As a menu may need to know that every page has.
#[tokio::test]
async fn middleware_that_looks_who_is_there_declares_nothing_to_strangers() {
    let app = started(Undeclared::Refuse).await;
    let oidc = app.oidc();
    let look = from_fn(async |mut request: ServiceRequest, next: Next<BoxBody>| {
        let _ = request.extract::<Option<User>>().await;
        next.call(request).await
    });
    let app = App::new()
        .wrap(look)
        .wrap(oidc.middleware())
        .configure(everything);
    let service = init_service(app).await;
    for (request, route) in requests() {
        let (status, answer) = ask(&service, request.to_request()).await;
        assert_eq!(
            status,
            StatusCode::INTERNAL_SERVER_ERROR,
            "{route}: {answer}"
        );
        assert!(!answer.contains(SECRET), "{route}: {answer}");
    }
}

#[tokio::test]
async fn a_report_answers_and_says_in_the_log_what_is_undeclared() {
    let (as_ever, app) = (
        started(Undeclared::Answer).await,
        started(Undeclared::Report).await,
    );
    let logged_before = logs::keep();
    let expected = answers!(as_ever.oidc(), plain(), |app| app.configure(everything));
    assert_eq!(logs::with_since(logged_before, REPORTED), "");
    let answers = answers!(app.oidc(), plain(), |app| app.configure(everything));
    assert_eq!(answers, expected);
    let log = logs::with_since(logged_before, REPORTED);
    for (_, route) in requests() {
        assert!(
            log.contains(&format!("{route} is neither declared")),
            "{log}"
        );
    }
    assert_eq!(log.lines().count(), answers.len(), "{log}");
}

/// Logs and traces name a route by its pattern, before it is looked for and after.
#[tokio::test]
async fn public_tables_leave_the_patterns_of_routes_alone() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let app = started(Undeclared::Refuse).await;
    let oidc = app.oidc();
    let look = || {
        from_fn(async |request: ServiceRequest, next: Next<BoxBody>| {
            let before = request.match_pattern();
            let response = next.call(request).await?;
            let after = response.request().match_pattern();
            SEEN.lock().unwrap().push(format!("{before:?} {after:?}"));
            Ok(response)
        })
    };
    let ask_all = async |is_declared: bool| {
        let mount = |config: &mut ServiceConfig| {
            if is_declared {
                config
                    .configure(oidc.public(more))
                    .route("/between", web::get().to(secret))
                    .configure(oidc.public(everything));
            } else {
                config
                    .configure(more)
                    .route("/between", web::get().to(secret))
                    .configure(everything);
            }
        };
        let service = init_service(App::new().wrap(look()).configure(mount)).await;
        let more = ["/between", "/none", "/scope/none"].map(|path| TestRequest::get().uri(path));
        for request in plain().chain(more) {
            ask(&service, request.to_request()).await;
        }
        std::mem::take(&mut *SEEN.lock().unwrap())
    };
    let expected = ask_all(false).await;
    assert!(expected.contains(&"Some(\"/between\") Some(\"/between\")".to_owned()));
    assert_eq!(ask_all(true).await, expected);
}
