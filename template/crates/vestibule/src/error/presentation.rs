//! What people read of each error, and what they can do about it: all such words
//! of the library are here.

use actix_web::http::StatusCode;

use super::ErrorKind;

/// What an error looks like from outside.
pub(crate) struct Presentation<'a> {
    /// Stable: tests, logs and support rely on it.
    pub code: &'a str,
    /// The HTTP status.
    pub status: StatusCode,
    /// A heading.
    pub title: &'a str,
    /// What happened and what to do, for the person.
    pub text: &'a str,
    /// What the one button does.
    pub action: Action,
}

/// What a person can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Begin a new sign-in.
    SignIn,
    /// Load the page again.
    TryAgain,
    /// Go to the front page.
    GoHome,
    /// What the app's own rule says, or to sign in with another account.
    AsDenied,
}

impl ErrorKind {
    /// How the error looks from outside.
    pub(crate) fn presentation(&self) -> Presentation<'_> {
        use Action::{AsDenied, GoHome, SignIn, TryAgain};
        let (code, status, title, text, action) = match self {
            Self::SignedOut => (
                "signed_out",
                StatusCode::UNAUTHORIZED,
                "Please sign in",
                "This page is for people who are signed in.",
                SignIn,
            ),
            Self::NotFresh(_) => (
                "not_fresh",
                StatusCode::UNAUTHORIZED,
                "Please confirm that it is you",
                "This page needs a recent sign-in.",
                SignIn,
            ),
            Self::NotAssured(_) => (
                "not_assured",
                StatusCode::UNAUTHORIZED,
                "Please confirm that it is you",
                "This page needs a stronger way of signing in.",
                SignIn,
            ),
            Self::DemandNotMet(_) => (
                "demand_not_met",
                StatusCode::FORBIDDEN,
                "You cannot open this page right now",
                "It needs a more recent or a stronger sign-in, and the sign-in service did not \
                 provide one. If you were signed in before, you still are.",
                GoHome,
            ),
            Self::MissingRole(_) => (
                "missing_role",
                StatusCode::FORBIDDEN,
                "You cannot open this page",
                "You are signed in, but your account does not have the role that this page needs. \
                 If it should, ask the people who run this app.",
                GoHome,
            ),
            Self::ForgedForm => (
                "forged_form",
                StatusCode::FORBIDDEN,
                "This form has expired",
                "It was sent from an old page or from another site, so nothing was changed. Go \
                 back, reload the page and try again.",
                GoHome,
            ),
            Self::TransactionUnknown => (
                "transaction_unknown",
                StatusCode::BAD_REQUEST,
                "This sign-in could not be completed",
                "It was not started in this browser, or the browser no longer has it. Please sign \
                 in again.",
                SignIn,
            ),
            Self::TransactionExpired => (
                "transaction_expired",
                StatusCode::BAD_REQUEST,
                "This sign-in took too long",
                "For your safety, a sign-in has to be completed within a few minutes. Please sign \
                 in again.",
                SignIn,
            ),
            Self::SignInLoop => (
                "sign_in_loop",
                StatusCode::BAD_REQUEST,
                "You were asked to sign in again and again",
                "You signed in several times in a row, and each time the page asked you again. \
                 Please try again in a minute. If it keeps happening, tell the people who run \
                 this app.",
                GoHome,
            ),
            Self::OtpElsewhere => (
                "otp_elsewhere",
                StatusCode::BAD_REQUEST,
                "This link belongs to another browser",
                "It completes a sign-in that was started elsewhere. Go back to where you started, \
                 and enter the code from the e-mail there.",
                SignIn,
            ),
            Self::Denied => (
                "denied",
                StatusCode::FORBIDDEN,
                "You are not signed in",
                "You cancelled the sign-in, or the sign-in service did not let you in. You can sign \
                 in again, with another account if you like. If that keeps happening, ask the \
                 people who run this app for access.",
                SignIn,
            ),
            Self::NotSignedInAtProvider => (
                "not_signed_in_at_provider",
                StatusCode::UNAUTHORIZED,
                "Please sign in",
                "The sign-in service needs to ask you who you are.",
                SignIn,
            ),
            Self::CodeRefused => (
                "code_refused",
                StatusCode::BAD_REQUEST,
                "This sign-in could not be completed",
                "It was completed before, or it took too long. Please sign in again.",
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
                "Your session has ended at the sign-in service.",
                SignIn,
            ),
            Self::LogoutToken(_) => (
                "logout_token",
                StatusCode::BAD_REQUEST,
                "This logout token was not accepted",
                "Nobody was signed out.",
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
                "Signing in is not possible right now",
                "The sign-in service cannot be reached. Please try again in a moment.",
                TryAgain,
            ),
            Self::StoreUnavailable(_) => (
                "store_unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                "This page is not available right now",
                "We cannot look up your session at the moment. You have not been signed out. Please \
                 try again shortly.",
                TryAgain,
            ),
            Self::TooManyLogins => (
                "too_many_logins",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many sign-ins at once",
                "There have just been a lot of sign-ins from your network. Please try again in a \
                 moment.",
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

/// An answer of the provider that fails a check: the person can only start again,
/// and what exactly failed is for the log.
fn unusable(code: &str) -> (&str, StatusCode, &str, &str, Action) {
    (
        code,
        StatusCode::BAD_REQUEST,
        "This sign-in could not be completed",
        "The answer from the sign-in service did not pass our checks, so you were not signed in. \
         Please try again. If it keeps happening, tell the people who run this app.",
        Action::SignIn,
    )
}
