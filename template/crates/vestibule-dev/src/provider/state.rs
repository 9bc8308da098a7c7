//! The provider's state: clients, signed-in browsers, sign-ins under way, grants.
//! It is all in memory and lost with the process.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use openidconnect::core::CoreJsonWebKey;
use serde_json::Value;

use super::{
    exchange::Request,
    faults::Faults,
    grants::Grants,
    keys::Keys,
    people::Person,
    requests::{AuthorizationRequest, PushedRequest, PushedRequests},
};

/// How many requests are recorded, and how many sign-ins can be under way.
const REMEMBERED: usize = 500;

/// An app that people sign in to (OIDC Core 1.2).
#[derive(Clone)]
pub struct Client {
    /// The client identifier.
    pub id: String,
    /// The client secret, for `client_secret_basic` and `client_secret_post`.
    pub secret: String,
    /// Where people may be sent after signing in, compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after signing out, compared byte for byte.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens go (Back-Channel Logout 2.2).
    pub backchannel_logout_uri: Option<String>,
}

/// How long codes and tokens are valid.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// An authorization code, from sign-in to exchange.
    pub code: Duration,
    /// An access token; sent as `expires_in`.
    pub access_token: Duration,
    /// An ID token.
    pub id_token: Duration,
}

impl Default for Lifetimes {
    fn default() -> Lifetimes {
        Lifetimes {
            code: Duration::from_secs(60),
            access_token: Duration::from_secs(300),
            id_token: Duration::from_secs(3600),
        }
    }
}

/// What every request has access to.
pub(super) struct Shared {
    pub issuer: String,
    /// Browsers share cookies between a host's ports, so the name contains the
    /// port.
    pub cookie: String,
    pub people: Vec<Person>,
    pub keys: Arc<Keys>,
    pub faults: Faults,
    state: Mutex<State>,
}

/// What requests can change.
#[derive(Default)]
pub(super) struct State {
    pub clients: HashMap<String, Client>,
    /// Public keys of clients that authenticate with assertions.
    pub client_keys: HashMap<String, CoreJsonWebKey>,
    /// The `jti` of the client assertions seen so far.
    pub assertions: BTreeSet<String>,
    pub lifetimes: Lifetimes,
    pub signs_userinfo: bool,
    pub gives_refresh_tokens_unasked: bool,
    pub pushed_requests: PushedRequests,
    /// By `request_uri`.
    pub pushed: HashMap<String, PushedRequest>,
    /// By cookie value.
    pub browsers: HashMap<String, Browser>,
    /// The clients that were signed in to, by provider session (`sid`).
    pub participants: HashMap<String, BTreeSet<String>>,
    /// Sign-in pages that were shown, newest last, by the id in their form.
    pub pending: VecDeque<(String, AuthorizationRequest)>,
    /// Who signed in with the widget's classic engine, by session token.
    pub session_tokens: VecDeque<(String, String)>,
    pub grants: Grants,
    pub requests: VecDeque<Request>,
    /// The tokens that were issued, newest last.
    pub issued: VecDeque<String>,
}

/// A browser in which someone is signed in at the provider.
#[derive(Clone)]
pub(super) struct Browser {
    pub sub: String,
    /// The provider session, the `sid` claim.
    pub sid: String,
    /// When the sign-in page was last clicked, in Unix seconds.
    pub auth_time: u64,
}

impl Shared {
    pub fn new(issuer: String, cookie: String, keys: Arc<Keys>, people: Vec<Person>) -> Shared {
        Shared {
            issuer,
            cookie,
            people,
            faults: Faults::new(keys.clone()),
            keys,
            state: Mutex::default(),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn person(&self, sub: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.sub == sub)
    }

    /// The session of the browser that sent `request`.
    pub fn browser(&self, request: &Request) -> Option<Browser> {
        let cookie = request.cookie(&self.cookie)?;
        self.state().browsers.get(cookie).cloned()
    }
}

impl State {
    pub fn remember(&mut self, request: Request) {
        push(&mut self.requests, request);
    }

    /// Records the tokens in a token response.
    pub fn note_tokens(&mut self, response: &[u8]) {
        let response: Value = serde_json::from_slice(response).unwrap_or_default();
        for name in ["access_token", "refresh_token", "id_token"] {
            if let Some(token) = response[name].as_str() {
                push(&mut self.issued, token.to_owned());
            }
        }
    }

    pub fn await_click(&mut self, id: String, request: AuthorizationRequest) {
        push(&mut self.pending, (id, request));
    }

    pub fn keep_session_token(&mut self, token: String, sub: String) {
        push(&mut self.session_tokens, (token, sub));
    }

    /// Who this session token belongs to; it can be used only once.
    pub fn take_session_token(&mut self, token: &str) -> Option<String> {
        let place = self
            .session_tokens
            .iter()
            .position(|(known, _)| known == token)?;
        self.session_tokens.remove(place).map(|(_, sub)| sub)
    }

    pub fn awaiting_click(&self, id: &str) -> Option<&AuthorizationRequest> {
        self.pending
            .iter()
            .find_map(|(known, request)| (known == id).then_some(request))
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == REMEMBERED {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// The time in Unix seconds, as in tokens.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
