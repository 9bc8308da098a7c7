//! Signing out at the provider, and sign-outs that the provider announces.

use openidconnect::{ClientId, CsrfToken, EndSessionUrl, LogoutRequest, PostLogoutRedirectUrl};
use serde_json::{Map, Value};
use url::Url;

use super::{
    CheckError, Discovered, ProtocolError,
    config::{LogoutParameter, RelyingParty},
    jws::{JwsError, audiences, unverified_claims},
    tenants::Issuers,
};
use crate::clock::now;

/// Who the provider wants signed out (Back-Channel Logout 1.0, 2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    /// Who says so.
    pub issuer: String,
    /// All user sessions of this person. If a session at the provider is named too:
    /// only those that came from it, or of which that is not known.
    pub subject: Option<String>,
    /// The user sessions that came from this session at the provider.
    pub provider_session: Option<String>,
    /// The token's own identifier: each may be used once.
    pub id: String,
    /// How long to remember the token, in Unix seconds.
    pub remember_until: u64,
}

/// Whether a logout token says that it is from one of these issuers to this client. It may say
/// anything: this decides nothing but whose keys have to have signed it.
pub fn is_addressed_to(token: &str, issuers: &Issuers, client_id: &str) -> bool {
    unverified_claims(token).is_some_and(|claims| {
        let issuer = claims.get("iss").and_then(Value::as_str);
        issuer.is_some_and(|issuer| issuers.include(issuer))
            && audiences(&claims).contains(&Some(client_id))
    })
}

/// Logout tokens are sent at once, so an older one is a replay.
const MAX_AGE: u64 = 120;

/// How the browser gets to the provider's sign-out (RP-Initiated Logout 1.0,
/// section 2 allows both).
#[derive(Debug)]
pub enum EndSession {
    /// By a redirect.
    Redirect(Url),
    /// By a form that submits itself.
    Form {
        /// The end-session endpoint.
        action: Url,
        /// Names and values.
        fields: Vec<(String, String)>,
    },
}

/// Longer URLs get cut off or rejected on the way, and an ID token can be long.
const MAX_URL: usize = 8000;

impl Discovered {
    /// How to sign the person out at the provider. `None`: the provider has no
    /// endpoint for it.
    pub fn end_session(
        &self,
        relying_party: &RelyingParty,
        id_token: &str,
        state: &str,
    ) -> Option<EndSession> {
        let action = self.logout_endpoint(relying_party)?;
        let own_way = relying_party.logout_url.as_ref();
        let url = match own_way.and_then(|url| url.parameters.as_deref()) {
            Some(parameters) => {
                self.own_logout(&action, parameters, relying_party, id_token, state)
            }
            None => self.rp_initiated_logout(&action, relying_party, id_token, state),
        };
        if url.as_str().len() <= MAX_URL {
            return Some(EndSession::Redirect(url));
        }
        // The endpoint's own query parameters stay in its URL.
        let own = action.query_pairs().count();
        let fields = url.query_pairs().into_owned().skip(own).collect();
        Some(EndSession::Form { action, fields })
    }

    /// Where people sign out, without what this app adds.
    pub(super) fn logout_endpoint(&self, relying_party: &RelyingParty) -> Option<Url> {
        match &relying_party.logout_url {
            Some(url) => {
                let base = self.metadata.authorization_endpoint().url();
                base.join(&url.location).ok()
            }
            None => {
                let metadata = self.metadata.additional_metadata();
                let endpoint = metadata.end_session_endpoint.as_ref();
                endpoint.map(|endpoint| endpoint.url().clone())
            }
        }
    }

    /// RP-Initiated Logout 1.0, section 2.
    fn rp_initiated_logout(
        &self,
        endpoint: &Url,
        relying_party: &RelyingParty,
        id_token: &str,
        state: &str,
    ) -> Url {
        let back = PostLogoutRedirectUrl::from_url(relying_party.logout_redirect_uri.clone());
        let request = LogoutRequest::from(EndSessionUrl::from_url(endpoint.clone()))
            .set_client_id(ClientId::new(self.client.client_id().to_string()))
            .set_post_logout_redirect_uri(back)
            .set_state(CsrfToken::new(state.to_owned()));
        let mut url = request.http_get_url();
        // The library would have to parse it first, and refuses odd claims.
        url.query_pairs_mut().append_pair("id_token_hint", id_token);
        url
    }

