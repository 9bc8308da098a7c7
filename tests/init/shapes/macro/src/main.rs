use actix_web::{web, App, HttpServer};

/// The same app for the server and for the tests, whose types have no name.
macro_rules! app {
    ($greeting:expr) => {
        App::new()
            .app_data(web::Data::new($greeting))
            .route("/", web::get().to(greet))
    };
}

async fn greet(greeting: web::Data<String>) -> String {
    greeting.to_string()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| app!(String::from("Hello")))
        .bind(("127.0.0.1", 8080))?
        .run()
        .await
}
