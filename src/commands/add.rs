//! `vestibule add route`: from the arguments to a plan that has been checked. What the arguments
//! mean is in [`arguments`], the place in the app is found in [`site`], the new code is put
//! together in [`draft`], names that are in its way are found in [`clashes`], what it takes for
//! granted in [`needs`], the files are edited in [`plan`] and [`shown`], and the result is read again
//! in [`proof`]. Each of them may find an [`Objection`]; [`run`] is where it ends the command.

mod arguments;
mod by_hand;
mod clashes;
pub(super) mod draft;
mod needs;
mod objection;
mod plan;
mod proof;
pub(super) mod shown;
pub(super) mod site;

use syn::{Item, Visibility};

use crate::cli::AddRoute;
use crate::error::{Error, Exit, ManualSteps};
use crate::people::{self, Holder};
use crate::project::Project;
use crate::routes::{Reached, Route, Table};
use crate::scaffold::{Guard, Kind};
use crate::source::{CannotEdit, Crate, Want};
use crate::terminal;

use self::arguments::Arguments;
use self::clashes::NewName;
use self::draft::{Draft, Look};
use self::objection::Objection;
use self::shown::Shown;
use self::site::Site;

/// The app that a route is added to.
struct App {
    project: Project,
    source: Crate,
    table: Table,
}

/// Runs the command. Whatever keeps the route from being added is said here.
pub(crate) fn run(typed: &AddRoute) -> Result<Exit, Error> {
    let mut draft = None;
    add(typed, &mut draft).map_err(|objection| {
        objection.into_error(|without_tests| {
            let steps = draft.map(|draft: Draft| draft.steps(without_tests));
            steps.unwrap_or_else(|| ManualSteps(Vec::new()))
        })
    })
}

fn add(typed: &AddRoute, drafted: &mut Option<Draft>) -> Result<Exit, Objection> {
    let arguments = Arguments::read(typed)?;
    let app = App::read()?;
    let is_public = matches!(arguments.access, arguments::AccessArgument::Public);
    let (site, look, routes) = if app.project.is_initialized()? {
        let (site, look) = adopted_site(&app, &arguments, is_public)?;
        let routes = site.module.path.clone();
        (Ok(site), look, routes)
    } else {
        let site = Site::find(&app.source, &app.table, is_public);
        let routes = site::routes_module(&app.source, &app.table);
        (site, Look::Template, routes)
    };
    let prefix = site.as_ref().map_or("", |site| site.prefix.as_str());
    let draft = Draft::new(&app.source, &routes, arguments, prefix, look)?;
    let draft = drafted.insert(draft);

    let known = site::routes_of(&app.table, &routes, &draft.route.module);
    if !known.is_empty() {
        is_the_same(draft, &known)?;
        terminal::say(format_args!(
            "the route `{}` already exists; nothing to do",
            draft.route.module
        ));
        return Ok(Exit::Done);
    }
    let conflicts = conflicts(&app, draft)?;
    if !conflicts.is_empty() {
        return Err(Objection::Conflict(conflicts));
    }
    let file = format!("src/{}", routes.join("/"));
    let site = site.map_err(|reason| Objection::cannot_edit(&file, CannotEdit(reason)))?;
    needs::check(&app.project, &app.source, draft)?;
    let holder = holder(&app.project, draft)?;
    let mut planned = plan::plan(&app.project, &app.source, &site, draft, holder.as_ref())?;
    let shown = Shown::add(&app.source, &draft.routes, &draft.route);
    for (path, before, after) in shown.changes {
        planned.push(&path, Some(before), Some(after));
    }
    proof::check(
        &app.project,
        &app.source,
        &app.table,
        &planned,
        draft,
        &file,
    )?;
    if planned.finish(&app.project, &typed.plan)? {
        notes(&app, &site, draft, holder.as_ref());
        shown.notes.iter().for_each(terminal::note);
        next_steps(&app.project, draft, holder.as_ref());
    }
    Ok(Exit::Done)
}

/// The place in an app that had routes before it had sign-in.
fn adopted_site<'a>(
    app: &'a App,
    arguments: &Arguments,
    is_public: bool,
) -> Result<(Site<'a>, Look), Objection> {
    let found = if arguments.kind == Kind::Form {
        Err("it has no views of its own that a form would fit into".to_owned())
    } else {
        Site::find_in_adopted(&app.source, &app.table, is_public)
    };
    found.map_err(|reason| by_hand::refusal(&app.source, &app.table, arguments, &reason).into())
}

impl App {
    fn read() -> Result<Self, Error> {
        let project = Project::find_to_edit()?;
        let source = Crate::read(&project)?;
        let table = Table::read(&source);
        Ok(Self {
            project,
            source,
            table,
        })
    }
}

/// Whether a route that is there is the one that was asked for.
fn is_the_same(draft: &Draft, known: &[&Route]) -> Result<(), Objection> {
    let wanted = proof::wanted(draft);
    let is_same = wanted.len() == known.len()
        && wanted
            .iter()
            .all(|wanted| known.iter().any(|known| wanted.is(known)));
    if is_same {
        return Ok(());
    }
    let others = known.iter().map(|route| {
        format!(
            "the route `{}` already exists: {} {}, {} ({})",
            draft.route.module,
            route.method,
            route
                .path
                .as_deref()
                .unwrap_or("at a path that can't be told"),
            route.access,
            route.at,
        )
    });
    Err(Objection::Conflict(others.collect()))
}

