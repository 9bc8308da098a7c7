//! The place in an app where a route goes: the function that registers it, and the module that
//! holds its handler.

use syn::ItemFn;
use syn::visit::{self, Visit};

use crate::routes::{Route, Table};
use crate::source::{Crate, Def, Module, Scope, SourceFile, Want};

/// The module of the table of routes, from the crate's root.
pub(crate) const ROUTES: &str = "routes";

/// Where a route goes.
pub(crate) struct Site<'a> {
    /// The function that registers it, and where that stands.
    pub(crate) function: &'a ItemFn,
    pub(crate) function_module: &'a Module,
    pub(crate) function_file: &'a SourceFile,
    /// The module `routes`, and its file.
    pub(crate) module: &'a Module,
    pub(crate) module_file: &'a SourceFile,
    /// What the function's paths are below.
    pub(crate) prefix: String,
    pub(crate) is_public: bool,
    /// Whether only signed-in people get to what the function registers.
    pub(crate) is_guarded: bool,
}

impl<'a> Site<'a> {
    /// Finds it, or says why that can't be done safely.
    pub(crate) fn find(source: &'a Crate, table: &Table, is_public: bool) -> Result<Self, String> {
        let module = module(source)?;
        let module_file = source.file_of(module).ok_or("its file can't be read")?;
        if module.is_inline {
            return Err(format!(
                "the module `{ROUTES}` stands inside {}",
                module_file.path
            ));
        }
        let name = if is_public { "public" } else { "protected" };
        let (function_module, function) = function(source, module, name)?;
        let function_file = source
            .file_of(function_module)
            .ok_or("its file can't be read")?;
        let path = [&function_module.path[..], &[function.sig.ident.to_string()]].concat();
        let mounts = table.mounts_of(&path);
        let [mount] = &mounts[..] else {
            return Err(match mounts.len() {
                0 => format!("the app doesn't call `{ROUTES}::{name}`"),
                _ => format!("the app calls `{ROUTES}::{name}` in several places"),
            });
        };
        if let Some(condition) = &mount.condition {
            return Err(format!(
                "the app calls `{ROUTES}::{name}` only under a condition: {condition}"
            ));
        }
        let Some(prefix) = mount.prefix.clone() else {
            return Err(format!(
                "the path that `{ROUTES}::{name}` is mounted below can't be told"
            ));
        };
        if prefix.contains('{') {
            return Err(format!(
                "`{ROUTES}::{name}` is mounted below {prefix}, which has parameters"
            ));
        }
        if is_public && mount.signed_in {
            return Err(format!(
                "`{ROUTES}::{name}` is behind `ensure_authenticated`, so nothing in it is public"
            ));
        }
        let span = function.block.brace_token.span;
        let lines = span.open().start().line..=span.close().end().line;
        if let Some((at, what)) = table
            .unread
            .iter()
            .find(|(at, _)| at.file == function_file.path && lines.contains(&at.line))
        {
            return Err(format!("what {what} ({at}) registers can't be told"));
        }
        Ok(Self {
            function,
            function_module,
            function_file,
            module,
            module_file,
            prefix,
            is_public,
            is_guarded: mount.signed_in,
        })
    }

    /// The call that begins a route for a method, as it can be written beside the others.
    pub(crate) fn method_call(&self, source: &Crate, method: &str) -> String {
        let scope = Scope::of(self.function_module);
        let means = |name: &str, expected: &[&str], want| {
            matches!(
                &source.find(&scope, &[name.to_owned()], want)[..],
                [Def::Other(names)] if names == expected
            )
        };
        if means(method, &["actix_web", "web", method], Want::Value) {
            format!("{method}()")
        } else if means("web", &["actix_web", "web"], Want::Type) {
            format!("web::{method}()")
        } else {
            format!("actix_web::web::{method}()")
        }
    }

    /// How a handler of a new module is called where the route is registered.
    pub(crate) fn handler(&self, module: &str, handler: &str) -> String {
        if self.function_module.path == self.module.path {
            format!("{module}::{handler}")
        } else {
            format!("crate::{ROUTES}::{module}::{handler}")
        }
    }
}

fn module(source: &Crate) -> Result<&Module, String> {
    let path = [ROUTES.to_owned()];
    let mut modules = source.modules_at(&path);
    match (modules.next(), modules.next()) {
        (Some(module), None) => Ok(module),
        (Some(_), Some(_)) => Err(format!("there are several modules `{ROUTES}`")),
        (None, _) => Err(match source.unreadable.first() {
            Some(reason) => reason.to_string(),
            None => format!("there is no module `{ROUTES}`"),
        }),
    }
}

fn function<'a>(
    source: &'a Crate,
    module: &'a Module,
    name: &str,
) -> Result<(&'a Module, &'a ItemFn), String> {
    let found = source.find(&Scope::of(module), &[name.to_owned()], Want::Value);
    match &found[..] {
        [Def::Fn(module, function)] => Ok((module, function)),
        [_, _, ..] => Err(format!("there are several functions `{ROUTES}::{name}`")),
        _ => Err(format!("there is no function `{ROUTES}::{name}`")),
    }
}

/// The routes whose handlers are in a module below `routes`.
pub(crate) fn routes_of<'t>(table: &'t Table, module: &str) -> Vec<&'t Route> {
    let prefix = format!("{ROUTES}::{module}::");
    table
        .routes
        .iter()
        .filter(|route| route.handler.name.starts_with(&prefix))
        .collect()
}

/// Why a module can't have this name in `routes`, if so.
pub(crate) fn name_taken(source: &Crate, name: &str) -> Option<String> {
    let module = source.modules_at(&[ROUTES.to_owned()]).next()?;
    if !source.is_free(module, name, Want::Type) {
        return Some(format!("`{ROUTES}` has something called `{name}` already"));
    }
    let file = source.file_of(module).map_or("", |file| file.path.as_str());
    Firsts::of(module, name)
        .followed
        .then(|| format!("{file} uses a crate called `{name}`"))
}

/// Which paths in a module begin with a name.
pub(crate) struct Firsts<'n> {
    name: &'n str,
    /// There are some in which more follows.
    pub(crate) followed: bool,
    /// There are some in which nothing follows.
    pub(crate) alone: bool,
}

impl<'n> Firsts<'n> {
    pub(crate) fn of(module: &Module, name: &'n str) -> Self {
        let mut firsts = Self {
            name,
            followed: false,
            alone: false,
        };
        for item in &module.items {
            firsts.visit_item(item);
        }
        firsts
    }
}

impl<'ast> Visit<'ast> for Firsts<'_> {
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let first = match &item.tree {
            syn::UseTree::Path(path) => Some(&path.ident),
            syn::UseTree::Name(name) => Some(&name.ident),
            syn::UseTree::Rename(rename) => Some(&rename.ident),
            _ => None,
        };
        self.followed |=
            item.leading_colon.is_none() && first.is_some_and(|first| first == self.name);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
            && first.ident == self.name
        {
            self.followed |= path.segments.len() > 1;
            self.alone |= path.segments.len() == 1;
        }
        visit::visit_path(self, path);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        // It may name a constant: `None`.
        self.alone |= pattern.ident == self.name;
        visit::visit_pat_ident(self, pattern);
    }
}
