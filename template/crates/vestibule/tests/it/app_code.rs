//! What the library offers to an app's own code, used as such code uses it.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    error::ErrorConflict,
    web::{Path, ServiceConfig, get, scope},
};
use reqwest::StatusCode;
use vestibule::{
    Error, Oidc, UserSession, Visitor,
    csp::{self, Sources},
    internals::{self, seal},
    store::SessionStore,
};
use vestibule_dev::provider::Endpoint;

use crate::{
    fixture::{Admin, Fixture, Fresh, Has, User, page, pages as own_pages},
    support::PATHS,
};

fn pages(oidc: &Oidc, config: &mut ServiceConfig) {
    config.route("/test/known", get().to(known));
    config.route("/test/about-me", get().to(about_me));
    config.route("/test/perhaps", get().to(perhaps::<User>));
    config.route("/test/perhaps-admin", get().to(perhaps::<Has<Admin>>));
    config.route("/test/perhaps-fresh", get().to(perhaps::<Fresh<60>>));
    config.service(
        scope("/test/reports")
            .wrap(oidc.redirect_to("/test/known"))
            .route("", get().to(async || "reports")),
    );
    config.route("/test/from-elsewhere", get().to(from_elsewhere));
    config.route("/test/form", get().to(form));
    config.route("/test/visitor", get().to(visitor));
    config.route("/test/leave", get().to(leave));
    config.route("/test/leave-everything", get().to(leave_everything));
    config.route("/test/mine", get().to(async || Err::<&str, _>(Mine)));
    config.route(
        "/test/conflict",
        get().to(async || Err::<&str, _>(ErrorConflict(DETAIL))),
    );
    config.route(
        "/test/number/{number}",
        get().to(async |_: Path<u32>| "a number"),
    );
    own_pages(oidc, config);
}

const DETAIL: &str = "row 7 of table people";

/// An error of the app that says itself how it is shown.
#[derive(Debug)]
struct Mine;

impl std::fmt::Display for Mine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("mine")
    }
}

impl ResponseError for Mine {
    fn error_response(&self) -> HttpResponse {
        HttpResponse::UnprocessableEntity().json("the name is taken")
    }
}

async fn known(request: HttpRequest, oidc: Oidc) -> Result<String, Error> {
    Ok(oidc.is_authenticated(&request).await?.to_string())
}

async fn about_me(oidc: Oidc, user: User) -> Result<String, Error> {
    let token = oidc.access_token(&user).await?;
    let session = user.session();
    Ok(format!(
        "{}|{}|{}|{}|{}",
        session.claims().string("email").unwrap_or_default(),
        session.email().unwrap_or_default(),
        session.device(),
        !token.expose().is_empty(),
        user.context().number,
    ))
}

async fn perhaps<G>(guard: Option<G>) -> &'static str {
    guard.map_or("a stranger", |_| "somebody")
}

/// Asks for a source that no header can name.
async fn from_elsewhere(request: HttpRequest, oidc: Oidc, _: User) -> HttpResponse {
    let files = vec!["https://files.example\n".to_owned()];
    csp::allow(
        &request,
        Sources {
            files,
            ..Sources::default()
        },
    );
    page(&request, &oidc, "from elsewhere")
}

/// Who the pages say is here.
async fn visitor(request: HttpRequest, _: Option<User>) -> String {
    let Some(visitor) = Visitor::of(&request) else {
        return "nobody".to_owned();
    };
    let subject = visitor.session().map(UserSession::subject);
    format!(
        "{}|{}|{}",
        visitor.name(),
        visitor.csrf_token(),
        subject.unwrap_or_default()
    )
}

async fn form(oidc: Oidc, user: User) -> String {
    oidc.logout_form(&user)
}

async fn leave(request: HttpRequest, oidc: Oidc, user: User) -> Result<HttpResponse, Error> {
    oidc.logout_locally(&request, &user).await?;
    Ok(HttpResponse::Ok().body("gone"))
}

async fn leave_everything(
    request: HttpRequest,
    oidc: Oidc,
    user: User,
) -> Result<HttpResponse, Error> {
    oidc.force_logout_and_revoke(&request, &user).await
}

#[tokio::test]
async fn is_authenticated_tells_people_from_strangers() {
    let app = Fixture::start_with_pages(pages).await;
    assert_eq!(app.browser().get("/test/known").await.body, "false");
    let alice = app.signed_in_as("alice").await;
    assert_eq!(alice.get("/test/known").await.body, "true");
}

