//! Tables of routes that only signed-in people reach, whatever their handlers
//! ask for.

use actix_web::{
    Error, Resource, Route, Scope,
    body::MessageBody,
    dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse},
    web::ServiceConfig,
};

use super::guard::ensure_authenticated;
use crate::around::around;

/// Takes routes as a [`ServiceConfig`] does, and puts [`ensure_authenticated`]
/// before each of them.
///
/// Not before all of them together: a scope without a path of its own would take
/// every request that comes to it, and cost it a search of its own.
pub struct GuardedConfig<'a>(&'a mut ServiceConfig);

/// Mounts a table of routes behind [`ensure_authenticated`]:
/// `config.configure(guarded(routes::protected))`.
pub fn guarded(table: impl FnOnce(&mut GuardedConfig)) -> impl FnOnce(&mut ServiceConfig) {
    |config| table(&mut GuardedConfig(config))
}

impl GuardedConfig<'_> {
    /// A route, as [`ServiceConfig::route`] takes it.
    pub fn route(&mut self, path: &str, route: Route) -> &mut Self {
        self.0.route(path, route.wrap(around(ensure_authenticated)));
        self
    }

    /// A scope or a resource; other services go into a scope.
    pub fn service(&mut self, service: impl Guardable) -> &mut Self {
        self.0.service(service.guarded());
        self
    }

    /// What another table has.
    pub fn configure(&mut self, table: impl FnOnce(&mut GuardedConfig)) -> &mut Self {
        table(self);
        self
    }
}

/// What middleware can stand before.
#[diagnostic::on_unimplemented(
    message = "no guard can be put before this service alone",
    note = "put it into a scope: `cfg.service(web::scope(\"/reports\").service(…))`"
)]
pub trait Guardable {
    /// The same behind [`ensure_authenticated`].
    fn guarded(self) -> impl HttpServiceFactory + 'static;
}

macro_rules! guardable {
    ($($service:ident)*) => {$(
        impl<T, B> Guardable for $service<T>
        where
            T: ServiceFactory<
                    ServiceRequest,
                    Config = (),
                    Response = ServiceResponse<B>,
                    Error = Error,
                    InitError = (),
                > + 'static,
            B: MessageBody + 'static,
        {
            fn guarded(self) -> impl HttpServiceFactory + 'static {
                self.wrap(around(ensure_authenticated))
            }
        }
    )*};
}

// Each has a `wrap` of its own; no trait of Actix has it.
guardable!(Scope Resource);
