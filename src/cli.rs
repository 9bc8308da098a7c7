//! The grammar of the command line, and nothing else.

use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand};

use crate::database::Kind;
use crate::scaffold::Method;
use crate::template::{LOGIN_PAGES, PROVIDERS, SESSION_STORES};

/// Write Actix-web apps that people sign in to with OpenID Connect
#[derive(Debug, Parser)]
#[command(
    name = "vestibule",
    version,
    max_term_width = 100,
    after_help = "\
Start here:
  vestibule new my-app --run    write an app and start it
  vestibule init --diff         in an Actix-web app: see how sign-in comes in

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 interrupted"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    Init(Init),
    /// Add a route to the app, or a database
    #[command(subcommand)]
    Add(Add),
    /// Remove a route, if nothing depends on it
    #[command(subcommand)]
    Remove(Remove),
    Routes(Routes),
    /// Show the app's views, or restore the original of one
    #[command(subcommand)]
    View(View),
    Completions(Completions),
    Man(Manual),
}

/// What can be added to an app.
#[derive(Debug, Subcommand)]
pub(crate) enum Add {
    Route(AddRoute),
    Database(AddDatabase),
}

/// What can be removed from an app.
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
/// Works in any folder of the app. Writes everything or nothing: if a file can't be edited safely,
/// or lacks what the new code would name, it says which lines to paste. While another command is at
/// work in the app, it waits.
///
/// In an app that `vestibule init` brought sign-in into, it writes a handler without a view and
/// tests, and registers it as the app does: in its one config function, by a call or by an attribute
/// like `#[get("/reports")]`, or else in the table that `oidc.protected(…)` mounts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule add route reports
  vestibule add route report --path /reports/{id} --role auditor
  vestibule add route feedback --form
  vestibule add route prices --json --public
  vestibule add route order --json --method POST --fresh 5 --diff")]
pub(crate) struct AddRoute {
    /// Name of the route and of its files: `monthly-reports`
    pub(crate) name: String,

    /// Its path; `{id}` matches any one segment [default: /NAME]
    #[arg(long)]
    pub(crate) path: Option<String>,

    /// Method of a JSON route
    // `requires` alone doesn't count where `--page` or `--form` excludes `--json`.
    #[arg(long, ignore_case = true, value_enum, default_value_t = Method::Get, requires = "json",
        conflicts_with_all = ["page", "form"])]
    pub(crate) method: Method,

    /// Let everybody in
    #[arg(long, group = "who", help_heading = "Who may reach it")]
    pub(crate) public: bool,

    /// Let people in who are signed in (default)
    #[arg(long, group = "who", help_heading = "Who may reach it")]
    pub(crate) signed_in: bool,

    /// Let people in who have this role at the provider
    #[arg(
        long,
        value_name = "NAME",
        group = "who",
        help_heading = "Who may reach it"
    )]
    pub(crate) role: Option<String>,

    /// Let people in who signed in within the last MINUTES
    #[arg(long, value_name = "MINUTES", group = "who", help_heading = "Who may reach it",
        value_parser = clap::value_parser!(u64).range(1..=10_080))]
    pub(crate) fresh: Option<u64>,

    /// A page (default)
    #[arg(long, group = "kind", help_heading = "What it is")]
    pub(crate) page: bool,

    /// JSON
    #[arg(long, group = "kind", help_heading = "What it is")]
    pub(crate) json: bool,

    /// A page with a form: GET shows it, POST receives it
    #[arg(long, group = "kind", help_heading = "What it is")]
    pub(crate) form: bool,

    /// Write no tests
    #[arg(long)]
    pub(crate) no_tests: bool,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

/// Keep the app's records of people in a database
///
/// Adds a pool of connections to the app's state, migrations that are applied at the start, and the
/// table `accounts` in place of the file of `src/users.rs`. Works in an app from `vestibule new`.
/// Writes everything or nothing: code that it has to replace must be as it was generated, other code
/// may be anything; if something doesn't fit, it says what and which lines to paste. Accounts that
/// were in the file are not taken over.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule add database sqlite --diff
  vestibule add database postgres")]
pub(crate) struct AddDatabase {
    /// Which one
    #[arg(value_name = "DATABASE", value_enum)]
    pub(crate) kind: Kind,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

/// Remove what `add route` wrote
///
/// Stops if other code uses the route or its files (in any program, test, benchmark or package of
/// the app), if its files were edited, or if comments would be removed too.
#[derive(Debug, Args)]
pub(crate) struct RemoveRoute {
    /// Name of the route
    pub(crate) name: String,

    /// Remove it even if its files were edited, and with the comments next to it
    #[arg(long)]
    pub(crate) force: bool,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

/// Show the plan instead of carrying it out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Preview")]
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
    /// Whether nothing should be written.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.dry_run || self.diff || self.plan_json
    }
}

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule completions bash > ~/.local/share/bash-completion/completions/vestibule
  vestibule completions fish > ~/.config/fish/completions/vestibule.fish")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Write a manual page for each command
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  vestibule man ~/.local/share/man/man1 && man vestibule-add-route")]
pub(crate) struct Manual {
    /// Folder for the pages
    pub(crate) folder: PathBuf,
}

/// Write a new app in a new folder
///
/// Missing answers are asked for on a terminal, and have their defaults elsewhere. All answers
/// only set defaults: the environment of the running app can change them later.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule new my-app --run
  vestibule new shop --provider okta --issuer https://example.okta.com/oauth2/default
  vestibule new my-app --no-input -d provider=keycloak -d session_store=redis")]
