//! `/`: for everybody.

use actix_web::{HttpRequest, HttpResponse};
use vestibule::Error;

use crate::{
    hooks::User,
    views::{self, Home},
};

/// Shows who is signed in, if anybody is.
pub async fn show(request: HttpRequest, _: Option<User>) -> Result<HttpResponse, Error> {
    views::respond(&Home::new(&request)?)
}
