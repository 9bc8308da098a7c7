//! What developers get on the app's own pages, as HTML for templates to show
//! unescaped (`{{ dev_note|safe }}`): a script in the head, and notes, each one
//! element with the class `note`. They are empty where
//! [`Dev::routes`](crate::Dev::routes) are not mounted, so release builds show nothing.

use actix_web::{HttpRequest, web::Data};
use askama::Template;
use vestibule::csp::Nonce;

use crate::{pages::Mounted, provider::WRONG_PASSWORD};

#[derive(Template)]
#[template(path = "head.html")]
struct Head<'a> {
    base: &'a str,
    nonce: Nonce,
}

#[derive(Template)]
#[template(path = "home_note.html")]
struct HomeNote<'a> {
    base: &'a str,
    has_provider: bool,
}

#[derive(Template)]
#[template(path = "widget_note.html")]
struct WidgetNote {
    wrong_password: &'static str,
}

/// For the head of every page: a script that shows the page anew when the app has been
/// started again, or a file in `static/` in the folder where it was started has changed.
/// What is typed in forms is kept where only style sheets have changed.
pub fn head(request: &HttpRequest) -> String {
    let Some(mounted) = request.app_data::<Data<Mounted>>() else {
        return String::new();
    };
    let head = Head {
        base: mounted.dev.base_path(),
        nonce: Nonce,
    };
    head.render().unwrap_or_default()
}

/// For the front page: links to the developer pages.
pub fn home(request: &HttpRequest) -> String {
    let Some(mounted) = request.app_data::<Data<Mounted>>() else {
        return String::new();
    };
    let note = HomeNote {
        base: mounted.dev.base_path(),
        has_provider: mounted.dev.provider().is_some(),
    };
    note.render().unwrap_or_default()
}

/// Below the Okta Sign-In Widget: who to sign in as at the development provider,
/// and with which password.
pub fn widget(request: &HttpRequest) -> String {
    let mounted = request.app_data::<Data<Mounted>>();
    if mounted.is_none_or(|mounted| mounted.dev.provider().is_none()) {
        return String::new();
    }
    let note = WidgetNote {
        wrong_password: WRONG_PASSWORD,
    };
    note.render().unwrap_or_default()
}
