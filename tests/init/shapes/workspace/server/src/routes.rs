use actix_web::{error::ErrorBadRequest, web, Result};
use domain::Metres;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/", web::get().to(|| async { "Ask for /metres/5km\n" }))
        .route("/metres/{distance}", web::get().to(metres));
}

async fn metres(distance: web::Path<String>) -> Result<web::Json<Metres>> {
    domain::parse(&distance)
        .map(web::Json)
        .ok_or_else(|| ErrorBadRequest("not a distance"))
}

#[cfg(test)]
mod tests {
    use actix_web::{test, App};

    use super::*;

    #[actix_web::test]
    async fn distances_are_converted() {
        let app = test::init_service(App::new().configure(configure)).await;
        let request = test::TestRequest::get().uri("/metres/2km").to_request();
        assert_eq!(test::call_and_read_body(&app, request).await, "2000.0");
    }
}
