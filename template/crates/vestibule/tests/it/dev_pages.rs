//! The pages below `/dev`: everything there is to see, and for this machine
//! only.

use reqwest::{Method, StatusCode};
use vestibule::{ErrorKind, csp::FRESH_SCRIPT};

use crate::{
    errors::kinds,
    fixture::Fixture,
    support::{Browser, PATHS, Page, TestApp},
};

async fn start() -> TestApp {
    let fixture = Fixture {
        has_dev_pages: true,
        ..Fixture::default()
    };
    fixture.prepared(|_, _| {}).start().await
}

/// The names of the states in the gallery.
async fn states(browser: &Browser) -> Vec<String> {
    let page = browser.get("/dev/views").await;
    assert_eq!(page.status, StatusCode::OK);
    let links = page.body.split("<h2><a href=\"/dev/views/").skip(1);
    let names = links.map(|link| link.split('"').next().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn the_gallery_shows_every_error() {
    let app = start().await;
    let states = states(&app.browser()).await;
    for kind in kinds() {
        // An app may deny people with any code.
        if matches!(kind, ErrorKind::NotAdmitted(_)) {
            continue;
        }
        let name = format!("error-{}", kind.code());
        assert!(states.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn every_state_of_the_gallery_can_be_framed_by_it_and_nothing_else_can() {
    let app = start().await;
    let browser = app.browser();
    // The page with the widget needs to know the provider.
    browser.get(PATHS.login).await;
    let policy = |page: &Page| page.header("content-security-policy").to_owned();
    let own = format!("<script>{FRESH_SCRIPT}</script>");
    for state in states(&browser).await {
        let page = browser
            .get(&format!("/dev/views/{state}?scheme=dark"))
            .await;
        assert_eq!(page.status, StatusCode::OK, "{state}: {}", page.body);
        assert!(policy(&page).contains("frame-ancestors 'self'"), "{state}");
        let others = page.body.replace(&own, "");
        assert!(!others.contains("<script>"), "{state}");
    }
    for path in ["/", "/dev/views", "/dev/views/no-such-state/at-all"] {
        let page = browser.get(path).await;
        assert!(policy(&page).contains("frame-ancestors 'none'"), "{path}");
    }
}

#[tokio::test]
async fn the_pages_for_developers_do_not_exist_under_another_name() {
    let app = start().await;
    let browser = app.browser();
    let under = async |host: &str| {
        let page = browser
            .request(Method::GET, "/dev/views", |it| it.header("host", host))
            .await;
        page.status
    };
    let port = app.base.port().unwrap();
    assert_eq!(under(&format!("localhost:{port}")).await, StatusCode::OK);
    assert_eq!(under(&format!("127.0.0.1:{port}")).await, StatusCode::OK);
    for other in ["attacker.example", "attacker.example:443", "192.0.2.1", ""] {
        assert_eq!(under(other).await, StatusCode::NOT_FOUND, "{other}");
    }
}

#[tokio::test]
async fn without_the_development_provider_there_are_no_switches() {
    // The fixture knows its provider as any other.
    let app = start().await;
    let page = app.browser().get("/dev/provider").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}
