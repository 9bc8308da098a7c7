//! Why something that the protocol does fails. The strings are for the log:
//! they hold no token, code or secret.

use crate::seal::SealError;

/// Why a step of the protocol failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The provider cannot be reached or used at the moment.
    #[error("the provider cannot be used: {0}")]
    ProviderUnavailable(String),
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
    /// The provider has no userinfo endpoint.
    #[error("the provider has no userinfo endpoint")]
    NoUserInfo,
    /// A logout token failed a check (Back-Channel Logout 1.0, 2.6).
    #[error("the logout token is refused: {0}")]
    LogoutToken(String),
    /// The provider did not do what was demanded of the authentication
    /// (OIDC Core 3.1.3.7, 12 and 13).
    #[error("the provider did not do what the page demands: {0}")]
    DemandNotMet(String),
    /// A fault on this side.
    #[error("{0}")]
    Internal(String),
}

impl From<SealError> for ProtocolError {
    fn from(error: SealError) -> Self {
        Self::Internal(error.to_string())
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
