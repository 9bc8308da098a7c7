//! The pages for developers and the helpers for tests, with a small app.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{error::Error, path::Path};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::{Server, ServerHandle},
    web::get,
};
use serde_json::json;
use vestibule::{Oidc, Pages, Secret, Settings, User};
use vestibule_dev::{
    Dev, Gallery, notes,
    provider::{Endpoint, Misbehaviour, Person},
    testing::{Launch, Method, Start, StatusCode, TestApp},
};

struct PlainPages;

impl Pages for PlainPages {}

fn gallery() -> Gallery {
    Gallery::new()
        .state("home", "home.html", "somebody is signed in", |_| {
            Ok(HttpResponse::Ok().body("Welcome!"))
        })
        .logged_out("logged_out.html", PlainPages)
        .errors("error.html", PlainPages)
}

async fn home(request: HttpRequest) -> String {
    notes::home(&request) + &notes::widget(&request)
}

async fn profile(user: User) -> String {
    user.name().to_owned()
}

async fn serve(
    settings: Settings,
    dev: Dev,
    launch: Launch,
) -> Result<(Oidc, ServerHandle, Server), Box<dyn Error>> {
    let oidc = Oidc::builder(settings).build().await?;
    let shared = oidc.clone();
    let mut server = HttpServer::new(move || {
        App::new()
            .wrap(shared.security_headers())
            .wrap(shared.middleware())
            .configure(shared.at_base_path({
                let (oidc, dev) = (shared.clone(), dev.clone());
                move |config| {
                    config
                        .configure(oidc.routes())
                        .configure(dev.routes(gallery()))
                        .route("/", get().to(home))
                        .route("/profile", get().to(profile));
                }
            }))
    })
    .workers(1);
    for listener in &launch.listeners {
        server = server.listen(listener.try_clone()?)?;
    }
    let server = server.run();
    Ok((oidc, server.handle(), server))
}

/// An app with the provider that its environment names.
fn app() -> Start<'static> {
    TestApp::of(async |launch: Launch| {
        let (settings, dev) = vestibule_dev::start(launch.settings()).await?;
        assert!(dev.provider().is_none());
        assert_eq!(dev.invitation(), None);
        serve(settings, dev, launch).await
    })
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let app = app().start().await;
    assert!(!app.browser().is_signed_in().await);
    let alice = app.signed_in_as("alice").await;
    assert!(alice.is_signed_in().await);
    assert_eq!(alice.get("/profile").await.body, "Alice Archer");
    alice.sign_out().await;
    assert!(!alice.is_signed_in().await);
    app.stop().await;
}

#[tokio::test]
async fn an_app_below_a_path_is_asked_who_is_signed_in() {
    let app = app().below("/shop").whoami("/profile").start().await;
    assert!(!app.browser().is_signed_in().await);
    let bob = app.signed_in_as("bob").await;
    assert!(bob.is_signed_in().await);
    assert_eq!(bob.get("/shop/profile").await.body, "Bob Baker");
    bob.sign_out().await;
    assert!(!bob.is_signed_in().await);
}

