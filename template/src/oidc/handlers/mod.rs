//! The pages that signing in itself needs. Each is short: it reads the request,
//! asks the relying party, and answers; what people see is in `views.rs`.

mod back_channel;
mod callback;
mod login;
mod logout;
mod widget_files;

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    middleware::from_fn,
    web::{self, ServiceConfig},
};

pub use self::{
    callback::{AfterLogin, callback},
    login::{begin_login, login},
    logout::{force_logout_and_revoke, logged_out, logout, sign_out_locally},
    widget_files::widget_file,
};
#[cfg(debug_assertions)]
pub(crate) use login::sample_widget;
pub(crate) use login::sign_in_page_after;

use crate::{app::Paths, oidc::limit::limit_logins};

/// Sends the browser elsewhere by a GET, whatever it asked with.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .finish()
}

/// Mounts the sign-in's own pages.
pub fn routes(paths: &'static Paths) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .service(
                web::resource(paths.login)
                    .wrap(from_fn(limit_logins))
                    .route(web::get().to(login))
                    .route(web::post().to(begin_login)),
            )
            .service(
                // A scope, because a fixed text is sooner compared than a pattern.
                web::scope(paths.widget_files)
                    .route("/{version}/{name:.*}", web::get().to(widget_file)),
            )
            .service(
                web::resource(paths.login_callback)
                    .wrap(from_fn(limit_logins))
                    .route(web::get().to(callback)),
            )
            .service(web::resource(paths.logout).route(web::post().to(logout)))
            .service(web::resource(paths.logged_out).route(web::get().to(logged_out)))
            .service(
                web::resource(paths.backchannel_logout)
                    .app_data(web::PayloadConfig::new(back_channel::MAX_BODY))
                    .route(web::post().to(back_channel::backchannel_logout)),
            );
    }
}
