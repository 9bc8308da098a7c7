//! A provider's tokens, stored compactly.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::seal;

/// A token of one person. Most are JWTs (RFC 7519) or similar: base64url parts
/// joined by dots. Those are stored decoded, which saves a quarter of the memory
/// for as long as the person is signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Token {
    kept: Box<[u8]>,
    is_packed: bool,
}

impl Token {
    /// The token, for the one place that needs it.
    pub fn expose(&self) -> String {
        if self.is_packed {
            unpack(&self.kept)
        } else {
            String::from_utf8_lossy(&self.kept).into_owned()
        }
    }
}

impl From<String> for Token {
    fn from(token: String) -> Self {
        match pack(&token).filter(|packed| unpack(packed) == token) {
            Some(packed) => Self {
                kept: packed.into(),
                is_packed: true,
            },
            None => Self {
                kept: token.into_bytes().into(),
                is_packed: false,
            },
        }
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.expose()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}

/// A provider's tokens for one person.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// For calling APIs on the person's behalf (RFC 6750).
    pub access_token: Token,
    /// When the access token expires, in Unix seconds.
    pub access_token_expires_at: u64,
    /// How long it was to live when it was issued, in seconds.
    #[serde(default)]
    pub access_token_life: u64,
    /// For getting a new access token (RFC 6749 6), if the provider issued one.
    pub refresh_token: Option<Token>,
    /// The latest ID token, sent at sign-out as `id_token_hint`.
    pub id_token: Token,
    /// The nonce of the first ID token: a later one may only repeat it (OIDC Core
    /// 12.2).
    pub nonce: String,
    /// The scopes granted, which may be fewer than asked for (RFC 6749 3.3).
    pub scopes: Vec<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("access_token_expires_at", &self.access_token_expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Each part, preceded by its length in two bytes.
fn pack(token: &str) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(token.len());
    for part in token.split('.') {
        let bytes = seal::decode(part)?;
        let length = u16::try_from(bytes.len()).ok()?;
        packed.extend_from_slice(&length.to_be_bytes());
        packed.extend_from_slice(&bytes);
    }
    Some(packed)
}

fn unpack(mut packed: &[u8]) -> String {
    let mut parts = Vec::new();
    while let Some((length, rest)) = packed.split_first_chunk() {
        let Some((part, rest)) = rest.split_at_checked(u16::from_be_bytes(*length).into()) else {
            break;
        };
        parts.push(seal::encode(part));
        packed = rest;
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_comes_out_as_it_went_in() {
        let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl".to_owned();
        let long = jwt.repeat(4000);
        for written in [
            &jwt,
            &long,
            &format!("{jwt}."),
            "",
            ".",
            "..",
            "opaque token",
            "YQ==",
            // Not in canonical base64url.
            "YR",
            "Zoë",
        ] {
            assert_eq!(Token::from(written.to_owned()).expose(), *written);
        }
        let token = Token::from(jwt.clone());
        assert!(token.is_packed && token.kept.len() < jwt.len());
        assert!(!format!("{token:?}").contains("eyJ"));
    }
}