#[tokio::test]
async fn the_provider_is_changed_before_the_app_starts() {
    let app = app()
        .provider(|provider| provider.faults().set(Misbehaviour::AccessDenied))
        .start()
        .await;
    let browser = app.browser();
    let page = browser.sign_in_as("alice", &app.login_with("")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(!browser.is_signed_in().await);
    assert_eq!(app.token_requests(), 0);
}

#[tokio::test]
async fn an_app_starts_without_its_provider_and_finds_it_later() {
    let app = app().provider_down().start().await;
    let page = app.browser().get(&app.login_with("")).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    app.provider.start_again().await.unwrap();
    app.eventually(async || {
        let page = app.browser().get(&app.login_with("")).await;
        page.status == StatusCode::SEE_OTHER
    })
    .await;
}

#[tokio::test]
async fn variables_come_from_the_test_and_others_from_its_environment() {
    let app = TestApp::of(async |launch: Launch| {
        let port = launch.listeners[0].local_addr()?.port();
        assert_eq!(launch.variable("APP_NAME"), Some(format!("at {port}")));
        assert_eq!(launch.variable("OIDC_CA_FILE"), None);
        assert_eq!(launch.variable("OIDC_SCOPES"), None);
        assert_eq!(launch.variable("PATH"), std::env::var("PATH").ok());
        let settings = launch.settings();
        let (settings, dev) = vestibule_dev::start(settings).await?;
        serve(settings, dev, launch).await
    });
    app.env("APP_NAME", "first")
        .env("APP_NAME", "at PORT")
        .without("OIDC_SCOPES")
        .start()
        .await;
}

#[tokio::test]
#[should_panic(expected = "the log contains")]
async fn a_test_whose_app_logs_a_cookie_fails() {
    let app = app().start().await;
    let alice = app.signed_in_as("alice").await;
    let cookies = alice.cookies();
    tracing::debug!("{}", cookies[&app.cookie("user-session")]);
}

#[tokio::test]
async fn the_gallery_shows_each_state_in_a_frame_of_its_own() {
    let app = app().start().await;
    let browser = app.browser();
    let index = browser.get("/dev/views").await;
    assert_eq!(index.status, StatusCode::OK);
    let links = index.body.split("<h2><a href=\"").skip(1);
    let links: Vec<&str> = links.filter_map(|link| link.split('"').next()).collect();
    assert!(links.contains(&"/dev/views/home"));
    assert!(links.contains(&"/dev/views/logged-out-here"));
    assert!(links.contains(&"/dev/views/error-missing_role"));
    for link in links {
        let page = browser.get(link).await;
        assert_eq!(page.status, StatusCode::OK, "{link}: {}", page.body);
    }
    let policy =
        |page: vestibule_dev::testing::Page| page.header("content-security-policy").to_owned();
    let state = browser.get("/dev/views/logged-out").await;
    assert!(policy(state).contains("frame-ancestors 'self'"));
    assert!(policy(index).contains("frame-ancestors 'none'"));

    let one_view = browser.get("/dev/views?view=home.html").await;
    assert!(one_view.body.contains("/dev/views/home\""));
    assert!(!one_view.body.contains("/dev/views/error-"));
    let unknown = browser.get("/dev/views/no-such-state").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_pages_for_developers_exist_under_loopback_names_only() {
    let app = app().start().await;
    let browser = app.browser();
    for (host, status) in [
        ("localhost", StatusCode::OK),
        ("127.0.0.1:8080", StatusCode::OK),
        ("attacker.example", StatusCode::NOT_FOUND),
        ("192.0.2.1", StatusCode::NOT_FOUND),
    ] {
        let page = browser.request(Method::GET, "/dev/views", |it| it.header("host", host));
        assert_eq!(page.await.status, status, "{host}");
    }
}

#[tokio::test]
async fn with_another_provider_there_are_no_switches() {
    let app = app().start().await;
    let browser = app.browser();
    let page = browser.get("/dev/provider").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let home = browser.get("/").await.body;
    assert!(home.contains("href=\"/dev/views\""), "{home}");
    assert!(!home.contains("/dev/provider"), "{home}");
}

#[tokio::test]
async fn it_plays_several_providers() {
    let mut started = None;
    let app = TestApp::of(async |launch: Launch| {
        let mut settings = launch.settings();
        settings.provider = None;
        for name in ["north", "south"] {
            let one = settings.add_provider(name, "", "", Secret::new(""));
            one.registration = None;
        }
        let (settings, dev) = vestibule_dev::start_on_free_port(settings).await?;
        started = Some(dev.clone());
        serve(settings, dev, launch).await
    });
    let app = app.start().await;
    let invitation = started.unwrap().invitation().unwrap();
    let browser = app.browser();
    let list = browser.visit("/login?provider=south").await;
    let south = list.url.origin().ascii_serialization();
    assert!(
        invitation.ends_with(&format!(" or {south}")),
        "{invitation}"
    );
    let answer = browser.choose(&list, "alice").await;
    browser.follow(answer).await;
    assert!(browser.is_signed_in().await);

    let page_of = async |name: &str| browser.get(&format!("/dev/provider{name}")).await.body;
    let [first, north] = [page_of("").await, page_of("?provider=north").await];
    assert!(
        !first.contains(&south) && !north.contains(&south),
        "{first}"
    );
    assert!(
        first.contains("href=\"/dev/provider?provider=south\""),
        "{first}"
    );
    assert!(!north.contains("<bdi>alice</bdi>"), "{north}");
    let page = browser.get("/dev/provider?provider=south").await;
    assert!(page.body.contains("<bdi>alice</bdi>"), "{}", page.body);
    let denied = [("misbehave", Misbehaviour::AccessDenied.slug())];
    let pressed = browser.post(&page.action(), &denied).await;
    assert!(pressed.location().as_str().ends_with("?provider=south"));
    assert!(page_of("?provider=south").await.contains("(on)"));
    assert!(!page_of("?provider=north").await.contains("(on)"));
    let signed_out = browser.post(&page.action(), &[("sign_out", "alice")]).await;
    assert_eq!(signed_out.status, StatusCode::SEE_OTHER);
    assert!(!browser.is_signed_in().await);
}

/// An app that starts the development provider itself.
fn app_of_a_developer(switches: &mut Option<Dev>) -> Start<'_> {
    TestApp::of(async |launch: Launch| {
        let mut settings = launch.settings();
        settings.provider = None;
        let (settings, dev) = vestibule_dev::start(settings).await?;
        *switches = Some(dev.clone());
        serve(settings, dev, launch).await
    })
}

#[tokio::test]
async fn the_switches_let_the_provider_misbehave_and_sign_people_out() {
    let mut dev = None;
    let mut app = app_of_a_developer(&mut dev).start().await;
    let dev = dev.unwrap();
    let provider = dev.provider().unwrap();
    app.provider = provider.clone();
    let invitation = dev.invitation().unwrap();
    assert!(invitation.contains("alice"), "{invitation}");
    assert!(invitation.contains(provider.issuer()), "{invitation}");

    let alice = app.signed_in_as("alice").await;
    let page = alice.get("/dev/provider").await;
    assert!(page.body.contains("<bdi>alice</bdi>"), "{}", page.body);
    let home = alice.get("/").await.body;
    assert!(home.contains("Any password works"), "{home}");

    let expired = [("misbehave", Misbehaviour::ExpiredToken.slug())];
    let pressed = alice.post("/dev/provider", &expired).await;
    assert_eq!(pressed.location().path(), "/dev/provider");
    let named = provider.faults().named();
    assert_eq!(named, Some(Misbehaviour::ExpiredToken));
    let page = alice.get("/dev/provider").await;
    assert!(page.body.contains("Expired token (on)"), "{}", page.body);
    alice.post("/dev/provider", &[("misbehave", "none")]).await;
    assert_eq!(provider.faults().named(), None);

    alice.post("/dev/provider", &[("sign_out", "alice")]).await;
    assert!(!alice.is_signed_in().await);
    assert!(provider.signed_in().is_empty());
    assert!(!provider.requests_to(Endpoint::Authorization).is_empty());
}

#[tokio::test]
async fn another_site_cannot_press_the_switches() {
    let mut dev = None;
    let app = app_of_a_developer(&mut dev).start().await;
    let browser = app.browser();
    let origin = app.base.origin().ascii_serialization();
    let host = origin.strip_prefix("http://").unwrap();
    let provider = dev.unwrap().provider().unwrap().clone();
    let press = async |name: &str, value: &str| {
        let answer = browser.request(Method::POST, "/dev/provider", |it| {
            it.header("host", host)
                .header(name, value)
                .header("content-type", "application/x-www-form-urlencoded")
                .body("misbehave=down")
        });
        answer.await.status
    };
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        // From browsers that send no Fetch Metadata.
        ("origin", "https://attacker.example"),
        ("origin", "http://localhost:1"),
        ("origin", "null"),
    ] {
        assert_eq!(press(name, value).await, StatusCode::FORBIDDEN, "{value}");
        assert_eq!(provider.faults().named(), None, "{value}");
    }
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", &*origin)] {
        assert_eq!(press(name, value).await, StatusCode::SEE_OTHER, "{value}");
        assert_eq!(provider.faults().named(), Some(Misbehaviour::Down));
        provider.faults().clear();
    }
}

