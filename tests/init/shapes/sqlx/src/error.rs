use actix_web::{http::StatusCode, HttpResponse, ResponseError};
use serde::Serialize;

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("there is no order {0}")]
    NoOrder(i64),
    #[error("an order needs between 1 and 99 pieces")]
    Pieces,
    #[error("the database cannot be reached")]
    Database(#[from] sqlx::Error),
}

#[derive(Serialize)]
struct Message {
    message: String,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoOrder(_) => StatusCode::NOT_FOUND,
            Self::Pieces => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(Message {
            message: self.to_string(),
        })
    }
}
