//! Every reason to refuse a request. What people read of it is in
//! `error/presentation.rs`, what the log says in `error/log.rs`; how it is shown
//! is in `middleware/rendering.rs`.

mod hint;
mod presentation;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

pub(crate) use self::presentation::Action;
use crate::{
    deny::Deny, protocol::ProtocolError, return_to::ReturnTo, seal::SealError, store::StoreError,
};

/// A refused request: why, and where the person wanted to go. Handlers return it;
/// [`Oidc::middleware`](crate::Oidc::middleware) shows it: a redirect to sign in
/// where that helps, else a page for people and JSON for scripts (RFC 9457).
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    pub(crate) kind: ErrorKind,
    /// Where to send the person once a new sign-in succeeds.
    pub(crate) return_to: Option<ReturnTo>,
}

/// Why a request was refused. Strings inside are for the log; they hold no
/// token, code, secret, cookie or claim value.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// The person lacks a role.
    #[error("the person lacks the role {0}")]
    MissingRole(&'static str),
    /// The person's last proof of who they are is older than this, in seconds.
    #[error("the person last authenticated more than {0} s ago")]
    NotFresh(u64),
    /// The person has not proved who they are in one of these authentication
    /// contexts (`acr`).
    #[error("the person's acr is none of those demanded: {}", .0.join(" "))]
    NotAssured(&'static [&'static str]),
    /// The provider did not do what was demanded of the authentication
    /// (OIDC Core 3.1.3.7, 12 and 13).
    #[error("the provider did not do what the page demands: {0}")]
    DemandNotMet(String),
    /// The request does not prove that a page of this app made it.
    #[error("the CSRF token is missing or wrong, or the request is cross-site")]
    ForgedForm,
    /// The callback belongs to no sign-in that this browser began.
    #[error("no transaction cookie fits the callback's state: started elsewhere, lost, or forged")]
    TransactionUnknown,
    /// The sign-in was begun too long ago.
    #[error("the transaction is older than it may be")]
    TransactionExpired,
    /// Several sign-ins in a row have succeeded, and the page still asks.
    #[error("the browser goes round in circles between the page and the provider")]
    SignInLoop,
    /// A link in an e-mail was opened in another browser than the one that
    /// signs in.
    #[error("the callback has an otp, and no transaction cookie fits its state")]
    OtpElsewhere,
    /// The callback has a parameter twice (RFC 6749 3.1).
    #[error("the callback has the parameter {0} twice")]
    ParameterRepeated(&'static str),
    /// The callback carries a token, which the code flow never puts there
    /// (OIDC Core 3.1.2.5).
    #[error("the callback carries {0}")]
    TokenInCallback(&'static str),
    /// The callback comes from another provider than was asked (RFC 9207 2.4).
    #[error("the callback is not from the provider asked: {0}")]
    MixedUp(String),
    /// The person, or the provider's policy, declined.
    #[error("the provider says access_denied")]
    Denied,
    /// A silent transaction found nobody signed in at the provider.
    #[error("the provider wants to ask the person something")]
    NotSignedInAtProvider,
    /// The provider answered with another error (OIDC Core 3.1.2.6).
    #[error("the provider says {0}")]
    ProviderError(String),
    /// The callback has neither a code nor an error.
    #[error("the callback has neither code nor error")]
    CodeMissing,
    /// The provider does not accept the code: used before, or too old.
    #[error("the provider says invalid_grant to the code")]
    CodeRefused,
    /// The provider refused the token request or answered it wrongly.
    #[error("the token endpoint's answer cannot be used: {0}")]
    TokenAnswer(String),
    /// The ID token failed a check (OIDC Core 3.1.3.7).
    #[error("the ID token is refused: {0}")]
    IdToken(String),
    /// The userinfo answer failed a check (OIDC Core 5.3.2).
    #[error("the userinfo answer is refused: {0}")]
    UserInfo(String),
    /// The provider no longer lets this sign-in go on.
    #[error("the tokens cannot be refreshed; the line before says why")]
    RefreshRefused,
    /// A logout token failed a check (Back-Channel Logout 1.0, 2.6).
    #[error("the logout token is refused: {0}")]
    LogoutToken(String),
    /// The app's own rule, from its [`Hooks`](crate::Hooks).
    #[error("the app's own rule refuses {0}")]
    NotAdmitted(Deny),
    /// The provider cannot be reached or used at the moment.
    #[error("the provider cannot be used: {0}")]
    ProviderUnavailable(String),
    /// The sign-in store cannot be reached at the moment.
    #[error("the session store cannot be used: {0}")]
    StoreUnavailable(String),
    /// One address asks for the sign-in's pages too often.
    #[error("the address asks for more sign-ins a second than APP_LOGIN_RATE allows")]
    TooManyLogins,
    /// No such page.
    #[error("no such page")]
    NotFound,
    /// The page does not take this method.
    #[error("no such method")]
    MethodNotAllowed,
    /// The request cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// A fault of the app itself.
    #[error("{0}")]
    Internal(String),
}

impl ErrorKind {
    /// The stable code, as pages, JSON and logs show it.
    pub fn code(&self) -> &str {
        self.presentation().code
    }

    /// Whether the provider itself declined, rather than a check here.
    pub(crate) fn is_declined_by_provider(&self) -> bool {
        matches!(
            self,
            Self::NotSignedInAtProvider | Self::Denied | Self::ProviderError(_)
        )
    }

    /// The refusal, with the place where the person wanted to go.
    pub(crate) fn on_the_way_to(self, return_to: ReturnTo) -> Error {
        Error {
            kind: self,
            return_to: Some(return_to),
        }
    }
}

impl Error {
    /// There is no such page.
    pub fn not_found() -> Self {
        ErrorKind::NotFound.into()
    }

    /// The request cannot be understood; `cause` is for the log.
    pub fn bad_request(cause: impl Into<String>) -> Self {
        ErrorKind::BadRequest(cause.into()).into()
    }

    /// A fault of the app itself; `cause` is for the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        ErrorKind::Internal(cause.into()).into()
    }

    /// Why the request was refused.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The stable code, as pages, JSON and logs show it.
    pub fn code(&self) -> &str {
        self.kind.code()
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.kind.presentation().status
    }

    /// The heading that people read.
    pub fn title(&self) -> &str {
        self.kind.presentation().title
    }

    /// What happened and what to do, as people read it.
    pub fn text(&self) -> &str {
        self.kind.presentation().text
    }

    /// What the people who run the app can do about it, as the log says.
    pub fn hint(&self) -> &'static str {
        self.kind.hint()
    }

    /// Where the person wanted to go, as a parameter of the page that they see
    /// instead.
    pub(crate) fn wanted(&self) -> Option<(&'static str, &str)> {
        let wanted = self.return_to.as_ref()?;
        Some(("return_to", wanted.as_str()))
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            return_to: None,
        }
    }
}

