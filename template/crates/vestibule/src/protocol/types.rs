//! The many type parameters of `openidconnect`, chosen in one place.

use openidconnect::{
    AdditionalProviderMetadata, Client, EmptyAdditionalClaims, EndSessionUrl, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, ProviderMetadata, RevocationUrl,
    StandardErrorResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
        CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreSubjectIdentifierType, CoreTokenIntrospectionResponse,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{config::SignatureAlgorithm, token_response::TokenAnswer};

/// Metadata that Discovery 1.0 itself does not define.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct MoreMetadata {
    /// RP-Initiated Logout 1.0, 2.1.
    pub end_session_endpoint: Option<EndSessionUrl>,
    /// RFC 8414 2.
    pub revocation_endpoint: Option<RevocationUrl>,
    /// RFC 9126 5.
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// RFC 9126 5.
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
    /// RFC 9207 3.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}
impl AdditionalProviderMetadata for MoreMetadata {}

impl From<SignatureAlgorithm> for CoreJwsSigningAlgorithm {
    fn from(algorithm: SignatureAlgorithm) -> Self {
        match algorithm {
            SignatureAlgorithm::Rs256 => Self::RsaSsaPkcs1V15Sha256,
            SignatureAlgorithm::Rs384 => Self::RsaSsaPkcs1V15Sha384,
            SignatureAlgorithm::Rs512 => Self::RsaSsaPkcs1V15Sha512,
            SignatureAlgorithm::Ps256 => Self::RsaSsaPssSha256,
            SignatureAlgorithm::Ps384 => Self::RsaSsaPssSha384,
            SignatureAlgorithm::Ps512 => Self::RsaSsaPssSha512,
            SignatureAlgorithm::Es256 => Self::EcdsaP256Sha256,
            SignatureAlgorithm::Es384 => Self::EcdsaP384Sha384,
            SignatureAlgorithm::EdDsa => Self::EdDsa,
        }
    }
}

/// Claims beside those that the checks need never get to the library.
pub type NoOtherClaims = EmptyAdditionalClaims;

pub type Metadata = ProviderMetadata<
    MoreMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub type ParsedIdToken = IdToken<
    NoOtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub type ParsedIdTokenClaims = IdTokenClaims<NoOtherClaims, CoreGenderClaim>;

pub type TokenError = StandardErrorResponse<CoreErrorResponseType>;

pub type RelyingPartyClient = Client<
    NoOtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    TokenError,
    TokenAnswer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
