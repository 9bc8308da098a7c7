//! An Actix-web app in which people sign in with OpenID Connect.
//!
//! Reading order: [`app`] puts everything together, [`routes`] is the table of
//! pages, [`hooks`] is where your own code joins the sign-in, [`views`] names
//! the templates, and [`oidc`] is the relying party.

pub mod app;
mod around;
pub mod current;
#[cfg(debug_assertions)]
pub mod dev;
pub mod edge;
pub mod hooks;
pub mod oidc;
pub mod policy;
pub mod routes;
pub mod settings;
pub mod telemetry;
mod text;
pub mod users;
pub mod views;
