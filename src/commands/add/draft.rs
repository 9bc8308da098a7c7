//! A new route in the terms of the app: its files, and what a person would do to add it by hand.

use std::collections::BTreeSet;

use proc_macro2::Span;
use syn::Item;
use syn::spanned::Spanned as _;

use crate::error::{ManualSteps, Step};
use crate::scaffold::{self, CALL_WIDTH, Guard, NewRole, NewRoute, RoleType, Style, WIDTH};
use crate::source::{Crate, Def, Module, Scope, Want, as_code, imports, plain_name, root_of};

use super::arguments::{AccessArgument, Arguments};
use super::clashes::{FirstNames, macro_that_may_make};
use super::objection::Objection;
use super::shown;

/// Where tests of routes are declared.
pub(crate) const TESTS: &str = "tests/it/routes/mod.rs";
/// Where roles go if there are none yet.
const HOOKS: &str = "hooks";
/// Names that handlers use for something else than a module with roles.
const IMPORTED: [&str; 6] = [
    "actix_web",
    "askama",
    "csrf",
    "serde",
    "serde_json",
    "views",
];

/// What the routes of an app are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// As those of a new app, with views and tests.
    Template,
    /// Registered by calls like `config.route("/reports", web::get().to(show))`.
    Calls,
    /// Registered by name, with paths in attributes like `#[get("/reports")]`.
    Attributes,
}

/// A file that is to be made: its path and its text.
type NewFile = (String, String);

/// A new route in the terms of the app.
pub(crate) struct Draft {
    pub(super) route: NewRoute,
    /// The module below which its own goes.
    pub(super) routes: Vec<String>,
    /// The path as it is registered, without what comes before it.
    pub(super) registered: String,
    pub(super) new_role: Option<(NewRole, RoleSite)>,
    pub(super) handler_file: NewFile,
    pub(super) view_file: Option<NewFile>,
    pub(super) test_file: Option<NewFile>,
}

/// Where the type of a new role goes.
pub(crate) struct RoleSite {
    pub(super) module: Vec<String>,
    pub(super) file: String,
    /// The last role that is there.
    pub(super) after: Option<Span>,
}

impl Draft {
    /// `prefix` is what comes before the paths of the function that will register it, and `look`
    /// what the app's routes are like.
    pub(super) fn new(
        source: &Crate,
        routes: &[String],
        arguments: Arguments,
        prefix: &str,
        look: Look,
    ) -> Result<Self, Objection> {
        let path = arguments
            .path
            .unwrap_or_else(|| format!("{prefix}/{}", arguments.name));
        let registered = match path.strip_prefix(prefix) {
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => {
                return Err(Objection::Usage(vec![format!(
                    "`{path}` can't be its --path: such routes are mounted below {prefix}, so it \
                     must start with `{prefix}/`"
                )]));
            }
        };
        let (guard, new_role) = guard(source, routes, arguments.access, look)?;
        let names = source.guard_names(root_of(routes));
        let names = names.map_err(Objection::conflict)?;
        let attribute = (look == Look::Attributes).then(|| registered.clone());
        let route = NewRoute {
            module: arguments.module,
            path,
            method: arguments.method,
            guard,
            kind: arguments.kind,
            style: Style {
                has_views: look == Look::Template,
                has_gallery: look == Look::Template && shown::has_gallery(source),
                attribute,
            },
        };
        let folder = source
            .modules_at(routes)
            .next()
            .map_or("src/routes", |module| module.folder.as_str());
        let module = &route.module;
        let view = scaffold::view(&route)?;
        // The tests of an app that existed before have no such helpers.
        let tests = if arguments.with_tests && look == Look::Template {
            Some(scaffold::tests(&route, &names)?)
        } else {
            None
        };
        Ok(Self {
            handler_file: (
                format!("{folder}/{module}.rs"),
                scaffold::handler(&route, &names)?,
            ),
            view_file: view.map(|view| (format!("templates/{module}.html"), view)),
            test_file: tests.map(|tests| (format!("tests/it/routes/{module}.rs"), tests)),
            routes: routes.to_vec(),
            registered,
            new_role,
            route,
        })
    }

    /// What registers a handler, at the top level of a function.
    pub(super) fn statement(&self, config: &str, call: &str, handler: &str) -> String {
        match self.route.style.attribute {
            Some(_) => format!("{config}.service({handler});"),
            None => statement(config, &self.registered, call, handler),
        }
    }

    /// The files that are to be made.
    pub(super) fn new_files(&self) -> impl Iterator<Item = &NewFile> {
        [&self.handler_file]
            .into_iter()
            .chain(&self.view_file)
            .chain(&self.test_file)
    }

