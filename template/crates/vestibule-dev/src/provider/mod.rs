//! The development provider: an OpenID Provider on this machine, for working on the
//! app without an account anywhere, and for the app's tests. People sign in with
//! one click and no password, so it listens only on loopback.
//!
//! This module is the handle for the app and its tests; `server.rs` shows how
//! requests are handled.

mod authorize;
mod client_authentication;
mod exchange;
mod faults;
mod grants;
mod jws;
mod keys;
mod logout;
mod metadata;
mod misbehaviour;
mod okta;
mod pages;
pub(crate) mod people;
mod push;
mod requests;
mod server;
mod sign_in;
mod state;
mod token;
mod userinfo;

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use actix_web::web::Data;
use openidconnect::core::CoreJsonWebKey;
use url::Url;

pub(crate) use self::keys::random_id;
use self::{
    authorize::Rejection,
    exchange::Params,
    keys::{Keys, SigningKey},
    requests::AuthorizationRequest,
    server::Server,
    state::Shared,
};
pub use self::{
    exchange::{Answer, Ending, Endpoint, Request},
    faults::Faults,
    jws::{Jws, Signature},
    misbehaviour::Misbehaviour,
    okta::WRONG_PASSWORD,
    people::Person,
    requests::PushedRequests,
    state::{Client, Lifetimes},
};

/// A running development provider. Clones are handles to the same one; it stops
/// when the last of them is dropped.
#[derive(Clone)]
pub struct DevProvider {
    inner: Arc<Inner>,
}

/// Someone who is signed in at the provider in one browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The person's `sub`.
    pub sub: String,
    /// The provider session, the `sid` claim.
    pub sid: String,
}

struct Inner {
    address: SocketAddr,
    shared: Data<Shared>,
    server: Mutex<Option<Server>>,
}

impl DevProvider {
    /// Starts a provider with no one signed in and no client registered. With port
    /// 0 the operating system picks a free one. The people who come with this crate
    /// can sign in.
    ///
    /// # Errors
    /// `listen` is not a loopback address, or is in use.
    pub async fn start(listen: SocketAddr) -> io::Result<DevProvider> {
        Self::start_with(listen, people::built_in()).await
    }

    /// Like [`start`](Self::start), with other people, for example those that
    /// [`Person::listed_in`] reads.
    ///
    /// # Errors
    /// `listen` is not a loopback address, or is in use.
    pub async fn start_with(listen: SocketAddr, people: Vec<Person>) -> io::Result<DevProvider> {
        let listener = server::bind(listen)?;
        let address = listener.local_addr()?;
        let issuer = format!("http://localhost:{}", address.port());
        let cookie = format!("dev-provider-{}", address.port());
        let keys = Arc::new(Keys::generate()?);
        let shared = Data::new(Shared::new(issuer, cookie, keys, people));
        let server = Server::start(listener, shared.clone()).await?;
        let server = Mutex::new(Some(server));
        Ok(DevProvider {
            inner: Arc::new(Inner {
                address,
                shared,
                server,
            }),
        })
    }

    /// The issuer identifier, `http://localhost:PORT` without a trailing slash.
    pub fn issuer(&self) -> &str {
        &self.shared().issuer
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.inner.address
    }

    /// Registers a client; replaces one with the same id.
    pub fn register(&self, client: Client) {
        self.shared()
            .state()
            .clients
            .insert(client.id.clone(), client);
    }

    /// Changes a client, if it is known.
    pub(crate) fn change_client(&self, client_id: &str, change: impl FnOnce(&mut Client)) {
        if let Some(client) = self.shared().state().clients.get_mut(client_id) {
            change(client);
        }
    }

    /// Lets a client also authenticate with `private_key_jwt` (OIDC Core 9).
    pub fn register_key(&self, client_id: &str, public: CoreJsonWebKey) {
        self.shared()
            .state()
            .client_keys
            .insert(client_id.to_owned(), public);
    }

    /// Sets whether the userinfo endpoint signs its responses (OIDC Core 5.3.2).
    pub fn set_signed_userinfo(&self, signed: bool) {
        self.shared().state().signs_userinfo = signed;
    }

    /// Sets whether it gives refresh tokens to clients that did not ask for
    /// `offline_access`, as many real providers do.
    pub fn set_refresh_tokens_unasked(&self, unasked: bool) {
        self.shared().state().gives_refresh_tokens_unasked = unasked;
    }

    /// Sets whether it accepts pushed authorization requests (RFC 9126).
    pub fn set_pushed_requests(&self, pushed_requests: PushedRequests) {
        self.shared().state().pushed_requests = pushed_requests;
    }

    /// Who can sign in, in the order of the sign-in page.
    pub fn people(&self) -> &[Person] {
        &self.shared().people
    }

    /// Who is signed in here in any browser, sorted by name.
    pub fn signed_in(&self) -> Vec<SignedIn> {
        let state = self.shared().state();
        let mut signed_in: Vec<SignedIn> = state
            .browsers
            .values()
            .map(|browser| SignedIn {
                sub: browser.sub.clone(),
                sid: browser.sid.clone(),
            })
            .collect();
        signed_in.sort_by(|one, other| (&one.sub, &one.sid).cmp(&(&other.sub, &other.sid)));
        signed_in
    }

