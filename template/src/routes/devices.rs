//! `/devices`: where people see where they are signed in, and sign out there.

use actix_web::{HttpRequest, HttpResponse, Responder, web::Redirect};
use serde::Deserialize;
use vestibule::{Error, Oidc};

use crate::{
    hooks::{SignedForm, User},
    views::{self, Devices},
};

/// Shows where the person is signed in.
pub async fn show(request: HttpRequest, user: User, oidc: Oidc) -> Result<HttpResponse, Error> {
    let devices = oidc.devices(&user).await?;
    views::respond(&Devices::new(&request, devices)?)
}

/// The form that signs other browsers out.
#[derive(Deserialize)]
pub struct SignOut {
    /// The browser's handle; `None`: all but the one that asks.
    device: Option<String>,
}

/// Signs out what the form names, and shows what is left.
pub async fn sign_out(form: SignedForm<SignOut>, oidc: Oidc) -> Result<impl Responder, Error> {
    let device = form.fields.device.as_deref();
    oidc.logout_devices(&form.user, device).await?;
    Ok(Redirect::to(oidc.path("/devices")).see_other())
}
