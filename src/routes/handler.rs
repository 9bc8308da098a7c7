//! Whom a handler lets in, as the types of its arguments say.

use quote::ToTokens as _;
use syn::{Expr, FnArg, GenericArgument, ItemFn, PatType, PathArguments, Type};

use super::node::Place;
use crate::source::{Crate, Def, Scope, Want, is_conditional};

/// A handler, as far as it could be found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Handler {
    /// The path of the function from the crate's root, or a word for what isn't a function.
    pub(crate) name: String,
    /// Where it stands, if it could be found.
    pub(crate) place: Option<Place>,
    pub(super) needs: Vec<Need>,
}

/// What one argument asks of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// `Option<User>`: takes everybody, and says so.
    Anybody,
    SignedIn,
    Role(String),
    /// To have signed in within so many seconds; `None`: how many can't be told.
    Fresh(Option<u64>),
    /// Another guard of the sign-in's own, by its type.
    Guard(String),
    /// A type of the app's own, of which it can't be told whom it lets in.
    Own(String),
    /// A guard, by its type, that only some builds have.
    SomeBuilds(String),
    /// The handler wasn't found.
    Unknown,
}

impl Handler {
    /// What answers without code of the app.
    pub(super) fn built_in(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            place: None,
            needs: Vec::new(),
        }
    }

    /// A handler that can't be found.
    pub(super) fn unknown(name: String) -> Self {
        Self {
            name,
            place: None,
            needs: vec![Need::Unknown],
        }
    }
}

/// Reads what types ask for.
pub(super) struct Needs<'a> {
    pub(super) source: &'a Crate,
}

impl<'a> Needs<'a> {
    pub(super) fn of_function(&self, scope: &Scope<'a>, function: &ItemFn) -> Vec<Need> {
        function
            .sig
            .inputs
            .iter()
            .flat_map(|argument| match argument {
                FnArg::Typed(argument) => self.of_argument(scope, argument),
                FnArg::Receiver(_) => vec![Need::Unknown],
            })
            .collect()
    }

    pub(super) fn of_argument(&self, scope: &Scope<'a>, argument: &PatType) -> Vec<Need> {
        let needs = self.of_type(scope, &argument.ty, 0);
        if needs.is_empty() || !is_conditional(&argument.attrs) {
            return needs;
        }
        let guard = argument.ty.to_token_stream().to_string();
        vec![Need::SomeBuilds(guard.replace(' ', ""))]
    }

    pub(super) fn of_type(&self, scope: &Scope<'a>, argument: &Type, depth: usize) -> Vec<Need> {
        let own = || {
            vec![Need::Own(
                argument.to_token_stream().to_string().replace(' ', ""),
            )]
        };
        if depth > 8 {
            return own();
        }
        match argument {
            Type::Paren(inner) => self.of_type(scope, &inner.elem, depth),
            Type::Group(inner) => self.of_type(scope, &inner.elem, depth),
            Type::Tuple(parts) => parts
                .elems
                .iter()
                .flat_map(|part| self.of_type(scope, part, depth + 1))
                .collect(),
            Type::Path(path) if path.qself.is_none() => {
                self.of_path(scope, &path.path, depth).unwrap_or_else(own)
            }
            _ => own(),
        }
    }

