//! What every response passes through on its way out: security headers, the
//! cookies that handlers have sent, the log line, and the page or JSON that a
//! refusal is shown as.

use std::time::Instant;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BodySize, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use serde_json::json;

use crate::{
    current::{self, RequestId},
    hooks,
    oidc::{
        Oidc,
        error::{Face, Reason, Refusal},
        guard,
        handlers::{self, see_other},
        return_to::ReturnTo,
        store::StoreError,
    },
    policy, views,
};

/// What all requests pass through.
///
/// # Errors
/// `app.rs` does not provide the relying party.
pub async fn edge<S, B>(
    request: ServiceRequest,
    next: S,
) -> Result<ServiceResponse<EitherBody<B>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let began = tracing::enabled!(tracing::Level::INFO).then(Instant::now);
    let id = RequestId::next();
    current::within(id, async {
        let oidc = guard::oidc(request.request())?.clone();
        let opened = oidc.owner_sessions().open(request.request()).await;
        // No clone of the request may live across this call: Actix routes by
        // changing the one there is.
        let answer = next.call(request).await?;
        let kept = oidc.owner_sessions().keep(opened, answer.request()).await;
        let mut response = present(answer, kept);
        finish(id, &oidc, &mut response);
        if let Some(began) = began {
            log_answer(&response, began);
        }
        Ok(response)
    })
    .await
}

fn log_answer<B>(response: &ServiceResponse<B>, began: Instant) {
    let request = response.request();
    tracing::info!(
        method = %request.method(),
        path = request.path(),
        status = response.status().as_u16(),
        micros = began.elapsed().as_micros(),
        "answered"
    );
}

/// The answer as whoever asked can read it. `kept` tells whether the owner's data
/// have been kept.
fn present<B: MessageBody>(
    response: ServiceResponse<B>,
    kept: Result<(), StoreError>,
) -> ServiceResponse<EitherBody<B>> {
    let (request, inner) = (response.request(), response.response());
    let shown = if let Err(error) = kept {
        // Nobody is signed in while the former visitor's data stay.
        current::take_cookies();
        let cause = format!("the owner's session is not kept: {error}");
        Some(show(request, &Reason::StoreUnavailable(cause).into()))
    } else if let Some(error) = inner.error() {
        show_error(request, error, inner)
    } else if let Some(refusal) = current::failure() {
        Some(show(request, &refusal))
    } else if matches!(inner.body().size(), BodySize::Sized(0) | BodySize::None) {
        show_bare(request, inner)
    } else {
        None
    };
    match shown {
        Some(shown) => response.into_response(shown).map_into_right_body(),
        None => response.map_into_left_body(),
    }
}

/// What Actix answers by itself when no route fits has no body.
fn show_bare<B>(request: &HttpRequest, inner: &HttpResponse<B>) -> Option<HttpResponse> {
    match inner.status() {
        StatusCode::NOT_FOUND => Some(show(request, &Reason::NotFound.into())),
        StatusCode::METHOD_NOT_ALLOWED => {
            let mut shown = show(request, &Reason::MethodNotAllowed.into());
            if let Some(allow) = inner.headers().get(header::ALLOW) {
                shown.headers_mut().insert(header::ALLOW, allow.clone());
            }
            Some(shown)
        }
        _ => None,
    }
}

/// An error that is not of this app is shown as our own are, with its status;
/// `None` if whoever made it has also made what is to be seen of it. Plain text
/// is what Actix makes of any error, and may tell too much.
fn show_error<B>(
    request: &HttpRequest,
    error: &Error,
    inner: &HttpResponse<B>,
) -> Option<HttpResponse> {
    if let Some(refusal) = error.as_error::<Refusal>() {
        return Some(show(request, refusal));
    }
    let kind = inner.headers().get(header::CONTENT_TYPE);
    if kind.is_some_and(|kind| !kind.as_bytes().starts_with(b"text/plain")) {
        return None;
    }
    let status = inner.status();
    let reason = if status.is_server_error() {
        Reason::Internal(error.to_string())
    } else if status == StatusCode::NOT_FOUND {
        Reason::NotFound
    } else {
        Reason::BadRequest(error.to_string())
    };
    let face = Face {
        status,
        ..reason.face()
    };
    Some(show_as(request, &reason.into(), &face))
}

fn show(request: &HttpRequest, refusal: &Refusal) -> HttpResponse {
    show_as(request, refusal, &refusal.reason.face())
}

