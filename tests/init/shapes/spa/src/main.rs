//! The scores as JSON, and a single-page app that shows them.

use actix_files::{Files, NamedFile};
use actix_web::{
    App, HttpServer, Responder,
    dev::{ServiceRequest, ServiceResponse, fn_service},
    get,
    middleware::Compress,
    web,
};
use serde::Serialize;

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dist");

#[derive(Serialize)]
struct Score {
    player: &'static str,
    points: u32,
}

#[get("/scores")]
async fn scores() -> impl Responder {
    web::Json([
        Score {
            player: "vera",
            points: 31,
        },
        Score {
            player: "max",
            points: 28,
        },
    ])
}

async fn unknown() -> impl Responder {
    actix_web::HttpResponse::NotFound().json("there is no such thing")
}

/// Everything that is no file is a page of the single-page app, whose router knows it.
fn pages() -> Files {
    Files::new("/", PAGES)
        .index_file("index.html")
        .default_handler(fn_service(async |request: ServiceRequest| {
            let (request, _) = request.into_parts();
            let index = NamedFile::open_async(format!("{PAGES}/index.html")).await?;
            let response = index.into_response(&request);
            Ok(ServiceResponse::new(request, response))
        }))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    println!("http://localhost:8080");

    HttpServer::new(|| {
        App::new()
            .wrap(Compress::default())
            .service(
                web::scope("/api")
                    .service(scores)
                    .default_service(web::to(unknown)),
            )
            // Last, since it takes what is left.
            .service(pages())
    })
    .bind("127.0.0.1:8080")?
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_and_read_body, init_service};

    use super::*;

    #[actix_web::test]
    async fn a_page_that_only_the_router_knows_is_the_index() {
        let app = init_service(App::new().service(pages())).await;
        let index = call_and_read_body(&app, TestRequest::get().uri("/").to_request()).await;
        let other = TestRequest::get().uri("/players/vera").to_request();
        assert_eq!(call_and_read_body(&app, other).await, index);
    }
}
