//! `vestibule completions`: what a shell needs to complete this program's arguments.

use clap::CommandFactory as _;

use crate::cli::{Cli, Completions};
use crate::error::{Error, Exit};
use crate::terminal;

/// Prints the script for one shell.
pub(crate) fn run(arguments: &Completions) -> Result<Exit, Error> {
    let mut script = Vec::new();
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    terminal::result(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Done)
}
