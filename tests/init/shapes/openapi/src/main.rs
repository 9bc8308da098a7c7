use std::{error::Error, net::Ipv4Addr, sync::Mutex};

use actix_web::{App, HttpServer, middleware::Logger, web};
use utoipa_actix_web::{AppExt, scope};

use self::chores::Chores;

mod chores;

#[actix_web::main]
async fn main() -> Result<(), impl Error> {
    let chores = web::Data::new(Mutex::new(Chores::default()));

    HttpServer::new(move || {
        let (app, api) = App::new()
            .into_utoipa_app()
            .map(|app| app.wrap(Logger::default()))
            .service(
                scope::scope("/api/v1")
                    .app_data(chores.clone())
                    .configure(chores::configure),
            )
            .split_for_parts();

        app.route(
            "/api-docs/openapi.json",
            web::get().to(move || std::future::ready(web::Json(api.clone()))),
        )
    })
    .bind((Ipv4Addr::UNSPECIFIED, 8080))?
    .run()
    .await
}
