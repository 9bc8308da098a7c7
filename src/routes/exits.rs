//! Where code leaves the block that it is in.

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Stmt};

/// Macros that never come back.
const NEVER: [&str; 4] = ["panic", "todo", "unimplemented", "unreachable"];

/// Whether a statement may leave the block that it is in before its end.
pub(super) fn may_leave(statement: &Stmt) -> bool {
    let mut exits = Exits::default();
    exits.visit_stmt(statement);
    exits.leaves
}

/// Whether an expression may give the function that it is in a value.
pub(super) fn may_return(expression: &Expr) -> bool {
    let mut exits = Exits::default();
    exits.visit_expr(expression);
    exits.returns
}

/// Whether a block with a label may get its value by `break`.
pub(super) fn may_break(block: &syn::Block) -> bool {
    let mut exits = Exits::default();
    exits.visit_block(block);
    exits.breaks
}

/// Whether a macro never comes back.
pub(super) fn is_never(call: &syn::Macro) -> bool {
    let last = call.path.segments.last();
    last.is_some_and(|last| NEVER.contains(&last.ident.to_string().as_str()))
}

#[derive(Default)]
struct Exits {
    leaves: bool,
    returns: bool,
    breaks: bool,
    /// How many loops are around the code at hand.
    loops: usize,
}

impl Exits {
    /// `break` and `continue` leave the innermost loop, or the one that they name.
    fn leave_loop(&mut self, label: Option<&syn::Lifetime>) {
        self.leaves |= self.loops == 0 || label.is_some();
    }

    fn in_loop(&mut self, visit: impl FnOnce(&mut Self)) {
        self.loops += 1;
        visit(self);
        self.loops -= 1;
    }
}

impl<'ast> Visit<'ast> for Exits {
    fn visit_expr_return(&mut self, exit: &'ast syn::ExprReturn) {
        self.leaves = true;
        self.returns = true;
        visit::visit_expr_return(self, exit);
    }

    fn visit_expr_break(&mut self, exit: &'ast syn::ExprBreak) {
        self.leave_loop(exit.label.as_ref());
        self.breaks = true;
        visit::visit_expr_break(self, exit);
    }

    fn visit_expr_continue(&mut self, exit: &'ast syn::ExprContinue) {
        self.leave_loop(exit.label.as_ref());
    }

    fn visit_expr_for_loop(&mut self, turn: &'ast syn::ExprForLoop) {
        self.in_loop(|this| visit::visit_expr_for_loop(this, turn));
    }

    fn visit_expr_while(&mut self, turn: &'ast syn::ExprWhile) {
        self.in_loop(|this| visit::visit_expr_while(this, turn));
    }

    fn visit_expr_loop(&mut self, turn: &'ast syn::ExprLoop) {
        self.in_loop(|this| visit::visit_expr_loop(this, turn));
    }

    fn visit_expr_try(&mut self, exit: &'ast syn::ExprTry) {
        self.leaves = true;
        visit::visit_expr_try(self, exit);
    }

    // These are left by themselves.
    fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'ast syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// The attributes of an expression: of a statement too, which has them where its first word is.
pub(super) fn attributes(expression: &Expr) -> Vec<&Attribute> {
    let (own, first): (&[Attribute], Option<&Expr>) = match expression {
        Expr::Array(it) => (&it.attrs, None),
        Expr::Assign(it) => (&it.attrs, Some(&it.left)),
        Expr::Async(it) => (&it.attrs, None),
        Expr::Await(it) => (&it.attrs, Some(&it.base)),
        Expr::Binary(it) => (&it.attrs, Some(&it.left)),
        Expr::Block(it) => (&it.attrs, None),
        Expr::Break(it) => (&it.attrs, None),
        Expr::Call(it) => (&it.attrs, Some(&it.func)),
        Expr::Cast(it) => (&it.attrs, Some(&it.expr)),
        Expr::Closure(it) => (&it.attrs, None),
        Expr::Const(it) => (&it.attrs, None),
        Expr::Continue(it) => (&it.attrs, None),
        Expr::Field(it) => (&it.attrs, Some(&it.base)),
        Expr::ForLoop(it) => (&it.attrs, None),
        Expr::Group(it) => (&it.attrs, None),
        Expr::If(it) => (&it.attrs, None),
        Expr::Index(it) => (&it.attrs, Some(&it.expr)),
        Expr::Infer(it) => (&it.attrs, None),
        Expr::Let(it) => (&it.attrs, None),
        Expr::Lit(it) => (&it.attrs, None),
        Expr::Loop(it) => (&it.attrs, None),
        Expr::Macro(it) => (&it.attrs, None),
        Expr::Match(it) => (&it.attrs, None),
        Expr::MethodCall(it) => (&it.attrs, Some(&it.receiver)),
        Expr::Paren(it) => (&it.attrs, None),
        Expr::Path(it) => (&it.attrs, None),
        Expr::Range(it) => (&it.attrs, it.start.as_deref()),
        Expr::RawAddr(it) => (&it.attrs, None),
        Expr::Reference(it) => (&it.attrs, None),
        Expr::Repeat(it) => (&it.attrs, None),
        Expr::Return(it) => (&it.attrs, None),
        Expr::Struct(it) => (&it.attrs, None),
        Expr::Try(it) => (&it.attrs, Some(&it.expr)),
        Expr::TryBlock(it) => (&it.attrs, None),
        Expr::Tuple(it) => (&it.attrs, None),
        Expr::Unary(it) => (&it.attrs, None),
        Expr::Unsafe(it) => (&it.attrs, None),
        Expr::While(it) => (&it.attrs, None),
        Expr::Yield(it) => (&it.attrs, None),
        _ => (&[], None),
    };
    let before = first.map(attributes).unwrap_or_default();
    before.into_iter().chain(own).collect()
}
