//! What whoever watches over the app wants to know (ASVS 16.3): one log line for
//! each event, with the same fields everywhere. `person` stands for issuer and
//! subject; the request's id is that of the span in which the event happens.

use crate::{
    error::ErrorKind,
    session::{UserSession, person_tag},
};

/// Somebody signed in.
pub fn signed_in(session: &UserSession) {
    tracing::info!(
        event = "sign_in",
        issuer = session.issuer,
        person = session.person_tag(),
        "signed in"
    );
}

/// A sign-in ended with a refusal.
pub fn sign_in_failed(issuer: &str, kind: &ErrorKind) {
    let code = kind.code();
    if matches!(kind, ErrorKind::IdToken(_) | ErrorKind::UserInfo(_)) {
        token_refused(issuer, None, kind);
    }
    tracing::info!(event = "sign_in_failed", issuer, code, cause = %kind, "not signed in");
}

/// Somebody signed out here.
pub fn signed_out(session: &UserSession) {
    tracing::info!(
        event = "sign_out",
        issuer = session.issuer,
        person = session.person_tag(),
        "signed out"
    );
}

/// Something signed by, or said to be signed by, the provider failed a check.
pub fn token_refused(issuer: &str, person: Option<&str>, kind: &ErrorKind) {
    let code = kind.code();
    tracing::warn!(event = "token_refused", issuer, person, code, cause = %kind, "a token is refused");
}

/// Why user sessions ended that nobody ended by their own sign-out.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The provider said so (Back-Channel Logout 1.0).
    BackChannelLogout,
    /// The provider no longer renews the tokens.
    RefreshRefused,
    /// The person ended them from another browser.
    OtherBrowser,
    /// An administrator ended them.
    Administrator,
}

impl Ending {
    fn code(self) -> &'static str {
        match self {
            Self::BackChannelLogout => "back_channel_logout",
            Self::RefreshRefused => "refresh_refused",
            Self::OtherBrowser => "other_browser",
            Self::Administrator => "administrator",
        }
    }
}

/// Sign-ins were revoked; `subject` is unknown if only a session was named.
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
