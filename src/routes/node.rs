//! What an app registers, as a tree in the order of registration.

use super::handler::Handler;
use crate::source::{Crate, Module};

/// A position in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
}

impl Place {
    /// The position of a piece of syntax in the file of a module.
    pub(crate) fn of(source: &Crate, module: &Module, span: proc_macro2::Span) -> Self {
        let file = source.file_of(module);
        Self {
            file: file.map(|file| file.path.clone()).unwrap_or_default(),
            line: span.start().line,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One registration, with what is inside it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Resource(Resource),
    /// What answers everything else below the scope that it is in, or in the app.
    Default(Resource),
    Scope {
        /// `None`: only the running app knows it.
        prefix: Option<String>,
        middleware: Vec<Middleware>,
        /// Whether requests that its guards turn down go on to what is registered after it.
        guarded: bool,
        children: Vec<Node>,
    },
    /// What is inside was registered by way of the library.
    Table {
        kind: TableKind,
        children: Vec<Node>,
    },
    /// A function registered what is inside.
    From {
        function: Function,
        children: Vec<Node>,
    },
    /// Registered under a condition.
    When {
        condition: String,
        children: Vec<Node>,
    },
    /// Something is registered here, but it can't be told what.
    Unread {
        at: Place,
        reason: String,
    },
}

/// What stands for the name of a closure that registers routes.
pub(crate) const CLOSURE: &str = "{closure}";

/// A function that registers routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// The names from the crate's root, its own last.
    pub(crate) path: Vec<String>,
    /// Whether the library guards what it registers, as it does on a `ProtectedConfig`.
    pub(crate) is_protected: bool,
    /// Whether `.configure()` is given it by its name.
    pub(crate) is_configured: bool,
}

/// Handlers below one pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resource {
    /// `None`: only the running app knows it.
    pub(super) paths: Vec<Option<String>>,
    /// Whether it takes everything below its path, as a folder of files does.
    pub(super) is_prefix: bool,
    pub(super) middleware: Vec<Middleware>,
    /// Whether a request with another method goes on to what is registered after it.
    pub(super) guarded: bool,
    /// What its own guards let in, whenever they were added.
    pub(super) lets_in: LetsIn,
    pub(super) routes: Vec<RouteSpec>,
    /// What answers the methods that none of `routes` takes.
    pub(super) default: Vec<RouteSpec>,
    pub(super) at: Place,
}

/// The requests that the guards of a resource let in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct LetsIn {
    /// `None`: with any method.
    methods: Option<Vec<String>>,
    /// Whether there are guards that can't be told.
    is_unclear: bool,
}

impl LetsIn {
    /// Of these, those with a method.
    pub(super) fn only(&mut self, method: &str) {
        let known = self.methods.take();
        let is_in = known.is_none_or(|known| known.iter().any(|known| known == method));
        self.methods = Some(is_in.then(|| method.to_owned()).into_iter().collect());
    }

    pub(super) fn not_all(&mut self) {
        self.is_unclear = true;
    }

    /// What is left of a route; nothing if no request gets to it.
    fn left_of(&self, mut route: RouteSpec) -> Option<RouteSpec> {
        route.guarded |= self.is_unclear;
        if let Some(methods) = &self.methods {
            if route.methods.is_empty() {
                route.methods.clone_from(methods);
            } else {
                route.methods.retain(|method| methods.contains(method));
            }
            if route.methods.is_empty() {
                return None;
            }
        }
        Some(route)
    }
}

impl Resource {
    /// The same with only what its guards let requests get to.
    pub(super) fn behind_guards(mut self) -> Self {
        let lets_in = std::mem::take(&mut self.lets_in);
        let left = |routes: Vec<RouteSpec>| -> Vec<RouteSpec> {
            let left = routes.into_iter().map(|route| lets_in.left_of(route));
            left.flatten().collect()
        };
        self.routes = left(self.routes);
        self.default = left(self.default);
        self
    }

    /// All that answers, each with the middleware before it.
    pub(super) fn all_routes(self) -> Vec<RouteSpec> {
        let this = self.behind_guards();
        let middleware = this.middleware;
        let routes = this.routes.into_iter().chain(this.default);
        routes
            .map(|route| RouteSpec {
                middleware: [&middleware[..], &route.middleware].concat(),
                ..route
            })
            .collect()
    }
}

/// What answers some methods.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RouteSpec {
    /// Empty: with any.
    pub(super) methods: Vec<String>,
    pub(super) middleware: Vec<Middleware>,
    pub(super) handler: Handler,
    /// Whether it has guards that can't be told, so that it may not take all it could.
    pub(super) guarded: bool,
}

/// Middleware that decides who gets to a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Middleware {
    /// Lets only signed-in people pass.
    EnsureAuthenticated,
    /// Says that everybody may pass.
    DeclaresPublic,
    /// The app's own: it can't be told whom it lets pass.
    Own(String),
}

/// How the library registers a table of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    /// `Oidc::protected`: everything inside is for signed-in people.
    Protected,
    /// `Oidc::public`: what asks for nothing is meant for everybody.
    Public,
}

impl Node {
    /// Whether there is nothing to be said about it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::When { children, .. } => children.is_empty(),
            _ => false,
        }
    }
}
