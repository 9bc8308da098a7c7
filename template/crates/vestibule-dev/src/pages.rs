//! The pages below `/dev`: where they are mounted, who may see them, and their
//! common frame.

use std::net::IpAddr;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CONTENT_TYPE, HOST},
    middleware::{Next, from_fn},
    web::{Data, ServiceConfig, get, post, scope},
};
use askama::Template;
use url::{Host, Url};
use vestibule::{csp::Nonce, internals};

use crate::{Dev, Gallery, gallery, reload, routes, switches};

/// What the developer pages need.
pub(crate) struct Mounted {
    pub dev: Dev,
    pub gallery: Gallery,
}

/// What the pages have in common.
pub(crate) struct Frame<'a> {
    pub base: &'a str,
    pub has_provider: bool,
    /// The page that this is: `views`, `routes` or `provider`.
    pub page: &'a str,
    pub nonce: Nonce,
}

impl Mounted {
    pub fn frame<'a>(&'a self, page: &'a str) -> Frame<'a> {
        Frame {
            base: self.dev.base_path(),
            has_provider: self.dev.provider().is_some(),
            page,
            nonce: Nonce,
        }
    }
}

/// Mounts the developer pages.
pub(crate) fn mount(config: &mut ServiceConfig, mounted: Mounted) {
    // The notes on the app's own pages read this too.
    config.app_data(Data::new(mounted)).service(
        scope("/dev")
            .guard(internals::own_page())
            .wrap(from_fn(for_this_machine))
            .route("/gallery.css", get().to(stylesheet))
            .route("/reload", get().to(reload::events))
            .route("/reload.js", get().to(reload::script))
            .route("/views", get().to(gallery::index))
            .route("/views/{name}", get().to(gallery::show))
            .route("/routes", get().to(routes::show))
            .route("/routes", post().to(routes::ask))
            .route("/routes.json", get().to(routes::as_json))
            .route("/provider", get().to(switches::show))
            .route("/provider", post().to(switches::press)),
    );
}

/// Renders one of our pages.
pub(crate) fn respond(page: &impl Template) -> Result<HttpResponse, vestibule::Error> {
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(page.render()?))
}

async fn stylesheet() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .body(include_str!("dev.css"))
}

/// Whether the browser says that another site caused the request: by Fetch Metadata
/// or, if it sends none, by `Origin`. No cookie tells who that was, so a page that
/// leaves itself unnamed is another site's.
pub(crate) fn is_cross_site(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    if let Some(site) = header("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let host = header("host").unwrap_or_default();
    let is_here = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority == Some(host)
    };
    request.headers().contains_key("origin") && !header("origin").is_some_and(is_here)
}

/// Checks the address, the host name, and that no proxy has forwarded the request:
/// a proxy on this machine must not expose the pages. The name also keeps a website
/// from reading them through a host name of its own that resolves to this machine.
async fn for_this_machine<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let host = request.headers().get(HOST).and_then(|it| it.to_str().ok());
    let is_from_here = request
        .peer_addr()
        .is_some_and(|peer| peer.ip().is_loopback());
    let is_forwarded = FORWARDED
        .iter()
        .any(|name| request.headers().contains_key(*name));
    if is_from_here && !is_forwarded && host.is_some_and(is_loopback) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let not_found = vestibule::Error::not_found();
    Ok(request.error_response(not_found).map_into_right_body())
}

/// What proxies add to a request.
const FORWARDED: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Whether a `Host` header names this machine.
fn is_loopback(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}")) else {
        return false;
    };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in [
            "localhost",
            "localhost:8080",
            "app.localhost",
            "127.0.0.1:1",
            "[::1]:80",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "192.0.2.1",
            "[::2]",
            "a b",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
