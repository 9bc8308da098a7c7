//! Security events for monitoring (ASVS 16.3): one log line each, with the same
//! fields everywhere. `person` stands for issuer and subject; the request id comes
//! from the span.

use crate::{
    error::ErrorKind,
    session::{UserSession, person_tag},
};

/// Someone signed in.
pub fn signed_in(session: &UserSession) {
    tracing::info!(
        event = "sign_in",
        issuer = session.issuer,
        person = session.person_tag(),
        "signed in"
    );
}

/// A sign-in failed.
pub fn sign_in_failed(issuer: &str, kind: &ErrorKind) {
    let code = kind.code();
    if matches!(kind, ErrorKind::IdToken(_) | ErrorKind::UserInfo(_)) {
        token_refused(issuer, None, kind);
    }
    let cause = kind.cause();
    tracing::info!(event = "sign_in_failed", issuer, code, %cause, "not signed in");
}

/// Someone signed out here.
pub fn signed_out(session: &UserSession) {
    tracing::info!(
        event = "sign_out",
        issuer = session.issuer,
        person = session.person_tag(),
        "signed out"
    );
}

/// Something signed by the provider, or claiming to be, failed a check.
pub fn token_refused(issuer: &str, person: Option<&str>, kind: &ErrorKind) {
    let (code, cause) = (kind.code(), kind.cause());
    tracing::warn!(event = "token_refused", issuer, person, code, %cause, "token rejected");
}

/// Why user sessions ended other than by the person signing out.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The provider said so (Back-Channel Logout 1.0).
    BackChannelLogout,
    /// The provider no longer refreshes the tokens.
    RefreshRefused,
    /// The person ended them from another browser.
    OtherBrowser,
    /// An administrator ended them.
    Administrator,
    /// The person has signed in more often than the settings allow.
    TooMany,
}

impl Ending {
    fn code(self) -> &'static str {
        match self {
            Self::BackChannelLogout => "back_channel_logout",
            Self::RefreshRefused => "refresh_refused",
            Self::OtherBrowser => "other_browser",
            Self::Administrator => "administrator",
            Self::TooMany => "too_many_sessions",
        }
    }
}

/// User sessions were ended; `subject` is `None` if only a session was named.
pub fn revoked(issuer: &str, subject: Option<&str>, ending: Ending, count: usize) {
    tracing::info!(
        event = "sessions_revoked",
        issuer,
        person = subject.map(|subject| person_tag(issuer, subject)),
        code = ending.code(),
        count,
        "user sessions were ended"
    );
}
