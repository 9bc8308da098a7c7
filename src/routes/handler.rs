//! Whom a handler lets in, as the types of its arguments say. The library's guards are known by
//! resolving names, so they may be imported, renamed and given aliases anywhere in the app.

use std::rc::Rc;

use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::{
    Block, Expr, ExprCall, FnArg, GenericArgument, GenericParam, ItemFn, ItemType, Local, Pat,
    PatType, PathArguments, Stmt, Type,
};

use super::node::Place;
use crate::source::{Crate, Def, Scope, Want, is_conditional, written};

/// Deeper than types are nested and aliases lead to each other; a cycle would never end.
const DEEPEST: usize = 8;

/// A handler, as far as it could be found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Handler {
    /// The path of the function from the crate's root, or a word for something else.
    pub(crate) name: String,
    /// Where it is, if it could be found.
    pub(crate) place: Option<Place>,
    pub(super) needs: Vec<Need>,
}

/// What one argument asks of the person, or of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// `Option<User>`: lets everybody in, on purpose.
    Anybody,
    SignedIn,
    Role(String),
    /// To have signed in within this many seconds; `None`: how many can't be told.
    Fresh(Option<u64>),
    /// Another guard of the library, by its type.
    Guard(String),
    /// That a page of the app sent the request.
    Csrf,
    /// actix-session's data, which a cookie of the browser leads to. Everybody has some.
    Session,
    /// A type of the app: it can't be told whom it lets in.
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

    /// The same, if it checks that a page of the app sent the request.
    pub(super) fn checking_csrf(self) -> Self {
        let needs = vec![Need::Csrf];
        Self { needs, ..self }
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

/// Where a type is written: what its names mean there, and the arguments of the alias it is in.
#[derive(Clone)]
struct Context<'a> {
    scope: Scope<'a>,
    arguments: Vec<(String, Argument<'a>)>,
}

/// A generic argument, and where that is written.
#[derive(Clone)]
struct Argument<'a> {
    value: ArgumentValue<'a>,
    context: Rc<Context<'a>>,
}

#[derive(Clone, Copy)]
enum ArgumentValue<'a> {
    Type(&'a Type),
    Const(&'a Expr),
}

impl<'a> Context<'a> {
    /// What a name means, if it is a parameter of the alias it is in.
    fn argument(&self, path: &syn::Path) -> Option<&Argument<'a>> {
        let name = path.get_ident()?;
        let mut arguments = self.arguments.iter();
        arguments.find_map(|(known, argument)| (name == known).then_some(argument))
    }
}

/// Whether a variable is the token that a call of `csrf::check` takes.
fn is_token(variable: &Local, check: &ExprCall) -> bool {
    let Pat::Ident(name) = &variable.pat else {
        return false;
    };
    let taken = check.args.iter().nth(2).map(ToTokens::to_token_stream);
    let mut taken = taken.into_iter().flatten();
    variable.attrs.is_empty()
        && taken.any(|it| matches!(it, TokenTree::Ident(ident) if ident == name.ident))
}

/// Reads what types ask for.
pub(super) struct Needs<'a> {
    pub(super) source: &'a Crate,
}

impl<'a> Needs<'a> {
    pub(super) fn of_function(&self, scope: &Scope<'a>, function: &'a ItemFn) -> Vec<Need> {
        let scope = scope.clone().within(&function.sig.generics);
        let asked = function
            .sig
            .inputs
            .iter()
            .flat_map(|argument| match argument {
                FnArg::Typed(argument) => self.of_argument(&scope, argument),
                FnArg::Receiver(_) => vec![Need::Unknown],
            });
        let checked = self.begins_with_check(&scope, &function.block);
        asked.chain(checked.then_some(Need::Csrf)).collect()
    }

    /// Whether the first thing that a function does is `csrf::check(…)?`, or to read the token
    /// that this takes. Later it might have changed something, or gone another way.
    fn begins_with_check(&self, scope: &Scope<'a>, body: &'a Block) -> bool {
        // What a block itself declares could have the same name.
        let declares = |it: &Stmt| matches!(it, Stmt::Item(_));
        let (token, first) = match &body.stmts[..] {
            [Stmt::Local(token), Stmt::Expr(Expr::Try(first), _), ..] => (Some(token), first),
            [Stmt::Expr(Expr::Try(first), _), ..] => (None, first),
            _ => return false,
        };
        let Expr::Call(call) = &*first.expr else {
            return false;
        };
        let Expr::Path(function) = &*call.func else {
            return false;
        };
        if token.is_some_and(|token| !is_token(token, call)) {
            return false;
        }
        let attributes = [&first.attrs, &call.attrs, &function.attrs];
        if attributes.iter().any(|it| !it.is_empty()) || body.stmts.iter().any(declares) {
            return false;
        }
        let found = self.source.resolve(scope, &function.path, Want::Value);
        let check = self.source.library_path(&["csrf", "check"]);
        function.qself.is_none() && matches!(&found[..], [Def::Other(names)] if *names == check)
    }

