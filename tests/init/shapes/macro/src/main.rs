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

#[cfg(test)]
mod tests {
    use actix_web::test;

    use super::*;

    #[actix_web::test]
    async fn people_are_greeted() {
        let app = test::init_service(app!(String::from("Hi"))).await;
        let request = test::TestRequest::get().uri("/").to_request();
        assert_eq!(test::call_and_read_body(&app, request).await, "Hi");
    }
}
