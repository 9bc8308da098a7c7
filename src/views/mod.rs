//! The views of an app, found by reading its source and its templates: the type of each,
//! the functions that make it, and the requests that lead there. What can't be followed is left
//! out; nothing is guessed. The library's pages are shown by the app's `impl Pages`.

mod calls;
mod list;
mod states;
mod templates;

pub(crate) use list::{FOLDER, Named, Page, Request, Type, View, Views, templates, types};
pub(crate) use templates::{blocks, users};
