//! The many type parameters of `openidconnect`, chosen in one place.

use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, Client, EmptyExtraTokenFields, EndSessionUrl,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims, IdTokenFields,
    ProviderMetadata, RevocationUrl, StandardErrorResponse, StandardTokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
        CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::config::SignatureAlgorithm;

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

/// All claims that the library has no field for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct OtherClaims {
    #[serde(flatten)]
    pub all: Map<String, Value>,
}
impl AdditionalClaims for OtherClaims {}

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
    OtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub type ParsedIdTokenClaims = IdTokenClaims<OtherClaims, CoreGenderClaim>;

pub type TokenResponse = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

pub type TokenError = StandardErrorResponse<CoreErrorResponseType>;

pub type RelyingPartyClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    TokenError,
    TokenResponse,
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
