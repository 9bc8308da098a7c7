//! A provider's metadata and keys, read as far as this library uses them (OIDC
//! Discovery 3, RFC 7517). What it does not use is not looked at, and an optional
//! member that cannot be used is left out with a warning.

use std::collections::HashMap;

use openidconnect::{
    AuthUrl, EndSessionUrl, IssuerUrl, JsonWebKeySet, JsonWebKeySetUrl, ResponseTypes,
    RevocationUrl, TokenUrl, UserInfoUrl,
    core::{
        CoreClientAuthMethod, CoreJsonWebKey, CoreJwsSigningAlgorithm, CoreResponseType,
        CoreSubjectIdentifierType,
    },
    http::header::CONTENT_TYPE,
};
use serde::{Deserialize, de::DeserializeOwned, de::IgnoredAny};
use serde_json::{Map, Value};
use url::Url;

use super::{
    discovery::Unusable,
    error::{
        causes::{NO_KEYS, UNEXPECTED_ISSUER, WEB_PAGE},
        printable,
    },
    http::Http,
    jws::key_id,
    shape::{kind, said},
    tenants::Issuers,
    types::{Metadata, MoreMetadata},
};
use crate::seal;

/// Reads the metadata at `location`, which must name the issuer as it is in the settings
/// (OIDC Discovery 4.3), or, if that stands for many tenants, with a placeholder in it.
///
/// # Errors
/// No usable response, another issuer, or a member that is needed cannot be used.
pub(super) async fn metadata(
    location: &str,
    issuers: &Issuers,
    http: &Http,
) -> Result<Metadata, Unusable> {
    let url = Url::parse(location)
        .map_err(|error| Unusable(format!("the issuer is not a URL: {error}")))?;
    let members: Map<String, Value> = document(url, "metadata", http).await?;
    let found = required_url(&members, "issuer", IssuerUrl::new)?;
    let expected = issuers.in_metadata();
    if found.as_str() != expected {
        // Microsoft Entra's shared issuers, such as `common`.
        let advice = if found.as_str().contains("{tenantid}") && !issuers.are_many() {
            ": it stands for all tenants, so name your own tenant in OIDC_ISSUER, or those whose \
             people may sign in in OIDC_TENANTS"
        } else {
            ""
        };
        return Err(Unusable(format!(
            "{UNEXPECTED_ISSUER} `{}` in its metadata (expected `{}`){advice}",
            found.as_str(),
            expected
        )));
    }
    let authorization_endpoint = required_url(&members, "authorization_endpoint", AuthUrl::new)?;
    let token_endpoint = required_url(&members, "token_endpoint", TokenUrl::new)?;
    let keys = required_url(&members, "jwks_uri", JsonWebKeySetUrl::new)?;
    let more = MoreMetadata {
        end_session_endpoint: optional_url(&members, "end_session_endpoint", EndSessionUrl::new),
        revocation_endpoint: optional_url(&members, "revocation_endpoint", RevocationUrl::new),
        pushed_authorization_request_endpoint: optional_url(
            &members,
            "pushed_authorization_request_endpoint",
            |url| Url::parse(&url),
        ),
        require_pushed_authorization_requests: flag(
            &members,
            "require_pushed_authorization_requests",
        ),
        authorization_response_iss_parameter_supported: flag(
            &members,
            "authorization_response_iss_parameter_supported",
        ),
    };
    // The library asks for three lists that nothing here reads: what is accepted is
    // for this app to say, not for the provider.
    let metadata = Metadata::new(
        found,
        authorization_endpoint,
        keys,
        vec![ResponseTypes::new(vec![CoreResponseType::Code])],
        vec![CoreSubjectIdentifierType::Public],
        vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256],
        more,
    );
    Ok(metadata
        .set_token_endpoint(Some(token_endpoint))
        .set_userinfo_endpoint(optional_url(
            &members,
            "userinfo_endpoint",
            UserInfoUrl::new,
        ))
        .set_token_endpoint_auth_methods_supported(list::<CoreClientAuthMethod>(
            &members,
            "token_endpoint_auth_methods_supported",
        ))
        .set_token_endpoint_auth_signing_alg_values_supported(list::<CoreJwsSigningAlgorithm>(
            &members,
            "token_endpoint_auth_signing_alg_values_supported",
        )))
}

/// The issuers of keys that say so, by the names of the keys. Entra's do.
pub(super) type KeyIssuers = HashMap<String, String>;

/// Reads a provider's keys (RFC 7517 5). Those that cannot be used are left out.
///
/// # Errors
/// No usable response, or no usable key in it.
pub(super) async fn keys(
    url: &JsonWebKeySetUrl,
    http: &Http,
) -> Result<(JsonWebKeySet<CoreJsonWebKey>, KeyIssuers), Unusable> {
    #[derive(Deserialize)]
    struct KeySet {
        #[serde(default)]
        keys: Option<Vec<Entry>>,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Key(Box<Key>),
        // Also those with a member twice (RFC 7517 4).
        Unusable(IgnoredAny),
    }

    let set: KeySet = document(url.url().clone(), "key document (jwks_uri)", http).await?;
    let entries = set.keys.unwrap_or_default();
    if entries.is_empty() {
        return Err(Unusable(format!(
            "its key document (jwks_uri) {NO_KEYS}: it needs a key to sign tokens with"
        )));
    }
    let mut issuers = KeyIssuers::new();
    let keys = entries.into_iter().filter_map(|entry| match entry {
        Entry::Key(key) => {
            let name = key.kid.as_ref().and_then(key_id);
            let issuer = key.issuer.as_ref().and_then(Value::as_str);
            issuers.extend(name.zip(issuer.map(str::to_owned)));
            key.read()
        }
        Entry::Unusable(IgnoredAny) => None,
    });
    let keys = JsonWebKeySet::new(keys.collect());
    Ok((keys, issuers))
}

