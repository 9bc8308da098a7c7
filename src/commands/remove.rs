//! `vestibule remove route`: removes what `add route` wrote, if nothing else depends on it and
//! nobody has edited it. What belongs to a route is found in [`inventory`], who else uses it in
//! [`uses`], and what `add route` would have written is in [`original`].

mod inventory;
pub(super) mod original;
mod uses;

use syn::Item;

use crate::cli::RemoveRoute;
use crate::commands::add::draft::TESTS;
use crate::commands::add::shown::Shown;
use crate::commands::add::site;
use crate::commands::plan::Planned;
use crate::error::{Error, Exit, ManualSteps, Step};
use crate::people;
use crate::project::Project;
use crate::routes::{Route, Table};
use crate::scaffold::Style;
use crate::source::{CannotEdit, Comment, Crate, Edit, SourceFile, plain_name};
use crate::terminal;

use self::inventory::Inventory;
use self::original::Original;

/// Runs the command.
pub(crate) fn run(arguments: &RemoveRoute) -> Result<Exit, Error> {
    let module = arguments.name.replace('-', "_");
    let project = Project::find_to_edit()?;
    let source = Crate::read(&project)?;
    let table = Table::read(&source);
    let is_adopted = project.is_initialized()?;
    let routes_module = if is_adopted {
        home_of(&table, &module)?
    } else {
        site::routes_module(&source, &table)
    };
    let routes = site::routes_of(&table, &routes_module, &module);
    if routes.is_empty() {
        nothing_there(&table, &routes_module, &arguments.name, &module);
        return Ok(Exit::Done);
    }
    // What shows its page names it too, and goes with it.
    let path = routes.iter().find_map(|route| route.path.as_deref());
    let shown = Shown::remove(&source, &routes_module, &module, path.unwrap_or_default());
    let unshown = project.with(shown.outcome());
    let (source, table) = if shown.changes.is_empty() {
        (source, table)
    } else {
        let source = Crate::read_after(&unshown, &source)?;
        let table = Table::read(&source);
        (source, table)
    };
    let routes = site::routes_of(&table, &routes_module, &module);
    let inventory = Inventory::find(&unshown, &source, &routes_module, &module, &routes)?;
    let (is_page, style) = if is_adopted {
        plain_style(&inventory)
    } else {
        let has_gallery = inventory.handler.1.contains("pub fn sample(");
        let style = Style {
            has_gallery,
            ..Style::of_template()
        };
        (inventory.view.is_some(), style)
    };
    let original = Original::of(&source, &routes_module, &module, &routes, is_page, style);
    let mut reasons = inventory.named_elsewhere.clone();
    if !arguments.force {
        reasons.extend(original.edited(&inventory)?);
    }
    if !reasons.is_empty() {
        return Err(Error::RouteInUse(reasons));
    }
    let cannot_edit =
        |file: &str, CannotEdit(reason): CannotEdit| by_hand(file, reason, &inventory);
    let (mut planned, comments) = plan(&unshown, &source, &inventory, &original, &cannot_edit)?;
    for (path, before, after) in shown.changes {
        planned.push(&path, Some(before), Some(after));
    }
    let (removed, staying): (Vec<_>, Vec<_>) = comments.iter().partition(|(_, it)| it.is_removed);
    if !arguments.force && !removed.is_empty() {
        let reasons = removed.iter().map(|(file, Comment { line, text, .. })| {
            format!("the comment `{text}` ({file}:{line}) would be removed too")
        });
        return Err(Error::RouteInUse(reasons.collect()));
    }
    prove(&unshown, &source, &table, &planned, &routes).map_err(|reason| {
        by_hand(
            &format!("src/{}", routes_module.join("/")),
            reason,
            &inventory,
        )
    })?;
    if planned.finish(&project, &arguments.plan)? {
        terminal::result(format_args!("The route `{module}` was removed."));
        shown.notes.iter().for_each(terminal::note);
        for file in &inventory.linked {
            terminal::note(format_args!("{file} still has a link to it"));
        }
        for (file, Comment { line, text, .. }) in removed {
            terminal::note(format_args!(
                "the comment `{text}` ({file}:{line}) was removed too"
            ));
        }
        for (file, Comment { line, text, .. }) in staying {
            terminal::note(format_args!(
                "the comment `{text}` ({file}:{line}) above it was kept"
            ));
        }
    }
    Ok(Exit::Done)
}

/// The module below which a route's own is, in an app that had routes before it had sign-in.
fn home_of(table: &Table, module: &str) -> Result<Vec<String>, Error> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for route in &table.routes {
        let mut names: Vec<String> = route.handler.name.split("::").map(str::to_owned).collect();
        names.pop();
        if names.pop().is_some_and(|name| name == module) && !found.contains(&names) {
            found.push(names);
        }
    }
    if found.len() > 1 {
        let places = found.iter().map(|above| above.join("::"));
        return Err(Error::RouteInUse(vec![format!(
            "several modules with routes are called `{module}`: in {}",
            places.collect::<Vec<_>>().join(" and ")
        )]));
    }
    Ok(found.pop().unwrap_or_default())
}

