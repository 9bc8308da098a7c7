//! What an expression comes to while registrations are read, as far as that matters for routes.

use std::collections::HashMap;
use std::rc::Rc;

use syn::{ExprClosure, ItemFn, Member};

use super::node::{Node, Resource, RouteSpec, Wall};
use crate::source::{Module, Scope};

/// Local names and what they stand for.
pub(super) type Names<'a> = HashMap<String, Value<'a>>;

#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// It can't be told.
    Unknown,
    /// Something made by another crate that registers nothing.
    Foreign,
    Text(String),
    /// A tuple, an array or a vector.
    List(Vec<Value<'a>>),
    Fields(Vec<(String, Value<'a>)>),
    /// A function or type of another crate, by its path.
    Path(Vec<String>),
    /// Functions of the app; several if they exclude each other by `cfg`.
    Functions(Vec<(&'a Module, &'a ItemFn)>),
    Closure(Rc<Closure<'a>>),
    /// `&mut ServiceConfig` or `&mut GuardedConfig`: what is called on it is collected.
    Config,
    /// A function for `.configure()`, and what stands before all that it registers.
    Walled(Wall, Box<Value<'a>>),
    /// A scope or an app that is being put together.
    Scope(ScopeParts),
    Resource(Resource),
    Route(RouteSpec),
    /// Services that need nothing more.
    Services(Vec<Node>),
    Wall(Wall),
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
    pub(super) walls: Vec<Wall>,
    pub(super) guarded: bool,
    pub(super) children: Vec<Node>,
}

impl ScopeParts {
    pub(super) fn new(prefix: Option<String>) -> Self {
        Self {
            is_app: false,
            prefix,
            walls: Vec::new(),
            guarded: false,
            children: Vec::new(),
        }
    }

    pub(super) fn into_node(self) -> Node {
        Node::Scope {
            prefix: self.prefix,
            walls: self.walls,
            guarded: self.guarded,
            children: self.children,
        }
    }
}

impl Value<'_> {
    /// Whether routes can be added to it.
    pub(super) fn takes_routes(&self) -> bool {
        matches!(
            self,
            Self::Config | Self::Scope(_) | Self::Resource(_) | Self::Route(_)
        )
    }

    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// What a field holds.
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
    pub(super) fn texts(&self) -> Vec<Option<String>> {
        match self {
            Self::List(values) => values.iter().map(Self::text).collect(),
            other => vec![other.text()],
        }
    }
}
