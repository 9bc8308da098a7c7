//! `/admin`: for people with the role `admin`. They can sign somebody else out
//! everywhere.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;
use vestibule::{Deny, Error, Oidc};

use crate::{
    hooks::{Admin, Has, SignedForm},
    users::Users,
    views::{self, Members},
};

/// Shows how many people have signed in so far.
pub async fn show(
    request: HttpRequest,
    _: Has<Admin>,
    users: Data<Users>,
) -> Result<HttpResponse, Error> {
    views::respond(&members(&request, &users).await?)
}

/// The form that signs a person out.
#[derive(Deserialize)]
pub struct SignOut {
    /// The person's identifier at the provider (OIDC Core 2, `sub`).
    subject: String,
}

/// Ends all sessions of one person, wherever they are signed in.
pub async fn sign_out(
    request: HttpRequest,
    admin: Has<Admin>,
    form: SignedForm<SignOut>,
    oidc: Oidc,
    users: Data<Users>,
) -> Result<HttpResponse, Error> {
    let subject = form.fields.subject.trim();
    if subject.is_empty() {
        return Err(Error::bad_request("the form names nobody to sign out"));
    }
    let ended = oidc.logout_person(&admin, subject).await?;
    views::respond(&Members {
        signed_out: Some(ended),
        ..members(&request, &users).await?
    })
}

async fn members(request: &HttpRequest, users: &Users) -> Result<Members, Error> {
    let count = users.count().await;
    let count = count.map_err(|error| Deny::unavailable(error.to_string()))?;
    Members::new(request, count)
}
