//! Where the app's server is made, and whether sign-in can be put there: the closure that
//! `HttpServer::new` is given, the `App` that it makes, and the statement before which the sign-in
//! can start.

use std::ops::Range;

use proc_macro2::TokenTree;
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, ExprClosure, Item, Pat, ReturnType, Signature, Stmt, Type};

use super::sources::{File, Sources, each_token};
use crate::source::{cfg_of, imports, is_for_tests};

/// The edits of one file that bring sign-in into the app.
#[derive(Debug)]
pub(super) struct Server {
    /// The file, and the one at the root of its crate.
    pub(super) file: String,
    pub(super) root: String,
    /// What comes before the names of modules at the root.
    pub(super) to_root: &'static str,
    /// What the sign-in is called.
    pub(super) name: &'static str,
    /// Before which statement it starts.
    pub(super) statement: Range<usize>,
    pub(super) failing: Failing,
    /// The closure, if it doesn't take along what it uses yet.
    pub(super) closure: Option<Range<usize>>,
    /// The expression that gives the `App`.
    pub(super) app: Range<usize>,
    /// Whether all routes of the app are registered before ours.
    pub(super) is_last: bool,
}

/// What happens if the sign-in can't start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// `?`
    Return,
    /// The process ends.
    Exit,
}

/// Why the code is left alone: in a file if it is known which.
#[derive(Debug)]
pub(super) struct Unsure {
    pub(super) file: Option<String>,
    pub(super) reason: String,
    /// What gives the `App` in place of `App::new()`, as it is written in the closure of the server.
    pub(super) app: Option<String>,
}

impl Unsure {
    fn new(file: &File, reason: impl Into<String>) -> Self {
        Self {
            file: Some(file.file.path.clone()),
            reason: reason.into(),
            app: None,
        }
    }
}

/// What the sign-in may be called.
const NAMES: [&str; 2] = ["oidc", "sign_in"];

impl Server {
    pub(super) fn find(sources: &Sources) -> Result<Self, Unsure> {
        if !sources.unreadable.is_empty() {
            return Err(Unsure {
                file: None,
                reason: sources.unreadable.join(", "),
                app: None,
            });
        }
        let mut found = Vec::new();
        for file in &sources.files {
            let mut servers = Servers::of(sources, file);
            servers.visit_file(&file.syntax);
            found.extend(servers.found.into_iter().map(|site| (file, site)));
        }
        match &found[..] {
            [] => Err(none(sources)),
            [(file, site)] => site.server(sources, file),
            [(file, _), ..] => {
                let places = found.iter().map(|(file, site)| {
                    let line = site.call.span().start().line;
                    format!("{}:{line}", file.file.path)
                });
                let places = places.collect::<Vec<_>>().join(" and ");
                Err(Unsure::new(
                    file,
                    format!("there are several calls of `HttpServer::new` ({places})"),
                ))
            }
        }
    }
}

/// Why there is no server.
fn none(sources: &Sources) -> Unsure {
    let mut files = sources.files.iter();
    if let Some(file) = files.find(|file| mentions(file, "HttpServer")) {
        return Unsure::new(
            file,
            "Actix-web's `HttpServer::new` isn't called outside of macros",
        );
    }
    Unsure {
        file: None,
        reason: "nothing in src/ calls `HttpServer::new`".to_owned(),
        app: None,
    }
}

