//! The grammar of the command line, and nothing else.

use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand};

use crate::template::{LOGIN_PAGES, PROVIDERS, SESSION_STORES};

/// Write Actix-web apps that people can sign in to with OpenID Connect
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Start here:
  vestibule new my-app --run    write an app and start it; no account is needed
  vestibule new --help          what can be chosen, and the defaults

Exit codes:
  0  done    1  failed    2  wrong usage
  3  refused: do by hand what is printed    130  interrupted"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
}

/// Write a new app in a new folder
///
/// What isn't given is asked on a terminal, and takes its default elsewhere. Everything chosen
/// here only sets defaults: the environment of the running app can change it later.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule new my-app --run
  vestibule new shop --provider okta --issuer https://example.okta.com/oauth2/default
  vestibule new my-app --no-input -d provider=keycloak -d session_store=redis")]
pub(crate) struct New {
    /// Folder to make; it must not exist yet
    pub(crate) path: Option<PathBuf>,

    /// Start the app once it is written
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) run: bool,

    /// List what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Never ask: take the defaults for what isn't given
    #[arg(long)]
    pub(crate) no_input: bool,

    /// Don't make a git repository
    #[arg(long)]
    pub(crate) no_git: bool,

    /// Set an answer by its cargo-generate name; a flag below goes before it
    #[arg(
        short,
        long = "define",
        value_name = "KEY=VALUE",
        help_heading = "Answers"
    )]
    pub(crate) define: Vec<String>,

    /// Read answers from a TOML file with a `values` table; `-d` goes before it
    #[arg(long, value_name = "FILE", help_heading = "Answers")]
    pub(crate) values_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) answers: AnswerFlags,
}

/// The answers as flags. Their values are judged together with those of `-d` and the values
/// file, so that all faults are named at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub(crate) struct AnswerFlags {
    /// Name of the package [default: the last part of PATH]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// What the app is, in one line
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// Whom people sign in with; `dev` is built in and needs no account [default: dev]
    #[arg(long, value_parser = Hinted(PROVIDERS))]
    pub(crate) provider: Option<String>,

    /// Issuer URL of the provider
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,

    /// Client id of the app at the provider
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// What people see when they sign in [default: redirect]
    #[arg(long, value_name = "KIND", value_parser = Hinted(LOGIN_PAGES))]
    pub(crate) login_page: Option<String>,

    /// Where sign-ins are kept [default: embedded]
    #[arg(long, value_name = "KIND", value_parser = Hinted(SESSION_STORES))]
    pub(crate) session_store: Option<String>,
}

/// Takes any text, and knows the values to show in help and to complete in shells.
#[derive(Debug, Clone, Copy)]
struct Hinted(&'static [&'static str]);

impl TypedValueParser for Hinted {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        clap::builder::StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}
