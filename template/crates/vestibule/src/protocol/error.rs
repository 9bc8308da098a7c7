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

/// Causes for which the log has a hint of their own. A cause contains one of them.
pub mod causes {
    /// A token names an audience that the settings do not trust (OIDC Core
    /// 3.1.3.7-3).
    pub const OTHER_AUDIENCE: &str = "which is not a trusted audience";
    /// A token is not for this client.
    pub const NOT_FOR_US: &str = "does not name this client";
    /// A token is of another issuer.
    pub const OTHER_ISSUER: &str = "iss names another issuer";
    /// A token's times do not fit this machine's clock.
    pub const TIMES: [&str; 4] = [
        "it has expired",
        "in the future",
        "iat is too old",
        "iat is negative",
    ];
    /// The provider publishes no key.
    pub const NO_KEYS: &str = "contains no keys";
    /// A notice names an unknown key, and the keys were read again just before.
    pub const KEYS_READ_BEFORE: &str =
        "a token names an unknown key, and the keys were read again a moment ago";
    /// A web page is where a JSON document should be.
    pub const WEB_PAGE: &str = "is a web page";
    /// There is no document at that address.
    pub const NOT_THERE: &str = "it answered 404";
    /// The metadata are another issuer's.
    pub const UNEXPECTED_ISSUER: &str = "unexpected issuer";
    /// Something is, or would be, sent in clear.
    pub const NO_TLS: &str = "is not protected by TLS";
    /// Browsers are to go where only the app itself gets.
    pub const ONLY_DIRECT: &str = "is at OIDC_DIRECT_URL, where browsers do not get";
    /// The client's authentication is refused (RFC 6749 5.2).
    pub const CLIENT_REFUSED: &str = "invalid_client";
    /// The client may not do this (RFC 6749 5.2).
    pub const CLIENT_UNAUTHORIZED: &str = "unauthorized_client";
    /// The provider does not know the redirect URI, whatever it calls that.
    pub const REDIRECT_URI_REFUSED: &str = "redirect_uri";
    /// The provider does not grant a scope (RFC 6749 4.1.2.1).
    pub const SCOPE_REFUSED: &str = "invalid_scope";
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
