//! What an error looks like: to people, to scripts, and in the log.

use std::collections::HashSet;

use actix_web::{
    App, HttpResponse,
    dev::ServiceResponse,
    error::ErrorNotFound,
    http::{
        StatusCode,
        header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, VARY, WWW_AUTHENTICATE},
    },
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, Path},
};
use serde_json::Value;
use vestibule::{Deny, Error, ErrorKind, FieldError};
use vestibule_dev::testing::{TestApp, logs};

use crate::fixture::{Fixture, whole};

const DETAIL: &str = "the detail that only the log may tell";

/// Every kind of error.
pub fn kinds() -> Vec<ErrorKind> {
    use ErrorKind::*;
    let detail = || DETAIL.to_owned();
    vec![
        SignedOut,
        MissingRole("role"),
        NotFresh(60),
        NotAssured(&["phr"]),
        AddressTooLong(Box::new(Internal(detail()))),
        DemandNotMet(detail()),
        ForgedForm,
        TransactionUnknown,
        TransactionExpired,
        OtpElsewhere,
        SignInLoop,
        ParameterRepeated("code"),
        TokenInCallback("id_token"),
        MixedUp(detail()),
        Denied,
        NotSignedInAtProvider,
        ProviderError(detail()),
        ExpiredAtProvider,
        CodeMissing,
        CodeRefused,
        TokenAnswer(detail()),
        IdToken(detail()),
        UserInfo(detail()),
        RefreshRefused,
        LogoutToken(detail()),
        NotAdmitted(
            Deny::new("not_paid")
                .text("You have not paid.")
                .because(DETAIL),
        ),
        ProviderUnavailable(detail()),
        StoreUnavailable(detail()),
        TooManyLogins,
        NotFound,
        MethodNotAllowed,
        BadRequest(detail()),
        BodyTooLarge(detail()),
        BodyType(detail()),
        BodySyntax(detail()),
        InvalidFields(vec![FieldError::new("amount", "too much")], detail()),
        Undeclared(detail()),
        Internal(detail()),
    ]
}

/// The same as handlers return them.
fn errors() -> Vec<Error> {
    kinds().into_iter().map(Error::from).collect()
}

/// From outside, the compiler does not tell of a kind that is added.
#[test]
fn no_kind_of_error_is_missing_here() {
    let source = include_str!("../../src/error.rs");
    let (_, kinds_there) = source.split_once("pub enum ErrorKind {\n").unwrap();
    let (kinds_there, _) = kinds_there.split_once("\n}\n").unwrap();
    let is_kind = |line: &&str| {
        let name = line.strip_prefix("    ").unwrap_or_default();
        name.starts_with(|first: char| first.is_ascii_uppercase())
    };
    assert_eq!(kinds_there.lines().filter(is_kind).count(), kinds().len());
}

/// What the app answers whose only page fails with the nth of the errors.
async fn fail(app: &TestApp, nth: usize, accept: &str) -> (ServiceResponse, String) {
    let service = init_service(whole!(App::new(), app.oidc()).route(
        "/{nth}",
        web::post().to(async |nth: Path<usize>| {
            let kind = kinds().into_iter().nth(*nth).unwrap();
            Err::<&str, Error>(kind.into())
        }),
    ))
    .await;
    let request = TestRequest::post()
        .uri(&format!("/{nth}"))
        .insert_header((ACCEPT, accept))
        .to_request();
    let response = call_service(&service, request).await;
    let id = header(&response, "x-request-id");
    (response.map_into_boxed_body(), id)
}

fn header<B>(response: &ServiceResponse<B>, name: &str) -> String {
    let value = response.headers().get(name).unwrap();
    value.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_has_an_id_of_its_own_on_its_page_and_in_the_log() {
    let browser = Fixture::start().await.browser();
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let page = browser.get("/no-such-page").await;
        let id = page.header("x-request-id").to_owned();
        assert!(page.body.contains(&format!("<code>{id}</code>")), "{id}");
        let log = logs::with(&format!("request={id}"));
        assert!(log.contains("not_found"), "{id}: {log}");
        assert!(ids.insert(id), "{ids:?}");
    }
}

#[tokio::test]
async fn what_no_route_and_no_handler_finds_is_the_same_error() {
    let app = Fixture::start().await;
    let gone = async || Err::<&str, _>(ErrorNotFound(DETAIL));
    let service =
        init_service(whole!(App::new(), app.oidc()).route("/gone", web::get().to(gone))).await;
    for path in ["/none", "/gone"] {
        let request = TestRequest::get()
            .uri(path)
            .insert_header((ACCEPT, "application/json"));
        let response = call_service(&service, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let body = read_body(response).await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "not_found", "{path}");
        assert!(!problem.to_string().contains(DETAIL), "{problem}");
    }
}

