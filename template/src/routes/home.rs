//! `/`: for everybody.

use actix_web::{HttpRequest, HttpResponse};

use crate::{
    oidc::{error::Refusal, guard::User},
    views::{self, Frame, Home},
};

/// Shows who is signed in, if anybody is.
pub async fn show(request: HttpRequest, user: Option<User>) -> Result<HttpResponse, Refusal> {
    let frame = Frame::of(&request, user.as_ref())?;
    views::respond(&Home {
        frame,
        is_debug_build: cfg!(debug_assertions),
    })
}
