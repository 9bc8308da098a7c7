//! The pages, as types: each field is what a template in `templates/` may show,
//! so a mistyped name fails when the app is built. What people read is in the
//! templates; only errors are worded by the library.

mod claims;
mod html;
mod navigation;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_TYPE, HeaderValue},
    web::Bytes,
};
use askama::Template;
use vestibule::{
    Claims, Device, Error, ErrorKind, Oidc, Paths, Visitor,
    csp::{self, Nonce},
    now,
    pages::{ChoosePage, EndSessionPage, ErrorPage, LoggedOutPage, LoginPage},
};

pub use self::{
    claims::{Claim, ClaimGroup, ClaimValue, Entry},
    html::Html,
    navigation::{Audience, Link},
};
use crate::{
    hooks::User,
    users::{Found, Member},
};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Shows a view as a page with status 200.
///
/// # Errors
/// The template cannot be rendered.
pub fn respond(view: &impl Template) -> Result<HttpResponse, Error> {
    // Most pages fit, so that the string seldom grows.
    let mut page = String::with_capacity(4096);
    view.render_into(&mut page)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HTML))
        .body(Bytes::from(page)))
}

/// What every page has besides its content.
pub struct Frame {
    /// The app's name, from the manifest.
    pub app_name: &'static str,
    /// Who is signed in, if the handler has asked: by `User`, `Option<User>` or
    /// another guard.
    pub visitor: Option<Visitor>,
    /// What each `<script>` must carry as its `nonce`, or browsers ignore it.
    pub nonce: Nonce,
    /// What a debug build adds to the head, as HTML.
    pub debug_head: String,
    /// The script of pages for somebody who is signed in: it keeps them from
    /// being seen again after signing out. It needs no nonce.
    pub fresh: &'static str,
    /// Whether the content brings a `<main>` of its own, as the Okta Sign-In
    /// Widget does.
    pub content_has_main: bool,
    /// The path of the link in the bar that leads to this page.
    pub current: Option<&'static str>,
    /// Knows the paths.
    pub oidc: Oidc,
}

impl Frame {
    /// The frame of the page that answers this request.
    ///
    /// # Errors
    /// `app.rs` does not wrap the app in `oidc.middleware()`.
    pub fn of(request: &HttpRequest) -> Result<Self, Error> {
        let oidc = Oidc::of(request)?;
        Ok(Self {
            app_name: env!("CARGO_PKG_NAME"),
            visitor: Visitor::of(request),
            nonce: Nonce,
            debug_head: notes::head(request),
            fresh: csp::FRESH_SCRIPT,
            content_has_main: false,
            current: navigation::current(request, &oidc),
            oidc,
        })
    }

    /// What links into this app begin with: empty, or the path that
    /// `APP_BASE_URL` has.
    pub fn base(&self) -> &str {
        self.oidc.settings().base_path()
    }

    /// The links in the bar.
    pub fn links(&self) -> Vec<&'static Link> {
        navigation::links(self.visitor.as_ref())
    }

    /// Whether a link leads to this page.
    pub fn is_current(&self, link: &Link) -> bool {
        self.current == Some(link.path)
    }

    /// Where the sign-in's own pages are.
    pub fn paths(&self) -> &Paths {
        self.oidc.paths()
    }
}

/// `/`
#[derive(Template)]
#[template(path = "home.html")]
pub struct Home {
    /// Around the page.
    pub frame: Frame,
    /// What a debug build adds, as HTML.
    pub debug_note: String,
}

impl Home {
    /// The page for whoever looks at it.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            debug_note: notes::home(request),
        })
    }
}

/// `/profile`
#[derive(Template)]
#[template(path = "profile.html")]
pub struct Profile<'a> {
    /// Around the page.
    pub frame: Frame,
    /// What to call the person.
    pub name: &'a str,
    /// The person's e-mail address, verified or not.
    pub email: Option<&'a str>,
    /// The person's roles.
    pub roles: ClaimValue<'a>,
    /// How often the person has signed in to this app.
    pub sign_ins: u64,
    /// How long ago the person signed in, in words.
    pub signed_in_ago: String,
    /// When the session ends at the latest, in words.
    pub ends_in: String,
    /// What the provider says.
    pub claims: [ClaimGroup<'a>; 2],
}

impl<'a> Profile<'a> {
    /// The page for one person.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, user: &'a User) -> Result<Self, Error> {
        let session = user.session();
        let roles: Vec<&str> = user.roles().collect();
        Ok(Self {
            sign_ins: user.context().sign_ins,
            signed_in_ago: in_words(now().saturating_sub(session.created_at())),
            ends_in: in_words(session.expires_at().saturating_sub(now())),
            ..Self::of(Frame::of(request)?, session.claims(), &roles)
        })
    }

    /// What claims and roles say, without times.
    pub fn of(frame: Frame, claims: &'a Claims, roles: &[&'a str]) -> Self {
        Self {
            frame,
            name: claims.display_name(),
            email: claims.string("email"),
            roles: ClaimValue::list(roles.iter().copied().map(Entry::from).collect()),
            sign_ins: 0,
            signed_in_ago: String::new(),
            ends_in: String::new(),
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
    /// How long ago the person signed in there, in words.
    pub signed_in_ago: String,
    /// How long ago the browser was last seen, in words.
    pub seen_ago: String,
    /// Whether it is the browser that shows the page.
    pub is_this: bool,
}

impl From<Device> for DeviceRow {
    fn from(device: Device) -> Self {
        let ago = |time: u64| in_words(now().saturating_sub(time));
        Self {
            signed_in_ago: ago(device.signed_in_at),
            seen_ago: ago(device.last_seen),
            handle: device.handle,
            name: device.name,
            is_this: device.is_this,
        }
    }
}

impl Devices {
    /// The page for the person who is signed in on these.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, devices: Vec<Device>) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            devices: devices.into_iter().map(DeviceRow::from).collect(),
        })
    }
}

