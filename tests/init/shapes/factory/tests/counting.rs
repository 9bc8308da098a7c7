use actix_web::{
    test::{TestRequest, call_and_read_body, init_service},
    web,
};
use counter::{Counter, create_app};

#[actix_web::test]
async fn everything_counts() {
    let app = init_service(create_app(web::Data::new(Counter::default()))).await;
    for (path, expected) in [("/count", "1"), ("/count/4", "5"), ("/count/", "6")] {
        let request = TestRequest::post().uri(path).to_request();
        assert_eq!(call_and_read_body(&app, request).await, expected);
    }
    let request = TestRequest::get().uri("/total").to_request();
    assert_eq!(call_and_read_body(&app, request).await, "6");
}
