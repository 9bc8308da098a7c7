//! An Actix-web app in which people sign in with OpenID Connect.
//!
//! Reading order: [`app`] puts everything together, [`routes`] is the table of
//! pages, [`hooks`] is where your code joins the sign-in, [`views`] names the
//! templates, and [`pages`] shows the sign-in's own pages with them. Signing in
//! itself is the crate [`vestibule`], in `crates/`.

pub mod app;
pub mod hooks;
pub mod listen;
pub mod pages;
pub mod routes;
#[cfg(debug_assertions)]
pub mod samples;
pub mod telemetry;
pub mod users;
pub mod views;
