//! The app of `plain_app.rs` with sign-in: a protected page, `/login`, `/logout`.
//! A debug build runs the development provider: `cargo run --example existing_app`.

use std::{error::Error, sync::atomic::AtomicU64, sync::atomic::Ordering::Relaxed};

use actix_web::{App, HttpServer, Responder, web};
use vestibule::{Oidc, Settings, User};

async fn home(visits: web::Data<AtomicU64>) -> impl Responder {
    let visits = visits.fetch_add(1, Relaxed) + 1;
    web::Html::new(format!(
        "<h1>Visit {visits}</h1><a href=\"/account\">Account</a>"
    ))
}

async fn account(user: User, oidc: Oidc) -> impl Responder {
    web::Html::new(format!("You are signed in. {}", oidc.logout_form(&user)))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    #[cfg(debug_assertions)]
    let (settings, _dev) = vestibule_dev::start(settings).await?;
    let oidc = Oidc::builder(settings).build().await?;
    let visits = web::Data::new(AtomicU64::new(0));
    HttpServer::new(move || {
        App::new()
            .app_data(visits.clone())
            .route("/", web::get().to(home))
            .route("/account", web::get().to(account))
            .wrap(oidc.middleware())
            .configure(oidc.routes())
    })
    .bind(("localhost", 8080))?
    .run()
    .await?;
    Ok(())
}
