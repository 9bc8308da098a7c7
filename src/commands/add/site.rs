//! The place in an app where a route goes: the function that registers it, and the module that
//! holds its handler.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use syn::{Item, ItemFn};

use super::draft::{Look, handler_path};
use crate::routes::{CLOSURE, Mount, Route, Table, TableKind};
use crate::source::{
    Crate, Def, Module, Scope, SourceFile, Want, as_code, globs, imports, plain_name, root_of,
};

/// The name of the module with the table of routes, wherever it is.
const ROUTES: &str = "routes";

/// Where a route goes.
pub(crate) struct Site<'a> {
    /// The function that registers it, and where that is.
    pub(crate) function: &'a ItemFn,
    pub(crate) function_module: &'a Module,
    pub(crate) function_file: &'a SourceFile,
    /// The module of routes, and its file.
    pub(crate) module: &'a Module,
    pub(crate) module_file: &'a SourceFile,
    /// What comes before the function's paths.
    pub(crate) prefix: String,
    pub(crate) is_public: bool,
    /// Whether only signed-in people get to what the function registers.
    pub(crate) is_protected: bool,
}

impl<'a> Site<'a> {
    /// Finds it, or says why that can't be done safely.
    pub(crate) fn find(source: &'a Crate, table: &Table, is_public: bool) -> Result<Self, String> {
        let path = routes_module(source, table);
        let module = module(source, &path)?;
        let function = function(source, table, module, is_public)?;
        Self::at(source, table, module, function, is_public)
    }

    /// The place in a function, with the handler in a module below `module`.
    fn at(
        source: &'a Crate,
        table: &Table,
        module: &'a Module,
        (function_module, function): (&'a Module, &'a ItemFn),
        is_public: bool,
    ) -> Result<Self, String> {
        let routes = module.path.join("::");
        let module_file = source.file_of(module).ok_or("its file can't be read")?;
        if module.is_inline {
            return Err(format!(
                "the module `{routes}` is written inside {}",
                module_file.path
            ));
        }
        let function_file = source
            .file_of(function_module)
            .ok_or("its file can't be read")?;
        if !source.is_reached(&module.path, &function_module.path) {
            return Err(format!(
                "`{routes}` is private to where {} is, so no handler in it can be named there",
                function_file.path
            ));
        }
        let path = [&function_module.path[..], &[function.sig.ident.to_string()]].concat();
        let name = path.join("::");
        let mount = match &table.mounts_of(&path)[..] {
            [] => return Err(format!("the app doesn't call `{name}`")),
            [mount] => *mount,
            _ => return Err(format!("the app calls `{name}` in several places")),
        };
        let prefix = prefix(mount, &name, is_public)?;
        let span = function.block.brace_token.span;
        let lines = span.open().start().line..=span.close().end().line;
        if let Some((at, what)) = table
            .unread
            .iter()
            .find(|(at, _)| at.file == function_file.path && lines.contains(&at.line))
        {
            return Err(format!("it can't be told what {what} ({at}) registers"));
        }
        Ok(Self {
            function,
            function_module,
            function_file,
            module,
            module_file,
            prefix,
            is_public,
            is_protected: mount.signed_in,
        })
    }

