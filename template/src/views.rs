//! The pages, as types: each field is what a template in `templates/` may
//! show, so a mistyped name fails when the app is built. All texts are in the
//! templates.

use actix_web::{HttpMessage, HttpRequest, HttpResponse, http::Method};
use askama::Template;
use serde_json::Value;

use crate::{
    app::PATHS,
    oidc::{
        devices::Device,
        error::{Action, Reason, Refusal},
        guard::{self, User},
        return_to::ReturnTo,
        sign_in::now,
    },
};

/// Renders a view as a page with status 200.
///
/// # Errors
/// The template cannot be rendered.
pub fn respond(view: &impl Template) -> Result<HttpResponse, Refusal> {
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(view.render()?))
}

/// What every page shows around its content.
pub struct Frame {
    /// The app's name, from the manifest.
    pub app_name: &'static str,
    /// What paths begin with: empty unless the app is mounted below a path.
    pub base: String,
    /// Who is signed in.
    pub person: Option<Person>,
}

/// The signed-in person, as every page shows them.
pub struct Person {
    /// What to call them.
    pub name: String,
    /// For the sign-out form.
    pub csrf_token: String,
}

impl Frame {
    /// The frame of a page for somebody who is signed in.
    ///
    /// # Errors
    /// `app.rs` does not provide the relying party.
    pub fn for_user(request: &HttpRequest, user: &User) -> Result<Self, Refusal> {
        let person = Person {
            name: user.name().to_owned(),
            csrf_token: user.sign_in().csrf_token.clone(),
        };
        Ok(Self {
            person: Some(person),
            ..Self::for_nobody(request)?
        })
    }

    /// The frame of a page that does not care who is signed in.
    ///
    /// # Errors
    /// `app.rs` does not provide the relying party.
    pub fn for_nobody(request: &HttpRequest) -> Result<Self, Refusal> {
        let base = guard::oidc(request)?.path("");
        Ok(Self {
            app_name: env!("CARGO_PKG_NAME"),
            base,
            person: None,
        })
    }

    /// The frame for whoever looks at the page.
    ///
    /// # Errors
    /// `app.rs` does not provide the relying party.
    pub fn of(request: &HttpRequest, user: Option<&User>) -> Result<Self, Refusal> {
        match user {
            Some(user) => Self::for_user(request, user),
            None => Self::for_nobody(request),
        }
    }

    /// A path of this app, for a link.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// `/`
#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    /// Around the page.
    pub frame: Frame,
    /// Whether this is a debug build, which has more to tell.
    pub is_debug_build: bool,
}

/// `/profile`
#[derive(Template)]
#[template(path = "profile.html")]
pub struct Profile {
    /// Around the page.
    pub frame: Frame,
    /// How often the person has signed in to this app.
    pub sign_ins: u64,
    /// How long ago the sign-in began, in words.
    pub signed_in_ago: String,
    /// How long it lasts at most, in words.
    pub ends_in: String,
    /// The person's roles.
    pub roles: Vec<String>,
    /// What the provider says of the person.
    pub claims: Vec<Claim>,
}

/// One claim, ready to be shown.
pub struct Claim {
    /// The claim's name.
    pub name: String,
    /// Its value: a text as it is, anything else as JSON.
    pub value: String,
}

impl Profile {
    /// The page for one person.
    ///
    /// # Errors
    /// See [`Frame::for_user`].
    pub fn new(request: &HttpRequest, user: &User) -> Result<Self, Refusal> {
        let sign_in = user.sign_in();
        let account = &user.context().account;
        let claims = sign_in.claims.iter().map(|(name, value)| Claim {
            name: name.to_owned(),
            value: match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
        });
        Ok(Self {
            frame: Frame::for_user(request, user)?,
            sign_ins: account.sign_ins.load(std::sync::atomic::Ordering::Relaxed),
            signed_in_ago: in_words(now().saturating_sub(sign_in.created_at)),
            ends_in: in_words(sign_in.expires_at.saturating_sub(now())),
            roles: sign_in.roles.clone(),
            claims: claims.collect(),
        })
    }
}

/// `/devices`
#[derive(Template)]
#[template(path = "devices.html")]
pub struct Devices {
    /// Around the page.
    pub frame: Frame,
    /// The browser that shows the page first, then the others, the latest visit
    /// first.
    pub devices: Vec<DeviceRow>,
}

