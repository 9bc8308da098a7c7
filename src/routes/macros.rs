//! Which macros can't register routes. All others may: what they expand to isn't known, and it can
//! use variables in scope that the call doesn't mention.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Expr, Item};

use crate::source::{Crate, Def, Scope, Want};

/// Macros of the standard library that only use their arguments.
const HARMLESS: [&str; 33] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "cfg",
    "column",
    "compile_error",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "include_bytes",
    "include_str",
    "line",
    "matches",
    "module_path",
    "option_env",
    "panic",
    "print",
    "println",
    "stringify",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];
/// Crates whose macros only use their arguments either.
const CRATES: [&str; 3] = ["log", "serde_json", "tracing"];

/// Whether a macro, and those in its arguments, use nothing but these.
pub(super) fn is_harmless(source: &Crate, scope: &Scope<'_>, call: &syn::Macro) -> bool {
    let found = source.resolve(scope, &call.path, Want::Value);
    let [Def::Other(names)] = &found[..] else {
        return false;
    };
    let is_known = match &names[..] {
        [name] => is_of_std(source, scope, name),
        [first, name] if first == "std" || first == "core" => HARMLESS.contains(&name.as_str()),
        [first, ..] => CRATES.contains(&first.as_str()),
        [] => false,
    };
    is_known && called_in(call.tokens.clone()).all(|name| is_of_std(source, scope, &name))
}

fn is_of_std(source: &Crate, scope: &Scope<'_>, name: &str) -> bool {
    let modules = source.all_modules().flat_map(|module| module.items);
    let mut items = modules.chain(scope.items());
    HARMLESS.contains(&name)
        && !items.any(|item| match item {
            Item::Macro(item) => item.ident.as_ref().is_some_and(|ident| ident == name),
            _ => false,
        })
}

/// The names of the macros that are called somewhere in the arguments of a macro.
fn called_in(tokens: TokenStream) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    collect(tokens, &mut found);
    found.into_iter()
}

fn collect(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for window in tokens.windows(3) {
        if let [
            TokenTree::Ident(name),
            TokenTree::Punct(mark),
            TokenTree::Group(_),
        ] = window
            && mark.as_char() == '!'
        {
            found.push(name.to_string());
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            collect(group.stream(), found);
        }
    }
}

/// The macros that are called in an expression.
pub(super) fn macros_in(expression: &Expr) -> Vec<&syn::Macro> {
    struct Macros<'a>(Vec<&'a syn::Macro>);
    impl<'a> Visit<'a> for Macros<'a> {
        fn visit_macro(&mut self, call: &'a syn::Macro) {
            self.0.push(call);
            visit::visit_macro(self, call);
        }
    }
    let mut found = Macros(Vec::new());
    found.visit_expr(expression);
    found.0
}
