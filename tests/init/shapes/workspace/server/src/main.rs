mod routes;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").map_or(Ok(8080), |port| port.parse());
    serve(port.expect("PORT is a number")).await
}

async fn serve(port: u16) -> std::io::Result<()> {
    actix_web::HttpServer::new(|| actix_web::App::new().configure(routes::configure))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
