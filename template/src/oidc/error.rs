//! Every reason to refuse a request: a stable code, a status, what the person
//! reads and what the log says. How it is shown is in `edge.rs`.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

use super::{return_to::ReturnTo, store::StoreError};

/// A refused request: why, and where the person wanted to go.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Where to send the person once a new sign-in succeeds.
    pub return_to: Option<ReturnTo>,
}

/// Why a request was refused. Texts inside are for the log; they hold no
/// token, code, secret or cookie.
#[derive(Debug)]
pub enum Reason {
    /// Nobody is signed in.
    SignedOut,
    /// The person lacks a role.
    MissingRole(&'static str),
    /// The person's last proof of who they are is older than this, in seconds.
    NotFresh(u64),
    /// The person has not proved who they are in one of these authentication
    /// contexts (`acr`).
    NotAssured(&'static [&'static str]),
    /// The provider did not do what was demanded of the authentication
    /// (OIDC Core 3.1.3.7, 12 and 13).
    DemandNotMet(String),
    /// The request does not prove that a page of this app made it.
    ForgedForm,
    /// The callback belongs to no sign-in that this browser began.
    AttemptUnknown,
    /// The sign-in was begun too long ago.
    AttemptExpired,
    /// Several sign-ins in a row have succeeded, and the page still asks.
    SignInDoesNotLast,
    /// A link in an e-mail was opened in another browser than the one that
    /// signs in.
    OtpElsewhere,
    /// The callback has a parameter twice (RFC 6749 3.1).
    ParameterRepeated(&'static str),
    /// The callback carries a token, which the code flow never puts there
    /// (OIDC Core 3.1.2.5).
    TokenInCallback(&'static str),
    /// The callback comes from another provider than was asked (RFC 9207 2.4).
    MixedUp(String),
    /// The person, or the provider's policy, declined.
    Denied,
    /// A silent attempt found nobody signed in at the provider.
    NotSignedInAtProvider,
    /// The provider answered with another error (OIDC Core 3.1.2.6).
    ProviderError(String),
    /// The callback has neither a code nor an error.
    CodeMissing,
    /// The provider does not accept the code: used before, or too old.
    CodeRefused,
    /// The provider refused the token request or answered it wrongly.
    TokenAnswer(String),
    /// The ID token failed a check (OIDC Core 3.1.3.7).
    IdToken(String),
    /// The userinfo answer failed a check (OIDC Core 5.3.2).
    UserInfo(String),
    /// The provider no longer lets this sign-in go on.
    RefreshRefused,
    /// A logout token failed a check (Back-Channel Logout 1.0, 2.6).
    LogoutToken(String),
    /// The app's own rule, from `hooks.rs`. The text is shown to the person.
    Hook(String),
    /// The provider cannot be reached or used at the moment.
    ProviderUnavailable(String),
    /// The sign-in store cannot be reached at the moment.
    StoreUnavailable(String),
    /// One address asks for the sign-in's pages too often.
    TooManyLogins,
    /// No such page.
    NotFound,
    /// The page does not take this method.
    MethodNotAllowed,
    /// The request cannot be understood.
    BadRequest(String),
    /// A fault of the app itself.
    Internal(String),
}

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
    /// Whether the provider itself declined, rather than a check here.
    pub fn is_providers_no(&self) -> bool {
        matches!(
            self,
            Self::NotSignedInAtProvider | Self::Denied | Self::ProviderError(_)
        )
    }

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

    /// What whoever runs the app can do about it: the log's last words.
    pub fn mend(&self) -> &'static str {
        match self {
            Self::SignedOut
            | Self::NotFresh(_)
            | Self::NotAssured(_)
            | Self::NotSignedInAtProvider => "none needed: the person is asked to sign in",
            Self::DemandNotMet(_) => {
                "see that the provider supports max_age and the acr_values that the page's guard \
                 names, and that the person can authenticate in that way"
            }
            Self::MissingRole(_) => {
                "if the person should have the role, give it to them at the provider; \
                 OIDC_ROLES_CLAIM says where roles are looked for"
            }
            Self::ForgedForm => {
                "if it is a form of yours, give it the hidden field csrf_token; if it is not, \
                 somebody was kept from acting in this person's name"
            }
            Self::AttemptUnknown => {
                "none needed if it is rare; if not, see that browsers reach the app at \
                 APP_BASE_URL and that all instances have the same SESSION_SECRET"
            }
            Self::AttemptExpired | Self::OtpElsewhere | Self::RefreshRefused => {
                "none needed: the person can sign in again"
            }
            Self::SignInDoesNotLast => {
                "see that the browser keeps the app's cookies, that all instances use one \
                 SESSION_STORE, and that this machine's clock and the provider's agree"
            }
            Self::ParameterRepeated(_) | Self::TokenInCallback(_) | Self::CodeMissing => {
                "none needed if it is rare: somebody has changed the address; if it is not, \
                 report it to the provider"
            }
            Self::MixedUp(_) => {
                "compare OIDC_ISSUER with the provider's metadata; if they agree, somebody tries \
                 to pass another provider's answer off as this one's"
            }
            Self::Denied => {
                "if the person should be let in, assign this app to them at the provider"
            }
            Self::ProviderError(_) => {
                "look at the provider's log, and compare its registration of this app with \
                 OIDC_CLIENT_ID, OIDC_SCOPES and OIDC_LOGIN_REDIRECT_URI"
            }
            Self::CodeRefused => {
                "none needed if it is rare: the page was loaded twice; if it is not, look at the \
                 provider's log"
            }
            Self::TokenAnswer(_) => {
                "compare OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_CLIENT_AUTH with the \
                 provider's registration of this app, and look at the provider's log"
            }
            Self::IdToken(_) => {
                "compare OIDC_ISSUER and OIDC_CLIENT_ID with the provider's registration of this \
                 app, and the clocks of both machines"
            }
            Self::UserInfo(_) => "report it to the provider",
            Self::TooManyLogins => {
                "none needed if somebody floods the app; if a proxy of yours stands in front of \
                 it, add that to APP_TRUSTED_PROXIES"
            }
            Self::LogoutToken(_) => {
                "compare OIDC_ISSUER and OIDC_CLIENT_ID with the provider's registration of this \
                 app, and the clocks of both machines; if they agree, the token is forged"
            }
            Self::Hook(_) => "see the rule in hooks.rs",
            Self::ProviderUnavailable(_) => {
                "see that OIDC_ISSUER can be reached from this machine: network, HTTPS_PROXY, \
                 OIDC_CA_FILE, OIDC_TIMEOUT_SECONDS"
            }
            Self::StoreUnavailable(_) => "see that what SESSION_STORE names can be reached",
            Self::NotFound | Self::MethodNotAllowed | Self::BadRequest(_) => {
                "none needed, unless a page of this app leads here"
            }
            Self::Internal(_) => "this is a fault in the app: look at what was changed last",
        }
    }

