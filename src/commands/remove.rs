//! `vestibule remove route`: takes out what `add route` wrote, if nothing else depends on it and
//! nobody has edited it. What of a route is where is found in [`traces`], and what `add route`
//! would have written is told by [`memory`].

pub(super) mod memory;
mod traces;

use syn::Item;

use crate::cli::RemoveRoute;
use crate::commands::add::build::TESTS;
use crate::commands::add::site;
use crate::commands::plan::Planned;
use crate::error::{ByHand, Error, Exit, Step};
use crate::project::Project;
use crate::routes::{Route, Table};
use crate::source::{Comment, Crate, Edit, SourceFile, Unsure};
use crate::terminal;

use self::memory::Memory;
use self::traces::Traces;

/// Runs the command.
pub(crate) fn run(arguments: &RemoveRoute) -> Result<Exit, Error> {
    let module = arguments.name.replace('-', "_");
    let project = Project::find()?;
    let source = Crate::read(&project)?;
    let table = Table::read(&source);
    let routes = site::routes_of(&table, &module);
    if routes.is_empty() {
        nothing_there(&table, &arguments.name, &module);
        return Ok(Exit::Done);
    }
    let traces = Traces::find(&project, &source, &module, &routes)?;
    let memory = Memory::of(&source, &module, &routes, traces.view.is_some());
    let mut reasons = traces.named_elsewhere.clone();
    if !arguments.force {
        reasons.extend(memory.edited(&project, &traces)?);
    }
    if !reasons.is_empty() {
        return Err(Error::Depended(reasons));
    }
    let unsure = |file: &str, Unsure(reason): Unsure| by_hand(file, reason, &traces);
    let (planned, comments) = plan(&project, &source, &traces, &memory, &unsure)?;
    let (going, staying): (Vec<_>, Vec<_>) = comments.iter().partition(|(_, it)| it.goes);
    if !arguments.force && !going.is_empty() {
        let reasons = going.iter().map(|(file, Comment { line, text, .. })| {
            format!("the comment `{text}` ({file}:{line}) would go with it")
        });
        return Err(Error::Depended(reasons.collect()));
    }
    prove(&project, &table, &planned, &routes)
        .map_err(|reason| by_hand("src/routes", reason, &traces))?;
    if planned.finish(&project, &arguments.plan)? {
        terminal::result(format_args!("`{module}` is gone."));
        for file in &traces.linked {
            terminal::note(format_args!("{file} still has a link to it"));
        }
        for (file, Comment { line, text, .. }) in going {
            terminal::note(format_args!(
                "the comment `{text}` ({file}:{line}) went with it"
            ));
        }
        for (file, Comment { line, text, .. }) in staying {
            terminal::note(format_args!(
                "the comment `{text}` ({file}:{line}), which stood above it, is still there"
            ));
        }
    }
    Ok(Exit::Done)
}

fn nothing_there(table: &Table, name: &str, module: &str) {
    terminal::say(format_args!("there is no route `{name}`; nothing to do"));
    let prefix = format!("{}::", site::ROUTES);
    let similar = table
        .routes
        .iter()
        .filter_map(|route| route.handler.name.strip_prefix(&prefix)?.split("::").next())
        .map(|known| (strsim::damerau_levenshtein(known, module), known))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    if let Some((_, known)) = similar {
        terminal::note(format_args!("there is a route `{known}`"));
    }
}

fn plan(
    project: &Project,
    source: &Crate,
    traces: &Traces<'_>,
    memory: &Memory,
    unsure: &dyn Fn(&str, Unsure) -> Error,
) -> Result<(Planned, Comments), Error> {
    let mut planned = Planned::default();
    let mut comments = Comments::new();
    for (path, text) in traces.own_files() {
        planned.push(path, Some(text.clone()), None);
    }
    for file in &source.files {
        if !traces.may_touch(&file.path) && !memory.may_touch(source, &file.path) {
            continue;
        }
        let mut edit = Edit::of(file).map_err(|reason| unsure(&file.path, reason))?;
        let mut is_touched = false;
        for (function, statements) in traces.registrations_in(&file.path) {
            edit.unregister(function, statements)
                .map_err(|reason| unsure(&file.path, reason))?;
            is_touched = true;
        }
        if file.path == traces.declared_in {
            edit.remove_items(|item| declares(item, &traces.module));
            is_touched = true;
        }
        if let Some(role) = memory.forgettable_role(edit.items(), file, traces, project)? {
            edit.remove_items(|item| role.is_about(item));
            is_touched = true;
        }
        if is_touched {
            comments.extend(comments_of(&edit, &file.path));
            let after = edit.finish().map_err(|reason| unsure(&file.path, reason))?;
            planned.push(&file.path, Some(file.text.clone()), Some(after));
        }
    }
    if traces.tests.is_some()
        && let Some(bytes) = project.read(TESTS)?
    {
        let (file, _) = SourceFile::parse(TESTS, bytes)
            .map_err(|reason| unsure(TESTS, Unsure(reason.to_string())))?;
        let mut edit = Edit::of(&file).map_err(|reason| unsure(TESTS, reason))?;
        edit.remove_items(|item| declares(item, &traces.module));
        comments.extend(comments_of(&edit, TESTS));
        let after = edit.finish().map_err(|reason| unsure(TESTS, reason))?;
        planned.push(TESTS, Some(file.text.clone()), Some(after));
    }
    Ok((planned, comments))
}

/// Comments beside what is taken out, each with its file.
type Comments = Vec<(String, Comment)>;

fn comments_of(edit: &Edit<'_>, file: &str) -> Comments {
    let comments = edit.comments().iter();
    comments
        .map(|comment| (file.to_owned(), comment.clone()))
        .collect()
}

fn declares(item: &Item, module: &str) -> bool {
    match item {
        Item::Mod(item) => item.content.is_none() && item.ident == module,
        _ => false,
    }
}

/// The plan read again: the route is gone, and nothing else.
fn prove(
    project: &Project,
    before: &Table,
    planned: &Planned,
    gone: &[&Route],
) -> Result<(), String> {
    let after = project.with(planned.outcome());
    let source = Crate::read(&after).map_err(|error| error.to_string())?;
    let after = Table::read(&source);
    let kept = before
        .routes
        .iter()
        .filter(|route| !gone.iter().any(|gone| std::ptr::eq(*gone, *route)));
    let found = after.routes.iter().map(Route::outline);
    if kept.map(Route::outline).eq(found) {
        Ok(())
    } else {
        Err("other routes would change".to_owned())
    }
}

fn by_hand(file: &str, reason: String, traces: &Traces<'_>) -> Error {
    let mut steps: Vec<Step> = traces
        .registered
        .iter()
        .map(|(place, text)| Step {
            place: format!("delete at {place}"),
            lines: text.clone(),
        })
        .collect();
    steps.push(Step {
        place: format!("delete in {}", traces.declared_in),
        lines: format!("pub mod {};", traces.module),
    });
    let files: Vec<&str> = traces.own_files().map(|(path, _)| path.as_str()).collect();
    steps.push(Step {
        place: "delete the files".to_owned(),
        lines: files.join("\n"),
    });
    Error::Unsure {
        what: file.to_owned(),
        reason,
        by_hand: ByHand(steps),
    }
}
