//! The views of an app, found by reading its source and its templates: which type stands for
//! each, which functions make it, and which requests lead there. What can't be followed is left
//! out; nothing is guessed.

mod calls;
mod list;
mod refusals;
mod states;
mod templates;

pub(crate) use list::{FOLDER, Named, Request, Type, View, Views, templates, types};
pub(crate) use templates::takers;
