//! The least that Actix needs to answer with the app's page: a handler that knows the bytes and the
//! headers from the start. `bare PORT PATH PAGE`, where PAGE is a file with both, as JSON.

use std::error::Error;

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::{HeaderName, HeaderValue},
    web::{self, Bytes, Data},
};
use serde_json::Value;

struct Page {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

async fn show(page: Data<Page>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for (name, value) in &page.headers {
        response.insert_header((name.clone(), value.clone()));
    }
    response.body(page.body.clone())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("which port?")?.parse()?;
    let path = arguments.next().ok_or("which path?")?;
    let page = Data::new(read(&arguments.next().ok_or("which page?")?)?);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(page.clone())
            .route(&path, web::get().to(show))
    });
    Ok(server.bind(("127.0.0.1", port))?.run().await?)
}

fn read(path: &str) -> Result<Page, Box<dyn Error>> {
    let page: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("not a text");
    let mut headers = Vec::new();
    for (name, value) in page["headers"].as_object().ok_or("no headers")? {
        headers.push((HeaderName::try_from(name)?, text(value)?.try_into()?));
    }
    Ok(Page {
        headers,
        body: text(&page["body"])?.into(),
    })
}
