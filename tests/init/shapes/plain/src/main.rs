//! What the canteen cooks, and orders for it.

use actix_web::{get, middleware::Logger, post, web, App, HttpResponse, HttpServer, Responder};
use serde::{Deserialize, Serialize};

const MENU: [(&str, &str); 3] = [
    ("monday", "lentil soup"),
    ("wednesday", "dumplings"),
    ("friday", "fish pie"),
];

#[derive(Deserialize, Serialize)]
struct Order {
    dish: String,
    plates: u8,
}

#[get("/")]
async fn index() -> impl Responder {
    let days: Vec<&str> = MENU.iter().map(|(day, _)| *day).collect();
    format!("We cook on {}.\n", days.join(", "))
}

#[get("/menu/{day}")]
async fn menu(day: web::Path<String>) -> impl Responder {
    match MENU.iter().find(|(cooked, _)| *cooked == day.as_str()) {
        Some((_, dish)) => HttpResponse::Ok().body(*dish),
        None => HttpResponse::NotFound().body("The canteen is closed."),
    }
}

#[post("/orders")]
async fn order(order: web::Json<Order>) -> impl Responder {
    HttpResponse::Created().json(order)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new()
            .wrap(Logger::default())
            .service(index)
            .service(menu)
            .service(order)
    })
    .bind(("127.0.0.1", 8080))?
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use actix_web::{http::StatusCode, test};

    use super::*;

    #[actix_web::test]
    async fn the_menu_is_known_by_day() {
        let app = test::init_service(App::new().service(menu)).await;
        let request = test::TestRequest::get().uri("/menu/friday").to_request();
        let body = test::call_and_read_body(&app, request).await;
        assert_eq!(body, "fish pie");
    }

    #[actix_web::test]
    async fn an_order_is_confirmed() {
        let app = test::init_service(App::new().service(order)).await;
        let request = test::TestRequest::post()
            .uri("/orders")
            .set_json(Order {
                dish: "dumplings".to_string(),
                plates: 2,
            })
            .to_request();
        let response = test::call_service(&app, request).await;
        assert_eq!(response.status(), StatusCode::CREATED);
    }
}
