//! Bodies that a handler cannot take: they are too large, of another type, unreadable,
//! or have fields that are missing or wrong. Whoever sent one is told so, by Actix's own
//! extractors as by the library's.

use actix_web::{
    error::{
        ErrorBadGateway, ErrorPayloadTooLarge, ErrorUnprocessableEntity, ErrorUnsupportedMediaType,
    },
    web::{Bytes, Form, FormConfig, Json, JsonConfig, PayloadConfig, ServiceConfig, post},
};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use vestibule::{Error, FieldError, Oidc, PublicForm};
use vestibule_dev::testing::logs;

use crate::{
    fixture::{Fixture, SignedForm, pages as own_pages},
    support::{Browser, Page},
};

/// What is typed into a field, and must not get into the log.
const TYPED: &str = "typed-by-somebody";
/// How many bytes the pages take.
const LIMIT: usize = 1000;

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only read")]
struct Claim {
    amount: u32,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only read")]
struct Order {
    items: Vec<Claim>,
}

fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config.app_data(PayloadConfig::new(LIMIT));
    config.app_data(FormConfig::default().limit(LIMIT));
    config.app_data(JsonConfig::default().limit(LIMIT));
    config.route("/test/json", post().to(read::<Json<Order>>));
    config.route("/test/form", post().to(read::<Form<Claim>>));
    config.route("/test/bytes", post().to(read::<Bytes>));
    config.route("/test/text", post().to(read::<String>));
    config.route("/test/public", post().to(read::<PublicForm<Claim>>));
    config.route("/test/signed", post().to(read::<SignedForm<Claim>>));
    config.route("/test/order", post().to(read::<SignedForm<Order>>));
    let too_large = async || Err::<&str, _>(ErrorPayloadTooLarge(TYPED));
    config.route("/test/own/413", post().to(too_large));
    let other_type = async || Err::<&str, _>(ErrorUnsupportedMediaType(TYPED));
    config.route("/test/own/415", post().to(other_type));
    let wrong = async || Err::<&str, _>(ErrorUnprocessableEntity(TYPED));
    config.route("/test/own/422", post().to(wrong));
    let gateway = async || Err::<&str, _>(ErrorBadGateway(TYPED));
    config.route("/test/own/502", post().to(gateway));
    config.route("/test/checked", post().to(checked));
    own_pages(oidc, config);
}

async fn read<T>(_: T) -> &'static str {
    "read"
}

/// A handler that finds mistakes itself.
async fn checked() -> Result<&'static str, Error> {
    Err(Error::invalid_fields([
        FieldError::new("amount", "must be more than 0"),
        FieldError::new("<b>", "is no field"),
    ]))
}

const FORM: &str = "application/x-www-form-urlencoded";
const FORM_IN_UTF_16: &str = "application/x-www-form-urlencoded; charset=utf-16";
const JSON: &str = "application/json";
const HTML: &str = "text/html";

/// Sends a body as a page or a script of this app does.
async fn send(browser: &Browser, path: &str, accept: &str, kind: &str, body: &str) -> Page {
    let token = browser.csrf_token().await;
    let mode = if accept == HTML { "navigate" } else { "cors" };
    browser
        .request(Method::POST, path, |request| {
            let request = match kind {
                "" => request,
                kind => request.header("content-type", kind),
            };
            request
                .header("accept", accept)
                .header("sec-fetch-mode", mode)
                .header("sec-fetch-site", "same-origin")
                .header("x-csrf-token", token)
                .body(body.to_owned())
        })
        .await
}

