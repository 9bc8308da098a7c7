//! Sign-ins that are under way. Each attempt lives in a sealed cookie of its
//! own: tabs do not disturb each other, any instance can finish what another
//! began, and a flood of `/login` fills nothing here.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::{HttpRequest, cookie::Cookie};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    cookies::{self, Cookies},
    error::{Reason, Refusal},
    protocol::{AuthorizationRequest, Demand, Expected},
    return_to::ReturnTo,
    seal::{self, SealError, SealerRing},
    sign_in::now,
    store::Claim,
};
use crate::{current, settings::Secret};

/// How long a person may take at the provider, in seconds.
pub const LIFE: u64 = 600;
/// A sign-in that begins this soon after a successful one for the same page,
/// this often in a row, does not last: the browser is going round in circles.
const CIRCLE_SECONDS: u64 = 30;
const MOST_ROUNDS: u8 = 4;
/// More than these in one browser, or larger ones together, and the oldest go.
const MOST: usize = 5;
const MOST_BYTES: usize = 6 * 1024;

/// One sign-in attempt, as sealed into its cookie.
#[derive(Serialize, Deserialize)]
pub struct Attempt {
    state: String,
    nonce: Secret,
    pkce_verifier: Secret,
    /// Which provider was asked.
    pub provider: String,
    /// Where to go afterwards.
    pub return_to: ReturnTo,
    /// What the authentication has to be like.
    pub demand: Demand,
    /// Whether the provider was told to ask nothing.
    pub silent: bool,
    /// Whether the person signs in on a page of this app, with the Okta
    /// Sign-In Widget.
    pub with_widget: bool,
    /// In Unix milliseconds.
    started_at: u64,
    /// How many sign-ins for the same page succeeded just before this one.
    round: u8,
    /// Set once the provider's answer was accepted: a second look at the same
    /// callback then leads to the page instead of an error.
    pub finished: bool,
}

/// What a new attempt is made from.
pub struct NewAttempt {
    /// See [`Attempt::provider`].
    pub provider: String,
    /// See [`Attempt::return_to`].
    pub return_to: ReturnTo,
    /// See [`Attempt::demand`].
    pub demand: Demand,
    /// See [`Attempt::silent`].
    pub silent: bool,
    /// See [`Attempt::with_widget`].
    pub with_widget: bool,
}

impl NewAttempt {
    fn attempt(self, state: String, round: u8, authorization: AuthorizationRequest) -> Attempt {
        Attempt {
            state,
            nonce: authorization.nonce,
            pkce_verifier: authorization.pkce_verifier,
            provider: self.provider,
            return_to: self.return_to,
            demand: self.demand,
            silent: self.silent,
            with_widget: self.with_widget,
            started_at: now_in_millis(),
            round,
            finished: false,
        }
    }
}

impl Attempt {
    /// What the provider's answer names the attempt by (RFC 6749 4.1.1).
    pub fn state(&self) -> &str {
        &self.state
    }

