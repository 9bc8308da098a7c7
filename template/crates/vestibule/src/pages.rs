//! The pages that sign-in itself needs, and how an app replaces them with its own.
//! The wording of the built-in ones is in `error/presentation.rs` for errors, and
//! in the crate's `templates/` for the rest.

use std::{borrow::Cow, collections::BTreeMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use serde_json::json;
use url::Url;

use crate::{
    csp::{FRESH_SCRIPT, Nonce},
    error::Error,
    fields::FieldError,
    oidc::Oidc,
    return_to::ReturnTo,
    settings::NamedProvider,
};

/// How the sign-in's own pages and errors look. Every method has a plain built-in
/// page; write those that should look like your app.
///
/// ```
/// use actix_web::{HttpRequest, HttpResponse};
/// use vestibule::{Error, Pages, pages::LoggedOutPage};
///
/// struct MyPages;
///
/// impl Pages for MyPages {
///     fn logged_out(&self, _: &HttpRequest, _: LoggedOutPage) -> Result<HttpResponse, Error> {
///         Ok(HttpResponse::Ok().body("See you soon!"))
///     }
/// }
/// ```
pub trait Pages: Send + Sync + 'static {
    /// The app's own login page, with `OIDC_LOGIN_PAGE=page` or `widget`.
    ///
    /// # Errors
    /// The page cannot be rendered.
    fn login(&self, _request: &HttpRequest, page: LoginPage<'_>) -> Result<HttpResponse, Error> {
        respond(&PlainLogin { page, nonce: Nonce })
    }

    /// The page where people choose one of several providers.
    ///
    /// # Errors
    /// The page cannot be rendered.
    fn choose(&self, _request: &HttpRequest, page: ChoosePage<'_>) -> Result<HttpResponse, Error> {
        respond(&PlainChoose { page })
    }

    /// The page after signing out.
    ///
    /// # Errors
    /// The page cannot be rendered.
    fn logged_out(
        &self,
        _request: &HttpRequest,
        page: LoggedOutPage,
    ) -> Result<HttpResponse, Error> {
        respond(&PlainLoggedOut { page })
    }

    /// The page on the way to the provider's sign-out, where a redirect would be
    /// too long: a form that submits itself.
    ///
    /// # Errors
    /// The page cannot be rendered.
    fn end_session(
        &self,
        _request: &HttpRequest,
        page: EndSessionPage<'_>,
    ) -> Result<HttpResponse, Error> {
        respond(&PlainEndSession { page, nonce: Nonce })
    }

    /// An error page for people. The status is set afterwards.
    ///
    /// # Errors
    /// The page cannot be rendered.
    fn error(&self, _request: &HttpRequest, page: ErrorPage<'_>) -> Result<HttpResponse, Error> {
        respond(&PlainError {
            page,
            fresh: FRESH_SCRIPT,
        })
    }

    /// An error for scripts: JSON as in RFC 9457, with `code` and `request_id`, and in
    /// `errors` the fields of the body that are missing or wrong.
    ///
    /// # Errors
    /// The response cannot be made.
    fn problem(&self, _request: &HttpRequest, page: ErrorPage<'_>) -> Result<HttpResponse, Error> {
        let mut problem = json!({
            "title": page.title,
            "status": page.status.as_u16(),
            "detail": page.text,
            "code": page.code,
            "request_id": page.request_id,
        });
        if !page.fields.is_empty() {
            let errors = page.fields.iter().map(|field| {
                let members = [("field", field.name()), ("detail", field.detail())];
                let members = members.into_iter();
                let known = members.filter_map(|(name, value)| Some((name, value?)));
                known.collect::<BTreeMap<_, _>>()
            });
            problem["errors"] = json!(errors.collect::<Vec<_>>());
        }
        Ok(HttpResponse::build(page.status)
            .content_type("application/problem+json")
            .body(problem.to_string()))
    }
}

/// The built-in pages.
pub(crate) struct PlainPages;

impl Pages for PlainPages {}

/// The data for the app's own login page.
pub struct LoginPage<'a> {
    /// Where the form is posted to.
    pub action: String,
    /// What people call the provider, or its host, which they see in the address bar next.
    pub provider: &'a str,
    /// Where to go afterwards; the form sends it back as `return_to`.
    pub return_to: &'a ReturnTo,
    /// Who the person claims to be; the form sends it back as `login_hint`.
    pub login_hint: Option<&'a str>,
    /// How old the person's last authentication may be, in seconds; the form sends
    /// it back as `max_age`.
    pub max_age: Option<u64>,
    /// Why the last sign-in failed.
    pub error: Option<&'a ErrorPage<'a>>,
    /// The Okta Sign-In Widget, with `OIDC_LOGIN_PAGE=widget`.
    pub widget: Option<Widget>,
}

