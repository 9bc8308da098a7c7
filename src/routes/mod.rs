//! The routes of an app, found by reading its source: where `App::new()` is, its calls are
//! followed through functions, scopes and `configure`, as Actix would follow them. What can't be
//! followed is said to be so; nothing is guessed.

mod access;
mod actix;
mod apps;
mod bind;
mod changes;
mod csrf;
mod exits;
mod flow;
mod format;
mod handler;
mod list;
mod macros;
mod node;
mod oidc;
mod parameters;
mod paths;
mod pattern;
mod reach;
mod read;
mod sites;
mod types;
mod value;

pub(crate) use access::{Access, Fresh};
pub(crate) use csrf::Csrf;
pub(crate) use list::{Mount, Route, Table};
pub(crate) use node::{CLOSURE, Place, TableKind};
pub(crate) use pattern::Pattern;
pub(crate) use reach::Reached;
