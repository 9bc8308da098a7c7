//! `vestibule view`: what the app shows people, and by which code; and the way back to how a view
//! was at first.

pub(crate) mod list;
mod original;
pub(crate) mod reset;
mod shape;
