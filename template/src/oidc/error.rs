//! Every reason to refuse a request. What the person sees of it is in
//! `face.rs`, what the log says in `log.rs`; how it is shown is in `edge.rs`.

mod face;
mod log;

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};

pub use self::{
    face::{Action, Face},
    log::printable,
};
use super::{return_to::ReturnTo, store::StoreError};

/// A refused request: why, and where the person wanted to go.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// Where to send the person once a new sign-in succeeds.
    pub return_to: Option<ReturnTo>,
}

/// Why a request was refused. Texts inside are for the log; they hold no
/// token, code, secret or cookie.
#[derive(Clone, Debug)]
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

impl Reason {
    /// Whether the provider itself declined, rather than a check here.
    pub fn is_providers_no(&self) -> bool {
        matches!(
            self,
            Self::NotSignedInAtProvider | Self::Denied | Self::ProviderError(_)
        )
    }

    /// The refusal, with the place where the person wanted to go.
    pub fn on_the_way_to(self, return_to: ReturnTo) -> Refusal {
        Refusal {
            reason: self,
            return_to: Some(return_to),
        }
    }
}

impl Refusal {
    /// Where the person wanted to go, as a parameter of the page that they see
    /// instead.
    pub fn wanted(&self) -> Option<(&'static str, &str)> {
        let wanted = self.return_to.as_ref()?;
        Some(("return_to", wanted.as_str()))
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
