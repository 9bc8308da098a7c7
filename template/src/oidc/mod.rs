//! The relying party: what the rest of the app may use of it. You may edit it;
//! seldom will you need to.
//!
//! A request's way: `edge` (headers, log, error pages) → [`guard`] (who is
//! this?) → your handler. A sign-in's way: [`handlers`] → [`attempt`] (the
//! browser's sealed note) → the provider → [`provider`] and [`protocol`]
//! (checks) → [`sign_in`] (the record) in a [`store`].

#![warn(missing_docs)]

pub mod assurance;
pub mod attempt;
pub mod claims;
pub mod cookies;
pub mod csrf;
pub mod devices;
pub mod error;
pub mod events;
pub mod guard;
pub mod guarded;
pub mod handlers;
pub mod limit;
pub mod owner_session;
pub mod protocol;
pub mod provider;
pub mod return_to;
pub mod seal;
pub mod sign_in;
pub mod silent;
pub mod store;
pub mod token;
pub mod widget;

mod refresh;

use std::sync::Arc;

use url::form_urlencoded;

use self::{
    attempt::Attempts, cookies::Cookies, error::Reason, limit::LoginLimit,
    owner_session::OwnerSessions, provider::Provider, refresh::Refreshing, sign_in::SignIns,
    store::Store,
};
use crate::settings::{ProviderSettings, Settings};

/// Everything that signing in needs, shared by all workers.
pub struct Oidc {
    /// What the environment says.
    pub settings: Settings,
    /// The provider that people sign in with.
    pub provider: Arc<Provider>,
    /// Who is signed in.
    pub sign_ins: SignIns,
    assurance: assurance::Demands,
    attempts: Attempts,
    cookies: Cookies,
    owner_sessions: OwnerSessions,
    refreshing: Refreshing,
    login_limit: LoginLimit,
}

impl Oidc {
    /// Puts the parts together. No call to the provider is made.
    ///
    /// # Errors
    /// A text that says which setting cannot be used.
    pub fn new(
        settings: Settings,
        provider: ProviderSettings,
        store: Arc<dyn Store>,
    ) -> Result<Self, String> {
        let cookies = Cookies::new(settings.is_https());
        let unusable = |_| "SESSION_SECRET cannot be used".to_owned();
        let attempts = Attempts::new(&settings.secrets, cookies).map_err(unusable)?;
        let assurance = assurance::Demands::new(&settings.secrets).map_err(unusable)?;
        let provider = Provider::new("main", provider, settings.relying_party.clone())
            .map_err(|error| error.to_string())?;
        let (idle, max) = (settings.session_idle, settings.session_max);
        Ok(Self {
            owner_sessions: OwnerSessions::new(Arc::clone(&store), cookies, idle, max),
            sign_ins: SignIns::new(store, idle, max),
            login_limit: LoginLimit::new(settings.login_rate),
            settings,
            provider: Arc::new(provider),
            assurance,
            attempts,
            cookies,
            refreshing: Refreshing::default(),
        })
    }

    /// What `/login` needs to be told as `assurance` when a page demands one of
    /// these authentication contexts.
    ///
    /// # Errors
    /// The operating system gave no random numbers.
    pub fn seal_assurance(&self, acr_values: &[&str]) -> Result<String, seal::SealError> {
        self.assurance.seal(acr_values)
    }

    /// What `/login` needs to be told for a sign-in that gets past this refusal.
    ///
    /// # Errors
    /// The operating system gave no random numbers.
    pub(crate) fn demand_after(
        &self,
        reason: &Reason,
    ) -> Result<Option<(&'static str, String)>, seal::SealError> {
        Ok(match reason {
            Reason::NotFresh(seconds) => Some(("max_age", seconds.to_string())),
            Reason::NotAssured(values) => Some(("assurance", self.seal_assurance(values)?)),
            _ => None,
        })
    }

    /// Where actix-session's data are kept, for the owner's own.
    pub fn owner_sessions(&self) -> &OwnerSessions {
        &self.owner_sessions
    }

    /// A path of this app as browsers see it.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.settings.base_path())
    }

    /// The same with parameters, beside those that the path may have.
    pub fn path_with<'a>(
        &self,
        path: &str,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> String {
        let path = self.path(path);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        match (query.as_str(), path.contains('?')) {
            ("", _) => path,
            (query, false) => format!("{path}?{query}"),
            (query, true) => format!("{path}&{query}"),
        }
    }
}
