//! `/`: for everybody.

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    oidc::{error::Refusal, guard::User},
    views::{self, Home},
};

/// Shows who is signed in, if anybody is.
pub async fn show(request: HttpRequest, user: Option<User>) -> Result<HttpResponse, Refusal> {
    views::respond(&Home::new(&request, user.as_ref())?)
}
