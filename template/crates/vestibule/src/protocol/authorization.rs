//! The authorization request: sent through the browser, or pushed to the provider
//! directly while the browser carries a reference (RFC 9126).

use std::time::Duration;

use openidconnect::{
    AuthenticationContextClass, CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope,
    core::{CoreAuthPrompt, CoreAuthenticationFlow},
};
use serde::Deserialize;
use url::Url;

use super::{
    Demand, Discovered, Http, ProtocolError,
    config::{PushedAuthorization, RelyingParty},
    error::printable,
};
use crate::secret::Secret;

/// An authorization request, ready to be sent through the browser (OIDC Core
/// 3.1.2.1). The nonce and the verifier stay with the app.
#[derive(Debug)]
pub struct AuthorizationRequest {
    /// Where to send the browser.
    pub url: Url,
    /// What the ID token must contain.
    pub nonce: Secret,
    /// Proves at the token endpoint that the same app is asking (RFC 7636).
    pub pkce_verifier: Secret,
}

/// What a request may ask for beyond the defaults.
#[derive(Clone, Debug, Default)]
pub struct AuthorizationOptions<'a> {
    /// Who the person claims to be (`login_hint`).
    pub login_hint: Option<&'a str>,
    /// What the authentication must be like.
    pub demand: Demand,
    /// What the provider should ask the person (`prompt`).
    pub prompt: Option<Prompt>,
}

/// What the provider should ask the person (OIDC Core 3.1.2.1, `prompt`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Nothing: succeed only if the person is already signed in at the provider.
    None,
    /// Which account to use.
    SelectAccount,
}

/// The result of pushing an authorization request.
enum Pushed {
    /// The browser carries this URL.
    As(Url),
    /// The provider rejected it; the string is for the log.
    Refused(String),
}

/// Room for self-contained references, yet a bound on what browsers carry.
const MAX_REQUEST_URI: usize = 2048;

impl Discovered {
    /// [Composes](Self::compose) an authorization request and, where configured,
    /// pushes it (RFC 9126).
    ///
    /// # Errors
    /// It has to be pushed and cannot be, or the provider is unreachable.
    pub async fn begin(
        &self,
        relying_party: &RelyingParty,
        state: &str,
        options: AuthorizationOptions<'_>,
        http: &Http,
    ) -> Result<AuthorizationRequest, ProtocolError> {
        let mut request = self.compose(relying_party, state, options);
        if let Some(endpoint) = self.push_endpoint(relying_party.pushed_authorization)? {
            match self.push(&request.url, endpoint, http).await? {
                Pushed::As(url) => request.url = url,
                Pushed::Refused(cause) if self.must_push(relying_party) => {
                    return Err(ProtocolError::ProviderUnavailable(cause));
                }
                Pushed::Refused(cause) => {
                    tracing::warn!(
                        cause,
                        "pushing failed: the browser carries the authorization request"
                    );
                }
            }
        }
        Ok(request)
    }

    fn must_push(&self, relying_party: &RelyingParty) -> bool {
        relying_party.pushed_authorization == PushedAuthorization::Always
            || self
                .metadata
                .additional_metadata()
                .require_pushed_authorization_requests
    }

    /// The endpoint to push to, if the request is pushed at all.
    fn push_endpoint(&self, setting: PushedAuthorization) -> Result<Option<&Url>, ProtocolError> {
        let metadata = self.metadata.additional_metadata();
        let endpoint = metadata.pushed_authorization_request_endpoint.as_ref();
        let cause = match setting {
            PushedAuthorization::Auto => return Ok(endpoint),
            PushedAuthorization::Always if endpoint.is_some() => return Ok(endpoint),
            PushedAuthorization::Always => {
                "OIDC_PAR is always, but it offers no pushed_authorization_request_endpoint"
            }
            PushedAuthorization::Never if !metadata.require_pushed_authorization_requests => {
                return Ok(None);
            }
            PushedAuthorization::Never => "OIDC_PAR is never, but it insists on pushed requests",
        };
        Err(ProtocolError::ProviderUnavailable(cause.to_owned()))
    }

