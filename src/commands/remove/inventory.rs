//! What belongs to a route: its files and registrations, and who else names it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proc_macro2::{Span, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, Item, ItemFn, Stmt};

use crate::commands::add::draft::TESTS;
use crate::error::Error;
use crate::project::Project;
use crate::routes::Route;
use crate::source::{
    Crate, Def, Module, Scope, SourceFile, Want, flatten, globs, imports, names_of, plain_name,
};

use super::declares;
use super::uses::{Named, names_file, strings_in, test_items};

/// A file, and what it holds.
type File = (String, String);

/// What belongs to a route.
pub(super) struct Inventory<'a> {
    pub(super) module: String,
    /// The module below which it is.
    routes: Vec<String>,
    pub(super) handler: File,
    pub(super) view: Option<File>,
    pub(super) tests: Option<File>,
    /// The file with the `mod` item.
    pub(super) declared_in: String,
    /// Where it is registered, and how that is written.
    pub(super) registered: Vec<(String, String)>,
    /// Where it is registered or declared in another way than by `add route`.
    pub(super) altered: Vec<String>,
    /// What else names it, as reasons to keep it.
    pub(super) named_elsewhere: Vec<String>,
    /// Views that link to it.
    pub(super) linked: Vec<String>,
    registrations: Vec<Registration<'a>>,
}

struct Registration<'a> {
    file: String,
    function: &'a ItemFn,
    statements: Vec<Span>,
}

impl<'a> Inventory<'a> {
    pub(super) fn find(
        project: &Project,
        source: &'a Crate,
        routes_module: &[String],
        name: &str,
        routes: &[&Route],
    ) -> Result<Self, Error> {
        let path = [routes_module, &[name.to_owned()]].concat();
        let mut modules = source.modules_at(&path);
        let file = match (modules.next(), modules.next()) {
            (Some(module), None) if !module.is_inline => source.file_of(module),
            _ => None,
        };
        let Some(file) = file else {
            return Err(Error::RouteInUse(vec![format!(
                "`{}` doesn't have a file of its own",
                path.join("::")
            )]));
        };
        let handler = (file.path.clone(), file.text.clone());
        let declared_in = source
            .modules_at(routes_module)
            .next()
            .and_then(|module| source.file_of(module))
            .map(|file| file.path.clone())
            .unwrap_or_default();
        let text_of = |path: String| -> Result<Option<File>, Error> {
            let bytes = project.read(&path)?;
            Ok(bytes.and_then(|bytes| Some((path, String::from_utf8(bytes).ok()?))))
        };
        let view_name = format!("{name}.html");
        let is_shown = handler.1.contains(&format!("\"{view_name}\""));
        let view = if is_shown {
            text_of(format!("templates/{view_name}"))?
        } else {
            None
        };
        let tests = text_of(format!("tests/it/routes/{name}.rs"))?;
        let mut inventory = Self {
            module: name.to_owned(),
            routes: routes_module.to_vec(),
            handler,
            view,
            tests,
            declared_in,
            registered: Vec::new(),
            altered: Vec::new(),
            named_elsewhere: Vec::new(),
            linked: Vec::new(),
            registrations: Vec::new(),
        };
        inventory.find_registrations(source, routes);
        inventory.find_names(project, source)?;
        inventory.find_views(project, &view_name, routes)?;
        Ok(inventory)
    }

    /// The module's path.
    fn path(&self) -> Vec<String> {
        [&self.routes[..], std::slice::from_ref(&self.module)].concat()
    }

    /// The files that belong to the route alone.
    pub(super) fn own_files(&self) -> impl Iterator<Item = &File> {
        [&self.handler]
            .into_iter()
            .chain(&self.view)
            .chain(&self.tests)
    }

    /// Whether a file of the app has to be edited.
    pub(super) fn may_touch(&self, file: &str) -> bool {
        self.declared_in == file || self.registrations_in(file).next().is_some()
    }

    /// The statements of a file that register it, by function.
    pub(super) fn registrations_in(
        &self,
        file: &str,
    ) -> impl Iterator<Item = (&'a ItemFn, &[Span])> {
        self.registrations
            .iter()
            .filter(move |registration| registration.file == file)
            .map(|registration| (registration.function, &registration.statements[..]))
    }

    fn find_registrations(&mut self, source: &'a Crate, routes: &[&Route]) {
        for module in &source.modules {
            let Some(file) = source.file_of(module) else {
                continue;
            };
            if module.path == self.routes {
                self.find_declaration(&file.path, module.items);
            }
            for item in module.items {
                let Item::Fn(function) = item else { continue };
                if source.config_name(module, function).is_err() {
                    continue;
                }
                let statements: Vec<&Stmt> = function
                    .block
                    .stmts
                    .iter()
                    .filter(|statement| self.names(source, module, statement))
                    .collect();
                for statement in &statements {
                    let place = format!("{}:{}", file.path, statement.span().start().line);
                    let text = file.text.get(file.range(statement.span()));
                    if registers_one(statement) {
                        if !registers_plainly(statement) {
                            self.altered.push(place.clone());
                        }
                        self.registered
                            .push((place, text.unwrap_or_default().to_owned()));
                    } else {
                        self.named_elsewhere
                            .push(format!("{place} registers it together with others"));
                    }
                }
                if !statements.is_empty() {
                    self.registrations.push(Registration {
                        file: file.path.clone(),
                        function,
                        statements: statements.iter().map(|one| one.span()).collect(),
                    });
                }
            }
        }
        if self.registered.len() != routes.len() && self.named_elsewhere.is_empty() {
            let places: Vec<String> = routes.iter().map(|route| route.at.to_string()).collect();
            self.named_elsewhere.push(format!(
                "it can't be told which statement registers it ({})",
                places.join(", ")
            ));
        }
    }

