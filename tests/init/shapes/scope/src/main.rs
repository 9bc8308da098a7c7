use actix_web::{App, HttpServer, guard, middleware, web};
use tokio::runtime::Builder;

mod basket;

async fn serve() -> std::io::Result<()> {
    HttpServer::new(|| {
        App::new().service(
            web::scope("/shop")
                .wrap(middleware::DefaultHeaders::new().add(("X-Shop", "basket")))
                .route("/basket", web::get().to(basket::show))
                .service(
                    web::scope("/basket")
                        .guard(guard::Header("content-type", "text/plain"))
                        .route("", web::post().to(basket::put)),
                )
                .service(basket::leave),
        )
    })
    .bind(("localhost", 8080))?
    .run()
    .await
}

fn main() {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .thread_name("shop")
        .build()
        .expect("threads can be started");
    if let Err(error) = runtime.block_on(serve()) {
        eprintln!("the shop is closed: {error}");
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test;

    use super::*;

    #[actix_web::test]
    async fn a_basket_is_kept_in_a_cookie() {
        let app = test::init_service(
            App::new()
                .route("/basket", web::get().to(basket::show))
                .route("/basket", web::post().to(basket::put)),
        )
        .await;
        let put = test::TestRequest::post()
            .uri("/basket")
            .set_payload("pears");
        let response = test::call_service(&app, put.to_request()).await;
        let cookie = response.response().cookies().next().unwrap().into_owned();

        let show = test::TestRequest::get().uri("/basket").cookie(cookie);
        assert_eq!(
            test::call_and_read_body(&app, show.to_request()).await,
            "pears\n"
        );
    }
}
