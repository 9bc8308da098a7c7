use actix_web::middleware::from_fn;
use actix_web::{web, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use crate::auth;
use crate::error::AppError;
use crate::state::{AppState, User};

#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
}

#[derive(Deserialize)]
struct LoginRequest {
    user: Login,
}

pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.route("/users/login", web::post().to(login)).service(
        web::resource("/user")
            .wrap(from_fn(auth::token_required))
            .route(web::get().to(current)),
    );
}

async fn login(
    state: web::Data<AppState>,
    request: web::Json<LoginRequest>,
) -> Result<HttpResponse, AppError> {
    let Login { email, password } = &request.user;
    state
        .users
        .iter()
        .find(|user| user.email == *email && user.password == *password)
        .map(|user| HttpResponse::Ok().json(json!({ "user": user })))
        .ok_or(AppError::Unauthorized("email or password", "is invalid"))
}

async fn current(user: web::ReqData<User>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "user": user.into_inner() }))
}
