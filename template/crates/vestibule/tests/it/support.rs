//! Ways to start the fixture, for tests that need more than it usually is.

use std::path::Path;

use serde_json::Value;
use vestibule::{
    Settings, UserSession, internals, now,
    settings::Faults,
    store::{Key, SessionStore},
};
use vestibule_dev::{
    provider::DevProvider,
    testing::{Launch, Start},
};

use crate::fixture::{Fixture, Pages};

use vestibule::Oidc;
pub use vestibule_dev::testing::{Browser, Page, TestApp, client};

/// Where the sign-in's own pages are, unless an app moves them.
pub const PATHS: DefaultPaths = DefaultPaths {
    login: "/login",
    login_callback: "/authorization-code/callback",
    after_login: "/",
    logout: "/logout",
    logged_out: "/logged-out",
    backchannel_logout: "/backchannel-logout",
};

pub struct DefaultPaths {
    pub login: &'static str,
    pub login_callback: &'static str,
    pub after_login: &'static str,
    pub logout: &'static str,
    pub logged_out: &'static str,
    pub backchannel_logout: &'static str,
}

/// What the provider calls the fixture.
pub const CLIENT: &str = "app";

/// The settings of a provider, as good as any.
pub const PROVIDER: [(&str, &str); 3] = [
    ("OIDC_ISSUER", "https://id.example.com"),
    ("OIDC_CLIENT_ID", "app"),
    ("OIDC_CLIENT_SECRET", "secret"),
];

/// The settings that this says, in a release build beside what no app starts
/// without there: an address, a provider and a secret.
pub fn settings_of(lookup: impl Fn(&str) -> Option<String>) -> Result<Settings, Faults> {
    const REQUIRED: [(&str, &str); 2] = [
        ("APP_BASE_URL", "http://localhost:8080"),
        ("SESSION_SECRET", "k2D9vTq0sJx8LrYw3NzQm5Bf7HcVp1Xg"),
    ];
    let names_provider = PROVIDER.iter().any(|(name, _)| lookup(name).is_some());
    let provider = PROVIDER.iter().filter(|_| !names_provider);
    let required: Vec<_> = REQUIRED.iter().chain(provider).collect();
    Settings::from_lookup(|name| {
        let said = lookup(name);
        if cfg!(debug_assertions) || said.is_some() {
            return said;
        }
        let (_, value) = required.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    })
}

/// A browser in which a person of the development provider is signed in to a
/// fixture of its own.
pub async fn signed_in_as(person: &str) -> Browser {
    Fixture::start().await.signed_in_as(person).await
}

/// The address that begins a sign-in with this query.
pub fn login_with(query: &str) -> String {
    format!("{}?{query}", PATHS.login)
}

/// A browser in which a person is signed in whose access token ends in a few
/// seconds, after a usual life.
pub async fn signed_in_near_the_end(app: &TestApp, person: &str) -> Browser {
    let browser = app.signed_in_as(person).await;
    let live = browser.record().await;
    let mut record = serde_json::to_value(&live.session).unwrap();
    record["tokens"]["access_token_expires_at"] = (now() + 20).into();
    let aged: UserSession = serde_json::from_value(record).unwrap();
    let sessions = internals::sessions(app.oidc());
    assert!(sessions.renew(&live, &aged).await.unwrap());
    browser
}

/// Keeps user sessions in a file.
pub fn embedded_at(path: &Path) -> SessionStore {
    SessionStore::Embedded(path.to_owned())
}

/// The issuer of the one provider.
pub fn issuer_of(oidc: &Oidc) -> &str {
    oidc.providers().next().unwrap().issuer()
}

/// Under what the store finds all user sessions of a person.
pub fn subject_key(app: &TestApp, person: &str) -> Key {
    internals::subject_key(app.provider.issuer(), CLIENT, person)
}

impl Fixture {
    /// The fixture as it is.
    pub async fn start() -> TestApp {
        Self::default().prepared(|_, _| {}).start().await
    }

    /// With other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> TestApp {
        Self::start_prepared(|settings, _| change(settings)).await
    }

    /// With other settings and another provider. Both are there already.
    pub async fn start_prepared(prepare: impl FnOnce(&mut Settings, &DevProvider)) -> TestApp {
        Self::default().prepared(prepare).start().await
    }

    /// Again, with the store, the provider and the secrets of an app that has
    /// stopped.
    pub async fn start_again(before: &TestApp) -> TestApp {
        Self::start_again_with(before, |_| {}).await
    }

    /// The same with other settings.
    pub async fn start_again_with(before: &TestApp, change: impl FnOnce(&mut Settings)) -> TestApp {
        let known = before.oidc().settings();
        Self::start_with(|settings| {
            settings.session_store = known.session_store.clone();
            settings.provider = known.provider.clone();
            settings.secrets = known.secrets.clone();
            change(settings);
        })
        .await
    }

    /// With these variables in its environment; `PORT` in one stands for the port
    /// that it listens on. With an `APP_BASE_URL` elsewhere, browsers reach it as
    /// through a reverse proxy there.
    pub async fn start_with_env(variables: &[(&str, &str)]) -> TestApp {
        Self::default()
            .prepared(|_, _| {})
            .envs(variables)
            .start()
            .await
    }

    /// Below a path, such as `/shop`.
    pub async fn start_below(path: &str) -> TestApp {
        Self::default()
            .prepared(|_, _| {})
            .below(path)
            .start()
            .await
    }

    /// While its provider is down.
    pub async fn start_with_provider_down() -> TestApp {
        Self::default()
            .prepared(|_, _| {})
            .provider_down()
            .start()
            .await
    }

    /// With other pages than its own.
    pub async fn start_with_pages(pages: Pages) -> TestApp {
        Self::start_with_pages_and(pages, |_| {}).await
    }

    /// With other pages and settings than its own.
    pub async fn start_with_pages_and(pages: Pages, change: impl FnOnce(&mut Settings)) -> TestApp {
        Self {
            pages,
            ..Self::default()
        }
        .prepared(|settings, _| change(settings))
        .start()
        .await
    }

    /// To be started, with other settings and another provider.
    pub fn prepared<'a>(self, prepare: impl FnOnce(&mut Settings, &DevProvider) + 'a) -> Start<'a> {
        TestApp::of(async move |launch: Launch| {
            let mut settings = launch.settings();
            prepare(&mut settings, &launch.provider);
            self.serve(settings, launch.listeners).await
        })
        .whoami("/api/me")
    }
}

/// What is said within one second of the clock, by which limits are told: where a second
/// has passed meanwhile, all is prepared anew and asked again.
pub async fn within_one_second<P, T>(prepare: impl AsyncFn() -> P, ask: impl AsyncFn(P) -> T) -> T {
    loop {
        let prepared = prepare().await;
        let began = now();
        let said = ask(prepared).await;
        if now() == began {
            return said;
        }
    }
}

/// The tokens of a record, which leave the server as little as the record does.
pub fn tokens_of(session: &UserSession) -> Value {
    serde_json::to_value(session).unwrap()["tokens"].take()
}
