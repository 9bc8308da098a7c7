//! The provider's answer: the one place where somebody becomes signed in.

use std::sync::Arc;

use actix_session::SessionExt;
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded;

use super::{login::go_on_with_widget, see_other};
use crate::{
    current, hooks,
    oidc::{
        Oidc,
        attempt::Attempt,
        devices,
        error::{Reason, Refusal, printable},
        events, guard,
        protocol::{Authenticated, Code, Discovered},
        return_to::ReturnTo,
        seal,
        sign_in::{LiveSignIn, SignIn, now},
    },
};

/// What `hooks::after_login` wants to happen next.
#[derive(Debug)]
pub enum AfterLogin {
    /// To the page that the person wanted.
    Continue,
    /// To another path of this app first, for example a welcome page. It finds
    /// the page that the person wanted in its query, as `return_to`; check it
    /// with `ReturnTo::parse` before use.
    RedirectTo(String),
}

/// GET: ends with a new sign-in and a redirect, or with a refusal that changes
/// nothing.
pub async fn callback(
    request: HttpRequest,
    oidc: web::Data<Oidc>,
) -> Result<HttpResponse, Refusal> {
    let concluded = conclude(&request, &oidc).await;
    concluded.inspect_err(|refusal| {
        events::sign_in_failed(oidc.provider.issuer(), &refusal.reason);
    })
}

async fn conclude(request: &HttpRequest, oidc: &Oidc) -> Result<HttpResponse, Refusal> {
    let answer = Answer::read(request.query_string())?;
    let before = sign_in_before(request).await?;
    let attempt = match oidc
        .attempts
        .find(request, answer.state.as_deref().unwrap_or_default())
    {
        Ok(attempt) => attempt,
        // The back button, or a bookmark: whoever is signed in has no use for
        // an error page.
        Err(Refusal {
            reason: Reason::AttemptUnknown,
            ..
        }) if before.is_some() => {
            return Ok(see_other(ReturnTo::after_login(&oidc.settings).as_str()));
        }
        // A link in an e-mail, opened elsewhere.
        Err(Refusal {
            reason: Reason::AttemptUnknown,
            ..
        }) if answer.otp.is_some() => return Err(Reason::OtpElsewhere.into()),
        Err(refusal) => return Err(refusal),
    };
    let return_to = attempt.return_to.checked(&oidc.settings);
    let goes_on = attempt.with_widget && answer.leaves_the_rest_to_the_widget();
    if goes_on && !attempt.finished {
        return go_on_with_widget(request, oidc, &attempt, answer.otp.as_deref());
    }
    let is_first = match is_first_answer(oidc, &attempt).await {
        Ok(is_first) => is_first,
        Err(reason) => return Err(reason.on_the_way_to(return_to)),
    };
    if !is_first {
        return match before {
            Some(_) => Ok(see_other(return_to.as_str())),
            None => Err(Reason::CodeRefused.on_the_way_to(return_to)),
        };
    }
    match finish(request, oidc, &attempt, answer, before.as_deref()).await {
        Ok(after) => {
            oidc.attempts.finish(request, attempt)?;
            Ok(match after {
                AfterLogin::Continue => see_other(return_to.as_str()),
                AfterLogin::RedirectTo(path) => {
                    see_other(&oidc.path_with(&path, [("return_to", return_to.as_str())]))
                }
            })
        }
        Err(refusal) => {
            oidc.attempts.forget(&attempt);
            // The wanted page decides what a person who is not signed in sees.
            if attempt.silent && refusal.reason.is_providers_no() {
                tracing::info!(cause = %refusal, "a silent attempt signed nobody in");
                return Ok(see_other(return_to.as_str()));
            }
            Err(refusal.reason.on_the_way_to(return_to))
        }
    }
}