    /// The same in an app that `vestibule init` brought sign-in into: the one function that its
    /// own routes are registered in, or else the table of what is protected. Says too what the
    /// routes there are like.
    pub(crate) fn find_in_adopted(
        source: &'a Crate,
        table: &Table,
        is_public: bool,
    ) -> Result<(Self, Look), String> {
        // In another crate than the hooks, the guards would have another context than theirs.
        let has_hooks = |mount: &&Mount| {
            let root = root_of(&mount.function);
            source.hooks_module(root).is_some() || !source.has_hooks()
        };
        let is_open = |mount: &&Mount| {
            mount.is_configured
                && has_hooks(mount)
                && (mount.kind == Some(TableKind::Public) || !is_public && mount.kind.is_none())
        };
        let is_protected = |mount: &&Mount| !is_public && mount.kind == Some(TableKind::Protected);
        let own = || only_function(table.mounts.iter().filter(is_open));
        let protected = || only_function(table.mounts.iter().filter(is_protected));
        let path = own().or_else(protected).ok_or(if is_public {
            "there isn't exactly one function that `oidc.public(…)` mounts"
        } else {
            "there isn't exactly one function that registers its routes"
        })?;
        let (name, above) = path.split_last().ok_or("it has no name")?;
        let home = module(source, above)?;
        let found = source.find(&Scope::of(home), std::slice::from_ref(name), Want::Value);
        let [Def::Fn(function_module, function)] = found[..] else {
            return Err(format!("there are several functions `{}`", as_code(path)));
        };
        let site = Self::at(source, table, home, (function_module, function), is_public)?;
        let mut its = table
            .routes
            .iter()
            .filter(|it| it.table.as_deref() == Some(path));
        // An attribute registers where its function stands.
        let by_attribute = |route: &Route| route.handler.place.as_ref() == Some(&route.at);
        let look = match its.next() {
            Some(first) if !site.is_protected && by_attribute(first) && its.all(by_attribute) => {
                Look::Attributes
            }
            _ => Look::Calls,
        };
        Ok((site, look))
    }

    /// The path of the function that registers the route.
    pub(crate) fn function_name(&self) -> String {
        let name = self.function.sig.ident.to_string();
        as_code(&[&self.function_module.path[..], &[name]].concat())
    }

    /// The call that begins a route for a method, as it can be written next to the others.
    pub(crate) fn method_call(&self, source: &Crate, method: &str) -> String {
        let scope = Scope::of(self.function_module);
        let inside = InsideNames::of(self.function);
        let means = |name: &str, expected: &[&str], want| {
            !inside.may_hide(name)
                && matches!(
                    &source.find(&scope, &[name.to_owned()], want)[..],
                    [Def::Other(names)] if names == expected
                )
        };
        if means(method, &["actix_web", "web", method], Want::Value) {
            format!("{method}()")
        } else if means("web", &["actix_web", "web"], Want::Type) {
            format!("web::{method}()")
        } else if means("actix_web", &["actix_web"], Want::Type) {
            format!("actix_web::web::{method}()")
        } else {
            format!("::actix_web::web::{method}()")
        }
    }

    /// How a handler of a new module is named where the route is registered.
    pub(crate) fn handler(&self, module: &str, handler: &str) -> String {
        let is_here = self.function_module.path == self.module.path;
        if is_here && !InsideNames::of(self.function).may_hide(module) {
            format!("{module}::{handler}")
        } else {
            handler_path(&self.module.path, module, handler)
        }
    }
}

/// The names that a function gives to things inside it. They go before those of its module.
struct InsideNames {
    names: BTreeSet<String>,
    /// Whether there are more, which only a glob knows.
    has_globs: bool,
}

impl InsideNames {
    fn of(function: &ItemFn) -> Self {
        let mut inside = Self {
            names: BTreeSet::new(),
            has_globs: false,
        };
        inside.visit_signature(&function.sig);
        inside.visit_block(&function.block);
        inside
    }

    fn may_hide(&self, name: &str) -> bool {
        self.has_globs || self.names.contains(name)
    }
}

impl<'ast> Visit<'ast> for InsideNames {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.names.insert(plain_name(&pattern.ident));
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let name = match item {
            Item::Fn(item) => &item.sig.ident,
            Item::Mod(item) => &item.ident,
            Item::Const(item) => &item.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Use(item) => {
                let bound = imports(&item.tree).into_iter().map(|(bound, _)| bound);
                self.names.extend(bound);
                self.has_globs |= !globs(&item.tree).is_empty();
                return;
            }
            _ => return,
        };
        self.names.insert(plain_name(name));
    }
}

