//! What helps while developing and is absent from release builds: an OpenID
//! provider that needs no account.

pub mod notes;
pub mod provider;

use std::net::{Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;

use self::provider::{Client, DevProvider};
use crate::{
    oidc::seal,
    settings::{self, Credential, ProviderSettings, Secret, Settings},
};

/// Starts the development provider on loopback with this app as its client.
/// Port 0: any that is free.
///
/// # Errors
/// The port is in use.
pub async fn start(
    settings: &mut Settings,
    port: u16,
) -> Result<(DevProvider, ProviderSettings), String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let provider = DevProvider::start(address).await.map_err(|error| {
        format!(
            "the development provider cannot listen on {address}: {error}. Stop the program that \
             does, or set APP_BASE_URL to a port that is followed by a free one."
        )
    })?;
    let secret = seal::random_text().map_err(|_| "no random numbers".to_owned())?;
    let client_id = env!("CARGO_PKG_NAME").to_owned();
    let relying_party = &mut settings.relying_party;
    provider.register(Client {
        id: client_id.clone(),
        secret: secret.clone(),
        redirect_uris: vec![relying_party.login_redirect_uri.to_string()],
        post_logout_redirect_uris: vec![relying_party.logout_redirect_uri.to_string()],
        backchannel_logout_uri: Some(
            settings::below(&settings.base_url, settings.paths.backchannel_logout).to_string(),
        ),
    });
    if !relying_party
        .scopes
        .iter()
        .any(|scope| scope == "offline_access")
    {
        relying_party.scopes.push("offline_access".to_owned());
    }
    let credential = Credential::Secret {
        secret: Secret::new(secret),
        method: None,
    };
    let issuer = provider.issuer().to_owned();
    Ok((
        provider,
        ProviderSettings {
            issuer,
            client_id,
            credential,
        },
    ))
}

/// Whether this app's own pages may show the page in a frame, as the gallery
/// of views does.
pub fn may_be_framed(request: &HttpRequest) -> bool {
    request
        .match_pattern()
        .is_some_and(|pattern| pattern.ends_with("/dev/views/{name}"))
}
