//! What an expression comes to while registrations are read, as far as that matters for routes.

use std::collections::HashMap;
use std::rc::Rc;

use syn::{ExprClosure, ItemFn, Member};

use super::node::{Middleware, Node, Resource, RouteSpec, TableKind};
use crate::source::{Module, Scope};

/// Local names and what they stand for.
pub(super) type Names<'a> = HashMap<String, Value<'a>>;

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// It can't be told.
    Unknown,
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
    Functions(Vec<(&'a Module, &'a ItemFn)>),
    Closure(Rc<Closure<'a>>),
    /// `&mut ServiceConfig` or `&mut ProtectedConfig`: what is called on it is collected.
    Config,
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

#[derive(Debug)]
pub(super) struct Closure<'a> {
    pub(super) code: &'a ExprClosure,
    pub(super) names: Names<'a>,
    pub(super) scope: Scope<'a>,
}

#[derive(Debug, Clone)]
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

    /// Whether routes can be added to it.
    pub(super) fn takes_routes(&self) -> bool {
        matches!(
            self,
            Self::Config | Self::Scope(_) | Self::Resource(_) | Self::Route(_)
        )
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
            (Self::Fields(fields), Member::Named(name)) => fields
                .into_iter()
                .find_map(|(known, value)| (name == &known).then_some(value))
                .unwrap_or(Self::Unknown),
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

/// Whether a name is written as those of variables are.
fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_lowercase() || first == '_')
}
