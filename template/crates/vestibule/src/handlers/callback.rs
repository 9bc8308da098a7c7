//! The provider's response: the only place where someone becomes signed in.

use std::sync::Arc;

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, http::header::USER_AGENT, web};
use url::form_urlencoded;

use super::{
    login::{begin_anew, go_on_with_widget},
    logout,
};
use crate::{
    body::InTime,
    choice,
    clock::now,
    deny::Deny,
    error::{Error, ErrorKind},
    events::{self, Ending},
    hooks::AfterLogin,
    oidc::Oidc,
    probe,
    protocol::{Authenticated, Code, Discovered, printable},
    provider::Provider,
    redirect::see_other,
    request_state,
    return_to::ReturnTo,
    seal,
    session::{LiveSession, UserSession, describe_browser},
    transaction::Transaction,
    visitor,
};

/// The name of the provider that sends people back to an address of this app.
#[derive(Clone, Debug)]
pub(super) struct CallbackOf(pub(super) String);

/// The provider whose callback was requested.
fn provider_of<'a>(request: &HttpRequest, oidc: &'a Oidc) -> Result<&'a Arc<Provider>, Error> {
    let name = request.app_data::<CallbackOf>();
    let provider = name.and_then(|CallbackOf(name)| oidc.provider_named(name));
    provider.ok_or_else(Error::not_found)
}

/// GET: ends in a new session and a redirect, or in an error that changes nothing.
pub(super) async fn callback(request: HttpRequest, oidc: Oidc) -> Result<HttpResponse, Error> {
    if let Some(answer) = probe::answer(&request) {
        return Ok(answer);
    }
    let provider = provider_of(&request, &oidc)?;
    let concluded = conclude(&request, &oidc, provider).await;
    concluded.inspect_err(|error| {
        events::sign_in_failed(provider.issuer(), &error.kind);
    })
}

/// Answers with a code are small; nothing larger is read.
pub(super) const MAX_FORM: usize = 32 * 1024;

/// POST: the provider's page sends the same answer in a form (OAuth 2.0 Form Post
/// Response Mode). The form comes from another site, so browsers leave the app's
/// cookies out. They send them along with the GET that follows, which is therefore
/// where the answer counts. Nothing else in the form goes on: nobody has signed it.
pub(super) async fn callback_by_form(
    request: HttpRequest,
    oidc: Oidc,
    InTime(body): InTime<web::Bytes>,
) -> Result<HttpResponse, Error> {
    if request.content_type() != "application/x-www-form-urlencoded" {
        return Ok(HttpResponse::UnsupportedMediaType().finish());
    }
    let answer = Answer::read(&String::from_utf8_lossy(&body))?;
    let pairs = [
        ("state", &answer.state),
        ("code", &answer.code),
        ("iss", &answer.issuer),
        ("error", &answer.error),
        ("error_description", &answer.error_description),
    ];
    let pairs = pairs
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let callback = oidc.callback_path(provider_of(&request, &oidc)?);
    Ok(see_other(&oidc.path_with(&callback, pairs)))
}

