//! The table of routes: the tree of registrations laid out flat. Which of them a request reaches
//! is found in [`super::reach`].

use super::access::{Access, access, checks};
use super::apps;
use super::csrf::{Csrf, csrf};
use super::handler::Handler;
use super::node::{Middleware, Node, Place, Resource, RouteSpec, TableKind};
use super::oidc::Library;
use super::reach::{Patterns, Reached};
use crate::source::{Crate, both};

/// One route, for one method.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    /// `*` for any.
    pub(crate) method: String,
    /// `None`: only the running app knows it.
    pub(crate) path: Option<String>,
    /// Whether it only gets what no other route there answers.
    pub(crate) is_default: bool,
    pub(crate) access: Access,
    pub(crate) csrf: Csrf,
    /// All that may keep people away, by name, also where it can't be told whom.
    pub(crate) checks: Vec<String>,
    pub(crate) handler: Handler,
    /// Where it is registered.
    pub(crate) at: Place,
    /// The function with its registration that the app gives to `.configure()`.
    pub(crate) table: Option<Vec<String>>,
    /// Under which condition, if any.
    pub(crate) condition: Option<String>,
}

impl Route {
    /// What of it stays the same when something else is edited: everything but its position.
    pub(crate) fn outline(&self) -> impl PartialEq + '_ {
        (
            &self.method,
            &self.path,
            self.is_default,
            &self.access,
            self.csrf,
            &self.handler.name,
            &self.condition,
        )
    }
}

/// A function that registers routes, as it is called in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// The path of the function.
    pub(crate) function: Vec<String>,
    /// What comes before its paths; `None`: only the running app knows it.
    pub(crate) prefix: Option<String>,
    /// Whether only signed-in people get that far.
    pub(crate) signed_in: bool,
    /// How the library registers it, if it does so directly.
    pub(crate) kind: Option<TableKind>,
    /// Whether `.configure()` of the app or of a scope in it is given it by its name.
    pub(crate) is_configured: bool,
    pub(crate) condition: Option<String>,
}

/// All routes of an app, in the order of registration.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) routes: Vec<Route>,
    pub(crate) mounts: Vec<Mount>,
    /// What is registered in a way that can't be read, by function.
    pub(crate) unread: Vec<(Place, String)>,
    nodes: Vec<Node>,
    patterns: Patterns,
}

/// What is known about a place in the tree.
#[derive(Clone, Default)]
struct Above {
    prefix: Option<String>,
    middleware: Vec<Middleware>,
    is_public: bool,
    kind: Option<TableKind>,
    table: Option<Vec<String>>,
    condition: Option<String>,
}

impl Table {
    pub(crate) fn read(source: &Crate) -> Self {
        let mut table = Self::default();
        let library = Library::read(source);
        let nodes = apps::read(source, &library);
        let above = Above {
            prefix: Some(String::new()),
            ..Above::default()
        };
        table.add(&nodes, &above);
        table.nodes = nodes;
        table
    }

    /// Whether no app was found at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn add(&mut self, nodes: &[Node], above: &Above) {
        for node in nodes {
            match node {
                Node::Resource(resource) => self.add_resource(resource, above, false),
                Node::Default(resource) => self.add_resource(resource, above, true),
                Node::Scope {
                    prefix,
                    middleware,
                    children,
                    ..
                } => {
                    let below = Above {
                        prefix: join(above.prefix.as_deref(), prefix.as_deref()),
                        middleware: [&above.middleware[..], middleware].concat(),
                        ..above.clone()
                    };
                    self.add(children, &below);
                }
                Node::Table { kind, children } => {
                    let mut below = above.clone();
                    below.kind = Some(*kind);
                    match kind {
                        TableKind::Protected => {
                            below.middleware.push(Middleware::EnsureAuthenticated);
                        }
                        TableKind::Public => below.is_public = true,
                    }
                    self.add(children, &below);
                }
                Node::From { function, children } => {
                    let mut below = above.clone();
                    below.kind = None;
                    if function.is_protected {
                        below.middleware.push(Middleware::EnsureAuthenticated);
                    }
                    if function.is_configured {
                        below.table.get_or_insert_with(|| function.path.clone());
                    }
                    self.mounts.push(Mount {
                        function: function.path.clone(),
                        prefix: above.prefix.clone(),
                        signed_in: below.middleware.contains(&Middleware::EnsureAuthenticated),
                        kind: above.kind,
                        is_configured: function.is_configured && above.table.is_none(),
                        condition: above.condition.clone(),
                    });
                    self.add(children, &below);
                }
                Node::When {
                    condition,
                    children,
                } => {
                    let below = Above {
                        condition: both(above.condition.clone(), Some(condition.clone())),
                        ..above.clone()
                    };
                    self.add(children, &below);
                }
                Node::Unread { at, reason } => {
                    let unread = (at.clone(), reason.clone());
                    if !self.unread.contains(&unread) {
                        self.unread.push(unread);
                    }
                }
            }
        }
    }

    fn add_resource(&mut self, resource: &Resource, above: &Above, is_default: bool) {
        for path in &resource.paths {
            let mut path = join(above.prefix.as_deref(), path.as_deref());
            if resource.is_prefix {
                path = path.map(|path| format!("{}/…", path.trim_end_matches('/')));
            }
            let routes = resource.routes.iter().map(|route| (route, is_default));
            let defaults = resource.default.iter().map(|route| (route, true));
            for (route, is_default) in routes.chain(defaults) {
                let middleware = [
                    &above.middleware[..],
                    &resource.middleware,
                    &route.middleware,
                ]
                .concat();
                let access = access(&middleware, &route.handler.needs, above.is_public);
                let checks = checks(&middleware, &route.handler.needs);
                for method in methods(route) {
                    self.routes.push(Route {
                        csrf: csrf(&method, &access, &route.handler),
                        method,
                        path: path.clone(),
                        is_default,
                        access: access.clone(),
                        checks: checks.clone(),
                        handler: route.handler.clone(),
                        at: resource.at.clone(),
                        table: above.table.clone(),
                        condition: above.condition.clone(),
                    });
                }
            }
        }
    }

    /// What answers a request.
    pub(crate) fn reach(&self, method: &str, path: &str) -> Reached<'_> {
        self.patterns.reach(&self.nodes, method, path)
    }

    /// The ways in which a function is called to register routes.
    pub(crate) fn mounts_of(&self, function: &[String]) -> Vec<&Mount> {
        let mut found: Vec<&Mount> = Vec::new();
        for mount in &self.mounts {
            if mount.function == function && !found.contains(&mount) {
                found.push(mount);
            }
        }
        found
    }
}

fn methods(route: &RouteSpec) -> Vec<String> {
    if route.methods.is_empty() {
        vec!["*".to_owned()]
    } else {
        route.methods.clone()
    }
}

/// A path below a prefix, with the slash that Actix puts before what has none.
pub(super) fn join(prefix: Option<&str>, path: Option<&str>) -> Option<String> {
    let (prefix, path) = (prefix?, path?);
    let slash = if path.is_empty() || path.starts_with('/') {
        ""
    } else {
        "/"
    };
    Some(format!("{prefix}{slash}{path}"))
}
