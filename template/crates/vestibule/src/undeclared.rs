//! Routes of which nobody has said who may reach them: neither declared public nor
//! guarded.

use actix_web::{
    Error as ActixError, HttpRequest,
    body::{BodySize, MessageBody},
    dev::ServiceResponse,
    http::{Method, StatusCode},
};

use crate::{
    error::{Error, ErrorKind},
    request_state,
};

/// What becomes of the answer of a route of which nobody has said who may reach it.
///
/// Three things say so: the route is in a table of
/// [`Oidc::public`](crate::Oidc::public); a guard stands before it
/// ([`Oidc::protected`](crate::Oidc::protected),
/// [`Oidc::ensure_authenticated`](crate::Oidc::ensure_authenticated)); or its
/// handler asks for a [`User`](crate::User), [`Has`](crate::Has) or another guard.
/// With `Option<User>` it says that it answers everybody.
///
/// What counts is what has run when the answer is there, however the route was
/// registered. By then the handler has run too: only its answer is held back.
///
/// [`Oidc::middleware`](crate::Oidc::middleware) looks at all that is within it. So
/// middleware that answers with pages of its own, such as "closed until Monday",
/// goes around it; preflight responses of CORS middleware pass. Default services are
/// in no table: see [`Oidc::declare_public`](crate::Oidc::declare_public).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undeclared {
    /// It is sent.
    #[default]
    Answer,
    /// It is sent, and the log says that the route is undeclared and what to write.
    Report,
    /// It is not sent: the request gets a 500, and the log says what to write. In
    /// debug builds the page says so too.
    Refuse,
}

impl Undeclared {
    /// The error to show in place of the response; `None` if it may be sent.
    pub(crate) fn refusal<B: MessageBody>(self, response: &ServiceResponse<B>) -> Option<Error> {
        if self == Self::Answer || !is_undeclared(response) {
            return None;
        }
        let error = error_of(response.request());
        if self == Self::Refuse {
            return Some(error);
        }
        let (code, hint) = (error.code(), error.hint());
        tracing::warn!(code, cause = %error, hint, "answered all the same");
        None
    }

    /// An error that comes without a response. Services and middleware turn
    /// requests down that way, which tells nothing; anything else is no error.
    pub(crate) fn checked(self, error: ActixError) -> ActixError {
        let status = error.as_response_error().status_code();
        let is_refusal = status.is_client_error() || status.is_server_error();
        if self != Self::Refuse || is_refusal || request_state::is_access_settled() {
            return error;
        }
        let cause = "a service answers through an error, and nothing says who may reach it";
        tracing::warn!(cause, "request failed");
        Error::internal(cause).into()
    }
}

/// Whether nobody has said who may have this response.
pub(crate) fn is_undeclared<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    !request_state::is_access_settled() && !tells_nothing(response)
}

/// Whether the response is empty, as those are that no handler gives: Actix's own
/// where no route matches, and those of middleware before a route is looked for or
/// to a preflight request.
fn tells_nothing<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    let is_of_actix = matches!(
        response.status(),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    );
    let request = response.request();
    is_empty(response)
        && (is_of_actix || request.method() == Method::OPTIONS || !is_routed(request))
}

fn is_empty<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    let size = response.response().body().size();
    matches!(size, BodySize::None | BodySize::Sized(0))
}

/// Whether Actix says that the resource has no route for the method.
pub(crate) fn lacks_method<B: MessageBody>(response: &ServiceResponse<B>) -> bool {
    response.status() == StatusCode::METHOD_NOT_ALLOWED && is_empty(response)
}

/// Whether a route or scope has been found for the request. Default services are
/// called without one.
pub(crate) fn is_routed(request: &HttpRequest) -> bool {
    let path = request.match_info();
    path.unprocessed().len() < path.as_str().len()
}

fn error_of(request: &HttpRequest) -> Error {
    let route = match request.match_pattern().as_deref() {
        Some("") => format!("{} /", request.method()),
        Some(pattern) => format!("{} {pattern}", request.method()),
        None => "a default service".to_owned(),
    };
    ErrorKind::Undeclared(route).into()
}
