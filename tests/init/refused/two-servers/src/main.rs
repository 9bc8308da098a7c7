use actix_web::{App, HttpServer, web};
use futures_util::future::try_join;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let public = HttpServer::new(|| App::new().route("/", web::get().to(async || "Hello")))
        .bind(("0.0.0.0", 8080))?
        .run();
    let inside = HttpServer::new(|| App::new().route("/metrics", web::get().to(async || "up 1")))
        .bind(("127.0.0.1", 9090))?
        .run();
    try_join(public, inside).await?;
    Ok(())
}
