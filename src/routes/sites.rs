//! Where an app names something of interest, such as `App::new`, with the code around it.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, ExprCall, ExprMethodCall, ExprPath, Generics, ItemFn};
use syn::{Pat, Signature, Type};

use super::exits::attributes;
use crate::source::{Module, Scope, is_for_tests};

/// The body of a function or a closure.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Block(&'a Block),
    Expr(&'a Expr),
}

impl Body<'_> {
    pub(super) fn span(self) -> proc_macro2::Span {
        match self {
            Self::Block(block) => block.span(),
            Self::Expr(expression) => expression.span(),
        }
    }
}

/// How something is named.
#[derive(Clone, Copy)]
pub(super) enum Use<'a> {
    Called(&'a ExprPath, &'a ExprCall),
    Method(&'a ExprMethodCall),
    /// Without a call.
    Named(&'a ExprPath),
    /// A macro, whose tokens may name anything.
    Macro(&'a syn::Macro),
}

impl Use<'_> {
    fn span(self) -> proc_macro2::Span {
        match self {
            Self::Called(_, call) => call.span(),
            Self::Method(call) => call.span(),
            Self::Named(path) => path.span(),
            Self::Macro(call) => call.span(),
        }
    }
}

/// What can give names other meanings where something is named.
#[derive(Clone, Copy)]
pub(super) enum Outside<'a> {
    Block(&'a Block),
    /// It binds names.
    Pattern(&'a Pat),
    /// It may have run before.
    Again(&'a Block),
}

/// The function that something is in.
#[derive(Clone)]
pub(super) struct InFunction<'a> {
    pub(super) signature: &'a Signature,
    /// What names mean in its signature.
    pub(super) scope: Scope<'a>,
    /// The type that it belongs to, if any.
    pub(super) of: Option<&'a Type>,
}

/// Where something of interest is named.
#[derive(Clone)]
pub(super) struct Site<'a> {
    pub(super) found: Use<'a>,
    pub(super) module: &'a Module,
    /// What names of items mean there.
    pub(super) scope: Scope<'a>,
    /// The body of the innermost function or closure, and how many of `outside` are outside of it.
    pub(super) body: Option<(Body<'a>, usize)>,
    /// What is around it, the outermost first.
    pub(super) outside: Vec<Outside<'a>>,
    pub(super) function: Option<InFunction<'a>>,
    /// Where the text of it begins.
    pub(super) start: usize,
    pub(super) span: proc_macro2::Span,
}

impl<'a> Site<'a> {
    /// The same for the whole of the innermost function or closure.
    pub(super) fn of_body(&self) -> Option<(Body<'a>, Self)> {
        let (body, outside) = self.body?;
        let mut site = self.clone();
        site.outside.truncate(outside);
        site.start = body.span().byte_range().start;
        Some((body, site))
    }
}

/// Finds where something is named in a module.
pub(super) struct Sites<'a, F> {
    is_wanted: F,
    module: &'a Module,
    scope: Scope<'a>,
    bodies: Vec<(Body<'a>, usize)>,
    outside: Vec<Outside<'a>>,
    function: Option<InFunction<'a>>,
    of: Option<&'a Type>,
    found: Vec<Site<'a>>,
}

impl<'a, F: FnMut(&Scope<'a>, Use<'a>) -> bool> Sites<'a, F> {
    pub(super) fn in_module(module: &'a Module, is_wanted: F) -> Vec<Site<'a>> {
        let mut sites = Self {
            is_wanted,
            module,
            scope: Scope::of(module),
            bodies: Vec::new(),
            outside: Vec::new(),
            function: None,
            of: None,
            found: Vec::new(),
        };
        for item in module.items {
            sites.visit_item(item);
        }
        sites.found
    }

    /// Keeps what is wanted. Only of that the span is worked out, which takes all of its tokens.
    fn note(&mut self, found: Use<'a>) {
        if (self.is_wanted)(&self.scope, found) {
            let span = found.span();
            self.found.push(Site {
                found,
                module: self.module,
                scope: self.scope.clone(),
                body: self.bodies.last().copied(),
                outside: self.outside.clone(),
                function: self.function.clone(),
                start: span.byte_range().start,
                span,
            });
        }
    }

    fn in_function(&mut self, signature: &'a Signature, block: &'a Block) {
        let outer_scope = self.scope.clone();
        let function = InFunction {
            signature,
            scope: outer_scope.clone().within(&signature.generics),
            of: self.of,
        };
        self.scope = function.scope.clone();
        let outer = self.function.replace(function);
        let outside = std::mem::take(&mut self.outside);
        let bodies = std::mem::take(&mut self.bodies);
        self.bodies.push((Body::Block(block), 0));
        self.visit_block(block);
        self.bodies = bodies;
        self.outside = outside;
        self.function = outer;
        self.scope = outer_scope;
    }

    /// Looks at code with something more around it.
    fn below(
        &mut self,
        outside: impl IntoIterator<Item = Outside<'a>>,
        visit: impl FnOnce(&mut Self),
    ) {
        let before = self.outside.len();
        self.outside.extend(outside);
        visit(self);
        self.outside.truncate(before);
    }

    fn belonging_to(
        &mut self,
        of: Option<&'a Type>,
        generics: &'a Generics,
        visit: impl FnOnce(&mut Self),
    ) {
        let scope = self.scope.clone();
        let outer = self.of;
        self.scope = scope.clone().within(generics);
        self.of = of;
        visit(self);
        self.of = outer;
        self.scope = scope;
    }
}

impl<'a, F: FnMut(&Scope<'a>, Use<'a>) -> bool> Visit<'a> for Sites<'a, F> {
    fn visit_item_mod(&mut self, _: &'a syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        if !is_test(&function.attrs) {
            let of = self.of.take();
            self.in_function(&function.sig, &function.block);
            self.of = of;
        }
    }

    fn visit_item_impl(&mut self, item: &'a syn::ItemImpl) {
        if !is_for_tests(&item.attrs) {
            self.belonging_to(Some(&item.self_ty), &item.generics, |this| {
                visit::visit_item_impl(this, item);
            });
        }
    }

    fn visit_item_trait(&mut self, item: &'a syn::ItemTrait) {
        self.belonging_to(None, &item.generics, |this| {
            visit::visit_item_trait(this, item)
        });
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            self.in_function(&function.sig, &function.block);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'a syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.in_function(&function.sig, block);
        }
    }

    fn visit_block(&mut self, block: &'a Block) {
        self.scope.enter_block(block);
        self.below([Outside::Block(block)], |this| {
            visit::visit_block(this, block)
        });
        self.scope.leave_block();
    }

    fn visit_stmt(&mut self, statement: &'a syn::Stmt) {
        let is_for_tests = match statement {
            syn::Stmt::Local(local) => is_for_tests(&local.attrs),
            syn::Stmt::Expr(expression, _) => is_for_tests(attributes(expression)),
            _ => false,
        };
        if !is_for_tests {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        let inputs = closure.inputs.iter().map(Outside::Pattern);
        self.below(inputs, |this| {
            let outside = this.outside.len();
            this.bodies.push((Body::Expr(&closure.body), outside));
            visit::visit_expr(this, &closure.body);
            this.bodies.pop();
        });
    }

    fn visit_expr_if(&mut self, branch: &'a syn::ExprIf) {
        self.visit_expr(&branch.cond);
        let patterns = patterns_in(&branch.cond);
        self.below(patterns, |this| this.visit_block(&branch.then_branch));
        if let Some((_, otherwise)) = &branch.else_branch {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_while(&mut self, turn: &'a syn::ExprWhile) {
        let mut outside = vec![Outside::Again(&turn.body)];
        outside.extend(patterns_in(&turn.cond));
        self.below(outside, |this| visit::visit_expr_while(this, turn));
    }

    fn visit_expr_loop(&mut self, turn: &'a syn::ExprLoop) {
        self.below([Outside::Again(&turn.body)], |this| {
            visit::visit_expr_loop(this, turn)
        });
    }

    fn visit_expr_for_loop(&mut self, turn: &'a syn::ExprForLoop) {
        self.visit_expr(&turn.expr);
        let outside = [Outside::Again(&turn.body), Outside::Pattern(&turn.pat)];
        self.below(outside, |this| this.visit_block(&turn.body));
    }

    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        self.below([Outside::Pattern(&arm.pat)], |this| {
            visit::visit_arm(this, arm)
        });
    }

    fn visit_expr_call(&mut self, call: &'a ExprCall) {
        match &*call.func {
            Expr::Path(path) => self.note(Use::Called(path, call)),
            function => self.visit_expr(function),
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        self.note(Use::Method(call));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_path(&mut self, path: &'a ExprPath) {
        self.note(Use::Named(path));
    }

    fn visit_macro(&mut self, call: &'a syn::Macro) {
        self.note(Use::Macro(call));
    }
}

/// The patterns of `if let` and the like.
fn patterns_in(condition: &Expr) -> Vec<Outside<'_>> {
    match condition {
        Expr::Let(condition) => vec![Outside::Pattern(&condition.pat)],
        Expr::Binary(both) => [patterns_in(&both.left), patterns_in(&both.right)].concat(),
        Expr::Paren(inner) => patterns_in(&inner.expr),
        _ => Vec::new(),
    }
}

/// Whether a function is there for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    is_for_tests(attributes)
        || attributes.iter().any(|attribute| {
            let names: Vec<_> = attribute.path().segments.iter().collect();
            match &names[..] {
                [test] => test.ident == "test",
                [runtime, test] => {
                    test.ident == "test"
                        && (runtime.ident == "actix_web"
                            || runtime.ident == "actix_rt"
                            || runtime.ident == "tokio")
                }
                _ => false,
            }
        })
}
