//! Rust source of an app: read into syntax that knows where each piece stands, and edited by
//! splicing the original bytes. What the source means as a table of routes is in
//! [`crate::routes`].

mod comments;
mod edit;
mod file;
mod layout;
mod names;
mod roles;
mod sorting;
mod tree;

pub(crate) use comments::Comment;
pub(crate) use edit::{Edit, Unsure, config_of};
pub(crate) use file::{SourceFile, flatten};
pub(crate) use layout::say_the_same;
pub(crate) use names::{Def, Scope, Want, imports};
pub(crate) use sorting::compare_imports;
pub(crate) use tree::{Crate, Module, cfg_of, is_conditional, is_for_tests, text_of};
