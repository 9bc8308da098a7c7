//! Where a person is signed in, how they or an administrator end that, and whether
//! the app is ready.

use std::{
    cmp::Reverse,
    fmt::Display,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::Serialize;

use crate::{
    error::Error,
    events::{self, Ending},
    oidc::Oidc,
    session::Device,
    user::User,
};

impl Oidc {
    /// Where the person is signed in: this browser first, then the others, most
    /// recent visit first.
    ///
    /// # Errors
    /// The session store cannot be reached.
    pub async fn devices<C>(&self, user: &User<C>) -> Result<Vec<Device>, Error> {
        let this = user.live().key;
        let rows = self.sessions().rows_of(user.live()).await?;
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
        let mut ended = 0;
        for row in self.sessions().rows_of(user.live()).await? {
            let key = row.key;
            let is_meant = match handle {
                Some(handle) => Device::of(row, false).handle == handle,
                None => key != this,
            };
            if is_meant && self.sessions().end_by_key(key).await? {
                ended += 1;
            }
        }
        let session = user.session();
        let subject = Some(session.subject());
        events::revoked(session.issuer(), subject, Ending::OtherBrowser, ended);
        Ok(ended)
    }

    /// Signs a person of this issuer out everywhere, on every instance, on behalf
    /// of an administrator; returns how many sessions ended.
    ///
    /// # Errors
    /// The session store cannot be reached.
    pub async fn logout_person<C>(&self, by: &User<C>, subject: &str) -> Result<usize, Error> {
        let issuer = self.issuer();
        let administrator = by.session().person_tag();
        // Logged first, as the handler stops if the browser hangs up.
        tracing::info!(
            by = administrator,
            "an administrator is signing someone out"
        );
        let ended = self.sessions().end_all_of(issuer, subject).await?;
        events::revoked(issuer, Some(subject), Ending::Administrator, ended);
        Ok(ended)
    }

    /// Whether people can use the app: for a load balancer. A provider that is down
    /// but already known does not make the app unready: people who are signed in can
    /// go on. Why something is unavailable is in the log.
    pub async fn health(&self) -> Health {
        let answers = self.provider().check().await;
        let stored = self.sessions().store().check().await;
        tell_change("the session store", self.is_store_down(), &stored);
        let app = self.hooks().check_health().await;
        tell_change("what the app needs", self.is_app_down(), &app);
        Health {
            provider: match &answers {
                Ok(()) => "ok",
                Err(_) if self.provider().known().is_some() => "last known",
                Err(_) => UNAVAILABLE,
            },
            store: in_a_word(&stored),
            app: in_a_word(&app),
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
