//! Every reason for turning a request down. The wording for people is in
//! `error/presentation.rs`, the hint for the log in `error/hint.rs`;
//! `middleware/rendering.rs` turns an error into a response.

mod hint;
mod presentation;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

pub(crate) use self::presentation::Action;
use crate::{
    deny::Deny, fields::FieldError, protocol::ProtocolError, return_to::ReturnTo, seal::SealError,
    store::StoreError,
};

/// An error: why the request was turned down, and where the person wanted to go.
/// Handlers return it, and [`Oidc::middleware`](crate::Oidc::middleware) shows it:
/// as a redirect to sign in where that is all it takes, otherwise as a page for
/// people or as JSON for scripts (RFC 9457).
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    pub(crate) kind: ErrorKind,
    /// Where to send the person once a new sign-in succeeds.
    pub(crate) return_to: Option<ReturnTo>,
}

/// Why a request was turned down. The strings are for the log; they never contain a
/// token, code, secret, cookie or claim value.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No one is signed in.
    #[error("no one is signed in")]
    SignedOut,
    /// The person lacks a role.
    #[error("the person lacks the role {0}")]
    MissingRole(&'static str),
    /// The person last authenticated longer ago than this, in seconds.
    #[error("the person last authenticated more than {0} s ago")]
    NotFresh(u64),
    /// The person has not authenticated in one of these contexts (`acr`).
    #[error("the person's acr is not one of those the page demands: {}", .0.join(" "))]
    NotAssured(&'static [&'static str]),
    /// The person has to sign in, for the reason given, and the page's address is too
    /// long to be kept meanwhile.
    #[error("the page's address is too long to come back to after signing in: {0}")]
    AddressTooLong(Box<ErrorKind>),
    /// The provider did not authenticate the person as demanded (OIDC Core 3.1.3.7,
    /// 12 and 13).
    #[error("the provider did not meet the demand: {0}")]
    DemandNotMet(String),
    /// The request does not prove that a page of this app made it.
    #[error("the CSRF token is missing or wrong, or the request is cross-site")]
    ForgedForm,
    /// The callback belongs to no sign-in started in this browser.
    #[error(
        "no transaction cookie matches the callback's state: started elsewhere, lost, or forged"
    )]
    TransactionUnknown,
    /// The sign-in was started too long ago.
    #[error("the transaction has expired")]
    TransactionExpired,
    /// Several sign-ins in a row succeeded, and the page still asks for one.
    #[error("the browser is looping between the page and the provider")]
    SignInLoop,
    /// A link in an e-mail was opened in a browser other than the one that is
    /// signing in.
    #[error("the callback has an otp, and no transaction cookie matches its state")]
    OtpElsewhere,
    /// The callback has a parameter twice (RFC 6749 3.1).
    #[error("the callback has the parameter {0} twice")]
    ParameterRepeated(&'static str),
    /// The callback contains a token, which the code flow never puts there (OIDC
    /// Core 3.1.2.5).
    #[error("the callback contains {0}")]
    TokenInCallback(&'static str),
    /// The callback comes from a provider other than the one asked (RFC 9207 2.4).
    #[error("the callback is not from the provider that was asked: {0}")]
    MixedUp(String),
    /// The person or the provider's policy declined.
    #[error("the provider answered access_denied")]
    Denied,
    /// A silent sign-in found no one signed in at the provider.
    #[error("the provider wants to ask the person something")]
    NotSignedInAtProvider,
    /// The provider returned another error (OIDC Core 3.1.2.6).
    #[error("the provider answered {0}")]
    ProviderError(String),
    /// The person took too long at the provider (Keycloak's
    /// `authentication_expired`), also when the sign-in was begun anew.
    #[error("the provider answered that the authentication has expired")]
    ExpiredAtProvider,
    /// The callback has neither a code nor an error.
    #[error("the callback has neither code nor error")]
    CodeMissing,
    /// The provider rejected the code: already used, or too old.
    #[error("the provider answered invalid_grant for the code")]
    CodeRefused,
    /// The provider rejected the token request, or its response is unusable.
    #[error("the token response cannot be used: {0}")]
    TokenAnswer(String),
    /// The ID token failed a check (OIDC Core 3.1.3.7).
    #[error("the ID token was rejected: {0}")]
    IdToken(String),
    /// The userinfo response failed a check (OIDC Core 5.3.2).
    #[error("the userinfo response was rejected: {0}")]
    UserInfo(String),
    /// The provider has ended the session.
    #[error("the tokens cannot be refreshed; the previous log line says why")]
    RefreshRefused,
    /// A logout token failed a check (Back-Channel Logout 1.0, 2.6).
    #[error("the logout token was rejected: {0}")]
    LogoutToken(String),
    /// The app's own rule, from its [`Hooks`](crate::Hooks).
    #[error("denied by the app's own rule: {0}")]
    NotAdmitted(Deny),
    /// The provider is unreachable or unusable at the moment.
    #[error("the provider cannot be used: {0}")]
    ProviderUnavailable(String),
    /// The session store is unreachable at the moment.
    #[error("the session store cannot be used: {0}")]
    StoreUnavailable(String),
    /// One address is sending too many requests to sign in.
    #[error("the address exceeds APP_LOGIN_RATE")]
    TooManyLogins,
    /// No such page.
    #[error("no such page")]
    NotFound,
    /// The page does not accept this method.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The request is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// The body is larger than its extractor accepts (RFC 9110 15.5.14).
    #[error("the body is too large: {0}")]
    BodyTooLarge(String),
    /// The body is of a type that the page does not read (RFC 9110 15.5.16).
    #[error("the body is of another type than the page reads: {0}")]
    BodyType(String),
    /// The body is not what its type says.
    #[error("the body cannot be parsed: {0}")]
    BodySyntax(String),
    /// The body can be parsed, but these of its fields are missing or wrong (RFC 9110
    /// 15.5.21).
    #[error("fields of the body are missing or wrong: {1}")]
    InvalidFields(Vec<FieldError>, String),
    /// Nobody has said who may reach the route that answered.
    #[error("{0} is neither declared public nor guarded")]
    Undeclared(String),
    /// A bug in the app itself.
    #[error("{0}")]
    Internal(String),
}

impl ErrorKind {
    /// The stable code, as pages, JSON and logs show it.
    pub fn code(&self) -> &str {
        self.presentation().code
    }

    /// The cause for the log, on one line: characters that could feign another one,
    /// or turn the text around, are escaped, whoever wrote them.
    pub(crate) fn cause(&self) -> String {
        let is_feigning = |c: char| {
            c.is_control()
                || ('\u{200b}'..='\u{200f}').contains(&c)
                || ('\u{2028}'..='\u{202e}').contains(&c)
                || ('\u{2060}'..='\u{206f}').contains(&c)
                || c == '\u{feff}'
        };
        let mut cause = String::new();
        for c in self.to_string().chars() {
            if is_feigning(c) {
                cause.extend(c.escape_default());
            } else {
                cause.push(c);
            }
        }
        cause
    }

    pub(crate) fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let names: Vec<&str> = fields.iter().filter_map(FieldError::name).collect();
        let cause = match &names[..] {
            [] => "a field".to_owned(),
            names => names.join(", "),
        };
        Self::InvalidFields(fields, cause)
    }

    /// The fields of the body that are missing or wrong.
    pub(crate) fn fields(&self) -> &[FieldError] {
        match self {
            Self::InvalidFields(fields, _) => fields,
            _ => &[],
        }
    }

    /// Whether the provider itself declined, rather than a check here.
    pub(crate) fn is_declined_by_provider(&self) -> bool {
        matches!(
            self,
            Self::NotSignedInAtProvider | Self::Denied | Self::ProviderError(_)
        )
    }

    /// The error, with the page that the person wanted.
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

    /// The request is malformed; `cause` is for the log.
    pub fn bad_request(cause: impl Into<String>) -> Self {
        ErrorKind::BadRequest(cause.into()).into()
    }

    /// Fields of the body are missing or wrong. Whoever sent it is told which, and what
    /// is wrong with each; the log names the fields alone.
    ///
    /// ```
    /// use vestibule::{Error, FieldError};
    ///
    /// fn check(amount: u32) -> Result<(), Error> {
    ///     if amount == 0 {
    ///         let wrong = FieldError::new("amount", "must be more than 0");
    ///         return Err(Error::invalid_fields([wrong]));
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn invalid_fields(fields: impl IntoIterator<Item = FieldError>) -> Self {
        ErrorKind::invalid_fields(fields.into_iter().collect()).into()
    }

    /// A bug in the app itself; `cause` is for the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        ErrorKind::Internal(cause.into()).into()
    }

    /// Why the request was turned down.
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

    /// The hint that the log adds, for the people who run the app.
    pub fn hint(&self) -> &'static str {
        self.kind.hint()
    }

    /// The page that the person wanted, as a query parameter for the page they get
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

/// `Oidc::middleware` replaces this bare response with a page or JSON. Without it,
/// the heading is all there is.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status()).body(self.title().to_owned())
    }
}
