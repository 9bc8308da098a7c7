//! Direct calls to the provider: exchanging, refreshing and revoking tokens.

use std::time::Duration;

use openidconnect::{
    AuthorizationCode, OAuth2TokenResponse, PkceCodeVerifier, RefreshToken, RequestTokenError,
    core::{CoreErrorResponseType, CoreTokenType},
};
use serde_json::{Map, Value};
use url::Url;

use super::{
    CheckError, Discovered, Established, Expected, ProtocolError,
    config::{RelyingParty, Userinfo},
    error::{causes::REDIRECT_URI_REFUSED, printable},
    http::{Http, HttpError},
    id_token,
    interaction_code::{Code, InteractionCodeGrant},
    plain_refusal::PlainRefusals,
    shape::note_odd_claims,
    token_response::{TokenAnswer, TokenEndpoint},
    types::TokenError,
    userinfo::UserInfoError,
};
use crate::{
    claims::Claims,
    clock::now,
    token::{Token, Tokens},
};

/// How long an access token is assumed to live if the provider does not say (RFC
/// 6749 5.1).
const DEFAULT_LIFE: Duration = Duration::from_secs(300);

/// The token endpoint's response; the ID token is not checked yet.
#[derive(Debug)]
pub struct Unchecked(TokenAnswer);

impl Unchecked {
    /// The `old` tokens with only the refresh token replaced, if the provider has
    /// rotated it: the previous one no longer works (RFC 6749 6).
    pub fn rotated(&self, old: &Tokens) -> Option<Tokens> {
        let refresh_token = self.0.refresh_token()?;
        if !is_visible(refresh_token.secret()) {
            return None;
        }
        let refresh_token = kept(refresh_token);
        Some(Tokens {
            refresh_token: Some(refresh_token),
            ..old.clone()
        })
    }

    /// What makes the response unusable, if anything.
    pub fn fault(&self) -> Option<&'static str> {
        check_form(&self.0).err()
    }
}

/// The result of a successful authentication.
#[derive(Debug)]
pub struct Authenticated {
    /// The claims of the ID token and of the userinfo endpoint.
    pub claims: Claims,
    /// The tokens.
    pub tokens: Tokens,
    /// Who vouches for the person: the issuer of the ID token.
    pub issuer: String,
    /// When the ID token expires (OIDC Core 2, `exp`), in Unix seconds.
    pub id_token_expires_at: u64,
    /// When the person authenticated, according to the ID token (OIDC Core 2,
    /// `auth_time`), in Unix seconds.
    pub authenticated_at: Option<u64>,
    /// The authentication context, according to the ID token (OIDC Core 2, `acr`).
    pub acr: Option<String>,
}

/// The two ways in which a refresh can fail. The strings are for the log.
#[derive(Debug)]
pub enum RefreshError {
    /// The provider answered `invalid_grant`, or its response fails a check: the
    /// user session is over.
    Over(String),
    /// No usable response this time; the user session continues.
    Passing(String),
}

