//! What a view was at first: as the template has it, or as `add route` wrote it.

use crate::commands::add::site;
use crate::commands::remove::memory::Memory;
use crate::error::Error;
use crate::project::Project;
use crate::routes::Table;
use crate::scaffold;
use crate::source::Crate;
use crate::template::{FILES, File, render, suggestion};
use crate::views::{FOLDER, View, Views};

/// The version of the template that is built into this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A view as it was at first.
pub(super) struct Original {
    /// The file, from the app's folder.
    pub(super) path: String,
    /// The same, from the folder of the templates.
    pub(super) template: String,
    pub(super) text: String,
    /// The app's source, with the types as they were made for that text.
    pub(super) source: Crate,
}

/// An app, as far as it is known.
pub(super) struct App<'a> {
    pub(super) project: &'a Project,
    pub(super) source: &'a Crate,
    pub(super) table: &'a Table,
    pub(super) views: &'a Views,
}

/// Finds what a view was at first. It may be called by its name or by its file.
pub(super) fn find(app: &App<'_>, typed: &str) -> Result<Original, Error> {
    let name = typed
        .strip_prefix(FOLDER)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(typed);
    let name = name.strip_suffix(".html").unwrap_or(name);
    let path = format!("{FOLDER}/{name}.html");
    if let Some(file) = FILES.iter().find(|file| file.path == path) {
        return of_template(app.project, file, name);
    }
    let Some(view) = app.views.views.iter().find(|view| view.name == name) else {
        return Err(unknown(app.views, typed));
    };
    of_route(app, view, &path)
}

fn of_template(project: &Project, file: &File, name: &str) -> Result<Original, Error> {
    let record = project.record()?;
    if record.version != VERSION {
        return Err(Error::OtherVersion {
            app: record.version,
            program: VERSION,
        });
    }
    let text = render(std::slice::from_ref(file), &record.name, &record.answers)?
        .into_iter()
        .map(|file| String::from_utf8_lossy(&file.contents).into_owned())
        .collect();
    let code: Vec<(&str, String)> = FILES
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .map(|file| {
            (
                file.path,
                String::from_utf8_lossy(file.contents).into_owned(),
            )
        })
        .collect();
    let code = code.iter().map(|(path, text)| (*path, Some(text)));
    Ok(Original {
        path: file.path.to_owned(),
        template: format!("{name}.html"),
        text,
        source: Crate::read(&project.with(code))?,
    })
}

/// The view that `add route` wrote for a route as it is now.
fn of_route(app: &App<'_>, view: &View, path: &str) -> Result<Original, Error> {
    let no_original = |reason: &str| Error::NoOriginal {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let module = view.name.as_str();
    let is_its = |name: &str| {
        name.strip_prefix(site::ROUTES)
            .and_then(|rest| rest.strip_prefix("::"))
            .and_then(|rest| rest.strip_prefix(module))
            .is_some_and(|rest| rest.starts_with("::"))
    };
    let routes = site::routes_of(app.table, module);
    let Some(shown) = view.types.iter().find(|shown| is_its(&shown.name)) else {
        return Err(no_original(
            "it came neither with the app nor from `add route`",
        ));
    };
    if routes.is_empty() {
        return Err(no_original("its route isn't registered any more"));
    }
    let memory = Memory::of(app.source, module, &routes, true);
    let unclear = || no_original("its route was changed since `add route` wrote it");
    let route = memory.route().ok_or_else(unclear)?;
    let text = scaffold::view(route)?.ok_or_else(unclear)?;
    let handler = scaffold::handler(route)?;
    let code = std::iter::once((shown.at.file.as_str(), Some(&handler)));
    Ok(Original {
        path: path.to_owned(),
        template: view.template.clone(),
        text,
        source: Crate::read(&app.project.with(code))?,
    })
}

fn unknown(views: &Views, typed: &str) -> Error {
    let built_in = FILES.iter().filter_map(|file| {
        let name = file.path.strip_prefix(FOLDER)?.strip_prefix('/')?;
        name.strip_suffix(".html")
    });
    let known = built_in.chain(views.views.iter().map(|view| view.name.as_str()));
    Error::NoView {
        name: typed.to_owned(),
        suggestion: suggestion(typed, known),
    }
}
