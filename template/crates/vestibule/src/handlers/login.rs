//! `/login`: starts a sign-in.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::{
    body::InTime,
    choice, csp,
    csrf::is_cross_site,
    error::{Action, Error, ErrorKind},
    oidc::Oidc,
    pages::{AddressForm, ChoosePage, ErrorPage, LoginPage, ProviderChoice, Widget},
    probe,
    protocol::{AuthorizationOptions, Demand, Discovered, Prompt},
    provider::Provider,
    redirect::see_other,
    return_to::{NoReturn, ReturnTo},
    settings::LoginMode,
    silent,
    transaction::{NewTransaction, Transaction},
    visitor, widget,
};

/// The parameters of `/login`. Others are ignored and never reach the provider.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LoginQuery {
    /// Where to go afterwards: a path of this app.
    return_to: Option<String>,
    /// Who the person claims to be.
    login_hint: Option<String>,
    /// How old the person's last authentication may be, in seconds.
    max_age: Option<u64>,
    /// The authentication contexts that a page demands, sealed by `Assured`.
    assurance: Option<String>,
    /// `none`: sign in only if no interaction is needed. `select_account`: ask
    /// which account to use.
    prompt: Option<String>,
    /// Proves that a page of this app wants a silent sign-in.
    silent: Option<String>,
    /// Which of several providers to sign in with.
    provider: Option<String>,
}

impl LoginQuery {
    /// What the page demands that the person comes from.
    fn demand(&self, oidc: &Oidc) -> Result<Demand, Error> {
        let acr_values = match &self.assurance {
            None => Vec::new(),
            Some(sealed) => oidc.demands().open(sealed).ok_or_else(|| {
                ErrorKind::BadRequest("assurance was not sealed by this app".to_owned())
            })?,
        };
        Ok(Demand {
            max_age: self.max_age,
            acr_values,
        })
    }

    /// The provider to sign in with; `None`: the person has to choose, or, if nothing may
    /// be asked, nobody can be signed in.
    async fn provider<'a>(
        &self,
        request: &HttpRequest,
        oidc: &'a Oidc,
    ) -> Result<Option<&'a Arc<Provider>>, Error> {
        let named = || oidc.provider_named(self.provider.as_deref()?);
        if let Some(provider) = oidc.only_provider().or_else(named) {
            return Ok(Some(provider));
        }
        if self.prompt() == Some(Prompt::None) {
            return Ok(choice::last(request, oidc));
        }
        // Only where somebody has signed in can they do so anew.
        if self.max_age.is_some() || self.assurance.is_some() {
            match visitor::session_of(request, oidc).await {
                Ok(live) => return Ok(Some(oidc.provider_of(&live.session)?)),
                Err(error) if matches!(error.kind, ErrorKind::SignedOut) => {}
                Err(error) => return Err(error),
            }
        }
        let hint = self.login_hint();
        Ok(hint.and_then(|hint| choice::by_address(oidc, hint)))
    }

    /// What goes along to the provider that is chosen.
    fn to_keep(&self, return_to: &ReturnTo) -> Vec<(&'static str, String)> {
        let max_age = self.max_age.map(|seconds| seconds.to_string());
        let more = [
            ("max_age", max_age),
            ("assurance", self.assurance.clone()),
            ("prompt", self.prompt.clone()),
        ];
        let more = more
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        [("return_to", return_to.as_str().to_owned())]
            .into_iter()
            .chain(more)
            .collect()
    }

    /// Whether to skip the app's own page: nothing may be asked, or only the
    /// provider can ask it. Another site cannot skip it, unless a page of this app
    /// on the way demands it.
    fn goes_straight(&self, request: &HttpRequest, oidc: &Oidc) -> bool {
        match self.prompt() {
            Some(Prompt::None) => true,
            Some(Prompt::SelectAccount) if !is_cross_site(request, oidc) => true,
            _ => self.assurance.is_some(),
        }
    }

    /// Whether a sign-in without a question may begin. With a login page, other
    /// sites can begin none; redirects of this app on the way from them are no
    /// sign of it to the browser, so they carry a proof.
    fn may_be_silent(&self, request: &HttpRequest, oidc: &Oidc, mode: LoginMode) -> bool {
        let is_proven = |proof: &String| silent::is_proven(request, oidc, proof);
        mode == LoginMode::Redirect
            || !is_cross_site(request, oidc)
            || self.silent.as_ref().is_some_and(is_proven)
    }

    fn prompt(&self) -> Option<Prompt> {
        match self.prompt.as_deref()? {
            "none" => Some(Prompt::None),
            "select_account" => Some(Prompt::SelectAccount),
            _ => None,
        }
    }

    fn login_hint(&self) -> Option<&str> {
        self.login_hint
            .as_deref()
            .filter(|hint| hint.len() <= MAX_LOGIN_HINT && !hint.chars().any(char::is_control))
    }

    /// Where to go afterwards. A page that cannot be kept is no reason to end
    /// elsewhere without a word.
    fn return_to(&self, oidc: &Oidc) -> Result<ReturnTo, Error> {
        let settings = oidc.settings();
        let asked = self.return_to.as_deref();
        match asked.map(|asked| ReturnTo::read(settings, asked)) {
            Some(Ok(place)) => Ok(place),
            None | Some(Err(NoReturn::Elsewhere)) => Ok(ReturnTo::after_login(settings)),
            Some(Err(NoReturn::TooLong)) => {
                Err(ErrorKind::AddressTooLong(Box::new(ErrorKind::SignedOut)).into())
            }
        }
    }
}

