//! The development provider: an OpenID Provider on this machine, for working
//! on the app with no account anywhere and for the app's tests. People sign in
//! by a click, without a password, so it listens on loopback only.
//!
//! Here is the handle with which the app and the tests hold it; `server.rs`
//! shows what becomes of a request.

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
mod people;
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

/// A development provider at work. Clones are handles to the same one; it ends
/// with the last of them.
#[derive(Clone)]
pub struct DevProvider {
    inner: Arc<Inner>,
}

/// Somebody who is signed in at the provider, in one browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub sub: String,
    /// The provider session, as in the claim `sid`.
    pub sid: String,
}

struct Inner {
    address: SocketAddr,
    shared: Data<Shared>,
    server: Mutex<Option<Server>>,
}

impl DevProvider {
    /// Starts a provider with nobody signed in and no client registered. With
    /// port 0 the system chooses a free one.
    ///
    /// # Errors
    /// `listen` is not a loopback address, or is taken.
    pub async fn start(listen: SocketAddr) -> io::Result<DevProvider> {
        let listener = server::bind(listen)?;
        let address = listener.local_addr()?;
        let issuer = format!("http://localhost:{}", address.port());
        let cookie = format!("dev-provider-{}", address.port());
        let keys = Arc::new(Keys::generate()?);
        let shared = Data::new(Shared::new(issuer, cookie, keys));
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

    /// Makes a client known; one of the same id is replaced.
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

    /// Lets a client authenticate with `private_key_jwt` (OIDC Core 9), besides
    /// its secret.
    pub fn register_key(&self, client_id: &str, public: CoreJsonWebKey) {
        self.shared()
            .state()
            .client_keys
            .insert(client_id.to_owned(), public);
    }

    /// Changes whether the userinfo endpoint signs its answers (OIDC Core 5.3.2).
    pub fn set_signed_userinfo(&self, signed: bool) {
        self.shared().state().signs_userinfo = signed;
    }

    /// Changes whether it takes pushed authorization requests (RFC 9126).
    pub fn set_pushed_requests(&self, pushed_requests: PushedRequests) {
        self.shared().state().pushed_requests = pushed_requests;
    }

    /// Who can sign in, in the order of the sign-in page.
    pub fn people(&self) -> &[Person] {
        &self.shared().people
    }

    /// Who is signed in here, in any browser, by name.
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

    /// Ends a person's sessions here and tells the client (Back-Channel Logout
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

    /// What it is to do wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared().faults
    }

    /// The last 500 requests, newest last.
    pub fn requests(&self) -> Vec<Request> {
        self.shared().state().requests.iter().cloned().collect()
    }

    /// The remembered requests to one endpoint, newest last.
    pub fn requests_to(&self, endpoint: Endpoint) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.endpoint == endpoint);
        requests
    }

    /// The last 500 access, refresh and ID tokens that it gave out, newest
    /// last: what a test searches for where no token may be.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.shared().state().issued.iter().cloned().collect()
    }

    /// How long codes and tokens live.
    pub fn lifetimes(&self) -> Lifetimes {
        self.shared().state().lifetimes
    }

    /// Changes how long the codes and tokens issued from now on live.
    pub fn set_lifetimes(&self, lifetimes: Lifetimes) {
        self.shared().state().lifetimes = lifetimes;
    }

    /// Signs with a fresh Ed25519 key from now on. The keys before it stay
    /// published, or are withdrawn at once.
    ///
    /// # Errors
    /// The operating system gave no random numbers.
    pub fn rotate_keys(&self, keep_former: bool) -> io::Result<()> {
        self.shared()
            .keys
            .replace(SigningKey::generate()?, keep_former);
        Ok(())
    }

    /// Signs with this RSA key from now on, with RS256 unless a fault sets
    /// another `alg`. The keys before it are withdrawn.
    ///
    /// # Errors
    /// `pem` is not a private key in PKCS #1 form.
    pub fn use_rsa_pem(&self, pem: &str) -> io::Result<()> {
        self.shared()
            .keys
            .replace(SigningKey::from_rsa_pem(pem)?, false);
        Ok(())
    }

    /// Signs with a fresh P-256 key and ES256 from now on. The keys before it
    /// are withdrawn.
    ///
    /// # Errors
    /// The operating system gave no random numbers.
    pub fn use_p256_key(&self) -> io::Result<()> {
        self.shared()
            .keys
            .replace(SigningKey::generate_p256()?, false);
        Ok(())
    }

    /// What the browser would be sent back with if `person` signed in there:
    /// takes the app's authorization request and returns the address of the
    /// authorization response. Each call is a browser of its own.
    ///
    /// # Errors
    /// Why there is no such address, in words: the page that the browser would
    /// show, or an unknown person.
    pub fn sign_in(&self, authorization_request: &str, person: &str) -> Result<String, String> {
        let shared = self.shared();
        if shared.person(person).is_none() {
            return Err(format!("nobody here is called {person:?}"));
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

    /// A logout token for a client, naming a person, a session of theirs, or
    /// both (Back-Channel Logout 2.4).
    ///
    /// # Errors
    /// The operating system gave no random numbers.
    pub fn logout_token(
        &self,
        client_id: &str,
        sub: Option<&str>,
        sid: Option<&str>,
    ) -> io::Result<String> {
        logout::logout_token(self.shared(), client_id, sub, sid)
    }

    /// Mints a logout token and posts it to the client; returns the status of
    /// the client's answer (Back-Channel Logout 2.5).
    ///
    /// # Errors
    /// The client registered no address for it, or cannot be reached there.
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
    /// afterwards. What it knows it keeps, for [`start_again`].
    ///
    /// [`start_again`]: DevProvider::start_again
    pub async fn stop(&self) {
        let server = self.server().take();
        if let Some(server) = server {
            server.stop().await;
        }
    }

    /// Brings a stopped provider up again, at the same address with the same
    /// keys, clients and grants.
    ///
    /// # Errors
    /// The address is taken, by this very provider if it was not stopped.
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