#[tokio::test]
async fn what_a_proxy_has_forwarded_sees_no_pages_for_developers() {
    let browser = app().start().await.browser();
    for name in [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
    ] {
        let page = browser.request(Method::GET, "/dev/views", |it| it.header(name, "anything"));
        assert_eq!(page.await.status, StatusCode::NOT_FOUND, "{name}");
    }
    assert_eq!(browser.get("/dev/views").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_provider_answers_under_the_names_of_this_machine_only() {
    let app = app().start().await;
    let browser = app.browser();
    let port = app.provider.address().port();
    let url = format!("{}/.well-known/openid-configuration", app.provider.issuer());
    let under = async |host: &str| {
        let page = browser.request(Method::GET, &url, |it| it.header("host", host));
        page.await.status
    };
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"] {
        assert_eq!(under(host).await, StatusCode::OK, "{host}");
        let host = format!("{host}:{port}");
        assert_eq!(under(&host).await, StatusCode::OK, "{host}");
    }
    for host in [
        "",
        "attacker.example",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "192.0.2.1",
    ] {
        let status = under(host).await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}

/// The people of a file that says this.
fn people(test: &str, list: &str) -> Result<Vec<Person>, String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.json"));
    std::fs::write(&file, list).unwrap();
    Person::listed_in(&file).map_err(|error| error.to_string())
}

#[test]
fn people_have_the_claims_that_their_list_says() {
    let list = r#"{ "people": [
        { "sub": "zoe", "name": "Zoe Zimmer", "email": "zoe@example.com", "roles": ["auditor"],
          "claims": { "department": "audit", "sub": "somebody-else" } },
        { "sub": "yan", "email": "yan@example.com", "email_verified": false, "locale": "de" }
    ] }"#;
    let people = people("claims", list).unwrap();
    let [zoe, yan]: [Person; 2] = people.try_into().unwrap();
    assert_eq!(
        zoe.claims(["profile", "email"]),
        json!({
            "sub": "zoe", "preferred_username": "zoe",
            "name": "Zoe Zimmer", "given_name": "Zoe", "family_name": "Zimmer",
            "email": "zoe@example.com", "email_verified": true,
            "locale": "en", "roles": ["auditor"], "groups": [], "department": "audit",
        })
    );
    let claims = yan.claims(["profile", "email"]);
    assert_eq!(claims["name"], "yan");
    assert_eq!(claims["email_verified"], false);
    assert_eq!(claims["locale"], "de");
}