    /// Ends a person's sessions here and notifies the client (Back-Channel Logout
    /// 1.0).
    ///
    /// # Errors
    /// See [`back_channel_logout`](Self::back_channel_logout).
    pub async fn sign_out(&self, client_id: &str, sub: &str) -> io::Result<u16> {
        self.shared()
            .state()
            .browsers
            .retain(|_, browser| browser.sub != sub);
        self.back_channel_logout(client_id, Some(sub), None).await
    }

    /// What it does wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared().faults
    }

    /// The last 500 requests, newest last.
    pub fn requests(&self) -> Vec<Request> {
        self.shared().state().requests.iter().cloned().collect()
    }

    /// The recorded requests to one endpoint, newest last.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.endpoint == endpoint);
        requests
    }

    /// The last 500 access, refresh and ID tokens that it issued, newest last: for
    /// tests that search places where no token may be.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.shared().state().issued.iter().cloned().collect()
    }

    /// How long codes and tokens are valid.
    pub fn lifetimes(&self) -> Lifetimes {
        self.shared().state().lifetimes
    }

    /// Changes how long codes and tokens issued from now on are valid.
    pub fn set_lifetimes(&self, lifetimes: Lifetimes) {
        self.shared().state().lifetimes = lifetimes;
    }

    /// Signs with a fresh Ed25519 key from now on. Previous keys stay published, or
    /// are withdrawn at once.
    ///
    /// # Errors
    /// The operating system returned no random numbers.
    pub fn rotate_keys(&self, keep_former: bool) -> io::Result<()> {
        self.shared()
            .keys
            .replace(SigningKey::generate()?, keep_former);
        Ok(())
    }

    /// Signs with this RSA key from now on, with RS256 unless a fault sets another
    /// `alg`. Previous keys are withdrawn.
    ///
    /// # Errors
    /// `pem` is not a private key in PKCS #1 form.
    pub fn use_rsa_pem(&self, pem: &str) -> io::Result<()> {
        self.shared()
            .keys
            .replace(SigningKey::from_rsa_pem(pem)?, false);
        Ok(())
    }

    /// Signs with a fresh P-256 key and ES256 from now on. Previous keys are
    /// withdrawn.
    ///
    /// # Errors
    /// The operating system returned no random numbers.
    pub fn use_p256_key(&self) -> io::Result<()> {
        self.shared()
            .keys
            .replace(SigningKey::generate_p256()?, false);
        Ok(())
    }

    /// What the browser would be sent back with if `person` signed in: takes the
    /// app's authorization request and returns the URL of the authorization
    /// response. Each call acts as a new browser.
    ///
    /// # Errors
    /// Why there is no such URL: the message of the page that the browser would
    /// show, or that the person is unknown.
    pub fn sign_in(&self, authorization_request: &str, person: &str) -> Result<String, String> {
        let shared = self.shared();
        if shared.person(person).is_none() {
            return Err(format!("no one here is called {person:?}"));
        }
        let url = Url::parse(authorization_request).map_err(|why| why.to_string())?;
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let location = match AuthorizationRequest::resolve(shared, &Params::new(&pairs)) {
            Ok(authorization) => sign_in::authenticate(person, None)
                .and_then(|browser| sign_in::grant(shared, &authorization, &browser)),
            Err(Rejection::ToApp(error)) => error.location(shared),
            Err(Rejection::Here(why)) => return Err(why),
        };
        location.map_err(|why| why.to_string())
    }

    /// A logout token for a client that names a person, one of their sessions, or
    /// both (Back-Channel Logout 2.4).
    ///
    /// # Errors
    /// The operating system returned no random numbers.
    pub fn logout_token(
        &self,
        client_id: &str,
        sub: Option<&str>,
        sid: Option<&str>,
    ) -> io::Result<String> {
        logout::logout_token(self.shared(), client_id, sub, sid)
    }

    /// Creates a logout token and posts it to the client; returns the status of the
    /// client's response (Back-Channel Logout 2.5).
    ///
    /// # Errors
    /// The client has no back-channel logout URI, or cannot be reached there.
    pub async fn back_channel_logout(
        &self,
        client_id: &str,
        sub: Option<&str>,
        sid: Option<&str>,
    ) -> io::Result<u16> {
        let uri = logout::notice_address(self.shared(), client_id).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("the client {client_id:?} has no back-channel logout URI"),
            )
        })?;
        let token = self.logout_token(client_id, sub, sid)?;
        logout::deliver(&uri, &token)
            .await
            .map_err(io::Error::other)
    }

    /// Takes the provider down: connections are cut, and the port is free
    /// afterwards. Its state is kept for [`start_again`].
    ///
    /// [`start_again`]: DevProvider::start_again
    pub async fn stop(&self) {
        let server = self.server().take();
        if let Some(server) = server {
            server.stop().await;
        }
    }

    /// Starts a stopped provider again, at the same address with the same keys,
    /// clients and grants.
    ///
    /// # Errors
    /// The address is in use, by this very provider if it was not stopped.
    pub async fn start_again(&self) -> io::Result<()> {
        let listener = server::bind(self.inner.address)?;
        let server = Server::start(listener, self.inner.shared.clone()).await?;
        *self.server() = Some(server);
        Ok(())
    }

    fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    fn server(&self) -> std::sync::MutexGuard<'_, Option<Server>> {
        self.inner
            .server
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for DevProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevProvider")
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(server) = self
            .server
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
        {
            server.end();
        }
    }
}
