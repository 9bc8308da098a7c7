use std::sync::RwLock;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::{header, StatusCode};
use actix_web::middleware::{ErrorHandlerResponse, ErrorHandlers, Logger};
use actix_web::{error, web, App, Error, HttpRequest, HttpResponse, HttpServer, Result};
use serde::{Deserialize, Serialize};
use tera::{Context, Tera};

#[derive(Clone, Serialize, Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    words: String,
}

type Book = RwLock<Vec<Entry>>;

fn render(tera: &Tera, template: &str, context: &Context) -> Result<HttpResponse> {
    let html = tera
        .render(template, context)
        .map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok()
        .content_type(header::ContentType::html())
        .body(html))
}

async fn guests(tera: web::Data<Tera>, book: web::Data<Book>) -> Result<HttpResponse> {
    let mut context = Context::new();
    context.insert("entries", &*book.read().unwrap());
    render(&tera, "guests.html", &context)
}

async fn sign(book: web::Data<Book>, entry: web::Form<Entry>) -> HttpResponse {
    book.write().unwrap().push(entry.into_inner());
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/guests"))
        .finish()
}

async fn not_found(
    tera: web::Data<Tera>,
    request: HttpRequest,
) -> Result<(HttpResponse, StatusCode)> {
    let mut context = Context::new();
    context.insert("status", "Not here");
    context.insert("path", request.path());
    Ok((
        render(&tera, "error.html", &context)?,
        StatusCode::NOT_FOUND,
    ))
}

/// Answers in words what Actix answers with a bare status.
fn error_handlers() -> ErrorHandlers<BoxBody> {
    ErrorHandlers::new().handler(StatusCode::BAD_REQUEST, bad_request)
}

fn bad_request<B>(response: ServiceResponse<B>) -> Result<ErrorHandlerResponse<BoxBody>> {
    let (request, response) = response.into_parts();
    let words = format!("{} does not understand that form.", request.path());
    let response = response.set_body(words).map_into_boxed_body();
    let response = ServiceResponse::new(request, response).map_into_left_body();
    Ok(ErrorHandlerResponse::Response(response))
}

fn templates() -> Tera {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/**/*");
    Tera::new(folder).expect("the templates are well-formed")
}

fn pages(config: &mut web::ServiceConfig) {
    config
        .service(web::redirect("/", "/guests"))
        .service(
            web::resource("/guests")
                .route(web::get().to(guests))
                .route(web::post().to(sign)),
        )
        .default_service(web::to(not_found));
}

#[actix_web::main]
async fn main() -> Result<(), Error> {
    let tera = web::Data::new(templates());
    let book = web::Data::new(Book::default());
    HttpServer::new(move || {
        App::new()
            .wrap(error_handlers())
            .wrap(Logger::new("%s %r"))
            .app_data(tera.clone())
            .app_data(book.clone())
            .configure(pages)
    })
    .bind("localhost:8080")?
    .run()
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::test::{call_and_read_body, call_service, init_service, TestRequest};

    use super::*;

    #[actix_web::test]
    async fn what_guests_write_is_shown_without_markup() {
        let app = init_service(
            App::new()
                .app_data(web::Data::new(templates()))
                .app_data(web::Data::new(Book::default()))
                .configure(pages),
        )
        .await;
        let entry = Entry {
            name: "<i>Ida</i>".into(),
            words: "Splendid.".into(),
        };
        let request = TestRequest::post().uri("/guests").set_form(entry);
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);

        let request = TestRequest::get().uri("/guests").to_request();
        let page = call_and_read_body(&app, request).await;
        let page = String::from_utf8(page.to_vec()).unwrap();
        assert!(
            page.contains("&lt;i&gt;Ida&lt;&#x2F;i&gt;</b> Splendid."),
            "{page}"
        );
    }
}
