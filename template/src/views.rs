//! The pages, as types: each field is what a template in `templates/` may
//! show, so a mistyped name fails when the app is built. All texts are in the
//! templates.

mod claims;
mod html;

use std::{ops::Deref, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CONTENT_TYPE, HeaderValue},
    },
};
use askama::Template;

use crate::{
    app::Paths,
    current::{self, RequestId},
    hooks::SignInPage,
    oidc::{
        claims::Claims,
        devices::Device,
        error::{Action, Reason, Refusal},
        guard::{self, User},
        return_to::ReturnTo,
        sign_in::{LiveSignIn, now},
        widget::Widget,
    },
    policy::{self, Nonce},
    text::text,
};

pub use self::{
    claims::{Claim, ClaimGroup, ClaimValue},
    html::{Html, Link, Literal},
};
#[cfg(debug_assertions)]
use crate::dev::notes as dev_notes;

/// Release builds add nothing to the pages.
#[cfg(not(debug_assertions))]
mod dev_notes {
    use actix_web::HttpRequest;

    pub(super) fn home(_: &HttpRequest) -> String {
        String::new()
    }

    pub(super) fn widget(_: &HttpRequest) -> String {
        String::new()
    }
}

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Renders a view as a page with status 200.
///
/// # Errors
/// The template cannot be rendered.
pub fn respond(view: &impl Template) -> Result<HttpResponse, Refusal> {
    let page = text(|page| view.render_into(page))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HTML))
        .body(page))
}

/// What every page shows around its content.
pub struct Frame {
    /// The app's name, from the manifest.
    pub app_name: Literal,
    /// What paths begin with: empty unless the app is mounted below a path.
    pub base: String,
    /// The paths of the sign-in's own pages.
    pub paths: &'static Paths,
    /// What every other `<script>` must carry as its `nonce`, or browsers ignore
    /// it.
    pub nonce: Nonce,
    /// The script of pages for somebody who is signed in.
    pub fresh: Literal,
    /// Which colour schemes the page has, the preferred one first.
    pub color_scheme: Literal,
    /// Whether the content brings a `<main>` of its own, as the Okta Sign-In
    /// Widget does.
    pub content_has_main: bool,
    /// Who is signed in.
    pub person: Option<Shown>,
}

/// Who is signed in, for the templates: they find the fields of [`Person`] here.
pub enum Shown {
    /// The one whom a guard has let in.
    SignedIn(User),
    /// One whom `hooks::add_user_context` refuses, or who is about to sign in anew.
    /// They can sign out.
    NonUser(Arc<LiveSignIn>),
    /// Somebody in the gallery of views.
    #[cfg(debug_assertions)]
    Sample(Person),
}

impl Deref for Shown {
    type Target = Person;

    fn deref(&self) -> &Person {
        match self {
            Self::SignedIn(user) => user.person(),
            Self::NonUser(live) => live.person(),
            #[cfg(debug_assertions)]
            Self::Sample(person) => person,
        }
    }
}

/// The signed-in person, as every page shows them.
pub struct Person {
    /// What to call them.
    pub name: Html,
    /// The first letter of that.
    pub initial: Html,
    /// For the sign-out form.
    pub csrf_token: Html,
}

impl Person {
    /// The person of this name, whose forms carry this token.
    pub fn new(name: &str, csrf_token: &str) -> Self {
        Self {
            name: Html::escaped(name),
            initial: Html::escaped(&initial(name)),
            csrf_token: Html::escaped(csrf_token),
        }
    }
}

impl Frame {
    /// The frame of a page for somebody who is signed in.
    ///
    /// # Errors
    /// `app.rs` does not provide the relying party.
    pub fn for_user(request: &HttpRequest, user: &User) -> Result<Self, Refusal> {
        Ok(Self {
            person: Some(Shown::SignedIn(user.clone())),
            ..Self::for_nobody(request)?
        })
    }

