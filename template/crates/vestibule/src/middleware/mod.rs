//! What an app is wrapped in: who is asking, and the sign-in's own errors
//! (`session.rs`); the app's own errors (`error_pages.rs`); security headers
//! (`headers.rs`). Guards for scopes are in `gate.rs`.

mod allow;
#[cfg(feature = "actix-session")]
mod app_session;
mod error_pages;
mod gate;
mod headers;
mod layer;
mod rendering;
mod session;

#[cfg(feature = "actix-session")]
pub use self::app_session::AppSession;
pub(crate) use self::rendering::page_of;
pub use self::{
    error_pages::ErrorPages,
    gate::{Gate, declare_public, ensure_authenticated, redirect_to, sign_in_silently},
    headers::SecurityHeaders,
    session::Middleware,
};
