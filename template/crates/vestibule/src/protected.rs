//! Tables of routes that only signed-in people can reach, whatever the handlers ask
//! for.

use actix_web::{
    Error, Resource, Route, Scope,
    body::MessageBody,
    dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse},
    web::ServiceConfig,
};

use crate::{middleware::ensure_authenticated, oidc::Oidc};

/// Takes routes like a [`ServiceConfig`], and puts a guard in front of each.
///
/// They are guarded one by one because a scope without a path of its own would
/// match every request, and add a routing step to it.
pub struct ProtectedConfig<'a>(&'a mut ServiceConfig);

impl Oidc {
    /// Mounts a table of routes that only signed-in people can reach, whatever the
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
}

impl ProtectedConfig<'_> {
    /// A route, as [`ServiceConfig::route`] takes it.
    pub fn route(&mut self, path: &str, route: Route) -> &mut Self {
        self.0.route(path, route.wrap(ensure_authenticated()));
        self
    }

    /// A scope or a resource; put other services into a scope.
    pub fn service(&mut self, service: impl Guardable) -> &mut Self {
        self.0.service(service.guarded());
        self
    }

    /// Adds another table's routes.
    pub fn configure(&mut self, table: impl FnOnce(&mut ProtectedConfig)) -> &mut Self {
        table(self);
        self
    }
}

/// A service that middleware can wrap.
#[diagnostic::on_unimplemented(
    message = "this service cannot be guarded on its own",
    note = "put it into a scope: `cfg.service(web::scope(\"/reports\").service(…))`"
)]
pub trait Guardable {
    /// The same service behind a guard.
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

// Each has its own `wrap`; Actix has no trait for it.
guardable!(Scope Resource);
