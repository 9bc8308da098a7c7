//! What a person sees of each refusal, and can do about it.

use actix_web::http::StatusCode;

use super::Reason;

/// What a refusal looks like from outside.
pub struct Face {
    /// Stable: tests, logs and support rely on it.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// A heading.
    pub title: &'static str,
    /// What happened and what to do, for the person.
    pub text: &'static str,
    /// What the one button does.
    pub action: Action,
}

/// What a person can do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin a new sign-in.
    SignIn,
    /// Load the page again.
    TryAgain,
    /// Go to the front page.
    GoHome,
}

impl Reason {
    /// How the refusal looks from outside.
    pub fn face(&self) -> Face {
        use Action::{GoHome, SignIn, TryAgain};
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
                "This page asks for a recent sign-in.",
                SignIn,
            ),
            Self::NotAssured(_) => (
                "not_assured",
                StatusCode::UNAUTHORIZED,
                "Please confirm that it is you",
                "This page asks for a stronger way of signing in.",
                SignIn,
            ),
            Self::DemandNotMet(_) => (
                "demand_not_met",
                StatusCode::FORBIDDEN,
                "This page is not open to you now",
                "It asks for a more recent or a stronger proof of who you are, and the sign-in \
                 service did not give one. If you were signed in before, you still are.",
                GoHome,
            ),
            Self::MissingRole(_) => (
                "missing_role",
                StatusCode::FORBIDDEN,
                "This page is not open to you",
                "You are signed in, but your account does not have the role that this page asks \
                 for. If it should, ask whoever runs this app.",
                GoHome,
            ),
            Self::ForgedForm => (
                "forged_form",
                StatusCode::FORBIDDEN,
                "This form cannot be used any more",
                "The form was sent from an old page or from another site, so nothing was done. Go \
                 back, load the page again and repeat what you did.",
                GoHome,
            ),
            Self::AttemptUnknown => (
                "attempt_unknown",
                StatusCode::BAD_REQUEST,
                "This sign-in cannot be finished",
                "It was not begun in this browser, or the browser has forgotten it. Please sign in \
                 again.",
                SignIn,
            ),
            Self::AttemptExpired => (
                "attempt_expired",
                StatusCode::BAD_REQUEST,
                "This sign-in took too long",
                "For your safety a sign-in has to be finished within a few minutes. Please sign in \
                 again.",
                SignIn,
            ),
            Self::SignInDoesNotLast => (
                "sign_in_does_not_last",
                StatusCode::BAD_REQUEST,
                "Signing in does not last",
                "You were signed in several times in a row, and the page asked again each time. \
                 Please try again in a minute; if it happens every time, tell whoever runs this \
                 app.",
                GoHome,
            ),
            Self::OtpElsewhere => (
                "otp_elsewhere",
                StatusCode::BAD_REQUEST,
                "This link belongs to another browser",
                "It finishes a sign-in that was begun elsewhere. Go back to where you began, and \
                 type the code from the e-mail there.",
                SignIn,
            ),
            Self::Denied => (
                "denied",
                StatusCode::FORBIDDEN,
                "You are not signed in",
                "You cancelled the sign-in, or the sign-in service did not let you in. You can \
                 sign in again, with another account if you like. If it turns you away every \
                 time, ask whoever runs this app for access.",
                SignIn,
            ),
            Self::NotSignedInAtProvider => (
                "not_signed_in_at_provider",
                StatusCode::UNAUTHORIZED,
                "Please sign in",
                "The sign-in service has to ask you who you are.",
                SignIn,
            ),
            Self::CodeRefused => (
                "code_refused",
                StatusCode::BAD_REQUEST,
                "This sign-in cannot be finished",
                "It was finished before, or it took too long. Please sign in again.",
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
                "Your sign-in has ended at the provider.",
                SignIn,
            ),
            Self::LogoutToken(_) => (
                "logout_token",
                StatusCode::BAD_REQUEST,
                "This logout token cannot be used",
                "Nobody was signed out.",
                GoHome,
            ),
            Self::Hook(_) => (
                "not_admitted",
                StatusCode::FORBIDDEN,
                "You cannot use this app",
                "Your account was recognised, but it is not admitted.",
                GoHome,
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
                "We cannot look up your sign-in at the moment. You are not signed out: please try \
                 again shortly.",
                TryAgain,
            ),
            Self::TooManyLogins => (
                "too_many_logins",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many sign-ins at once",
                "Many people, or one very often, have just asked to sign in from where you are. \
                 Please try again in a moment.",
                TryAgain,
            ),
            Self::NotFound => (
                "not_found",
                StatusCode::NOT_FOUND,
                "There is no such page",
                "The address may be mistyped, or the page has moved.",
                GoHome,
            ),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "This page cannot be used that way",
                "The address is right, but it does not take this kind of request.",
                GoHome,
            ),
            Self::BadRequest(_) => (
                "bad_request",
                StatusCode::BAD_REQUEST,
                "This request cannot be understood",
                "Something in the request is missing or malformed.",
                GoHome,
            ),
            Self::Internal(_) => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong",
                "The fault is on our side and has been noted.",
                TryAgain,
            ),
        };
        Face {
            code,
            status,
            title,
            text,
            action,
        }
    }
}

/// An answer of the provider that fails a check: the person can do nothing but
/// start again, and what exactly failed concerns the log only.
fn unusable(code: &'static str) -> (&'static str, StatusCode, &'static str, &'static str, Action) {
    (
        code,
        StatusCode::BAD_REQUEST,
        "This sign-in cannot be finished",
        "The answer of the sign-in service did not pass our checks, so nobody was signed in. \
         Please try again; if it happens every time, tell whoever runs this app.",
        Action::SignIn,
    )
}
