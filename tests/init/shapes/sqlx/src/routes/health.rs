use actix_web::{get, web, HttpResponse};

use crate::AppState;

#[get("/health")]
pub async fn health(state: web::Data<AppState>) -> HttpResponse {
    if state.db.is_closed() {
        HttpResponse::ServiceUnavailable().body("closed")
    } else {
        HttpResponse::Ok().body("open")
    }
}
