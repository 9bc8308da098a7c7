//! `/devices`: where people see and end their own sign-ins.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use crate::{
    oidc::{
        Oidc,
        csrf::SignedForm,
        error::Refusal,
        events::{self, Ending},
        guard::User,
        handlers::see_other,
    },
    views::{self, Devices},
};

/// Shows where the person is signed in.
pub async fn show(
    request: HttpRequest,
    user: User,
    oidc: Data<Oidc>,
) -> Result<HttpResponse, Refusal> {
    let devices = oidc.devices(&user).await?;
    views::respond(&Devices::new(&request, &user, devices)?)
}

/// The form that signs other browsers out.
#[derive(Deserialize)]
pub struct SignOut {
    /// The browser's handle; `None`: all but the one that asks.
    device: Option<String>,
}

/// Ends the sign-ins that the form names, and shows what is left.
pub async fn sign_out(
    form: SignedForm<SignOut>,
    oidc: Data<Oidc>,
) -> Result<HttpResponse, Refusal> {
    let ended = oidc
        .end_devices(&form.user, form.fields.device.as_deref())
        .await?;
    let sign_in = form.user.sign_in();
    let subject = Some(sign_in.subject.as_str());
    events::revoked(&sign_in.issuer, subject, Ending::OtherBrowser, ended);
    Ok(see_other(&oidc.path("/devices")))
}
