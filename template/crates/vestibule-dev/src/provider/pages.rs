//! The provider's pages: Askama types for the templates in `templates/provider`.

use askama::Template;

use super::{
    exchange::{Answer, Endpoint},
    people::Person,
    requests::AuthorizationRequest,
    state::{Browser, Shared},
};

/// No scripts at all. There is no `form-action`, because browsers also apply it to
/// the redirect after a form, which leads back to the app.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "provider/sign_in.html")]
struct SignIn<'a> {
    client_id: &'a str,
    request: &'a str,
    people: Vec<Choice<'a>>,
    action: &'static str,
}

/// A person as a button.
struct Choice<'a> {
    person: &'a Person,
    initial: String,
    is_signed_in: bool,
    is_hinted: bool,
}

#[derive(Template)]
#[template(path = "provider/signed_out.html")]
struct SignedOut;

#[derive(Template)]
#[template(path = "provider/error.html")]
struct Error<'a> {
    title: &'a str,
    explanation: &'a str,
}

/// The people to choose from: the one hinted at first, then the one who is already
/// signed in here.
pub(super) fn sign_in(
    shared: &Shared,
    authorization: &AuthorizationRequest,
    browser: Option<&Browser>,
    request: &str,
) -> Answer {
    let hint = authorization.login_hint.as_deref();
    let browser = browser.filter(|_| !authorization.prompts("login"));
    let mut people: Vec<Choice<'_>> = shared
        .people
        .iter()
        .map(|person| Choice {
            person,
            initial: person.name.chars().take(1).collect(),
            is_signed_in: browser.is_some_and(|browser| browser.sub == person.sub),
            is_hinted: hint.is_some_and(|hint| person.is_meant_by(hint)),
        })
        .collect();
    people.sort_by_key(|choice| (!choice.is_hinted, !choice.is_signed_in));
    page(
        200,
        &SignIn {
            client_id: &authorization.client_id,
            request,
            people,
            action: Endpoint::SignIn.path(),
        },
    )
}

/// No one is signed in here any more, and no app asked to return to it.
pub(super) fn signed_out() -> Answer {
    page(200, &SignedOut)
}

/// What went wrong, for the developer at the browser.
pub(super) fn error(status: u16, title: &str, explanation: &str) -> Answer {
    page(status, &Error { title, explanation })
}

/// The pages' style sheet.
pub(super) fn stylesheet() -> Answer {
    Answer::new(200, "text/css; charset=utf-8", include_str!("provider.css"))
}

fn page(status: u16, template: &impl Template) -> Answer {
    match template.render() {
        Ok(html) => Answer::new(status, "text/html; charset=utf-8", html)
            .with_header("content-security-policy", CONTENT_SECURITY_POLICY)
            .with_header("referrer-policy", "no-referrer")
            .with_header("cache-control", "no-store"),
        Err(why) => Answer::new(500, "text/plain; charset=utf-8", why.to_string()),
    }
}
