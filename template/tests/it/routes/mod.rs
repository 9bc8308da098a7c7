//! One file a feature, each asking who may reach it. `vestibule add route` writes
//! such files, and names them here.

mod admin;
mod api;
mod assets;
mod devices;
mod health;
mod home;
mod profile;
