//! The list of views: templates and the types that show them, joined with the functions that
//! make these and the routes that lead there.

use std::collections::BTreeSet;

use syn::Item;

use super::calls::{Calls, ItemPath};
use super::refusals::{self, Code};
use super::states::{self, State};
use super::templates::{takers, template_of};
use crate::error::Error;
use crate::project::Project;
use crate::routes::{Place, Route, Table};
use crate::source::{Crate, is_for_tests};

/// Where the templates are.
pub(crate) const FOLDER: &str = "templates";
const ENDING: &str = ".html";
/// What only debug builds have. It makes samples of every view, which are no news.
const DEV: &str = "dev";

/// A template, and what is known of it.
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
    /// The functions that are handed a refusal and may show it by this view.
    pub(crate) refused: Vec<Named>,
    /// The states that the gallery shows it in.
    pub(crate) states: Vec<State>,
    /// The views that it is a part of.
    pub(crate) part_of: Vec<String>,
}

/// An item of the app, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    /// Its path from the crate's root.
    pub(crate) name: String,
    pub(crate) at: Place,
}

/// A request that shows a view.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// `None`: only the running app knows it.
    pub(crate) path: Option<String>,
    pub(crate) condition: Option<String>,
}

/// All views of an app, those of debug builds last, and the codes of its refusals.
#[derive(Debug)]
pub(crate) struct Views {
    pub(crate) views: Vec<View>,
    pub(crate) codes: Vec<Code>,
    /// Where the codes stand.
    pub(crate) codes_at: Option<Place>,
}

impl Views {
    pub(crate) fn read(project: &Project, source: &Crate, table: &Table) -> Result<Self, Error> {
        let files = templates(project)?;
        let calls = Calls::read(source);
        let states = states::read(source);
        let types = types(source);
        let names: BTreeSet<&String> = files
            .iter()
            .map(|(name, _)| name)
            .chain(types.iter().map(|shown| &shown.template))
            .collect();
        let mut views: Vec<View> = names
            .into_iter()
            .map(|template| {
                let mut view = View {
                    name: name_of(template).to_owned(),
                    is_there: files.iter().any(|(name, _)| name == template),
                    types: Vec::new(),
                    makers: Vec::new(),
                    requests: Vec::new(),
                    refused: Vec::new(),
                    states: Vec::new(),
                    part_of: takers(&files, template)
                        .into_iter()
                        .map(|taker| name_of(taker).to_owned())
                        .collect(),
                    template: template.clone(),
                };
                for shown in types.iter().filter(|shown| shown.template == *template) {
                    view.types.push(named(&shown.path, &shown.at));
                    view.follow(&calls, table, &shown.path);
                }
                let states = states.iter().filter(|state| state.template == *template);
                view.states = states.cloned().collect();
                view
            })
            .collect();
        views.sort_by_key(|view| view.name.starts_with("dev/"));
        let (codes_at, codes) = refusals::read(source);
        Ok(Self {
            views,
            codes,
            codes_at,
        })
    }
}

impl View {
    /// Finds who makes a type, and goes from there to the requests that lead to it.
    fn follow(&mut self, calls: &Calls, table: &Table, made: &ItemPath) {
        let is_dev = |path: &ItemPath| path.first().is_some_and(|first| first == DEV);
        let counts = |path: &ItemPath| is_dev(made) || !is_dev(path);
        let mut wanted: Vec<&ItemPath> = Vec::new();
        for (path, function) in calls.makers(made).filter(|(path, _)| counts(path)) {
            self.makers.push(named(path, &function.place));
            wanted.push(path);
        }
        let mut seen: BTreeSet<&ItemPath> = wanted.iter().copied().collect();
        while let Some(path) = wanted.pop() {
            let name = path.join("::");
            let routes = table.routes.iter().filter(|it| it.handler.name == name);
            self.requests.extend(routes.map(request));
            if let Some(function) = calls.get(path).filter(|it| it.takes_refusal) {
                self.refused.push(named(path, &function.place));
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
        self.refused.sort();
    }
}

/// The templates with their texts; what isn't UTF-8 is read as far as it is.
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
        for item in &module.items {
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
