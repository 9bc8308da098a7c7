//! `/admin`: for people with the role `admin`. They can sign another person out
//! everywhere.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use crate::{
    hooks::Admin,
    oidc::{
        Oidc,
        csrf::SignedForm,
        error::{Reason, Refusal},
        events::{self, Ending},
        guard::{Has, User},
    },
    users::Users,
    views::{self, Frame, Members},
};

/// Shows how many people have signed in so far.
pub async fn show(
    request: HttpRequest,
    admin: Has<Admin>,
    users: Data<Users>,
) -> Result<HttpResponse, Refusal> {
    page(&request, &admin, &users, None)
}

/// The form that signs a person out.
#[derive(Deserialize)]
pub struct SignOut {
    /// The person's identifier at the provider (OIDC Core 2, `sub`).
    subject: String,
}

/// Ends all sign-ins of one person, whichever instance and store they are on.
pub async fn sign_out(
    request: HttpRequest,
    admin: Has<Admin>,
    form: SignedForm<SignOut>,
    oidc: Data<Oidc>,
    users: Data<Users>,
) -> Result<HttpResponse, Refusal> {
    let subject = form.fields.subject.trim();
    if subject.is_empty() {
        return Err(Reason::BadRequest("the form names nobody to sign out".to_owned()).into());
    }
    let issuer = oidc.provider.issuer();
    let by = admin.sign_in().person_tag();
    // First, as a browser that hangs up ends this handler.
    tracing::info!(by, "an administrator signs somebody out");
    let ended = oidc.sign_ins.end_all_of(issuer, subject).await?;
    events::revoked(issuer, Some(subject), Ending::Administrator, ended);
    page(&request, &admin, &users, Some(ended))
}

fn page(
    request: &HttpRequest,
    admin: &User,
    users: &Users,
    signed_out: Option<usize>,
) -> Result<HttpResponse, Refusal> {
    views::respond(&Members {
        frame: Frame::for_user(request, admin)?,
        count: users.count(),
        signed_out,
    })
}