/// One browser in which the person is signed in.
pub struct DeviceRow {
    /// Names it in the form that signs it out.
    pub handle: String,
    /// The browser and its system.
    pub name: String,
    /// How long ago the sign-in began, in words.
    pub signed_in_ago: String,
    /// How long ago the browser was last seen, in words.
    pub seen_ago: String,
    /// Whether it is the browser that shows the page.
    pub is_this: bool,
}

impl Devices {
    /// The page for one person.
    ///
    /// # Errors
    /// See [`Frame::for_user`].
    pub fn new(request: &HttpRequest, user: &User, devices: Vec<Device>) -> Result<Self, Refusal> {
        let ago = |time: u64| in_words(now().saturating_sub(time));
        let devices = devices.into_iter().map(|device| DeviceRow {
            signed_in_ago: ago(device.signed_in_at),
            seen_ago: ago(device.last_seen),
            handle: device.handle,
            name: device.name,
            is_this: device.is_this,
        });
        Ok(Self {
            frame: Frame::for_user(request, user)?,
            devices: devices.collect(),
        })
    }
}

/// `/admin`
#[derive(Template)]
#[template(path = "members.html")]
pub struct Members {
    /// Around the page.
    pub frame: Frame,
    /// How many people have an account.
    pub count: usize,
    /// What was just done: how many sign-ins of one person were ended.
    pub signed_out: Option<usize>,
}

/// A number of seconds as people say it, rounded.
fn in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..60 => return "less than a minute".to_owned(),
        60..3_570 => ((seconds + 30) / 60, "minute"),
        3_570..172_800 => ((seconds + 1_800) / 3600, "hour"),
        _ => ((seconds + 43_200) / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// The app's own sign-in page.
#[derive(Template)]
#[template(path = "login.html")]
pub struct Login<'a> {
    /// Around the page.
    pub frame: Frame,
    /// Where to go afterwards.
    pub return_to: &'a str,
    /// Whom the person claims to be; may be empty.
    pub login_hint: &'a str,
}

/// Where signing out ends.
#[derive(Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOut {
    /// Around the page.
    pub frame: Frame,
    /// The provider could not be told.
    pub only_here: bool,
}

/// Every refusal.
#[derive(Template)]
#[template(path = "failure.html")]
pub struct Failure {
    /// Around the page.
    pub frame: Frame,
    /// The heading.
    pub title: &'static str,
    /// What happened and what to do.
    pub text: String,
    /// The refusal's stable code.
    pub code: &'static str,
    /// What to quote to whoever runs the app.
    pub request_id: String,
    /// Where the button leads.
    pub action_path: String,
    /// What the button says.
    pub action_text: &'static str,
}

/// The page that was asked for, if a link can ask for it again, else the front
/// page.
fn same_page(request: &HttpRequest) -> Result<String, Refusal> {
    let settings = &guard::oidc(request)?.settings;
    let asked = request.uri().path_and_query();
    let page = asked
        .filter(|_| request.method() == Method::GET)
        .and_then(|asked| ReturnTo::parse_any(settings, asked.as_str()))
        .unwrap_or_else(|| ReturnTo::home(settings));
    Ok(page.as_str().to_owned())
}

impl Failure {
    /// The page for one refusal.
    ///
    /// # Errors
    /// See [`Frame::for_nobody`].
    pub fn new(
        request: &HttpRequest,
        refusal: &Refusal,
        request_id: String,
    ) -> Result<Self, Refusal> {
        let face = refusal.reason.face();
        let frame = Frame::of(request, request.extensions().get::<User>())?;
        let login = || {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            if let Some(wanted) = &refusal.return_to {
                query.append_pair("return_to", wanted.as_str());
            }
            format!("{}?{}", frame.path(PATHS.login), query.finish())
        };
        let (action_path, action_text) = match face.action {
            Action::GoHome => (frame.path("/"), "Go to the front page"),
            // A code works once, so it is the sign-in that is tried again.
            Action::TryAgain if refusal.return_to.is_some() => (login(), "Try again"),
            Action::TryAgain => (same_page(request)?, "Try again"),
            Action::SignIn => (login(), "Sign in"),
        };
        let text = match &refusal.reason {
            Reason::Hook(text) => text.clone(),
            _ => face.text.to_owned(),
        };
        let (title, code) = (face.title, face.code);
        Ok(Self {
            frame,
            title,
            text,
            code,
            request_id,
            action_path,
            action_text,
        })
    }
}