/// The fields that a problem names, and whether it says of all what is wrong.
fn fields(problem: &Value) -> (Vec<&str>, bool) {
    let errors = problem["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let names = errors.iter().filter_map(|error| error["field"].as_str());
    let is_told = errors.iter().all(|error| error["detail"].is_string());
    (names.collect(), is_told)
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_by_status_code_and_field() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let large = "x".repeat(LIMIT + 1);
    let large_form = format!("amount=1&note={large}");
    let large_json = json!({ "items": [], "note": large }).to_string();
    let wrong_form = format!("amount={TYPED}");
    let wrong_json = json!({ "items": [{ "amount": 1 }, { "amount": TYPED }] }).to_string();
    let missing = json!({ "items": [{ "amount": 1 }, {}] }).to_string();
    let (too_large, body_type) = ((413, "body_too_large"), (415, "body_type"));
    let (syntax, invalid) = ((400, "body_syntax"), (422, "invalid_fields"));
    for (path, kind, body, (status, code), field) in [
        ("/test/json", JSON, &*large_json, too_large, None),
        ("/test/json", FORM, "amount=1", body_type, None),
        ("/test/json", JSON, "{\"items\":", syntax, None),
        ("/test/json", JSON, &wrong_json, invalid, None),
        ("/test/json", JSON, "{}", invalid, Some("items")),
        ("/test/form", FORM, &large_form, too_large, None),
        ("/test/form", JSON, "{}", body_type, None),
        ("/test/form", FORM, &wrong_form, invalid, None),
        ("/test/form", FORM, "note=1", invalid, Some("amount")),
        // An odd number of bytes.
        ("/test/form", FORM_IN_UTF_16, "a=1", syntax, None),
        ("/test/bytes", "text/plain", &large, too_large, None),
        ("/test/text", "text/plain", &large, too_large, None),
        ("/test/public", FORM, &large_form, too_large, None),
        ("/test/public", JSON, "{}", body_type, None),
        ("/test/public", FORM, &wrong_form, invalid, Some("amount")),
        ("/test/public", FORM, "note=1", invalid, Some("amount")),
        ("/test/public", "", "", invalid, Some("amount")),
        ("/test/signed", FORM, &large_form, too_large, None),
        ("/test/signed", "text/plain", "amount=1", body_type, None),
        ("/test/signed", "multipart/form-data", "", body_type, None),
        ("/test/signed", "not a type", "amount=1", body_type, None),
        ("/test/signed", FORM, &wrong_form, invalid, Some("amount")),
        ("/test/signed", FORM, "note=1", invalid, Some("amount")),
        (
            "/test/signed",
            FORM,
            "amount=1&amount=2",
            invalid,
            Some("amount"),
        ),
        ("/test/signed", JSON, &large_json, too_large, None),
        ("/test/signed", JSON, "{", syntax, None),
        ("/test/signed", JSON, "{\"amount\":1}}", syntax, None),
        (
            "/test/order",
            JSON,
            &wrong_json,
            invalid,
            Some("items[1].amount"),
        ),
        (
            "/test/order",
            JSON,
            &missing,
            invalid,
            Some("items[1].amount"),
        ),
        (
            "/test/order",
            "application/claims+json",
            "{}",
            invalid,
            Some("items"),
        ),
    ] {
        let what = format!("{path} {kind} {body:.40}");
        let answer = send(&alice, path, JSON, kind, body).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.body);
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{what}");
        let (named, is_told) = fields(&problem);
        assert_eq!(named.first().copied(), field, "{what}: {problem}");
        if code == "invalid_fields" {
            assert_eq!(is_told, cfg!(debug_assertions), "{what}: {problem}");
            // Whatever is known of it is told.
            let is_known = cfg!(debug_assertions) || field.is_some();
            let errors = problem["errors"].as_array().map_or(0, Vec::len);
            assert_eq!(errors > 0, is_known, "{what}: {problem}");
        }

        let page = send(&alice, path, HTML, kind, body).await;
        assert_eq!(page.status, status, "{what}");
        for part in [code, field.unwrap_or_default()] {
            assert!(page.body.contains(part), "{what}: {}", page.body);
        }
        for page in [&answer, &page] {
            let log = logs::with(page.header("x-request-id"));
            assert!(log.contains(code), "{what}: {log}");
            assert!(!log.contains(TYPED), "{what}: {log}");
        }
    }
}

#[tokio::test]
async fn bodies_that_fit_are_read() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let order = json!({ "items": [{ "amount": 1 }] }).to_string();
    for (path, kind, body) in [
        ("/test/json", JSON, &*order),
        ("/test/form", FORM, "amount=1"),
        ("/test/public", FORM, "amount=1&other=2"),
        ("/test/signed", FORM, "amount=1"),
        ("/test/signed", "", "amount=1"),
        (
            "/test/signed",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "amount=1",
        ),
        ("/test/signed", "Application/JSON", "{\"amount\":1}"),
        (
            "/test/order",
            "application/claims+json; charset=utf-8",
            &order,
        ),
    ] {
        let answer = send(&alice, path, JSON, kind, body).await;
        assert_eq!(answer.body, "read", "{path} {kind}");
    }
}

#[tokio::test]
async fn an_app_s_own_errors_of_these_statuses_are_worded_as_such() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    for (status, code) in [
        (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "body_type"),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields"),
        (StatusCode::BAD_GATEWAY, "internal"),
    ] {
        let path = format!("/test/own/{}", status.as_u16());
        for accept in [JSON, HTML] {
            let answer = send(&alice, &path, accept, "", "").await;
            assert_eq!(answer.status, status);
            assert!(answer.body.contains(code), "{}", answer.body);
            assert!(!answer.body.contains(TYPED), "{}", answer.body);
            // What the app itself says of its errors is for the log.
            assert!(logs::with(answer.header("x-request-id")).contains(TYPED));
        }
    }
}

#[tokio::test]
async fn a_handler_says_which_fields_are_wrong_and_why() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let answer = send(&alice, "/test/checked", JSON, "", "").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let expected = json!([
        { "field": "amount", "detail": "must be more than 0" },
        { "field": "<b>", "detail": "is no field" },
    ]);
    assert_eq!(answer.json()["errors"], expected);
    let page = send(&alice, "/test/checked", HTML, "", "").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.body.contains("amount: must be more than 0"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<b>"), "{}", page.body);
}

/// As it may quote what was typed.
#[test]
fn what_is_wrong_with_a_field_is_not_shown_to_developers() {
    let shown = format!("{:?}", FieldError::new("amount", TYPED));
    assert!(shown.contains("amount"), "{shown}");
    assert!(!shown.contains(TYPED), "{shown}");
}

/// The check comes before anything is said of the fields.
#[tokio::test]
async fn a_forged_form_is_not_told_what_is_wrong_with_it() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    for (path, kind, body) in [
        ("/test/signed", FORM, "amount=x&csrf_token=guessed"),
        ("/test/signed", JSON, "{\"amount\":\"x\"}"),
        ("/test/public", FORM, "amount=x"),
    ] {
        let answer = alice.request(Method::POST, path, |request| {
            request
                .header("content-type", kind)
                .header("sec-fetch-site", "cross-site")
                .body(body)
        });
        let answer = answer.await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {kind}");
        let problem = answer.json();
        assert_eq!(problem["code"], "forged_form", "{path} {kind}");
        assert_eq!(problem["errors"], Value::Null, "{path} {kind}");
    }
}
