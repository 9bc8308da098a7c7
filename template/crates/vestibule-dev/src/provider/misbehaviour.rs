//! Named misbehaviours, for people who want to see how their app reacts: each is a
//! title, a sentence, and a few faults.

use std::time::Duration;

use serde_json::json;

use super::{
    exchange::{Answer, Endpoint},
    faults::Faults,
    jws::Signature,
    keys::SigningKey,
};

/// A way in which real providers go wrong, or attackers make them seem to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// The authorization response is an error: the person declined.
    AccessDenied,
    /// The authorization response is an error of the provider itself.
    ServerError,
    /// The authorization response has a different `state`.
    WrongState,
    /// The authorization response names another issuer (RFC 9207).
    WrongResponseIssuer,
    /// The token endpoint does not know the code.
    InvalidGrant,
    /// The token endpoint leaves out the ID token.
    NoIdToken,
    /// The ID token names another issuer.
    WrongIssuer,
    /// The ID token is for another client.
    WrongAudience,
    /// The ID token belongs to another sign-in.
    WrongNonce,
    /// The ID token expired an hour ago.
    ExpiredToken,
    /// The ID token is signed by someone else.
    ForgedToken,
    /// The ID token is not signed at all.
    UnsignedToken,
    /// A new signing key replaces the old one.
    RotatedKeys,
    /// The userinfo endpoint returns someone else's claims.
    OtherPerson,
    /// The userinfo endpoint fails.
    UserinfoDown,
    /// Every response takes seconds.
    Slow,
    /// Every endpoint returns 503.
    Down,
}

impl Misbehaviour {
    /// All of them, in the order of a sign-in.
    pub const ALL: [Misbehaviour; 17] = [
        Misbehaviour::AccessDenied,
        Misbehaviour::ServerError,
        Misbehaviour::WrongState,
        Misbehaviour::WrongResponseIssuer,
        Misbehaviour::InvalidGrant,
        Misbehaviour::NoIdToken,
        Misbehaviour::WrongIssuer,
        Misbehaviour::WrongAudience,
        Misbehaviour::WrongNonce,
        Misbehaviour::ExpiredToken,
        Misbehaviour::ForgedToken,
        Misbehaviour::UnsignedToken,
        Misbehaviour::RotatedKeys,
        Misbehaviour::OtherPerson,
        Misbehaviour::UserinfoDown,
        Misbehaviour::Slow,
        Misbehaviour::Down,
    ];

