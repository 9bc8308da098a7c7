//! `/dev/routes`: every route that the running app has, and who may reach it.

use std::collections::BTreeMap;

use actix_web::{
    Error, HttpResponse,
    body::BoxBody,
    dev::{AppService, HttpServiceFactory, ResourceDef, ServiceRequest, fn_service},
    get, guard,
    middleware::{Next, from_fn},
    web::{self, Bytes, Form, ServiceConfig, resource, scope},
};
use futures_util::stream;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use vestibule::{Oidc, PublicConfig, Undeclared};
use vestibule_dev::testing::AskedRoutes;

use crate::{
    fixture::{Admin, Assured, Fixture, Fresh, Has, SignedForm, User},
    step_up::Strong,
    support::TestApp,
};

async fn ok() -> HttpResponse {
    HttpResponse::Ok().body("ok")
}

#[get("/by-macro")]
async fn by_macro() -> HttpResponse {
    ok().await
}

/// A service of another crate, such as the one that serves files.
struct Files(&'static str);

impl HttpServiceFactory for Files {
    fn register(self, config: &mut AppService) {
        let serve = fn_service(async |request: ServiceRequest| {
            Ok::<_, Error>(request.into_response(ok().await))
        });
        config.register_service(ResourceDef::root_prefix(self.0), None, serve, None);
    }
}

/// Routes of every kind for everybody, on a config of either type.
macro_rules! mount_public {
    ($table:ident) => {
        $table
            .route("/", web::get().to(ok))
            .service(scope("/below/{part}").service(by_macro))
            .service(resource(["/one", r"/two/{part:\d+}"]).route(web::get().to(ok)))
            .service(
                resource("/otherwise")
                    .route(web::get().to(ok))
                    .default_service(web::to(ok)),
            )
            .service(Files("/files"))
            .route("/any", web::to(ok));
    };
}

/// Routes of every kind.
fn kinds(oidc: &Oidc, config: &mut ServiceConfig) {
    config.configure(oidc.public(|table: &mut PublicConfig| {
        mount_public!(table);
    }));
    other_kinds(oidc, config);
}

/// The same with Actix's config for what everybody may have.
fn kinds_of_actix(oidc: &Oidc, config: &mut ServiceConfig) {
    config.configure(oidc.public(|table: &mut ServiceConfig| {
        mount_public!(table);
    }));
    other_kinds(oidc, config);
}

fn other_kinds(oidc: &Oidc, config: &mut ServiceConfig) {
    config
        .route("/open", web::get().to(ok))
        .route("/posted", web::post().to(ok))
        .route(
            "/read-first",
            web::post().to(async |_: web::Json<Value>| "ok"),
        )
        .service(
            scope("/open-scope")
                .service(by_macro)
                .service(Files("/open-files")),
        )
        // Only one of its methods asks for anybody.
        .route("/half", web::get().to(async |_: User| "ok"))
        .route("/half", web::to(ok))
        .configure(oidc.protected(|table| {
            table
                .route("/table", web::get().to(ok))
                .route("/in-table", web::get().to(async |_: Has<Admin>| "ok"))
                .route(
                    "/in-table",
                    web::post().to(async |_: SignedForm<Value>| "ok"),
                )
                .service(resource("/resource").route(web::get().to(async |_: Fresh<60>| "ok")));
        }))
        .service(
            scope("/elsewhere")
                .wrap(oidc.redirect_to("/welcome"))
                .route("/page", web::get().to(ok)),
        )
        .service(
            scope("/declared")
                .wrap(oidc.declare_public())
                .route("/page", web::get().to(ok)),
        )
        .route("/maybe", web::get().to(async |_: Option<User>| "ok"))
        .route("/user", web::get().to(async |_: User| "ok"))
        .route(
            "/both",
            web::get().to(async |_: Has<Admin>, _: Fresh<60>| "ok"),
        )
        .route("/assured", web::get().to(async |_: Assured<Strong>| "ok"))
        .route(
            "/form",
            web::post().to(async |_: Form<BTreeMap<String, String>>, _: User| "ok"),
        )
        .service(
            resource("/by-header")
                .guard(guard::Header("x-who", "me"))
                .route(web::get().to(ok)),
        )
        .service(
            resource("/never")
                .guard(guard::fn_guard(|_| false))
                .route(web::get().to(ok)),
        );
}

const UNDECLARED: &str = "undeclared: neither guarded nor declared public";
const EVERYBODY: &str = "everybody";
const SIGNED_IN: &str = "signed in";

/// Whom each lets in.
const EXPECTED: [(&str, &str); 37] = [
    ("GET /", EVERYBODY),
    ("GET /below/{part}/by-macro", EVERYBODY),
    ("GET /one", EVERYBODY),
    (r"GET /two/{part:\d+}", EVERYBODY),
    ("* /files", EVERYBODY),
    ("* /any", EVERYBODY),
    ("GET /otherwise", EVERYBODY),
    // Its default service.
    ("POST /otherwise", EVERYBODY),
    ("DELETE /otherwise", EVERYBODY),
    ("GET /open", UNDECLARED),
    ("POST /posted", UNDECLARED),
    ("POST /read-first", UNDECLARED),
    ("GET /open-scope/by-macro", UNDECLARED),
    ("* /open-scope/open-files", UNDECLARED),
    ("GET /half", SIGNED_IN),
    ("POST /half", UNDECLARED),
    ("PUT /half", UNDECLARED),
    ("PATCH /half", UNDECLARED),
    ("DELETE /half", UNDECLARED),
    ("GET /table", SIGNED_IN),
    ("GET /in-table", "signed in, role admin"),
    ("POST /in-table", SIGNED_IN),
    ("GET /resource", "signed in, at most 60 s ago"),
    ("GET /elsewhere/page", SIGNED_IN),
    ("GET /declared/page", EVERYBODY),
    ("GET /maybe", EVERYBODY),
    ("GET /user", SIGNED_IN),
    ("GET /both", "signed in, role admin, at most 60 s ago"),
    ("GET /assured", "signed in, Assured<Strong>"),
    (
        "POST /form",
        "not known: no stranger has got as far as its guards",
    ),
    ("GET /by-header", UNDECLARED),
    ("GET /never", "not known: it has not answered yet"),
    ("GET /login", EVERYBODY),
    ("POST /logout", EVERYBODY),
    ("POST /backchannel-logout", EVERYBODY),
    ("GET /dev/routes", EVERYBODY),
    ("POST /dev/routes", EVERYBODY),
];

fn fixture(undeclared: Undeclared) -> Fixture {
    Fixture {
        pages: kinds,
        has_dev_pages: true,
        undeclared,
        ..Fixture::default()
    }
}

fn assert_all_told(routes: &AskedRoutes, in_mode: &str) {
    let told: BTreeMap<String, String> = routes
        .iter()
        .map(|asked| {
            let route = &asked.route;
            let name = format!("{} {}", route.method, route.path);
            (name, route.access.to_string())
        })
        .collect();
    for (name, expected) in EXPECTED {
        let access = told.get(name).map(String::as_str);
        assert_eq!(access, Some(expected), "{in_mode}: {name} in {told:#?}");
    }
    // No other method of these.
    for (name, access) in &told {
        let path = name.split_once(' ').unwrap().1;
        let is_own = path.starts_with("/dev/") || path.contains("log") || path.contains("widget");
        let mut expected = EXPECTED.iter();
        let is_expected = expected.any(|(known, _)| known == name);
        let is_expected = is_expected || is_own || path == "/otherwise" || path.contains("code");
        assert!(is_expected, "{in_mode}: {name}: {access}");
    }
    // Tests of apps see the same: what lets strangers in is red.
    for asked in routes.iter() {
        let access = asked.route.access.to_string();
        let is_good = asked.is_public() || asked.is_refused();
        let is_bad = access == UNDECLARED || asked.route.path == "/never";
        assert_eq!(is_good, !is_bad, "{in_mode}: {asked}");
    }
}

#[tokio::test]
async fn every_route_is_told_with_whom_it_lets_in() {
    for mode in [Undeclared::Refuse, Undeclared::Report, Undeclared::Answer] {
        for pages in [kinds, kinds_of_actix] {
            let fixture = Fixture {
                pages,
                ..fixture(mode)
            };
            let app = fixture.prepared(|_, _| {}).start().await;
            assert_all_told(&app.routes().await, &format!("{mode:?}"));
        }
    }
}

#[tokio::test]
async fn an_app_below_a_path_tells_its_routes_without_it() {
    let start = fixture(Undeclared::Refuse).prepared(|_, _| {});
    let app = start.below("/shop").start().await;
    assert_all_told(&app.routes().await, "below a path");
}

/// A look who is there, for all pages, is no guard of any.
#[tokio::test]
async fn middleware_that_looks_who_is_there_guards_nothing() {
    fn pages(_: &Oidc, config: &mut ServiceConfig) {
        let look = from_fn(async |mut request: ServiceRequest, next: Next<BoxBody>| {
            let _ = request.extract::<Option<User>>().await;
            next.call(request).await
        });
        config.service(scope("").wrap(look).route(
            "/form",
            web::post().to(async |_: Form<BTreeMap<String, String>>, _: User| "ok"),
        ));
    }
    let fixture = Fixture {
        pages,
        has_dev_pages: true,
        ..Fixture::default()
    };
    let app = fixture.prepared(|_, _| {}).start().await;
    let routes = app.routes().await;
    let form = routes.iter().find(|asked| asked.route.path == "/form");
    assert!(!form.unwrap().is_public(), "{}", form.unwrap());
}

/// Whoever asks gets the beginning, which is enough.
#[tokio::test]
async fn a_route_with_an_endless_answer_is_told_too() {
    async fn endless() -> HttpResponse {
        let never = stream::pending::<Result<Bytes, Error>>();
        HttpResponse::Ok().streaming(never)
    }
    fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
        config.configure(oidc.public(|table: &mut PublicConfig| {
            table.route("/for-everybody", web::get().to(endless));
        }));
        config.configure(oidc.protected(|table| {
            table.route("/for-people", web::get().to(endless));
        }));
    }
    let fixture = Fixture {
        pages,
        has_dev_pages: true,
        ..Fixture::default()
    };
    let app = fixture.prepared(|_, _| {}).start().await;
    let routes = app.routes().await;
    for (path, is_public) in [("/for-everybody", true), ("/for-people", false)] {
        let asked = routes.iter().find(|asked| asked.route.path == path);
        let asked = asked.unwrap();
        assert_eq!(asked.is_public(), is_public, "{asked}");
        assert_eq!(asked.is_refused(), !is_public, "{asked}");
    }
}

