//! The hint that the log adds to an error's cause, for the people who run the app.

use super::ErrorKind;

impl ErrorKind {
    /// What the people who run the app can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::SignedOut
            | Self::NotFresh(_)
            | Self::NotAssured(_)
            | Self::NotSignedInAtProvider => "no action needed: the person is asked to sign in",
            Self::DemandNotMet(_) => {
                "check that the provider supports max_age and the acr_values that the page's guard \
                 or OIDC_EXTRA_PARAMETERS names, and that the person can authenticate that way"
            }
            Self::MissingRole(_) => {
                "if the person should have the role, assign it at the provider; OIDC_ROLES_CLAIM \
                 says which claim roles are read from"
            }
            Self::ForgedForm => {
                "if this is your own form, add the hidden field csrf_token; if not, a forged \
                 request was blocked"
            }
            Self::TransactionUnknown => {
                "no action needed if rare; otherwise check that browsers reach the app at \
                 APP_BASE_URL and that all instances share one SESSION_SECRET"
            }
            Self::TransactionExpired | Self::OtpElsewhere | Self::RefreshRefused => {
                "no action needed: the person can sign in again"
            }
            Self::SignInLoop => {
                "check that the browser keeps the app's cookies, that all instances share one \
                 SESSION_STORE, and that this machine's clock agrees with the provider's"
            }
            Self::ParameterRepeated(_) | Self::TokenInCallback(_) | Self::CodeMissing => {
                "no action needed if rare: someone altered the address; otherwise report it to the \
                 provider"
            }
            Self::MixedUp(_) => {
                "compare OIDC_ISSUER with the provider's metadata; if they agree, someone is \
                 passing off another provider's response as this one's"
            }
            Self::Denied => {
                "if the person should have access, assign this app to them at the provider"
            }
            Self::ProviderError(_) => {
                "check the provider's log, and compare its registration of this app with \
                 OIDC_CLIENT_ID, OIDC_SCOPES and OIDC_LOGIN_REDIRECT_URI"
            }
            Self::CodeRefused => {
                "no action needed if rare: the page was loaded twice; otherwise check the \
                 provider's log"
            }
            Self::TokenAnswer(_) => {
                "compare OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_CLIENT_AUTH with the \
                 provider's registration of this app, and check the provider's log"
            }
            Self::IdToken(_) => {
                "compare OIDC_ISSUER and OIDC_CLIENT_ID with the provider's registration of this \
                 app, and this machine's clock with the provider's"
            }
            Self::UserInfo(_) => "report it to the provider",
            Self::TooManyLogins => {
                "no action needed if someone is flooding the app; if your own proxy is in front of \
                 it, add that proxy to APP_TRUSTED_PROXIES"
            }
            Self::LogoutToken(_) => {
                "compare OIDC_ISSUER and OIDC_CLIENT_ID with the provider's registration of this \
                 app, and this machine's clock with the provider's; if they agree, the token is forged"
            }
            Self::NotAdmitted(_) => "see the rule in the app's hooks",
            Self::ProviderUnavailable(_) => {
                "check that this machine can reach OIDC_ISSUER: network, HTTPS_PROXY, OIDC_CA_FILE, \
                 OIDC_TIMEOUT_SECONDS"
            }
            Self::StoreUnavailable(_) => "check that the store in SESSION_STORE can be reached",
            Self::NotFound | Self::MethodNotAllowed | Self::BadRequest(_) => {
                "no action needed, unless a page of this app links here"
            }
            Self::Undeclared(_) => {
                "for everybody: mount it with oidc.public(table); for people who are signed in: mount \
                 it with oidc.protected(table), or give its handler an argument such as user: User"
            }
            Self::Internal(_) => "this is a bug in the app: start with what changed last",
        }
    }
}
