//! Transactions: sign-ins under way. Each lives in its own sealed cookie, so tabs
//! do not disturb each other, any instance can finish what another started, and a
//! flood of `/login` requests takes up no memory here.

use actix_web::{HttpRequest, cookie::Cookie};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    clock::{now, now_in_millis},
    cookies::{self, Cookies},
    error::{Error, ErrorKind},
    protocol::{AuthorizationRequest, Demand, Expected, ProtocolError},
    request_state,
    return_to::ReturnTo,
    seal::{self, SealError, SealerRing},
    secret::Secret,
    store::Lease,
};

/// How long a person may take at the provider, in seconds.
pub const LIFE: u64 = 600;
/// A sign-in that starts this soon after a successful one for the same page, this
/// often in a row, is a loop.
const CIRCLE_SECONDS: u64 = 30;
const MOST_ROUNDS: u8 = 4;
/// The limits on transactions in one browser, in number and bytes; beyond them the
/// oldest go.
const MOST: usize = 5;
const MOST_BYTES: usize = 6 * 1024;

/// A transaction, as sealed into its cookie.
#[derive(Serialize, Deserialize)]
pub struct Transaction {
    state: String,
    nonce: Secret,
    pkce_verifier: Secret,
    /// The provider that was asked.
    pub provider: String,
    /// Where to go afterwards.
    pub return_to: ReturnTo,
    /// What the authentication must be like.
    pub demand: Demand,
    /// Whether the provider was told to ask nothing.
    pub silent: bool,
    /// Whether the person signs in on a page of this app, with the Okta Sign-In
    /// Widget.
    pub with_widget: bool,
    /// Whether a page demanded more than the settings do.
    #[serde(default)]
    pub steps_up: bool,
    /// Whether it was begun because the person took too long at the provider.
    #[serde(default)]
    pub begun_anew: bool,
    /// In Unix milliseconds.
    started_at: u64,
    /// How many sign-ins for the same page succeeded just before this one.
    round: u8,
    /// Set once the provider's response was accepted: loading the same callback
    /// again then leads to the page instead of an error.
    pub finished: bool,
}

/// What a new transaction is made from.
pub struct NewTransaction {
    /// See [`Transaction::provider`].
    pub provider: String,
    /// See [`Transaction::return_to`].
    pub return_to: ReturnTo,
    /// See [`Transaction::demand`].
    pub demand: Demand,
    /// See [`Transaction::silent`].
    pub silent: bool,
    /// See [`Transaction::with_widget`].
    pub with_widget: bool,
    /// See [`Transaction::steps_up`].
    pub steps_up: bool,
    /// See [`Transaction::begun_anew`].
    pub begun_anew: bool,
}

impl NewTransaction {
    fn transaction(
        self,
        state: String,
        round: u8,
        authorization: AuthorizationRequest,
    ) -> Transaction {
        Transaction {
            state,
            nonce: authorization.nonce,
            pkce_verifier: authorization.pkce_verifier,
            provider: self.provider,
            return_to: self.return_to,
            demand: self.demand,
            silent: self.silent,
            with_widget: self.with_widget,
            steps_up: self.steps_up,
            begun_anew: self.begun_anew,
            started_at: now_in_millis(),
            round,
            finished: false,
        }
    }
}

impl Transaction {
    /// The `state` by which the provider's response names the transaction (RFC 6749
    /// 4.1.1).
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What the provider's response is checked against.
    pub fn expected(&self) -> Expected<'_> {
        Expected {
            nonce: &self.nonce,
            pkce_verifier: &self.pkce_verifier,
            demand: &self.demand,
        }
    }

    /// The lease for the one response that the transaction may have.
    ///
    /// # Errors
    /// The operating system returned no random numbers.
    pub fn answer_lease(&self) -> Result<Lease, SealError> {
        let now = now();
        Ok(Lease {
            name: seal::hash("answer to a transaction", &[self.state.as_bytes()]),
            holder: seal::random_bytes()?,
            now,
            until: now.saturating_add(LIFE).saturating_add(1),
        })
    }

    fn has_expired(&self) -> bool {
        self.age() > LIFE
    }

    /// In seconds.
    fn age(&self) -> u64 {
        now_in_millis().saturating_sub(self.started_at) / 1000
    }
}

/// All browsers' transactions: the names, seals and limits of their cookies.
pub struct Transactions {
    sealers: SealerRing,
    cookies: Cookies,
}

/// A transaction's cookie is named after the start of its state, so that the
/// callback finds it.
const TAG_LENGTH: usize = 8;
const NAME: &str = "transaction-";

impl Transactions {
    /// Transactions sealed with the app's secrets.
    pub fn new(secrets: &[Secret], cookies: Cookies) -> Result<Self, SealError> {
        Ok(Self {
            sealers: SealerRing::new(secrets, "transaction")?,
            cookies,
        })
    }

    /// Seals a new transaction into the browser, and clears its oldest ones if
    /// there are too many. `authorize` makes the authorization request for a state;
    /// returns the request's URL.
    ///
    /// # Errors
    /// Those of `authorize`, or the browser is in a loop; nothing is sealed then.
    pub async fn begin(
        &self,
        request: &HttpRequest,
        new: NewTransaction,
        authorize: impl AsyncFnOnce(&str) -> Result<AuthorizationRequest, ProtocolError>,
    ) -> Result<Url, Error> {
        let round = self.next_round(request, &new)?;
        let state = seal::random_string()?;
        let authorization = authorize(&state).await?;
        let url = authorization.url.clone();
        self.keep(request, new.transaction(state, round, authorization))?;
        Ok(url)
    }

