//! The pages that sign-in itself needs. Each handler reads the request, asks the
//! relying party, and answers; what people see is in `pages.rs`.

mod back_channel;
mod callback;
mod limit;
mod login;
mod logout;
mod widget_files;

use actix_web::{
    HttpRequest, HttpResponse,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use self::callback::CallbackOf;
pub(crate) use login::{login_page_after, sample_widget};

use crate::{
    error::Error, oidc::Oidc, public::declaration, redirect::see_other, request_state,
    settings::extra_parameters::ask_for_form_post, visitor,
};

impl Oidc {
    /// The sign-in pages: login, callback, logout, signed out, and back-channel
    /// logout.
    pub fn routes(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let paths = self.paths().clone();
        let callbacks: Vec<_> = self
            .all_providers()
            .iter()
            .map(|provider| {
                let parameters = &provider.relying_party().extra_parameters;
                let name = CallbackOf(provider.name().to_owned());
                (
                    self.callback_path(provider),
                    name,
                    ask_for_form_post(parameters),
                )
            })
            .collect();
        move |config| {
            for (path, provider, answers_by_form) in callbacks {
                let mut callback = web::resource(path)
                    .guard(declaration())
                    .app_data(provider)
                    .wrap(from_fn(limit::limit_logins))
                    .route(web::get().to(callback::callback))
                    .route(web::head().to(callback::callback));
                if answers_by_form {
                    callback = callback
                        .app_data(web::PayloadConfig::new(callback::MAX_FORM))
                        .route(web::post().to(callback::callback_by_form));
                }
                config.service(callback);
            }
            config
                .service(
                    web::resource(&*paths.login)
                        .guard(declaration())
                        .wrap(from_fn(limit::limit_logins))
                        .route(web::get().to(login::login))
                        .route(web::head().to(login::login))
                        .route(web::post().to(login::begin_login)),
                )
                .service(
                    web::resource(&*paths.logout)
                        .guard(declaration())
                        .route(web::post().to(logout::logout)),
                )
                .service(
                    web::resource(&*paths.logged_out)
                        .guard(declaration())
                        .route(web::get().to(logout::logged_out))
                        .route(web::head().to(logout::logged_out)),
                )
                .service(
                    web::resource(&*paths.backchannel_logout)
                        .guard(declaration())
                        .app_data(web::PayloadConfig::new(back_channel::MAX_BODY))
                        .route(web::post().to(back_channel::backchannel_logout)),
                );
            config.service(
                // A scope, because comparing a fixed prefix is cheaper than
                // matching a pattern.
                web::scope(&paths.widget_files).guard(declaration()).route(
                    "/{version}/{name:.*}",
                    web::get().to(widget_files::widget_file),
                ),
            );
        }
    }

    /// Mounts an app below the path of its base URL, such as `/shop`, if there is
    /// one. Paths without a page get the error `not_found`, once it is known who is
    /// signed in, as pages show that.
    ///
    /// ```
    /// # use actix_web::{App, web};
    /// # fn routes(_: &mut web::ServiceConfig) {}
    /// # fn app(oidc: vestibule::Oidc) {
    /// let app = App::new()
    ///     .wrap(oidc.middleware())
    ///     .configure(oidc.at_base_path(|config| {
    ///         config.configure(oidc.routes());
    ///         config.configure(oidc.public(routes));
    ///     }));
    /// # }
    /// ```
    pub fn at_base_path<F>(&self, everything: F) -> impl FnOnce(&mut ServiceConfig) + use<F>
    where
        F: FnOnce(&mut ServiceConfig),
    {
        let base_path = self.settings().base_path().to_owned();
        move |config| {
            let everything = |config: &mut ServiceConfig| {
                config.default_service(web::to(unknown));
                everything(config);
            };
            if base_path.is_empty() {
                everything(config);
            } else {
                config.service(web::scope(&base_path).configure(everything));
            }
        }
    }
}

/// Answers paths that have no page. Below a base path, this includes the front page
/// without its slash.
async fn unknown(request: HttpRequest, oidc: Oidc) -> Result<HttpResponse, Error> {
    request_state::settle_access();
    if request.path() == oidc.settings().base_path() {
        let query = request.query_string();
        let mark = if query.is_empty() { "" } else { "?" };
        return Ok(see_other(&format!("{}{mark}{query}", oidc.path("/"))));
    }
    visitor::find(&request).await?;
    Err(Error::not_found())
}
