//! The codes that refusals are shown by, read off the function that gives each reason its face.

use syn::visit::{self, Visit};
use syn::{Expr, ImplItem, Item, Lit, Pat, Stmt};

use crate::routes::Place;
use crate::source::{Crate, Def, Module, Scope, Want};

/// Where the relying party keeps its refusals.
const ERRORS: [&str; 2] = ["oidc", "error"];
/// The type of reasons, and its method.
const REASON: &str = "Reason";
const FACE: &str = "face";

/// A reason for refusing a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) code: String,
    /// The reason's name in the source.
    pub(crate) reason: String,
    /// What the page's button does, by the name of the action.
    pub(crate) action: Option<String>,
}

/// The codes in the order of the source, and where that stands.
pub(super) fn read(source: &Crate) -> (Option<Place>, Vec<Code>) {
    for module in &source.modules {
        let path = module.path.iter().map(String::as_str);
        if !path.take(ERRORS.len()).eq(ERRORS) {
            continue;
        }
        for item in &module.items {
            let Item::Impl(of) = item else { continue };
            if of.trait_.is_some() || !is_reason(&of.self_ty) {
                continue;
            }
            for item in &of.items {
                if let ImplItem::Fn(method) = item
                    && method.sig.ident == FACE
                {
                    let mut arms = Arms {
                        source,
                        module,
                        found: Vec::new(),
                    };
                    arms.visit_block(&method.block);
                    let place = Place::of(source, module, method.sig.ident.span());
                    return (Some(place), arms.found);
                }
            }
        }
    }
    (None, Vec::new())
}

fn is_reason(written: &syn::Type) -> bool {
    match written {
        syn::Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == REASON),
        _ => false,
    }
}

struct Arms<'a> {
    source: &'a Crate,
    module: &'a Module,
    found: Vec<Code>,
}

impl<'a> Arms<'a> {
    /// The action of a face: the last part of its tuple, or of that of the function which makes
    /// it.
    fn action(&self, face: &'a Expr) -> Option<String> {
        match face {
            Expr::Tuple(parts) => match parts.elems.last()? {
                Expr::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
                _ => None,
            },
            Expr::Call(call) => {
                let Expr::Path(path) = &*call.func else {
                    return None;
                };
                let scope = Scope::of(self.module);
                match &self.source.resolve(&scope, &path.path, Want::Value)[..] {
                    [Def::Fn(_, function)] => match function.block.stmts.last()? {
                        Stmt::Expr(tail @ Expr::Tuple(_), None) => self.action(tail),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

impl<'a> Visit<'a> for Arms<'a> {
    fn visit_arm(&mut self, arm: &'a syn::Arm) {
        let mut text = FirstText(None);
        text.visit_expr(&arm.body);
        if let (Some(code), Some(reason)) = (text.0, reason_of(&arm.pat)) {
            self.found.push(Code {
                code,
                reason,
                action: self.action(&arm.body),
            });
        }
    }
}

fn reason_of(pattern: &Pat) -> Option<String> {
    let path = match pattern {
        Pat::Path(pattern) => &pattern.path,
        Pat::TupleStruct(pattern) => &pattern.path,
        Pat::Struct(pattern) => &pattern.path,
        _ => return None,
    };
    Some(path.segments.last()?.ident.to_string())
}

struct FirstText(Option<String>);

impl<'ast> Visit<'ast> for FirstText {
    fn visit_lit(&mut self, literal: &'ast Lit) {
        if let Lit::Str(text) = literal {
            self.0.get_or_insert_with(|| text.value());
        }
        visit::visit_lit(self, literal);
    }
}
