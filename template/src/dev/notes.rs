//! What a debug build adds to the app's pages, as HTML.

use actix_web::HttpRequest;
use askama::Template;

use super::provider::WRONG_PASSWORD;
use crate::oidc::{Oidc, guard};

#[derive(Template)]
#[template(path = "dev/home_note.html")]
struct HomeNote<'a> {
    /// What paths begin with.
    base: &'a str,
    /// Whether people sign in at the development provider.
    has_dev_provider: bool,
}

#[derive(Template)]
#[template(path = "dev/widget_note.html")]
struct WidgetNote {
    wrong_password: &'static str,
}

/// Below the front page.
pub fn home(request: &HttpRequest) -> String {
    let Ok(oidc) = guard::oidc(request) else {
        return String::new();
    };
    let note = HomeNote {
        base: &oidc.path(""),
        has_dev_provider: has_dev_provider(oidc),
    };
    note.render().unwrap_or_default()
}

/// Below the Okta Sign-In Widget.
pub fn widget(request: &HttpRequest) -> String {
    if !guard::oidc(request).is_ok_and(|oidc| has_dev_provider(oidc)) {
        return String::new();
    }
    let note = WidgetNote {
        wrong_password: WRONG_PASSWORD,
    };
    note.render().unwrap_or_default()
}

fn has_dev_provider(oidc: &Oidc) -> bool {
    oidc.settings.provider.is_none()
}