    /// The frame of a page that does not care who is signed in.
    ///
    /// # Errors
    /// `app.rs` does not provide the relying party.
    pub fn for_nobody(request: &HttpRequest) -> Result<Self, Refusal> {
        let settings = &guard::oidc(request)?.settings;
        Ok(Self {
            app_name: Literal(env!("CARGO_PKG_NAME")),
            base: settings.base_path().to_owned(),
            paths: settings.paths,
            nonce: Nonce,
            fresh: Literal(policy::FRESH),
            color_scheme: Literal("light dark"),
            content_has_main: false,
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

    /// A path of this app, for a link. It stands on the page as it is written.
    pub fn path(&self, path: &'static str) -> Link<'_> {
        let base = &self.base;
        Link { base, path }
    }
}

/// `/`
#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    /// Around the page.
    pub frame: Frame,
    /// What a debug build has to say, as HTML.
    pub dev_note: String,
}

impl Home {
    /// The page for whoever looks at it.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, user: Option<&User>) -> Result<Self, Refusal> {
        Ok(Self {
            frame: Frame::of(request, user)?,
            dev_note: dev_notes::home(request),
        })
    }
}

/// `/profile`
#[derive(Template)]
#[template(path = "profile.html")]
pub struct Profile {
    /// Around the page.
    pub frame: Frame,
    /// What to call the person.
    pub name: String,
    /// The first letter of that.
    pub initial: String,
    /// The person's e-mail address, checked or not.
    pub email: Option<String>,
    /// How often the person has signed in to this app.
    pub sign_ins: u64,
    /// How long ago the sign-in began, in words.
    pub signed_in_ago: String,
    /// How long it lasts at most, in words.
    pub ends_in: String,
    /// The person's roles.
    pub roles: ClaimValue,
    /// What the provider says.
    pub claims: [ClaimGroup; 2],
}

impl Profile {
    /// The page for one person.
    ///
    /// # Errors
    /// See [`Frame::for_user`].
    pub fn new(request: &HttpRequest, user: &User) -> Result<Self, Refusal> {
        let sign_in = user.sign_in();
        let account = &user.context().account;
        let frame = Frame::for_user(request, user)?;
        Ok(Self {
            sign_ins: account.sign_ins,
            signed_in_ago: in_words(now().saturating_sub(sign_in.created_at)),
            ends_in: in_words(sign_in.expires_at.saturating_sub(now())),
            ..Self::of_claims(frame, &sign_in.claims, sign_in.roles.clone())
        })
    }

    /// What claims and roles say, without times.
    pub(crate) fn of_claims(frame: Frame, claims: &Claims, roles: Vec<String>) -> Self {
        let name = claims.display_name().to_owned();
        Self {
            frame,
            initial: initial(&name),
            name,
            email: claims.text("email").map(str::to_owned),
            sign_ins: 0,
            signed_in_ago: String::new(),
            ends_in: String::new(),
            roles: ClaimValue::list(roles),
            claims: claims::groups(claims),
        }
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
    pub count: u64,
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
pub struct Login {
    /// Around the page.
    pub frame: Frame,
    /// Where to go afterwards; the form sends it back.
    pub return_to: String,
    /// Whom the person claims to be; the form sends it back.
    pub login_hint: Option<String>,
    /// How old the last authentication may be; the form sends it back.
    pub max_age: Option<u64>,
    /// What went wrong with the attempt before.
    pub trouble: Option<Trouble>,
    /// The Okta Sign-In Widget, if it takes the place of the button.
    pub widget: Option<Widget>,
    /// What a debug build has to say, as HTML.
    pub dev_note: String,
}

/// Why there is another sign-in page after the first.
pub struct Trouble {
    /// A heading.
    pub title: &'static str,
    /// What happened and what to do.
    pub text: &'static str,
    /// The refusal's stable code.
    pub code: &'static str,
    /// What to quote to whoever runs the app.
    pub request_id: String,
}

impl Trouble {
    /// A refusal in words.
    pub fn new(reason: &Reason, request_id: String) -> Self {
        let face = reason.face();
        Self {
            title: face.title,
            text: face.text,
            code: face.code,
            request_id,
        }
    }
}

impl Login {
    /// The page for one attempt to sign in.
    ///
    /// # Errors
    /// See [`Frame::for_nobody`].
    pub fn new(request: &HttpRequest, page: SignInPage<'_>) -> Result<Self, Refusal> {
        let trouble = page
            .trouble
            .map(|reason| Trouble::new(reason, request_id()));
        Ok(Self {
            frame: Frame {
                content_has_main: page.widget.is_some(),
                ..Frame::for_nobody(request)?
            },
            return_to: page.return_to.as_str().to_owned(),
            login_hint: page.login_hint.map(str::to_owned),
            max_age: page.max_age,
            trouble,
            dev_note: match &page.widget {
                Some(_) => dev_notes::widget(request),
                None => String::new(),
            },
            widget: page.widget,
        })
    }
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

/// On the way to the provider's sign-out: a form that posts itself.
#[derive(Template)]
#[template(path = "end_session.html")]
pub struct EndSession {
    /// Around the page.
    pub frame: Frame,
    /// The provider's end-session endpoint.
    pub action: String,
    /// Names and values of the hidden fields.
    pub fields: Vec<(String, String)>,
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

const GO_HOME: &str = "Go to the front page";

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
        let person = current::user()
            .map(Shown::SignedIn)
            .or_else(|| current::non_user().map(Shown::NonUser));
        let frame = Frame {
            person,
            ..Frame::for_nobody(request)?
        };
        let oidc = guard::oidc(request)?;
        let demand = oidc.demand_after(&refusal.reason)?;
        let demand = demand.as_ref().map(|(name, value)| (*name, value.as_str()));
        let wishes = || refusal.wanted().into_iter().chain(demand);
        let login = || oidc.path_with(frame.paths.login, wishes());
        let (action_path, action_text) = match face.action {
            Action::GoHome => (oidc.path("/"), GO_HOME),
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

/// What stands for the person in a small circle.
pub(crate) fn initial(name: &str) -> String {
    name.chars()
        .find(|letter| letter.is_alphanumeric())
        .map_or_else(String::new, |letter| letter.to_uppercase().collect())
}

/// The id of the request that is being answered, as pages and logs show it.
pub(crate) fn request_id() -> String {
    RequestId::current().map_or_else(String::new, |id| id.to_string())
}
