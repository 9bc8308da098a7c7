//! What belongs to a route: its files and registrations, and who else names it.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, Item, ItemFn, Stmt};

use crate::commands::add::draft::TESTS;
use crate::error::Error;
use crate::project::Project;
use crate::routes::Route;
use crate::source::{Crate, Def, Module, Scope, SourceFile, Want, flatten, imports};

use super::declares;

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
                self.find_declaration(&file.path, &module.items);
            }
            for item in &module.items {
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
        for module in &source.modules {
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
            for item in &module.items {
                names.visit_item(item);
            }
            let places = names.found.iter().map(|span| span.start().line);
            found.extend(places.map(|line| format!("{}:{line} names it", file.path)));
        }
        for path in project.files_below("tests", ".rs")? {
            let is_own = self.tests.as_ref().is_some_and(|(own, _)| *own == path);
            let bytes = project.read(&path)?.unwrap_or_default();
            let Ok((_, syntax)) = SourceFile::parse(&path, bytes) else {
                found.push(format!("{path} can't be parsed, so it may name it"));
                continue;
            };
            if path == TESTS {
                self.find_declaration(&path, &syntax.items);
            }
            let tokens = words(quote::ToTokens::to_token_stream(&syntax));
            let lines = tokens.windows(4).filter_map(|window| match window {
                [(first, _), (colon, _), (_, _), (name, line)]
                    if Some(first) == self.routes.last()
                        && colon == ":"
                        && *name == self.module =>
                {
                    Some(line)
                }
                _ => None,
            });
            if !is_own {
                found.extend(lines.map(|line| format!("{path}:{line} names it")));
            }
        }
        self.named_elsewhere.extend(found);
        Ok(())
    }

    fn find_views(
        &mut self,
        project: &Project,
        view_name: &str,
        routes: &[&Route],
    ) -> Result<(), Error> {
        let own = self.view.as_ref().map(|(path, _)| path.clone());
        for path in project.files_below("templates", ".html")? {
            if own.as_ref() == Some(&path) {
                continue;
            }
            let bytes = project.read(&path)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            if own.is_some() && text.contains(&format!("\"{view_name}\"")) {
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
        if own.is_none() {
            return Ok(());
        }
        for path in project.files_below("src", ".rs")? {
            let bytes = project.read(&path)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            if path != self.handler.0 && text.contains(&format!("\"{view_name}\"")) {
                self.named_elsewhere
                    .push(format!("{path} shows templates/{view_name} too"));
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
    found: Vec<Span>,
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
        let is_there = imports(&item.tree)
            .iter()
            .any(|(_, path)| self.leads_there(path, path.len()));
        if is_there && item.leading_colon.is_none() {
            self.found.push(item.span());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if path.leading_colon.is_none() && self.leads_there(&names, names.len().saturating_sub(1)) {
            self.found.push(path.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let tokens = words(call.tokens.clone());
        // A field or a variable comes before a single colon.
        let is_there = tokens.windows(3).any(|window| match window {
            [(name, _), (first, _), (second, _)] => {
                *name == self.inventory.module && first == ":" && second == ":"
            }
            _ => false,
        });
        if is_there {
            self.found.push(call.span());
        }
        visit::visit_macro(self, call);
    }
}

/// The tokens of some source, with their lines.
fn words(tokens: TokenStream) -> Vec<(String, usize)> {
    let tokens = flatten(tokens).into_iter();
    tokens
        .map(|(span, token)| {
            let text = token.map_or_else(String::new, |token| token.to_string());
            (text, span.start().line)
        })
        .collect()
}

/// Whether the source has this word more than `expected` times, outside of the route's own files.
pub(super) fn is_named(
    project: &Project,
    inventory: &Inventory<'_>,
    word: &str,
    expected: usize,
) -> Result<bool, Error> {
    let mut count = 0;
    for folder in ["src", "tests"] {
        for path in project.files_below(folder, ".rs")? {
            if path == TESTS || inventory.own_files().any(|(own, _)| *own == path) {
                continue;
            }
            let bytes = project.read(&path)?.unwrap_or_default();
            let Ok((_, syntax)) = SourceFile::parse(&path, bytes) else {
                return Ok(true);
            };
            let tokens = words(quote::ToTokens::to_token_stream(&syntax));
            count += tokens.iter().filter(|(token, _)| token == word).count();
        }
    }
    Ok(count > expected)
}
