//! All of the library's wording for errors: what people read, and what they can do
//! next.

use actix_web::http::StatusCode;

use super::ErrorKind;

/// What an error looks like to people and scripts.
pub(crate) struct Presentation<'a> {
    /// Stable: tests, logs and support rely on it.
    pub code: &'a str,
    /// The HTTP status.
    pub status: StatusCode,
    /// A heading.
    pub title: &'a str,
    /// What happened, and what to do next.
    pub text: &'a str,
    /// What the page's button does.
    pub action: Action,
}

/// What a person can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start a new sign-in.
    SignIn,
    /// Load the page again.
    TryAgain,
    /// Go to the front page.
    GoHome,
    /// The button that the app's own rule names, or else signing in with another
    /// account.
    AsDenied,
}

impl ErrorKind {
    /// What the error looks like to people and scripts.
    pub(crate) fn presentation(&self) -> Presentation<'_> {
        use Action::{AsDenied, GoHome, SignIn, TryAgain};
        let (code, status, title, text, action) = match self {
            Self::SignedOut => (
                "signed_out",
                StatusCode::UNAUTHORIZED,
                "Please sign in",
                "You need to sign in to see this page.",
                SignIn,
            ),
            Self::NotFresh(_) => (
                "not_fresh",
                StatusCode::UNAUTHORIZED,
                "Please confirm it is you",
                "For your security, this page needs a recent sign-in.",
                SignIn,
            ),
            Self::NotAssured(_) => (
                "not_assured",
                StatusCode::UNAUTHORIZED,
                "Please confirm it is you",
                "This page needs a stronger form of sign-in.",
                SignIn,
            ),
            Self::AddressTooLong(_) => (
                "address_too_long",
                StatusCode::URI_TOO_LONG,
                "Sign in, then open the page again",
                "The address of the page is too long to bring you back to it. Please sign in \
                 first, then open the same link once more.",
                SignIn,
            ),
            Self::DemandNotMet(_) => (
                "demand_not_met",
                StatusCode::FORBIDDEN,
                "You cannot open this page right now",
                "This page needs a more recent or a stronger sign-in, which the sign-in service \
                 did not provide. If you were signed in before, you still are.",
                GoHome,
            ),
            Self::MissingRole(_) => (
                "missing_role",
                StatusCode::FORBIDDEN,
                "You do not have access to this page",
                "You are signed in, but your account does not have the role this page needs. If \
                 you think it should, ask the people who run this app.",
                GoHome,
            ),
            Self::ForgedForm => (
                "forged_form",
                StatusCode::FORBIDDEN,
                "This form has expired",
                "It was sent from an old page or another site, so nothing was changed. Go back, \
                 reload the page and try again.",
                GoHome,
            ),
            Self::TransactionUnknown => (
                "transaction_unknown",
                StatusCode::BAD_REQUEST,
                "This sign-in could not be completed",
                "It was not started in this browser, or it has been lost since. Please sign in \
                 again.",
                SignIn,
            ),
            Self::TransactionExpired => (
                "transaction_expired",
                StatusCode::BAD_REQUEST,
                "This sign-in took too long",
                "For your security, you have a few minutes to complete a sign-in. Please sign in \
                 again.",
                SignIn,
            ),
            Self::SignInLoop => (
                "sign_in_loop",
                StatusCode::BAD_REQUEST,
                "You keep being asked to sign in",
                "You signed in several times in a row, but the page asked again each time. Please \
                 try again in a minute. If this keeps happening, tell the people who run this app.",
                GoHome,
            ),
            Self::OtpElsewhere => (
                "otp_elsewhere",
                StatusCode::BAD_REQUEST,
                "This link belongs to another browser",
                "It completes a sign-in that was started in another browser. Go back to that \
                 browser and enter the code from the e-mail there.",
                SignIn,
            ),
            Self::Denied => (
                "denied",
                StatusCode::FORBIDDEN,
                "You are not signed in",
                "You cancelled the sign-in, or the sign-in service did not let you in. You can try \
                 again or use another account. If you should have access, ask the people who run \
                 this app.",
                SignIn,
            ),
            Self::NotSignedInAtProvider => (
                "not_signed_in_at_provider",
                StatusCode::UNAUTHORIZED,
                "Please sign in",
                "The sign-in service needs to ask you something first.",
                SignIn,
            ),
            Self::ExpiredAtProvider => (
                "expired_at_provider",
                StatusCode::BAD_REQUEST,
                "This sign-in took too long",
                "The sign-in service waited for you, then gave up. Please sign in again.",
                SignIn,
            ),
            Self::CodeRefused => (
                "code_refused",
                StatusCode::BAD_REQUEST,
                "This sign-in could not be completed",
                "It was already completed, or it took too long. Please sign in again.",
                SignIn,
            ),
            Self::ParameterRepeated(_) => unusable("parameter_repeated"),
            Self::TokenInCallback(_) => unusable("token_in_callback"),
            Self::MixedUp(_) => unusable("mixed_up"),
            Self::ProviderError(_) => unusable("provider_error"),
            Self::CodeMissing => unusable("code_missing"),
            Self::TokenAnswer(_) => unusable("token_answer"),
            Self::IdToken(_) => unusable("id_token"),
            Self::UserInfo(_) => unusable("user_info"),
            Self::RefreshRefused => (
                "refresh_refused",
                StatusCode::UNAUTHORIZED,
                "Please sign in again",
                "Your session with the sign-in service has ended.",
                SignIn,
            ),
            Self::LogoutToken(_) => (
                "logout_token",
                StatusCode::BAD_REQUEST,
                "This logout token was not accepted",
                "No one was signed out.",
                GoHome,
            ),
            Self::NotAdmitted(deny) => (
                &*deny.reason().code,
                deny.reason().status,
                &*deny.reason().title,
                &*deny.reason().text,
                AsDenied,
            ),
            Self::ProviderUnavailable(_) => (
                "provider_unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "Sign-in is not available right now",
                "The sign-in service cannot be reached. Please try again in a moment.",
                TryAgain,
            ),
            Self::StoreUnavailable(_) => (
                "store_unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "This page is not available right now",
                "We cannot look up your session at the moment. You have not been signed out. Please \
                 try again in a moment.",
                TryAgain,
            ),
            Self::TooManyLogins => (
                "too_many_logins",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many sign-ins at once",
                "There have been a lot of sign-ins from your network. Please try again in a moment.",
                TryAgain,
            ),
            Self::NotFound => (
                "not_found",
                StatusCode::NOT_FOUND,
                "Page not found",
                "The address may be mistyped, or the page may have moved.",
                GoHome,
            ),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "This page cannot be used that way",
                "The address is right, but it does not accept this kind of request.",
                GoHome,
            ),
            Self::BadRequest(_) => (
                "bad_request",
                StatusCode::BAD_REQUEST,
                "This request could not be understood",
                "Something in the request is missing or malformed.",
                GoHome,
            ),
            Self::BodyTooLarge(_) => (
                "body_too_large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "This is too large",
                "Nothing was changed. Please send a smaller file, or less text at once.",
                GoHome,
            ),
            Self::BodyType(_) => (
                "body_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "This kind of content is not accepted",
                "The page reads another format than the one it was sent, so nothing was changed.",
                GoHome,
            ),
            Self::BodySyntax(_) => (
                "body_syntax",
                StatusCode::BAD_REQUEST,
                "This request could not be understood",
                "What was sent is not in the format that it is said to be in, so nothing was \
                 changed.",
                GoHome,
            ),
            Self::InvalidFields(..) => (
                "invalid_fields",
                StatusCode::UNPROCESSABLE_ENTITY,
                "Some of this could not be accepted",
                "A field is missing, or what is in it is not of the right kind. Nothing was \
                 changed. Go back, check the form and send it again.",
                GoHome,
            ),
            Self::Undeclared(_) => (
                "undeclared_route",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                if cfg!(debug_assertions) {
                    "This route is neither declared public nor guarded, so its answer was not \
                     sent. For everybody, mount it with oidc.public(table). For people who are \
                     signed in, mount it with oidc.protected(table), or give its handler an \
                     argument such as user: User. Release builds keep this to the log."
                } else {
                    "The problem is on our side, and it has been logged."
                },
                TryAgain,
            ),
            Self::Internal(_) => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "The problem is on our side, and it has been logged.",
                TryAgain,
            ),
        };
        Presentation {
            code,
            status,
            title,
            text,
            action,
        }
    }
}

/// A response from the provider that failed a check. The person can only start
/// again; the log says exactly what failed.
fn unusable(code: &str) -> (&str, StatusCode, &str, &str, Action) {
    (
        code,
        StatusCode::BAD_REQUEST,
        "This sign-in could not be completed",
        "The response from the sign-in service failed our checks, so you were not signed in. \
         Please try again. If this keeps happening, tell the people who run this app.",
        Action::SignIn,
    )
}
