//! `/dev/views`: every view of the app in every state, side by side, from sample
//! data.

mod pages;
mod samples;

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use serde::Deserialize;
use vestibule::{Error, Pages, csp};

pub use self::samples::errors;
use crate::pages::{Frame, Mounted, respond};

/// An app's views in all their states, for `/dev/views`, where you can watch them
/// while you change them.
///
/// ```
/// use actix_web::HttpResponse;
/// use vestibule_dev::Gallery;
///
/// struct MyPages;
/// impl vestibule::Pages for MyPages {}
///
/// let gallery = Gallery::new()
///     .state("home", "home.html", "someone is signed in", |_request| {
///         Ok(HttpResponse::Ok().body("Welcome, Alice!"))
///     })
///     .login("login.html", MyPages)
///     .logged_out("logged_out.html", MyPages)
///     .errors("error.html", MyPages);
/// ```
#[derive(Clone, Default)]
pub struct Gallery {
    states: Vec<Arc<State>>,
}

/// One view in one state.
struct State {
    /// Its name in addresses.
    name: String,
    /// The template's file name.
    view: String,
    /// When people see this state.
    when: String,
    /// Renders the page.
    show: Box<Show>,
}

type Show = dyn Fn(&HttpRequest) -> Result<HttpResponse, Error> + Send + Sync;

impl Gallery {
    /// A gallery without states.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a state: its name, also used for its page below `/dev/views`; the
    /// template; when people see it; and how to render it from sample data.
    #[must_use]
    pub fn state(
        mut self,
        name: impl Into<String>,
        view: impl Into<String>,
        when: impl Into<String>,
        show: impl Fn(&HttpRequest) -> Result<HttpResponse, Error> + Send + Sync + 'static,
    ) -> Self {
        self.states.push(Arc::new(State {
            name: name.into(),
            view: view.into(),
            when: when.into(),
            show: Box::new(show),
        }));
        self
    }

    /// Adds the states of [`Pages::login`]: initially, after a failed sign-in
    /// (`-trouble`), and with the Okta Sign-In Widget (`-widget`). The names start
    /// with the view's, such as `login-widget`.
    #[must_use]
    pub fn login(self, view: &str, pages: impl Pages) -> Self {
        pages::login(self, view, pages)
    }

    /// Adds the states of [`Pages::choose`]: providers alone, with a field for an e-mail
    /// address (`-by-address`), and with one that leads nowhere (`-unknown-address`).
    #[must_use]
    pub fn choose(self, view: &str, pages: impl Pages) -> Self {
        pages::choose(self, view, pages)
    }

    /// Adds the states of [`Pages::logged_out`]: signed out everywhere, and only
    /// here (`-here`).
    #[must_use]
    pub fn logged_out(self, view: &str, pages: impl Pages) -> Self {
        pages::logged_out(self, view, pages)
    }

    /// Adds a state of [`Pages::error`] for each of the library's errors. The names
    /// end in the error's code, such as `error-missing_role`.
    #[must_use]
    pub fn errors(self, view: &str, pages: impl Pages) -> Self {
        pages::errors(self, view, pages)
    }

    /// The templates, each once.
    fn views(&self) -> Vec<&str> {
        let mut views: Vec<&str> = Vec::new();
        for state in &self.states {
            if !views.contains(&state.view.as_str()) {
                views.push(&state.view);
            }
        }
        views
    }
}

/// How the gallery shows the states.
#[derive(Default, Deserialize)]
pub(crate) struct Look {
    /// Show only this view's states; empty: all of them.
    #[serde(default)]
    view: String,
    /// `desktop`; anything else means phone.
    #[serde(default)]
    device: String,
}

impl Look {
    fn is_desktop(&self) -> bool {
        self.device == "desktop"
    }
}

#[derive(Template)]
#[template(path = "gallery.html")]
struct Index<'a> {
    frame: Frame<'a>,
    look: Look,
    views: Vec<&'a str>,
    states: Vec<&'a State>,
}

/// The list, with each state in two frames, light and dark.
pub(crate) async fn index(
    mounted: Data<Mounted>,
    look: Query<Look>,
) -> Result<HttpResponse, Error> {
    let views = mounted.gallery.views();
    let mut look = look.into_inner();
    if !views.contains(&look.view.as_str()) {
        look.view.clear();
    }
    if !look.is_desktop() {
        look.device = "phone".to_owned();
    }
    let states = mounted.gallery.states.iter().map(Arc::as_ref);
    respond(&Index {
        frame: mounted.frame("views"),
        states: states
            .filter(|state| look.view.is_empty() || look.view == state.view)
            .collect(),
        views,
        look,
    })
}

/// One state, as the browser would get it.
pub(crate) async fn show(
    request: HttpRequest,
    mounted: Data<Mounted>,
    name: Path<String>,
) -> Result<HttpResponse, Error> {
    let mut states = mounted.gallery.states.iter();
    let state = states
        .find(|state| state.name == *name)
        .ok_or_else(Error::not_found)?;
    csp::allow_framing(&request);
    (state.show)(&request)
}