    /// A name for URLs and forms.
    pub fn slug(self) -> &'static str {
        self.words().0
    }

    /// A short title.
    pub fn title(self) -> &'static str {
        self.words().1
    }

    /// What the provider does, in a sentence.
    pub fn explanation(self) -> &'static str {
        self.words().2
    }

    /// The misbehaviour with this [`slug`](Misbehaviour::slug).
    pub fn from_slug(slug: &str) -> Option<Misbehaviour> {
        Misbehaviour::ALL.into_iter().find(|one| one.slug() == slug)
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Misbehaviour::AccessDenied => (
                "access-denied",
                "Access denied",
                "Everyone who signs in is sent back with the error access_denied.",
            ),
            Misbehaviour::ServerError => (
                "server-error",
                "Error at the provider",
                "Everyone who signs in is sent back with the error server_error.",
            ),
            Misbehaviour::WrongState => (
                "wrong-state",
                "Wrong state",
                "The response to a sign-in has a state that the app never sent.",
            ),
            Misbehaviour::WrongResponseIssuer => (
                "wrong-response-issuer",
                "Mixed-up provider",
                "The response to a sign-in claims to come from another provider.",
            ),
            Misbehaviour::InvalidGrant => (
                "invalid-grant",
                "Code not accepted",
                "The token endpoint rejects codes and refresh tokens with invalid_grant.",
            ),
            Misbehaviour::NoIdToken => (
                "no-id-token",
                "No ID token",
                "The token endpoint returns an access token but no ID token.",
            ),
            Misbehaviour::WrongIssuer => (
                "wrong-issuer",
                "Wrong issuer",
                "The ID token claims to come from another provider.",
            ),
            Misbehaviour::WrongAudience => (
                "wrong-audience",
                "Wrong audience",
                "The ID token was issued to another app.",
            ),
            Misbehaviour::WrongNonce => (
                "wrong-nonce",
                "Wrong nonce",
                "The ID token belongs to a sign-in that this app never started.",
            ),
            Misbehaviour::ExpiredToken => (
                "expired-token",
                "Expired token",
                "The ID token expired an hour ago.",
            ),
            Misbehaviour::ForgedToken => (
                "forged-token",
                "Forged token",
                "The ID token is signed with a key that is not the provider's.",
            ),
            Misbehaviour::UnsignedToken => (
                "unsigned-token",
                "Unsigned token",
                "The ID token has no signature and claims to need none.",
            ),
            Misbehaviour::RotatedKeys => (
                "rotated-keys",
                "Rotated keys",
                "From now on a new key signs, and the old one is withdrawn: \
                 sign-in should keep working.",
            ),
            Misbehaviour::OtherPerson => (
                "other-person",
                "Someone else's claims",
                "The userinfo endpoint returns another person's subject.",
            ),
            Misbehaviour::UserinfoDown => (
                "userinfo-down",
                "Userinfo fails",
                "The userinfo endpoint returns 500; everything else works.",
            ),
            Misbehaviour::Slow => (
                "slow",
                "Slow",
                "Every response to the app takes 15 seconds; pages stay fast.",
            ),
            Misbehaviour::Down => ("down", "Down", "Every endpoint returns 503."),
        }
    }

    pub(super) fn apply(self, faults: &Faults) {
        match self {
            Misbehaviour::AccessDenied => answer_with_error(faults, "access_denied"),
            Misbehaviour::ServerError => answer_with_error(faults, "server_error"),
            Misbehaviour::WrongState => faults.authorization_response(|pairs| {
                replace(pairs, "state", "a-state-that-was-never-sent");
            }),
            Misbehaviour::WrongResponseIssuer => faults.authorization_response(|pairs| {
                replace(pairs, "iss", "https://other.example");
            }),
            Misbehaviour::InvalidGrant => faults.instead(
                Endpoint::Token,
                Answer::oauth_error(400, "invalid_grant", "the grant is unknown"),
            ),
            Misbehaviour::NoIdToken => faults.json(Endpoint::Token, |tokens| {
                if let Some(tokens) = tokens.as_object_mut() {
                    tokens.remove("id_token");
                }
            }),
            Misbehaviour::WrongIssuer => faults.id_token(|token| {
                token.claims["iss"] = json!("https://other.example");
            }),
            Misbehaviour::WrongAudience => faults.id_token(|token| {
                token.claims["aud"] = json!("another-client");
            }),
            Misbehaviour::WrongNonce => faults.id_token(|token| {
                token.claims["nonce"] = json!("a-nonce-that-was-never-sent");
            }),
            Misbehaviour::ExpiredToken => faults.id_token(|token| {
                let now = token.claims["iat"].as_u64().unwrap_or_default();
                token.claims["iat"] = json!(now.saturating_sub(7200));
                token.claims["exp"] = json!(now.saturating_sub(3600));
            }),
            Misbehaviour::ForgedToken => {
                faults.id_token(|token| token.signature = Signature::Foreign);
            }
            Misbehaviour::UnsignedToken => faults.id_token(|token| token.unsecured()),
            Misbehaviour::RotatedKeys => match SigningKey::generate() {
                Ok(key) => faults.keys.replace(key, false),
                Err(why) => tracing::warn!(%why, "the signing key could not be rotated"),
            },
            Misbehaviour::OtherPerson => faults.json(Endpoint::Userinfo, |claims| {
                claims["sub"] = json!("somebody-else");
            }),
            Misbehaviour::UserinfoDown => faults.instead(
                Endpoint::Userinfo,
                Answer::new(500, "text/plain; charset=utf-8", "out of order"),
            ),
            Misbehaviour::Slow => {
                for endpoint in [
                    Endpoint::Metadata,
                    Endpoint::Keys,
                    Endpoint::PushedAuthorization,
                    Endpoint::Token,
                    Endpoint::Userinfo,
                    Endpoint::Revocation,
                ] {
                    faults.answer(endpoint, |answer| answer.delay = Duration::from_secs(15));
                }
            }
            Misbehaviour::Down => {
                let down = Answer::new(503, "text/plain; charset=utf-8", "down for maintenance");
                for endpoint in Endpoint::ALL {
                    faults.instead(endpoint, down.clone());
                }
            }
        }
    }
}

/// Replaces the code in the authorization response with an error (OIDC Core
/// 3.1.2.6).
fn answer_with_error(faults: &Faults, error: &'static str) {
    faults.authorization_response(move |pairs| {
        pairs.retain(|(name, _)| name != "code" && !name.starts_with("error"));
        pairs.push(("error".to_owned(), error.to_owned()));
        pairs.push((
            "error_description".to_owned(),
            "the development provider was told to return this error".to_owned(),
        ));
    });
}

fn replace(pairs: &mut [(String, String)], name: &str, value: &str) {
    for (_, known) in pairs.iter_mut().filter(|(pair, _)| pair == name) {
        value.clone_into(known);
    }
}
