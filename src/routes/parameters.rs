//! What names mean where a piece of code begins: variables outside of it, and the parameters of
//! the function that it is in, found by their types or where the function is called.

use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, Signature, Stmt, Type};

use super::changes::changes_in_block;
use super::read::{Here, Reader};
use super::sites::{InFunction, Outside, Site, Sites, Use};
use super::types::{may_be_code, typed};
use super::value::Value;
use crate::source::{Def, Scope, Want, is_conditional};

/// Functions that pass something on to each other in more steps than this are not followed.
const DEEPEST: usize = 8;

impl<'a> Reader<'a> {
    /// What names mean at a site.
    pub(super) fn names_at(&mut self, site: &Site<'a>) -> Here<'a> {
        self.names_within(site, 0)
    }

    fn names_within(&mut self, site: &Site<'a>, depth: usize) -> Here<'a> {
        // What is registered out there is found there.
        let unread = self.unread.len();
        let (here, _) = self.collecting(|this| {
            let mut here = match &site.function {
                Some(function) => this.parameters(function, depth),
                None => Here::of(site.module),
            };
            for outside in &site.outside {
                match outside {
                    Outside::Block(block) => {
                        this.enter(&mut here, block);
                        for statement in &block.stmts {
                            if statement.span().byte_range().end > site.start {
                                break;
                            }
                            this.pass(&mut here, statement);
                        }
                    }
                    Outside::Pattern(pattern) => here.forget(pattern),
                    Outside::Again(block) => this.doubt(&mut here, changes_in_block(block)),
                }
            }
            here
        });
        self.unread.truncate(unread);
        here
    }

    /// Notes what a statement does to names.
    fn pass(&mut self, here: &mut Here<'a>, statement: &'a Stmt) {
        match statement {
            Stmt::Local(local) => self.local(here, local),
            statement => self.doubt(here, super::flow::changes_of(statement)),
        }
    }

    /// The parameters of a function.
    fn parameters(&mut self, function: &InFunction<'a>, depth: usize) -> Here<'a> {
        let mut here = Here {
            scope: function.scope.clone(),
            names: Default::default(),
        };
        if let Some(of) = function.of {
            let own = typed(self.source, &function.scope, of);
            here.names.insert("self".to_owned(), own);
        }
        let inputs = &function.signature.inputs;
        let is_conditional = inputs.iter().any(|input| match input {
            FnArg::Typed(input) => is_conditional(&input.attrs),
            FnArg::Receiver(_) => false,
        });
        for (index, input) in inputs.iter().enumerate() {
            let FnArg::Typed(input) = input else { continue };
            let mut value = typed(self.source, &function.scope, &input.ty);
            let is_code = value.is_unknown() && !is_conditional && depth < DEEPEST;
            if is_code && may_be_code(self.source, &function.scope, &input.ty) {
                value = self.given(function, index, depth);
            }
            self.bind(&mut here, &input.pat, value);
        }
        here
    }

    /// What all calls of a function give it as an argument, if that is the same.
    fn given(&mut self, function: &InFunction<'a>, index: usize, depth: usize) -> Value<'a> {
        let mut values = Vec::new();
        for found in self.uses_of(function) {
            let of_receiver = usize::from(function.signature.receiver().is_some());
            let argument = match found.found {
                Use::Called(_, call) if call.args.len() == function.signature.inputs.len() => {
                    call.args.get(index)
                }
                Use::Method(call)
                    if call.args.len() + of_receiver == function.signature.inputs.len() =>
                {
                    index
                        .checked_sub(of_receiver)
                        .and_then(|index| call.args.get(index))
                }
                _ => None,
            };
            let value = match argument {
                Some(argument) => {
                    let mut here = self.names_within(&found, depth + 1);
                    let unread = self.unread.len();
                    let (value, _) = self.collecting(|this| this.value(&mut here, argument));
                    self.unread.truncate(unread);
                    value
                }
                None => Value::Unknown,
            };
            values.push(value);
        }
        match Value::joined(values) {
            Value::Never => Value::Unknown,
            value => value,
        }
    }

    /// Where a function is named, in all modules of the app.
    pub(super) fn uses_of(&self, function: &InFunction<'a>) -> Vec<Site<'a>> {
        let source = self.source;
        let signature = function.signature;
        // A function that belongs to a type is known by the type and its name.
        let of = function
            .of
            .map(|of| match typed(source, &function.scope, of) {
                Value::Typed(of) => of,
                _ => None,
            });
        let is_method = signature.receiver().is_some();
        let names_it = |scope: &Scope<'a>, path: &syn::ExprPath| {
            let Some(last) = path.path.segments.last() else {
                return false;
            };
            if last.ident != signature.ident {
                return false;
            }
            let Some(of) = &of else {
                return means(&source.resolve(scope, &path.path, Want::Value), signature);
            };
            if path.path.segments.len() < 2 {
                return false;
            }
            let mut above = path.path.clone();
            above.segments.pop();
            above.segments.pop_punct();
            match &source.resolve(scope, &above, Want::Type)[..] {
                [Def::Type(module, name)] => of
                    .as_ref()
                    .is_none_or(|(own, known)| std::ptr::eq(*own, *module) && known == name),
                [Def::Other(names)] => names[..] == ["Self"],
                _ => true,
            }
        };
        source
            .all_modules()
            .flat_map(|module| {
                Sites::in_module(module, |scope, found| match found {
                    Use::Called(path, _) | Use::Named(path) => names_it(scope, path),
                    Use::Method(call) => is_method && call.method == signature.ident,
                    Use::Macro(call) => mentions(call, &signature.ident.to_string()),
                })
            })
            .collect()
    }
}

/// Whether a path may mean a function.
fn means(found: &[Def<'_>], signature: &Signature) -> bool {
    found.iter().any(|def| match def.function() {
        Some((_, item)) => std::ptr::eq(&item.sig, signature),
        None => matches!(def, Def::Unclear),
    })
}

fn mentions(call: &syn::Macro, name: &str) -> bool {
    let tokens = call.tokens.to_token_stream();
    super::read::mentions(tokens, &|known| known == name)
}

/// The declared type of what a function gives.
pub(super) fn returned(signature: &Signature) -> Option<&Type> {
    match &signature.output {
        syn::ReturnType::Type(_, written) => Some(written),
        syn::ReturnType::Default => None,
    }
}
