mod account;
mod hooks;

use actix_web::{web, App, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let oidc = std::env::var("OIDC").is_ok();
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(account::Ledger::default()))
            .route("/hooks/payment", web::post().to(hooks::payment))
            .route("/account", web::get().to(account::balance))
            .route(
                "/login",
                web::get().to(move || async move { format!("OIDC is {}\n", on(oidc)) }),
            )
    })
    .workers(1)
    .bind(("127.0.0.1", 8080))?
    .run()
    .await
}

fn on(is_on: bool) -> &'static str {
    if is_on {
        "on"
    } else {
        "off"
    }
}
