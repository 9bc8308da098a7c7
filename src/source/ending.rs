//! Whether a statement can follow at the end of a function that registers routes: it has to be
//! reached there, and the function must still have the parameter on which it registers.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::visit::{self, Visit};
use syn::{Block, Expr, FnArg, Ident, Item, ItemFn, Pat, ReturnType, Stmt, Type, UnOp};

use super::edit::CannotEdit;
use super::file::flatten;
use super::names::{Def, Scope, Want};
use super::tree::{Crate, Module, plain_name};

/// What routes are registered by. These leave the parameter where it is.
const METHODS: [&str; 6] = [
    "app_data",
    "configure",
    "default_service",
    "external_resource",
    "route",
    "service",
];
/// Macros that only look at their arguments.
const LOOKING: [&str; 20] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "print",
    "println",
    "stringify",
    "trace",
    "warn",
    "write",
    "writeln",
];

impl Crate {
    /// Fails with the reason why nothing can follow at the end of a function whose parameter is
    /// called `config`.
    pub(crate) fn takes_more(
        &self,
        module: &Module,
        function: &ItemFn,
        config: &str,
    ) -> Result<(), CannotEdit> {
        let reason = ends_in_a_value(function)
            .or_else(|| detour(function, config))
            .or_else(|| self.gives_away(module, function, config));
        match reason {
            Some(reason) => Err(CannotEdit(format!("`{}` {reason}", function.sig.ident))),
            None => Ok(()),
        }
    }

    /// Whether the function may have moved or lent its parameter when it ends. What comes before a
    /// statement that uses it needs no look: the app compiles.
    fn gives_away(&self, module: &Module, function: &ItemFn, config: &str) -> Option<&'static str> {
        let statements = &function.block.stmts;
        let last = statements.iter().rposition(|it| is_use(it, config));
        let rest = last.map_or(0, |last| last + 1);
        let mut uses = Uses {
            source: self,
            scope: Scope::of(module),
            config,
            closures: Vec::new(),
            is_kept: false,
            found: None,
        };
        uses.scope.enter_block(&function.block);
        for statement in statements {
            if let Stmt::Local(local) = statement {
                uses.remember(local);
            }
        }
        for statement in statements.iter().skip(rest) {
            uses.visit_stmt(statement);
        }
        uses.found
    }
}

fn ends_in_a_value(function: &ItemFn) -> Option<&'static str> {
    if !is_unit(&function.sig.output) || function.sig.asyncness.is_some() {
        return Some("returns a value");
    }
    let is_open = match function.block.stmts.last() {
        Some(Stmt::Expr(last, None)) => matches!(
            last,
            Expr::If(_)
                | Expr::Match(_)
                | Expr::ForLoop(_)
                | Expr::While(_)
                | Expr::Block(_)
                | Expr::Unsafe(_)
        ),
        Some(Stmt::Macro(last)) => last.semi_token.is_some(),
        _ => true,
    };
    (!is_open).then_some("ends in an expression without a semicolon")
}

fn is_unit(output: &ReturnType) -> bool {
    match output {
        ReturnType::Default => true,
        ReturnType::Type(_, output) => matches!(&**output, Type::Tuple(it) if it.elems.is_empty()),
    }
}

/// What may keep a function from reaching its end with its parameter in hand.
fn detour(function: &ItemFn, config: &str) -> Option<&'static str> {
    let mut detours = Detours {
        config,
        found: None,
    };
    detours.visit_block(&function.block);
    detours.found
}

struct Detours<'c> {
    config: &'c str,
    found: Option<&'static str>,
}

impl Detours<'_> {
    fn bound(&mut self, name: &Ident) {
        if is_named(name, self.config) {
            self.found = Some("reuses the name of its parameter");
        }
    }
}

