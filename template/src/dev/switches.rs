//! `/dev/provider`: who is signed in at the development provider, and what it
//! is told to do wrong.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{
    DevTools,
    provider::{DevProvider, Misbehaviour, SignedIn},
};
use crate::{
    oidc::{
        csrf::is_cross_site,
        error::{Reason, Refusal},
        guard,
        handlers::see_other,
    },
    views::{self, Frame},
};

#[derive(Template)]
#[template(path = "dev/switches.html")]
struct Switches {
    frame: Frame,
    issuer: String,
    signed_in: Vec<SignedIn>,
    switches: Vec<Switch>,
    misbehaves: bool,
}

/// A misbehaviour as a button.
struct Switch {
    slug: &'static str,
    title: &'static str,
    explanation: &'static str,
    is_on: bool,
}

/// GET: the page.
pub async fn show(
    request: HttpRequest,
    tools: web::Data<DevTools>,
) -> Result<HttpResponse, Refusal> {
    let provider = provider(&tools)?;
    let named = provider.faults().named();
    views::respond(&Switches {
        frame: Frame::for_nobody(&request)?,
        issuer: provider.issuer().to_owned(),
        signed_in: provider.signed_in(),
        switches: Misbehaviour::ALL
            .into_iter()
            .map(|misbehaviour| Switch {
                slug: misbehaviour.slug(),
                title: misbehaviour.title(),
                explanation: misbehaviour.explanation(),
                is_on: named == Some(misbehaviour),
            })
            .collect(),
        misbehaves: named.is_some(),
    })
}

/// A button of the page.
#[derive(Deserialize)]
pub struct Press {
    /// The misbehaviour to switch on; `none` switches all of them off.
    misbehave: Option<String>,
    /// The person to sign out, from the provider's side.
    sign_out: Option<String>,
}

/// POST: a button was pressed.
pub async fn press(
    request: HttpRequest,
    tools: web::Data<DevTools>,
    form: web::Form<Press>,
) -> Result<HttpResponse, Refusal> {
    if is_cross_site(&request) {
        return Err(Reason::ForgedForm.into());
    }
    let provider = provider(&tools)?;
    match form.misbehave.as_deref() {
        Some("none") => provider.faults().clear(),
        Some(slug) => {
            let misbehaviour = Misbehaviour::from_slug(slug)
                .ok_or_else(|| Reason::BadRequest("there is no such misbehaviour".to_owned()))?;
            provider.faults().set(misbehaviour);
        }
        None => {}
    }
    let oidc = guard::oidc(&request)?;
    if let Some(sub) = form.sign_out.as_deref() {
        provider
            .sign_out(oidc.provider.client_id(), sub)
            .await
            .map_err(|error| {
                Reason::Internal(format!("the logout token was not taken: {error}"))
            })?;
    }
    Ok(see_other(&oidc.path("/dev/provider")))
}

fn provider(tools: &DevTools) -> Result<&DevProvider, Refusal> {
    tools
        .provider
        .as_ref()
        .ok_or_else(|| Reason::NotFound.into())
}
