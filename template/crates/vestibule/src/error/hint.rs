//! What the log says besides the cause: a hint for the people who run the app.

use super::ErrorKind;

impl ErrorKind {
    /// What the people who run the app can do about it.
    pub(crate) fn hint(&self) -> &'static str {
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
            Self::TransactionUnknown => {
                "none needed if it is rare; if not, see that browsers reach the app at \
                 APP_BASE_URL and that all instances have the same SESSION_SECRET"
            }
            Self::TransactionExpired | Self::OtpElsewhere | Self::RefreshRefused => {
                "none needed: the person can sign in again"
            }
            Self::SignInLoop => {
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
            Self::NotAdmitted(_) => "see the rule in the app's hooks",
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
