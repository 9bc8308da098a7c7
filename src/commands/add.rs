//! `vestibule add route`: from what was asked for to a plan that has been proved right. What was
//! asked for is judged in [`wish`], the app is looked at in [`site`], the files are edited in
//! [`build`], and the result is read again in [`proof`].

pub(super) mod build;
mod proof;
pub(super) mod site;
mod wish;

use crate::cli::AddRoute;
use crate::error::{Error, Exit};
use crate::project::Project;
use crate::routes::{Table, Taker};
use crate::scaffold::{Guard, Kind};
use crate::source::Crate;
use crate::terminal;

use self::proof::Disproof;
use self::site::Site;
use self::wish::Wish;

/// Runs the command.
pub(crate) fn run(arguments: &AddRoute) -> Result<Exit, Error> {
    let wish = Wish::judge(arguments)?;
    let project = Project::find()?;
    let source = Crate::read(&project)?;
    let table = Table::read(&source);
    let site = Site::find(&source, &table, wish.guard.is_public());
    let base = match &site {
        Ok(site) => site.prefix.clone(),
        Err(_) => String::new(),
    };
    let asked = build::Asked::new(&project, &source, wish, &base)?;

    let known = site::routes_of(&table, &asked.route.module);
    if !known.is_empty() {
        return already_there(&asked, &known);
    }
    let in_the_way = in_the_way(&project, &source, &table, &asked)?;
    if !in_the_way.is_empty() {
        return Err(Error::InTheWay(in_the_way));
    }
    let unsure = |reason| asked.unsure("src/routes", reason);
    let site = site.map_err(&unsure)?;
    let planned = build::plan(&project, &source, &site, &asked)?;
    proof::check(&project, &table, &planned, &asked).map_err(|disproof| match disproof {
        Disproof::Hidden(reason) => Error::InTheWay(vec![reason]),
        Disproof::Wrong(reason) => unsure(reason),
    })?;

    if planned.finish(&project, &arguments.plan)? {
        report(&project, &source, &table, &asked, &site);
    }
    Ok(Exit::Done)
}

/// The route is there: nothing to do, unless something else was asked for.
fn already_there(asked: &build::Asked, known: &[&crate::routes::Route]) -> Result<Exit, Error> {
    let wanted = proof::wanted(asked);
    let is_same = wanted.len() == known.len()
        && wanted
            .iter()
            .all(|wanted| known.iter().any(|known| wanted.is(known)));
    if is_same {
        terminal::say(format_args!(
            "`{}` is there already; nothing to do",
            asked.route.module
        ));
        return Ok(Exit::Done);
    }
    let there = known.iter().map(|route| {
        format!(
            "`{}` is there already: {} {}, {} ({})",
            asked.route.module,
            route.method,
            route
                .path
                .as_deref()
                .unwrap_or("at a path that can't be told"),
            route.access,
            route.at,
        )
    });
    Err(Error::InTheWay(there.collect()))
}

/// Everything that the new route would meet.
fn in_the_way(
    project: &Project,
    source: &Crate,
    table: &Table,
    asked: &build::Asked,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for path in asked.new_files() {
        if project.read(path)?.is_some() {
            found.push(format!("{path} exists already"));
        }
    }
    found.extend(site::name_taken(source, &asked.route.module));
    let example = asked.route.example();
    for (method, _) in asked.route.handlers() {
        let path = &asked.route.path;
        match table.taker(method.name(), &example) {
            Taker::Handler(handler, at) => found.push(format!(
                "{method} {path} is taken by `{}` ({at})",
                handler.name
            )),
            Taker::Nothing(Some(at)) => {
                found.push(format!("all of {path} is taken by what {at} registers"));
            }
            Taker::Nothing(None) | Taker::Nobody => {}
        }
    }
    Ok(found)
}

fn report(project: &Project, source: &Crate, table: &Table, asked: &build::Asked, site: &Site<'_>) {
    let route = &asked.route;
    for reason in &source.unreadable {
        terminal::note(reason);
    }
    for (at, what) in &table.unread {
        terminal::note(format_args!(
            "what {what} registers ({at}) can't be told, so neither can whether it is in the way"
        ));
    }
    for known in table.routes.iter().filter(|known| known.path.is_none()) {
        terminal::note(format_args!(
            "the path of what {} registers can't be told, so neither can whether it is in the way",
            known.at
        ));
    }
    if !site.is_public && !site.is_guarded {
        terminal::note(
            "`routes::protected` isn't behind `ensure_authenticated`: only the handler's own \
             argument guards the route",
        );
    }
    if let Guard::Role(role) = &route.guard
        && role.is_decided_here
    {
        terminal::note(format_args!(
            "the app itself decides who has the role `{}`, so no test says who gets in",
            role.name
        ));
    }
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
    terminal::result("Next:");
    if project.has_rustfmt_settings() {
        terminal::result("  cargo fmt    # lays it out as your rustfmt.toml says");
    }
    match route.kind {
        Kind::Json => terminal::result(format_args!(
            "  src/routes/{}.rs    # what it answers",
            route.module
        )),
        Kind::Page | Kind::Form => terminal::result(format_args!(
            "  templates/{}.html    # what it shows",
            route.module
        )),
    }
    if asked.test_file.is_some() {
        terminal::result(format_args!("  cargo test routes::{}::", route.module));
    }
}