    /// What the provider's answer is checked against.
    pub fn expected(&self) -> Expected<'_> {
        Expected {
            nonce: &self.nonce,
            pkce_verifier: &self.pkce_verifier,
            demand: &self.demand,
        }
    }

    /// Stands for the one answer that the attempt may have.
    ///
    /// # Errors
    /// The operating system gave no random numbers.
    pub fn claim_answer(&self) -> Result<Claim, SealError> {
        let now = now();
        Ok(Claim {
            name: seal::hash("answer to an attempt", &[self.state.as_bytes()]),
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

/// The attempts of all browsers: names, seals and limits of their cookies.
pub struct Attempts {
    sealers: SealerRing,
    cookies: Cookies,
}

/// An attempt's cookie is named after the first letters of its state, so the
/// callback knows which one to look at.
const TAG_LENGTH: usize = 8;
const NAME: &str = "attempt-";

impl Attempts {
    /// Attempts sealed with the app's secrets.
    pub fn new(secrets: &[Secret], cookies: Cookies) -> Result<Self, SealError> {
        Ok(Self {
            sealers: SealerRing::new(secrets, "sign-in attempt")?,
            cookies,
        })
    }

    /// Seals a new attempt into the browser, and lets the browser forget its
    /// oldest ones if there are too many. `authorize` makes the authorization
    /// request for a state; its URL is returned.
    ///
    /// # Errors
    /// Those of `authorize`, or the browser is going round in circles; it then
    /// keeps nothing.
    pub async fn begin(
        &self,
        request: &HttpRequest,
        new: NewAttempt,
        authorize: impl AsyncFnOnce(&str) -> Result<AuthorizationRequest, Reason>,
    ) -> Result<Url, Refusal> {
        let round = self.next_round(request, &new)?;
        let state = seal::random_text()?;
        let authorization = authorize(&state).await?;
        let url = authorization.url.clone();
        self.keep(request, new.attempt(state, round, authorization))?;
        Ok(url)
    }

    /// Like [`begin`](Self::begin), for an attempt that a page of this app
    /// carries out: the authorization request is not sent.
    ///
    /// # Errors
    /// The browser is going round in circles.
    pub fn begin_on_page(
        &self,
        request: &HttpRequest,
        new: NewAttempt,
        authorize: impl FnOnce(&str) -> AuthorizationRequest,
    ) -> Result<Attempt, Refusal> {
        let round = self.next_round(request, &new)?;
        let state = seal::random_text()?;
        let authorization = authorize(&state);
        self.keep(request, new.attempt(state, round, authorization))
    }

    fn next_round(&self, request: &HttpRequest, new: &NewAttempt) -> Result<u8, Refusal> {
        match self.round(request, &new.return_to) {
            round if round < MOST_ROUNDS => Ok(round),
            _ => Err(Reason::SignInDoesNotLast.into()),
        }
    }

    fn keep(&self, request: &HttpRequest, attempt: Attempt) -> Result<Attempt, Refusal> {
        let cookie = self.seal(&attempt)?;
        self.make_room(request, cookie.value().len());
        current::send(cookie);
        Ok(attempt)
    }

    /// The attempt that a callback's state belongs to.
    ///
    /// # Errors
    /// The browser holds no such attempt, or it was begun too long ago.
    pub fn find(&self, request: &HttpRequest, state: &str) -> Result<Attempt, Refusal> {
        let attempt = state
            .get(..TAG_LENGTH)
            .and_then(|tag| {
                let name = self.name(tag);
                let value = cookies::sent(request, &name)?;
                self.open(&name, str::from_utf8(value).ok()?)
            })
            .filter(|attempt| seal::same_secret(&attempt.state, state))
            .ok_or(Reason::AttemptUnknown)?;
        if attempt.has_expired() {
            self.forget(&attempt);
            return Err(Reason::AttemptExpired.on_the_way_to(attempt.return_to));
        }
        Ok(attempt)
    }

    fn round(&self, request: &HttpRequest, return_to: &ReturnTo) -> u8 {
        self.all(request)
            .into_iter()
            .filter_map(|(_, _, attempt)| attempt)
            .filter(|last| {
                last.finished && last.return_to == *return_to && last.age() < CIRCLE_SECONDS
            })
            .map(|last| last.round.saturating_add(1))
            .max()
            .unwrap_or(0)
    }

    /// Lets the browser forget an attempt that has failed.
    pub fn forget(&self, attempt: &Attempt) {
        current::send(self.cookies.clear(self.name(tag(&attempt.state))));
    }

    /// Marks an attempt as finished and strips it of what is no longer needed;
    /// attempts that can no longer be finished go at the same time.
    pub fn finish(&self, request: &HttpRequest, attempt: Attempt) -> Result<(), Refusal> {
        let name = self.name(tag(&attempt.state));
        for (other, _, found) in self.all(request) {
            if other != name && found.is_none_or(|other| other.finished || other.has_expired()) {
                current::send(self.cookies.clear(other.to_owned()));
            }
        }
        let finished = Attempt {
            nonce: Secret::new(""),
            pkce_verifier: Secret::new(""),
            finished: true,
            ..attempt
        };
        current::send(self.seal(&finished)?);
        Ok(())
    }

    fn name(&self, tag: &str) -> String {
        self.cookies.name(&format!("{NAME}{tag}"))
    }

    /// The cookie's name is bound into the seal: a value moved under another
    /// name does not open.
    fn seal(&self, attempt: &Attempt) -> Result<Cookie<'static>, Refusal> {
        let name = self.name(tag(&attempt.state));
        let plain = serde_json::to_vec(attempt)
            .map_err(|error| Reason::Internal(format!("cannot write an attempt: {error}")))?;
        let sealed = self.sealers.seal(&plain, name.as_bytes())?;
        Ok(self.cookies.make(name, seal::encode(&sealed), Some(LIFE)))
    }

    fn open(&self, name: &str, value: &str) -> Option<Attempt> {
        let sealed = seal::decode(value)?;
        let plain = self.sealers.open(&sealed, name.as_bytes())?;
        serde_json::from_slice(&plain).ok()
    }

    /// The attempts that the browser sent along, each with its cookie's name and
    /// value; `None` for one that does not open.
    fn all<'a>(&self, request: &'a HttpRequest) -> Vec<(&'a str, &'a str, Option<Attempt>)> {
        cookies::all_sent(request, &self.name(""))
            .map(|(name, value)| (name, value, self.open(name, value)))
            .collect()
    }

    fn make_room(&self, request: &HttpRequest, needed: usize) {
        let mut attempts = self.all(request);
        // Newest first; finished, expired and unreadable ones count as oldest.
        attempts.sort_by_key(|(_, _, attempt)| {
            let alive = attempt
                .as_ref()
                .filter(|attempt| !attempt.finished && !attempt.has_expired());
            std::cmp::Reverse(alive.map(|attempt| attempt.started_at))
        });
        let (mut count, mut bytes) = (1, needed);
        for (name, value, attempt) in attempts {
            count += 1;
            bytes += name.len() + value.len();
            if attempt.is_none() || count > MOST || bytes > MOST_BYTES {
                current::send(self.cookies.clear(name.to_owned()));
            }
        }
    }
}

fn now_in_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis().try_into().unwrap_or(u64::MAX))
}

fn tag(state: &str) -> &str {
    state.get(..TAG_LENGTH).unwrap_or(state)
}
