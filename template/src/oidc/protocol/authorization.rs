//! The request that a browser carries to the provider.

use std::time::Duration;

use openidconnect::{
    CsrfToken, Nonce, PkceCodeChallenge, Scope,
    core::{CoreAuthPrompt, CoreAuthenticationFlow},
};
use url::Url;

use super::Discovered;
use crate::settings::{RelyingParty, Secret};

/// An authorization request that is ready to be sent with the browser
/// (OIDC Core 3.1.2.1). Nonce and verifier stay with the app.
#[derive(Debug)]
pub struct AuthorizationRequest {
    /// Where to send the browser.
    pub url: Url,
    /// What the ID token must repeat.
    pub nonce: Secret,
    /// What proves at the token endpoint that the same app asks (RFC 7636).
    pub pkce_verifier: Secret,
}

/// What one request may ask for beside the usual.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'a> {
    /// Whom the person claims to be (`login_hint`).
    pub login_hint: Option<&'a str>,
    /// How old the person's last authentication may be, in seconds (`max_age`).
    pub max_age: Option<u64>,
    /// Ask nothing: succeed only if the person is signed in at the provider
    /// (`prompt=none`).
    pub silent: bool,
}

impl Discovered {
    /// Makes an authorization request with PKCE, the given state and a fresh
    /// nonce (OIDC Core 3.1.2.1, RFC 7636).
    pub fn begin(
        &self,
        relying_party: &RelyingParty,
        state: &str,
        wishes: Wishes<'_>,
    ) -> AuthorizationRequest {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = CsrfToken::new(state.to_owned());
        // The library itself adds `openid`.
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
        if let Some(login_hint) = wishes.login_hint {
            request = request.add_extra_param("login_hint", login_hint.to_owned());
        }
        if let Some(max_age) = wishes.max_age {
            request = request.set_max_age(Duration::from_secs(max_age));
        }
        if wishes.silent {
            request = request.add_prompt(CoreAuthPrompt::None);
        }
        let (url, _, nonce) = request.url();
        AuthorizationRequest {
            url,
            nonce: Secret::new(nonce.secret()),
            pkce_verifier: Secret::new(verifier.into_secret()),
        }
    }
}