/// Everything in the app that is in the way of the new route.
fn conflicts(app: &App, draft: &Draft) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let other_homes = [&draft.handler_file]
        .into_iter()
        .chain(&draft.test_file)
        .filter_map(|(path, _)| Some(format!("{}/mod.rs", path.strip_suffix(".rs")?)));
    let new_files = draft.new_files().map(|(path, _)| path.clone());
    for path in new_files.chain(other_homes) {
        if app.project.has(&path) {
            found.push(format!("{path} already exists"));
        }
    }
    let module = &draft.route.module;
    found.extend(clashes::name_taken(&app.source, &draft.routes, module));
    found.extend(draft.named_twice());
    found.extend(misunderstood(app, draft)?);
    let example = draft.route.example();
    for (method, _) in draft.route.handlers() {
        let path = &draft.route.path;
        match app.table.reach(method.name(), &example) {
            Reached::Handler(handler, at) => found.push(format!(
                "`{}` already answers {method} {path} ({at})",
                handler.name
            )),
            Reached::DeadEnd(Some(at)) => {
                found.push(format!("what {at} registers gets all requests for {path}"));
            }
            Reached::DeadEnd(None) | Reached::Nothing => {}
        }
    }
    Ok(found)
}

/// Code that would no longer mean what it does, once the new names are there.
fn misunderstood(app: &App, draft: &Draft) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let (project, source) = (&app.project, &app.source);
    if let Some(home) = source.modules_at(&draft.routes).next() {
        let mut declared = home.items.iter().filter_map(|item| match item {
            Item::Mod(item) if item.content.is_none() => Some(&item.vis),
            _ => None,
        });
        let is_private = declared.all(|it| matches!(it, Visibility::Inherited));
        let visibility = if is_private {
            Visibility::Inherited
        } else {
            Visibility::Public(syn::token::Pub::default())
        };
        let new = NewName {
            name: &draft.route.module,
            wants: &[Want::Type],
            home,
        };
        found.extend(clashes::misunderstood(project, source, &new, &visibility)?);
    }
    if let Some((role, site)) = &draft.new_role
        && let Some(home) = source.modules_at(&site.module).next()
    {
        let new = NewName {
            name: &role.type_name,
            wants: &[Want::Type, Want::Value],
            home,
        };
        let visibility = Visibility::Public(syn::token::Pub::default());
        found.extend(clashes::misunderstood(project, source, &new, &visibility)?);
    }
    Ok(found)
}

/// Who at the development provider has the role that the route asks for, if the provider decides
/// that.
fn holder(project: &Project, draft: &Draft) -> Result<Option<Holder>, Error> {
    match &draft.route.guard {
        Guard::Role(role) if !role.is_decided_by_app => people::give(project, &role.name).map(Some),
        _ => Ok(None),
    }
}

/// What the person should know of the new route.
fn notes(app: &App, site: &Site<'_>, draft: &Draft, holder: Option<&Holder>) {
    for reason in &app.source.unreadable {
        terminal::note(reason);
    }
    for (at, what) in &app.table.unread {
        terminal::note(format_args!(
            "it can't be told what {what} ({at}) registers, so it may conflict with the new route"
        ));
    }
    for known in app.table.routes.iter().filter(|it| it.path.is_none()) {
        terminal::note(format_args!(
            "the path of a route ({}) can't be told, so it may conflict with the new one",
            known.at
        ));
    }
    if !site.is_public && !site.is_protected {
        terminal::note(format_args!(
            "`{}` isn't behind `ensure_authenticated`: only the handler's own argument guards the \
             route",
            site.function_name()
        ));
    }
    if let Guard::Role(role) = &draft.route.guard
        && role.is_decided_by_app
    {
        terminal::note(format_args!(
            "the app itself decides who has the role `{}`, so no test checks who gets in",
            role.name
        ));
    }
    if let (Guard::Role(role), Some(Holder::Unknown)) = (&draft.route.guard, holder) {
        terminal::note(format_args!(
            "nobody is known to have the role `{}` at the development provider: say who in {}, as \
             crates/vestibule-dev/README.md shows",
            role.name,
            people::LIST,
        ));
    }
}

fn next_steps(project: &Project, draft: &Draft, holder: Option<&Holder>) {
    let route = &draft.route;
    let methods: Vec<&str> = route
        .handlers()
        .into_iter()
        .map(|(method, _)| method.name())
        .collect();
    terminal::result(format_args!(
        "{} {} is for {}.",
        methods.join(" and "),
        route.path,
        route.guard.who("")
    ));
    if let Some(Holder::Given { sub, .. }) = holder {
        terminal::result(format_args!(
            "At the development provider, {sub} is one of them now ({}).",
            people::LIST
        ));
    }
    terminal::result("Next:");
    if project.has_rustfmt_settings() {
        terminal::result("  cargo fmt    # formats it as your rustfmt.toml says");
    }
    match (route.kind, &draft.view_file) {
        (Kind::Page | Kind::Form, Some((view, _))) => {
            terminal::result(format_args!("  {view}    # what it shows"));
        }
        _ => terminal::result(format_args!(
            "  {}    # what it answers",
            draft.handler_file.0
        )),
    }
    if draft.test_file.is_some() {
        terminal::result(format_args!("  cargo test routes::{}::", route.module));
    }
}
