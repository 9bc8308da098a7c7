//! `/login`: begins a sign-in.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::see_other;
use crate::{
    hooks,
    oidc::{
        Oidc,
        attempt::NewAttempt,
        csrf::is_cross_site,
        error::{Reason, Refusal},
        protocol::Wishes,
        return_to::ReturnTo,
    },
    settings::LoginPage,
};

/// What `/login` may be told. Anything else is ignored and never reaches the
/// provider.
#[derive(Debug, Default, Deserialize)]
pub struct LoginQuery {
    /// Where to go afterwards: a path of this app.
    return_to: Option<String>,
    /// Whom the person claims to be.
    login_hint: Option<String>,
    /// How old the person's last authentication may be, in seconds.
    max_age: Option<u64>,
    /// `none`: sign in only if that needs no question.
    prompt: Option<String>,
}

impl LoginQuery {
    fn is_silent(&self) -> bool {
        self.prompt.as_deref() == Some("none")
    }
}

/// A hint longer than an e-mail address may be (RFC 5321) is not one.
const MAX_LOGIN_HINT: usize = 254;

/// GET: straight to the provider, or to the app's own page with a button.
pub async fn login(
    request: HttpRequest,
    oidc: web::Data<Oidc>,
    query: web::Query<LoginQuery>,
) -> Result<HttpResponse, Refusal> {
    match oidc.settings.login_page {
        LoginPage::Page if !query.is_silent() => {
            oidc.provider.discovered().await?;
            let return_to = return_to(&oidc, &query);
            hooks::login_view(&request, &return_to, query.login_hint.as_deref())
        }
        LoginPage::Page | LoginPage::Redirect => begin(&request, &oidc, &query).await,
    }
}

/// POST: the button of the app's own page.
pub async fn begin_login(
    request: HttpRequest,
    oidc: web::Data<Oidc>,
    form: web::Form<LoginQuery>,
) -> Result<HttpResponse, Refusal> {
    if is_cross_site(&request) {
        return Err(Reason::ForgedForm.into());
    }
    begin(&request, &oidc, &form).await
}

fn return_to(oidc: &Oidc, query: &LoginQuery) -> ReturnTo {
    query
        .return_to
        .as_deref()
        .and_then(|asked| ReturnTo::parse(&oidc.settings, asked))
        .unwrap_or_else(|| ReturnTo::home(&oidc.settings))
}

async fn begin(
    request: &HttpRequest,
    oidc: &Oidc,
    query: &LoginQuery,
) -> Result<HttpResponse, Refusal> {
    let provider = oidc.provider.discovered().await?;
    let silent = query.is_silent();
    let login_hint = query
        .login_hint
        .as_deref()
        .filter(|hint| hint.len() <= MAX_LOGIN_HINT && !hint.chars().any(char::is_control));
    let wishes = Wishes {
        login_hint,
        max_age: query.max_age,
        silent,
    };
    let new = NewAttempt {
        provider: oidc.provider.name().to_owned(),
        return_to: return_to(oidc, query),
        max_age: query.max_age,
        silent,
    };
    let authorization = oidc
        .attempts
        .begin(request, new, async |state| {
            provider
                .begin(
                    oidc.provider.relying_party(),
                    state,
                    wishes,
                    oidc.provider.http(),
                )
                .await
        })
        .await?;
    Ok(see_other(authorization.as_str()))
}
