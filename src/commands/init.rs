//! `vestibule init`: sign-in for an app that exists. The package is looked at in [`package`], its
//! code in [`sources`], [`server`] and [`paths`]; what is written is put together in [`draft`], and
//! the edits of the app's own code in [`code`].

mod code;
mod draft;
mod format;
mod manifest;
mod package;
mod paths;
mod server;
mod sources;

use crate::cli::Init;
use crate::error::{Error, Exit};
use crate::routes::Table;
use crate::source::{Crate, LIBRARY};
use crate::terminal;

use self::draft::{Draft, Place};
use self::package::Package;
use self::paths::Paths;
use self::server::{Server, Unsure};
use self::sources::Sources;

/// Where the sign-in expects a debug build.
const BASE_URL: &str = "http://localhost:8080";

/// Runs the command. Whatever keeps sign-in out of the app is said here.
pub(crate) fn run(arguments: &Init) -> Result<Exit, Error> {
    let package = Package::find()?;
    if package.project.has_record() {
        terminal::say("this app has sign-in already (vestibule.toml); nothing to do");
        return Ok(Exit::Done);
    }
    if let Some(objection) = package.objection() {
        return Err(objection);
    }
    let sources = Sources::read(&package)?;
    let paths = Paths::of(&sources);
    let server = Server::find(&sources);
    let found_url = match arguments.port {
        Some(port) => Some(format!("http://localhost:{port}")),
        None => paths.base_url(),
    };
    let place = place(&package, &sources, &paths, &server, found_url.clone())?;
    let server = server.and_then(|server| reaches_ours(server, &paths, place.prefix));
    let mut draft = Draft::new(&package, &sources, place)?;
    let boxes = code::needs_boxes(&sources);
    let app = server.as_ref().err().and_then(|unsure| unsure.app.clone());
    if !arguments.by_hand {
        server
            .and_then(|server| draft.edit(&package, &sources, &server))
            .map_err(|unsure| draft.left_alone(unsure, boxes))?;
    }
    let steps = arguments
        .by_hand
        .then(|| draft.steps(app.as_deref(), boxes));
    let next = Next {
        address: format!("{}{}", draft.place.base_url, draft.place.page_path),
        readme: format!("{}/{LIBRARY}/README.md", draft.crates),
        is_guess: found_url.is_none(),
    };
    if !draft.planned.finish(&package.project, &arguments.plan)? {
        return Ok(Exit::Done);
    }
    for note in package.notes() {
        terminal::note(note);
    }
    if let Some(steps) = steps {
        terminal::result(format_args!("To do by hand:{}\n", steps.as_text()));
    }
    next.show();
    Ok(Exit::Done)
}

/// Routes that are registered after all others aren't reached if one of those takes every path.
fn reaches_ours(server: Server, paths: &Paths, prefix: &str) -> Result<Server, Unsure> {
    if server.is_last && paths.come_before(prefix) {
        return Err(Unsure {
            file: Some(server.file),
            reason:
                "the `App` comes with a route that takes every path, so none that follow would \
                     be reached"
                    .to_owned(),
            app: None,
        });
    }
    Ok(server)
}

/// Where the sign-in goes.
fn place(
    package: &Package,
    sources: &Sources,
    paths: &Paths,
    server: &Result<Server, Unsure>,
    base_url: Option<String>,
) -> Result<Place, Error> {
    let root = match server {
        Ok(server) => Some(server.root.clone()),
        Err(unsure) => unsure
            .file
            .as_ref()
            .and_then(|file| sources.find(file)?.roots.first().cloned()),
    };
    let first = || sources.files.first()?.roots.first().cloned();
    let root = root.or_else(first).ok_or_else(|| {
        let reason = match &sources.unreadable[..] {
            [] => "the package has no source".to_owned(),
            reasons => reasons.join(", "),
        };
        Error::no_sign_in(reason, "see that it builds first, then try again")
    })?;
    let is_lonely = root
        .strip_prefix("src/bin/")
        .is_some_and(|rest| !rest.contains('/'));
    if is_lonely {
        return Err(Error::no_sign_in(
            format!("the server is in {root}, and to Cargo each file beside that is a program"),
            "move it to a folder of its own, as `main.rs`, then try again",
        ));
    }
    let table = match server {
        Ok(server) => whole_table(package, server),
        Err(_) => None,
    };
    let (prefix, page_path) = paths.free(table.as_ref()).ok_or_else(|| {
        Error::no_sign_in(
            "the app has paths of its own below /auth, /sign-in and /oidc".to_owned(),
            "rename one of these, then try again",
        )
    })?;
    Ok(Place {
        root,
        prefix,
        page_path,
        base_url: base_url.unwrap_or_else(|| BASE_URL.to_owned()),
    })
}

/// The routes of the app, if all of them can be told.
fn whole_table(package: &Package, server: &Server) -> Option<Table> {
    let source = Crate::read(&package.project).ok()?;
    let table = Table::read(&source);
    let is_whole = source.unreadable.is_empty()
        && source.files.iter().any(|file| file.path == server.file)
        && !table.is_empty()
        && table.unread.is_empty()
        && table.routes.iter().all(|route| route.path.is_some());
    is_whole.then_some(table)
}

/// What to do next.
struct Next {
    address: String,
    readme: String,
    /// Whether it can't be told where the app listens.
    is_guess: bool,
}

impl Next {
    fn show(&self) {
        if self.is_guess {
            terminal::note(
                "it can't be told where the app listens; if that isn't port 8080, set APP_BASE_URL \
                 to its address, such as http://localhost:3000",
            );
        }
        terminal::result("Next:");
        terminal::result(format_args!(
            "  cargo run               # then open {}",
            self.address
        ));
        terminal::result(format_args!(
            "Sign in as alice or bob, without a password. What you can do now is in {}.",
            self.readme
        ));
        terminal::result(
            "Of the other routes, say who may reach them: `vestibule routes` shows which are undecided.",
        );
        terminal::result("A release build needs the settings in .env.example.");
    }
}