impl From<StoreError> for ErrorKind {
    fn from(error: StoreError) -> Self {
        Self::StoreUnavailable(error.0)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        ErrorKind::from(error).into()
    }
}

impl From<SealError> for ErrorKind {
    fn from(error: SealError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        ErrorKind::from(error).into()
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        ErrorKind::Internal(format!("a view cannot be rendered: {error}")).into()
    }
}

impl From<ProtocolError> for ErrorKind {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::ProviderUnavailable(cause) => Self::ProviderUnavailable(cause),
            ProtocolError::CodeRefused => Self::CodeRefused,
            ProtocolError::TokenAnswer(cause) => Self::TokenAnswer(cause),
            ProtocolError::IdToken(cause) => Self::IdToken(cause),
            ProtocolError::UserInfo(cause) => Self::UserInfo(cause),
            ProtocolError::NoUserInfo => Self::NotFound,
            ProtocolError::LogoutToken(cause) => Self::LogoutToken(cause),
            ProtocolError::DemandNotMet(cause) => Self::DemandNotMet(cause),
            ProtocolError::Internal(cause) => Self::Internal(cause),
        }
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        ErrorKind::from(error).into()
    }
}

impl From<Deny> for Error {
    fn from(deny: Deny) -> Self {
        ErrorKind::NotAdmitted(deny).into()
    }
}

/// `Oidc::middleware` shows the bare response as a page or JSON; without it, the
/// heading is all that there is.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status()).body(self.title().to_owned())
    }
}
