//! `/dev/routes`: every route of the running app, and who may reach it. Actix says which routes
//! there are, and the library what it has seen of each: which guards ran, and whom they let in.

mod list;
mod questions;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HOST, LOCATION},
    web::Data,
};
use askama::Template;
use vestibule::{Error, ErrorKind};

pub use self::list::{Access, Route, Routes};
pub(crate) use self::questions::Question;
use crate::pages::{Frame, Mounted, is_cross_site, respond};

#[derive(Template)]
#[template(path = "routes.html")]
struct Page<'a> {
    frame: Frame<'a>,
    routes: &'a [Route],
}

/// GET: the page.
pub(crate) async fn show(
    request: HttpRequest,
    mounted: Data<Mounted>,
) -> Result<HttpResponse, Error> {
    let known = Routes::of(&request, mounted.dev.base_path())?;
    respond(&Page {
        frame: mounted.frame("routes"),
        routes: &known.routes,
    })
}

/// GET: the same as JSON. `vestibule routes --live` reads it.
pub(crate) async fn as_json(
    request: HttpRequest,
    mounted: Data<Mounted>,
) -> Result<HttpResponse, Error> {
    let known = Routes::of(&request, mounted.dev.base_path())?;
    Ok(HttpResponse::Ok().json(known))
}

/// POST: asks every route as a stranger would, so that it is known whom each lets in.
pub(crate) async fn ask(
    request: HttpRequest,
    mounted: Data<Mounted>,
) -> Result<HttpResponse, Error> {
    if is_cross_site(&request) {
        return Err(ErrorKind::ForgedForm.into());
    }
    let base_path = mounted.dev.base_path();
    let known = Routes::of(&request, base_path)?;
    let host = request.headers().get(HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    questions::ask(known.questions(), &own_address(&request), host)
        .await
        .map_err(|error| Error::internal(format!("the app cannot ask itself: {error}")))?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("{base_path}/dev/routes")))
        .finish())
}

/// Where this server listens, as this machine reaches it.
fn own_address(request: &HttpRequest) -> String {
    let config = request.app_config();
    let scheme = if config.secure() { "https" } else { "http" };
    let mut address = config.local_addr();
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("{scheme}://{address}")
}