    /// With the parameters that the settings name.
    fn own_logout(
        &self,
        endpoint: &Url,
        parameters: &[(String, LogoutParameter)],
        relying_party: &RelyingParty,
        id_token: &str,
        state: &str,
    ) -> Url {
        let mut url = endpoint.clone();
        url.query_pairs_mut()
            .extend_pairs(parameters.iter().map(|(name, parameter)| {
                let value = match parameter {
                    LogoutParameter::ClientId => self.client.client_id().as_str(),
                    LogoutParameter::RedirectUri => relying_party.logout_redirect_uri.as_str(),
                    LogoutParameter::IdToken => id_token,
                    LogoutParameter::State => state,
                    LogoutParameter::Text(text) => text,
                };
                (name, value)
            }));
        url
    }

    /// Checks a logout token (Back-Channel Logout 1.0, 2.6). Whether it was used
    /// before is for the caller to check.
    ///
    /// # Errors
    /// [`ProtocolError::LogoutToken`] with what is wrong.
    pub fn verify_logout_token(
        &self,
        token: &str,
        relying_party: &RelyingParty,
    ) -> Result<LogoutToken, CheckError> {
        // Recommended only, and many providers send what every JWT may have (2.4).
        let types: &[_] = if relying_party.strict_logout_tokens {
            &[Some("logout+jwt")]
        } else {
            &[Some("logout+jwt"), Some("jwt"), None]
        };
        let claims = match self.signed_claims(token, types, relying_party) {
            // No new key would help a token that is refused in any case.
            Err(JwsError::UnknownKey) => unverified_claims(token)
                .ok_or(JwsError::UnknownKey)
                .and_then(|claims| self.logout_claims(&claims, relying_party))
                .and(Err(JwsError::UnknownKey)),
            Ok(claims) => self.logout_claims(&claims, relying_party),
            Err(error) => Err(error),
        };
        claims.map_err(|error| error.of(ProtocolError::LogoutToken))
    }

    fn logout_claims(
        &self,
        claims: &Map<String, Value>,
        relying_party: &RelyingParty,
    ) -> Result<LogoutToken, JwsError> {
        let checked = self.checked_logout_claims(claims, relying_party);
        checked.map_err(JwsError::Refused)
    }

    fn checked_logout_claims(
        &self,
        claims: &Map<String, Value>,
        relying_party: &RelyingParty,
    ) -> Result<LogoutToken, &'static str> {
        const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
        let string = |name: &str| {
            claims
                .get(name)
                .map(|value| value.as_str().map(str::to_owned))
        };
        let number = |name: &str| claims.get(name).and_then(Value::as_f64);

        let issuer = string("iss").flatten();
        let issuer = issuer.filter(|issuer| self.issues_as(issuer));
        let issuer = issuer.ok_or("iss is missing or names another issuer")?;
        let client_id = self.client.client_id().as_str();
        let audiences = audiences(claims);
        let is_trusted = |audience: &str| {
            audience == client_id
                || relying_party
                    .trusted_audiences
                    .iter()
                    .any(|one| one == audience)
        };
        if !audiences.contains(&Some(client_id))
            || !audiences
                .iter()
                .all(|audience| audience.is_some_and(is_trusted))
        {
            return Err(
                "aud is missing, does not include this client, or names an untrusted audience",
            );
        }
        let now = now() as f64;
        let skew = relying_party.clock_skew.as_secs() as f64;
        let issued_at = number("iat").ok_or("iat is missing or not a number")?;
        if issued_at > now + skew || issued_at < now - MAX_AGE as f64 - skew {
            return Err("iat is in the future or too old");
        }
        // Required since the final specification; before, the age was the bound.
        if claims.contains_key("exp") {
            let expires_at = number("exp").ok_or("exp is not a number")?;
            if expires_at <= now - skew {
                return Err("it has expired");
            }
        }
        let id = string("jti")
            .flatten()
            .filter(|id| !id.is_empty())
            .ok_or("jti is missing")?;
        let has_event = claims
            .get("events")
            .and_then(|events| events.get(EVENT))
            .is_some_and(Value::is_object);
        if !has_event {
            return Err("events contains no back-channel logout");
        }
        if claims.contains_key("nonce") {
            return Err("it has a nonce, like an ID token");
        }
        let named = |name: &'static str| match string(name) {
            None => Ok(None),
            Some(Some(value)) if !value.is_empty() => Ok(Some(value)),
            Some(_) => Err("sub or sid is empty or not a string"),
        };
        let (subject, provider_session) = (named("sub")?, named("sid")?);
        if subject.is_none() && provider_session.is_none() {
            return Err("it has neither sub nor sid");
        }
        let remember_until = (now + skew) as u64 + MAX_AGE + skew as u64;
        Ok(LogoutToken {
            issuer,
            subject,
            provider_session,
            id,
            remember_until,
        })
    }
}