    /// Names that the handler would use for two things, so that it can't be compiled.
    pub(super) fn named_twice(&self) -> Vec<String> {
        let (path, text) = &self.handler_file;
        let Ok(syntax) = syn::parse_file(text) else {
            return vec![format!("{path} can't be written with such names")];
        };
        let mut known = BTreeSet::new();
        let mut twice = Vec::new();
        for item in &syntax.items {
            let names = match item {
                Item::Use(item) => imports(&item.tree)
                    .into_iter()
                    .map(|(name, _)| name)
                    .collect(),
                Item::Struct(item) => vec![plain_name(&item.ident)],
                _ => Vec::new(),
            };
            for name in names {
                if !known.insert(name.clone()) {
                    twice.push(format!("{path} would name two things `{name}`"));
                }
            }
        }
        twice
    }

    /// What adds the route by hand.
    pub(super) fn steps(&self, without_tests: bool) -> ManualSteps {
        let module = &self.route.module;
        let routes = as_code(&self.routes);
        let home = match routes.as_str() {
            "" => "at the root of the crate".to_owned(),
            routes => format!("in the module `{routes}`"),
        };
        let function = if self.route.guard == Guard::Public {
            "public"
        } else {
            "protected"
        };
        let mut steps = Vec::new();
        if without_tests {
            steps.push(Step {
                place: "or, to write everything but the tests".to_owned(),
                lines: format!("vestibule add route {module} … --no-tests"),
            });
        }
        let statements = self.route.handlers().into_iter().map(|(method, handler)| {
            let call = format!("actix_web::web::{}()", method.function());
            let handler = handler_path(&self.routes, module, handler);
            self.statement("cfg", &call, &handler) + "\n"
        });
        steps.push(Step {
            place: format!("{home}, next to the other modules"),
            lines: format!("pub mod {module};"),
        });
        steps.push(Step {
            place: if self.route.style.has_views {
                format!("where routes like those of `{routes}::{function}` are registered")
            } else {
                "where the app registers its routes".to_owned()
            },
            lines: statements.collect(),
        });
        if let Some((role, site)) = &self.new_role {
            steps.push(Step {
                place: format!("in {}", site.file),
                lines: scaffold::role(role),
            });
        }
        if self.route.has_sample() {
            steps.push(Step {
                place: "at the end of `samples::gallery`".to_owned(),
                lines: shown::state(&self.routes, &self.route),
            });
        }
        if self.route.has_link() {
            steps.push(Step {
                place: "in the links of the bar, `views::navigation::LINKS`".to_owned(),
                lines: format!("{},", scaffold::link(&self.route)),
            });
        }
        if self.test_file.is_some() {
            steps.push(Step {
                place: format!("in {TESTS}"),
                lines: format!("mod {module};"),
            });
        }
        steps.extend(self.new_files().map(|(path, text)| Step {
            place: format!("new file {path}"),
            lines: text.clone(),
        }));
        ManualSteps(steps)
    }
}

/// A handler's path from the root of its crate on.
pub(super) fn handler_path(routes: &[String], module: &str, handler: &str) -> String {
    let root = "crate".to_owned();
    let path = [&[root], routes, &[module.to_owned(), handler.to_owned()]].concat();
    as_code(&path)
}

/// A registration as rustfmt writes it at the top level of a function.
fn statement(config: &str, path: &str, call: &str, handler: &str) -> String {
    let route = format!("{call}.to({handler})");
    let arguments = format!("\"{path}\", {route}");
    let one = format!("{config}.route({arguments});");
    if arguments.len() <= CALL_WIDTH && one.len() + 4 <= WIDTH {
        one
    } else {
        format!("{config}.route(\n    \"{path}\",\n    {route},\n);")
    }
}

/// The guard in the terms of the app: a role's type is one that is there, or a new one.
fn guard(
    source: &Crate,
    routes: &[String],
    wanted: AccessArgument,
    look: Look,
) -> Result<(Guard, Option<(NewRole, RoleSite)>), Objection> {
    let (name, type_name) = match wanted {
        AccessArgument::Public => return Ok((Guard::Public, None)),
        AccessArgument::SignedIn => return Ok((Guard::SignedIn, None)),
        AccessArgument::Fresh { seconds } => return Ok((Guard::Fresh { seconds }, None)),
        AccessArgument::Role { name, type_name } => (name, type_name),
    };
    let mut known = source
        .roles(root_of(routes))
        .filter(|role| role.name().as_deref() == Some(name.as_str()));
    let Some(role) = known.next() else {
        return new_role(source, routes, name, type_name, look);
    };
    match (&role.of, known.next()) {
        (Some((module, type_name)), None) => {
            let way = source.way_to(module, type_name, routes);
            let Some(way) = way.filter(|_| source.is_always_there(&role)) else {
                let file = source.file_of(module).map_or("", |file| file.path.as_str());
                return Err(Objection::conflict(format!(
                    "`{type_name}` in {file}, which stands for the role `{name}`, is private or \
                     isn't there in every build, so handlers can't name it"
                )));
            };
            let is_decided_by_app = role.is_decided_by_app();
            let role = role_type(source, &way, name, type_name, is_decided_by_app);
            Ok((Guard::Role(role), None))
        }
        (None, None) => Err(Objection::conflict(format!(
            "the type of the role `{name}` has no name that could be imported"
        ))),
        _ => Err(Objection::conflict(format!(
            "several types stand for the role `{name}`"
        ))),
    }
}

