//! Which functions of an app use which others, and which types. That is enough to get from a view
//! back to the routes that show it. A method is followed if it is called by its type or on `self`:
//! the types of other values aren't known.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Block, Expr, ImplItem, Item, ItemFn, ItemImpl, Signature, Type};

use crate::routes::Place;
use crate::source::{Crate, Def, Module, Scope, Want, is_for_tests, plain_name};

/// The names from the crate's root to an item, its own last; a method comes below its type.
pub(super) type ItemPath = Vec<String>;

/// A function, and what its body names.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) place: Place,
    /// The type whose method it is.
    pub(super) of: Option<ItemPath>,
    /// The method of the library's `Pages` that it is.
    pub(super) page: Option<String>,
    functions: BTreeSet<ItemPath>,
    types: BTreeSet<ItemPath>,
}

/// The code of a function.
struct Code<'a> {
    of: Option<ItemPath>,
    page: Option<String>,
    signature: &'a Signature,
    body: &'a Block,
}

/// All functions of an app.
#[derive(Debug, Default)]
pub(super) struct Calls {
    functions: BTreeMap<ItemPath, Function>,
}

impl Calls {
    pub(super) fn read(source: &Crate) -> Self {
        let mut calls = Self::default();
        for module in &source.modules {
            for item in module.items {
                match item {
                    Item::Fn(function) if !is_for_tests(&function.attrs) => {
                        let code = Code {
                            of: None,
                            page: None,
                            signature: &function.sig,
                            body: &function.block,
                        };
                        calls.add(source, module, code);
                    }
                    Item::Impl(of) if !is_for_tests(&of.attrs) => {
                        calls.add_methods(source, module, of);
                    }
                    _ => {}
                }
            }
        }
        calls
    }

    fn add_methods(&mut self, source: &Crate, module: &Module, of: &ItemImpl) {
        let scope = Scope::of(module);
        let Some(owner) = types_of(source, &scope, &of.self_ty).into_iter().next() else {
            return;
        };
        let is_pages = of
            .trait_
            .as_ref()
            .is_some_and(|(path, _)| source.is_library_type(&scope, path, "Pages"));
        for item in &of.items {
            if let ImplItem::Fn(method) = item {
                let code = Code {
                    of: Some(owner.clone()),
                    page: is_pages.then(|| method.sig.ident.to_string()),
                    signature: &method.sig,
                    body: &method.block,
                };
                self.add(source, module, code);
            }
        }
    }

    pub(super) fn get(&self, path: &[String]) -> Option<&Function> {
        self.functions.get(path)
    }

    /// The functions that make a value of a type, but for its own.
    pub(super) fn makers<'c>(
        &'c self,
        made: &'c ItemPath,
    ) -> impl Iterator<Item = (&'c ItemPath, &'c Function)> {
        self.functions.iter().filter(move |(_, function)| {
            function.types.contains(made) && function.of.as_ref() != Some(made)
        })
    }

    /// The functions that name another.
    pub(super) fn callers<'c>(
        &'c self,
        called: &'c ItemPath,
    ) -> impl Iterator<Item = (&'c ItemPath, &'c Function)> {
        self.functions
            .iter()
            .filter(move |(path, function)| *path != called && function.functions.contains(called))
    }

    fn add(&mut self, source: &Crate, module: &Module, code: Code<'_>) {
        let Code {
            of,
            page,
            signature,
            body,
        } = code;
        let above = of.as_ref().unwrap_or(&module.path);
        let path = below(above, signature.ident.to_string());
        let scope = Scope::of(module);
        let mut names = Names {
            source,
            scope,
            of: of.as_ref(),
            variables: Variables::of(signature, body),
            functions: BTreeSet::new(),
            types: BTreeSet::new(),
        };
        names.visit_block(body);
        let (functions, types) = (names.functions, names.types);
        // Of two with the same name, `cfg` chooses one.
        match self.functions.entry(path) {
            std::collections::btree_map::Entry::Occupied(mut known) => {
                known.get_mut().functions.extend(functions);
                known.get_mut().types.extend(types);
            }
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(Function {
                    place: Place::of(source, module, signature.ident.span()),
                    of,
                    page,
                    functions,
                    types,
                });
            }
        }
    }
}

