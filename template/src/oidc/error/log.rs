//! What the log says of each refusal: the cause, and the mend.

use std::fmt;

use super::Reason;

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
                f.write_str("the sign-in cannot be renewed; the line before says why")
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

impl Reason {
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
}

/// An error code as RFC 6749 4.1.2.1 allows it, cut short for the log.
pub fn printable(error: &str) -> String {
    error
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(64)
        .collect()
}
