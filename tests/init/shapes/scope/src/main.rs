use actix_session::{
    SessionMiddleware, config::CookieContentSecurity, storage::CookieSessionStore,
};
use actix_web::{App, HttpServer, cookie::Key, guard, middleware, rt::System, web};

mod basket;

/// A key for one run: baskets don't survive it.
fn session_key() -> Key {
    Key::from(&[7; 64])
}

fn sessions(key: Key) -> SessionMiddleware<CookieSessionStore> {
    SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name("basket".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .cookie_secure(false)
        .build()
}

fn main() -> std::io::Result<()> {
    let key = session_key();
    System::new().block_on(async move {
        HttpServer::new(move || {
            App::new().service(
                web::scope("/shop")
                    .wrap(sessions(key.clone()))
                    .wrap(middleware::DefaultHeaders::new().add(("X-Shop", "basket")))
                    .route("/basket", web::get().to(basket::show))
                    .service(
                        web::scope("/basket")
                            .guard(guard::Header("content-type", "application/json"))
                            .route("", web::post().to(basket::put)),
                    )
                    .service(basket::leave),
            )
        })
        .bind(("localhost", 8080))?
        .run()
        .await
    })
}

#[cfg(test)]
mod tests {
    use actix_web::{http::StatusCode, test};

    use super::*;

    #[actix_web::test]
    async fn a_basket_is_kept_in_the_session() {
        let app = test::init_service(
            App::new()
                .wrap(sessions(session_key()))
                .route("/basket", web::get().to(basket::show))
                .route("/basket", web::post().to(basket::put)),
        )
        .await;
        let put = test::TestRequest::post()
            .uri("/basket")
            .set_json("pears")
            .to_request();
        let response = test::call_service(&app, put).await;
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = response.response().cookies().next().unwrap().into_owned();

        let show = test::TestRequest::get()
            .uri("/basket")
            .cookie(cookie)
            .to_request();
        assert_eq!(test::call_and_read_body(&app, show).await, r#"["pears"]"#);
    }
}