impl Discovered {
    /// Exchanges a code for tokens (OIDC Core 3.1.3).
    ///
    /// # Errors
    /// The provider rejects the code, is unreachable, or returns an unusable
    /// response.
    pub async fn exchange(
        &self,
        code: Code,
        expected: Expected<'_>,
        http: &Http,
    ) -> Result<Unchecked, ProtocolError> {
        let (code, from_widget) = match code {
            Code::Authorization(code) => (code, false),
            Code::Interaction(code) => (code, true),
        };
        let mut request = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| ProtocolError::ProviderUnavailable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(
                expected.pkce_verifier.expose().to_owned(),
            ));
        for (name, value) in self.authentication.additional_fields()? {
            request = request.add_extra_param(name, value);
        }
        let answer = if from_widget {
            let http = InteractionCodeGrant(TokenEndpoint(http));
            request.request_async(&http).await
        } else {
            request.request_async(&TokenEndpoint(http)).await
        };
        let answer = answer.map_err(|error| match &error {
            _ if is_about_redirect_uri(&error) => ProtocolError::TokenAnswer(format!(
                "the provider refused the code for its {REDIRECT_URI_REFUSED}"
            )),
            _ if is_invalid_grant(&error) => ProtocolError::CodeRefused,
            RequestTokenError::Request(error) => {
                ProtocolError::ProviderUnavailable(error.to_string())
            }
            RequestTokenError::Parse(..)
            | RequestTokenError::ServerResponse(_)
            | RequestTokenError::Other(_) => ProtocolError::TokenAnswer(describe(&error)),
        })?;
        check_form(&answer).map_err(|fault| ProtocolError::TokenAnswer(fault.to_owned()))?;
        Ok(Unchecked(answer))
    }

    /// Checks the ID token against the transaction (OIDC Core 3.1.3.7), then calls
    /// the userinfo endpoint, if there is one (OIDC Core 5.3).
    ///
    /// # Errors
    /// The ID token or the userinfo response fails a check. An unusable userinfo
    /// endpoint is an error only if the settings say so.
    pub async fn authenticate(
        &self,
        unchecked: &Unchecked,
        expected: Expected<'_>,
        relying_party: &RelyingParty,
        http: &Http,
    ) -> Result<Authenticated, CheckError> {
        let answer = &unchecked.0;
        let id_token = answer
            .unchecked_id_token()
            .ok_or_else(|| ProtocolError::TokenAnswer("it contains no id_token".to_owned()))?;
        let verified =
            id_token::at_sign_in(self, &id_token.expose(), answer, expected, relying_party)?;
        note_odd_claims(&verified.claims, "ID token");
        let mut claims = Claims::from(verified.claims);
        claims.drop_protocol_claims();
        if relying_party.userinfo != Userinfo::Off {
            let more = self
                .user_info(
                    answer.access_token().secret(),
                    &verified.subject,
                    relying_party,
                    http,
                )
                .await;
            claims.fill_up_from(usable(more, relying_party.userinfo)?);
        }
        let tokens = Tokens {
            access_token: answer.access_token().secret().clone().into(),
            access_token_expires_at: now().saturating_add(life(answer)),
            access_token_life: life(answer),
            refresh_token: answer.refresh_token().map(kept),
            id_token: id_token.clone(),
            nonce: expected.nonce.expose().to_owned(),
            scopes: granted(answer).unwrap_or_else(|| relying_party.scopes.clone()),
        };
        Ok(Authenticated {
            claims,
            tokens,
            issuer: verified.issuer,
            id_token_expires_at: verified.expires_at,
            authenticated_at: verified.authenticated_at,
            acr: verified.acr,
        })
    }

    /// Gets new tokens with the refresh token (OIDC Core 12). They are not checked
    /// yet.
    ///
    /// # Errors
    /// See [`RefreshError`].
    pub async fn refresh(
        &self,
        refresh_token: &str,
        http: &Http,
    ) -> Result<Unchecked, RefreshError> {
        use RefreshError::{Over, Passing};
        let refresh_token = RefreshToken::new(refresh_token.to_owned());
        let mut request = self
            .client
            .exchange_refresh_token(&refresh_token)
            .map_err(|error| Passing(error.to_string()))?;
        let additional = self.authentication.additional_fields();
        for (name, value) in additional.map_err(|error| Passing(error.to_string()))? {
            request = request.add_extra_param(name, value);
        }
        let http = PlainRefusals(TokenEndpoint(http));
        let answer = request.request_async(&http).await;
        let answer = answer.map_err(|error| {
            if is_invalid_grant(&error) {
                Over("the provider answered invalid_grant for the refresh token".to_owned())
            } else {
                Passing(describe(&error))
            }
        })?;
        Ok(Unchecked(answer))
    }

    /// The user session's tokens after a refresh: what the provider left out stays
    /// as it was; a new ID token must be for the same person (OIDC Core 12.2).
    ///
    /// # Errors
    /// The new ID token fails a check.
    pub fn renewed(
        &self,
        unchecked: &Unchecked,
        established: Established<'_>,
        relying_party: &RelyingParty,
    ) -> Result<Tokens, CheckError> {
        let answer = &unchecked.0;
        let old = established.tokens.clone();
        let id_token = answer.unchecked_id_token();
        if let Some(id_token) = id_token {
            let id_token = id_token.expose();
            id_token::at_refresh(self, &id_token, answer, established, relying_party)?;
        }
        Ok(Tokens {
            access_token: answer.access_token().secret().clone().into(),
            access_token_expires_at: now().saturating_add(life(answer)),
            access_token_life: life(answer),
            refresh_token: answer.refresh_token().map(kept).or(old.refresh_token),
            id_token: id_token.cloned().unwrap_or(old.id_token),
            nonce: old.nonce,
            scopes: granted(answer).unwrap_or(old.scopes),
        })
    }

    /// Revokes the tokens at the provider (RFC 7009). Does nothing if the provider
    /// has no endpoint for it.
    ///
    /// # Errors
    /// The provider did not answer with success.
    pub async fn revoke(&self, tokens: &Tokens, http: &Http) -> Result<(), HttpError> {
        let Some(endpoint) = &self.metadata.additional_metadata().revocation_endpoint else {
            return Ok(());
        };
        let refresh_token = tokens.refresh_token.as_ref();
        let refresh_token = refresh_token.map(|token| (token, "refresh_token"));
        // With a refresh token its access tokens should go, too, but need not (RFC
        // 7009 2.1).
        let access_token = (&tokens.access_token, "access_token");
        let mut outcome = Ok(());
        for (token, kind) in refresh_token.into_iter().chain([access_token]) {
            // What can be revoked is, whatever became of the other.
            let revoked = self.revoke_one(endpoint.url(), token, kind, http).await;
            outcome = outcome.and(revoked);
        }
        outcome
    }

    async fn revoke_one(
        &self,
        endpoint: &Url,
        token: &Token,
        kind: &str,
        http: &Http,
    ) -> Result<(), HttpError> {
        let mut fields = vec![
            ("token", token.expose()),
            ("token_type_hint", kind.to_owned()),
        ];
        let authentication = &self.authentication;
        fields.extend(
            authentication
                .fields(endpoint.as_str())
                .map_err(|error| HttpError(error.to_string()))?,
        );
        // The library's own revocation requires TLS even on loopback.
        let answer = http
            .post_form(endpoint.clone(), &fields, authentication.basic())
            .await
            .map_err(|error| HttpError(format!("the {kind}: {error}")))?;
        // Some can revoke refresh tokens only (RFC 7009 2.2.1).
        let is_never_revoked = kind == "access_token" && is_of_unsupported_type(answer.body());
        if answer.status().is_success() || is_never_revoked {
            Ok(())
        } else {
            let status = answer.status();
            Err(HttpError(format!("the {kind}: it answered {status}")))
        }
    }
}

