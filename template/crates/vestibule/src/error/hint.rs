//! The hint that the log adds to an error's cause, for the people who run the app.

use super::ErrorKind;
use crate::protocol::causes::{
    CLIENT_REFUSED, CLIENT_UNAUTHORIZED, KEYS_READ_BEFORE, NO_KEYS, NO_TLS, NOT_FOR_US, NOT_THERE,
    ONLY_DIRECT, OTHER_AUDIENCE, OTHER_ISSUER, REDIRECT_URI_REFUSED, SCOPE_REFUSED, TIMES,
    UNEXPECTED_ISSUER, WEB_PAGE,
};

const CLIENT_CREDENTIALS: &str = "the provider does not accept this app's secret or key: copy \
    OIDC_CLIENT_SECRET anew from there, as it may have expired; if it is right, set \
    OIDC_CLIENT_AUTH to the method that the provider expects";

const UNAUTHORIZED: &str = "allow this app's registration at the provider to sign people in with \
    the authorization code flow, and to use refresh tokens if it asks for them";

const REDIRECT_URI: &str = "register this app's redirect URI at the provider, to the letter: \
    APP_BASE_URL and /authorization-code/callback, unless OIDC_LOGIN_REDIRECT_URI or the app says \
    otherwise";

impl ErrorKind {
    /// What the people who run the app can do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::SignedOut
            | Self::NotFresh(_)
            | Self::NotAssured(_)
            | Self::NotSignedInAtProvider => "no action needed: the person is asked to sign in",
            Self::AddressTooLong(_) => {
                "no action needed if rare; otherwise give the page a path of at most 1024 bytes, or \
                 put what is long into its query, which alone is left out then"
            }
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
            Self::TransactionExpired
            | Self::ExpiredAtProvider
            | Self::OtpElsewhere
            | Self::RefreshRefused => "no action needed: the person can sign in again",
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
            Self::ProviderError(error) if error.contains(REDIRECT_URI_REFUSED) => REDIRECT_URI,
            Self::ProviderError(error) if error == CLIENT_UNAUTHORIZED => UNAUTHORIZED,
            Self::ProviderError(error) if error == SCOPE_REFUSED => {
                "the provider does not know, or does not grant this app, one of the OIDC_SCOPES: \
                 allow it there, or leave it out"
            }
            Self::ProviderError(_) => {
                "check the provider's log, and compare its registration of this app with \
                 OIDC_CLIENT_ID, OIDC_SCOPES and OIDC_LOGIN_REDIRECT_URI"
            }
            Self::CodeRefused => {
                "no action needed if rare: the page was loaded twice; otherwise check the \
                 provider's log"
            }
            Self::TokenAnswer(cause) if cause.contains(CLIENT_REFUSED) => CLIENT_CREDENTIALS,
            Self::TokenAnswer(cause) if cause.contains(CLIENT_UNAUTHORIZED) => UNAUTHORIZED,
            Self::TokenAnswer(cause) if cause.contains(REDIRECT_URI_REFUSED) => REDIRECT_URI,
            Self::TokenAnswer(_) => {
                "compare OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and OIDC_CLIENT_AUTH with the \
                 provider's registration of this app, and check the provider's log"
            }
            Self::IdToken(cause) if cause.contains(OTHER_AUDIENCE) => {
                "if tokens are meant for that audience too, add it to OIDC_TRUSTED_AUDIENCES; it is \
                 recommended to have the provider issue tokens for this client alone"
            }
            Self::IdToken(cause) if cause.contains(NOT_FOR_US) => {
                "set OIDC_CLIENT_ID to the client id that the provider shows for this app"
            }
            Self::IdToken(cause) if cause == OTHER_ISSUER => {
                "set OIDC_ISSUER to the issuer that the provider writes into its tokens; some write \
                 another one than their metadata name, and that has to be changed there"
            }
            Self::IdToken(cause) if TIMES.iter().any(|text| cause.contains(text)) => {
                "set this machine's clock, and the provider's; OIDC_CLOCK_SKEW_SECONDS says how far \
                 apart they may be"
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
            Self::ProviderUnavailable(cause) if cause.contains(NO_KEYS) => {
                "give the provider a key to sign tokens with, and this app's registration there too \
                 if it has one of its own; RS256 or ES256 is recommended"
            }
            Self::ProviderUnavailable(cause) if cause == KEYS_READ_BEFORE => {
                "no action needed: somebody sends logout tokens that the provider has not signed; if \
                 your own proxy is in front of the app, add it to APP_TRUSTED_PROXIES, so that the \
                 provider's tokens can be told from theirs"
            }
            Self::ProviderUnavailable(cause) if cause.contains(WEB_PAGE) => {
                "something other than the provider answers at OIDC_ISSUER, such as a login page, a \
                 proxy or a website: open OIDC_ISSUER with /.well-known/openid-configuration behind \
                 it, which should show JSON"
            }
            Self::ProviderUnavailable(cause) if cause.contains(NOT_THERE) => {
                "check OIDC_ISSUER: open it with /.well-known/openid-configuration behind it, which \
                 should show JSON. Often a realm, a tenant or an authorization server belongs at its \
                 end"
            }
            Self::ProviderUnavailable(cause) if cause.contains(UNEXPECTED_ISSUER) => {
                "set OIDC_ISSUER to the issuer that the metadata name, to the letter, if that is the \
                 provider that you mean"
            }
            Self::ProviderUnavailable(cause) if cause.contains(NO_TLS) => {
                "the provider names an address that starts with http://: set its own address to \
                 https://, often where it is told of the proxy in front of it"
            }
            Self::ProviderUnavailable(cause) if cause.contains(ONLY_DIRECT) => {
                "have the provider name its public address to browsers, which is that of OIDC_ISSUER; \
                 Keycloak is told it by KC_HOSTNAME"
            }
            Self::ProviderUnavailable(cause) if cause.contains(CLIENT_REFUSED) => {
                CLIENT_CREDENTIALS
            }
            Self::ProviderUnavailable(cause) if cause.contains(REDIRECT_URI_REFUSED) => {
                REDIRECT_URI
            }
            Self::ProviderUnavailable(_) => {
                "check that this machine can reach OIDC_ISSUER, or OIDC_DIRECT_URL if that is set: \
                 network, HTTPS_PROXY, OIDC_CA_FILE, OIDC_TIMEOUT_SECONDS"
            }
            Self::StoreUnavailable(_) => "check that the store in SESSION_STORE can be reached",
            Self::NotFound | Self::MethodNotAllowed | Self::BadRequest(_) => {
                "no action needed, unless a page of this app links here"
            }
            Self::BodyTooLarge(_) => {
                "if people should be able to send more, raise the limit of the extractor: \
                 PayloadConfig for SignedForm, PublicForm and Bytes, FormConfig for web::Form, \
                 JsonConfig for web::Json"
            }
            Self::BodyType(_) => {
                "send forms as application/x-www-form-urlencoded and JSON as application/json; a \
                 form with files needs a handler of its own kind, which the library's README shows"
            }
            Self::BodySyntax(_) | Self::InvalidFields(..) => {
                "no action needed if rare; otherwise compare the form or the script that sends it \
                 with the fields that its handler reads"
            }
            Self::Undeclared(_) => {
                "for everybody: mount it with oidc.public(table); for people who are signed in: mount \
                 it with oidc.protected(table), or give its handler an argument such as user: User"
            }
            Self::Internal(_) => "this is a bug in the app: start with what changed last",
        }
    }
}
