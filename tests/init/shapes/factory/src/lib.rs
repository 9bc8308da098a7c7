//! Counts. The app is put together in one place, for the server and for its tests.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use actix_web::{
    App, Error, HttpResponse, Responder,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware, web,
};

#[derive(Default)]
pub struct Counter(AtomicU64);

async fn count(counter: web::Data<Counter>, by: Option<web::Path<u64>>) -> impl Responder {
    let by = by.map_or(1, web::Path::into_inner);
    let count = counter.0.fetch_add(by, Relaxed) + by;
    HttpResponse::Ok().body(count.to_string())
}

async fn total(counter: web::Data<Counter>) -> impl Responder {
    counter.0.load(Relaxed).to_string()
}

/// The app, before anybody serves it.
pub fn create_app(
    counter: web::Data<Counter>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(counter)
        .wrap(middleware::NormalizePath::trim())
        .route("/total", web::get().to(total))
        .route("/count", web::post().to(count))
        .route("/count/{by}", web::post().to(count))
}
