//! The template: its files, its questions, and how answers become an app. Nothing here reads or
//! writes files.

mod answers;
mod filters;
mod name;
mod questions;
mod record;
mod render;
mod values;

pub(crate) use answers::{Answers, Fault, NAME_KEY, Origin, RawAnswer, check};
pub(crate) use name::{AppName, BadName, KEYWORDS, reserved};
pub(crate) use questions::{
    LOGIN_PAGES, PROVIDERS, QUESTIONS, Question, Rule, SESSION_STORES, suggestion,
};
pub(crate) use record::{BadRecord, Record, read as read_record};
pub(crate) use render::{BadTemplate, RenderedFile, render};
pub(crate) use values::{BadValues, from_file as values_from_file};

/// A file of the template, as `build.rs` embeds it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File {
    /// Where it goes in the app, with `/` between the parts and without `.liquid`.
    pub(crate) path: &'static str,
    /// Whether it has placeholders. Everything else is copied as it is.
    pub(crate) rendered: bool,
    /// Whether it can be executed.
    pub(crate) executable: bool,
    pub(crate) contents: &'static [u8],
}

/// The files of the template, sorted by path.
pub(crate) static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/template.rs"));