    pub(super) fn of_argument(&self, scope: &Scope<'a>, argument: &'a PatType) -> Vec<Need> {
        let context = Context {
            scope: scope.clone(),
            arguments: Vec::new(),
        };
        let mut needs = self.of_type(&Rc::new(context), &argument.ty, 0);
        if !is_conditional(&argument.attrs) {
            return needs;
        }
        // What some builds don't check isn't checked.
        needs.retain(|need| *need != Need::Csrf);
        if needs.iter().all(|need| *need == Need::Session) {
            return needs;
        }
        vec![Need::SomeBuilds(written(&argument.ty))]
    }

    fn of_type(&self, context: &Rc<Context<'a>>, argument: &'a Type, depth: usize) -> Vec<Need> {
        let own = || vec![Need::Own(written(argument))];
        if depth > DEEPEST {
            return own();
        }
        match argument {
            Type::Paren(inner) => self.of_type(context, &inner.elem, depth),
            Type::Group(inner) => self.of_type(context, &inner.elem, depth),
            Type::Tuple(parts) => parts
                .elems
                .iter()
                .flat_map(|part| self.of_type(context, part, depth + 1))
                .collect(),
            Type::Path(path) if path.qself.is_none() => {
                if let Some(argument) = context.argument(&path.path) {
                    return match argument.value {
                        ArgumentValue::Type(inner) => {
                            self.of_type(&argument.context, inner, depth + 1)
                        }
                        ArgumentValue::Const(_) => own(),
                    };
                }
                self.of_path(context, &path.path, depth).unwrap_or_else(own)
            }
            _ => own(),
        }
    }

    fn of_path(
        &self,
        context: &Rc<Context<'a>>,
        path: &'a syn::Path,
        depth: usize,
    ) -> Option<Vec<Need>> {
        let found = self.source.resolve(&context.scope, path, Want::Type);
        let [def] = &found[..] else {
            return None;
        };
        if let Some(name) = self.source.in_library(def) {
            return self.of_library(context, name, path);
        }
        if let Some((scope, alias)) = def.alias() {
            let inside = self.inside(context, scope, alias, path);
            return Some(self.of_type(&inside, &alias.ty, depth + 1));
        }
        match def {
            Def::Other(names) => Some(self.of_other(context, names, path, depth)),
            _ => None,
        }
    }

    /// What the types of the library ask for; nothing if that isn't known here.
    fn of_library(
        &self,
        context: &Rc<Context<'a>>,
        name: &str,
        path: &'a syn::Path,
    ) -> Option<Vec<Need>> {
        match name {
            "User" => Some(vec![Need::SignedIn]),
            "SignedForm" => Some(vec![Need::SignedIn, Need::Csrf]),
            "PublicForm" | "SameOrigin" => Some(vec![Need::Csrf]),
            "Has" => Some(vec![self.role(context, path)]),
            "Fresh" => Some(vec![Need::Fresh(self.seconds(context, path))]),
            "Assured" => Some(vec![self.assured(context, path)]),
            "Oidc" => Some(Vec::new()),
            _ => None,
        }
    }

