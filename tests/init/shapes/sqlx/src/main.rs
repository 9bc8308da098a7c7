mod error;
mod routes;

use std::{env, time::Duration};

use actix_web::{middleware, web, App, HttpServer};
use anyhow::{Context, Result};
use sqlx::{postgres::PgPoolOptions, PgPool};

/// What handlers share.
#[derive(Clone)]
struct AppState {
    db: PgPool,
}

fn connect() -> Result<PgPool> {
    let url = env::var("DATABASE_URL").context("DATABASE_URL must be set")?;
    PgPoolOptions::new()
        .max_connections(5)
        .acquire_timeout(Duration::from_millis(300))
        .connect_lazy(&url)
        .context("DATABASE_URL is not the address of a database")
}

#[tokio::main]
async fn main() -> Result<()> {
    dotenvy::dotenv().ok();
    let state = AppState { db: connect()? };

    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(state.clone()))
            .wrap(middleware::Logger::default())
            .wrap(middleware::Compress::default())
            .configure(routes::init)
    })
    .bind(("127.0.0.1", 3000))
    .context("port 3000 is taken")?;
    server.run().await?;
    Ok(())
}