    fn find_declaration(&mut self, file: &str, items: &[Item]) {
        for item in items {
            if let Item::Mod(module) = item
                && declares(item, &self.module)
                && !module.attrs.is_empty()
            {
                let line = module.span().start().line;
                self.altered.push(format!("{file}:{line}"));
            }
        }
    }

    /// Whether code names something in the route's module.
    fn names(&self, source: &'a Crate, module: &'a Module, code: &Stmt) -> bool {
        let mut names = Names {
            inventory: self,
            source,
            scope: Scope::of(module),
            skip: &[],
            found: Vec::new(),
        };
        names.visit_stmt(code);
        !names.found.is_empty()
    }

    fn find_names(&mut self, project: &Project, source: &'a Crate) -> Result<(), Error> {
        let mut found = Vec::new();
        for module in source.all_modules() {
            let Some(file) = source.file_of(module) else {
                continue;
            };
            if module.path.starts_with(&self.path()) {
                continue;
            }
            let skip: Vec<Span> = self
                .registrations_in(&file.path)
                .flat_map(|(_, statements)| statements.to_vec())
                .collect();
            let mut names = Names {
                inventory: self,
                source,
                scope: Scope::of(module),
                skip: &skip,
                found: Vec::new(),
            };
            for item in module.items {
                names.visit_item(item);
            }
            let places = names.found.iter();
            found.extend(places.map(|line| format!("{}:{line} names it", file.path)));
            if file.path == self.handler.0 {
                let other = module.path.join("::");
                found.push(format!("its file is the module `{other}` too"));
            }
        }
        found.extend(self.found_elsewhere(project, source)?);
        self.named_elsewhere.extend(found);
        Ok(())
    }

    /// Where code that isn't read with the library names the route, and where any code names its
    /// files.
    fn found_elsewhere(&mut self, project: &Project, source: &Crate) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let own: Vec<PathBuf> = self
            .own_files()
            .map(|(path, _)| project.real(path))
            .collect();
        let read = source.files.iter().map(|file| project.real(&file.path));
        let read: BTreeSet<PathBuf> = read.collect();
        let near = self.folders_near(source);
        for path in project.code()? {
            let real = project.real(&path);
            let bytes = project.read(&path)?.unwrap_or_default();
            if own.contains(&real) || !String::from_utf8_lossy(&bytes).contains(&self.module) {
                continue;
            }
            let Ok((_, syntax)) = SourceFile::parse(&path, bytes) else {
                found.push(format!("{path} can't be parsed, so it may name it"));
                continue;
            };
            if path == TESTS {
                self.find_declaration(&path, &syntax.items);
            }
            let items = if read.contains(&real) {
                test_items(&syntax.items)
            } else {
                syntax.items.clone()
            };
            let is_near = near.iter().any(|near| real.starts_with(project.real(near)));
            let lines = self.named().lines_in(&items, is_near, path == TESTS);
            found.extend(lines.iter().map(|line| format!("{path}:{line} names it")));
            for (line, text) in strings_in(&syntax.items) {
                let named = self.own_files().find(|(own, _)| names_file(&text, own));
                found.extend(named.map(|(own, _)| format!("{path}:{line} names {own}")));
            }
        }
        let manifest = project.read("Cargo.toml")?.unwrap_or_default();
        let manifest = String::from_utf8_lossy(&manifest);
        let named = self.own_files().filter(|(own, _)| manifest.contains(own));
        found.extend(named.map(|(own, _)| format!("Cargo.toml names {own}")));
        found.dedup();
        Ok(found)
    }

    fn named(&self) -> Named<'_> {
        Named {
            name: &self.module,
            above: self.routes.last().map_or("", String::as_str),
        }
    }

    /// Where code may get to the route by `super` or `self`.
    fn folders_near(&self, source: &Crate) -> Vec<String> {
        let modules = source.modules_at(&self.routes);
        let folders = modules.map(|module| module.folder.clone());
        let tests = TESTS.rsplit_once('/').map(|(folder, _)| folder.to_owned());
        folders
            .chain(tests)
            .chain([self.declared_in.clone()])
            .collect()
    }

    fn find_views(
        &mut self,
        project: &Project,
        view_name: &str,
        routes: &[&Route],
    ) -> Result<(), Error> {
        let own = self.view.as_ref().map(|(path, _)| path.clone());
        let real = own.as_ref().map(|own| project.real(own));
        for path in project.files_below("templates", "")? {
            if real.as_ref() == Some(&project.real(&path)) {
                continue;
            }
            let bytes = project.read(&path)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            if own.as_ref().is_some_and(|own| names_file(&text, own)) {
                self.named_elsewhere
                    .push(format!("{path} includes {view_name}"));
            }
            let is_linked = routes
                .iter()
                .filter_map(|route| route.path.as_deref())
                .any(|route| links_to(&text, route));
            if is_linked {
                self.linked.push(path);
            }
        }
        Ok(())
    }
}