/// A new role goes next to the last one that stands where handlers can name it.
fn new_role(
    source: &Crate,
    routes: &[String],
    name: String,
    type_name: String,
    look: Look,
) -> Result<(Guard, Option<(NewRole, RoleSite)>), Objection> {
    let is_open = |module: &Module| {
        !module.is_inline
            && source.is_in_every_build(&module.path)
            && source.is_reached(&module.path, routes)
    };
    let root = root_of(routes);
    let roles = source
        .roles(root)
        .filter(|role| source.is_always_there(role));
    let last = roles.filter(|role| is_open(role.module)).last();
    let hooks = [root, &[HOOKS.to_owned()]].concat();
    let hooks = match look {
        Look::Template => source.modules_at(&hooks).next(),
        // There it may be called anything.
        Look::Calls | Look::Attributes => source.hooks_module(root),
    };
    let home = last.as_ref().map(|last| last.module);
    let Some(module) = home.or(hooks.filter(|hooks| is_open(hooks))) else {
        return Err(Objection::conflict(format!(
            "there is no role yet that handlers can name in every build, and no module `{HOOKS}` \
             to put one in"
        )));
    };
    let file = source.file_of(module).map(|file| file.path.clone());
    let file = file.unwrap_or_default();
    if let Some(reason) = type_taken(source, module, &type_name) {
        return Err(Objection::conflict(format!(
            "{file} {reason}, which isn't the role `{name}`"
        )));
    }
    for module in [Some(module), hooks].into_iter().flatten() {
        if let Some(call) = macro_that_may_make(source, module, &type_name) {
            let file = source.file_of(module).map_or("", |file| &file.path);
            return Err(Objection::conflict(format!(
                "the macro `{call}!` in {file} may make a type `{type_name}`, so it can't be told \
                 whether there is a role `{name}`"
            )));
        }
    }
    let trait_path = match &last {
        Some(last) => last.trait_path.clone(),
        None => trait_path(source, module)?,
    };
    let role = NewRole {
        trait_path,
        type_name: type_name.clone(),
        name: name.clone(),
    };
    let site = RoleSite {
        module: module.path.clone(),
        file,
        after: last.map(|last| last.item.span()),
    };
    let guard = role_type(source, &module.path, name, &type_name, false);
    Ok((Guard::Role(guard), Some((role, site))))
}

/// How handlers name a role's type: by the module that it is known by, so that it can't clash with
/// what else they import.
pub(crate) fn role_type(
    source: &Crate,
    way: &[String],
    name: String,
    type_name: &str,
    is_decided_by_app: bool,
) -> RoleType {
    let below = |names: &[String], last: &str| {
        let path = [&["crate".to_owned()], names, &[last.to_owned()]].concat();
        as_code(&path)
    };
    let library = source.library_path(&[]).concat();
    let is_taken = |last: &String| IMPORTED.contains(&last.as_str()) || *last == library;
    let (import, written) = match way.last() {
        Some(last) if is_taken(last) => (None, below(way, type_name)),
        Some(last) => {
            let written = as_code(&[last.clone(), type_name.to_owned()]);
            (Some(below(way, "self")), written)
        }
        None => (Some(below(way, type_name)), type_name.to_owned()),
    };
    RoleType {
        name,
        import,
        written,
        is_decided_by_app,
    }
}

/// Why a new type can't have this name in a module, if so.
fn type_taken(source: &Crate, module: &Module, name: &str) -> Option<String> {
    let is_free = |want| source.is_free(module, name, want);
    if !is_free(Want::Type) || !is_free(Want::Value) {
        return Some(format!("already has something called `{name}`"));
    }
    // A type of the module's own would hide `Result` and the like.
    let names = FirstNames::of(module.items, name);
    (names.alone || names.followed).then(|| format!("uses a `{name}` from elsewhere"))
}

/// How the first role of an app names the trait, with the app's context as its argument.
fn trait_path(source: &Crate, module: &Module) -> Result<String, Objection> {
    let find = |name: &str| source.find(&Scope::of(module), &[name.to_owned()], Want::Type);
    let name = match &find("Role")[..] {
        [def] if source.in_library(def) == Some("Role") => "Role".to_owned(),
        _ => source.library_path(&["Role"]).join("::"),
    };
    let context = source.context(root_of(&module.path));
    let context = context.map_err(Objection::conflict)?;
    let Some(context) = context else {
        return Ok(name);
    };
    let is_in_scope = match &find(&context.written)[..] {
        [Def::Type(module, name)] => {
            let path = [
                &["crate".to_owned()],
                &module.path[..],
                std::slice::from_ref(name),
            ]
            .concat();
            as_code(&path) == context.import
        }
        _ => false,
    };
    let argument = if is_in_scope {
        context.written
    } else {
        context.import
    };
    Ok(format!("{name}<{argument}>"))
}
