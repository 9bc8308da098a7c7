//! `/admin`: for people with the role `admin`, as an example of a role.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    hooks::Admin,
    oidc::{error::Refusal, guard::Has},
    users::Users,
    views::{self, Frame, Members},
};

/// Shows how many people have signed in so far.
pub async fn show(
    request: HttpRequest,
    admin: Has<Admin>,
    users: Data<Users>,
) -> Result<HttpResponse, Refusal> {
    views::respond(&Members {
        frame: Frame::for_user(&request, &admin)?,
        count: users.count(),
    })
}