pub(crate) struct New {
    /// The new folder; it must not exist yet
    pub(crate) path: Option<PathBuf>,

    /// Start the app once it is written
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) run: bool,

    /// List what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Keep the app's records of people in a database, as `vestibule add database` does
    #[arg(long, value_name = "DATABASE", value_enum)]
    pub(crate) database: Option<Kind>,

    /// Never ask: use the defaults for missing answers
    #[arg(long)]
    pub(crate) no_input: bool,

    /// Don't create a git repository with the app as its first commit
    #[arg(long)]
    pub(crate) no_git: bool,

    /// Set an answer by its cargo-generate name; the flags below override it
    #[arg(
        short,
        long = "define",
        value_name = "KEY=VALUE",
        help_heading = "Answers"
    )]
    pub(crate) define: Vec<String>,

    /// Read answers from a TOML file with a `values` table; `-d` overrides it
    #[arg(long, value_name = "FILE", help_heading = "Answers")]
    pub(crate) values_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) answers: AnswerFlags,
}

/// The answers as flags. They are checked together with those of `-d` and the values file, so that
/// all faults are named at once.
#[derive(Debug, Args)]
#[command(next_help_heading = "Answers")]
pub(crate) struct AnswerFlags {
    /// Name of the package [default: the last part of PATH]
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// What the app is, in one line
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// The provider that people sign in with; `dev` needs no account [default: dev]
    #[arg(long, value_parser = Hinted(PROVIDERS))]
    pub(crate) provider: Option<String>,

    /// Issuer URL of the provider
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,

    /// Client ID of the app at the provider
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// What people see when they sign in [default: redirect]
    #[arg(long, value_name = "KIND", value_parser = Hinted(LOGIN_PAGES))]
    pub(crate) login_page: Option<String>,

    /// Where user sessions are kept [default: embedded]
    #[arg(long, value_name = "KIND", value_parser = Hinted(SESSION_STORES))]
    pub(crate) session_store: Option<String>,
}

/// Bring sign-in into an Actix-web 4 app that exists
///
/// Works in any folder of its package. Carries the two crates in, adds the dependencies, writes
/// `src/hooks.rs` and a protected page, and puts sign-in into the app's own `App::new()`. Everything
/// else answers as before. Writes everything or nothing: if the app's code can't be edited safely,
/// it says so and which lines to paste.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule init --diff
  vestibule init
  vestibule init --port 3000
  vestibule init --by-hand")]
pub(crate) struct Init {
    /// The port that a debug build listens on, if the code doesn't tell
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,

    /// Leave the app's own code alone: write the rest, and print the lines to paste
    #[arg(long)]
    pub(crate) by_hand: bool,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

/// Show every route of the app, and who may reach it
///
/// Reads the source; needs neither a build nor a running app. For a route that asks for more than
/// signing in, it shows what: `role admin`, `fresh 5 min`. A route is undecided if it has no guard
/// and isn't declared public: in an app that had routes before `vestibule init`, all of those are at
/// first.
///
/// CSRF is of concern for methods other than GET that are let in by a cookie: without a check,
/// another site's page could have a browser send such a request. It is `checked` if the handler
/// takes a `SignedForm`, a `PublicForm` or a `SameOrigin`, or begins with `csrf::check(…)?`, and
/// `missing` otherwise. Only a variable for the token may come before that call.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule routes
  vestibule routes --check
  vestibule routes --live
  vestibule routes --live target/tmp/routes.json
  vestibule routes --write-baseline routes.toml
  vestibule routes --check --baseline routes.toml

A baseline has one line for each route that is undecided or where the check of CSRF is missing, in
the order of the paths. --check then fails for such a route that isn't in it, also if its handler,
its condition or what the app itself asks of people has changed since. It fails too for a line whose
route is in order or gone, as that route could otherwise lose its guard again without being noticed:
delete the line. What can't be read from the source is never accepted.")]
pub(crate) struct Routes {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Fail if it can't be told of a route who may reach it, if a route has no guard and isn't
    /// declared public, by `oidc.public(…)` for its table, or if it changes something by cookie and
    /// doesn't check CSRF; says what to write
    #[arg(long)]
    pub(crate) check: bool,

    /// Compare them with those of the running app, and fail if a route or a guard differs
    ///
    /// WHERE is the address of a debug build on this machine, which then asks each of its routes
    /// as a stranger would, or a file that its tests have written [default: APP_BASE_URL, or
    /// http://localhost:8080]
    #[arg(long, value_name = "WHERE")]
    pub(crate) live: Option<Option<String>>,

    /// Accept the routes that are in this file, and no others
    #[arg(long, value_name = "FILE", requires = "check")]
    pub(crate) baseline: Option<PathBuf>,

    /// Write the routes for which --check fails today to this file, in place of showing any
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "check", "baseline", "live"])]
    pub(crate) write_baseline: Option<PathBuf>,
}

/// Show when each view is shown, and by which code
///
/// Reads the source and the templates; needs neither a build nor a running app. A debug build
/// shows the views themselves at /dev/views.
#[derive(Debug, Args)]
pub(crate) struct ListViews {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Restore the original of a view, after showing the diff
///
/// Works for the views that came with the app and for those of `add route`. Asks before it writes.
/// The code behind the view stays as it is; if it lacks something that the original needs, that is
/// said.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vestibule view reset home
  vestibule view reset login --diff")]
pub(crate) struct ResetView {
    /// Name of the view, as in `vestibule view list`
    pub(crate) name: String,

    /// Don't ask
    #[arg(long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) plan: PlanFlags,
}

/// Accepts any string, and knows the values to show in help and to complete in shells.
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
