//! Where an app calls a function of interest, such as `App::new()`, with the code around it.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ItemFn, Signature};

use crate::source::is_for_tests;

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

/// Where a function of interest is called.
#[derive(Clone)]
pub(super) struct Site<'a> {
    /// The body of the innermost function or closure.
    pub(super) body: Body<'a>,
    /// The blocks outside of it, the outermost first.
    pub(super) outside: Vec<&'a Block>,
    /// The function that it is in.
    pub(super) function: Option<&'a Signature>,
}

/// Finds where a function is called.
pub(super) struct Calls<'a, F> {
    is_wanted: F,
    /// The innermost body last, each with the blocks outside of it.
    bodies: Vec<(Body<'a>, Vec<&'a Block>)>,
    blocks: Vec<&'a Block>,
    function: Option<&'a Signature>,
    pub(super) found: Vec<Site<'a>>,
}

impl<'a, F: Fn(&syn::Path) -> bool> Calls<'a, F> {
    pub(super) fn of(is_wanted: F) -> Self {
        Self {
            is_wanted,
            bodies: Vec::new(),
            blocks: Vec::new(),
            function: None,
            found: Vec::new(),
        }
    }

    fn in_function(&mut self, signature: &'a Signature, block: &'a Block) {
        let outer = self.function.replace(signature);
        let blocks = std::mem::take(&mut self.blocks);
        self.bodies.push((Body::Block(block), Vec::new()));
        self.visit_block(block);
        self.bodies.pop();
        self.blocks = blocks;
        self.function = outer;
    }
}

impl<'a, F: Fn(&syn::Path) -> bool> Visit<'a> for Calls<'a, F> {
    fn visit_item_mod(&mut self, _: &'a syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        if !is_for_tests(&function.attrs) {
            self.in_function(&function.sig, &function.block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.in_function(&function.sig, &function.block);
    }

    fn visit_block(&mut self, block: &'a Block) {
        self.blocks.push(block);
        visit::visit_block(self, block);
        self.blocks.pop();
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        self.bodies
            .push((Body::Expr(&closure.body), self.blocks.clone()));
        visit::visit_expr_closure(self, closure);
        self.bodies.pop();
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && (self.is_wanted)(&path.path)
            && let Some((body, outside)) = self.bodies.last()
        {
            self.found.push(Site {
                body: *body,
                outside: outside.clone(),
                function: self.function,
            });
        }
        visit::visit_expr_call(self, call);
    }
}
