//! Which variables code may change: what is assigned, borrowed mutably or changed by a method is
//! not known afterwards.

use proc_macro2::TokenStream;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Pat, Token};

use super::value::Value;
use crate::source::flatten;

/// Macros that only read their arguments, by their last names. Any other may change what it names.
const READING: [&str; 32] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "error",
    "event",
    "format",
    "format_args",
    "info",
    "json",
    "panic",
    "print",
    "println",
    "span",
    "stringify",
    "todo",
    "trace",
    "unimplemented",
    "unreachable",
    "vec",
    "warn",
    "include_str",
    "matches",
];

/// Methods of strings and lists that change nothing. Any other may.
const READING_METHODS: [&str; 41] = [
    "as_bytes",
    "as_ref",
    "as_str",
    "borrow",
    "bytes",
    "chars",
    "clone",
    "cloned",
    "concat",
    "contains",
    "copied",
    "deref",
    "ends_with",
    "eq",
    "find",
    "first",
    "get",
    "into",
    "into_iter",
    "is_empty",
    "iter",
    "join",
    "last",
    "len",
    "lines",
    "parse",
    "repeat",
    "replace",
    "rsplit_once",
    "split",
    "split_once",
    "starts_with",
    "strip_prefix",
    "strip_suffix",
    "to_lowercase",
    "to_owned",
    "to_string",
    "to_uppercase",
    "trim",
    "trim_end_matches",
    "trim_start_matches",
];

/// What may happen to a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// It gets another value, or a part of it does.
    Assigned,
    /// Others may change it from here on.
    Borrowed,
    /// This method is called on it.
    Method(String),
}

impl Change {
    /// Whether a variable with this value may have another one afterwards.
    pub(super) fn affects(&self, value: &Value<'_>) -> bool {
        match (value, self) {
            // Its type stays the same, and no more is known of it.
            (
                Value::Foreign
                | Value::Typed(_)
                | Value::Oidc
                | Value::OidcBuilder
                | Value::Dev
                | Value::Unknown,
                _,
            ) => false,
            (_, Self::Assigned) => true,
            // What is called on it by another name is noted too.
            (Value::Config(_) | Value::Closure(_), Self::Borrowed) => false,
            (_, Self::Borrowed) => true,
            (Value::String(_) | Value::List(_), Self::Method(name)) => {
                !READING_METHODS.contains(&name.as_str())
            }
            (Value::Fields(_), Self::Method(name)) => name != "clone" && name != "under",
            // Methods of Actix's builders take them, so nothing is left of them.
            (Value::Scope(_) | Value::Resource(_) | Value::Route(_), Self::Method(_)) => true,
            (_, Self::Method(_)) => false,
        }
    }
}

/// The variables that an expression may change.
pub(super) fn changes_in(expression: &Expr) -> Vec<(String, Change)> {
    let mut changes = Changes(Vec::new());
    changes.visit_expr(expression);
    changes.0
}

/// The variables that a block may change.
pub(super) fn changes_in_block(block: &Block) -> Vec<(String, Change)> {
    let mut changes = Changes(Vec::new());
    changes.visit_block(block);
    changes.0
}

/// The variables that a macro may change.
pub(super) fn changes_in_macro(call: &syn::Macro) -> Vec<(String, Change)> {
    let mut changes = Changes(Vec::new());
    changes.visit_macro(call);
    changes.0
}

struct Changes(Vec<(String, Change)>);

impl Changes {
    fn note(&mut self, expression: &Expr, change: Change) {
        if let Some(name) = root_of(expression) {
            self.0.push((name, change));
        }
    }

    /// Everything that the left side of an assignment names.
    fn assigned(&mut self, left: &Expr) {
        match left {
            Expr::Tuple(parts) => parts.elems.iter().for_each(|part| self.assigned(part)),
            Expr::Array(parts) => parts.elems.iter().for_each(|part| self.assigned(part)),
            Expr::Call(call) => call.args.iter().for_each(|part| self.assigned(part)),
            Expr::Struct(literal) => {
                let mut fields = literal.fields.iter();
                fields.by_ref().for_each(|field| self.assigned(&field.expr));
            }
            other => self.note(other, Change::Assigned),
        }
    }

    fn matched(&mut self, pattern: &Pat, matched: &Expr) {
        if borrows_mutably(pattern) {
            self.note(matched, Change::Borrowed);
        }
    }

    fn mentioned(&mut self, tokens: TokenStream) {
        for (_, token) in flatten(tokens) {
            if let Some(proc_macro2::TokenTree::Ident(name)) = token {
                self.0.push((name.to_string(), Change::Borrowed));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Changes {
    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.assigned(&assign.left);
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if assigns(&binary.op) {
            self.note(&binary.left, Change::Assigned);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() {
            self.note(&reference.expr, Change::Borrowed);
        }
        visit::visit_expr_reference(self, reference);
    }

    fn visit_expr_raw_addr(&mut self, address: &'ast syn::ExprRawAddr) {
        self.note(&address.expr, Change::Borrowed);
        visit::visit_expr_raw_addr(self, address);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.note(&call.receiver, Change::Method(call.method.to_string()));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            self.matched(&local.pat, &init.expr);
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_let(&mut self, condition: &'ast syn::ExprLet) {
        self.matched(&condition.pat, &condition.expr);
        visit::visit_expr_let(self, condition);
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        for arm in &choice.arms {
            self.matched(&arm.pat, &choice.expr);
        }
        visit::visit_expr_match(self, choice);
    }

    fn visit_expr_for_loop(&mut self, turn: &'ast syn::ExprForLoop) {
        self.matched(&turn.pat, &turn.expr);
        visit::visit_expr_for_loop(self, turn);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let last = call.path.segments.last();
        let only_reads =
            last.is_some_and(|last| READING.contains(&last.ident.to_string().as_str()));
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(call.tokens.clone());
        match arguments {
            Ok(arguments) if only_reads => {
                for argument in &arguments {
                    self.0.extend(changes_in(argument));
                }
            }
            _ => self.mentioned(call.tokens.clone()),
        }
    }
}

/// Whether a pattern lets what it matches be changed: `ref mut`.
pub(super) fn borrows_mutably(pattern: &Pat) -> bool {
    struct Borrows(bool);
    impl<'ast> Visit<'ast> for Borrows {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0 |= pattern.by_ref.is_some() && pattern.mutability.is_some();
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut borrows = Borrows(false);
    borrows.visit_pat(pattern);
    borrows.0
}

/// The variable that an expression is, or is a part of.
pub(super) fn root_of(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => Some(path.path.get_ident()?.to_string()),
        Expr::Field(field) => root_of(&field.base),
        Expr::Index(index) => root_of(&index.expr),
        Expr::Paren(inner) => root_of(&inner.expr),
        Expr::Group(inner) => root_of(&inner.expr),
        Expr::Unary(inner) => root_of(&inner.expr),
        Expr::Reference(inner) => root_of(&inner.expr),
        Expr::Try(inner) => root_of(&inner.expr),
        Expr::Await(inner) => root_of(&inner.base),
        _ => None,
    }
}

fn assigns(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}
