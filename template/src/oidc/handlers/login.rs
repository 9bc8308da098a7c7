//! `/login`: begins a sign-in.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::see_other;
use crate::{
    hooks::{self, SignInPage},
    oidc::{
        Oidc,
        attempt::{Attempt, NewAttempt},
        csrf::is_cross_site,
        error::{Action, Reason, Refusal},
        guard,
        protocol::{Demand, Discovered, Wishes},
        return_to::ReturnTo,
        widget::{self, Widget},
    },
    policy,
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
    /// Which authentication contexts a page demands, as `Assured` has sealed it.
    assurance: Option<String>,
    /// `none`: sign in only if that needs no question.
    prompt: Option<String>,
}

impl LoginQuery {
    fn demand(&self, oidc: &Oidc) -> Result<Demand, Refusal> {
        let acr_values = match &self.assurance {
            None => Vec::new(),
            Some(sealed) => oidc.assurance.open(sealed).ok_or_else(|| {
                Reason::BadRequest("assurance was not sealed by this app".to_owned())
            })?,
        };
        Ok(Demand {
            max_age: self.max_age,
            acr_values,
        })
    }

    /// Whether a page of this app would be in the way: nothing may be asked, or
    /// only the provider can ask it.
    fn goes_straight(&self) -> bool {
        self.is_silent() || self.assurance.is_some()
    }

    fn is_silent(&self) -> bool {
        self.prompt.as_deref() == Some("none")
    }

    fn login_hint(&self) -> Option<&str> {
        self.login_hint
            .as_deref()
            .filter(|hint| hint.len() <= MAX_LOGIN_HINT && !hint.chars().any(char::is_control))
    }

    fn return_to(&self, oidc: &Oidc) -> ReturnTo {
        self.return_to
            .as_deref()
            .and_then(|asked| ReturnTo::parse(&oidc.settings, asked))
            .unwrap_or_else(|| ReturnTo::after_login(&oidc.settings))
    }
}

/// A hint longer than an e-mail address may be (RFC 5321) is not one.
const MAX_LOGIN_HINT: usize = 254;

/// GET: straight to the provider, or to the app's own page.
pub async fn login(
    request: HttpRequest,
    oidc: web::Data<Oidc>,
    query: web::Query<LoginQuery>,
) -> Result<HttpResponse, Refusal> {
    let provider = oidc.provider.discovered().await?;
    let return_to = query.return_to(&oidc);
    match oidc.settings.login_page {
        LoginPage::Page if !query.goes_straight() => hooks::login_view(
            &request,
            SignInPage {
                login_hint: query.login_hint(),
                max_age: query.max_age,
                ..SignInPage::new(&return_to)
            },
        ),
        // Only the provider itself can say how long ago somebody proved who
        // they are.
        LoginPage::Widget if !query.goes_straight() && query.max_age.is_none() => {
            let page = SignInPage {
                login_hint: query.login_hint(),
                ..SignInPage::new(&return_to)
            };
            begin_with_widget(&request, &oidc, &provider, page)
        }
        LoginPage::Page | LoginPage::Widget | LoginPage::Redirect => {
            begin(&request, &oidc, &provider, &query).await
        }
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
    let provider = oidc.provider.discovered().await?;
    begin(&request, &oidc, &provider, &form).await
}

/// Sends the browser to the provider.
async fn begin(
    request: &HttpRequest,
    oidc: &Oidc,
    provider: &Discovered,
    query: &LoginQuery,
) -> Result<HttpResponse, Refusal> {
    let silent = query.is_silent();
    let demand = query.demand(oidc)?;
    let wishes = Wishes {
        login_hint: query.login_hint(),
        demand: demand.clone(),
        silent,
    };
    let new = NewAttempt {
        provider: oidc.provider.name().to_owned(),
        return_to: query.return_to(oidc),
        demand,
        silent,
        with_widget: false,
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

/// Begins an attempt that the Okta Sign-In Widget carries out. The
/// authorization request stays here: the widget makes one of its own.
fn begin_with_widget(
    request: &HttpRequest,
    oidc: &Oidc,
    provider: &Discovered,
    page: SignInPage<'_>,
) -> Result<HttpResponse, Refusal> {
    let new = NewAttempt {
        provider: oidc.provider.name().to_owned(),
        return_to: page.return_to.clone(),
        demand: Demand::default(),
        silent: false,
        with_widget: true,
    };
    let attempt = oidc.attempts.begin_on_page(request, new, |state| {
        provider.compose(oidc.provider.relying_party(), state, Wishes::default())
    })?;
    show_widget(request, oidc, &attempt, None, page)
}

/// Shows the widget again for an attempt that is not over: the provider wants
/// to ask the person more, or they followed a link in an e-mail.
pub(super) fn go_on_with_widget(
    request: &HttpRequest,
    oidc: &Oidc,
    attempt: &Attempt,
    otp: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let page = SignInPage::new(&attempt.return_to);
    show_widget(request, oidc, attempt, otp, page)
}

fn show_widget(
    request: &HttpRequest,
    oidc: &Oidc,
    attempt: &Attempt,
    otp: Option<&str>,
    page: SignInPage<'_>,
) -> Result<HttpResponse, Refusal> {
    let nonce = policy::nonce()?;
    policy::allow(request, widget::sources(oidc));
    let widget = Widget::new(oidc, attempt, &nonce, page.login_hint, otp)?;
    hooks::login_view(
        request,
        SignInPage {
            widget: Some(widget),
            ..page
        },
    )
}

/// The app's own sign-in page with what went wrong above it, for a refusal
/// that a new sign-in mends; `None` if the app has no such page.
pub(crate) fn sign_in_page_after(
    request: &HttpRequest,
    refusal: &Refusal,
) -> Option<Result<HttpResponse, Refusal>> {
    let oidc = guard::oidc(request).ok()?;
    if refusal.reason.face().action != Action::SignIn
        || matches!(refusal.reason, Reason::NotFresh(_) | Reason::NotAssured(_))
    {
        return None;
    }
    let otherwise = ReturnTo::after_login(&oidc.settings);
    let page = SignInPage {
        trouble: Some(&refusal.reason),
        ..SignInPage::new(refusal.return_to.as_ref().unwrap_or(&otherwise))
    };
    match oidc.settings.login_page {
        LoginPage::Redirect => None,
        LoginPage::Page => Some(hooks::login_view(request, page)),
        LoginPage::Widget => {
            let provider = oidc.provider.known()?;
            Some(begin_with_widget(request, oidc, &provider, page))
        }
    }
}

/// The page with the widget, whatever `OIDC_LOGIN_PAGE` says, for the gallery
/// of views.
#[cfg(debug_assertions)]
pub(crate) fn sample_widget(request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let oidc = guard::oidc(request)?;
    let unknown = || Reason::ProviderUnavailable("nothing is known of it yet".to_owned());
    let provider = oidc.provider.known().ok_or_else(unknown)?;
    let home = ReturnTo::home(&oidc.settings);
    begin_with_widget(request, oidc, &provider, SignInPage::new(&home))
}
