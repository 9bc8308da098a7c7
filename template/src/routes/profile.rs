//! `/profile`: for people who are signed in.

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    oidc::{error::Refusal, guard::User},
    views::{self, Profile},
};

/// Shows what the app knows of the person.
pub async fn show(request: HttpRequest, user: User) -> Result<HttpResponse, Refusal> {
    views::respond(&Profile::new(&request, &user)?)
}
