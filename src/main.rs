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
mod prompts;
mod target;
mod template;
mod terminal;
mod workspace;

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    let cli = cli::Cli::parse();
    let result = match cli.command {
        cli::Command::New(arguments) => commands::new::run(&arguments),
    };
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            terminal::show_error(&error);
            error.exit_code().into()
        }
    }
}
