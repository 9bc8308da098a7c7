//! The list of views: templates and the types that show them, joined with the functions that
//! make these and the routes that lead there.

use std::collections::BTreeSet;

use syn::Item;

use super::calls::{Calls, ItemPath};
use super::states::{Samples, State};
use super::templates::{template_of, users};
use crate::error::Error;
use crate::project::Project;
use crate::routes::{Place, Route, Table};
use crate::source::{Crate, LIBRARY, is_for_tests};

/// Where the templates are.
pub(crate) const FOLDER: &str = "templates";
const ENDING: &str = ".html";

/// The methods of the library's `Pages`, with the library's handlers that show each. Every handler
/// may end in an error, so none is listed for that.
const PAGES: [(&str, &[&str]); 4] = [
    ("login", &["login", "callback"]),
    ("logged_out", &["logged_out"]),
    ("end_session", &["logout"]),
    ("error", &[]),
];

/// A template, and what is known about it.
#[derive(Debug)]
pub(crate) struct View {
    /// What people call it: its path below `templates/`, without `.html`.
    pub(crate) name: String,
    /// Its path below `templates/`.
    pub(crate) template: String,
    /// Whether there is a file.
    pub(crate) is_there: bool,
    /// The types that show it; usually one.
    pub(crate) types: Vec<Named>,
    /// The functions that make these.
    pub(crate) makers: Vec<Named>,
    /// The routes on which that happens.
    pub(crate) requests: Vec<Request>,
    /// The pages of the library that it shows.
    pub(crate) pages: Vec<Page>,
    /// The states that the gallery shows it in.
    pub(crate) states: Vec<State>,
    /// The views that it is a part of.
    pub(crate) part_of: Vec<String>,
}

/// An item of the app, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    /// Its path from the crate's root.
    pub(crate) name: String,
    pub(crate) at: Place,
}

/// A page of the library that is shown by a view.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Page {
    /// The method of `Pages`.
    pub(crate) method: String,
    /// The app's function for it.
    pub(crate) by: Named,
}

/// A request that shows a view.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// `None`: only the running app knows it.
    pub(crate) path: Option<String>,
    pub(crate) condition: Option<String>,
}

/// All views of an app.
#[derive(Debug)]
pub(crate) struct Views {
    pub(crate) views: Vec<View>,
}

impl Views {
    pub(crate) fn read(project: &Project, source: &Crate, table: &Table) -> Result<Self, Error> {
        let files = templates(project)?;
        let calls = Calls::read(source);
        let samples = Samples::read(source);
        let types = types(source);
        let names: BTreeSet<&String> = files
            .iter()
            .map(|(name, _)| name)
            .chain(types.iter().map(|shown| &shown.template))
            .collect();
        let views = names
            .into_iter()
            .map(|template| {
                let mut view = View {
                    name: name_of(template).to_owned(),
                    is_there: files.iter().any(|(name, _)| name == template),
                    types: Vec::new(),
                    makers: Vec::new(),
                    requests: Vec::new(),
                    pages: Vec::new(),
                    states: Vec::new(),
                    part_of: users(&files, template)
                        .into_iter()
                        .map(|user| name_of(user).to_owned())
                        .collect(),
                    template: template.clone(),
                };
                for shown in types.iter().filter(|shown| shown.template == *template) {
                    view.types.push(named(&shown.path, &shown.at));
                    view.follow(&calls, table, &samples, &shown.path);
                }
                let states = samples.states.iter();
                let states = states.filter(|state| state.template == *template);
                view.states = states.cloned().collect();
                view
            })
            .collect();
        Ok(Self { views })
    }
}

impl View {
    /// Finds who makes a type, and goes from there to the requests that lead to it.
    fn follow(&mut self, calls: &Calls, table: &Table, samples: &Samples, made: &ItemPath) {
        let counts = |path: &ItemPath| samples.have(made) || !samples.have(path);
        let mut wanted: Vec<&ItemPath> = Vec::new();
        for (path, function) in calls.makers(made).filter(|(path, _)| counts(path)) {
            self.makers.push(named(path, &function.place));
            wanted.push(path);
        }
        let mut seen: BTreeSet<&ItemPath> = wanted.iter().copied().collect();
        while let Some(path) = wanted.pop() {
            self.add_requests(table, &path.join("::"));
            if let Some(function) = calls.get(path)
                && let Some(method) = &function.page
            {
                self.pages.push(Page {
                    method: method.clone(),
                    by: named(path, &function.place),
                });
                let known = PAGES.iter().find(|(name, _)| name == method);
                for handler in known.into_iter().flat_map(|(_, handlers)| *handlers) {
                    self.add_requests(table, &format!("{LIBRARY}::{handler}"));
                }
                continue;
            }
            for (caller, _) in calls.callers(path).filter(|(path, _)| counts(path)) {
                if seen.insert(caller) {
                    wanted.push(caller);
                }
            }
        }
        self.makers.sort();
        self.requests.sort();
        self.requests.dedup();
        self.pages.sort();
    }

    fn add_requests(&mut self, table: &Table, handler: &str) {
        let routes = table.routes.iter().filter(|it| it.handler.name == handler);
        self.requests.extend(routes.map(request));
    }
}

/// The templates with their texts. What isn't UTF-8 is read with substitutes.
pub(crate) fn templates(project: &Project) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for path in project.files_below(FOLDER, ENDING)? {
        let bytes = project.read(&path)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(name) = path
            .strip_prefix(FOLDER)
            .and_then(|it| it.strip_prefix('/'))
        {
            found.push((name.to_owned(), text));
        }
    }
    Ok(found)
}

/// A type that shows a template.
#[derive(Debug)]
pub(crate) struct Type {
    /// The template's path below `templates/`.
    pub(crate) template: String,
    /// The names from the crate's root.
    pub(crate) path: Vec<String>,
    at: Place,
}

/// The types that show templates.
pub(crate) fn types(source: &Crate) -> Vec<Type> {
    let mut found = Vec::new();
    for module in &source.modules {
        for item in module.items {
            let (attributes, name) = match item {
                Item::Struct(item) => (&item.attrs, &item.ident),
                Item::Enum(item) => (&item.attrs, &item.ident),
                _ => continue,
            };
            if let Some(template) = template_of(attributes)
                && !is_for_tests(attributes)
            {
                found.push(Type {
                    template,
                    path: [&module.path[..], &[name.to_string()]].concat(),
                    at: Place::of(source, module, name.span()),
                });
            }
        }
    }
    found
}

fn named(path: &[String], at: &Place) -> Named {
    Named {
        name: path.join("::"),
        at: at.clone(),
    }
}

fn name_of(template: &str) -> &str {
    template.strip_suffix(ENDING).unwrap_or(template)
}

fn request(route: &Route) -> Request {
    Request {
        method: route.method.clone(),
        path: route.path.clone(),
        condition: route.condition.clone(),
    }
}