    /// The refusal, with the place where the person wanted to go.
    pub fn on_the_way_to(self, return_to: ReturnTo) -> Refusal {
        Refusal {
            reason: self,
            return_to: Some(return_to),
        }
    }
}

/// An error code as RFC 6749 4.1.2.1 allows it, cut short for the log.
pub fn printable(error: &str) -> String {
    error
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(64)
        .collect()
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

/// The cause, for the log.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SignedOut => f.write_str("nobody is signed in"),
            Self::MissingRole(role) => write!(f, "the person lacks the role {role}"),
            Self::NotFresh(seconds) => {
                write!(f, "the person last authenticated more than {seconds} s ago")
            }
            Self::NotAssured(values) => write!(
                f,
                "the person's acr is none of those demanded: {}",
                values.join(" ")
            ),
            Self::DemandNotMet(detail) => {
                write!(f, "the provider did not do what the page demands: {detail}")
            }
            Self::ForgedForm => {
                f.write_str("the CSRF token is missing or wrong, or the request is cross-site")
            }
            Self::AttemptUnknown => f.write_str(
                "no attempt cookie fits the callback's state: begun elsewhere, lost, or forged",
            ),
            Self::OtpElsewhere => {
                f.write_str("the callback has an otp, and no attempt cookie fits its state")
            }
            Self::AttemptExpired => f.write_str("the attempt is older than its life"),
            Self::SignInDoesNotLast => {
                f.write_str("the browser goes round in circles between the page and the provider")
            }
            Self::ParameterRepeated(name) => {
                write!(f, "the callback has the parameter {name} twice")
            }
            Self::TokenInCallback(name) => write!(f, "the callback carries {name}"),
            Self::MixedUp(detail) => {
                write!(f, "the callback is not from the provider asked: {detail}")
            }
            Self::Denied => f.write_str("the provider says access_denied"),
            Self::NotSignedInAtProvider => {
                f.write_str("the provider wants to ask the person something")
            }
            Self::ProviderError(detail) => write!(f, "the provider says {detail}"),
            Self::CodeMissing => f.write_str("the callback has neither code nor error"),
            Self::CodeRefused => f.write_str("the provider says invalid_grant to the code"),
            Self::TokenAnswer(detail) => {
                write!(f, "the token endpoint's answer cannot be used: {detail}")
            }
            Self::IdToken(detail) => write!(f, "the ID token is refused: {detail}"),
            Self::UserInfo(detail) => write!(f, "the userinfo answer is refused: {detail}"),
            Self::RefreshRefused => {
                f.write_str("the provider says invalid_grant to the refresh token")
            }
            Self::LogoutToken(detail) => write!(f, "the logout token is refused: {detail}"),
            Self::Hook(detail) => write!(f, "the app's own rule refuses: {detail}"),
            Self::ProviderUnavailable(detail) => write!(f, "the provider cannot be used: {detail}"),
            Self::StoreUnavailable(detail) => {
                write!(f, "the sign-in store cannot be used: {detail}")
            }
            Self::TooManyLogins => f.write_str(
                "the address asks for more sign-ins a second than APP_LOGIN_RATE allows",
            ),
            Self::NotFound => f.write_str("no such page"),
            Self::MethodNotAllowed => f.write_str("no such method"),
            Self::BadRequest(detail) | Self::Internal(detail) => f.write_str(detail),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for Refusal {}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            return_to: None,
        }
    }
}

impl From<StoreError> for Reason {
    fn from(error: StoreError) -> Self {
        Self::StoreUnavailable(error.0)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Reason::from(error).into()
    }
}

impl From<super::seal::SealError> for Reason {
    fn from(error: super::seal::SealError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<super::seal::SealError> for Refusal {
    fn from(error: super::seal::SealError) -> Self {
        Reason::from(error).into()
    }
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        Reason::Internal(format!("a view cannot be rendered: {error}")).into()
    }
}

/// `edge.rs` turns the bare response into a page or JSON.
impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.reason.face().status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
