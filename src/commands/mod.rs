//! The commands, one file each.

pub(crate) mod add;
pub(crate) mod add_database;
pub(crate) mod completions;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod new;
mod plan;
pub(crate) mod remove;
pub(crate) mod routes;
pub(crate) mod view;
