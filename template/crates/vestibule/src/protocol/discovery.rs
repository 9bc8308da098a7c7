//! Discovery: reading a provider's metadata and keys.

use openidconnect::{ClientId, ClientSecret, IssuerUrl, RedirectUrl};
use url::Url;

use super::{
    client_authentication::ClientAuthentication,
    config::{ProviderSettings, RelyingParty},
    documents::{self, KeyIssuers},
    error::causes::{NO_TLS, ONLY_DIRECT},
    http::Http,
    tenants::Issuers,
    types::{Metadata, RelyingPartyClient},
};
use crate::loopback::is_https_or_loopback;

/// What is known about a provider: its metadata, its keys, and this app as its
/// client.
#[derive(Clone, Debug)]
pub struct Discovered {
    pub(super) metadata: Metadata,
    pub(super) client: RelyingPartyClient,
    pub(super) authentication: ClientAuthentication,
    pub(super) issuers: Issuers,
    pub(super) key_issuers: KeyIssuers,
}

/// Why a provider cannot be used; the string is for the log.
#[derive(Clone, Debug)]
pub struct Unusable(pub String);

impl Discovered {
    /// Reads a provider's metadata and keys (OIDC Discovery 4).
    ///
    /// # Errors
    /// No usable response, an issuer other than the configured one, or an endpoint
    /// that is not protected by TLS.
    pub async fn read(
        provider: &ProviderSettings,
        relying_party: &RelyingParty,
        http: &Http,
    ) -> Result<Self, Unusable> {
        let issuer = IssuerUrl::new(provider.issuer.clone())
            .map_err(|error| Unusable(format!("the issuer is not a URL: {error}")))?;
        let location = provider.metadata_location();
        let issuers = provider.issuers();
        let metadata = documents::metadata(&location, &issuers, http).await?;
        // Only a provider on this machine can do without TLS, and not in part.
        let is_protected = |url: &Url| match issuer.url().scheme() {
            "https" => url.scheme() == "https",
            _ => is_https_or_loopback(url),
        };
        for (name, url, asked_by) in endpoints(&metadata) {
            let Some(url) = url else { continue };
            let is_direct = http.is_direct(url);
            if asked_by == AskedBy::Browser && is_direct && url.origin() != issuer.url().origin() {
                return Err(Unusable(format!("its {name} {ONLY_DIRECT}")));
            }
            if !is_direct && !is_protected(url) {
                return Err(Unusable(format!("its {name} {NO_TLS}")));
            }
        }
        let (keys, key_issuers) = documents::keys(metadata.jwks_uri(), http).await?;
        let metadata = metadata.set_jwks(keys);
        let authentication = ClientAuthentication::choose(&metadata, provider)?;
        Ok(Self {
            client: client(&metadata, provider, relying_party, &authentication),
            authentication,
            metadata,
            issuers,
            key_issuers,
        })
    }

    /// The same provider with its keys read again (OIDC Core 10.1.1).
    ///
    /// # Errors
    /// No usable response.
    pub async fn with_fresh_keys(
        &self,
        provider: &ProviderSettings,
        relying_party: &RelyingParty,
        http: &Http,
    ) -> Result<Self, Unusable> {
        let (keys, key_issuers) = documents::keys(self.metadata.jwks_uri(), http).await?;
        let metadata = self.metadata.clone().set_jwks(keys);
        Ok(Self {
            client: client(&metadata, provider, relying_party, &self.authentication),
            authentication: self.authentication.clone(),
            metadata,
            issuers: self.issuers.clone(),
            key_issuers,
        })
    }

    /// Whether this is the issuer on which the provider and the settings agree, or, with
    /// many tenants, one of them.
    pub fn issues_as(&self, issuer: &str) -> bool {
        self.issuers.include(issuer)
    }

    /// Whether the provider sends `iss` with each callback (RFC 9207 3).
    pub fn names_itself_in_callbacks(&self) -> bool {
        self.metadata
            .additional_metadata()
            .authorization_response_iss_parameter_supported
    }

    /// The origins that this app's forms may lead to: the login page's button and
    /// signing out both end at the provider.
    pub fn form_targets(&self, relying_party: &RelyingParty) -> Vec<String> {
        let logout = self.logout_endpoint(relying_party);
        let mut origins: Vec<String> = Vec::new();
        for url in logout
            .iter()
            .chain([self.metadata.authorization_endpoint().url()])
        {
            let origin = url.origin().ascii_serialization();
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        origins
    }
}

/// Who sends requests to an endpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AskedBy {
    App,
    Browser,
}

/// All endpoints.
fn endpoints(metadata: &Metadata) -> [(&'static str, Option<&Url>, AskedBy); 7] {
    let more = metadata.additional_metadata();
    [
        ("jwks_uri", Some(metadata.jwks_uri().url()), AskedBy::App),
        (
            "authorization_endpoint",
            Some(metadata.authorization_endpoint().url()),
            AskedBy::Browser,
        ),
        (
            "token_endpoint",
            metadata.token_endpoint().map(|endpoint| endpoint.url()),
            AskedBy::App,
        ),
        (
            "userinfo_endpoint",
            metadata.userinfo_endpoint().map(|endpoint| endpoint.url()),
            AskedBy::App,
        ),
        (
            "pushed_authorization_request_endpoint",
            more.pushed_authorization_request_endpoint.as_ref(),
            AskedBy::App,
        ),
        (
            "revocation_endpoint",
            more.revocation_endpoint
                .as_ref()
                .map(|endpoint| endpoint.url()),
            AskedBy::App,
        ),
        (
            "end_session_endpoint",
            more.end_session_endpoint
                .as_ref()
                .map(|endpoint| endpoint.url()),
            AskedBy::Browser,
        ),
    ]
}

fn client(
    metadata: &Metadata,
    provider: &ProviderSettings,
    relying_party: &RelyingParty,
    authentication: &ClientAuthentication,
) -> RelyingPartyClient {
    let secret = authentication.secret();
    RelyingPartyClient::from_provider_metadata(
        metadata.clone(),
        ClientId::new(provider.client_id.clone()),
        secret.map(|secret| ClientSecret::new(secret.expose().to_owned())),
    )
    .set_redirect_uri(RedirectUrl::from_url(
        relying_party.login_redirect_uri.clone(),
    ))
    .set_auth_type(authentication.library_auth_type())
}
