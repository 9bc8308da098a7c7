//! `/dev/views`: every view in every state, side by side, from sample data.
//! A view that you add gets a state here, so that you can look at it while you
//! change it.

mod samples;

use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web};
use askama::Template;
use serde::Deserialize;

use self::samples::State;
use crate::{
    oidc::error::{Reason, Refusal},
    views::{self, Frame},
};

/// How the gallery shows the states.
#[derive(Default, Deserialize)]
pub struct Look {
    /// Only the states of this view; empty: of all of them.
    #[serde(default)]
    view: String,
    /// `desktop`, or else as a phone shows them.
    #[serde(default)]
    device: String,
}

#[derive(Template)]
#[template(path = "dev/gallery.html")]
struct Gallery {
    frame: Frame,
    look: Look,
    views: Vec<&'static str>,
    states: Vec<State>,
}

impl Gallery {
    /// Whether the states are shown as a desktop does.
    fn is_desktop(&self) -> bool {
        self.look.device == "desktop"
    }
}

/// The list, with each state in a frame, in light and in dark.
pub async fn index(request: HttpRequest, look: web::Query<Look>) -> Result<HttpResponse, Refusal> {
    let all = samples::all();
    let mut views: Vec<&'static str> = all.iter().map(|state| state.view).collect();
    views.dedup();
    let mut look = look.into_inner();
    if !views.contains(&look.view.as_str()) {
        look.view.clear();
    }
    if look.device != "desktop" {
        look.device = "phone".to_owned();
    }
    views::respond(&Gallery {
        frame: Frame::for_nobody(&request)?,
        states: all
            .into_iter()
            .filter(|state| look.view.is_empty() || look.view == state.view)
            .collect(),
        views,
        look,
    })
}

/// One state, as the browser would get it.
pub async fn show(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, Refusal> {
    let state = samples::all()
        .into_iter()
        .find(|state| state.name == *name)
        .ok_or(Reason::NotFound)?;
    (state.show)(&request)
}

/// The gallery's own style sheet.
pub async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .body(include_str!("gallery.css"))
}