async fn asked(app: &TestApp, site: &str) -> StatusCode {
    let browser = app.browser();
    let page = browser
        .request(Method::POST, "/dev/routes", |request| {
            request.header("sec-fetch-site", site)
        })
        .await;
    page.status
}

#[tokio::test]
async fn the_page_shows_what_is_known_and_asks_when_it_is_told_to() {
    let app = fixture(Undeclared::Refuse)
        .prepared(|_, _| {})
        .start()
        .await;
    let browser = app.browser();
    let page = browser.get("/dev/routes").await;
    assert_eq!(page.status, StatusCode::OK);
    let row = |page: &str, path: &str| {
        let cell = format!("<code>{path}</code></td><td>");
        let (_, row) = page.split_once(&cell).unwrap();
        row.split(['<', '\n']).next().unwrap().to_owned()
    };
    assert!(row(&page.body, "/user").contains("not known"));
    assert!(!page.body.contains(UNDECLARED));

    // A page of another site cannot have it asked.
    for site in ["cross-site", "same-site"] {
        assert_eq!(asked(&app, site).await, StatusCode::FORBIDDEN);
    }
    let page = browser.get("/dev/routes").await;
    assert!(row(&page.body, "/user").contains("not known"));

    assert_eq!(asked(&app, "same-origin").await, StatusCode::SEE_OTHER);
    let page = browser.get("/dev/routes").await;
    assert_eq!(row(&page.body, "/user"), SIGNED_IN);
    assert_eq!(row(&page.body, "/open"), UNDECLARED);
    assert_eq!(row(&page.body, "/maybe"), EVERYBODY);
    let json = browser.fetch("/dev/routes.json").await.json();
    let routes = json["routes"].as_array().unwrap();
    let user = routes.iter().find(|route| route["path"] == "/user");
    assert_eq!(user.unwrap()["access"]["who"], "signed_in");
}
