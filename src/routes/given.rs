//! What a function is given: found where it is called, or by its type.

use syn::visit::{self, Visit};
use syn::{Expr, FnArg, Item, Pat, Signature, Type};

use super::read::{Here, Reader};
use super::value::{Names, Value};
use crate::source::{Def, Module, Scope, Want, is_for_tests};

/// Functions that hand something on to each other in more steps than this are not followed.
const DEEPEST: usize = 8;

/// The parameters of a function that register routes, as far as all who call it in its module
/// give the same.
pub(super) fn given<'a>(
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
        around: Vec::new(),
        found: Vec::new(),
    };
    for item in &module.items {
        calls.visit_item(item);
    }
    for (index, input) in function.inputs.iter().enumerate() {
        let Some(name) = name_of(input) else { continue };
        let mut values = calls.found.iter().map(|(arguments, around)| {
            let mut here = Here::of(module);
            if let Some(around) = around {
                here.names = given(reader, module, around, depth + 1);
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

/// The only constant of a type of the app, such as the paths of the sign-in's own pages.
pub(super) fn only_constant<'a>(
    reader: &mut Reader<'a>,
    here: &Here<'a>,
    wanted: &Type,
) -> Value<'a> {
    let Some(wanted) = defined(reader, &here.scope, wanted) else {
        return Value::Unknown;
    };
    let source = reader.source;
    let mut constants = source.modules.iter().flat_map(|module| {
        module.items.iter().filter_map(move |item| match item {
            Item::Const(item) if !is_for_tests(&item.attrs) => Some((module, item)),
            _ => None,
        })
    });
    let mut found = Vec::new();
    for (module, item) in &mut constants {
        if defined(reader, &Scope::of(module), &item.ty).as_ref() == Some(&wanted) {
            found.push((module, item));
        }
    }
    match found[..] {
        [(module, item)] => reader.value(&mut Here::of(module), &item.expr),
        _ => Value::Unknown,
    }
}

/// A type of the app, by its module and name.
fn defined<'a>(
    reader: &Reader<'a>,
    scope: &Scope<'a>,
    written: &Type,
) -> Option<(Vec<String>, String)> {
    match written {
        Type::Reference(reference) => defined(reader, scope, &reference.elem),
        Type::Path(path) => match &reader.source.resolve(scope, &path.path, Want::Type)[..] {
            [Def::Type(module, name)] => Some((module.path.clone(), name.clone())),
            _ => None,
        },
        _ => None,
    }
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

/// A call's arguments, and the function around it.
type Call<'a> = (Vec<&'a Expr>, Option<&'a Signature>);

/// Finds the calls of a function in its module.
struct Calls<'a> {
    function: &'a Signature,
    around: Vec<&'a Signature>,
    found: Vec<Call<'a>>,
}

impl<'a> Visit<'a> for Calls<'a> {
    fn visit_item_mod(&mut self, _: &'a syn::ItemMod) {}

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.around.push(&function.sig);
        visit::visit_item_fn(self, function);
        self.around.pop();
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.around.push(&function.sig);
        visit::visit_impl_item_fn(self, function);
        self.around.pop();
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
            let around = self.around.last().copied();
            self.found.push((call.args.iter().collect(), around));
        }
        visit::visit_expr_call(self, call);
    }
}