    fn of_path(&self, scope: &Scope<'a>, path: &syn::Path, depth: usize) -> Option<Vec<Need>> {
        let found = self.source.resolve(scope, path, Want::Type);
        let [def] = &found[..] else {
            return None;
        };
        match def {
            Def::Other(names) => Some(self.of_other(scope, names, path, depth)),
            Def::Alias(module, alias) => {
                Some(self.of_type(&Scope::of(module), &alias.ty, depth + 1))
            }
            Def::Type(module, name) => {
                let place: Vec<&str> = module.path.iter().map(String::as_str).collect();
                match (&place[..], name.as_str()) {
                    (["oidc", "guard"], "User") => Some(vec![Need::SignedIn]),
                    (["oidc", "guard"], "Has") => Some(vec![self.role(scope, path)]),
                    (["oidc", "guard"], "Fresh") => {
                        Some(vec![Need::Fresh(self.seconds(scope, path))])
                    }
                    (["oidc", "guard" | "assurance"], _) => {
                        Some(vec![Need::Guard(path_text(path))])
                    }
                    (["oidc", "csrf"], "SignedForm") => Some(vec![Need::SignedIn]),
                    (["oidc", "csrf"], "PublicForm") => Some(Vec::new()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Types of other crates ask nothing, unless there is a guard inside them.
    fn of_other(
        &self,
        scope: &Scope<'a>,
        names: &[String],
        path: &syn::Path,
        depth: usize,
    ) -> Vec<Need> {
        let last = names.last().map_or("", String::as_str);
        if !matches!(last, "Option" | "Result" | "Either") {
            return Vec::new();
        }
        let inner = match arguments(path).next() {
            Some(GenericArgument::Type(inner)) => self.of_type(scope, inner, depth + 1),
            _ => Vec::new(),
        };
        // The handler itself decides what to do about a refusal, if it is a guard that refuses.
        if inner.iter().any(|need| !matches!(need, Need::Own(_))) {
            vec![Need::Anybody]
        } else {
            inner
        }
    }

    /// The role's name in the provider's claims, or else its type.
    fn role(&self, scope: &Scope<'a>, path: &syn::Path) -> Need {
        let Some(GenericArgument::Type(Type::Path(role))) = arguments(path).next() else {
            return Need::Unknown;
        };
        let found = self.source.resolve(scope, &role.path, Want::Type);
        let name = match &found[..] {
            [Def::Type(module, name)] => self.source.role_name(&module.path, name),
            _ => None,
        };
        Need::Role(name.unwrap_or_else(|| path_text(&role.path)))
    }

    fn seconds(&self, scope: &Scope<'a>, path: &syn::Path) -> Option<u64> {
        match arguments(path).next()? {
            GenericArgument::Const(expression) => self.number(scope, expression, 0),
            // A constant's name looks like a type.
            GenericArgument::Type(Type::Path(named)) => self.constant(scope, &named.path, 0),
            _ => None,
        }
    }

    fn constant(&self, scope: &Scope<'a>, path: &syn::Path, depth: usize) -> Option<u64> {
        match &self.source.resolve(scope, path, Want::Value)[..] {
            [Def::Const(module, item)] => self.number(&Scope::of(module), &item.expr, depth + 1),
            _ => None,
        }
    }

    fn number(&self, scope: &Scope<'a>, expression: &Expr, depth: usize) -> Option<u64> {
        if depth > 8 {
            return None;
        }
        match expression {
            Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Int(number),
                ..
            }) => number.base10_parse().ok(),
            Expr::Paren(inner) => self.number(scope, &inner.expr, depth + 1),
            Expr::Block(block) => match &block.block.stmts[..] {
                [syn::Stmt::Expr(inner, None)] => self.number(scope, inner, depth + 1),
                _ => None,
            },
            Expr::Binary(binary) => {
                let left = self.number(scope, &binary.left, depth + 1)?;
                let right = self.number(scope, &binary.right, depth + 1)?;
                match binary.op {
                    syn::BinOp::Mul(_) => left.checked_mul(right),
                    syn::BinOp::Add(_) => left.checked_add(right),
                    _ => None,
                }
            }
            Expr::Path(path) => self.constant(scope, &path.path, depth),
            _ => None,
        }
    }
}

fn arguments(path: &syn::Path) -> impl Iterator<Item = &GenericArgument> {
    let last = path.segments.last();
    last.into_iter()
        .flat_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(list) => Some(list.args.iter()),
            _ => None,
        })
        .flatten()
}

fn path_text(path: &syn::Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
