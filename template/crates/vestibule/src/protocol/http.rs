//! HTTP for all calls to the provider, with limits on time and size. It follows no
//! redirects: a provider's response must not send this server anywhere else.

use std::{error::Error, fmt, future::Future, path::Path, pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{
    Certificate, Client, ClientBuilder,
    header::{ACCEPT, CONTENT_TYPE},
    redirect::Policy,
};
use tokio::runtime::Handle;
use url::{Origin, Url, form_urlencoded};

use super::{
    config::{ProviderSettings, RelyingParty},
    error::causes::NO_TLS,
};
use crate::loopback::{is_https_or_loopback, is_loopback};

/// The largest response body, in bytes.
const MAX_BODY: usize = 512 * 1024;

/// How long a connection that rests is kept. Many servers close theirs after five seconds, and
/// a request that crosses that on its way is lost: a code cannot be sent again.
const IDLE_AT_MOST: Duration = Duration::from_secs(4);

/// An HTTP client that is cheap to clone.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    /// For addresses that a proxy on the way out does not know: this machine, and that of the
    /// detour.
    direct: Client,
    runtime: Handle,
    detour: Option<Detour>,
}

/// The way that the app's own calls take to a provider that has another address inside a network
/// than browsers use.
#[derive(Clone, Debug)]
struct Detour {
    /// Where browsers reach the provider.
    public: Origin,
    /// Only its scheme, host and port count.
    to: Url,
}

impl Detour {
    fn leads_to(&self, url: &Url) -> bool {
        url.origin() == self.to.origin()
    }

    fn take(&self, url: &mut Url) {
        if url.origin() == self.public {
            let mut there = self.to.clone();
            there.set_path(url.path());
            there.set_query(url.query());
            *url = there;
        }
    }
}

impl Http {
    /// Creates a client for a provider. Proxies come from `HTTP_PROXY`,
    /// `HTTPS_PROXY` and `NO_PROXY`; this machine and the provider's direct URL are never asked
    /// through one.
    ///
    /// # Errors
    /// The system has no certificate authorities, the configured file cannot be
    /// read or has none, or there is no Tokio runtime.
    pub fn new(provider: &ProviderSettings, settings: &RelyingParty) -> Result<Self, HttpError> {
        // Fails only if a provider is installed already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authorities = match &settings.ca_file {
            Some(file) => authorities(file)?,
            None => Vec::new(),
        };
        let usual = || {
            Client::builder()
                .user_agent(concat!(
                    env!("CARGO_PKG_NAME"),
                    "/",
                    env!("CARGO_PKG_VERSION")
                ))
                .redirect(Policy::none())
                .timeout(settings.timeout)
                .connect_timeout(settings.timeout)
                .pool_idle_timeout(IDLE_AT_MOST)
                .tls_certs_merge(authorities.clone())
        };
        let runtime = Handle::try_current().map_err(|error| HttpError::from_cause(&error))?;
        let issuer = Url::parse(&provider.issuer).ok();
        let detour = issuer.zip(provider.direct_url.clone());
        Ok(Self {
            client: built(usual())?,
            direct: built(usual().no_proxy())?,
            runtime,
            detour: detour.map(|(issuer, to)| Detour {
                public: issuer.origin(),
                to,
            }),
        })
    }

    /// Whether a URL is at the address where only the app itself reaches the provider.
    pub(super) fn is_direct(&self, url: &Url) -> bool {
        self.detour
            .as_ref()
            .is_some_and(|detour| detour.leads_to(url))
    }

    /// Whether the address answers with anything but a server error.
    ///
    /// # Errors
    /// No response within `patience`, or one with a status of 500 or more.
    pub async fn probe(&self, url: &str, patience: Duration) -> Result<(), HttpError> {
        let request = self.client.get(url).timeout(patience).build();
        let request = request.map_err(|error| HttpError::from_cause(&error.without_url()))?;
        self.send(request).await.map(|_| ())
    }

    /// Posts a form. With `basic`, the client authenticates in the header (RFC 6749
    /// 2.3.1 requires both parts to be encoded first).
    ///
    /// # Errors
    /// No response.
    pub(super) async fn post_form(
        &self,
        url: Url,
        fields: &[(&str, String)],
        basic: Option<(&str, &str)>,
    ) -> Result<HttpResponse, HttpError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let encoded =
            |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let Some((id, secret)) = basic {
            request = request.basic_auth(encoded(id), Some(encoded(secret)));
        }
        let request = request
            .build()
            .map_err(|error| HttpError::from_cause(&error.without_url()))?;
        self.send(request).await
    }

    /// Gets a JSON document.
    ///
    /// # Errors
    /// No response.
    pub(super) async fn get_json(&self, url: Url) -> Result<HttpResponse, HttpError> {
        let request = self
            .client
            .get(url)
            .header(ACCEPT, "application/json")
            .build()
            .map_err(|error| HttpError::from_cause(&error.without_url()))?;
        self.send(request).await
    }

    /// Gets with an access token (RFC 6750 2.1).
    ///
    /// # Errors
    /// No response.
    pub(super) async fn get_with_token(
        &self,
        url: Url,
        access_token: &str,
    ) -> Result<HttpResponse, HttpError> {
        let request = self
            .client
            .get(url)
            .header(ACCEPT, "application/json, application/jwt")
            .bearer_auth(access_token)
            .build()
            .map_err(|error| HttpError::from_cause(&error.without_url()))?;
        self.send(request).await
    }

    async fn send(&self, mut request: reqwest::Request) -> Result<HttpResponse, HttpError> {
        if let Some(detour) = &self.detour {
            detour.take(request.url_mut());
        }
        let is_direct = self.is_direct(request.url());
        // Whatever the metadata say, and before anything else looks at them. Whether the network
        // inside needs TLS is for its owner to say.
        if !is_direct && !is_https_or_loopback(request.url()) {
            return Err(HttpError(format!("its address {NO_TLS}")));
        }
        // Runs on the runtime that the app was started on, whichever worker asks:
        // workers share connections, and a connection driven by one worker would
        // end with it at shutdown, in the middle of another's sign-in.
        let client = if is_direct || is_loopback(request.url()) {
            &self.direct
        } else {
            &self.client
        };
        let answer = self.runtime.spawn(answer(client.clone(), request));
        answer
            .await
            .map_err(|error| HttpError::from_cause(&error))?
    }
}