/// The data for the page where people choose one of several providers.
#[derive(Clone, Debug)]
pub struct ChoosePage<'a> {
    /// The providers, the one that this browser used last first.
    pub choices: Vec<ProviderChoice<'a>>,
    /// A form for an e-mail address, whose domain says which provider it is.
    pub address: Option<AddressForm<'a>>,
}

/// A provider to choose.
#[derive(Clone, Debug)]
pub struct ProviderChoice<'a> {
    /// In addresses, such as `google`.
    pub name: &'a str,
    /// What people call it.
    pub title: &'a str,
    /// The address of its picture.
    pub icon: Option<String>,
    /// Starts a sign-in there.
    pub path: String,
}

impl<'a> ProviderChoice<'a> {
    /// A provider to choose, with what goes along to it.
    pub(crate) fn new(
        oidc: &Oidc,
        provider: &'a NamedProvider,
        kept: &[(&'static str, String)],
        login_hint: Option<&str>,
    ) -> Self {
        let kept = kept.iter().map(|(name, value)| (*name, &**value));
        let query = [("provider", &*provider.name)]
            .into_iter()
            .chain(kept)
            .chain(login_hint.map(|hint| ("login_hint", hint)));
        Self {
            name: &provider.name,
            title: &provider.title,
            icon: provider.icon.as_ref().map(|icon| oidc.path(icon)),
            path: oidc.path_with(&oidc.paths().login, query),
        }
    }
}

/// A form for an e-mail address, sent with GET as `login_hint`.
#[derive(Clone, Debug)]
pub struct AddressForm<'a> {
    /// Where it is sent to.
    pub action: String,
    /// The names and values of its hidden fields.
    pub fields: Vec<(&'static str, String)>,
    /// An address that was given, and is of none of the providers.
    pub unknown: Option<&'a str>,
}

/// What a page needs to show the Okta Sign-In Widget.
#[derive(Clone, Debug)]
pub struct Widget {
    /// The widget's script.
    pub script: WidgetFile,
    /// The widget's style sheet.
    pub style: WidgetFile,
    /// The widget's own settings, as JSON.
    pub settings: String,
}

/// A file that the page loads.
#[derive(Clone, Debug)]
pub struct WidgetFile {
    /// Where it is.
    pub url: String,
    /// What its bytes must hash to (Subresource Integrity).
    pub integrity: &'static str,
}

/// The data for the page after signing out.
#[derive(Clone, Debug)]
pub struct LoggedOutPage {
    /// The provider could not be told: the person may still be signed in there.
    pub only_here: bool,
    /// Starts a new sign-in.
    pub login_path: String,
    /// The front page.
    pub home_path: String,
}

/// The data for the form that leads to the provider's sign-out.
#[derive(Clone, Debug)]
pub struct EndSessionPage<'a> {
    /// The provider's end-session endpoint.
    pub action: &'a Url,
    /// The names and values of the hidden fields.
    pub fields: &'a [(String, String)],
}

/// The data for an error page.
#[derive(Clone, Debug)]
pub struct ErrorPage<'a> {
    /// The stable code.
    pub code: &'a str,
    /// The heading.
    pub title: &'a str,
    /// What happened, and what to do next.
    pub text: &'a str,
    /// The fields of the body that are missing or wrong.
    pub fields: &'a [FieldError],
    /// The HTTP status.
    pub status: StatusCode,
    /// The id to quote when asking for help.
    pub request_id: String,
    /// What the person can do next.
    pub button: Button,
    /// How to sign out, if someone is signed in.
    pub sign_out: Option<SignOut>,
    /// The error itself.
    pub error: &'a Error,
}

/// A link that looks like a button.
#[derive(Clone, Debug)]
pub struct Button {
    /// Its text.
    pub label: Cow<'static, str>,
    /// Where it leads.
    pub path: String,
}

/// A form that signs the person out.
#[derive(Clone, Debug)]
pub struct SignOut {
    /// Where it is posted to.
    pub path: String,
    /// The value of its field `csrf_token`.
    pub csrf_token: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct PlainLogin<'a> {
    page: LoginPage<'a>,
    nonce: Nonce,
}

#[derive(Template)]
#[template(path = "choose.html")]
struct PlainChoose<'a> {
    page: ChoosePage<'a>,
}

#[derive(Template)]
#[template(path = "logged_out.html")]
struct PlainLoggedOut {
    page: LoggedOutPage,
}

#[derive(Template)]
#[template(path = "end_session.html")]
struct PlainEndSession<'a> {
    page: EndSessionPage<'a>,
    nonce: Nonce,
}

#[derive(Template)]
#[template(path = "error.html")]
struct PlainError<'a> {
    page: ErrorPage<'a>,
    fresh: &'static str,
}

fn respond(page: &impl Template) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(page.render()?))
}
