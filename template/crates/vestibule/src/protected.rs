//! Tables of routes that only signed-in people reach, whatever their handlers
//! ask for.

use actix_web::{
    Error, Resource, Route, Scope,
    body::MessageBody,
    dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse},
    web::ServiceConfig,
};

use crate::{middleware::ensure_authenticated, oidc::Oidc};

/// Takes routes as a [`ServiceConfig`] does, and puts a guard
/// before each of them.
///
/// Not before all of them together: a scope without a path of its own would take
/// every request that comes to it, and cost it a search of its own.
pub struct ProtectedConfig<'a>(&'a mut ServiceConfig);

impl Oidc {
    /// Mounts a table of routes that only signed-in people reach, whatever their
    /// handlers ask for: a second line of defence.
    ///
    /// ```
    /// # use actix_web::web;
    /// # async fn account(user: vestibule::User) -> String { user.name().to_owned() }
    /// fn protected(config: &mut vestibule::ProtectedConfig) {
    ///     config.route("/account", web::get().to(account));
    /// }
    /// # fn app(oidc: &vestibule::Oidc, config: &mut web::ServiceConfig) {
    /// config.configure(oidc.protected(protected));
    /// # }
    /// ```
    pub fn protected<F>(&self, table: F) -> impl FnOnce(&mut ServiceConfig) + use<F>
    where
        F: FnOnce(&mut ProtectedConfig),
    {
        |config| table(&mut ProtectedConfig(config))
    }

    /// Mounts a table of routes that anybody may reach. It says so where somebody
    /// looks for it; handlers may still ask for a user.
    pub fn public<F>(&self, table: F) -> impl FnOnce(&mut ServiceConfig) + use<F>
    where
        F: FnOnce(&mut ServiceConfig),
    {
        table
    }
}

impl ProtectedConfig<'_> {
    /// A route, as [`ServiceConfig::route`] takes it.
    pub fn route(&mut self, path: &str, route: Route) -> &mut Self {
        self.0.route(path, route.wrap(ensure_authenticated()));
        self
    }

    /// A scope or a resource; other services go into a scope.
    pub fn service(&mut self, service: impl Guardable) -> &mut Self {
        self.0.service(service.guarded());
        self
    }

    /// What another table has.
    pub fn configure(&mut self, table: impl FnOnce(&mut ProtectedConfig)) -> &mut Self {
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
    /// The same behind a guard.
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
                self.wrap(ensure_authenticated())
            }
        }
    )*};
}

// Each has a `wrap` of its own; no trait of Actix has it.
guardable!(Scope Resource);