fn built(builder: ClientBuilder) -> Result<Client, HttpError> {
    builder.build().map_err(|error| {
        HttpError(format!(
            "the HTTP client cannot be created: {}. If this system has no certificate authorities, \
             install them (Debian's package is ca-certificates), or name a PEM file of them in \
             SSL_CERT_FILE.",
            causes(&error)
        ))
    })
}

/// The certificate authorities in a PEM file.
fn authorities(file: &Path) -> Result<Vec<Certificate>, HttpError> {
    let unusable = |cause: &dyn fmt::Display| {
        HttpError(format!(
            "OIDC_CA_FILE «{}» cannot be used: {cause}",
            file.display()
        ))
    };
    let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
    let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(&error))?;
    if authorities.is_empty() {
        return Err(unusable(&"it contains no certificate"));
    }
    Ok(authorities)
}

async fn answer(client: Client, request: reqwest::Request) -> Result<HttpResponse, HttpError> {
    let mut answer = client
        .execute(request)
        .await
        // The URL may contain things that do not belong in a log.
        .map_err(|error| HttpError::from_cause(&error.without_url()))?;
    if answer.status().is_server_error() {
        return Err(HttpError(format!("it answered {}", answer.status())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|error| HttpError::from_cause(&error.without_url()))?
    {
        if body.len().saturating_add(chunk.len()) > MAX_BODY {
            return Err(HttpError(format!(
                "the response is longer than {MAX_BODY} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = request
                .try_into()
                .map_err(|error: reqwest::Error| HttpError::from_cause(&error))?;
            self.send(request).await
        })
    }
}

/// A call without a usable response. The string names the cause, not the URL.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(pub String);

impl HttpError {
    fn from_cause(error: &dyn Error) -> Self {
        Self(causes(error))
    }
}

/// An error and everything that caused it, in one line.
pub fn causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_line = cause.to_string();
        if !line.contains(&cause_line) {
            line = format!("{line}: {cause_line}");
        }
        source = cause.source();
    }
    line
}
