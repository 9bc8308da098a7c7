//! The app from outside: a real server, a real provider, browsers that keep
//! cookies. `support.rs` has what your own tests need; that signing in is safe
//! is tested in `crates/vestibule`.

mod errors;
#[cfg(debug_assertions)]
mod every_route;
#[cfg(debug_assertions)]
mod gallery;
mod routes;
mod settings;
mod sign_in;
mod support;
mod users;
mod views;