    /// What holds inside an alias that is used with some arguments.
    fn inside(
        &self,
        context: &Rc<Context<'a>>,
        scope: Scope<'a>,
        alias: &'a ItemType,
        path: &'a syn::Path,
    ) -> Rc<Context<'a>> {
        let mut values = arguments(path);
        let outside = Rc::new(Context {
            scope: scope.clone(),
            arguments: Vec::new(),
        });
        let by_default = |value| Argument {
            value,
            context: Rc::clone(&outside),
        };
        let parameters = alias.generics.params.iter().filter_map(|parameter| {
            let (name, default) = match parameter {
                GenericParam::Type(it) => (
                    &it.ident,
                    it.default.as_ref().map(|(_, it)| ArgumentValue::Type(it)),
                ),
                GenericParam::Const(it) => (
                    &it.ident,
                    it.default.as_ref().map(|(_, it)| ArgumentValue::Const(it)),
                ),
                GenericParam::Lifetime(_) => return None,
            };
            let argument = match values.next() {
                Some(value) => Argument {
                    value,
                    context: Rc::clone(context),
                },
                None => by_default(default?),
            };
            Some((name.to_string(), argument))
        });
        Rc::new(Context {
            arguments: parameters.collect(),
            scope: scope.within(&alias.generics),
        })
    }

    /// Types of other crates ask for nothing, unless there is a guard inside them.
    fn of_other(
        &self,
        context: &Rc<Context<'a>>,
        names: &[String],
        path: &'a syn::Path,
        depth: usize,
    ) -> Vec<Need> {
        if names == ["actix_session", "Session"] {
            return vec![Need::Session];
        }
        if !takes_refusals(names) {
            return Vec::new();
        }
        let inner = match arguments(path).next() {
            Some(ArgumentValue::Type(inner)) => self.of_type(context, inner, depth + 1),
            _ => Vec::new(),
        };
        // The handler itself decides what happens when a guard turns somebody down, and when no
        // page of the app sent the request.
        let sessions = inner.contains(&Need::Session).then_some(Need::Session);
        let is_guard = |need: &Need| !matches!(need, Need::Csrf | Need::Session);
        let guards: Vec<Need> = inner.into_iter().filter(is_guard).collect();
        let guards = if guards.iter().any(|need| !matches!(need, Need::Own(_))) {
            vec![Need::Anybody]
        } else {
            guards
        };
        guards.into_iter().chain(sessions).collect()
    }

    /// The role's name in the provider's claims, or else its type.
    fn role(&self, context: &Rc<Context<'a>>, path: &'a syn::Path) -> Need {
        let Some((context, Type::Path(role))) = self.first_type(context, path) else {
            return Need::Unknown;
        };
        let found = self.source.resolve(&context.scope, &role.path, Want::Type);
        let name = match &found[..] {
            [Def::Type(module, name)] => self.source.role_name(&module.path, name),
            _ => None,
        };
        match name {
            Some(name) => Need::Role(name),
            None => Need::Guard(format!("Has<{}>", written(&role.path))),
        }
    }

    fn assured(&self, context: &Rc<Context<'a>>, path: &'a syn::Path) -> Need {
        match self.first_type(context, path) {
            Some((_, level)) => Need::Guard(format!("Assured<{}>", written(level))),
            None => Need::Unknown,
        }
    }

    /// The first argument of a type, and where it is written.
    fn first_type(
        &self,
        context: &Rc<Context<'a>>,
        path: &'a syn::Path,
    ) -> Option<(Rc<Context<'a>>, &'a Type)> {
        let mut argument = Argument {
            value: arguments(path).next()?,
            context: Rc::clone(context),
        };
        for _ in 0..DEEPEST {
            let ArgumentValue::Type(found) = argument.value else {
                return None;
            };
            let outer = match found {
                Type::Path(path) => argument.context.argument(&path.path).cloned(),
                _ => None,
            };
            match outer {
                Some(outer) => argument = outer,
                None => return Some((argument.context, found)),
            }
        }
        None
    }

    fn seconds(&self, context: &Rc<Context<'a>>, path: &'a syn::Path) -> Option<u64> {
        self.argument_number(context, arguments(path).next()?, 0)
    }

    fn argument_number(
        &self,
        context: &Rc<Context<'a>>,
        value: ArgumentValue<'a>,
        depth: usize,
    ) -> Option<u64> {
        match value {
            ArgumentValue::Const(expression) => self.number(context, expression, depth),
            // The name of a constant looks like a type.
            ArgumentValue::Type(Type::Path(named)) => self.constant(context, &named.path, depth),
            ArgumentValue::Type(_) => None,
        }
    }

    fn constant(
        &self,
        context: &Rc<Context<'a>>,
        path: &'a syn::Path,
        depth: usize,
    ) -> Option<u64> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(argument) = context.argument(path) {
            return self.argument_number(&argument.context, argument.value, depth + 1);
        }
        let found = self.source.resolve(&context.scope, path, Want::Value);
        let [def] = &found[..] else { return None };
        let (scope, written) = def.constant()?;
        let inside = Context {
            scope,
            arguments: Vec::new(),
        };
        self.number(&Rc::new(inside), written, depth + 1)
    }

    fn number(&self, context: &Rc<Context<'a>>, expression: &'a Expr, depth: usize) -> Option<u64> {
        if depth > DEEPEST {
            return None;
        }
        match expression {
            Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Int(number),
                ..
            }) => number.base10_parse().ok(),
            Expr::Paren(inner) => self.number(context, &inner.expr, depth + 1),
            Expr::Block(block) => match &block.block.stmts[..] {
                [syn::Stmt::Expr(inner, None)] => self.number(context, inner, depth + 1),
                _ => None,
            },
            Expr::Binary(binary) => {
                let left = self.number(context, &binary.left, depth + 1)?;
                let right = self.number(context, &binary.right, depth + 1)?;
                match binary.op {
                    syn::BinOp::Mul(_) => left.checked_mul(right),
                    syn::BinOp::Add(_) => left.checked_add(right),
                    _ => None,
                }
            }
            Expr::Path(path) => self.constant(context, &path.path, depth),
            _ => None,
        }
    }
}

/// Whether a type of another crate takes what a guard's refusal is, so that the handler decides.
fn takes_refusals(names: &[String]) -> bool {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    matches!(
        names[..],
        ["Option" | "Result"]
            | ["core" | "std", "option" | "result", "Option" | "Result"]
            | ["actix_web", "Either" | "Result"]
            | ["actix_web", "web", "Either"]
    )
}

/// The arguments of a path's last part, without lifetimes.
fn arguments(path: &syn::Path) -> impl Iterator<Item = ArgumentValue<'_>> {
    let last = path.segments.last();
    last.into_iter()
        .flat_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(list) => Some(list.args.iter()),
            _ => None,
        })
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(inner) => Some(ArgumentValue::Type(inner)),
            GenericArgument::Const(expression) => Some(ArgumentValue::Const(expression)),
            _ => None,
        })
}