/// Whether a view has a link to a path, perhaps below the app's base path: `{{ … }}/reports`.
fn links_to(view: &str, path: &str) -> bool {
    view.match_indices(path).any(|(at, _)| {
        let before = view.get(..at).and_then(|before| before.chars().next_back());
        let after = view
            .get(at + path.len()..)
            .and_then(|after| after.chars().next());
        matches!(before, Some('"' | '\'' | '}')) && matches!(after, Some('"' | '\'' | '?' | '#'))
    })
}

/// Whether a statement is `cfg.route("…", get().to(…));` and no more.
fn registers_one(statement: &Stmt) -> bool {
    let Stmt::Expr(Expr::MethodCall(call), Some(_)) = statement else {
        return false;
    };
    let is_to = matches!(
        call.args.last(),
        Some(Expr::MethodCall(route)) if route.method == "to"
    );
    call.method == "route" && is_to && matches!(&*call.receiver, Expr::Path(_))
}

/// Whether there is nothing more to such a statement: no attribute, and nothing between `get()`
/// and `.to(…)`.
fn registers_plainly(statement: &Stmt) -> bool {
    let Stmt::Expr(Expr::MethodCall(call), _) = statement else {
        return false;
    };
    let is_plain = matches!(
        call.args.last(),
        Some(Expr::MethodCall(route))
            if matches!(&*route.receiver, Expr::Call(method) if method.args.is_empty())
    );
    is_plain && call.attrs.is_empty()
}

/// Finds paths that lead into the route's module.
struct Names<'t, 'a> {
    inventory: &'t Inventory<'a>,
    source: &'a Crate,
    scope: Scope<'a>,
    skip: &'t [Span],
    /// Their lines.
    found: Vec<usize>,
}

impl Names<'_, '_> {
    fn leads_there(&self, names: &[String], longest: usize) -> bool {
        (1..=longest).any(|length| {
            let path = names.get(..length).unwrap_or_default();
            self.source
                .find(&self.scope, path, Want::Type)
                .iter()
                .any(|def| match def {
                    Def::Module(module) => module.path.starts_with(&self.inventory.path()),
                    _ => false,
                })
        })
    }
}

impl<'ast> Visit<'ast> for Names<'_, '_> {
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let range = statement.span().byte_range();
        if !self.skip.iter().any(|skip| skip.byte_range() == range) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let named = imports(&item.tree).into_iter().map(|(_, path)| path);
        let mut paths = named.chain(globs(&item.tree));
        if item.leading_colon.is_none() && paths.any(|path| self.leads_there(&path, path.len())) {
            self.found.push(item.span().start().line);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = names_of(path);
        if path.leading_colon.is_none() && self.leads_there(&names, names.len().saturating_sub(1)) {
            self.found.push(path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let lines = self.inventory.named().lines_in_tokens(call.tokens.clone());
        self.found.extend(lines);
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let named = self.inventory.named();
        self.found.extend(named.lines_in_attribute(attribute));
    }
}

/// Whether the app has this word more than `expected` times, outside of the route's own files.
pub(super) fn is_named(
    project: &Project,
    inventory: &Inventory<'_>,
    word: &str,
    expected: usize,
) -> Result<bool, Error> {
    let own: Vec<PathBuf> = inventory
        .own_files()
        .map(|(path, _)| project.real(path))
        .collect();
    let mut count = 0;
    for path in project.code()? {
        if path == TESTS || own.contains(&project.real(&path)) {
            continue;
        }
        let bytes = project.read(&path)?.unwrap_or_default();
        if !String::from_utf8_lossy(&bytes).contains(word) {
            continue;
        }
        let Ok((_, syntax)) = SourceFile::parse(&path, bytes) else {
            return Ok(true);
        };
        let tokens = flatten(quote::ToTokens::to_token_stream(&syntax));
        let named = tokens.iter().filter(|(_, token)| {
            matches!(token, Some(TokenTree::Ident(ident)) if plain_name(ident) == word)
        });
        let strings = strings_in(&syntax.items);
        let in_strings = strings.iter().filter(|(_, text)| has_word(text, word));
        count += named.count() + in_strings.count();
    }
    for path in project.files_below("templates", "")? {
        let bytes = project.read(&path)?.unwrap_or_default();
        let is_own = own.contains(&project.real(&path));
        count += usize::from(!is_own && has_word(&String::from_utf8_lossy(&bytes), word));
    }
    Ok(count > expected)
}

fn has_word(text: &str, word: &str) -> bool {
    let mut words = text.split(|character: char| !character.is_alphanumeric() && character != '_');
    words.any(|found| found == word)
}