/// What is around a piece of code.
#[derive(Clone, Copy)]
enum Around<'a> {
    Module,
    Function(&'a Signature),
    Async,
    Closure(&'a ExprClosure),
    Block(&'a Block),
    Statement(&'a Stmt),
}

/// A call of `HttpServer::new`, and what is around it, the outermost first.
struct Site<'a> {
    call: &'a ExprCall,
    around: Vec<Around<'a>>,
}

/// Finds the calls of `HttpServer::new` in a file.
struct Servers<'a> {
    /// What the file calls `HttpServer`.
    names: Vec<String>,
    around: Vec<Around<'a>>,
    found: Vec<Site<'a>>,
}

impl<'a> Servers<'a> {
    fn of(sources: &Sources, file: &'a File) -> Self {
        Self {
            names: names_of(sources, file, "HttpServer"),
            around: Vec::new(),
            found: Vec::new(),
        }
    }

    fn inside(&mut self, around: Around<'a>, visit: impl FnOnce(&mut Self)) {
        self.around.push(around);
        visit(self);
        self.around.pop();
    }
}

impl<'a> Visit<'a> for Servers<'a> {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            self.inside(Around::Module, |this| visit::visit_item_mod(this, module));
        }
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        let is_test = |attr: &syn::Attribute| {
            let last = attr.path().segments.last();
            last.is_some_and(|last| last.ident == "test")
        };
        if is_for_tests(&function.attrs) || function.attrs.iter().any(is_test) {
            return;
        }
        self.inside(Around::Function(&function.sig), |this| {
            visit::visit_item_fn(this, function);
        });
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.inside(Around::Function(&function.sig), |this| {
            visit::visit_impl_item_fn(this, function);
        });
    }

    fn visit_expr_async(&mut self, block: &'a syn::ExprAsync) {
        self.inside(Around::Async, |this| visit::visit_expr_async(this, block));
    }

    fn visit_expr_closure(&mut self, closure: &'a ExprClosure) {
        self.inside(Around::Closure(closure), |this| {
            visit::visit_expr_closure(this, closure);
        });
    }

    fn visit_block(&mut self, block: &'a Block) {
        self.inside(Around::Block(block), |this| visit::visit_block(this, block));
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        self.inside(Around::Statement(statement), |this| {
            visit::visit_stmt(this, statement);
        });
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if is_new_of(call, &self.names) {
            self.found.push(Site {
                call,
                around: self.around.clone(),
            });
        }
        visit::visit_expr_call(self, call);
    }
}

impl Site<'_> {
    fn server(&self, sources: &Sources, file: &File) -> Result<Server, Unsure> {
        let unsure = |reason: &str| Unsure::new(file, reason);
        let [root] = &file.roots[..] else {
            return Err(unsure("it is part of several crates"));
        };
        if self.is_conditional() {
            return Err(unsure("the server is there under a condition only"));
        }
        let (index, function) = self.function().ok_or_else(|| {
            unsure(
                "the function that makes the server isn't `async`, and the sign-in starts with \
                 `.await`",
            )
        })?;
        let inside = self.around.get(index..).unwrap_or_default();
        let (block, mut statement) = innermost_statement(inside)
            .ok_or_else(|| unsure("there is no statement before which the sign-in can start"))?;
        let not_followed = || unsure("it can't be told which closure `HttpServer::new` is given");
        let argument = match self.call.args.iter().collect::<Vec<_>>()[..] {
            [argument] => argument,
            _ => return Err(not_followed()),
        };
        let closure = match variable(argument) {
            Some(name) => {
                let (local, closure) =
                    bound_before(block, statement, &name).ok_or_else(not_followed)?;
                statement = local;
                closure
            }
            None => closure_in(argument).ok_or_else(not_followed)?,
        };
        let (app, is_last) = app_in(sources, file, closure)?;
        let name = NAMES
            .into_iter()
            .find(|name| !mentions(file, name))
            .ok_or_else(|| unsure("the names `oidc` and `sign_in` are taken"))?;
        let range = |span| file.file.range(span);
        let is_plain =
            closure.attrs.is_empty() && closure.asyncness.is_none() && closure.constness.is_none();
        if !is_plain {
            return Err(not_followed());
        }
        let is_root =
            file.file.path == *root && !self.around.iter().any(|it| matches!(it, Around::Module));
        Ok(Server {
            file: file.file.path.clone(),
            root: root.clone(),
            to_root: if is_root { "" } else { "crate::" },
            name,
            statement: range(statement.span()),
            failing: self.failing(file, function, statement),
            closure: closure.capture.is_none().then(|| range(closure.span())),
            app: range(app.span()),
            is_last,
        })
    }

    fn is_conditional(&self) -> bool {
        self.around.iter().any(|around| match around {
            Around::Statement(Stmt::Local(local)) => cfg_of(&local.attrs).is_some(),
            Around::Statement(Stmt::Expr(expression, _)) => {
                let mut conditions = Conditions(false);
                conditions.visit_expr(expression);
                conditions.0
            }
            _ => false,
        })
    }

    /// What has to be `async` for an `.await` next to the server, and is; with the signature if it
    /// is a function.
    fn function(&self) -> Option<(usize, Option<&Signature>)> {
        let mut around = self.around.iter().enumerate().rev();
        around.find_map(|(index, around)| match around {
            Around::Function(it) => Some(it.asyncness.is_some().then_some((index, Some(*it)))),
            Around::Closure(it) => Some(it.asyncness.is_some().then_some((index, None))),
            Around::Async => Some(Some((index, None))),
            Around::Module | Around::Block(_) | Around::Statement(_) => None,
        })?
    }

    fn failing(&self, file: &File, function: Option<&Signature>, statement: &Stmt) -> Failing {
        let mut questions = Questions {
            call: self.call,
            file,
            found: false,
        };
        questions.visit_stmt(statement);
        let takes_io = function.is_some_and(|function| takes_io_errors(file, &function.output));
        if takes_io || questions.found {
            Failing::Return
        } else {
            Failing::Exit
        }
    }
}