#[tokio::test]
async fn each_has_a_page_with_a_code_a_correlation_id_and_one_button() {
    let app = Fixture::start().await;
    for (nth, error) in errors().iter().enumerate() {
        let (response, id) = fail(&app, nth, "text/html").await;
        assert_eq!(response.status(), error.status(), "{}", error.code());
        assert!(header(&response, "content-type").starts_with("text/html"));
        let page = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        for text in [error.title(), error.code(), &id] {
            assert!(page.contains(text), "{text} in {page}");
        }
        assert_eq!(page.matches("class=\"button\"").count(), 1, "{page}");
        assert!(!page.contains(DETAIL), "{page}");
    }
}

#[tokio::test]
async fn each_is_json_for_scripts() {
    let app = Fixture::start().await;
    for (nth, error) in errors().iter().enumerate() {
        let (response, id) = fail(&app, nth, "application/json").await;
        assert_eq!(response.status(), error.status(), "{}", error.code());
        assert_eq!(
            header(&response, "content-type"),
            "application/problem+json"
        );
        let body = read_body(response).await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], error.code());
        assert_eq!(problem["status"], error.status().as_u16());
        assert_eq!(problem["request_id"], id);
        assert_eq!(problem["title"], error.title());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        assert!(!problem.to_string().contains(DETAIL), "{problem}");
    }
}

#[tokio::test]
async fn each_is_logged_with_its_code_cause_and_hint() {
    let app = Fixture::start().await;
    for (nth, error) in errors().iter().enumerate() {
        let (_, id) = fail(&app, nth, "text/html").await;
        let log = logs::with(&id);
        let line = log.lines().find(|line| line.contains("code=")).unwrap();
        assert!(line.contains(&format!("{:?}", error.code())), "{line}");
        assert!(line.contains(&error.to_string()), "{line}");
        assert!(line.contains(error.hint()), "{line}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn codes_are_stable_words_and_no_two_kinds_share_one() {
    let errors = errors();
    let mut codes: Vec<_> = errors.iter().map(Error::code).collect();
    let is_word = |code: &&str| code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    assert!(codes.iter().all(is_word), "{codes:?}");
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

#[tokio::test]
async fn trying_again_leads_to_the_same_page_of_this_app_and_nowhere_else() {
    let app = Fixture::start_with_provider_down().await;
    let unavailable =
        async || Err::<&str, Error>(ErrorKind::StoreUnavailable(String::new()).into());
    let service =
        init_service(whole!(App::new(), app.oidc()).default_service(web::to(unavailable))).await;
    for (request, button) in [
        (TestRequest::get().uri("/reports?x=1"), "/reports?x=1"),
        (TestRequest::get().uri("/login?x=1"), "/login?x=1"),
        (TestRequest::get().uri("//attacker.example/x"), "/"),
        (TestRequest::get().uri("/.//attacker.example/x"), "/"),
        (TestRequest::post().uri("/reports"), "/"),
    ] {
        let request = request.insert_header((ACCEPT, "text/html")).to_request();
        let body = read_body(call_service(&service, request).await).await;
        let page = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            page.contains(&format!("href=\"{button}\">Try again<")),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_page_in_place_of_an_answer_keeps_its_headers_but_for_those_of_its_body() {
    let app = Fixture::start().await;
    let bare = async || {
        HttpResponse::NotFound()
            .insert_header((CONTENT_ENCODING, "br"))
            .insert_header((WWW_AUTHENTICATE, "Basic"))
            .insert_header((VARY, "Origin"))
            .finish()
    };
    let service = init_service(whole!(App::new(), app.oidc()).route("/", web::get().to(bare)));
    let request = TestRequest::get().insert_header((ACCEPT, "text/html"));
    let response = call_service(&service.await, request.to_request()).await;
    let headers = response.headers();
    assert_eq!(header(&response, VARY.as_str()), "Origin");
    assert_eq!(header(&response, WWW_AUTHENTICATE.as_str()), "Basic");
    assert!(!headers.contains_key(CONTENT_ENCODING), "{headers:?}");
    assert_eq!(headers.get_all(CONTENT_TYPE).count(), 1, "{headers:?}");
    let page = String::from_utf8(read_body(response).await.to_vec()).unwrap();
    assert!(page.contains("<code>not_found</code>"), "{page}");
}
