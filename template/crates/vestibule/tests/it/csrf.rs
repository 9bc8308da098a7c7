//! Forms and requests of an app's own that need the person's CSRF token.

use actix_web::{
    HttpRequest,
    web::{Form, ServiceConfig, post},
};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use vestibule::{Error, Oidc, csrf};

use crate::{
    fixture::{Fixture, SignedForm, User, pages as own_pages},
    support::{Browser, Page},
};

fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config.route("/test/rename", post().to(rename));
    config.route("/test/checked", post().to(checked));
    own_pages(oidc, config);
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

async fn rename(form: SignedForm<Rename>) -> String {
    format!("the name is {}", form.fields.name)
}

#[derive(Deserialize)]
struct OwnForm {
    token: Option<String>,
}

/// Checks the token itself, in a field with a name of its own.
async fn checked(
    request: HttpRequest,
    user: User,
    form: Form<OwnForm>,
) -> Result<&'static str, Error> {
    csrf::check(&request, &user, form.token.as_deref())?;
    Ok("checked")
}

async fn send(
    browser: &Browser,
    path: &str,
    content_type: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Page {
    let page = browser.request(Method::POST, path, |request| {
        let request = request.header("content-type", content_type).body(body);
        headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        })
    });
    page.await
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[tokio::test]
async fn a_signed_form_is_read_as_what_it_says_that_it_is() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let token = alice.csrf_token().await;
    let in_header = [("x-csrf-token", token.as_str())];
    let form = format!("name=Alice&csrf_token={token}");
    let json = json!({ "name": "Alice" }).to_string();
    for (content_type, headers, body) in [
        (FORM, &[][..], &form),
        (JSON, &in_header, &json),
        ("application/json; charset=utf-8", &in_header, &json),
    ] {
        let page = send(&alice, "/test/rename", content_type, headers, body.clone()).await;
        assert_eq!(page.body, "the name is Alice", "{content_type}");
    }
    // Another site's page can send the one under the name of the other.
    for (content_type, headers, body, status) in [
        (JSON, &[][..], &form, StatusCode::FORBIDDEN),
        (JSON, &in_header, &form, StatusCode::BAD_REQUEST),
        (FORM, &[], &json, StatusCode::FORBIDDEN),
        (FORM, &in_header, &json, StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let page = send(&alice, "/test/rename", content_type, headers, body.clone()).await;
        assert_eq!(page.status, status, "{content_type}: {}", page.body);
    }
}

#[tokio::test]
async fn a_handler_can_check_the_token_itself() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let token = alice.csrf_token().await;
    let of_bob = app.signed_in_as("bob").await.csrf_token().await;
    let field = |token: &str| format!("token={token}");
    let elsewhere = ("sec-fetch-site", "cross-site");
    for (what, headers, body, is_fine) in [
        ("in the field", &[][..], field(&token), true),
        (
            "in the header",
            &[("x-csrf-token", &*token)],
            String::new(),
            true,
        ),
        ("nowhere", &[], String::new(), false),
        ("guessed", &[], field("guessed"), false),
        ("empty", &[], field(""), false),
        ("of somebody else", &[], field(&of_bob), false),
        ("from elsewhere", &[elsewhere], field(&token), false),
        // The field counts, if there is one.
        (
            "twice",
            &[("x-csrf-token", &*token)],
            field("guessed"),
            false,
        ),
    ] {
        let page = send(&alice, "/test/checked", FORM, headers, body).await;
        if is_fine {
            assert_eq!(page.body, "checked", "{what}");
        } else {
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{what}");
            assert_eq!(page.json()["code"], "forged_form", "{what}");
        }
    }
}
