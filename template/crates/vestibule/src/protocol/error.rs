//! Why a step of the protocol fails. The strings are for the log: they contain no
//! token, code or secret.

use crate::seal::SealError;

/// Why a step of the protocol failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The provider is unreachable or unusable at the moment.
    #[error("the provider cannot be used: {0}")]
    ProviderUnavailable(String),
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
    /// The provider has no userinfo endpoint.
    #[error("the provider has no userinfo endpoint")]
    NoUserInfo,
    /// A logout token failed a check (Back-Channel Logout 1.0, 2.6).
    #[error("the logout token was rejected: {0}")]
    LogoutToken(String),
    /// The provider did not authenticate the person as demanded (OIDC Core 3.1.3.7,
    /// 12 and 13).
    #[error("the provider did not meet the demand: {0}")]
    DemandNotMet(String),
    /// A failure on this side.
    #[error("{0}")]
    Internal(String),
}

impl From<SealError> for ProtocolError {
    fn from(error: SealError) -> Self {
        Self::Internal(error.to_string())
    }
}

/// An error code with the characters that RFC 6749 4.1.2.1 allows, cut short for
/// the log.
pub fn printable(error: &str) -> String {
    error
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(64)
        .collect()
}
