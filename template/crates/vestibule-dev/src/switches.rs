//! `/dev/provider`: who is signed in at the development provider, and switches for
//! its misbehaviour.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::LOCATION,
    web::{Data, Form, Query},
};
use askama::Template;
use serde::Deserialize;
use vestibule::{Error, ErrorKind};

use crate::{
    Client,
    pages::{Frame, Mounted, is_cross_site, respond},
    provider::{Misbehaviour, SignedIn},
};

#[derive(Template)]
#[template(path = "switches.html")]
struct Switches<'a> {
    frame: Frame<'a>,
    login: String,
    /// The names of several, and which of them this is.
    names: Vec<&'a str>,
    name: &'a str,
    action: String,
    issuer: &'a str,
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

/// Which provider is meant, if the development provider plays several; the first by default.
#[derive(Deserialize)]
pub(crate) struct Which {
    provider: Option<String>,
}

impl Which {
    fn client<'a>(&self, mounted: &'a Mounted) -> Result<&'a Client, Error> {
        let clients = mounted.dev.clients();
        let named = clients.iter().find(|client| client.name == self.provider);
        named.or(clients.first()).ok_or_else(Error::not_found)
    }
}

/// The page about one provider.
fn page_of(mounted: &Mounted, client: &Client) -> String {
    let page = format!("{}/dev/provider", mounted.dev.base_path());
    match &client.name {
        Some(name) => format!("{page}?provider={name}"),
        None => page,
    }
}

/// GET: the page.
pub(crate) async fn show(
    mounted: Data<Mounted>,
    which: Query<Which>,
) -> Result<HttpResponse, Error> {
    let client = which.client(&mounted)?;
    let provider = &client.provider;
    let clients = mounted.dev.clients().iter();
    let named = provider.faults().named();
    respond(&Switches {
        frame: mounted.frame("provider"),
        login: mounted.dev.login(),
        names: clients
            .filter_map(|client| client.name.as_deref())
            .collect(),
        name: client.name.as_deref().unwrap_or_default(),
        action: page_of(&mounted, client),
        issuer: provider.issuer(),
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
pub(crate) struct Press {
    /// The misbehaviour to switch on; `none` switches all off.
    misbehave: Option<String>,
    /// The person to sign out from the provider's side.
    sign_out: Option<String>,
}

/// POST: a button was pressed.
pub(crate) async fn press(
    request: HttpRequest,
    mounted: Data<Mounted>,
    which: Query<Which>,
    form: Form<Press>,
) -> Result<HttpResponse, Error> {
    if is_cross_site(&request) {
        return Err(ErrorKind::ForgedForm.into());
    }
    let client = which.client(&mounted)?;
    let provider = &client.provider;
    match form.misbehave.as_deref() {
        Some("none") => provider.faults().clear(),
        Some(slug) => {
            let misbehaviour = Misbehaviour::from_slug(slug)
                .ok_or_else(|| Error::bad_request("unknown misbehaviour"))?;
            provider.faults().set(misbehaviour);
        }
        None => {}
    }
    if let Some(sub) = form.sign_out.as_deref() {
        provider.sign_out(&client.id, sub).await.map_err(|error| {
            Error::internal(format!(
                "the logout token could not be delivered to the app: {error}"
            ))
        })?;
    }
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, page_of(&mounted, client)))
        .finish())
}
