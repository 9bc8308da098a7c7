//! The states of the pages that sign-in itself needs.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use vestibule::{
    Error, ErrorKind, Oidc, Pages, internals,
    pages::{AddressForm, ChoosePage, LoggedOutPage, LoginPage, ProviderChoice},
};

use super::{Gallery, samples};

/// Why a login page is shown.
#[derive(Clone, Copy)]
enum Login {
    Plain,
    AfterError,
    WithWidget,
}

pub(super) fn login(gallery: Gallery, view: &str, pages: impl Pages) -> Gallery {
    let states = [
        ("", "OIDC_LOGIN_PAGE=page", Login::Plain),
        ("-trouble", "the last sign-in failed", Login::AfterError),
        ("-widget", "OIDC_LOGIN_PAGE=widget", Login::WithWidget),
    ];
    let pages = Arc::new(pages);
    states
        .into_iter()
        .fold(gallery, |gallery, (suffix, when, login)| {
            let pages = Arc::clone(&pages);
            let name = format!("{}{suffix}", stem(view));
            gallery.state(name, view, when, move |request| {
                show_login(request, login, &*pages)
            })
        })
}

fn show_login(
    request: &HttpRequest,
    login: Login,
    pages: &impl Pages,
) -> Result<HttpResponse, Error> {
    let oidc = Oidc::of(request)?;
    let return_to = internals::home(oidc.settings());
    let denied = Error::from(ErrorKind::Denied);
    let denied = internals::error_page(request, &denied)?;
    let page = LoginPage {
        action: oidc.path(&oidc.paths().login),
        provider: "id.example.com",
        return_to: &return_to,
        login_hint: None,
        max_age: None,
        error: matches!(login, Login::AfterError).then_some(&denied),
        widget: match login {
            Login::WithWidget => Some(internals::sample_widget(request)?),
            Login::Plain | Login::AfterError => None,
        },
    };
    pages.login(request, page)
}

pub(super) fn choose(gallery: Gallery, view: &str, pages: impl Pages) -> Gallery {
    let states = [
        ("", "OIDC_PROVIDERS names several providers", None),
        ("-by-address", "one of them has domains", Some(None)),
        (
            "-unknown-address",
            "an address was given that is in none of their domains",
            Some(Some("alice@elsewhere.example")),
        ),
    ];
    let pages = Arc::new(pages);
    states
        .into_iter()
        .fold(gallery, |gallery, (suffix, when, address)| {
            let pages = Arc::clone(&pages);
            let name = format!("{}{suffix}", stem(view));
            gallery.state(name, view, when, move |request| {
                let oidc = Oidc::of(request)?;
                let login = oidc.path(&oidc.paths().login);
                let choice_of = |(name, title)| ProviderChoice {
                    name,
                    title,
                    icon: None,
                    path: login.clone(),
                };
                let providers = [
                    ("google", "Google"),
                    ("entra", "Microsoft"),
                    ("work", "id.example.com"),
                ];
                let page = ChoosePage {
                    choices: providers.map(choice_of).into(),
                    address: address.map(|unknown| AddressForm {
                        action: login.clone(),
                        fields: Vec::new(),
                        unknown,
                    }),
                };
                pages.choose(request, page)
            })
        })
}

pub(super) fn logged_out(gallery: Gallery, view: &str, pages: impl Pages) -> Gallery {
    let states = [
        ("", "signed out everywhere", false),
        (
            "-here",
            "signed out only here: the provider could not be told",
            true,
        ),
    ];
    let pages = Arc::new(pages);
    states
        .into_iter()
        .fold(gallery, |gallery, (suffix, when, only_here)| {
            let pages = Arc::clone(&pages);
            let name = format!("{}{suffix}", stem(view));
            gallery.state(name, view, when, move |request| {
                let oidc = Oidc::of(request)?;
                pages.logged_out(
                    request,
                    LoggedOutPage {
                        only_here,
                        login_path: oidc.path(&oidc.paths().login),
                        home_path: oidc.path("/"),
                    },
                )
            })
        })
}

pub(super) fn errors(gallery: Gallery, view: &str, pages: impl Pages) -> Gallery {
    let pages = Arc::new(pages);
    samples::errors()
        .into_iter()
        .fold(gallery, |gallery, error| {
            let pages = Arc::clone(&pages);
            let name = format!("{}-{}", stem(view), error.code());
            let when = format!("{}: {error}", error.code());
            gallery.state(name, view, when, move |request| {
                pages.error(request, internals::error_page(request, &error)?)
            })
        })
}

/// The start of the names of a view's states.
fn stem(view: &str) -> String {
    let stem = view.split('.').next().unwrap_or(view);
    stem.replace('_', "-")
}
