//! A development provider for one test.

use vestibule::Settings;

use super::ports::Port;
use crate::{
    client::{self, Credentials},
    provider::{DevProvider, people},
};

/// A development provider on its own port, with an app as its client.
#[derive(Debug)]
pub struct TestProvider {
    /// The provider.
    pub provider: DevProvider,
    /// Its port, which stays reserved while the provider is down.
    pub port: Port,
    credentials: Credentials,
}

impl TestProvider {
    /// Starts it. [`TestApp`](super::TestApp) registers the app's addresses, unless
    /// the test has registered the client with its own.
    pub async fn start() -> Self {
        let port = Port::reserve();
        let provider = async { DevProvider::start_with(port.address, people::of_tests()?).await };
        let provider = provider
            .await
            .unwrap_or_else(|error| panic!("the development provider does not start: {error}"));
        let credentials = client::register(&provider, "app")
            .unwrap_or_else(|error| panic!("the app cannot be registered: {error}"));
        Self {
            provider,
            port,
            credentials,
        }
    }

    /// The variables that tell the app about it.
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("OIDC_ISSUER", self.provider.issuer().to_owned()),
            ("OIDC_CLIENT_ID", self.credentials.client_id.clone()),
            ("OIDC_CLIENT_SECRET", self.client_secret().to_owned()),
        ]
    }

    /// Registers the addresses of an app with these settings, unless it has some already.
    pub fn learn_addresses(&self, settings: &Settings) {
        client::learn_addresses(&self.provider, &self.credentials.client_id, settings);
    }

    pub(super) fn client_secret(&self) -> &str {
        self.credentials.client_secret.expose()
    }
}
