//! `vestibule` writes Actix-web apps that people can sign in to.
//!
//! This file goes from the arguments to a command and from its result to an exit code; what a
//! command does is in [`commands`].

mod changes;
mod cli;
mod commands;
mod error;
mod git;
mod interrupt;
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

use clap::Parser as _;

use crate::cli::{Add, Remove, View};

fn main() -> std::process::ExitCode {
    let cli = cli::Cli::parse();
    let result = match cli.command {
        cli::Command::New(arguments) => commands::new::run(&arguments),
        cli::Command::Add(Add::Route(arguments)) => commands::add::run(&arguments),
        cli::Command::Remove(Remove::Route(arguments)) => commands::remove::run(&arguments),
        cli::Command::Routes(arguments) => commands::routes::run(&arguments),
        cli::Command::View(View::List(arguments)) => commands::view::list::run(&arguments),
        cli::Command::View(View::Reset(arguments)) => commands::view::reset::run(&arguments),
        cli::Command::Completions(arguments) => commands::completions::run(&arguments),
        cli::Command::Man(arguments) => commands::man::run(&arguments),
    };
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            terminal::show_error(&error);
            error.exit_code().into()
        }
    }
}
