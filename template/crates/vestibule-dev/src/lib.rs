//! Development tools for apps that use [`vestibule`]: an OpenID provider that needs
//! no account, a gallery of the app's views, and test helpers.
//!
//! # A provider without an account
//!
//! If the environment names no provider, [`start`] runs the development provider
//! and adds it to the app's settings:
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//! use vestibule::{Oidc, Settings};
//! use vestibule_dev::Gallery;
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let settings = Settings::from_env()?;
//!     let (settings, dev) = vestibule_dev::start(settings).await?;
//!     if let Some(invitation) = dev.invitation() {
//!         println!("{invitation}");
//!     }
//!     let oidc = Oidc::builder(settings).build().await?;
//!     HttpServer::new(move || {
//!         App::new()
//!             .wrap(oidc.middleware())
//!             .configure(oidc.routes())
//!             .configure(dev.routes(Gallery::new()))
//!     })
//!     .bind("localhost:8080")?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
//!
//! People sign in there with one click: Alice, who is an administrator; Bob, who is
//! not; and others whose data is as awkward as that of real people. `dev/people.json`
//! in the folder where the app is started lists people of your own instead; the
//! README says how. The provider listens only on this machine, one port above the
//! app's.
//!
//! # Pages for developers
//!
//! [`Dev::routes`] mounts pages that only this machine can open:
//!
//! - `/dev/provider` shows who is signed in at the provider, signs them out from
//!   there, and lets the provider [misbehave](provider::Misbehaviour), so you see
//!   what people see when theirs does.
//! - `/dev/views` is the [`Gallery`]: every view in every state, on a phone and on
//!   a desktop, in light and dark.
//! - `/dev/routes` lists every route that the app has, with who may reach it: what Actix
//!   knows, and what the guards have done since the app started. It needs the feature
//!   `introspection`.
//!
//! [`notes`] adds links to them to the app's own pages, and has the browser show a
//! page anew when the app has been started again or a file in `static/` has changed.
//!
//! # Tests
//!
//! [`testing`] starts the real app with a provider of its own and signs people
//! in: `let alice = signed_in_as("alice").await;`.
//!
//! # Release builds
//!
//! Anyone can sign in as anyone at this provider, so an app uses this crate only
//! under `#[cfg(debug_assertions)]` and in tests. A release build without a
//! provider does not start: [`Settings::from_env`] says what to set.

mod client;
pub mod gallery;
pub mod notes;
mod pages;
pub mod provider;
mod reload;
pub mod routes;
mod switches;
pub mod testing;

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use actix_web::web::ServiceConfig;
use vestibule::{Settings, settings::ProviderSettings};

pub use self::gallery::Gallery;
use self::{
    client::Credentials,
    pages::Mounted,
    provider::{DevProvider, people},
};

/// The development tools of a running app. Clones share the same ones.
#[derive(Clone)]
pub struct Dev(Arc<Inner>);

struct Inner {
    clients: Vec<Client>,
    /// What the app's paths start with.
    base_path: String,
    /// Where a sign-in starts, without that.
    login: String,
}

/// The app's registration at a development provider.
pub(crate) struct Client {
    /// The provider's name, if it is one of several.
    name: Option<String>,
    id: String,
    provider: DevProvider,
}

/// If the settings name no provider, starts the development provider, one port
/// above the app's, and registers the app as its client. If they do, the app gets
/// only the developer pages.
///
/// The provider compares addresses byte for byte, as real ones do, so change paths
/// first ([`Settings::with_paths`], [`Settings::routes_under`]).
///
/// Of several providers, it plays each that has no settings of its own, on the ports that
/// follow.
///
/// # Errors
/// The port is in use, or `dev/people.json` cannot be used.
pub async fn start(settings: Settings) -> Result<(Settings, Dev), StartError> {
    let port = settings.base_url.port();
    let port = port.map_or(0, |port| port.saturating_add(1));
    start_at(settings, port).await
}