impl<'ast> Visit<'ast> for Detours<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Fn(item) => self.bound(&item.sig.ident),
            Item::Const(item) => self.bound(&item.ident),
            Item::Static(item) => self.bound(&item.ident),
            _ => {}
        }
    }

    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}

    fn visit_expr_return(&mut self, _: &'ast syn::ExprReturn) {
        self.found = Some("may return early");
    }

    fn visit_expr_try(&mut self, _: &'ast syn::ExprTry) {
        self.found = Some("may return early");
    }

    fn visit_expr_loop(&mut self, _: &'ast syn::ExprLoop) {
        self.found = Some("has a loop that may never end");
    }

    fn visit_expr_while(&mut self, turn: &'ast syn::ExprWhile) {
        if let Expr::Lit(_) = &*turn.cond {
            self.found = Some("has a loop that may never end");
        }
        visit::visit_expr_while(self, turn);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let names: Vec<String> = path.path.segments.iter().map(name_of).collect();
            if let [.., above, last] = &names[..]
                && above == "process"
                && matches!(last.as_str(), "exit" | "abort")
            {
                self.found = Some("may end the program");
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        for name in bound_by(&local.pat) {
            self.bound(name);
        }
        visit::visit_local(self, local);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(name_of);
        if matches!(
            name.as_deref(),
            Some("panic" | "todo" | "unimplemented" | "unreachable")
        ) {
            self.found = Some("may panic before its end");
        }
    }
}

/// Looks for what may move a parameter, or borrow it for longer than a statement.
struct Uses<'a, 'c> {
    source: &'a Crate,
    scope: Scope<'a>,
    config: &'c str,
    /// Closures with a name, each with the parameters that are written as `&mut`.
    closures: Vec<(&'a Ident, Vec<bool>)>,
    /// Whether the value of the expression is kept.
    is_kept: bool,
    found: Option<&'static str>,
}

const GIVEN_AWAY: &str = "may give its parameter away before its end";

impl<'a> Uses<'a, '_> {
    fn is_config(&self, expression: &Expr) -> bool {
        is_path_to(expression, self.config)
    }

    /// What only uses a value where it is.
    fn in_place(&mut self, expression: &'a Expr) {
        if !self.is_config(expression) {
            self.visit_expr(expression);
        }
    }

    /// Keeps in mind what a closure with a name takes.
    fn remember(&mut self, local: &'a syn::Local) {
        if let (Pat::Ident(name), Some(init)) = (&local.pat, &local.init)
            && let Expr::Closure(closure) = &*init.expr
        {
            let inputs = closure.inputs.iter();
            let lent = inputs.map(|input| matches!(input, Pat::Type(it) if is_mutable(&it.ty)));
            self.closures.push((&name.ident, lent.collect()));
        }
    }

    /// Whether a function gets an argument only for the time of the call.
    fn is_lent_to(&self, function: &Expr, index: usize) -> bool {
        let Expr::Path(path) = without_parens(function) else {
            return false;
        };
        if let Some(name) = path.path.get_ident()
            && let Some((_, lent)) = self.closures.iter().rev().find(|(it, _)| *it == name)
        {
            return lent.get(index) == Some(&true);
        }
        let found = self.source.resolve(&self.scope, &path.path, Want::Value);
        let is_lent = |def: &Def<'_>| {
            let Some((_, function)) = def.function() else {
                return false;
            };
            let input = function.sig.inputs.iter().nth(index);
            let is_mutable = matches!(input, Some(FnArg::Typed(it)) if is_mutable(&it.ty));
            // What it returns may hold on to it.
            is_mutable && (is_unit(&function.sig.output) || !self.is_kept)
        };
        !found.is_empty() && found.iter().all(is_lent)
    }

    fn give_away_if_named(&mut self, code: TokenStream) {
        if mentions(code, self.config) {
            self.found = Some(GIVEN_AWAY);
        }
    }

    /// Visits what a value is made of that is kept.
    fn kept(&mut self, expression: &'a Expr) {
        let outer = std::mem::replace(&mut self.is_kept, true);
        self.visit_expr(expression);
        self.is_kept = outer;
    }
}