async fn conclude(
    request: &HttpRequest,
    oidc: &Oidc,
    provider: &Arc<Provider>,
) -> Result<HttpResponse, Error> {
    let answer = Answer::read(request.query_string())?;
    let before = session_before(request, oidc).await?;
    let transaction = match oidc
        .transactions()
        .find(request, answer.state.as_deref().unwrap_or_default())
    {
        Ok(transaction) => transaction,
        // The back button or a bookmark: people who are signed in have no use for
        // an error page.
        Err(Error {
            kind: ErrorKind::TransactionUnknown,
            ..
        }) if before.is_some() => {
            return Ok(see_other(ReturnTo::after_login(oidc.settings()).as_str()));
        }
        // A link from an e-mail, opened elsewhere.
        Err(Error {
            kind: ErrorKind::TransactionUnknown,
            ..
        }) if answer.otp.is_some() => return Err(ErrorKind::OtpElsewhere.into()),
        Err(error) => return Err(error),
    };
    let return_to = transaction.return_to.checked(oidc.settings());
    if transaction.provider != provider.name() {
        oidc.transactions().forget(&transaction);
        let mixed_up = "the transaction was started with another one".to_owned();
        return Err(ErrorKind::MixedUp(mixed_up).on_the_way_to(return_to));
    }
    if transaction.with_widget && answer.leaves_the_rest_to_the_widget() && !transaction.finished {
        return go_on_with_widget(request, oidc, provider, &transaction, answer.otp.as_deref());
    }
    let is_first = match is_first_answer(oidc, &transaction, &answer).await {
        Ok(is_first) => is_first,
        Err(kind) => return Err(kind.on_the_way_to(return_to)),
    };
    if !is_first {
        return match before {
            Some(_) => Ok(see_other(return_to.as_str())),
            None => Err(ErrorKind::CodeRefused.on_the_way_to(return_to)),
        };
    }
    let finished = finish(
        request,
        oidc,
        provider,
        &transaction,
        answer,
        before.as_deref(),
    );
    match finished.await {
        Ok(Outcome::LeavesProvider(way)) => {
            oidc.transactions().forget(&transaction);
            Ok(way)
        }
        Ok(Outcome::SignedIn(after)) => {
            oidc.transactions().finish(request, transaction)?;
            Ok(match after {
                AfterLogin::Continue => see_other(return_to.as_str()),
                AfterLogin::RedirectTo(path) => {
                    see_other(&oidc.path_with(&path, [("return_to", return_to.as_str())]))
                }
            })
        }
        Err(error) => {
            oidc.transactions().forget(&transaction);
            let is_expired = matches!(error.kind, ErrorKind::ExpiredAtProvider);
            if is_expired && !transaction.begun_anew && !transaction.with_widget {
                tracing::info!("the person took too long at the provider; the sign-in begins anew");
                return begin_anew(request, oidc, provider, &transaction).await;
            }
            // The page itself decides what people who are not signed in see.
            let is_declined = error.kind.is_declined_by_provider()
                || matches!(error.kind, ErrorKind::DemandNotMet(_));
            if transaction.silent && is_declined {
                let cause = error.kind.cause();
                tracing::info!(%cause, "the silent sign-in did not sign anyone in");
                return Ok(see_other(return_to.as_str()));
            }
            Err(error.kind.on_the_way_to(return_to))
        }
    }
}

