//! What the tests of this crate and `vestibule-dev` need access to. It is not part
//! of the public interface and may change in any version.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, guard::Guard};
use url::Url;

pub use crate::{
    claims::Claims,
    clock::now,
    limit::LoginLimit,
    observed::{GuardSeen, Observation, Who},
    protocol::{Demand, ProtocolError},
    provider::Provider,
    public::EVERY_PATH,
    return_to::ReturnTo,
    session::{LiveSession, Registration, SessionId, UserSessions},
    token::{Token, Tokens},
    transaction::LIFE as TRANSACTION_LIFE,
};
/// Random values, hashes and sealed bytes.
pub mod seal {
    pub use crate::seal::*;
}

use crate::{
    cookies::Cookies,
    error::Error,
    middleware,
    oidc::Oidc,
    pages::ErrorPage,
    public,
    seal::{Key, SealError},
    session::{UserSession, person_tag as tag, subject_key as key},
    settings::Settings,
    store::{self, SessionStore, Store, StoreError},
    visitor,
};

/// For a scope whose pages decide by themselves who gets them.
pub fn own_page() -> impl Guard {
    public::declaration()
}

/// What has been seen of the route with this pattern; nothing in release builds.
pub fn observation(oidc: &Oidc, method: &str, pattern: &str) -> Option<Observation> {
    oidc.observed().of_route(method, pattern)
}

/// The pattern of the route that has answered this path.
pub fn pattern_of(oidc: &Oidc, method: &str, path: &str) -> Option<String> {
    oidc.observed().pattern_of(method, path)
}

/// The full name of a cookie of the app at this base URL.
pub fn cookie_name(base_url: &Url, name: &str) -> String {
    Cookies::new(base_url).name(name)
}

/// Opens a store, and waits so long for another process to close its file.
pub async fn open_store(
    choice: &SessionStore,
    patience: Duration,
) -> Result<Arc<dyn Store>, StoreError> {
    store::open_within(choice, patience).await
}

/// The live session behind a cookie's value.
pub async fn find(oidc: &Oidc, cookie: &str) -> Result<Option<Arc<LiveSession>>, StoreError> {
    match SessionId::parse(cookie.as_bytes()) {
        Some(id) => oidc.sessions().find(&id).await,
        None => Ok(None),
    }
}

/// The data for an error page.
pub fn error_page<'a>(request: &HttpRequest, error: &'a Error) -> Result<ErrorPage<'a>, Error> {
    Ok(middleware::page_of(
        &visitor::oidc()?,
        request,
        error,
        error.status(),
    ))
}

/// The Okta Sign-In Widget for a preview.
pub fn sample_widget(request: &HttpRequest) -> Result<crate::pages::Widget, Error> {
    crate::handlers::sample_widget(request, &visitor::oidc()?)
}

/// The front page.
pub fn home(settings: &Settings) -> ReturnTo {
    ReturnTo::home(settings)
}

/// All user sessions.
pub fn sessions(oidc: &Oidc) -> &UserSessions {
    oidc.sessions()
}

/// Whether the streams of this process have been ended, as the server is about to stop.
pub fn streams_are_over(oidc: &Oidc) -> bool {
    oidc.sessions().streams_are_over()
}

/// The provider, or the first of several.
pub fn provider(oidc: &Oidc) -> Option<&Arc<Provider>> {
    oidc.all_providers().first()
}

/// A session's tokens.
pub fn tokens(session: &UserSession) -> &Tokens {
    &session.tokens
}

/// Seals a demand for authentication contexts, for the login page.
pub fn seal_assurance(oidc: &Oidc, acr_values: &[&str]) -> Result<String, SealError> {
    oidc.seal_assurance(acr_values)
}

/// Identifies a person in logs.
pub fn person_tag(issuer: &str, subject: &str) -> String {
    tag(issuer, subject)
}

/// The key under which the store finds all sessions of a person at a client.
pub fn subject_key(issuer: &str, client_id: &str, subject: &str) -> Key {
    key(issuer, client_id, subject)
}