impl<'a> Visit<'a> for Uses<'a, '_> {
    fn visit_item(&mut self, _: &'a Item) {}

    fn visit_block(&mut self, block: &'a Block) {
        self.scope.enter_block(block);
        visit::visit_block(self, block);
        self.scope.leave_block();
    }

    fn visit_local(&mut self, local: &'a syn::Local) {
        self.remember(local);
        let Some(init) = &local.init else { return };
        match (&local.pat, &*init.expr) {
            // Written so, it is borrowed and not moved.
            (Pat::Type(pattern), value) if is_mutable(&pattern.ty) && self.is_config(value) => {}
            (_, closure @ Expr::Closure(_)) => self.visit_expr(closure),
            (_, value) => self.kept(value),
        }
        if let Some((_, otherwise)) = &init.diverge {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Path(_) if self.is_config(expression) => self.found = Some(GIVEN_AWAY),
            Expr::MethodCall(call) => {
                if self.is_config(&call.receiver) && !METHODS.iter().any(|it| call.method == it) {
                    self.found = Some(GIVEN_AWAY);
                }
                self.in_place(&call.receiver);
                for argument in &call.args {
                    self.visit_expr(argument);
                }
            }
            Expr::Field(field) => self.in_place(&field.base),
            Expr::Reference(reference) => self.in_place(&reference.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => self.in_place(&unary.expr),
            Expr::Call(call) => {
                self.visit_expr(&call.func);
                for (index, argument) in call.args.iter().enumerate() {
                    if !(self.is_config(argument) && self.is_lent_to(&call.func, index)) {
                        self.visit_expr(argument);
                    }
                }
            }
            Expr::Assign(assign) if self.is_config(&assign.left) => {
                if !is_chain(&assign.right, self.config) {
                    self.found = Some("gives its parameter another value");
                }
            }
            Expr::Assign(assign) => {
                self.visit_expr(&assign.left);
                self.kept(&assign.right);
            }
            Expr::Closure(closure) => {
                let mut names = closure.inputs.iter().flat_map(bound_by);
                if names.any(|name| is_named(name, self.config)) {
                    return;
                }
                if closure.capture.is_some() || self.is_kept {
                    self.give_away_if_named(closure.body.to_token_stream());
                } else {
                    self.visit_expr(&closure.body);
                }
            }
            Expr::Async(block) if block.capture.is_some() || self.is_kept => {
                self.give_away_if_named(block.block.to_token_stream());
            }
            _ => visit::visit_expr(self, expression),
        }
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        let name = call.path.segments.last().map(name_of).unwrap_or_default();
        if !LOOKING.contains(&name.as_str()) {
            self.give_away_if_named(call.tokens.clone());
        }
    }
}

/// Whether a statement, in every build, is nothing but a use of the parameter where it is.
fn is_use(statement: &Stmt, config: &str) -> bool {
    match statement {
        Stmt::Expr(Expr::Assign(assign), Some(_)) => {
            assign.attrs.is_empty()
                && is_path_to(&assign.left, config)
                && is_chain(&assign.right, config)
        }
        Stmt::Expr(expression, Some(_)) => is_chain(expression, config),
        _ => false,
    }
}

/// Whether an expression is a chain of calls that begins with the parameter.
fn is_chain(expression: &Expr, config: &str) -> bool {
    match expression {
        Expr::MethodCall(call) => {
            let is_known = METHODS.iter().any(|method| call.method == method);
            let receiver = &call.receiver;
            is_known
                && call.attrs.is_empty()
                && (is_path_to(receiver, config) || is_chain(receiver, config))
        }
        _ => false,
    }
}

/// Whether an expression without attributes is a name.
fn is_path_to(expression: &Expr, name: &str) -> bool {
    match without_parens(expression) {
        Expr::Path(path) if path.attrs.is_empty() => {
            path.path.get_ident().is_some_and(|it| is_named(it, name))
        }
        _ => false,
    }
}

fn without_parens(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => without_parens(&inner.expr),
        Expr::Group(inner) => without_parens(&inner.expr),
        expression => expression,
    }
}

fn is_mutable(written: &Type) -> bool {
    matches!(written, Type::Reference(reference) if reference.mutability.is_some())
}

fn name_of(segment: &syn::PathSegment) -> String {
    plain_name(&segment.ident)
}

/// Whether two names are the same, also if one of them is written as a raw one.
fn is_named(ident: &Ident, name: &str) -> bool {
    plain_name(ident) == name.strip_prefix("r#").unwrap_or(name)
}

/// The names that a pattern binds.
fn bound_by(pattern: &Pat) -> Vec<&Ident> {
    struct Bound<'ast>(Vec<&'ast Ident>);
    impl<'ast> Visit<'ast> for Bound<'ast> {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.push(&pattern.ident);
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut bound = Bound(Vec::new());
    bound.visit_pat(pattern);
    bound.0
}

/// Whether some code has a name in it. `name!(…)` is something else.
fn mentions(code: TokenStream, name: &str) -> bool {
    let tokens = flatten(code);
    tokens.iter().enumerate().any(|(index, (_, token))| {
        let is_called = matches!(
            tokens.get(index + 1),
            Some((_, Some(TokenTree::Punct(mark)))) if mark.as_char() == '!'
        );
        matches!(token, Some(TokenTree::Ident(ident)) if is_named(ident, name) && !is_called)
    })
}