/// The session that the browser already has, without asking the app's hooks:
/// another person may be about to sign in.
async fn session_before(
    request: &HttpRequest,
    oidc: &Oidc,
) -> Result<Option<Arc<LiveSession>>, Error> {
    match visitor::session_of(request, oidc).await {
        Ok(live) => {
            visitor::remember_non_user(&live);
            Ok(Some(live))
        }
        Err(error) if matches!(error.kind, ErrorKind::SignedOut) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether this is the first response to the transaction on any instance. A code
/// sent twice makes the provider revoke its tokens (RFC 6749 4.1.2), and an old
/// cookie must not bring a transaction, and so its nonce, back. A response without a
/// code signs no one in, so the store need not remember it.
async fn is_first_answer(
    oidc: &Oidc,
    transaction: &Transaction,
    answer: &Answer,
) -> Result<bool, ErrorKind> {
    if transaction.finished {
        return Ok(false);
    }
    if !answer.has_code() {
        return Ok(true);
    }
    let lease = transaction.answer_lease()?;
    Ok(oidc.sessions().store().acquire(lease).await?)
}

/// The callback's parameters (OIDC Core 3.1.2.5 and 3.1.2.6, RFC 9207), and those
/// of the Okta Sign-In Widget.
#[derive(Default)]
struct Answer {
    state: Option<String>,
    code: Option<String>,
    interaction_code: Option<String>,
    otp: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Answer {
    fn read(query: &str) -> Result<Self, Error> {
        let mut answer = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (name, field) = match &*name {
                "state" => ("state", &mut answer.state),
                "code" => ("code", &mut answer.code),
                "interaction_code" => ("interaction_code", &mut answer.interaction_code),
                "otp" => ("otp", &mut answer.otp),
                "iss" => ("iss", &mut answer.issuer),
                "error" => ("error", &mut answer.error),
                // Not checked: it decides nothing but whether to begin anew.
                "error_description" => {
                    answer.error_description = Some(value.into_owned());
                    continue;
                }
                "access_token" => return Err(ErrorKind::TokenInCallback("access_token").into()),
                "id_token" => return Err(ErrorKind::TokenInCallback("id_token").into()),
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(ErrorKind::ParameterRepeated(name).into());
            }
        }
        Ok(answer)
    }

    /// Checks that the response comes from the provider that was asked, as far as
    /// it says so (RFC 9207 2.4).
    fn check_issuer(&self, provider: &Discovered) -> Result<(), ErrorKind> {
        match &self.issuer {
            Some(issuer) if !provider.issues_as(issuer) => {
                Err(ErrorKind::MixedUp("iss names another issuer".to_owned()))
            }
            // Made by the widget in our own page, not by the provider.
            None if self.interaction_code.is_some() => Ok(()),
            None if provider.names_itself_in_callbacks() => {
                Err(ErrorKind::MixedUp("iss is missing".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether it may sign someone in.
    fn has_code(&self) -> bool {
        self.error.is_none() && (self.code.is_some() || self.interaction_code.is_some())
    }

    /// Whether the person took too long at the provider. Keycloak says so in the
    /// description of another error.
    fn is_expired(&self) -> bool {
        const EXPIRED: Option<&str> = Some("authentication_expired");
        let (error, description) = (self.error.as_deref(), self.error_description.as_deref());
        error == EXPIRED || error.is_some() && description == EXPIRED
    }

    /// Whether to show the widget again: the provider has more to ask, or the
    /// person followed a link in an e-mail.
    fn leaves_the_rest_to_the_widget(&self) -> bool {
        self.otp.is_some() || self.error.as_deref() == Some("interaction_required")
    }

    fn into_code(self, transaction: &Transaction) -> Result<Code, ErrorKind> {
        if let Some(code) = self.interaction_code {
            return match (self.error, self.code) {
                (None, None) if transaction.with_widget && !code.is_empty() => {
                    Ok(Code::Interaction(code))
                }
                _ => Err(ErrorKind::MixedUp(
                    "an interaction_code is only valid from the widget, and on its own".to_owned(),
                )),
            };
        }
        if self.is_expired() {
            return Err(ErrorKind::ExpiredAtProvider);
        }
        match (self.error.as_deref(), self.code) {
            // The second one is how Apple says that the person changed their mind.
            (Some("access_denied" | "user_cancelled_authorize"), _) => Err(ErrorKind::Denied),
            // OpenID Connect Core Error Code unmet_authentication_requirements 1.0
            (Some(error @ "unmet_authentication_requirements"), _) => Err(ErrorKind::DemandNotMet(
                format!("the provider answered {error}"),
            )),
            (
                Some(
                    "login_required"
                    | "interaction_required"
                    | "consent_required"
                    | "account_selection_required",
                ),
                _,
            ) => Err(ErrorKind::NotSignedInAtProvider),
            (Some(error), _) => Err(ErrorKind::ProviderError(printable(error))),
            (None, Some(code)) if !code.is_empty() => Ok(Code::Authorization(code)),
            (None, _) => Err(ErrorKind::CodeMissing),
        }
    }
}

async fn finish(
    request: &HttpRequest,
    oidc: &Oidc,
    provider: &Arc<Provider>,
    transaction: &Transaction,
    answer: Answer,
    before: Option<&LiveSession>,
) -> Result<Outcome, Error> {
    let discovered = provider.discovered().await?;
    answer.check_issuer(&discovered)?;
    let code = answer.into_code(transaction)?;
    let authenticated = provider.authenticate(code, transaction.expected()).await?;
    let groups = authenticated
        .claims
        .roles_at(&provider.relying_party().roles_claim);
    let joining = &provider.settings().joining;
    let joined = if provider.issuers().include(&authenticated.issuer) {
        joining.check(&authenticated.claims, &groups).await
    } else {
        Err(joining.turned_away("their tenant is not in OIDC_TENANTS"))
    };
    if authenticated
        .claims
        .leaves_out(&provider.relying_party().roles_claim)
    {
        tracing::warn!(
            claim = provider.relying_party().roles_claim,
            "the person is in more groups than the provider puts into a token, so it named none: \
             have it put only groups that are assigned to the app there, or app roles"
        );
    }
    let roles = joining.roles(groups);
    let mut session = new_session(oidc, provider, authenticated, roles, browser_of(request))?;
    if let Some(before) = before
        && transaction.steps_up
    {
        keep_end_of_life(&mut session, &before.session);
    }
    let after = match joined {
        Ok(()) => oidc.hooks().after_login(&session, request).await,
        Err(deny) => Err(deny),
    };
    let after = match after {
        Ok(after) => after,
        Err(deny) => return deny_session(request, oidc, provider, &session, deny).await,
    };
    replace_session(request, oidc, &session).await?;
    choice::remember(oidc, provider);
    events::signed_in(&session);
    Ok(Outcome::SignedIn(after))
}

/// Revokes the tokens of a sign-in that a rule of the app denied. The person may have to sign
/// out at the provider too, which would otherwise sign them in again silently.
async fn deny_session(
    request: &HttpRequest,
    oidc: &Oidc,
    provider: &Arc<Provider>,
    session: &UserSession,
    deny: Deny,
) -> Result<Outcome, Error> {
    let (its_provider, tokens) = (Arc::clone(provider), session.tokens.clone());
    // The person does not wait for this; it has the usual timeout for calls.
    request_state::spawn(async move { its_provider.revoke(&tokens).await });
    if deny.reason().logout_at_provider
        && let Some(note) = oidc.denials().keep(oidc.cookies(), &deny)
        && let Some(way) = logout::way_to_provider(request, oidc, provider, &session.tokens).await?
    {
        let error = Error::from(deny);
        events::sign_in_failed(provider.issuer(), &error.kind);
        request_state::send(note);
        return Ok(Outcome::LeavesProvider(way));
    }
    Err(deny.into())
}

/// How a sign-in that passed all checks ends.
enum Outcome {
    SignedIn(AfterLogin),
    /// Denied by a rule of the app, on the way to the provider's sign-out.
    LeavesProvider(HttpResponse),
}

/// The browser that sent the request, such as "Firefox on Linux".
fn browser_of(request: &HttpRequest) -> String {
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    describe_browser(agent.unwrap_or_default())
}

/// The most JSON bytes of claims that a session keeps: room for thousands of
/// groups.
const MAX_CLAIMS: usize = 64 * 1024;

fn new_session(
    oidc: &Oidc,
    provider: &Provider,
    authenticated: Authenticated,
    roles: Vec<String>,
    device: String,
) -> Result<UserSession, Error> {
    let expires_at = end_of_life(oidc, &authenticated)?;
    let Authenticated {
        mut claims,
        tokens,
        issuer,
        authenticated_at,
        acr,
        ..
    } = authenticated;
    let dropped = claims.drop_largest_above(MAX_CLAIMS);
    if !dropped.is_empty() {
        tracing::warn!(
            claims = dropped.join(" "),
            "claims were dropped because together they exceed {MAX_CLAIMS} bytes"
        );
    }
    let string = |claim: &str| claims.string(claim).map(str::to_owned);
    Ok(UserSession {
        provider: provider.name().to_owned(),
        issuer,
        client_id: provider.client_id().to_owned(),
        subject: string("sub").ok_or_else(|| ErrorKind::IdToken("sub is missing".to_owned()))?,
        provider_session: string("sid"),
        roles,
        authenticated_at,
        acr,
        csrf_token: seal::random_string()?,
        device,
        created_at: now(),
        expires_at,
        claims,
        tokens,
    })
}

/// Meeting a page's demand does not extend the same person's session (ASVS 7.3.2).
fn keep_end_of_life(session: &mut UserSession, before: &UserSession) {
    if session.issuer == before.issuer && session.subject == before.subject {
        session.expires_at = session.expires_at.min(before.expires_at);
    }
}

/// When the session ends whatever happens: no later than the provider's
/// `session_expiry` claim allows (IPSIE OpenID Connect SL1 profile).
fn end_of_life(oidc: &Oidc, authenticated: &Authenticated) -> Result<u64, ErrorKind> {
    let refuse = |cause: &str| ErrorKind::IdToken(cause.to_owned());
    let mut end = oidc.sessions().end_of_life();
    if authenticated.claims.get("session_expiry").is_some() {
        let allowed = authenticated.claims.number("session_expiry");
        end = end.min(allowed.ok_or_else(|| refuse("session_expiry is not a Unix time"))?);
    }
    if oidc.settings().session_ends_with_id_token {
        end = end.min(authenticated.id_token_expires_at);
    }
    // Such a session would end before its first page: a loop.
    if end <= now() {
        return Err(refuse("the session it allows has already ended"));
    }
    Ok(end)
}

/// Each sign-in gets a new id and keeps nothing of the session before, no matter
/// whose it was (ASVS 7.2.4).
async fn replace_session(
    request: &HttpRequest,
    oidc: &Oidc,
    session: &UserSession,
) -> Result<(), Error> {
    let id = oidc.sessions().begin(session).await?;
    if let Some(old) = visitor::session_id(request, oidc) {
        oidc.sessions().end(&old).await?;
    }
    let most = oidc.settings().sessions_per_person;
    let ended = oidc
        .sessions()
        .end_oldest_beyond(most, &id, session)
        .await?;
    if ended > 0 {
        let (issuer, subject) = (session.issuer(), session.subject());
        events::revoked(issuer, Some(subject), Ending::TooMany, ended);
    }
    logout::purge_app_session(request);
    let cookies = oidc.cookies();
    let name = cookies.user_session().to_owned();
    let life = session.expires_at.saturating_sub(session.created_at);
    request_state::send(cookies.make(name, id.to_cookie_value(), Some(life)));
    Ok(())
}