/// Whether a route is a page, and how it is written, in an app without views of a new app's kind.
fn plain_style(inventory: &Inventory<'_>) -> (bool, Style) {
    let items = syn::parse_file(&inventory.handler.1).map_or(Vec::new(), |file| file.items);
    let mut handlers = items.iter().filter_map(|item| match item {
        Item::Fn(item) => Some(item),
        _ => None,
    });
    let attribute = handlers.find_map(|handler| {
        let mut attributes = handler.attrs.iter();
        attributes.find_map(|attribute| attribute.parse_args::<syn::LitStr>().ok())
    });
    let is_page = inventory.handler.1.contains("Html::new(");
    let style = Style {
        has_views: false,
        has_gallery: false,
        attribute: attribute.map(|path| path.value()),
    };
    (is_page, style)
}

fn nothing_there(table: &Table, routes_module: &[String], name: &str, module: &str) {
    terminal::say(format_args!("there is no route `{name}`; nothing to do"));
    let prefix = format!("{}::", routes_module.join("::"));
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
    inventory: &Inventory<'_>,
    original: &Original,
    cannot_edit: &dyn Fn(&str, CannotEdit) -> Error,
) -> Result<(Planned, Comments), Error> {
    let mut planned = Planned::default();
    let mut comments = Comments::new();
    for (path, text) in inventory.own_files() {
        planned.push(path, Some(text.clone()), None);
    }
    for file in &source.files {
        if !inventory.may_touch(&file.path) && !original.may_touch(source, &file.path) {
            continue;
        }
        let mut edit = Edit::of(file).map_err(|reason| cannot_edit(&file.path, reason))?;
        let mut is_touched = false;
        for (function, statements) in inventory.registrations_in(&file.path) {
            edit.unregister(function, statements)
                .map_err(|reason| cannot_edit(&file.path, reason))?;
            is_touched = true;
        }
        if file.path == inventory.declared_in {
            edit.remove_items(|item| declares(item, &inventory.module));
            is_touched = true;
        }
        if let Some(role) = original.unused_role(edit.items(), file, inventory, project)? {
            edit.remove_added_items(|item| role.is_about(item));
            is_touched = true;
            if let Some((before, after)) = people::take_back(project, &role.name)? {
                planned.push(people::LIST, Some(before), Some(after));
            }
        }
        if is_touched {
            comments.extend(comments_of(&edit, &file.path));
            let after = edit
                .finish()
                .map_err(|reason| cannot_edit(&file.path, reason))?;
            planned.push(&file.path, Some(file.text.clone()), Some(after));
        }
    }
    if inventory.tests.is_some()
        && let Some(bytes) = project.read(TESTS)?
    {
        let (file, _) = SourceFile::parse(TESTS, bytes)
            .map_err(|reason| cannot_edit(TESTS, CannotEdit(reason.to_string())))?;
        let mut edit = Edit::of(&file).map_err(|reason| cannot_edit(TESTS, reason))?;
        edit.remove_items(|item| declares(item, &inventory.module));
        comments.extend(comments_of(&edit, TESTS));
        let after = edit.finish().map_err(|reason| cannot_edit(TESTS, reason))?;
        planned.push(TESTS, Some(file.text.clone()), Some(after));
    }
    Ok((planned, comments))
}

/// Comments next to what is removed, each with its file.
type Comments = Vec<(String, Comment)>;

fn comments_of(edit: &Edit<'_>, file: &str) -> Comments {
    let comments = edit.comments().iter();
    comments
        .map(|comment| (file.to_owned(), comment.clone()))
        .collect()
}

fn declares(item: &Item, module: &str) -> bool {
    match item {
        Item::Mod(item) => item.content.is_none() && plain_name(&item.ident) == module,
        _ => false,
    }
}

/// Reads the plan again: the route is gone, and nothing else.
fn prove(
    project: &Project,
    source: &Crate,
    before: &Table,
    planned: &Planned,
    gone: &[&Route],
) -> Result<(), String> {
    let after = project.with(planned.outcome());
    let source = Crate::read_after(&after, source).map_err(|error| error.to_string())?;
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

fn by_hand(file: &str, reason: String, inventory: &Inventory<'_>) -> Error {
    let mut steps: Vec<Step> = inventory
        .registered
        .iter()
        .map(|(place, text)| Step {
            place: format!("delete at {place}"),
            lines: text.clone(),
        })
        .collect();
    steps.push(Step {
        place: format!("delete in {}", inventory.declared_in),
        lines: format!("pub mod {};", inventory.module),
    });
    let files: Vec<&str> = inventory
        .own_files()
        .map(|(path, _)| path.as_str())
        .collect();
    steps.push(Step {
        place: "delete the files".to_owned(),
        lines: files.join("\n"),
    });
    Error::CannotEdit {
        file: file.to_owned(),
        reason,
        by_hand: ManualSteps(steps),
    }
}
