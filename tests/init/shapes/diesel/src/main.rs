#[macro_use]
extern crate diesel;

use std::{collections::VecDeque, error::Error, sync::Mutex};

use actix_web::{App, HttpResponse, HttpServer, Responder, get, middleware, post, web};

mod actions;
mod models;
mod schema;

/// Queries that wait for the worker that has the connection.
type Queue = Mutex<VecDeque<String>>;

/// What a search for books asks the database.
#[get("/books")]
async fn books(search: web::Query<models::Search>) -> actix_web::Result<impl Responder> {
    let search = search.into_inner();
    let query = web::block(move || actions::find_books(&search)).await?;
    Ok(HttpResponse::Ok().body(query))
}

#[post("/books")]
async fn add_book(queue: web::Data<Queue>, book: web::Json<models::NewBook>) -> impl Responder {
    let query = actions::insert_book(&book);
    let mut queue = queue.lock().unwrap();
    queue.push_back(query);
    HttpResponse::Accepted().json(queue.len())
}

#[get("/queue")]
async fn waiting(queue: web::Data<Queue>) -> impl Responder {
    let queue = queue.lock().unwrap();
    web::Json(queue.iter().cloned().collect::<Vec<_>>())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    env_logger::init();

    // One queue for all workers.
    let queue = web::Data::new(Queue::default());

    log::info!("starting at http://localhost:8080");

    HttpServer::new(move || {
        App::new()
            // for `web::Data<Queue>`
            .app_data(queue.clone())
            // a line for each request
            .wrap(middleware::Logger::default())
            .service(books)
            .service(add_book)
            .service(waiting)
    })
    .bind(("127.0.0.1", 8080))?
    .workers(2)
    .run()
    .await?;

    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::test;

    use super::*;

    #[actix_web::test]
    async fn a_book_waits_in_the_queue() {
        let queue = web::Data::new(Queue::default());
        let app = test::init_service(
            App::new()
                .app_data(queue.clone())
                .wrap(middleware::Logger::default())
                .service(add_book)
                .service(waiting),
        )
        .await;

        let request = test::TestRequest::post()
            .uri("/books")
            .set_json(models::NewBook::new("Walden", 1854))
            .to_request();
        let length: usize = test::call_and_read_body_json(&app, request).await;
        assert_eq!(length, 1);

        let request = test::TestRequest::get().uri("/queue").to_request();
        let queries: Vec<String> = test::call_and_read_body_json(&app, request).await;
        assert!(
            queries[0].starts_with(r#"INSERT INTO "books""#),
            "{queries:?}"
        );
    }
}
