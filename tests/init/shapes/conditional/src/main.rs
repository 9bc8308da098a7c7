use actix_web::{web, App, HttpResponse, HttpServer};

async fn hello(name: Option<web::Path<String>>) -> String {
    let name = name.map_or("you".into(), web::Path::into_inner);
    format!("Hello, {name}\n")
}

async fn back_soon() -> HttpResponse {
    HttpResponse::ServiceUnavailable().body("Back soon\n")
}

/// Which server this is, is decided when it starts.
#[actix_web::main]
async fn main() -> std::io::Result<()> {
    if std::env::args().any(|argument| argument == "--maintenance") {
        return HttpServer::new(|| App::new().default_service(web::to(back_soon)))
            .bind(("127.0.0.1", 8080))?
            .run()
            .await;
    }
    HttpServer::new(|| {
        App::new()
            .route("/", web::get().to(hello))
            .route("/{name}", web::get().to(hello))
    })
    .bind(("127.0.0.1", 8080))?
    .run()
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn people_are_greeted_by_name() {
        assert_eq!(hello(None).await, "Hello, you\n");
        let name = web::Path::from(String::from("Ada"));
        assert_eq!(hello(Some(name)).await, "Hello, Ada\n");
    }
}