/// `/admin`
#[derive(Template)]
#[template(path = "admin.html")]
pub struct Administration {
    /// Around the page.
    pub frame: Frame,
    /// How many people have an account.
    pub count: u64,
}

impl Administration {
    /// The page for an administrator.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, count: u64) -> Result<Self, Error> {
        let frame = Frame::of(request)?;
        Ok(Self { frame, count })
    }
}

/// `/admin/members`
#[derive(Template)]
#[template(path = "members.html")]
pub struct Members {
    /// Around the page.
    pub frame: Frame,
    /// What was looked for; empty for everybody.
    pub search: String,
    /// One page of those who were found.
    pub found: Found,
}

impl Members {
    /// The page for an administrator.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, search: String, found: Found) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            search,
            found,
        })
    }
}

/// `/admin/members/{number}`
#[derive(Template)]
#[template(path = "member.html")]
pub struct MemberPage {
    /// Around the page.
    pub frame: Frame,
    /// The person.
    pub member: Member,
    /// How long ago the person first signed in, in words.
    pub member_for: String,
    /// Where the person is signed in.
    pub devices: Vec<DeviceRow>,
}

impl MemberPage {
    /// The page for an administrator.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, member: Member, devices: Vec<Device>) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            member_for: in_words(now().saturating_sub(member.account.member_since)),
            member,
            devices: devices.into_iter().map(DeviceRow::from).collect(),
        })
    }
}

/// The app's own sign-in page.
#[derive(Template)]
#[template(path = "login.html")]
pub struct Login<'a> {
    /// Around the page.
    pub frame: Frame,
    /// What its form sends, why the last sign-in failed, and the Okta Sign-In
    /// Widget, if it takes the place of the button.
    pub page: LoginPage<'a>,
    /// What a debug build adds, as HTML.
    pub debug_note: String,
}

impl<'a> Login<'a> {
    /// The page for one sign-in.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, page: LoginPage<'a>) -> Result<Self, Error> {
        let frame = Frame {
            content_has_main: page.widget.is_some(),
            ..Frame::of(request)?
        };
        Ok(Self {
            frame,
            debug_note: match &page.widget {
                Some(_) => notes::widget(request),
                None => String::new(),
            },
            page,
        })
    }
}

/// Where people choose one of several providers.
#[derive(Template)]
#[template(path = "choose.html")]
pub struct Choose<'a> {
    /// Around the page.
    pub frame: Frame,
    /// The providers, and a form for an e-mail address that says which it is.
    pub page: ChoosePage<'a>,
}

impl<'a> Choose<'a> {
    /// The page for one sign-in.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, page: ChoosePage<'a>) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            page,
        })
    }
}

/// Where signing out ends.
#[derive(Template)]
#[template(path = "logged_out.html")]
pub struct LoggedOut {
    /// Around the page.
    pub frame: Frame,
    /// Whether the provider could be told, and where to go from here.
    pub page: LoggedOutPage,
}

impl LoggedOut {
    /// The page for somebody who has just signed out.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, page: LoggedOutPage) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            page,
        })
    }
}

/// On the way to the provider's sign-out: a form that posts itself.
#[derive(Template)]
#[template(path = "end_session.html")]
pub struct EndSession<'a> {
    /// Around the page.
    pub frame: Frame,
    /// Where the form goes and what it holds.
    pub page: EndSessionPage<'a>,
}

impl<'a> EndSession<'a> {
    /// The form that the provider is to get.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, page: EndSessionPage<'a>) -> Result<Self, Error> {
        Ok(Self {
            frame: Frame::of(request)?,
            page,
        })
    }
}

/// Any error.
#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorView<'a> {
    /// Around the page.
    pub frame: Frame,
    /// Title, text, code and what the person can do.
    pub page: ErrorPage<'a>,
}

impl<'a> ErrorView<'a> {
    /// The page for one error.
    ///
    /// # Errors
    /// See [`Frame::of`].
    pub fn new(request: &HttpRequest, mut page: ErrorPage<'a>) -> Result<Self, Error> {
        // Others who are signed in find it in the bar, and need it less.
        if !matches!(page.error.kind(), ErrorKind::NotAdmitted(_)) {
            page.sign_out = None;
        }
        Ok(Self {
            frame: Frame::of(request)?,
            page,
        })
    }
}

/// What stands for a person in a small circle: the first letter of their name.
pub fn initial(name: &str) -> &str {
    let mut letters = name.char_indices();
    let found = letters.find(|(_, character)| character.is_alphanumeric());
    found.map_or("", |(at, character)| &name[at..at + character.len_utf8()])
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

#[cfg(debug_assertions)]
use vestibule_dev::notes;

/// Release builds add nothing to the pages.
#[cfg(not(debug_assertions))]
mod notes {
    use actix_web::HttpRequest;

    pub(super) fn head(_: &HttpRequest) -> String {
        String::new()
    }

    pub(super) fn home(_: &HttpRequest) -> String {
        String::new()
    }

    pub(super) fn widget(_: &HttpRequest) -> String {
        String::new()
    }
}
