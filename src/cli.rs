//! The grammar of the command line, and nothing else.

use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand};

use crate::scaffold::Method;
use crate::template::{LOGIN_PAGES, PROVIDERS, SESSION_STORES};

/// Write Actix-web apps that people can sign in to with OpenID Connect
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Start here:
  vestibule new my-app --run                  write an app and start it
  vestibule add route reports --role admin    in the app: a page for some people
  vestibule routes                            in the app: who may reach what

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 interrupted"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    /// Add a route to the app, with its handler, view and tests
    #[command(subcommand)]
    Add(Add),
    /// Take a route out again, if nothing depends on it
    #[command(subcommand)]
    Remove(Remove),
    Routes(Routes),
    /// Show the app's views, or bring one back as it was at first
    #[command(subcommand)]
    View(View),
    Completions(Completions),
    Man(Manual),
}

/// What can be added to an app.
#[derive(Debug, Subcommand)]
pub(crate) enum Add {
    Route(AddRoute),
}

/// What can be taken out of an app.
#[derive(Debug, Subcommand)]
pub(crate) enum Remove {
    Route(RemoveRoute),
}

/// What can be done with views.
#[derive(Debug, Subcommand)]
pub(crate) enum View {
    List(ListViews),
    Reset(ResetView),
}

/// Add a route: its handler, view, registration and tests
///
/// Works in any folder of the app. Everything is written, or nothing: what can't be edited safely
/// is refused, with the lines to paste.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule add route reports
  vestibule add route report --path /reports/{id} --role auditor
  vestibule add route feedback --form
  vestibule add route prices --json --public
  vestibule add route order --json --method POST --fresh 5 --diff")]
pub(crate) struct AddRoute {
    /// Name of the route, and of its files: `monthly-reports`
    pub(crate) name: String,

    /// Where it is reached; `{id}` stands for any one part [default: /NAME]
    #[arg(long)]
    pub(crate) path: Option<String>,

    /// Method of a JSON route
    #[arg(long, ignore_case = true, value_enum, default_value_t = Method::Get, requires = "json")]
    pub(crate) method: Method,

    /// Lets everybody in
    #[arg(long, group = "who", help_heading = "Who may reach it")]
    pub(crate) public: bool,

    /// Lets people in who are signed in (default)
    #[arg(long, group = "who", help_heading = "Who may reach it")]
    pub(crate) signed_in: bool,

    /// Lets people in who have this role at the provider
    #[arg(
        long,
        value_name = "NAME",
        group = "who",
        help_heading = "Who may reach it"
    )]
    pub(crate) role: Option<String>,

    /// Lets people in who proved in the last minutes who they are
    #[arg(long, value_name = "MINUTES", group = "who", help_heading = "Who may reach it",
        value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub(crate) fresh: Option<u64>,

    /// A page (default)
    #[arg(long, group = "kind", help_heading = "What it is")]
    pub(crate) page: bool,

    /// JSON
    #[arg(long, group = "kind", help_heading = "What it is")]
    pub(crate) json: bool,

    /// A page with a form: GET shows it, POST takes it
    #[arg(long, group = "kind", help_heading = "What it is")]
    pub(crate) form: bool,

    /// Write no tests
    #[arg(long)]
    pub(crate) no_tests: bool,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

/// Take out what `add route` wrote
///
/// Refuses if other code names the route, if its files were edited since, or if comments would go
/// with it.
#[derive(Debug, Args)]
pub(crate) struct RemoveRoute {
    /// Name of the route
    pub(crate) name: String,

    /// Remove it also if its files were edited, and with the comments beside it
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

/// Show the plan instead of carrying it out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Look before you leap")]
pub(crate) struct PlanFlags {
    /// List the files that would change
    #[arg(long, group = "plan")]
    pub(crate) dry_run: bool,

    /// Show the changes as a diff
    #[arg(long, group = "plan")]
    pub(crate) diff: bool,

    /// Print the changes as JSON
    #[arg(long, group = "plan")]
    pub(crate) plan_json: bool,
}

impl PlanFlags {
    /// Whether nothing is to be written.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.dry_run || self.diff || self.plan_json
    }
}

/// Print the script with which a shell completes arguments
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule completions bash > ~/.local/share/bash-completion/completions/vestibule
  vestibule completions fish > ~/.config/fish/completions/vestibule.fish")]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

/// Write a manual page for each command
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  vestibule man ~/.local/share/man/man1 && man vestibule-add-route")]
pub(crate) struct Manual {
    /// Folder to write them into
    pub(crate) folder: PathBuf,
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

/// Show every route of the app, and who may reach it
///
/// It reads the source and needs neither a build nor a running app. A route that needs more than
/// a sign-in shows what: `role admin`, `fresh 5 min`.
#[derive(Debug, Args)]
pub(crate) struct Routes {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Fail if a route's guard can't be told, or if a route has none without being declared
    /// public, which is to be registered by a function called `public`
    #[arg(long)]
    pub(crate) check: bool,
}

/// Show which view is shown when, and by which code
///
/// It reads the source and the templates, and needs neither a build nor a running app. A debug
/// build shows the views themselves at /dev/views.
#[derive(Debug, Args)]
pub(crate) struct ListViews {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Bring a view back as it was at first, after showing the diff
///
/// Works for the views that came with the app and for those of `add route`. It asks before it
/// writes. The types of views are left as they are; what they have lost that the view needs is
/// told.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule view reset home
  vestibule view reset dev/gallery --diff")]
pub(crate) struct ResetView {
    /// Name of the view, as `vestibule view list` has it
    pub(crate) name: String,

    /// Don't ask
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
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