/// A refusal as whoever asked can read it: a redirect to sign in, a page, or
/// JSON.
fn show_as(request: &HttpRequest, refusal: &Refusal, face: &Face) -> HttpResponse {
    let request_id = views::request_id();
    let reason = &refusal.reason;
    log(reason, face);

    let is_navigation = is_navigation(request);
    let sign_in = is_navigation.then(|| sign_in_redirect(request, reason));
    let mut response = sign_in
        .flatten()
        .or_else(|| hooks::on_error(request, refusal))
        .unwrap_or_else(|| {
            if !is_navigation {
                return problem(face, &request_id);
            }
            failure_redirect(request, refusal, &request_id)
                .unwrap_or_else(|| page(request, refusal, face, request_id))
        });
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Cookie realm=\"sign-in\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    let wait = match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => Some(STORE_BACK_IN),
        StatusCode::TOO_MANY_REQUESTS => Some("1"),
        _ => None,
    };
    if let Some(seconds) = wait {
        let seconds = HeaderValue::from_static(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn log(reason: &Reason, face: &Face) {
    let mend = reason.mend();
    if face.status.is_server_error() {
        tracing::warn!(code = face.code, cause = %reason, mend, "refused");
    } else {
        tracing::info!(code = face.code, cause = %reason, mend, "refused");
    }
}

/// Whether a person looks at the answer: the browser says so itself (Fetch
/// Metadata), or prefers a page.
pub(crate) fn is_navigation(request: &HttpRequest) -> bool {
    let header = |name: HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    match header(SEC_FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => header(header::ACCEPT).is_some_and(|accept| accept.contains("text/html")),
    }
}

/// For people who only need to sign in to go on. Only a plain GET can be
/// repeated afterwards.
fn sign_in_redirect(request: &HttpRequest, reason: &Reason) -> Option<HttpResponse> {
    if request.method() != Method::GET {
        return None;
    }
    let oidc = guard::oidc(request).ok()?;
    let demand = match reason {
        Reason::SignedOut
        | Reason::RefreshRefused
        | Reason::NotFresh(_)
        | Reason::NotAssured(_) => oidc.demand_after(reason).ok()?,
        _ => return None,
    };
    let wanted = request
        .uri()
        .path_and_query()
        .map_or("/", |wanted| wanted.as_str());
    let return_to = ReturnTo::parse(&oidc.settings, wanted);
    let return_to = return_to
        .as_ref()
        .map(|wanted| ("return_to", wanted.as_str()));
    let demand = demand.as_ref().map(|(name, value)| (*name, value.as_str()));
    let query = return_to.into_iter().chain(demand);
    Some(see_other(&oidc.path_with(oidc.settings.paths.login, query)))
}

/// To the owner's page for sign-ins that fail, if there is one.
fn failure_redirect(
    request: &HttpRequest,
    refusal: &Refusal,
    request_id: &str,
) -> Option<HttpResponse> {
    let oidc = guard::oidc(request).ok()?;
    let failure = oidc.settings.paths.failure?;
    if request.path() != oidc.path(oidc.settings.paths.login_callback) {
        return None;
    }
    let code = refusal.reason.face().code;
    let query = [("error", code), ("request_id", request_id)];
    let query = query.into_iter().chain(refusal.wanted());
    Some(see_other(&oidc.path_with(failure, query)))
}

/// The app's own sign-in page where that helps, else the error page.
fn page(request: &HttpRequest, refusal: &Refusal, face: &Face, request_id: String) -> HttpResponse {
    let status = face.status;
    handlers::sign_in_page_after(request, refusal)
        .and_then(Result::ok)
        .map_or_else(
            || {
                views::Failure::new(request, refusal, request_id)
                    .and_then(|view| views::respond(&view))
            },
            Ok,
        )
        .map_or_else(
            |_| HttpResponse::build(status).body(face.title),
            |mut response| {
                *response.status_mut() = status;
                response
            },
        )
}

/// RFC 9457.
fn problem(face: &Face, request_id: &str) -> HttpResponse {
    HttpResponse::build(face.status)
        .content_type("application/problem+json")
        .body(
            json!({
                "title": face.title,
                "status": face.status.as_u16(),
                "detail": face.text,
                "code": face.code,
                "request_id": request_id,
            })
            .to_string(),
        )
}

/// Seconds after which trying again may help.
const STORE_BACK_IN: &str = "5";

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers that browsers protect people by, and the cookies sent on the way.
fn finish<B>(id: RequestId, oidc: &Oidc, response: &mut ServiceResponse<B>) {
    for cookie in current::take_cookies() {
        // Fails only for a cookie that is no header value, which ours are.
        if let Err(error) = response.response_mut().add_cookie(&cookie) {
            tracing::error!(%error, "a cookie could not be sent");
        }
    }
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = is_page.then(|| policy::header_value(response.request(), oidc));
    let headers = response.headers_mut();
    protect(headers, oidc.settings.is_https());
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(REQUEST_ID, id.number().into());
}

fn protect(headers: &mut HeaderMap, is_https: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(header::CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
    if !headers.contains_key(header::CACHE_CONTROL) {
        // Nothing of a signed-in person stays behind in the browser; that the
        // back button shows nothing either, `templates/fresh.js` sees to.
        headers.insert(header::CACHE_CONTROL, NO_STORE);
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}
