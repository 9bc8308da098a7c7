use actix_web::{web, App, HttpServer};

/// Which server this is, is decided when it starts.
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    if std::env::args().any(|argument| argument == "--maintenance") {
        HttpServer::new(|| App::new().default_service(web::to(|| async { "Back soon" })))
            .bind(("127.0.0.1", 8080))?
            .run()
            .await
    } else {
        HttpServer::new(|| App::new().route("/", web::get().to(|| async { "Hello" })))
            .bind(("127.0.0.1", 8080))?
            .run()
            .await
    }
}
