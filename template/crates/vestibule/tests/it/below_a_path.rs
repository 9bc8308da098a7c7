//! `APP_BASE_URL` has a path: the app lives below it, and nowhere else.

use reqwest::StatusCode;

use crate::{
    fixture::Fixture,
    support::{PATHS, login_with},
};

fn below(path: &str) -> String {
    format!("/shop{path}")
}

#[tokio::test]
async fn alice_signs_in_and_out_below_the_path() {
    let app = Fixture::start_below("/shop").await;
    let alice = app.browser();

    let page = alice.sign_in_as("alice", "/shop/profile").await;
    assert_eq!(page.url.path(), "/shop/profile");
    assert!(page.body.contains("Alice Archer"));

    let csrf_token = page.field("csrf_token");
    let redirect = alice
        .post(&below(PATHS.logout), &[("csrf_token", &csrf_token)])
        .await;
    let page = alice.follow(redirect).await;
    assert_eq!(page.url.path(), below(PATHS.logged_out));
    assert_eq!(
        alice.fetch("/shop/api/me").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn every_link_and_file_of_a_page_is_below_the_path() {
    let app = Fixture::start_below("/shop").await;
    let alice = app.browser();
    alice.sign_in_as("alice", &below(PATHS.login)).await;
    for path in ["/shop", "/shop/", "/shop/profile", "/shop/no-such-page"] {
        let page = alice.visit(path).await;
        let targets = page
            .body
            .split(['"', '\''])
            .filter(|text| text.starts_with('/'));
        let mut count = 0;
        for target in targets {
            count += 1;
            assert!(
                target == "/shop" || target.starts_with("/shop/"),
                "{target} on {path}"
            );
        }
        assert!(count > 0, "{path} has links: {}", page.body);
    }
}

#[tokio::test]
async fn the_bare_path_leads_to_the_front_page() {
    let app = Fixture::start_below("/shop").await;
    let page = app.browser().visit("/shop?from=an-email").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.url.path(), "/shop/");
    assert_eq!(page.url.query(), Some("from=an-email"));
}

#[tokio::test]
async fn nothing_answers_outside_the_path() {
    let app = Fixture::start_below("/shop").await;
    for path in ["/", PATHS.login, "/profile", "/shopping", "/healthz"] {
        let page = app.browser().fetch(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let page = app.browser().fetch("/shop/healthz").await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn return_to_stays_below_the_path() {
    let app = Fixture::start_below("/shop").await;
    for elsewhere in ["/another-app", "/shopping", "/shop/../another-app", "/shop"] {
        let login = below(&login_with(&format!("return_to={elsewhere}")));
        let page = app.browser().sign_in_as("alice", &login).await;
        assert_eq!(page.url.path(), below(PATHS.after_login), "{elsewhere}");
    }
}