/// Like [`start`], on any free port: for an app that its tests start several times
/// in one process. The issuer is another one each time, so no one stays signed in
/// when the app starts again.
///
/// # Errors
/// The machine has no free port, or `dev/people.json` cannot be used.
pub async fn start_on_free_port(settings: Settings) -> Result<(Settings, Dev), StartError> {
    start_at(settings, 0).await
}

async fn start_at(mut settings: Settings, port: u16) -> Result<(Settings, Dev), StartError> {
    let mut clients = Vec::new();
    if settings.provider.is_none() && settings.providers.is_empty() {
        let (client, registration) = start_client(None, port).await?;
        settings.provider = Some(registration);
        clients.push(client);
    }
    let mut next = port;
    for one in &mut settings.providers {
        if one.registration.is_some() {
            continue;
        }
        let (client, registration) = start_client(Some(one.name.clone()), next).await?;
        one.registration = Some(registration);
        clients.push(client);
        next = if next == 0 { 0 } else { next.saturating_add(1) };
    }
    for client in &clients {
        client::learn_addresses(&client.provider, &client.id, &settings);
    }
    if !clients.is_empty() {
        settings.add_scope("offline_access");
    }
    let dev = Dev::new(clients, &settings);
    Ok((settings, dev))
}

async fn start_client(
    name: Option<String>,
    port: u16,
) -> Result<(Client, ProviderSettings), StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let unusable = |cause| StartError { address, cause };
    let people = people::of_app().map_err(unusable)?;
    let provider = DevProvider::start_with(address, people).await;
    let provider = provider.map_err(unusable)?;
    let id = program();
    let Credentials {
        client_id,
        client_secret,
    } = client::register(&provider, &id).map_err(unusable)?;
    let registration = ProviderSettings::new(provider.issuer(), client_id, client_secret);
    Ok((Client { name, id, provider }, registration))
}

/// This program's name, used as its client id.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    if name.is_empty() {
        "app".to_owned()
    } else {
        name.into_owned()
    }
}

impl Dev {
    fn new(clients: Vec<Client>, settings: &Settings) -> Self {
        Self(Arc::new(Inner {
            clients,
            base_path: settings.base_path().to_owned(),
            login: settings.paths.login.to_string(),
        }))
    }

    /// The development provider, if people sign in with it; the first, if it plays several.
    pub fn provider(&self) -> Option<&DevProvider> {
        self.0.clients.first().map(|client| &client.provider)
    }

    /// Who can sign in without a password, and where; for the app to print at
    /// startup. `None` if people sign in with another provider.
    pub fn invitation(&self) -> Option<String> {
        let provider = self.provider()?;
        let people: Vec<&str> = provider
            .people()
            .iter()
            .map(|person| person.sub.as_str())
            .collect();
        Some(format!(
            "sign in as {} without a password at the development provider {}",
            people.join(", "),
            self.issuers().join(" or ")
        ))
    }

    /// Mounts the developer pages: `/dev/views`, `/dev/routes`, and `/dev/provider` if
    /// people sign in with the development provider. For other machines they do not exist.
    /// Mount them next to the app's own pages, as in `oidc.at_base_path(…)`.
    pub fn routes(&self, gallery: Gallery) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let dev = self.clone();
        |config| pages::mount(config, Mounted { dev, gallery })
    }

    fn issuers(&self) -> Vec<&str> {
        let clients = self.0.clients.iter();
        clients.map(|client| client.provider.issuer()).collect()
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.0.clients
    }

    /// What the app's paths start with.
    pub(crate) fn base_path(&self) -> &str {
        &self.0.base_path
    }

    /// Where a sign-in starts.
    pub(crate) fn login(&self) -> String {
        format!("{}{}", self.0.base_path, self.0.login)
    }
}

/// The development provider could not start.
#[derive(Debug)]
pub struct StartError {
    address: SocketAddr,
    cause: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, cause } = self;
        if cause.kind() == io::ErrorKind::InvalidData {
            return write!(f, "{cause}");
        }
        write!(
            f,
            "the development provider cannot listen on {address}: {cause}. Stop the program that \
             uses that port, or set APP_BASE_URL to a port whose successor is free."
        )
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}
