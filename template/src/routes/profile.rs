//! `/profile`: for people who are signed in.

use actix_web::{HttpRequest, HttpResponse};
use vestibule::Error;

use crate::{
    hooks::User,
    views::{self, Profile},
};

/// Shows what the app knows of the person.
pub async fn show(request: HttpRequest, user: User) -> Result<HttpResponse, Error> {
    views::respond(&Profile::new(&request, &user)?)
}
