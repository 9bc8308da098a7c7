//! How the app authenticates at the provider's endpoints (OIDC Core 9): with its
//! secret, or with a signature.

use std::sync::Arc;

use openidconnect::{AuthType, core::CoreClientAuthMethod};
use serde_json::{Value, json};

use super::{
    client_key::ClientKey,
    config::{AssertionAudience, Credential, ProviderSettings, SecretMethod, SignatureAlgorithm},
    discovery::Unusable,
    types::Metadata,
};
use crate::{
    clock::now,
    seal::{self, SealError},
    secret::Secret,
};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long an assertion is valid, in seconds: just long enough to arrive.
const ASSERTION_LIFE: u64 = 60;

/// The authentication method that fits the settings and the provider.
#[derive(Clone, Debug)]
pub(super) enum ClientAuthentication {
    /// `client_secret_basic`
    Basic { client_id: String, secret: Secret },
    /// `client_secret_post`
    Post { client_id: String, secret: Secret },
    /// `private_key_jwt`
    PrivateKey(Assertions),
    /// `client_secret_post` with secrets that the app signs itself
    SignedSecret(SignedSecrets),
}

/// Makes client secrets that are JWTs, as Apple has them. Each lasts for one call, so none has
/// to be replaced in time.
#[derive(Clone, Debug)]
pub(super) struct SignedSecrets {
    client_id: String,
    key: Arc<ClientKey>,
    key_id: String,
    algorithm: SignatureAlgorithm,
    /// Who signs: at Apple, the team.
    issuer: String,
    audience: String,
}

/// Makes client assertions (RFC 7523 2.2 and 3).
#[derive(Clone, Debug)]
pub(super) struct Assertions {
    client_id: String,
    key: Arc<ClientKey>,
    key_id: Option<String>,
    algorithm: SignatureAlgorithm,
    audience: AssertionAudience,
    issuer: String,
    token_endpoint: String,
}

impl ClientAuthentication {
    /// Picks a method that the provider supports, where the settings leave a
    /// choice.
    pub fn choose(metadata: &Metadata, provider: &ProviderSettings) -> Result<Self, Unusable> {
        let client_id = provider.client_id.clone();
        Ok(match &provider.credential {
            Credential::Secret { secret, method } => {
                let secret = secret.clone();
                match method.unwrap_or_else(|| preferred_method(metadata)) {
                    SecretMethod::Basic => Self::Basic { client_id, secret },
                    SecretMethod::Post => Self::Post { client_id, secret },
                }
            }
            Credential::PrivateKey { key, id, audience } => Self::PrivateKey(Assertions {
                client_id,
                algorithm: assertion_algorithm(metadata, key)?,
                key: Arc::clone(key),
                key_id: id.clone(),
                audience: *audience,
                issuer: provider.issuer.clone(),
                token_endpoint: metadata
                    .token_endpoint()
                    .map(|endpoint| endpoint.to_string())
                    .unwrap_or_default(),
            }),
            Credential::SignedSecret { key, id, issuer } => Self::SignedSecret(SignedSecrets {
                client_id,
                algorithm: assertion_algorithm(metadata, key)?,
                key: Arc::clone(key),
                key_id: id.clone(),
                issuer: issuer.clone(),
                audience: provider.issuer.clone(),
            }),
        })
    }

    /// What the library adds to its own requests.
    pub fn library_auth_type(&self) -> AuthType {
        match self {
            Self::Basic { .. } => AuthType::BasicAuth,
            Self::Post { .. } | Self::PrivateKey(_) | Self::SignedSecret(_) => {
                AuthType::RequestBody
            }
        }
    }

