//! The original of a view: as the template has it, or as `add route` wrote it.

use crate::commands::add::site;
use crate::commands::remove::original::Original as OriginalRoute;
use crate::error::Error;
use crate::project::Project;
use crate::routes::Table;
use crate::scaffold::{self, Style};
use crate::source::Crate;
use crate::template::{FILES, File, render, suggestion};
use crate::views::{FOLDER, View, Views};

/// The version of the template that is built into this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The original of a view.
pub(super) struct Original {
    /// The file, from the app's folder.
    pub(super) path: String,
    /// The same, from the folder of the templates.
    pub(super) template: String,
    pub(super) text: String,
    /// The app's source as it was when that was written.
    pub(super) source: Crate,
}

/// What is known of an app.
pub(super) struct App<'a> {
    pub(super) project: &'a Project,
    pub(super) source: &'a Crate,
    pub(super) table: &'a Table,
    pub(super) views: &'a Views,
}

/// Finds the original of a view, which may be given by its name or by its file.
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
        .filter(|file| file.path.starts_with("src/") && file.path.ends_with(".rs"))
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

/// The view that `add route` writes for a route as it is now.
fn of_route(app: &App<'_>, view: &View, path: &str) -> Result<Original, Error> {
    let no_original = |reason: &str| Error::NoOriginal {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let module = view.name.as_str();
    let routes_module = site::routes_module(app.source, app.table);
    let its = format!("{}::{module}::", routes_module.join("::"));
    let routes = site::routes_of(app.table, &routes_module, module);
    let mut types = view.types.iter();
    let Some(shown) = types.find(|shown| shown.name.starts_with(&its)) else {
        return Err(no_original(
            "it came neither with the app nor from `add route`",
        ));
    };
    if routes.is_empty() {
        return Err(no_original("its route is no longer registered"));
    }
    let original = OriginalRoute::of(
        app.source,
        &routes_module,
        module,
        &routes,
        true,
        Style::of_template(),
    );
    let unclear = || no_original("its route has changed since `add route` wrote it");
    let (route, names) = original.route().ok_or_else(unclear)?;
    let text = scaffold::view(route)?.ok_or_else(unclear)?;
    let handler = scaffold::handler(route, names)?;
    let code = std::iter::once((shown.at.file.as_str(), Some(&handler)));
    Ok(Original {
        path: path.to_owned(),
        template: view.template.clone(),
        text,
        source: Crate::read_after(&app.project.with(code), app.source)?,
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