/// As whom the browser is signed in already, whatever the app's own hooks say of
/// the person: another one may be about to sign in.
async fn sign_in_before(request: &HttpRequest) -> Result<Option<Arc<LiveSignIn>>, Refusal> {
    match guard::sign_in_of(request).await {
        Ok(live) => {
            current::remember_non_user(&live);
            Ok(Some(live))
        }
        Err(Refusal {
            reason: Reason::SignedOut,
            ..
        }) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Whether nobody has brought an answer to the attempt yet, to whichever
/// instance. The same code is not sent twice, for then a provider revokes what
/// it gave (RFC 6749 4.1.2), and a cookie kept from before brings no attempt,
/// and so no nonce, back.
async fn is_first_answer(oidc: &Oidc, attempt: &Attempt) -> Result<bool, Reason> {
    if attempt.finished {
        return Ok(false);
    }
    let claim = attempt.claim_answer()?;
    Ok(oidc.sign_ins.store().claim(claim).await?)
}

/// The callback's parameters (OIDC Core 3.1.2.5 and 3.1.2.6, RFC 9207), and
/// those that the Okta Sign-In Widget brings.
#[derive(Default)]
struct Answer {
    state: Option<String>,
    code: Option<String>,
    interaction_code: Option<String>,
    otp: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
}

impl Answer {
    fn read(query: &str) -> Result<Self, Refusal> {
        let mut answer = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (name, field) = match &*name {
                "state" => ("state", &mut answer.state),
                "code" => ("code", &mut answer.code),
                "interaction_code" => ("interaction_code", &mut answer.interaction_code),
                "otp" => ("otp", &mut answer.otp),
                "iss" => ("iss", &mut answer.issuer),
                "error" => ("error", &mut answer.error),
                "access_token" => return Err(Reason::TokenInCallback("access_token").into()),
                "id_token" => return Err(Reason::TokenInCallback("id_token").into()),
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(Reason::ParameterRepeated(name).into());
            }
        }
        Ok(answer)
    }

    /// Whether the answer comes from the provider that was asked, as far as it
    /// says (RFC 9207 2.4).
    fn check_issuer(&self, provider: &Discovered) -> Result<(), Reason> {
        match &self.issuer {
            Some(issuer) if issuer != provider.issuer() => {
                Err(Reason::MixedUp("iss is another issuer".to_owned()))
            }
            // The widget in our own page made this one, not the provider.
            None if self.interaction_code.is_some() => Ok(()),
            None if provider.names_itself_in_callbacks() => {
                Err(Reason::MixedUp("iss is missing".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the widget has to be shown again: the provider has more to ask,
    /// or the person comes from a link in an e-mail.
    fn leaves_the_rest_to_the_widget(&self) -> bool {
        self.otp.is_some() || self.error.as_deref() == Some("interaction_required")
    }

    fn into_code(self, attempt: &Attempt) -> Result<Code, Reason> {
        if let Some(code) = self.interaction_code {
            return match (self.error, self.code) {
                (None, None) if attempt.with_widget && !code.is_empty() => {
                    Ok(Code::Interaction(code))
                }
                _ => Err(Reason::MixedUp(
                    "an interaction_code answers the widget only, and stands alone".to_owned(),
                )),
            };
        }
        match (self.error.as_deref(), self.code) {
            (Some("access_denied"), _) => Err(Reason::Denied),
            // OpenID Connect Core Error Code unmet_authentication_requirements 1.0
            (Some(error @ "unmet_authentication_requirements"), _) => {
                Err(Reason::DemandNotMet(format!("the provider says {error}")))
            }
            (
                Some(
                    "login_required"
                    | "interaction_required"
                    | "consent_required"
                    | "account_selection_required",
                ),
                _,
            ) => Err(Reason::NotSignedInAtProvider),
            (Some(error), _) => Err(Reason::ProviderError(printable(error))),
            (None, Some(code)) if !code.is_empty() => Ok(Code::Authorization(code)),
            (None, _) => Err(Reason::CodeMissing),
        }
    }
}

async fn finish(
    request: &HttpRequest,
    oidc: &Oidc,
    attempt: &Attempt,
    answer: Answer,
    before: Option<&LiveSignIn>,
) -> Result<AfterLogin, Refusal> {
    let provider = oidc.provider.discovered().await?;
    if attempt.provider != oidc.provider.name() {
        return Err(Reason::MixedUp("the attempt was begun at another one".to_owned()).into());
    }
    answer.check_issuer(&provider)?;
    let code = answer.into_code(attempt)?;
    let authenticated = oidc.provider.authenticate(code, attempt.expected()).await?;
    let mut sign_in = new_sign_in(oidc, authenticated, devices::name(request))?;
    if let Some(before) = before
        && !attempt.demand.is_empty()
    {
        keep_end_of_life(&mut sign_in, &before.sign_in);
    }
    let after = hooks::after_login(request, &sign_in).await?;
    replace_sign_in(request, oidc, &sign_in).await?;
    events::signed_in(&sign_in);
    Ok(after)
}

/// What one sign-in keeps of claims at most, in bytes of JSON: room for
/// thousands of groups.
const MAX_CLAIMS: usize = 64 * 1024;

fn new_sign_in(
    oidc: &Oidc,
    authenticated: Authenticated,
    device: String,
) -> Result<SignIn, Refusal> {
    let expires_at = end_of_life(oidc, &authenticated)?;
    let Authenticated {
        mut claims,
        tokens,
        authenticated_at,
        assurance,
        ..
    } = authenticated;
    let roles = claims.texts_at(&oidc.provider.relying_party().roles_claim);
    let dropped = claims.drop_largest_above(MAX_CLAIMS);
    if !dropped.is_empty() {
        tracing::warn!(
            claims = dropped.join(" "),
            "claims were dropped, for all together are longer than {MAX_CLAIMS} bytes"
        );
    }
    let text = |claim: &str| claims.text(claim).map(str::to_owned);
    Ok(SignIn {
        provider: oidc.provider.name().to_owned(),
        issuer: oidc.provider.issuer().to_owned(),
        subject: text("sub").ok_or_else(|| Reason::IdToken("sub is missing".to_owned()))?,
        provider_session: text("sid"),
        roles,
        authenticated_at,
        assurance,
        csrf_token: seal::random_text()?,
        device,
        created_at: now(),
        expires_at,
        claims,
        tokens,
    })
}

/// Meeting a page's demand does not let the same person stay for longer
/// (ASVS 7.3.2).
fn keep_end_of_life(sign_in: &mut SignIn, before: &SignIn) {
    if sign_in.issuer == before.issuer && sign_in.subject == before.subject {
        sign_in.expires_at = sign_in.expires_at.min(before.expires_at);
    }
}

/// When the sign-in ends whatever happens: never later than the provider allows
/// with the claim `session_expiry` (IPSIE OpenID Connect SL1 profile).
fn end_of_life(oidc: &Oidc, authenticated: &Authenticated) -> Result<u64, Reason> {
    let refuse = |cause: &str| Reason::IdToken(cause.to_owned());
    let mut end = oidc.sign_ins.end_of_life();
    if authenticated.claims.get("session_expiry").is_some() {
        let allowed = authenticated.claims.number("session_expiry");
        end = end.min(allowed.ok_or_else(|| refuse("session_expiry is no Unix time"))?);
    }
    if oidc.settings.session_ends_with_id_token {
        end = end.min(authenticated.id_token_expires_at);
    }
    // Such a sign-in would be over before its first page: a loop.
    if end <= now() {
        return Err(refuse("the session that it allows is over already"));
    }
    Ok(end)
}

/// A new id for each sign-in, and nothing left of the one before, whoever it
/// belonged to (ASVS 7.2.4).
async fn replace_sign_in(
    request: &HttpRequest,
    oidc: &Oidc,
    sign_in: &SignIn,
) -> Result<(), Refusal> {
    let id = oidc.sign_ins.begin(sign_in).await?;
    if let Some(old) = guard::sign_in_id(request, oidc) {
        oidc.sign_ins.end(&old).await?;
    }
    request.get_session().purge();
    let name = oidc.cookies.sign_in().to_owned();
    let life = sign_in.expires_at.saturating_sub(sign_in.created_at);
    current::send(oidc.cookies.make(name, id.to_cookie_value(), Some(life)));
    Ok(())
}
