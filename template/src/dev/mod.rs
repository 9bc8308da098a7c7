//! What helps while developing and is absent from release builds: an OpenID
//! provider that needs no account, and pages below `/dev`, for this machine
//! only.

pub mod gallery;
pub mod notes;
pub mod provider;
pub mod switches;

use std::net::{Ipv4Addr, SocketAddr};

use actix_web::{
    Error, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::HOST,
    middleware::{Next, from_fn},
    web::{Data, ServiceConfig, get, post, scope},
};

use self::provider::{Client, DevProvider};
use crate::{
    oidc::{
        error::{Reason, Refusal},
        seal,
    },
    settings::{self, Credential, ProviderSettings, Secret, Settings},
};

/// What the pages below `/dev` work with.
pub struct DevTools {
    /// The development provider, if people sign in with it.
    pub provider: Option<DevProvider>,
}

/// Mounts the pages below `/dev`. To anybody but this machine they do not
/// exist.
pub fn mount(config: &mut ServiceConfig, tools: &Data<DevTools>) {
    config.service(
        scope("/dev")
            .wrap(from_fn(for_this_machine))
            .app_data(tools.clone())
            .route("/gallery.css", get().to(gallery::stylesheet))
            .route("/views", get().to(gallery::index))
            .route("/views/{name}", get().to(gallery::show))
            .route("/provider", get().to(switches::show))
            .route("/provider", post().to(switches::press)),
    );
}

/// Both must be so: the name keeps a proxy on this machine from opening them
/// to the world, and a page on the web from reading them under a name of its
/// own that points here.
async fn for_this_machine<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let host = request.headers().get(HOST).and_then(|it| it.to_str().ok());
    let host = host.and_then(|host| url::Url::parse(&format!("http://{host}")).ok());
    let is_from_here = request
        .peer_addr()
        .is_some_and(|peer| peer.ip().is_loopback());
    if is_from_here && host.is_some_and(|host| settings::is_loopback(&host)) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let refusal = Refusal::from(Reason::NotFound);
    Ok(request.error_response(refusal).map_into_right_body())
}

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
