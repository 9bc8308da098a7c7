//! What an expression comes to while registrations are read, as far as that matters for routes.

use std::collections::HashMap;
use std::rc::Rc;

use syn::{ExprClosure, ItemFn, Member};

use super::node::{Middleware, Node, Resource, RouteSpec, TableKind};
use crate::source::{ConfigKind, Module, Scope};

/// Local names and what they stand for.
pub(super) type Names<'a> = HashMap<String, Value<'a>>;

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// It can't be told.
    Unknown,
    /// None: code that has it as its value is never left this way.
    Never,
    /// Something made by another crate that registers nothing.
    Foreign,
    /// Of a type that is known not to matter here; where it is the app's own, its module and name.
    Typed(Option<(&'a Module, String)>),
    String(String),
    /// A tuple, an array or a vector.
    List(Vec<Value<'a>>),
    Fields(Vec<(String, Value<'a>)>),
    /// A function or type of another crate, by its path.
    Path(Vec<String>),
    /// Functions of the app; several if they exclude each other by `cfg`.
    Functions(Vec<(Scope<'a>, &'a ItemFn)>),
    /// A function that belongs to a type of the app: all that is known is the type that it gives.
    Giving(Box<Value<'a>>),
    Closure(Rc<Closure<'a>>),
    /// `&mut ServiceConfig` or one of the library's own: what is called on it is collected.
    Config(Config),
    /// The library's `Oidc`.
    Oidc,
    /// What `Oidc::builder()` gives, before its `build()`.
    OidcBuilder,
    /// The library's `Dev`, with the pages of debug builds.
    Dev,
    /// A function for `.configure()` that the library has wrapped.
    Table(TableKind, Box<Value<'a>>),
    /// The same, for everything that is below the path of the app's address.
    AtBasePath(Box<Value<'a>>),
    /// A function for `.configure()` that registers this.
    Registers(Vec<Node>),
    /// A scope or an app that is being put together.
    Scope(ScopeParts),
    Resource(Resource),
    Route(RouteSpec),
    /// Services that need nothing more.
    Services(Vec<Node>),
    Middleware(Middleware),
    /// Middleware that lets everybody pass.
    Transparent,
    /// A guard for one method.
    MethodGuard(String),
}

/// Which of all configs it is: what is registered goes to the one that it is called on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) number: usize,
    pub(super) kind: ConfigKind,
}

#[derive(Debug)]
pub(super) struct Closure<'a> {
    pub(super) code: &'a ExprClosure,
    pub(super) names: Names<'a>,
    pub(super) scope: Scope<'a>,
    /// Whether it can register something by itself, with what it has taken along.
    pub(super) registers: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ScopeParts {
    pub(super) is_app: bool,
    pub(super) prefix: Option<String>,
    pub(super) middleware: Vec<Middleware>,
    pub(super) guarded: bool,
    pub(super) children: Vec<Node>,
}

impl ScopeParts {
    pub(super) fn new(prefix: Option<String>) -> Self {
        Self {
            is_app: false,
            prefix,
            middleware: Vec::new(),
            guarded: false,
            children: Vec::new(),
        }
    }

    pub(super) fn into_node(self) -> Node {
        Node::Scope {
            prefix: self.prefix,
            middleware: self.middleware,
            guarded: self.guarded,
            children: self.children,
        }
    }
}

impl Value<'_> {
    /// Whether nothing at all is known of it: it may be a variable of code that wasn't read.
    pub(super) fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Path(names) => matches!(&names[..], [name] if is_variable(name)),
            _ => false,
        }
    }

    /// Whether there is a config in it, so that whoever gets it can register something.
    pub(super) fn registers(&self) -> bool {
        match self {
            Self::Config(_) => true,
            Self::Closure(closure) => closure.registers,
            Self::List(values) => values.iter().any(Self::registers),
            Self::Fields(fields) => fields.iter().any(|(_, value)| value.registers()),
            Self::Table(_, inner) | Self::AtBasePath(inner) => inner.registers(),
            _ => false,
        }
    }

    /// Whether routes can be added to it.
    pub(super) fn takes_routes(&self) -> bool {
        let is_builder = matches!(self, Self::Scope(_) | Self::Resource(_) | Self::Route(_));
        is_builder || self.registers()
    }

    /// Whether both are the same, as far as they are known.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Foreign, Self::Foreign)
            | (Self::Oidc, Self::Oidc)
            | (Self::OidcBuilder, Self::OidcBuilder)
            | (Self::Dev, Self::Dev)
            | (Self::Transparent, Self::Transparent) => true,
            (Self::Typed(one), Self::Typed(other)) => match (one, other) {
                (Some((one, name)), Some((other, other_name))) => {
                    std::ptr::eq(*one, *other) && name == other_name
                }
                (None, None) => true,
                _ => false,
            },
            (Self::String(one), Self::String(other))
            | (Self::MethodGuard(one), Self::MethodGuard(other)) => one == other,
            (Self::List(one), Self::List(other)) => are_same(one.iter(), other.iter()),
            (Self::Fields(one), Self::Fields(other)) => {
                let names = |fields: &[(String, Self)]| -> Vec<String> {
                    fields.iter().map(|(name, _)| name.clone()).collect()
                };
                names(one) == names(other)
                    && are_same(
                        one.iter().map(|(_, value)| value),
                        other.iter().map(|(_, value)| value),
                    )
            }
            (Self::Path(one), Self::Path(other)) => one == other,
            (Self::Functions(one), Self::Functions(other)) => {
                let items = |functions: &[(Scope<'_>, &ItemFn)]| -> Vec<*const ItemFn> {
                    functions
                        .iter()
                        .map(|(_, item)| std::ptr::from_ref(*item))
                        .collect()
                };
                items(one) == items(other)
            }
            (Self::Giving(one), Self::Giving(other))
            | (Self::AtBasePath(one), Self::AtBasePath(other)) => one.is_same(other),
            (Self::Closure(one), Self::Closure(other)) => Rc::ptr_eq(one, other),
            (Self::Config(one), Self::Config(other)) => one == other,
            (Self::Table(kind, one), Self::Table(other_kind, other)) => {
                kind == other_kind && one.is_same(other)
            }
            (Self::Registers(one), Self::Registers(other))
            | (Self::Services(one), Self::Services(other)) => one == other,
            (Self::Scope(one), Self::Scope(other)) => one == other,
            (Self::Resource(one), Self::Resource(other)) => one == other,
            (Self::Route(one), Self::Route(other)) => one == other,
            (Self::Middleware(one), Self::Middleware(other)) => one == other,
            _ => false,
        }
    }

    /// What several ways lead to: what all of them give, if that is the same.
    pub(super) fn joined(values: impl IntoIterator<Item = Self>) -> Self {
        let mut values = values
            .into_iter()
            .filter(|value| !matches!(value, Self::Never));
        let Some(first) = values.next() else {
            return Self::Never;
        };
        if values.all(|value| value.is_same(&first)) {
            first
        } else {
            Self::Unknown
        }
    }

    pub(super) fn string(&self) -> Option<String> {
        match self {
            Self::String(string) => Some(string.clone()),
            _ => None,
        }
    }

    /// What a field holds, if it is known by its value.
    pub(super) fn field(self, name: &Member) -> Self {
        match (self, name) {
            (Self::Fields(fields), name) => fields
                .into_iter()
                .find_map(|(known, value)| (member_name(name) == known).then_some(value))
                .unwrap_or(Self::Unknown),
            (Self::List(values), Member::Unnamed(index)) => {
                let value = values.into_iter().nth(index.index as usize);
                value.unwrap_or(Self::Unknown)
            }
            _ => Self::Unknown,
        }
    }

    /// The paths that a resource may have.
    pub(super) fn strings(&self) -> Vec<Option<String>> {
        match self {
            Self::List(values) => values.iter().map(Self::string).collect(),
            other => vec![other.string()],
        }
    }
}

fn are_same<'v, 'a: 'v>(
    one: impl ExactSizeIterator<Item = &'v Value<'a>>,
    other: impl ExactSizeIterator<Item = &'v Value<'a>>,
) -> bool {
    one.len() == other.len() && one.zip(other).all(|(one, other)| one.is_same(other))
}

/// The name of a field, or its number.
pub(super) fn member_name(member: &Member) -> String {
    match member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// Whether a name is written as those of variables are.
fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_lowercase() || first == '_')
}
