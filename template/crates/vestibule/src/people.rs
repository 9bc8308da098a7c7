//! Where a person is signed in, how they or an administrator end that, and whether
//! the app is ready.

use std::{
    cmp::Reverse,
    collections::BTreeSet,
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::Serialize;

use crate::{
    error::Error,
    events::{self, Ending},
    oidc::Oidc,
    request_state,
    session::Device,
    store::{ListedRow, StoreError},
    user::User,
};

impl Oidc {
    /// Where the person is signed in: this browser first, then the others, most
    /// recent visit first.
    ///
    /// # Errors
    /// The session store cannot be reached.
    pub async fn devices<C>(&self, user: &User<C>) -> Result<Vec<Device>, Error> {
        let session = user.session();
        self.devices_of(user, session.issuer(), session.subject())
            .await
    }

    /// Where a person is signed in, for an administrator to see. Only a browser of the
    /// administrator's own can be [this one](Device::is_this).
    ///
    /// # Errors
    /// The session store cannot be reached.
    pub async fn devices_of<C>(
        &self,
        by: &User<C>,
        issuer: &str,
        subject: &str,
    ) -> Result<Vec<Device>, Error> {
        let this = by.live().key;
        let rows = self.sessions().rows_of(issuer, subject).await?;
        let mut devices: Vec<Device> = rows
            .into_iter()
            .map(|row| {
                let is_this = row.key == this;
                Device::of(row, is_this)
            })
            .collect();
        devices.sort_by_key(|device| Reverse((device.is_this, device.last_seen)));
        Ok(devices)
    }

    /// Signs the person out in the browser with this [handle](Device::handle) or,
    /// without one, everywhere but here; returns how many sessions ended. A handle
    /// that belongs to someone else does nothing.
    ///
    /// # Errors
    /// The session store is unreachable; some sessions may have ended already.
    pub async fn logout_devices<C>(
        &self,
        user: &User<C>,
        handle: Option<&str>,
    ) -> Result<usize, Error> {
        let this = user.live().key;
        let session = user.session();
        let (issuer, subject) = (session.issuer(), session.subject());
        let ended = self
            .end_where(issuer, subject, |row| match handle {
                Some(handle) => Device::handle_of(row) == handle,
                None => row.key != this,
            })
            .await?;
        events::revoked(issuer, Some(subject), Ending::OtherBrowser, ended);
        Ok(ended)
    }

    /// Signs a person out on behalf of an administrator, on every
    /// instance: in the browser with this [handle](Device::handle) or, without one,
    /// everywhere. Returns how many sessions ended.
    ///
    /// # Errors
    /// The session store cannot be reached.
    pub async fn logout_person<C>(
        &self,
        by: &User<C>,
        issuer: &str,
        subject: &str,
        handle: Option<&str>,
    ) -> Result<usize, Error> {
        let administrator = by.session().person_tag();
        // Logged first, as the handler stops if the browser hangs up.
        tracing::info!(
            by = administrator,
            "an administrator is signing someone out"
        );
        let ended = match handle {
            Some(handle) => {
                self.end_where(issuer, subject, |row| Device::handle_of(row) == handle)
                    .await?
            }
            None => self.sessions().end_all_of(issuer, subject).await?,
        };
        events::revoked(issuer, Some(subject), Ending::Administrator, ended);
        Ok(ended)
    }

    /// Ends those of a person's sessions that are meant, and returns how many there
    /// were.
    async fn end_where(
        &self,
        issuer: &str,
        subject: &str,
        is_meant: impl Fn(&ListedRow) -> bool,
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        let mut rows = self.sessions().rows_of(issuer, subject).await?;
        rows.retain(is_meant);
        for row in rows {
            ended += usize::from(self.sessions().end_by_key(row.key).await?);
        }
        Ok(ended)
    }

    /// Whether people can use the app: for a load balancer. A provider that is down
    /// but already known does not make the app unready: people who are signed in can
    /// go on. Why something is unavailable is in the log.
    pub async fn health(&self) -> Health {
        let provider = self.health_of_providers().await;
        let stored = self.sessions().store().check().await;
        tell_change("the session store", self.is_store_down(), &stored);
        let app = self.hooks().check_health().await;
        tell_change("what the app needs", self.is_app_down(), &app);
        Health {
            provider,
            store: in_a_word(&stored),
            app: in_a_word(&app),
        }
    }

    /// All at once, as each that is down takes its time. With several, the app goes on with
    /// those that can be used.
    async fn health_of_providers(&self) -> &'static str {
        let checks: Vec<_> = self
            .all_providers()
            .iter()
            .map(|provider| {
                let provider = Arc::clone(provider);
                request_state::spawn(async move {
                    match provider.check().await {
                        Ok(()) => "ok",
                        Err(_) if provider.known().is_some() => "last known",
                        Err(_) => UNAVAILABLE,
                    }
                })
            })
            .collect();
        let mut words = BTreeSet::new();
        for check in checks {
            words.insert(check.await.unwrap_or(UNAVAILABLE));
        }
        match words.len() {
            1 => words.first().copied().unwrap_or(UNAVAILABLE),
            _ => "partly available",
        }
    }
}

fn in_a_word<E>(checked: &Result<(), E>) -> &'static str {
    if checked.is_ok() { "ok" } else { UNAVAILABLE }
}

/// Logs that something has become unavailable, or is back.
fn tell_change(what: &str, is_down: &AtomicBool, checked: &Result<(), impl Display>) {
    let was_down = is_down.swap(checked.is_err(), Ordering::Relaxed);
    match checked {
        Err(error) if !was_down => tracing::warn!(%error, "{what} cannot be used"),
        Ok(()) if was_down => tracing::info!("{what} can be used again"),
        _ => {}
    }
}

const UNAVAILABLE: &str = "unavailable";

/// Whether people can use the app. Strangers may see it: when serialised, it names
/// what is unavailable, but neither addresses nor errors.
#[derive(Clone, Debug, Serialize)]
pub struct Health {
    provider: &'static str,
    store: &'static str,
    app: &'static str,
}

impl Health {
    /// Whether people can use the app.
    pub fn is_ready(&self) -> bool {
        ![self.provider, self.store, self.app].contains(&UNAVAILABLE)
    }
}