fn is_of_unsupported_type(answer: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(answer)
        .is_ok_and(|members| members.get("error") == Some(&"unsupported_token_type".into()))
}

/// The userinfo endpoint's claims, or none if the sign-in can do without them.
fn usable(answer: Result<Claims, UserInfoError>, use_: Userinfo) -> Result<Claims, CheckError> {
    use UserInfoError::{Check, NoEndpoint, Unavailable};
    match answer {
        Ok(claims) => Ok(claims),
        Err(Check(error)) => Err(error),
        Err(NoEndpoint) if use_ == Userinfo::Required => Err(ProtocolError::ProviderUnavailable(
            "OIDC_USERINFO=required, but its metadata has no userinfo_endpoint".to_owned(),
        )
        .into()),
        Err(Unavailable(cause)) if use_ == Userinfo::Required => {
            Err(ProtocolError::ProviderUnavailable(format!(
                "its userinfo endpoint cannot be used: {cause}"
            ))
            .into())
        }
        Err(NoEndpoint) => Ok(Claims::default()),
        Err(Unavailable(cause)) => {
            tracing::warn!(cause, "signing in without the userinfo endpoint's claims");
            Ok(Claims::default())
        }
    }
}

type TokenRequestError = RequestTokenError<HttpError, TokenError>;

fn is_invalid_grant(error: &TokenRequestError) -> bool {
    matches!(
        error,
        RequestTokenError::ServerResponse(answer)
            if answer.error() == &CoreErrorResponseType::InvalidGrant
    )
}

/// Whether the code is refused because it was not issued for this redirect URI (RFC
/// 6749 4.1.3): providers say so in the description only.
fn is_about_redirect_uri(error: &TokenRequestError) -> bool {
    let RequestTokenError::ServerResponse(answer) = error else {
        return false;
    };
    let description = answer.error_description();
    let description = description.map(|text| text.to_ascii_lowercase().replace([' ', '-'], "_"));
    is_invalid_grant(error) && description.is_some_and(|text| text.contains(REDIRECT_URI_REFUSED))
}

/// What went wrong, without the response's own text: that may contain tokens.
fn describe(error: &TokenRequestError) -> String {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            format!(
                "the provider answered {}",
                printable(answer.error().as_ref())
            )
        }
        RequestTokenError::Request(error) => error.to_string(),
        RequestTokenError::Parse(error, _) => {
            format!(
                "it is malformed at {} ({:?})",
                error.path(),
                error.inner().classify()
            )
        }
        RequestTokenError::Other(cause) => cause.clone(),
    }
}

/// What must hold before a token goes into a header: the library would panic on a
/// control character.
pub(super) fn check_form(answer: &TokenAnswer) -> Result<(), &'static str> {
    if answer.token_type() != &CoreTokenType::Bearer {
        // OIDC Core 3.1.3.3
        return Err("its token_type is not Bearer");
    }
    if !is_visible(answer.access_token().secret()) {
        return Err("its access_token is not visible ASCII, or is too long");
    }
    if answer
        .refresh_token()
        .is_some_and(|token| !is_visible(token.secret()))
    {
        return Err("its refresh_token is not visible ASCII, or is too long");
    }
    Ok(())
}

fn is_visible(token: &str) -> bool {
    !token.is_empty() && token.len() <= MAX_TOKEN && token.chars().all(|c| c.is_ascii_graphic())
}

/// A bound on what one session keeps; real tokens are far smaller.
const MAX_TOKEN: usize = 64 * 1024;

/// How long the access token lives, in seconds.
pub(super) fn life(answer: &TokenAnswer) -> u64 {
    answer.expires_in().unwrap_or(DEFAULT_LIFE).as_secs()
}

fn kept(refresh_token: &RefreshToken) -> Token {
    refresh_token.secret().clone().into()
}

/// `None`: exactly what was asked for (RFC 6749 5.1).
fn granted(answer: &TokenAnswer) -> Option<Vec<String>> {
    answer
        .scopes()
        .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect())
}