#[test]
fn odd_people_come_along_if_the_list_says_so() {
    let list = r#"{ "people": [{ "sub": "zoe" }, { "sub": "erin" }], "odd_people": true }"#;
    let people = people("odd", list).unwrap();
    let subs: Vec<&str> = people.iter().map(|person| person.sub.as_str()).collect();
    assert_eq!(subs, ["zoe", "erin", "dora", "farah", "mallory"]);
    assert_eq!(people[1].name, "erin");
}

#[test]
fn a_list_that_cannot_be_used_says_where_and_why() {
    let cases = [
        (
            "{ \"people\": [\n { \"sub\": \"zoe\", \"role\": [] } ] }",
            "`role`, expected",
            "line 2",
        ),
        (r#"{ "people": [{ "name": "Zoe" }] }"#, "`sub`", "line 1"),
        (r#"{ "people": [{ "sub": "" }] }"#, "empty", ""),
        (
            r#"{ "people": [{ "sub": "zoe" }, { "sub": "zoe" }] }"#,
            "two people",
            "zoe",
        ),
        (r#"{ "people": [] }"#, "nobody", ""),
        ("people", "line 1", ""),
    ];
    for (number, (list, what, place)) in cases.into_iter().enumerate() {
        let file = format!("unusable-{number}");
        let error = people(&file, list).unwrap_err();
        assert!(error.contains(&file), "{error}");
        assert!(error.contains(what) && error.contains(place), "{error}");
        assert!(error.contains("Correct it"), "{error}");
    }
}
