//! A plain Actix app. `existing_app.rs` is the same app with sign-in.

use std::{error::Error, sync::atomic::AtomicU64, sync::atomic::Ordering::Relaxed};

use actix_web::{App, HttpServer, Responder, web};

async fn home(visits: web::Data<AtomicU64>) -> impl Responder {
    let visits = visits.fetch_add(1, Relaxed) + 1;
    web::Html::new(format!(
        "<h1>Visit {visits}</h1><a href=\"/account\">Account</a>"
    ))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let visits = web::Data::new(AtomicU64::new(0));
    HttpServer::new(move || {
        App::new()
            .app_data(visits.clone())
            .route("/", web::get().to(home))
    })
    .bind(("localhost", 8080))?
    .run()
    .await?;
    Ok(())
}