/// Anything longer than an e-mail address can be (RFC 5321) is not a hint.
const MAX_LOGIN_HINT: usize = 254;

/// GET: straight to the provider, or to the app's own page.
pub(super) async fn login(
    request: HttpRequest,
    oidc: Oidc,
    query: web::Query<LoginQuery>,
) -> Result<HttpResponse, Error> {
    if let Some(answer) = probe::answer(&request) {
        return Ok(answer);
    }
    let Some(at) = query.provider(&request, &oidc).await? else {
        return choose(&request, &oidc, &query);
    };
    let provider = at.discovered().await?;
    let return_to = query.return_to(&oidc)?;
    let mode = at.settings().login_mode;
    if query.prompt() == Some(Prompt::None) && !query.may_be_silent(&request, &oidc, mode) {
        return Ok(see_other(return_to.as_str()));
    }
    let goes_straight = query.goes_straight(&request, &oidc);
    match mode {
        LoginMode::Page if !goes_straight => oidc.pages().login(
            &request,
            LoginPage {
                login_hint: query.login_hint(),
                max_age: query.max_age,
                ..new_page(&oidc, at, &return_to)
            },
        ),
        // Only the provider can say how long ago someone authenticated.
        LoginMode::Widget if !goes_straight && query.max_age.is_none() => {
            let page = LoginPage {
                login_hint: query.login_hint(),
                ..new_page(&oidc, at, &return_to)
            };
            begin_with_widget(&request, &oidc, at, &provider, page)
        }
        _ => begin(&request, &oidc, at, &provider, &query).await,
    }
}

/// The page where people choose one of several providers.
fn choose(request: &HttpRequest, oidc: &Oidc, query: &LoginQuery) -> Result<HttpResponse, Error> {
    let return_to = query.return_to(oidc)?;
    if query.prompt() == Some(Prompt::None) {
        return Ok(see_other(return_to.as_str()));
    }
    let (kept, login_hint) = (query.to_keep(&return_to), query.login_hint());
    let last = choice::last(request, oidc).map(|last| last.name());
    let choice_of = |provider| ProviderChoice::new(oidc, provider, &kept, login_hint);
    let mut choices: Vec<_> = oidc.providers().map(choice_of).collect();
    choices.sort_by_key(|choice| Some(choice.name) != last);
    let address = choice::is_by_address(oidc).then(|| AddressForm {
        action: oidc.path(&oidc.paths().login),
        fields: kept,
        unknown: login_hint,
    });
    oidc.pages()
        .choose(request, ChoosePage { choices, address })
}

/// POST: the button on the app's own page.
pub(super) async fn begin_login(
    request: HttpRequest,
    oidc: Oidc,
    asked: web::Query<LoginQuery>,
    InTime(form): InTime<web::Form<LoginQuery>>,
) -> Result<HttpResponse, Error> {
    if is_cross_site(&request, &oidc) {
        return Err(ErrorKind::ForgedForm.into());
    }
    let name = form.provider.as_deref().or(asked.provider.as_deref());
    let named = || oidc.provider_named(name?);
    let Some(at) = oidc.only_provider().or_else(named) else {
        return choose(&request, &oidc, &form);
    };
    let provider = at.discovered().await?;
    begin(&request, &oidc, at, &provider, &form).await
}

/// Sends the browser to the provider.
async fn begin(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    provider: &Discovered,
    query: &LoginQuery,
) -> Result<HttpResponse, Error> {
    let of_page = query.demand(oidc)?;
    let steps_up = !of_page.is_empty();
    let demand = of_page.under(&at.relying_party().demand);
    let options = AuthorizationOptions {
        login_hint: query.login_hint(),
        demand: demand.clone(),
        prompt: query.prompt(),
    };
    let new = NewTransaction {
        provider: at.name().to_owned(),
        return_to: query.return_to(oidc)?,
        demand,
        silent: query.prompt() == Some(Prompt::None),
        with_widget: false,
        steps_up,
        begun_anew: false,
    };
    send_to_provider(request, oidc, at, provider, new, options).await
}

/// Sends the browser to the provider once more, for the same page and with the same
/// demand.
pub(super) async fn begin_anew(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    transaction: &Transaction,
) -> Result<HttpResponse, Error> {
    let provider = at.discovered().await?;
    let options = AuthorizationOptions {
        login_hint: None,
        demand: transaction.demand.clone(),
        prompt: transaction.silent.then_some(Prompt::None),
    };
    let new = NewTransaction {
        provider: transaction.provider.clone(),
        return_to: transaction.return_to.checked(oidc.settings()),
        demand: transaction.demand.clone(),
        silent: transaction.silent,
        with_widget: false,
        steps_up: transaction.steps_up,
        begun_anew: true,
    };
    send_to_provider(request, oidc, at, &provider, new, options).await
}