/// Looks for parts of an expression that are there in some builds only.
struct Conditions(bool);

impl<'ast> Visit<'ast> for Conditions {
    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.0 |= attribute.path().is_ident("cfg");
    }

    // What is inside of functions and closures has conditions of its own.
    fn visit_block(&mut self, _: &'ast Block) {}
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
}

/// The innermost statement, and the block that it is in.
fn innermost_statement<'a>(around: &[Around<'a>]) -> Option<(&'a Block, &'a Stmt)> {
    // The closure that is given to the server comes after the call, so it isn't among them.
    let mut pairs = around.windows(2).rev();
    pairs.find_map(|pair| match pair {
        [Around::Block(block), Around::Statement(statement)] => Some((*block, *statement)),
        _ => None,
    })
}

/// The variable that an expression is.
fn variable(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => Some(path.path.get_ident()?.to_string()),
        _ => None,
    }
}

/// The closure that an expression gives.
fn closure_in(expression: &Expr) -> Option<&ExprClosure> {
    match expression {
        Expr::Closure(closure) => Some(closure),
        Expr::Paren(inner) => closure_in(&inner.expr),
        Expr::Block(block) => match block.block.stmts.last()? {
            Stmt::Expr(last, None) => closure_in(last),
            _ => None,
        },
        _ => None,
    }
}

/// The closure that a variable is bound to before a statement of a block.
fn bound_before<'a>(
    block: &'a Block,
    statement: &Stmt,
    name: &str,
) -> Option<(&'a Stmt, &'a ExprClosure)> {
    let end = block
        .stmts
        .iter()
        .position(|it| std::ptr::eq(it, statement))?;
    let mut before = block.stmts.get(..end)?.iter().rev();
    before.find_map(|statement| match statement {
        Stmt::Local(local) if local.attrs.is_empty() => match &local.pat {
            Pat::Ident(pattern) if pattern.ident == name => {
                let closure = closure_in(&local.init.as_ref()?.expr)?;
                Some((statement, closure))
            }
            _ => None,
        },
        _ => None,
    })
}

/// The expression in a closure that gives the `App`, and whether it has all of its routes by then.
fn app_in<'a>(
    sources: &Sources,
    file: &File,
    closure: &'a ExprClosure,
) -> Result<(&'a ExprCall, bool), Unsure> {
    let mut apps = Apps {
        names: names_of(sources, file, "App"),
        found: Vec::new(),
    };
    apps.visit_expr(&closure.body);
    match apps.found[..] {
        [app] => return Ok((app, false)),
        [] => {}
        _ => return Err(Unsure::new(file, "`App::new` is called several times")),
    }
    let made = tail(&closure.body).and_then(first_link);
    if let Some(Link::Call(call)) = made
        && gives_app(sources, call)
    {
        return Ok((call, true));
    }
    let unsure = Unsure::new(
        file,
        "it can't be told how the closure that is given to `HttpServer::new` makes its `App`",
    );
    let range = made.map(|made| match made {
        Link::Call(call) => file.file.range(call.span()),
        Link::Macro(call) => file.file.range(call.span()),
    });
    let app = range.and_then(|range| file.file.text.get(range));
    // What has lines of its own is hard to find by its text.
    let app = app.filter(|text| !text.contains('\n'));
    Err(Unsure {
        app: app.map(str::to_owned),
        ..unsure
    })
}

