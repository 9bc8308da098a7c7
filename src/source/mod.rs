//! The Rust source of an app: parsed into syntax with positions, and edited by splicing the
//! original bytes. What the source means as a table of routes is in
//! [`crate::routes`].

mod comments;
mod config;
mod edit;
mod ending;
mod file;
mod foreign;
mod guards;
mod items;
mod layout;
mod library;
mod names;
mod roles;
mod sorting;
mod swap;
mod tree;
mod visible;

pub(crate) use comments::Comment;
pub(crate) use config::ConfigKind;
pub(crate) use edit::{CannotEdit, Edit};
pub(crate) use file::{SourceFile, flatten};
pub(crate) use guards::GuardNames;
pub(crate) use items::{globs, imports};
pub(crate) use layout::say_the_same;
pub(crate) use library::{DEV_LIBRARY, LIBRARY};
pub(crate) use names::{Def, Scope, Want};
pub(crate) use roles::written;
pub(crate) use sorting::compare_imports;
pub(crate) use swap::{count, swap};
pub(crate) use tree::{
    Crate, Module, both, cfg_of, is_conditional, is_for_tests, is_program, names_of, plain_name,
    root_of, string_of,
};
pub(crate) use visible::{as_code, is_visible};
