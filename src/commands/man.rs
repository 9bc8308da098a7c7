//! `vestibule man`: a manual page for each command, from the argument grammar.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::changes::{Change, Plan};
use crate::cli::{Cli, Manual};
use crate::error::{Error, Exit};
use crate::terminal;

/// Writes the pages into a folder. Pages of another version are replaced.
pub(crate) fn run(arguments: &Manual) -> Result<Exit, Error> {
    let folder = std::path::absolute(&arguments.folder).map_err(|source| Error::Read {
        path: arguments.folder.clone(),
        source,
    })?;
    let mut command = Cli::command();
    command.build();
    let mut plan = Plan::default();
    add_pages(&command, command.get_name(), &folder, &mut plan)?;
    plan.carry_out()?;
    terminal::say(format_args!(
        "{} manual pages are in {}",
        plan.changes().len(),
        arguments.folder.display()
    ));
    Ok(Exit::Done)
}

/// Plans the page of a command, and those of the commands below it.
fn add_pages(
    command: &clap::Command,
    name: &str,
    folder: &Path,
    plan: &mut Plan,
) -> Result<(), Error> {
    // What clap borrows for the name of a page has to live as long as the program.
    let named: &'static str = Box::leak(name.to_owned().into_boxed_str());
    let page = Man::new(command.clone().name(named).bin_name(name.replace('-', " ")));
    let path = folder.join(page.get_filename());
    // A link to a page stays, and the page behind it is replaced.
    let path = dunce::canonicalize(&path).unwrap_or(path);
    let mut text = Vec::new();
    let writing = |source| Error::Write {
        path: path.clone(),
        source,
    };
    page.render(&mut text).map_err(writing)?;
    plan.push(Change {
        before: fs::read(&path).ok(),
        after: Some(text.into()),
        executable: false,
        path,
    });
    for below in command.get_subcommands() {
        if below.get_name() != "help" {
            add_pages(below, &format!("{name}-{}", below.get_name()), folder, plan)?;
        }
    }
    Ok(())
}