/// What comes before the paths of a function, if routes can be added to it.
fn prefix(mount: &Mount, name: &str, is_public: bool) -> Result<String, String> {
    if let Some(condition) = &mount.condition {
        return Err(format!(
            "the app calls `{name}` only under a condition: {condition}"
        ));
    }
    let Some(prefix) = mount.prefix.clone() else {
        return Err(format!(
            "it can't be told below which path `{name}` is mounted"
        ));
    };
    if prefix.contains('{') {
        return Err(format!(
            "`{name}` is mounted below {prefix}, which has parameters"
        ));
    }
    if is_public && mount.signed_in {
        return Err(format!(
            "`{name}` is behind `ensure_authenticated`, so nothing in it is public"
        ));
    }
    Ok(prefix)
}

/// The path of the module that holds the table of routes and the modules of handlers.
pub(crate) fn routes_module(source: &Crate, table: &Table) -> Vec<String> {
    let at_root = vec![ROUTES.to_owned()];
    let called_so = source
        .modules
        .iter()
        .filter(|module| module.path.last().is_some_and(|name| name == ROUTES))
        .map(|module| &module.path);
    let of_table = table
        .mounts
        .iter()
        .filter(|mount| mount.kind == Some(TableKind::Protected))
        .filter_map(|mount| mount.function.split_last())
        .map(|(_, module)| module.to_vec());
    if let Some(path) = only(called_so.cloned()) {
        path
    } else if source.modules_at(&at_root).next().is_some() {
        at_root
    } else {
        only(of_table).unwrap_or(at_root)
    }
}

/// The function that some mounts are of, if all are of one.
fn only_function<'t>(mounts: impl Iterator<Item = &'t Mount>) -> Option<&'t [String]> {
    let paths = mounts.map(|mount| &mount.function[..]);
    only(paths.filter(|path| path.last().is_some_and(|name| name != CLOSURE)))
}

/// The common value of some things, if they are all equal.
fn only<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

fn module<'a>(source: &'a Crate, path: &[String]) -> Result<&'a Module, String> {
    let name = path.join("::");
    let mut modules = source.modules_at(path);
    match (modules.next(), modules.next()) {
        (Some(module), None) => Ok(module),
        (Some(_), Some(_)) => Err(format!("there are several modules `{name}`")),
        (None, _) => Err(match source.unreadable.first() {
            Some(reason) => reason.to_string(),
            None => format!("there is no module `{name}`"),
        }),
    }
}

/// The function that registers such routes: by its name, or else by how the app mounts it.
fn function<'a>(
    source: &'a Crate,
    table: &Table,
    module: &'a Module,
    is_public: bool,
) -> Result<(&'a Module, &'a ItemFn), String> {
    let (name, kind) = if is_public {
        ("public", TableKind::Public)
    } else {
        ("protected", TableKind::Protected)
    };
    let find = |scope: &Scope<'a>, names: &[String]| source.find(scope, names, Want::Value);
    let called_so = find(&Scope::of(module), &[name.to_owned()]);
    let mounted = table.mounts.iter().filter(|mount| mount.kind == Some(kind));
    let found = match only(mounted.map(|mount| mount.function.clone())) {
        Some(path) if !called_so.iter().any(|def| matches!(def, Def::Fn(..))) => {
            let path = [&["crate".to_owned()], &path[..]].concat();
            find(&Scope::of(module), &path)
        }
        _ => called_so,
    };
    let name = [&module.path[..], &[name.to_owned()]].concat().join("::");
    match &found[..] {
        [Def::Fn(module, function)] => Ok((module, function)),
        [_, _, ..] => Err(format!("there are several functions `{name}`")),
        _ => Err(format!("there is no function `{name}`")),
    }
}

/// The routes whose handlers are in a module below the module of routes.
pub(crate) fn routes_of<'t>(table: &'t Table, routes: &[String], module: &str) -> Vec<&'t Route> {
    let prefix = format!("{}::{module}::", routes.join("::"));
    table
        .routes
        .iter()
        .filter(|route| route.handler.name.starts_with(&prefix))
        .collect()
}
