//! What `vestibule` does, seen from outside: every test starts the program in a folder of its
//! own and looks at what it says and at what is on the disk afterwards.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail"
)]

mod support;

mod add_route;
mod adopted;
#[cfg(unix)]
mod all_or_nothing;
mod apps;
mod at_once;
mod bad_input;
mod corpus;
mod csrf;
mod database;
#[cfg(unix)]
mod git;
mod harness;
mod init;
mod layouts;
mod live;
#[cfg(unix)]
mod odd_files;
mod output;
mod packaging;
#[cfg(unix)]
mod prompts;
mod remove_route;
mod routes;
#[cfg(unix)]
mod run;
mod shells;
mod shown;
mod undecided;
mod views;
mod workspaces;
