use actix_web::{HttpServer, web};
use counter::{Counter, create_app};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let counter = web::Data::new(Counter::default());
    HttpServer::new(move || create_app(counter.clone()))
        .bind(("localhost", 8080))?
        .run()
        .await
}
