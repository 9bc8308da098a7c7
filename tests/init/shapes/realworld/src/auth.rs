use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{web, Error, HttpMessage};

use crate::error::AppError;
use crate::state::AppState;

/// Lets those pass who show a token, as `Authorization: Token …`.
pub async fn token_required(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Token "))
        .ok_or(AppError::Unauthorized("token", "is missing"))?;
    let user = request
        .app_data::<web::Data<AppState>>()
        .and_then(|state| state.users.iter().find(|user| user.token == token))
        .cloned()
        .ok_or(AppError::Unauthorized("token", "is not known"))?;
    request.extensions_mut().insert(user);
    next.call(request).await
}
