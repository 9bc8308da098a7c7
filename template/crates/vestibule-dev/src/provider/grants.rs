//! Grants: what people allowed apps to access, and the codes and tokens that stand
//! for it. Who may use them is checked elsewhere.

use std::{
    collections::HashMap,
    io,
    time::{Duration, Instant},
};

use openidconnect::{PkceCodeChallenge, PkceCodeVerifier};

use super::keys::random_id;

/// One person's sign-in to one client: all of its tokens are revoked together.
#[derive(Clone)]
pub(super) struct Grant {
    pub id: String,
    pub client_id: String,
    pub sub: String,
    pub sid: String,
    pub scopes: Vec<String>,
    pub nonce: Option<String>,
    pub auth_time: u64,
    pub acr: String,
}

/// How a code is redeemed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeKind {
    /// `grant_type=authorization_code`
    Authorization,
    /// `grant_type=interaction_code`, from the Okta Sign-In Widget.
    Interaction,
}

/// A code, and what it is bound to.
pub(super) struct Code {
    pub kind: CodeKind,
    pub grant: Grant,
    pub redirect_uri: String,
    pub code_challenge: String,
    pub ends: Instant,
    pub redeemed: bool,
}

/// A code as presented by a client (OIDC Core 3.1.3.1, RFC 7636 4.5).
pub(super) struct Redemption<'a> {
    pub kind: CodeKind,
    pub code: &'a str,
    pub client_id: &'a str,
    /// Not needed for an interaction code.
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: &'a str,
}

struct AccessToken {
    grant: Grant,
    ends: Instant,
}

struct RefreshToken {
    grant: Grant,
    used: bool,
}

/// The error `invalid_grant`, with its description.
pub(super) struct InvalidGrant(pub &'static str);

/// All codes and tokens, by value.
#[derive(Default)]
pub(super) struct Grants {
    codes: HashMap<String, Code>,
    access_tokens: HashMap<String, AccessToken>,
    refresh_tokens: HashMap<String, RefreshToken>,
}

impl Grants {
    pub fn issue_code(&mut self, code: Code) -> io::Result<String> {
        let now = Instant::now();
        self.codes.retain(|_, code| code.ends > now);
        let value = random_id()?;
        self.codes.insert(value.clone(), code);
        Ok(value)
    }

    /// Exchanges a code for its grant, once. Presenting it again revokes the grant
    /// (RFC 6749, section 4.1.2).
    pub fn redeem(&mut self, presented: &Redemption<'_>) -> Result<Grant, InvalidGrant> {
        let code = self
            .codes
            .get_mut(presented.code)
            .ok_or(InvalidGrant("the code is unknown"))?;
        if code.grant.client_id != presented.client_id {
            return Err(InvalidGrant("the code was issued to another client"));
        }
        if code.kind != presented.kind {
            return Err(InvalidGrant("the code is of another kind"));
        }
        let grant = code.grant.clone();
        if std::mem::replace(&mut code.redeemed, true) {
            self.revoke(&grant.id);
            return Err(InvalidGrant(
                "the code was already used; its tokens are revoked",
            ));
        }
        if code.ends <= Instant::now() {
            return Err(InvalidGrant("the code has expired"));
        }
        if presented
            .redirect_uri
            .is_some_and(|uri| uri != code.redirect_uri)
        {
            return Err(InvalidGrant(
                "redirect_uri differs from that of the authorization request",
            ));
        }
        if !answers_challenge(presented.code_verifier, &code.code_challenge) {
            return Err(InvalidGrant(
                "code_verifier does not match the code_challenge",
            ));
        }
        Ok(grant)
    }

    pub fn issue_access_token(&mut self, grant: Grant, life: Duration) -> io::Result<String> {
        let now = Instant::now();
        self.access_tokens.retain(|_, token| token.ends > now);
        let value = random_id()?;
        self.access_tokens.insert(
            value.clone(),
            AccessToken {
                grant,
                ends: now + life,
            },
        );
        Ok(value)
    }

    pub fn issue_refresh_token(&mut self, grant: Grant) -> io::Result<String> {
        let value = random_id()?;
        self.refresh_tokens
            .insert(value.clone(), RefreshToken { grant, used: false });
        Ok(value)
    }

    /// Uses up a refresh token. Presenting it again revokes the grant (RFC 9700,
    /// section 4.14.2).
    pub fn use_refresh_token(
        &mut self,
        value: &str,
        client_id: &str,
    ) -> Result<Grant, InvalidGrant> {
        let token = self
            .refresh_tokens
            .get_mut(value)
            .filter(|token| token.grant.client_id == client_id)
            .ok_or(InvalidGrant("the refresh token is unknown"))?;
        let grant = token.grant.clone();
        if std::mem::replace(&mut token.used, true) {
            self.revoke(&grant.id);
            return Err(InvalidGrant(
                "the refresh token was already used; its grant is revoked",
            ));
        }
        Ok(grant)
    }

    /// The grant of a valid access token.
    pub fn of_access_token(&self, value: &str) -> Option<&Grant> {
        self.access_tokens
            .get(value)
            .filter(|token| token.ends > Instant::now())
            .map(|token| &token.grant)
    }

    /// Revokes the grant of a refresh token, or only an access token, if it belongs
    /// to this client (RFC 7009, section 2.1).
    pub fn revoke_token(&mut self, value: &str, client_id: &str) {
        if let Some(token) = self.refresh_tokens.get(value) {
            if token.grant.client_id == client_id {
                let id = token.grant.id.clone();
                self.revoke(&id);
            }
        } else if let Some(token) = self.access_tokens.get(value)
            && token.grant.client_id == client_id
        {
            self.access_tokens.remove(value);
        }
    }

    /// Revokes a grant and all of its tokens.
    fn revoke(&mut self, grant_id: &str) {
        self.access_tokens
            .retain(|_, token| token.grant.id != grant_id);
        self.refresh_tokens
            .retain(|_, token| token.grant.id != grant_id);
    }
}

/// RFC 7636, section 4.6, method S256.
fn answers_challenge(verifier: &str, challenge: &str) -> bool {
    // The library panics on verifiers of any other length.
    (43..=128).contains(&verifier.len())
        && PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()))
            .as_str()
            == challenge
}