struct Apps<'a> {
    names: Vec<String>,
    found: Vec<&'a ExprCall>,
}

impl<'a> Visit<'a> for Apps<'a> {
    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        if is_new_of(call, &self.names) {
            self.found.push(call);
        }
        visit::visit_expr_call(self, call);
    }
}

/// What a chain of calls begins with.
#[derive(Clone, Copy)]
enum Link<'a> {
    Call(&'a ExprCall),
    Macro(&'a syn::Macro),
}

/// What the body of a closure gives at its end.
enum Tail<'a> {
    Expr(&'a Expr),
    /// A macro with nothing after it is no expression to `syn`, if it stands in a block.
    Macro(&'a syn::Macro),
}

fn tail(body: &Expr) -> Option<Tail<'_>> {
    match body {
        Expr::Block(block) => match block.block.stmts.last()? {
            Stmt::Expr(last, None) => tail(last),
            Stmt::Macro(last) if last.semi_token.is_none() => Some(Tail::Macro(&last.mac)),
            _ => None,
        },
        body => Some(Tail::Expr(body)),
    }
}

fn first_link(tail: Tail<'_>) -> Option<Link<'_>> {
    let mut expression = match tail {
        Tail::Macro(call) => return Some(Link::Macro(call)),
        Tail::Expr(expression) => expression,
    };
    loop {
        match expression {
            Expr::MethodCall(call) => expression = &call.receiver,
            Expr::Call(call) => return Some(Link::Call(call)),
            Expr::Macro(call) => return Some(Link::Macro(&call.mac)),
            _ => return None,
        }
    }
}

/// Whether a function of the app by this name gives an `App`, whichever it is.
fn gives_app(sources: &Sources, call: &ExprCall) -> bool {
    let Expr::Path(path) = &*call.func else {
        return false;
    };
    let Some(name) = path.path.segments.last() else {
        return false;
    };
    let mut outputs = Outputs {
        name: name.ident.to_string(),
        found: Vec::new(),
    };
    for file in &sources.files {
        outputs.visit_file(&file.syntax);
    }
    let is_app = |output: &&ReturnType| match output {
        ReturnType::Type(_, output) => match &**output {
            Type::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|it| it.ident == "App"),
            _ => false,
        },
        ReturnType::Default => false,
    };
    !outputs.found.is_empty() && outputs.found.iter().all(is_app)
}

/// What the functions of a name return.
struct Outputs<'a> {
    name: String,
    found: Vec<&'a ReturnType>,
}

impl<'a> Visit<'a> for Outputs<'a> {
    fn visit_signature(&mut self, signature: &'a Signature) {
        if signature.ident == self.name {
            self.found.push(&signature.output);
        }
    }
}

/// Looks for a `?` on what a server answers with an `std::io::Error`.
struct Questions<'q> {
    call: &'q ExprCall,
    file: &'q File,
    found: bool,
}

impl<'ast> Visit<'ast> for Questions<'_> {
    fn visit_expr_try(&mut self, question: &'ast syn::ExprTry) {
        let asked = match &*question.expr {
            Expr::Await(inner) => &*inner.base,
            other => other,
        };
        if let Expr::MethodCall(asked) = asked {
            let name = asked.method.to_string();
            let is_of_server =
                ["bind", "listen"].iter().any(|it| name.starts_with(it)) || name == "run";
            let range = |call: &ExprCall| self.file.file.range(call.span());
            let is_it =
                innermost(&asked.receiver).is_some_and(|call| range(call) == range(self.call));
            self.found |= is_of_server && is_it;
        }
        visit::visit_expr_try(self, question);
    }

    // `?` ends those, not the function around them.
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}
}