    /// Sends the request's parameters to the provider and returns what the browser
    /// carries instead (RFC 9126 2 and 4).
    async fn push(
        &self,
        request: &Url,
        endpoint: &Url,
        http: &Http,
    ) -> Result<Pushed, ProtocolError> {
        /// RFC 9126 2.2
        #[derive(Deserialize)]
        struct Answer {
            request_uri: String,
        }

        /// RFC 9126 2.3
        #[derive(Deserialize)]
        struct Refusal {
            error: String,
        }

        let authorization_endpoint = self.metadata.authorization_endpoint().url();
        // Parameters that belong to the endpoint's own URL stay there.
        let own = authorization_endpoint.query_pairs().count();
        let parameters: Vec<_> = request
            .query_pairs()
            .skip(own)
            .filter(|(name, _)| name != "client_id")
            .collect();
        let mut fields: Vec<(&str, String)> = self.authentication.fields(endpoint.as_str())?;
        for (name, value) in &parameters {
            fields.push((name, value.to_string()));
        }
        let refused = |cause: String| {
            Ok(Pushed::Refused(format!(
                "its pushed_authorization_request_endpoint {cause}"
            )))
        };
        let answer = http
            .post_form(endpoint.clone(), &fields, self.authentication.basic())
            .await
            .map_err(|error| ProtocolError::ProviderUnavailable(error.to_string()))?;
        if !answer.status().is_success() {
            let error = serde_json::from_slice::<Refusal>(answer.body());
            let error = error.map(|refusal| format!(" ({})", printable(&refusal.error)));
            return refused(format!(
                "answered {}{}",
                answer.status(),
                error.unwrap_or_default()
            ));
        }
        let reference = serde_json::from_slice::<Answer>(answer.body())
            .map(|answer| answer.request_uri)
            .unwrap_or_default();
        let is_reference = (1..=MAX_REQUEST_URI).contains(&reference.len())
            && reference.chars().all(|c| c.is_ascii_graphic());
        if !is_reference {
            return refused("returned no usable request_uri".to_owned());
        }
        let mut url = authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("client_id", self.client.client_id())
            .append_pair("request_uri", &reference);
        Ok(Pushed::As(url))
    }

    /// Makes an authorization request with PKCE, this state and a fresh nonce (OIDC
    /// Core 3.1.2.1, RFC 7636), without sending it.
    pub fn compose(
        &self,
        relying_party: &RelyingParty,
        state: &str,
        options: AuthorizationOptions<'_>,
    ) -> AuthorizationRequest {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new(state.to_owned());
        // The library adds `openid` itself.
        let scopes = relying_party
            .scopes
            .iter()
            .filter(|scope| *scope != "openid");
        let mut request = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || state,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge)
            .add_scopes(scopes.cloned().map(Scope::new));
        for (name, value) in &relying_party.extra_parameters {
            let is_replaced = match name.as_str() {
                "login_hint" => options.login_hint.is_some(),
                "prompt" => options.prompt.is_some(),
                _ => false,
            };
            if !is_replaced {
                request = request.add_extra_param(name.clone(), value.clone());
            }
        }
        if let Some(login_hint) = options.login_hint {
            request = request.add_extra_param("login_hint", login_hint.to_owned());
        }
        if let Some(max_age) = options.demand.max_age {
            request = request.set_max_age(Duration::from_secs(max_age));
        }
        for value in options.demand.acr_values {
            request = request.add_auth_context_value(AuthenticationContextClass::new(value));
        }
        match options.prompt {
            Some(Prompt::None) => request = request.add_prompt(CoreAuthPrompt::None),
            Some(Prompt::SelectAccount) => {
                request = request.add_prompt(CoreAuthPrompt::SelectAccount);
            }
            None => {}
        }
        let (url, _, nonce) = request.url();
        AuthorizationRequest {
            url,
            nonce: Secret::new(nonce.secret()),
            pkce_verifier: Secret::new(verifier.into_secret()),
        }
    }
}

/// What the provider may know about a verifier before it is used (RFC 7636 4.2,
/// method S256).
///
/// # Errors
/// The verifier is missing or malformed.
pub fn code_challenge(pkce_verifier: &Secret) -> Result<String, ProtocolError> {
    let verifier = pkce_verifier.expose();
    // The library panics on verifiers of any other length (RFC 7636 4.1).
    if !(43..=128).contains(&verifier.len()) {
        return Err(ProtocolError::Internal(
            "the transaction has no PKCE verifier".to_owned(),
        ));
    }
    let verifier = PkceCodeVerifier::new(verifier.to_owned());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    Ok(challenge.as_str().to_owned())
}
