//! Tables of routes that anyone may reach.

use actix_web::{
    Error, HttpResponse,
    dev::{AppService, HttpServiceFactory, ResourceDef, ServiceRequest, fn_service},
    guard::{Guard, fn_guard},
    web::ServiceConfig,
};

use crate::{oidc::Oidc, request_state, undeclared::Undeclared};

impl Oidc {
    /// Mounts a table of routes that anyone may reach. Handlers may still ask for a
    /// user.
    ///
    /// This makes it explicit, and where [`Builder::undeclared_routes`] says so,
    /// nothing else is answered that has no guard.
    ///
    /// [`Builder::undeclared_routes`]: crate::Builder::undeclared_routes
    pub fn public<F>(&self, table: F) -> impl FnOnce(&mut ServiceConfig) + use<F>
    where
        F: FnOnce(&mut ServiceConfig),
    {
        // Debug builds show developers who may reach what.
        let is_needed = self.undeclared() != Undeclared::Answer || cfg!(debug_assertions);
        move |config| {
            if is_needed {
                config.service(Edge(request_state::enter_public_table));
                table(config);
                config.service(Edge(request_state::leave_public_table));
            } else {
                table(config);
            }
        }
    }
}

/// An edge of a public table. Actix asks its routes in the order in which they were
/// mounted, and takes the first that matches: if that is one between the two edges,
/// the request has passed the first, and not the second. So whatever can be mounted
/// can be declared, and nothing has to be wrapped.
struct Edge(fn());

/// Matches every path, in the router. The map of routes leaves it out, as it does
/// all patterns that begin with no slash, so that names and patterns are found as
/// ever.
pub const EVERY_PATH: &str = "{_public_table:}";

impl HttpServiceFactory for Edge {
    fn register(self, config: &mut AppService) {
        let pass = fn_guard(move |_| {
            (self.0)();
            false
        });
        let nobody_gets_here = fn_service(|request: ServiceRequest| async {
            Ok::<_, Error>(request.into_response(HttpResponse::NotFound().finish()))
        });
        config.register_service(
            ResourceDef::prefix(EVERY_PATH),
            Some(vec![Box::new(pass)]),
            nobody_gets_here,
            None,
        );
    }
}

/// For the pages of this library and its development tools, which decide by
/// themselves who gets them. Put it onto their scope or resource.
pub(crate) fn own_page() -> impl Guard {
    fn_guard(|_| {
        request_state::declare_public();
        true
    })
}
