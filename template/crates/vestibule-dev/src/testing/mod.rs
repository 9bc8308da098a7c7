//! Test helpers: the real app on its own port, its own development provider, and a
//! browser that keeps cookies.
//!
//! An app has one support file for its tests, which says how the app starts:
//!
//! ```no_run
//! // tests/it/support.rs
//! use actix_web::{App, HttpServer};
//! use vestibule::Oidc;
//! use vestibule_dev::testing::{Browser, Launch, Start, TestApp};
//!
//! /// A browser in which this person is signed in to a new app.
//! pub async fn signed_in_as(person: &str) -> Browser {
//!     app().start().await.signed_in_as(person).await
//! }
//!
//! /// The app, ready to start.
//! pub fn app() -> Start<'static> {
//!     TestApp::of(async |launch: Launch| {
//!         let oidc = Oidc::builder(launch.settings()).build().await?;
//!         let shared = oidc.clone();
//!         let mut server = HttpServer::new(move || {
//!             App::new().wrap(shared.middleware()).configure(shared.routes())
//!         });
//!         for listener in launch.listeners {
//!             server = server.listen(listener)?;
//!         }
//!         let server = server.run();
//!         Ok::<_, Box<dyn std::error::Error>>((oidc, server.handle(), server))
//!     })
//! }
//! ```
//!
//! Then a test is two lines:
//!
//! ```no_run
//! # use vestibule_dev::testing::{Browser, StatusCode};
//! # async fn signed_in_as(_: &str) -> Browser { unimplemented!() }
//! // #[tokio::test]
//! async fn the_profile_shows_the_name() {
//!     let alice = signed_in_as("alice").await;
//!     assert!(alice.get("/profile").await.body.contains("Alice Archer"));
//! }
//! ```
//!
//! - [`Start`] sets variables of the app's environment, the path below which the app
//!   is mounted, or what the provider does before the app starts.
//! - [`TestApp`] gives access to what is behind the browser: the provider, which can
//!   be made to [misbehave](crate::provider::Faults), the log, the [`Oidc`].
//! - [`TestApp::routes`] asks every route that the app has, so that a test sees one that
//!   somebody forgot to guard.
//! - [`Browser`] loads pages, sends forms, and sends requests like a script.
//!
//! When a test ends, the log is searched for the app's cookies, tokens and secrets:
//! a test that has logged one fails.
//!
//! Everything here panics with an explanation when a test cannot continue.
//!
//! [`Oidc`]: vestibule::Oidc

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
)]

mod app;
mod browser;
mod launch;
pub mod logs;
mod page;
pub mod ports;
mod provider;
mod routes;
mod start;
mod unlogged;

pub use reqwest::{Method, RequestBuilder, StatusCode};

pub use self::{
    app::TestApp,
    browser::{Browser, client},
    launch::Launch,
    page::Page,
    provider::TestProvider,
    routes::{AskedRoute, AskedRoutes},
    start::Start,
};
