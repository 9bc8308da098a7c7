use actix_web::{
    http::StatusCode,
    web::{Data, Form},
    HttpResponse, ResponseError,
};
use serde::Deserialize;

use crate::domain::{Address, Joined, Waitlist};

#[derive(Deserialize)]
pub struct Request {
    email: String,
}

#[derive(Debug)]
pub enum JoinError {
    Invalid(String),
    Full,
}

impl std::fmt::Display for JoinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid(why) => f.write_str(why),
            Self::Full => f.write_str("the workshop is full"),
        }
    }
}

impl ResponseError for JoinError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Full => StatusCode::CONFLICT,
        }
    }
}

#[tracing::instrument(skip_all)]
pub async fn join(
    form: Form<Request>,
    waitlist: Data<Waitlist>,
) -> Result<HttpResponse, JoinError> {
    let address = Address::parse(&form.email).map_err(JoinError::Invalid)?;
    match waitlist.join(address) {
        Joined::Now => Ok(HttpResponse::Created().finish()),
        Joined::Before => Ok(HttpResponse::Ok().finish()),
        Joined::Full => Err(JoinError::Full),
    }
}