async fn send_to_provider(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    provider: &Discovered,
    new: NewTransaction,
    options: AuthorizationOptions<'_>,
) -> Result<HttpResponse, Error> {
    let authorization = oidc
        .transactions()
        .begin(request, new, async |state| {
            provider
                .begin(at.relying_party(), state, options, at.http())
                .await
        })
        .await?;
    Ok(see_other(authorization.as_str()))
}

fn new_page<'a>(oidc: &Oidc, at: &'a Provider, return_to: &'a ReturnTo) -> LoginPage<'a> {
    let name = oidc.only_provider().is_none().then(|| at.name());
    let name = name.map(|name| ("provider", name));
    LoginPage {
        action: oidc.path_with(&oidc.paths().login, name),
        provider: &at.settings().title,
        return_to,
        login_hint: None,
        max_age: None,
        error: None,
        widget: None,
    }
}

/// Starts a transaction that the Okta Sign-In Widget carries out, and shows the
/// widget.
fn begin_with_widget(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    provider: &Discovered,
    page: LoginPage<'_>,
) -> Result<HttpResponse, Error> {
    let transaction = begin_on_page(request, oidc, at, provider, page.return_to)?;
    show_widget(request, oidc, at, &transaction, None, page)
}

/// The authorization request is not sent: the widget makes its own.
fn begin_on_page(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    provider: &Discovered,
    return_to: &ReturnTo,
) -> Result<Transaction, Error> {
    let relying_party = at.relying_party();
    let new = NewTransaction {
        provider: at.name().to_owned(),
        return_to: return_to.clone(),
        demand: relying_party.demand.clone(),
        silent: false,
        with_widget: true,
        steps_up: false,
        begun_anew: false,
    };
    oidc.transactions().begin_on_page(request, new, |state| {
        provider.compose(relying_party, state, AuthorizationOptions::default())
    })
}

/// Shows the widget again for a transaction under way: the provider has more to
/// ask, or the person followed a link in an e-mail.
pub(super) fn go_on_with_widget(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    transaction: &Transaction,
    otp: Option<&str>,
) -> Result<HttpResponse, Error> {
    let page = new_page(oidc, at, &transaction.return_to);
    show_widget(request, oidc, at, transaction, otp, page)
}

fn show_widget(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    transaction: &Transaction,
    otp: Option<&str>,
    page: LoginPage<'_>,
) -> Result<HttpResponse, Error> {
    let widget = widget_of(request, oidc, at, transaction, page.login_hint, otp)?;
    oidc.pages().login(
        request,
        LoginPage {
            widget: Some(widget),
            ..page
        },
    )
}

/// The widget; also lets the page load what it needs.
fn widget_of(
    request: &HttpRequest,
    oidc: &Oidc,
    at: &Provider,
    transaction: &Transaction,
    login_hint: Option<&str>,
    otp: Option<&str>,
) -> Result<Widget, Error> {
    let nonce = csp::nonce()?;
    csp::allow(request, widget::sources(at));
    let widget = widget::for_transaction(oidc, at, transaction, &nonce, login_hint, otp)?;
    Ok(widget)
}

/// The app's own login page with the error above it, for errors that a new sign-in
/// fixes; `None` if the app has no such page.
pub(crate) fn login_page_after(
    oidc: &Oidc,
    request: &HttpRequest,
    error: &ErrorPage<'_>,
) -> Option<Result<HttpResponse, Error>> {
    let kind = error.error.kind();
    let wanted_for = match kind {
        ErrorKind::AddressTooLong(wanted_for) => wanted_for,
        kind => kind,
    };
    if kind.presentation().action != Action::SignIn
        || matches!(
            wanted_for,
            ErrorKind::NotFresh(_) | ErrorKind::NotAssured(_)
        )
    {
        return None;
    }
    let otherwise = ReturnTo::after_login(oidc.settings());
    let return_to = error.error.return_to.as_ref().unwrap_or(&otherwise);
    // With several, the button on the error page leads to the page to choose.
    let at = oidc.only_provider()?;
    let page = LoginPage {
        error: Some(error),
        ..new_page(oidc, at, return_to)
    };
    match at.settings().login_mode {
        LoginMode::Redirect => None,
        LoginMode::Page => Some(oidc.pages().login(request, page)),
        LoginMode::Widget => {
            let provider = at.known()?;
            Some(begin_with_widget(request, oidc, at, &provider, page))
        }
    }
}

/// The widget for a preview, whatever `OIDC_LOGIN_PAGE` says.
pub(crate) fn sample_widget(request: &HttpRequest, oidc: &Oidc) -> Result<Widget, Error> {
    let unknown = || ErrorKind::ProviderUnavailable("it has not been discovered yet".to_owned());
    let at = oidc.all_providers().first().ok_or_else(unknown)?;
    let provider = at.known().ok_or_else(unknown)?;
    let return_to = ReturnTo::home(oidc.settings());
    let transaction = begin_on_page(request, oidc, at, &provider, &return_to)?;
    widget_of(request, oidc, at, &transaction, None, None)
}
