use actix_web::http::StatusCode;
use actix_web::{error, web, HttpResponse, ResponseError};
use derive_more::Display;
use serde_json::json;

#[derive(Debug, Display)]
pub enum AppError {
    #[display("{_0} {_1}")]
    Unauthorized(&'static str, &'static str),
    #[display("{_0} was not found")]
    NotFound(&'static str),
    #[display("{_0}")]
    Unprocessable(String),
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            AppError::Unauthorized(..) => StatusCode::UNAUTHORIZED,
            AppError::NotFound(_) => StatusCode::NOT_FOUND,
            AppError::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let errors = match self {
            AppError::Unauthorized(what, why) => json!({ *what: [why] }),
            AppError::NotFound(what) => json!({ *what: ["not found"] }),
            AppError::Unprocessable(why) => json!({ "body": [why] }),
        };
        HttpResponse::build(self.status_code()).json(json!({ "errors": errors }))
    }
}

pub fn json_config() -> web::JsonConfig {
    web::JsonConfig::default().error_handler(|fault, _| {
        let answer = AppError::Unprocessable(fault.to_string());
        error::Error::from(answer)
    })
}