/// A key as providers write it: only members that a signature's check needs.
#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: Option<Value>,
    #[serde(rename = "use")]
    key_use: Option<Value>,
    key_ops: Option<Value>,
    alg: Option<Value>,
    kid: Option<Value>,
    issuer: Option<Value>,
    n: Option<Value>,
    e: Option<Value>,
    x: Option<Value>,
    y: Option<Value>,
}

impl Key {
    /// `None`: it verifies no signatures, or cannot be read.
    fn read(self) -> Option<CoreJsonWebKey> {
        let verifies = match &self.key_ops {
            Some(Value::Array(operations)) => operations.iter().any(|one| one == "verify"),
            _ => true,
        };
        if !verifies {
            return None;
        }
        let coordinate_length = match self.crv.as_ref().and_then(Value::as_str) {
            Some("P-256") => Some(32),
            Some("P-384") => Some(48),
            _ => None,
        };
        let coordinate = |value: Option<Value>| {
            let bytes = bytes(value?.as_str()?)?;
            Some(match coordinate_length {
                Some(length) => of_length(&bytes, length),
                None => bytes,
            })
        };
        let encoded = |bytes: Vec<u8>| Value::String(seal::encode(&bytes));
        let number = |value: Option<Value>| bytes(value?.as_str()?).map(encoded);
        let members = [
            ("kty", Some(Value::String(self.kty))),
            ("n", number(self.n)),
            ("e", number(self.e)),
            ("x", coordinate(self.x).map(encoded)),
            ("y", coordinate(self.y).map(encoded)),
            ("crv", self.crv),
            ("use", self.key_use),
            ("alg", self.alg),
            ("kid", self.kid.as_ref().and_then(key_id).map(Value::String)),
        ];
        let members = members.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|value| !value.is_null() && value != "")?;
            Some((name.to_owned(), value))
        });
        serde_json::from_value(Value::Object(members.collect())).ok()
    }
}

/// Base64 as providers write it: with padding, or in the other alphabet.
fn bytes(encoded: &str) -> Option<Vec<u8>> {
    let encoded = encoded.trim().trim_end_matches('=');
    seal::decode(&encoded.replace('+', "-").replace('/', "_"))
}

/// A number in exactly as many bytes as it should have (RFC 7518 6.2.1.2): some
/// providers leave leading zeros out, or add one.
fn of_length(number: &[u8], length: usize) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    let mut padded = vec![0; length.saturating_sub(digits.len())];
    padded.extend_from_slice(digits);
    padded
}

/// A JSON document, whatever content type it is sent with.
async fn document<T: DeserializeOwned>(url: Url, what: &str, http: &Http) -> Result<T, Unusable> {
    let answer = http
        .get_json(url)
        .await
        .map_err(|error| Unusable(format!("its {what} cannot be read: {error}")))?;
    if answer.status() != 200 {
        let status = answer.status();
        return Err(Unusable(format!(
            "its {what} cannot be read: it answered {status}"
        )));
    }
    serde_json::from_slice(answer.body()).map_err(|_| {
        let content_type = answer.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let content_type = content_type.map_or_else(|| "missing".to_owned(), printable);
        let is_page = answer.body().trim_ascii_start().starts_with(b"<");
        let fault = if is_page {
            WEB_PAGE
        } else {
            "is something else"
        };
        Unusable(format!(
            "its {what} {fault}, not the JSON object that it should be (its content type is \
             {content_type})"
        ))
    })
}

/// An address in the metadata that nothing works without.
fn required_url<T, E>(
    members: &Map<String, Value>,
    name: &'static str,
    parse: impl Fn(String) -> Result<T, E>,
) -> Result<T, Unusable> {
    match said(members, name) {
        Some(Value::String(url)) => parse(url.clone())
            .map_err(|_| Unusable(format!("the {name} in its metadata is not a URL"))),
        Some(other) => Err(Unusable(format!(
            "the {name} in its metadata is {}, not a URL",
            kind(other)
        ))),
        None => Err(Unusable(format!("its metadata names no {name}"))),
    }
}

/// The address of something that the provider may or may not offer.
fn optional_url<T, E>(
    members: &Map<String, Value>,
    name: &'static str,
    parse: impl Fn(String) -> Result<T, E>,
) -> Option<T> {
    let value = said(members, name)?;
    let parsed = value.as_str().and_then(|url| parse(url.to_owned()).ok());
    if parsed.is_none() {
        left_out(name, value);
    }
    parsed
}

fn flag(members: &Map<String, Value>, name: &'static str) -> bool {
    match said(members, name) {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
        Some(other) => {
            left_out(name, other);
            false
        }
    }
}

/// The names in a list that the library knows. A single one may stand for itself.
fn list<T: DeserializeOwned>(members: &Map<String, Value>, name: &'static str) -> Option<Vec<T>> {
    let value = said(members, name)?;
    let names = match value {
        Value::Array(names) => names.clone(),
        Value::String(one) => one.split_whitespace().map(Value::from).collect(),
        other => {
            left_out(name, other);
            return None;
        }
    };
    let known = names
        .into_iter()
        .filter_map(|name| serde_json::from_value(name).ok());
    Some(known.collect())
}

fn left_out(member: &'static str, value: &Value) {
    tracing::warn!(
        member,
        kind = kind(value),
        "a member of the provider's metadata cannot be used and is ignored"
    );
}