    /// The secret, if there is one that stays.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Basic { secret, .. } | Self::Post { secret, .. } => Some(secret),
            Self::PrivateKey(_) | Self::SignedSecret(_) => None,
        }
    }

    /// Client id and secret for the `Authorization` header.
    pub fn basic(&self) -> Option<(&str, &str)> {
        match self {
            Self::Basic { client_id, secret } => Some((client_id, secret.expose())),
            Self::Post { .. } | Self::PrivateKey(_) | Self::SignedSecret(_) => None,
        }
    }

    /// The form fields for a request that the app sends to `endpoint` itself. Every
    /// call creates a new assertion.
    pub fn fields(&self, endpoint: &str) -> Result<Vec<(&'static str, String)>, SealError> {
        let named = |client_id: &String| ("client_id", client_id.clone());
        Ok(match self {
            Self::Basic { client_id, .. } => vec![named(client_id)],
            Self::Post { client_id, secret } => vec![
                named(client_id),
                ("client_secret", secret.expose().to_owned()),
            ],
            Self::PrivateKey(assertions) => {
                let mut fields = vec![named(&assertions.client_id)];
                fields.extend(assertions.fields(endpoint)?);
                fields
            }
            Self::SignedSecret(secrets) => vec![
                named(&secrets.client_id),
                ("client_secret", secrets.secret()?),
            ],
        })
    }

    /// The form fields to add to the library's token requests, which already
    /// contain the client id and the secret.
    pub fn additional_fields(&self) -> Result<Vec<(&'static str, String)>, SealError> {
        match self {
            Self::Basic { .. } | Self::Post { .. } => Ok(Vec::new()),
            Self::PrivateKey(assertions) => {
                assertions.fields(&assertions.token_endpoint).map(Vec::from)
            }
            Self::SignedSecret(secrets) => Ok(vec![("client_secret", secrets.secret()?)]),
        }
    }
}

impl Assertions {
    fn fields(&self, endpoint: &str) -> Result<[(&'static str, String); 2], SealError> {
        Ok([
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", self.assertion(endpoint)?),
        ])
    }

    fn audience_at<'a>(&'a self, endpoint: &'a str) -> &'a str {
        match self.audience {
            AssertionAudience::Issuer => &self.issuer,
            AssertionAudience::TokenEndpoint => &self.token_endpoint,
            AssertionAudience::Endpoint => endpoint,
        }
    }

    /// A signed, single-use statement that this is the client.
    fn assertion(&self, endpoint: &str) -> Result<String, SealError> {
        let issued_at = now();
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience_at(endpoint),
            "jti": seal::random_string()?,
            "iat": issued_at,
            "exp": issued_at.saturating_add(ASSERTION_LIFE),
        });
        signed(&self.key, self.algorithm, self.key_id.as_deref(), &claims)
    }
}

impl SignedSecrets {
    fn secret(&self) -> Result<String, SealError> {
        let issued_at = now();
        let claims = json!({
            "iss": self.issuer,
            "sub": self.client_id,
            "aud": self.audience,
            "iat": issued_at,
            "exp": issued_at.saturating_add(ASSERTION_LIFE),
        });
        signed(&self.key, self.algorithm, Some(&self.key_id), &claims)
    }
}

/// A JWT (RFC 7519 7.1).
fn signed(
    key: &ClientKey,
    algorithm: SignatureAlgorithm,
    key_id: Option<&str>,
    claims: &Value,
) -> Result<String, SealError> {
    let mut header = json!({ "alg": algorithm.name(), "typ": "JWT" });
    if let Some(key_id) = key_id {
        header["kid"] = json!(key_id);
    }
    let part = |value: &Value| seal::encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = key.sign(algorithm, message.as_bytes())?;
    Ok(format!("{message}.{}", seal::encode(&signature)))
}

/// Basic is the default for providers that do not say (OIDC Discovery 3).
fn preferred_method(metadata: &Metadata) -> SecretMethod {
    match metadata.token_endpoint_auth_methods_supported() {
        Some(offered)
            if !offered.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && offered.contains(&CoreClientAuthMethod::ClientSecretPost) =>
        {
            SecretMethod::Post
        }
        _ => SecretMethod::Basic,
    }
}

/// The first of the key's algorithms that the provider supports, according to its
/// metadata.
fn assertion_algorithm(
    metadata: &Metadata,
    key: &ClientKey,
) -> Result<SignatureAlgorithm, Unusable> {
    let offered = metadata.token_endpoint_auth_signing_alg_values_supported();
    let is_offered = |algorithm: &&SignatureAlgorithm| {
        offered.is_none_or(|offered| offered.contains(&(**algorithm).into()))
    };
    let found = key.algorithms().iter().find(is_offered);
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = key.algorithms().iter().map(|alg| alg.name()).collect();
        Unusable(format!(
            "it accepts no client assertions signed with {}: use another kind of key in \
             OIDC_CLIENT_KEY_FILE",
            names.join(" or ")
        ))
    })
}