/// The call that a chain begins with, also through `?`.
fn innermost(expression: &Expr) -> Option<&ExprCall> {
    match expression {
        Expr::MethodCall(call) => innermost(&call.receiver),
        Expr::Try(inner) => innermost(&inner.expr),
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

/// Whether `?` on an `std::io::Error` is good in a function with such a result.
fn takes_io_errors(file: &File, output: &ReturnType) -> bool {
    let ReturnType::Type(_, output) = output else {
        return false;
    };
    let Type::Path(path) = &**output else {
        return false;
    };
    let names: Vec<String> = path
        .path
        .segments
        .iter()
        .map(|it| it.ident.to_string())
        .collect();
    if names.last().is_none_or(|last| last != "Result") {
        return false;
    }
    let error = path
        .path
        .segments
        .last()
        .and_then(|last| match &last.arguments {
            syn::PathArguments::AngleBracketed(it) => it.args.iter().nth(1),
            _ => None,
        });
    match error {
        Some(error) => takes(file, error),
        None => KNOWN
            .iter()
            .any(|known| full(file, &names).starts_with(&format!("{known}::"))),
    }
}

/// Crates and modules whose `Result` has an error that is made from any.
const KNOWN: [&str; 4] = ["anyhow", "color_eyre", "eyre", "std::io"];

fn takes(file: &File, error: &syn::GenericArgument) -> bool {
    let syn::GenericArgument::Type(Type::Path(path)) = error else {
        return false;
    };
    let names = path.path.segments.iter().map(|it| it.ident.to_string());
    let name = full(file, &names.collect::<Vec<_>>());
    if name == "Box" {
        let inner = path.path.segments.last().map(|last| &last.arguments);
        return matches!(inner, Some(syn::PathArguments::AngleBracketed(it))
            if matches!(it.args.first(), Some(syn::GenericArgument::Type(Type::TraitObject(_)))));
    }
    [
        "anyhow::Error",
        "color_eyre::Report",
        "color_eyre::eyre::Report",
        "eyre::Report",
        "std::io::Error",
    ]
    .contains(&name.as_str())
}

/// The path of a name as the file imports it.
fn full(file: &File, names: &[String]) -> String {
    let mut path = names.to_vec();
    if let Some(first) = names.first() {
        let imported = file.syntax.items.iter().find_map(|item| match item {
            Item::Use(item) => imports(&item.tree)
                .into_iter()
                .find(|(name, _)| name == first)
                .map(|(_, path)| path),
            _ => None,
        });
        if let Some(imported) = imported {
            path.splice(..1, imported);
        }
    }
    path.join("::")
}

/// What a file calls a type of Actix-web.
fn names_of(sources: &Sources, file: &File, name: &str) -> Vec<String> {
    let is_ours = |first: &String| {
        *first == sources.actix || ["crate", "self", "super"].contains(&first.as_str())
    };
    let mut names = Vec::new();
    let mut is_other = false;
    for item in &file.syntax.items {
        match item {
            Item::Use(item) => {
                for (bound, path) in imports(&item.tree) {
                    let is_it = path.last().is_some_and(|last| last == name)
                        && path.first().is_some_and(is_ours);
                    if is_it {
                        names.push(bound);
                    } else if bound == name {
                        is_other = true;
                    }
                }
            }
            Item::Struct(item) => is_other |= item.ident == name,
            Item::Enum(item) => is_other |= item.ident == name,
            _ => {}
        }
    }
    if !is_other {
        names.push(name.to_owned());
    }
    names
}

/// Whether a call makes a new value of a type by one of these names.
fn is_new_of(call: &ExprCall, names: &[String]) -> bool {
    let Expr::Path(path) = &*call.func else {
        return false;
    };
    let mut last = path.path.segments.iter().rev();
    last.next().is_some_and(|it| it.ident == "new")
        && last
            .next()
            .is_some_and(|it| names.iter().any(|name| it.ident == name))
}

/// Whether a name occurs anywhere in a file.
fn mentions(file: &File, name: &str) -> bool {
    let mut is_named = false;
    each_token(file.syntax.to_token_stream(), &mut |_, token| {
        is_named |= matches!(token, TokenTree::Ident(it) if it == name);
    });
    is_named
}
