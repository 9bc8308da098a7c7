//! `vestibule` writes Actix-web apps that people sign in to.
//!
//! This file goes from the arguments to a command and from its result to an exit code; what a
//! command does is in [`commands`].

mod changes;
mod cli;
mod commands;
mod database;
mod error;
mod git;
mod interrupt;
mod lock;
mod people;
mod project;
mod prompts;
mod routes;
mod scaffold;
mod source;
mod target;
mod template;
mod terminal;
mod views;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

use crate::cli::{Add, Remove, View};
use crate::error::{Error, Exit};

/// Syntax is a great many small pieces: with this allocator, parsing takes a fifth less.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => return show(&message),
    };
    let result = match cli.command {
        cli::Command::New(arguments) => commands::new::run(&arguments),
        cli::Command::Init(arguments) => commands::init::run(&arguments),
        cli::Command::Add(Add::Route(arguments)) => commands::add::run(&arguments),
        cli::Command::Add(Add::Database(arguments)) => commands::add_database::run(&arguments),
        cli::Command::Remove(Remove::Route(arguments)) => commands::remove::run(&arguments),
        cli::Command::Routes(arguments) => commands::routes::run(&arguments),
        cli::Command::View(View::List(arguments)) => commands::view::list::run(&arguments),
        cli::Command::View(View::Reset(arguments)) => commands::view::reset::run(&arguments),
        cli::Command::Completions(arguments) => commands::completions::run(&arguments),
        cli::Command::Man(arguments) => commands::man::run(&arguments),
    };
    end(result)
}

/// Shows help or the version, which are results, or what is wrong with the arguments.
fn show(message: &clap::Error) -> ExitCode {
    let printed = message.print();
    if message.use_stderr() {
        return Exit::Usage.into();
    }
    terminal::keep(printed);
    end(Ok(Exit::Done))
}

fn end(result: Result<Exit, Error>) -> ExitCode {
    // A failure of the command itself takes precedence over one to print its result.
    let result = result.and_then(|exit| terminal::finish().map(|()| exit));
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal::show_error(&error);
            error.exit_code().into()
        }
    }
}