#[tokio::test]
async fn nobody_passes_for_a_stranger_while_the_store_is_away() {
    let app = Fixture::start_with_pages_and(pages, |settings| {
        settings.session_store = SessionStore::Memory;
    })
    .await;
    let browser = app.browser();
    // As of somebody whom this process has not seen yet.
    let id = seal::random_string().unwrap();
    browser.set_cookie(&app.cookie("user-session"), &id);
    let paths = [
        "/test/perhaps",
        "/test/perhaps-admin",
        "/test/perhaps-fresh",
    ];
    for path in paths {
        assert_eq!(browser.get(path).await.body, "a stranger", "{path}");
    }
    assert_eq!(browser.get("/test/known").await.body, "false");
    let sent_away = browser.get("/test/reports").await;
    assert_eq!(sent_away.header("location"), "/test/known");
    internals::sessions(app.oidc())
        .store()
        .close()
        .await
        .unwrap();
    let more = ["/test/known", "/test/reports", "/no-such-page"];
    for path in paths.into_iter().chain(more) {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
}

#[tokio::test]
async fn a_page_never_goes_out_without_a_policy() {
    let app = Fixture::start_with_pages(pages).await;
    let page = app
        .signed_in_as("alice")
        .await
        .get("/test/from-elsewhere")
        .await;
    assert_eq!(page.status, StatusCode::OK);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'self'; "), "{policy}");
    assert!(!policy.contains("nonce"), "{policy}");
}

#[tokio::test]
async fn a_handler_sees_claims_tokens_and_its_own_record() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let body = alice.get("/test/about-me").await.body;
    let parts: Vec<&str> = body.split('|').collect();
    assert_eq!(parts[..2], ["alice@example.com"; 2]);
    assert_eq!(parts[2..], ["An unknown browser", "true", "1"]);
}

#[tokio::test]
async fn a_page_can_tell_who_is_here() {
    let app = Fixture::start_with_pages(pages).await;
    assert_eq!(app.browser().get("/test/visitor").await.body, "nobody");
    let alice = app.signed_in_as("alice").await;
    let expected = format!("Alice Archer|{}|alice", alice.csrf_token().await);
    assert_eq!(alice.get("/test/visitor").await.body, expected);
}

#[tokio::test]
async fn the_librarys_own_form_signs_out() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let page = alice.get("/test/form").await;
    let form = format!("<form method=\"post\" action=\"{}\">", PATHS.logout);
    assert!(page.body.starts_with(&form), "{}", page.body);
    let csrf_token = page.field("csrf_token");
    let answer = alice
        .post(PATHS.logout, &[("csrf_token", &csrf_token)])
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(!alice.is_signed_in().await);
}

#[tokio::test]
async fn signing_out_locally_ends_the_sign_in_here_and_revokes_nothing() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let kept = alice.cookie("user-session");
    assert_eq!(alice.get("/test/leave").await.body, "gone");
    assert!(!alice.has_cookie("user-session"));
    alice.set_cookie(&alice.app.cookie("user-session"), &kept);
    assert!(!alice.is_signed_in().await);
    assert!(app.provider.requests_to(Endpoint::EndSession).is_empty());
    assert!(app.provider.requests_to(Endpoint::Revocation).is_empty());
}

#[tokio::test]
async fn force_logout_and_revoke_ends_everything() {
    let app = Fixture::start_with_pages(pages).await;
    let alice = app.signed_in_as("alice").await;
    let answer = alice.get("/test/leave-everything").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let at_provider = answer.location();
    assert!(at_provider.as_str().starts_with(app.provider.issuer()));
    assert!(!alice.is_signed_in().await);
    app.eventually(async || !app.provider.requests_to(Endpoint::Revocation).is_empty())
        .await;
}

#[tokio::test]
async fn an_error_that_brings_its_own_answer_is_shown_as_it_is() {
    let app = Fixture::start_with_pages(pages).await;
    let page = app.browser().get("/test/mine").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(page.body, "\"the name is taken\"");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn other_errors_of_the_app_keep_their_status_and_tell_nothing() {
    let app = Fixture::start_with_pages(pages).await;
    let browser = app.browser();
    for (path, status, code) in [
        ("/test/conflict", StatusCode::CONFLICT, "bad_request"),
        ("/test/number/abc", StatusCode::NOT_FOUND, "not_found"),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, status);
        assert!(page.body.contains(code), "{}", page.body);
        assert!(!page.body.contains(DETAIL), "{}", page.body);
        let problem = browser.fetch(path).await;
        assert_eq!(problem.status, status);
        assert_eq!(problem.json()["status"], status.as_u16());
        assert_eq!(problem.json()["code"], code);
        assert!(!problem.body.contains(DETAIL), "{}", problem.body);
    }
}
