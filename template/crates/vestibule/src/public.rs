//! Tables of routes that anyone may reach.

use std::any::Any;

use actix_web::{
    Error, HttpResponse, Resource, Route, Scope,
    dev::{AppService, HttpServiceFactory, ResourceDef, ServiceRequest, fn_service},
    guard::{Guard, fn_guard},
    web::ServiceConfig,
};

use crate::{oidc::Oidc, request_state, undeclared::Undeclared};

/// Takes routes like a [`ServiceConfig`], and declares each public.
pub struct PublicConfig<'a> {
    config: &'a mut ServiceConfig,
    is_needed: bool,
    /// Whether what follows is behind the first edge of the table.
    is_entered: bool,
}

/// A table of routes that anyone may reach, as [`Oidc::public`] takes it: a function that
/// takes a [`PublicConfig`], or one that takes Actix's own [`ServiceConfig`].
///
/// `Config` says which of them it is. The compiler finds it.
#[diagnostic::on_unimplemented(
    message = "this is no table of public routes",
    note = "a table is a function that takes a `&mut PublicConfig` or a `&mut ServiceConfig`"
)]
pub trait PublicTable<Config> {
    /// Registers the table's routes.
    fn register(self, config: &mut PublicConfig);
}

impl<F> PublicTable<fn(&mut PublicConfig)> for F
where
    F: FnOnce(&mut PublicConfig),
{
    fn register(self, config: &mut PublicConfig) {
        self(config);
    }
}

impl<F> PublicTable<fn(&mut ServiceConfig)> for F
where
    F: FnOnce(&mut ServiceConfig),
{
    fn register(self, config: &mut PublicConfig) {
        config.enter();
        self(config.config);
    }
}

impl Oidc {
    /// Mounts a table of routes that anyone may reach. Handlers may still ask for a
    /// user.
    ///
    /// This makes it explicit, and where [`Builder::undeclared_routes`] says so,
    /// nothing else is answered that has no guard.
    ///
    /// ```
    /// # use actix_web::web;
    /// # async fn home() -> &'static str { "" }
    /// # async fn news() -> &'static str { "" }
    /// fn public(config: &mut vestibule::PublicConfig) {
    ///     config.route("/", web::get().to(home));
    /// }
    /// # fn app(oidc: &vestibule::Oidc, config: &mut web::ServiceConfig) {
    /// config.configure(oidc.public(public));
    /// // A closure has to say what it takes.
    /// config.configure(oidc.public(|config: &mut vestibule::PublicConfig| {
    ///     config.route("/news", web::get().to(news));
    /// }));
    /// # }
    /// ```
    ///
    /// A function that takes Actix's own [`ServiceConfig`] will do as well. Each request
    /// that passes such a table on its way to a later route pays for that.
    ///
    /// [`Builder::undeclared_routes`]: crate::Builder::undeclared_routes
    pub fn public<F, Config>(&self, table: F) -> impl FnOnce(&mut ServiceConfig) + use<F, Config>
    where
        F: PublicTable<Config>,
    {
        // Debug builds show developers who may reach what.
        let is_needed = self.undeclared() != Undeclared::Answer || cfg!(debug_assertions);
        move |config| {
            let mut config = PublicConfig {
                config,
                is_needed,
                is_entered: false,
            };
            table.register(&mut config);
            config.leave();
        }
    }
}

impl PublicConfig<'_> {
    /// A route, as [`ServiceConfig::route`] takes it.
    pub fn route(&mut self, path: &str, route: Route) -> &mut Self {
        let route = if self.is_needed {
            route.guard(declaration())
        } else {
            route
        };
        self.config.route(path, route);
        self
    }

    /// Any service, as [`ServiceConfig::service`] takes it.
    ///
    /// Scopes and resources without middleware cost nothing for requests that are for
    /// others.
    pub fn service(&mut self, service: impl HttpServiceFactory + 'static) -> &mut Self {
        let mut service = Some(service);
        if self.is_needed {
            if let Some(resource) = take::<Resource>(&mut service) {
                self.config.service(resource.guard(declaration()));
            } else if let Some(scope) = take::<Scope>(&mut service) {
                self.config.service(scope.guard(declaration()));
            } else {
                self.enter();
            }
        }
        if let Some(service) = service {
            self.config.service(service);
        }
        self
    }

    /// Adds another table's routes.
    pub fn configure<Config>(&mut self, table: impl PublicTable<Config>) -> &mut Self {
        table.register(self);
        self
    }

    /// Begins the part of the table that edges declare public: what follows has no
    /// guards of its own. It lasts to the end, so that there are two edges at most.
    fn enter(&mut self) {
        if self.is_needed && !self.is_entered {
            self.config.service(Edge(request_state::enter_public_table));
            self.is_entered = true;
        }
    }

    fn leave(self) {
        if self.is_entered {
            self.config.service(Edge(request_state::leave_public_table));
        }
    }
}

/// What is in a slot, if that is of this type.
fn take<T: 'static>(slot: &mut dyn Any) -> Option<T> {
    slot.downcast_mut::<Option<T>>()?.take()
}

/// An edge of a part of a public table. Actix asks its routes in the order in which
/// they were mounted, and takes the first that matches: if that is one between the two
/// edges, the request has passed the first, and not the second. So whatever can be
/// mounted can be declared, and nothing has to be wrapped.
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

/// A guard that declares what it stands before public. It has to be the last: Actix
/// asks guards in turn until one refuses, so that this one is only asked when all others
/// have let the request in. Then nothing can answer but what it stands before.
pub(crate) fn declaration() -> impl Guard {
    fn_guard(|_| {
        request_state::declare_public();
        true
    })
}
