//! `vestibule view`: what the app shows people, and by which code; and the way back to the
//! original of a view.

pub(crate) mod list;
mod original;
pub(crate) mod reset;
mod shape;
