//! Calling the userinfo endpoint for claims (OIDC Core 5.3), which come as JSON or
//! as a signed token.

use openidconnect::{HttpResponse, http::header::CONTENT_TYPE};
use serde_json::{Map, Value};

use super::{
    CheckError, Discovered, Http, ProtocolError,
    config::RelyingParty,
    jws::{JwsError, audiences},
    shape::note_odd_claims,
};
use crate::{claims::Claims, clock::now};

/// Why there are no claims. The strings are for the log.
#[derive(Debug)]
pub enum UserInfoError {
    /// The provider has no such endpoint.
    NoEndpoint,
    /// It cannot be used at the moment.
    Unavailable(String),
    /// The response fails a check.
    Check(CheckError),
}

impl From<JwsError> for UserInfoError {
    fn from(error: JwsError) -> Self {
        Self::Check(error.of(ProtocolError::UserInfo))
    }
}

impl Discovered {
    /// The claims that an access token gives access to (OIDC Core 5.3).
    ///
    /// # Errors
    /// There is no usable response, or it is not for `subject`.
    pub async fn user_info(
        &self,
        access_token: &str,
        subject: &str,
        relying_party: &RelyingParty,
        http: &Http,
    ) -> Result<Claims, UserInfoError> {
        let endpoint = self
            .metadata
            .userinfo_endpoint()
            .ok_or(UserInfoError::NoEndpoint)?;
        let answer = http
            .get_with_token(endpoint.url().clone(), access_token)
            .await
            .map_err(|error| UserInfoError::Unavailable(error.to_string()))?;
        let claims = self.read_user_info(&answer, relying_party)?;
        // OIDC Core 5.3.2: otherwise the claims could be another person's.
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(JwsError::Refused("sub is missing or belongs to another person").into());
        }
        note_odd_claims(&claims, "userinfo");
        Ok(claims.into())
    }

    fn read_user_info(
        &self,
        answer: &HttpResponse,
        relying_party: &RelyingParty,
    ) -> Result<Map<String, Value>, UserInfoError> {
        let unusable = |cause: &str| UserInfoError::Unavailable(cause.to_owned());
        if !answer.status().is_success() {
            let status = answer.status();
            return Err(UserInfoError::Unavailable(format!("it answered {status}")));
        }
        match media_type(answer).as_str() {
            "application/json" => serde_json::from_slice(answer.body())
                .map_err(|_| unusable("its response is not a JSON object")),
            "application/jwt" => {
                let token = std::str::from_utf8(answer.body())
                    .map_err(|_| unusable("its response is not UTF-8"))?;
                Ok(self.signed_user_info(token.trim(), relying_party)?)
            }
            _ => Err(unusable("its response is neither JSON nor a signed token")),
        }
    }

    /// OIDC Core 5.3.2: a signed response names its issuer and this client, so that
    /// no other token of the provider is mistaken for one.
    fn signed_user_info(
        &self,
        token: &str,
        relying_party: &RelyingParty,
    ) -> Result<Map<String, Value>, JwsError> {
        use JwsError::Refused;
        let claims = self.signed_claims(token, &[None, Some("jwt")], relying_party)?;
        let issuer = claims.get("iss").and_then(Value::as_str);
        if issuer.is_none_or(|issuer| !self.issues_as(issuer)) {
            return Err(Refused("iss is missing or names another issuer"));
        }
        let client_id = self.client.client_id().as_str();
        if !audiences(&claims).contains(&Some(client_id)) {
            return Err(Refused("aud is missing or does not include this client"));
        }
        if let Some(expires_at) = claims.get("exp") {
            let tolerated = now().saturating_sub(relying_party.clock_skew.as_secs());
            if expires_at.as_f64().is_none_or(|at| at <= tolerated as f64) {
                return Err(Refused("it has expired"));
            }
        }
        Ok(claims)
    }
}

/// The content type without parameters, in lowercase.
fn media_type(answer: &HttpResponse) -> String {
    answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}
