//! The app as a client of the development provider.

use std::io;

use url::Url;
use vestibule::{Secret, Settings, settings::RelyingParty};

use crate::provider::{Client, DevProvider, random_id};

/// The credentials with which the app authenticates at the provider.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub client_id: String,
    pub client_secret: Secret,
}

/// Registers an app as a client whose addresses are not known yet.
pub(crate) fn register(provider: &DevProvider, client_id: &str) -> io::Result<Credentials> {
    let secret = random_id()?;
    provider.register(Client {
        id: client_id.to_owned(),
        secret: secret.clone(),
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: None,
    });
    Ok(Credentials {
        client_id: client_id.to_owned(),
        client_secret: Secret::new(secret),
    })
}

/// Tells the provider a client's addresses, unless it has some already.
pub(crate) fn learn_addresses(provider: &DevProvider, client_id: &str, settings: &Settings) {
    let several = settings.providers.iter();
    let here = several.filter(|one| one.issuer() == provider.issuer());
    let mut parties: Vec<_> = here.map(|one| &one.relying_party).collect();
    if settings.providers.is_empty() {
        parties.push(&settings.relying_party);
    }
    let addresses = |address: fn(&RelyingParty) -> &Url| {
        let addresses = parties.iter().map(|party| address(party).to_string());
        addresses.collect::<Vec<_>>()
    };
    let backchannel_logout = settings.url(&settings.paths.backchannel_logout);
    provider.change_client(client_id, |client| {
        if client.redirect_uris.is_empty() {
            client.redirect_uris = addresses(|party| &party.login_redirect_uri);
            client.post_logout_redirect_uris = addresses(|party| &party.logout_redirect_uri);
            client.backchannel_logout_uri = Some(backchannel_logout.into());
        }
    });
}
