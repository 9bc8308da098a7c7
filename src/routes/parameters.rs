//! What the parameters of a function are: found where it is called, or by their types.

use syn::visit::{self, Visit};
use syn::{Expr, FnArg, Pat, Signature};

use super::read::{Here, Reader};
use super::types::typed;
use super::value::{Names, Value};
use crate::source::{Module, Scope};

/// Functions that pass something on to each other in more steps than this are not followed.
const DEEPEST: usize = 8;

/// The parameters of a function, as far as all calls of it in its module give the same functions,
/// or as their types tell.
pub(super) fn parameters<'a>(
    reader: &mut Reader<'a>,
    module: &'a Module,
    function: &'a Signature,
    depth: usize,
) -> Names<'a> {
    let mut names = Names::new();
    if depth > DEEPEST {
        return names;
    }
    let mut calls = Calls {
        function,
        outside: Vec::new(),
        found: Vec::new(),
    };
    for item in &module.items {
        calls.visit_item(item);
    }
    for (index, input) in function.inputs.iter().enumerate() {
        let Some(name) = name_of(input) else { continue };
        if let FnArg::Typed(input) = input {
            let scope = Scope::of(module);
            names.insert(name.clone(), typed(reader.source, &scope, &input.ty));
        }
        let mut values = calls.found.iter().map(|(arguments, function)| {
            let mut here = Here::of(module);
            if let Some(function) = function {
                here.names = parameters(reader, module, function, depth + 1);
            }
            arguments
                .get(index)
                .map(|argument| reader.value(&mut here, argument))
        });
        let Some(Some(Value::Functions(first))) = values.next() else {
            continue;
        };
        let is_same = values.all(|value| match value {
            Some(Value::Functions(other)) => {
                first.len() == other.len()
                    && first
                        .iter()
                        .zip(&other)
                        .all(|((_, one), (_, other))| std::ptr::eq(*one, *other))
            }
            _ => false,
        });
        if is_same {
            names.insert(name, Value::Functions(first));
        }
    }
    names
}

fn name_of(input: &FnArg) -> Option<String> {
    match input {
        FnArg::Typed(input) => match &*input.pat {
            Pat::Ident(pattern) => Some(pattern.ident.to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

/// A call's arguments, and the function that it is in.
type Call<'a> = (Vec<&'a Expr>, Option<&'a Signature>);

/// Finds the calls of a function in its module.
struct Calls<'a> {
    function: &'a Signature,
    outside: Vec<&'a Signature>,
    found: Vec<Call<'a>>,
}

impl<'a> Visit<'a> for Calls<'a> {
    fn visit_item_mod(&mut self, _: &'a syn::ItemMod) {}

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.outside.push(&function.sig);
        visit::visit_item_fn(self, function);
        self.outside.pop();
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.outside.push(&function.sig);
        visit::visit_impl_item_fn(self, function);
        self.outside.pop();
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == self.function.ident)
            && call.args.len() == self.function.inputs.len()
        {
            let function = self.outside.last().copied();
            self.found.push((call.args.iter().collect(), function));
        }
        visit::visit_expr_call(self, call);
    }
}