/// The types of the app that the type of an `impl` means.
fn types_of(source: &Crate, scope: &Scope<'_>, written: &Type) -> Vec<ItemPath> {
    match written {
        Type::Reference(inner) => types_of(source, scope, &inner.elem),
        Type::Paren(inner) => types_of(source, scope, &inner.elem),
        Type::Group(inner) => types_of(source, scope, &inner.elem),
        Type::Path(path) if path.qself.is_none() => types_at(source, scope, &path.path),
        _ => Vec::new(),
    }
}

fn types_at(source: &Crate, scope: &Scope<'_>, path: &syn::Path) -> Vec<ItemPath> {
    source
        .resolve(scope, path, Want::Type)
        .into_iter()
        .filter_map(|def| match def {
            Def::Type(module, name) => Some(below(&module.path, name)),
            _ => None,
        })
        .collect()
}

fn below(above: &[String], name: String) -> ItemPath {
    let mut path = above.to_vec();
    path.push(name);
    path
}

/// Collects the names that a function gives its parameters and variables.
#[derive(Default)]
struct Variables(BTreeSet<String>);

impl Variables {
    fn of(signature: &Signature, body: &Block) -> BTreeSet<String> {
        let mut variables = Self::default();
        variables.visit_signature(signature);
        variables.visit_block(body);
        variables.0
    }
}

impl<'a> Visit<'a> for Variables {
    fn visit_pat_ident(&mut self, pattern: &'a syn::PatIdent) {
        self.0.insert(plain_name(&pattern.ident));
        visit::visit_pat_ident(self, pattern);
    }
}

/// Collects what a body names.
struct Names<'s, 'a> {
    source: &'a Crate,
    scope: Scope<'a>,
    of: Option<&'s ItemPath>,
    variables: BTreeSet<String>,
    functions: BTreeSet<ItemPath>,
    types: BTreeSet<ItemPath>,
}

impl<'a> Names<'_, 'a> {
    fn is_variable(&self, path: &syn::Path) -> bool {
        let name = path.get_ident().map(plain_name);
        name.is_some_and(|name| self.variables.contains(&name))
    }

    fn types_at(&self, path: &syn::Path) -> Vec<ItemPath> {
        match self.of {
            Some(of) if path.is_ident("Self") => vec![of.clone()],
            _ => types_at(self.source, &self.scope, path),
        }
    }

    /// A path as a value: a function, or something that belongs to a type.
    fn value(&mut self, path: &syn::Path) {
        for def in self.source.resolve(&self.scope, path, Want::Value) {
            if let Def::Fn(module, ItemFn { sig, .. }) = def {
                self.functions
                    .insert(below(&module.path, sig.ident.to_string()));
            }
        }
        let whole = self.types_at(path);
        self.types.extend(whole);
        let Some(last) = path.segments.last() else {
            return;
        };
        let name = last.ident.to_string();
        let mut above = path.clone();
        above.segments.pop();
        above.segments.pop_punct();
        for owner in self.types_at(&above) {
            self.functions.insert(below(&owner, name.clone()));
            self.types.insert(owner);
        }
    }
}

impl<'a> Visit<'a> for Names<'_, 'a> {
    fn visit_block(&mut self, block: &'a Block) {
        self.scope.enter_block(block);
        visit::visit_block(self, block);
        self.scope.leave_block();
    }

    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        if path.qself.is_none() && !self.is_variable(&path.path) {
            self.value(&path.path);
        }
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        // In `let member = member(…)` only what is called is the function.
        match &*call.func {
            Expr::Path(path) if path.qself.is_none() => self.value(&path.path),
            function => self.visit_expr(function),
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_expr_struct(&mut self, literal: &'a syn::ExprStruct) {
        let made = self.types_at(&literal.path);
        self.types.extend(made);
        visit::visit_expr_struct(self, literal);
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        if let (Expr::Path(receiver), Some(of)) = (&*call.receiver, self.of)
            && receiver.path.is_ident("self")
        {
            self.functions.insert(below(of, call.method.to_string()));
        }
        visit::visit_expr_method_call(self, call);
    }
}
