//! What a refusal looks like: to people, to scripts, and in the log.

use actix_web::{
    App,
    dev::ServiceResponse,
    http::header::ACCEPT,
    middleware::from_fn,
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, Path},
};
use app::{
    edge::edge,
    oidc::error::{Reason, Refusal},
};
use serde_json::Value;

use crate::{logs, support::TestApp};

const DETAIL: &str = "the detail that only the log may tell";

/// Every reason there is. One that is added and is missing here does not
/// compile.
pub fn reasons() -> Vec<Reason> {
    use Reason::*;
    let detail = || DETAIL.to_owned();
    let all = vec![
        SignedOut,
        MissingRole("role"),
        NotFresh(60),
        NotAssured(&["phr"]),
        DemandNotMet(detail()),
        ForgedForm,
        AttemptUnknown,
        AttemptExpired,
        OtpElsewhere,
        SignInDoesNotLast,
        ParameterRepeated("code"),
        TokenInCallback("id_token"),
        MixedUp(detail()),
        Denied,
        NotSignedInAtProvider,
        ProviderError(detail()),
        CodeMissing,
        CodeRefused,
        TokenAnswer(detail()),
        IdToken(detail()),
        UserInfo(detail()),
        RefreshRefused,
        LogoutToken(detail()),
        Hook("You have not paid.".to_owned()),
        ProviderUnavailable(detail()),
        StoreUnavailable(detail()),
        TooManyLogins,
        NotFound,
        MethodNotAllowed,
        BadRequest(detail()),
        Internal(detail()),
    ];
    for reason in &all {
        match reason {
            SignedOut
            | MissingRole(_)
            | NotFresh(_)
            | NotAssured(_)
            | DemandNotMet(_)
            | ForgedForm
            | AttemptUnknown
            | AttemptExpired
            | OtpElsewhere
            | SignInDoesNotLast
            | ParameterRepeated(_)
            | TokenInCallback(_)
            | MixedUp(_)
            | Denied
            | NotSignedInAtProvider
            | ProviderError(_)
            | CodeMissing
            | CodeRefused
            | TokenAnswer(_)
            | IdToken(_)
            | UserInfo(_)
            | RefreshRefused
            | LogoutToken(_)
            | Hook(_)
            | ProviderUnavailable(_)
            | StoreUnavailable(_)
            | TooManyLogins
            | NotFound
            | MethodNotAllowed
            | BadRequest(_)
            | Internal(_) => {}
        }
    }
    all
}

/// What the app answers whose only page refuses for the nth of the reasons.
async fn refuse(app: &TestApp, nth: usize, accept: &str) -> (ServiceResponse, String) {
    let service = init_service(
        App::new()
            .app_data(app.oidc().clone())
            .wrap(from_fn(edge))
            .route(
                "/{nth}",
                web::post().to(async |nth: Path<usize>| {
                    let reason = reasons().into_iter().nth(*nth).unwrap();
                    Err::<&str, Refusal>(reason.into())
                }),
            ),
    )
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
async fn each_has_a_page_with_a_code_a_correlation_id_and_one_button() {
    let app = TestApp::start().await;
    for (nth, reason) in reasons().iter().enumerate() {
        let face = reason.face();
        let (response, id) = refuse(&app, nth, "text/html").await;
        assert_eq!(response.status(), face.status, "{}", face.code);
        assert!(header(&response, "content-type").starts_with("text/html"));
        let page = String::from_utf8(read_body(response).await.to_vec()).unwrap();
        for text in [face.title, face.code, &id] {
            assert!(page.contains(text), "{text} in {page}");
        }
        assert_eq!(page.matches("class=\"button\"").count(), 1, "{page}");
        assert!(!page.contains(DETAIL), "{page}");
    }
}

#[tokio::test]
async fn each_is_json_for_scripts() {
    let app = TestApp::start().await;
    for (nth, reason) in reasons().iter().enumerate() {
        let face = reason.face();
        let (response, id) = refuse(&app, nth, "application/json").await;
        assert_eq!(response.status(), face.status, "{}", face.code);
        assert_eq!(
            header(&response, "content-type"),
            "application/problem+json"
        );
        let body = read_body(response).await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], face.code);
        assert_eq!(problem["status"], face.status.as_u16());
        assert_eq!(problem["request_id"], id);
        assert_eq!(problem["title"], face.title);
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        assert!(!problem.to_string().contains(DETAIL), "{problem}");
    }
}

#[tokio::test]
async fn each_is_logged_with_its_code_cause_and_mend() {
    let app = TestApp::start().await;
    for (nth, reason) in reasons().iter().enumerate() {
        let (_, id) = refuse(&app, nth, "text/html").await;
        let log = logs::with(&id);
        let line = log.lines().find(|line| line.contains("refused")).unwrap();
        assert!(
            line.contains(&format!("{:?}", reason.face().code)),
            "{line}"
        );
        assert!(line.contains(&reason.to_string()), "{line}");
        assert!(line.contains(reason.mend()), "{line}");
        assert!(!reason.mend().is_empty());
    }
}

#[test]
fn codes_are_stable_words_and_no_two_reasons_share_one() {
    let mut codes: Vec<_> = reasons().iter().map(|reason| reason.face().code).collect();
    let is_word = |code: &&str| code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    assert!(codes.iter().all(is_word), "{codes:?}");
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
}

#[tokio::test]
async fn trying_again_leads_to_the_same_page_of_this_app_and_nowhere_else() {
    let app = TestApp::start_with_provider_down().await;
    let unavailable = async || Err::<&str, Refusal>(Reason::StoreUnavailable(String::new()).into());
    let service = init_service(
        App::new()
            .app_data(app.oidc().clone())
            .wrap(from_fn(edge))
            .default_service(web::to(unavailable)),
    )
    .await;
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