    /// Like [`begin`](Self::begin), for a transaction that a page of this app
    /// carries out: the authorization request is not sent.
    ///
    /// # Errors
    /// The browser is in a loop.
    pub fn begin_on_page(
        &self,
        request: &HttpRequest,
        new: NewTransaction,
        authorize: impl FnOnce(&str) -> AuthorizationRequest,
    ) -> Result<Transaction, Error> {
        let round = self.next_round(request, &new)?;
        let state = seal::random_string()?;
        let authorization = authorize(&state);
        self.keep(request, new.transaction(state, round, authorization))
    }

    fn next_round(&self, request: &HttpRequest, new: &NewTransaction) -> Result<u8, Error> {
        match self.round(request, &new.return_to) {
            round if round < MOST_ROUNDS => Ok(round),
            _ => Err(ErrorKind::SignInLoop.into()),
        }
    }

    fn keep(&self, request: &HttpRequest, transaction: Transaction) -> Result<Transaction, Error> {
        let cookie = self.seal(&transaction)?;
        self.make_room(request, cookie.value().len());
        request_state::send(cookie);
        Ok(transaction)
    }

    /// The transaction that a callback's state belongs to.
    ///
    /// # Errors
    /// The browser has no such transaction, or it was started too long ago.
    pub fn find(&self, request: &HttpRequest, state: &str) -> Result<Transaction, Error> {
        let transaction = state
            .get(..TAG_LENGTH)
            .and_then(|tag| {
                let name = self.name(tag);
                let value = cookies::sent(request, &name)?;
                self.open(&name, str::from_utf8(value).ok()?)
            })
            .filter(|transaction| seal::same_secret(&transaction.state, state))
            .ok_or(ErrorKind::TransactionUnknown)?;
        if transaction.has_expired() {
            self.forget(&transaction);
            return Err(ErrorKind::TransactionExpired.on_the_way_to(transaction.return_to));
        }
        Ok(transaction)
    }

    fn round(&self, request: &HttpRequest, return_to: &ReturnTo) -> u8 {
        self.all(request)
            .into_iter()
            .map(|(_, _, transaction)| transaction)
            .filter(|last| {
                last.finished && last.return_to == *return_to && last.age() < CIRCLE_SECONDS
            })
            .map(|last| last.round.saturating_add(1))
            .max()
            .unwrap_or(0)
    }

    /// Clears a transaction that has failed.
    pub fn forget(&self, transaction: &Transaction) {
        request_state::send(self.cookies.clear(self.name(tag(&transaction.state))));
    }

    /// Marks a transaction as finished and removes what is no longer needed from
    /// it; also clears transactions that can no longer be finished.
    pub fn finish(&self, request: &HttpRequest, transaction: Transaction) -> Result<(), Error> {
        let name = self.name(tag(&transaction.state));
        for (other, _, found) in self.all(request) {
            if other != name && (found.finished || found.has_expired()) {
                request_state::send(self.cookies.clear(other.to_owned()));
            }
        }
        let finished = Transaction {
            nonce: Secret::new(""),
            pkce_verifier: Secret::new(""),
            finished: true,
            ..transaction
        };
        request_state::send(self.seal(&finished)?);
        Ok(())
    }

    fn name(&self, tag: &str) -> String {
        self.cookies.name(&format!("{NAME}{tag}"))
    }

    /// Sealed to the cookie's name: a value moved to another name does not open.
    fn seal(&self, transaction: &Transaction) -> Result<Cookie<'static>, Error> {
        let name = self.name(tag(&transaction.state));
        let plain = serde_json::to_vec(transaction).map_err(|error| {
            ErrorKind::Internal(format!("a transaction cannot be serialised: {error}"))
        })?;
        let sealed = self.sealers.seal(&plain, name.as_bytes())?;
        Ok(self.cookies.make(name, seal::encode(&sealed), Some(LIFE)))
    }

    fn open(&self, name: &str, value: &str) -> Option<Transaction> {
        let sealed = seal::decode(value)?;
        let plain = self.sealers.open(&sealed, name.as_bytes())?;
        serde_json::from_slice(&plain).ok()
    }

    /// The transactions that the browser sent, each with its cookie's name and
    /// value. One that does not open may be of use to someone else, and is left
    /// alone: it ends by itself.
    fn all<'a>(&self, request: &'a HttpRequest) -> Vec<(&'a str, &'a str, Transaction)> {
        self.cookies
            .all_sent(request, NAME)
            .filter_map(|(name, value)| Some((name, value, self.open(name, value)?)))
            .collect()
    }

    fn make_room(&self, request: &HttpRequest, needed: usize) {
        let mut transactions = self.all(request);
        // Newest first; finished and expired ones count as oldest.
        transactions.sort_by_key(|(_, _, transaction)| {
            let is_alive = !transaction.finished && !transaction.has_expired();
            std::cmp::Reverse(is_alive.then_some(transaction.started_at))
        });
        let (mut count, mut bytes) = (1, needed);
        for (name, value, _) in transactions {
            count += 1;
            bytes += name.len() + value.len();
            if count > MOST || bytes > MOST_BYTES {
                request_state::send(self.cookies.clear(name.to_owned()));
            }
        }
    }
}

fn tag(state: &str) -> &str {
    state.get(..TAG_LENGTH).unwrap_or(state)
}
