//! What the library's `Oidc` means for routes: the middleware and tables that it makes, and the
//! pages that `Oidc::routes` mounts. The pages are data here, as the library's source is not read.
//! Where they are is in [`super::paths`].

use std::rc::Rc;

use syn::ExprMethodCall;

use super::handler::Handler;
use super::node::{LetsIn, Middleware, Node, Place, Resource, RouteSpec, TableKind};
use super::paths::{PagePaths, PathSetting, ROUTES_UNDER, WITH_PATHS};
use super::read::Reader;
use super::value::Value;
use crate::source::{Crate, DEV_LIBRARY, Def, LIBRARY};

/// Methods, each with the handler that answers it.
type Handlers = &'static [(&'static str, &'static str)];

/// The library's pages, each with the field of `Paths` that it is at, in the order in which they
/// are mounted.
const PAGES: [(&str, Handlers); 5] = [
    ("login", &[("GET", "login"), ("POST", "begin_login")]),
    ("login_callback", &[("GET", "callback")]),
    ("logout", &[("POST", "logout")]),
    ("logged_out", &[("GET", "logged_out")]),
    ("backchannel_logout", &[("POST", "backchannel_logout")]),
];

/// Those of their handlers that check that a page of the app sent the request.
const CHECKING_CSRF: [&str; 2] = ["begin_login", "logout"];

/// What is below the path of the sign-in widget's files.
const WIDGET_FILES: (&str, Handlers) = ("/{version}/{name:.*}", &[("GET", "widget_file")]);

/// The pages of debug builds, and the scope that they are in.
const DEV_SCOPE: &str = "/dev";
const DEV_PAGES: [(&str, Handlers); 8] = [
    ("/gallery.css", &[("GET", "stylesheet")]),
    ("/reload", &[("GET", "reload")]),
    ("/reload.js", &[("GET", "reload_script")]),
    ("/views", &[("GET", "views")]),
    ("/views/{name}", &[("GET", "view")]),
    ("/routes", &[("GET", "routes"), ("POST", "ask_routes")]),
    ("/routes.json", &[("GET", "routes_as_json")]),
    ("/provider", &[("GET", "provider"), ("POST", "switch")]),
];

/// The methods of `Oidc` that matter here, with how many arguments they take.
const METHODS: [(&str, usize); 12] = [
    ("app_session", 0),
    ("at_base_path", 1),
    ("declare_public", 0),
    ("ensure_authenticated", 0),
    ("error_pages", 0),
    ("middleware", 0),
    ("protected", 1),
    ("public", 1),
    ("redirect_to", 1),
    ("routes", 0),
    ("security_headers", 0),
    ("sign_in_silently", 0),
];

/// What of an app decides what the library's types mean in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Library {
    pages: PagePaths,
}

impl Library {
    pub(super) fn read(source: &Crate) -> Rc<Self> {
        let pages = PagePaths::read(source, &Rc::new(Self::default()));
        Rc::new(Self { pages })
    }
}

impl PagePaths {
    /// The pages that `Oidc::routes` mounts.
    fn nodes(&self, at: &Place) -> Vec<Node> {
        let pages = PAGES.iter();
        let mut children: Vec<Node> = pages
            .map(|(field, handlers)| page(self.path(field), LIBRARY, handlers, at))
            .collect();
        let (below, handlers) = WIDGET_FILES;
        let files = page(Some(below.to_owned()), LIBRARY, handlers, at);
        children.push(scope(self.path("widget_files"), vec![files]));
        public(children)
    }
}

/// The pages that `Dev::routes` mounts, for this machine only.
fn dev_pages(at: &Place) -> Vec<Node> {
    let library = DEV_LIBRARY.replace('-', "_");
    let pages = DEV_PAGES.iter();
    let pages =
        pages.map(|(path, handlers)| page(Some((*path).to_owned()), &library, handlers, at));
    public(vec![scope(Some(DEV_SCOPE.to_owned()), pages.collect())])
}

/// What `Oidc::at_base_path` has answer everything for which there is no page.
pub(super) fn unknown_page(at: &Place) -> Vec<Node> {
    let Node::Resource(unknown) = page(Some(String::new()), LIBRARY, &[("", "unknown")], at) else {
        return Vec::new();
    };
    public(vec![Node::Default(Resource {
        is_prefix: true,
        ..unknown
    })])
}

fn page(path: Option<String>, library: &str, handlers: Handlers, at: &Place) -> Node {
    let handlers = handlers.iter().map(|(method, name)| {
        let handler = Handler::built_in(&format!("{library}::{name}"));
        RouteSpec {
            methods: if method.is_empty() {
                Vec::new()
            } else {
                vec![(*method).to_owned()]
            },
            middleware: Vec::new(),
            handler: if CHECKING_CSRF.contains(name) {
                handler.checking_csrf()
            } else {
                handler
            },
            guarded: false,
        }
    });
    Node::Resource(Resource {
        paths: vec![path],
        is_prefix: false,
        middleware: Vec::new(),
        guarded: false,
        lets_in: LetsIn::default(),
        routes: handlers.collect(),
        default: Vec::new(),
        at: at.clone(),
    })
}

fn scope(prefix: Option<String>, children: Vec<Node>) -> Node {
    Node::Scope {
        prefix,
        middleware: Vec::new(),
        guarded: false,
        children,
    }
}

fn public(children: Vec<Node>) -> Vec<Node> {
    vec![Node::Table {
        kind: TableKind::Public,
        children,
    }]
}

impl<'a> Reader<'a> {
    /// What a method of the library's types gives; nothing if the call means something else, or
    /// if that can't be told.
    pub(super) fn library_method(
        &mut self,
        at: &Place,
        call: &'a ExprMethodCall,
        receiver: &Value<'a>,
        arguments: &[Value<'a>],
    ) -> Option<Value<'a>> {
        let name = call.method.to_string();
        match (name.as_str(), arguments) {
            (WITH_PATHS, [paths]) => {
                self.path_settings.push(PathSetting::Paths(paths.clone()));
                return Some(Value::Foreign);
            }
            (ROUTES_UNDER, [prefix]) => {
                self.path_settings.push(PathSetting::Under(prefix.clone()));
                return Some(Value::Foreign);
            }
            _ => {}
        }
        match receiver {
            Value::OidcBuilder if name == "build" => Some(Value::Oidc),
            Value::OidcBuilder => Some(Value::OidcBuilder),
            Value::Oidc => Some(match (name.as_str(), arguments) {
                // Those beside `clone` are of what holds it.
                ("as_ref" | "borrow" | "clone" | "deref" | "get" | "get_ref" | "unwrap", [])
                | ("expect", [_]) => Value::Oidc,
                ("paths", []) => self.library.pages.value(),
                _ => self
                    .oidc_method(at, &name, arguments)
                    .unwrap_or(Value::Unknown),
            }),
            Value::Dev if name == "clone" => Some(Value::Dev),
            Value::Dev if name == "routes" => Some(Value::Registers(dev_pages(at))),
            _ => None,
        }
    }

    fn oidc_method(
        &mut self,
        at: &Place,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Option<Value<'a>> {
        if !METHODS.contains(&(name, arguments.len())) {
            return None;
        }
        Some(match (name, arguments) {
            ("ensure_authenticated" | "redirect_to", _) => {
                Value::Middleware(Middleware::EnsureAuthenticated)
            }
            ("declare_public", _) => Value::Middleware(Middleware::DeclaresPublic),
            ("protected", [table]) => Value::Table(TableKind::Protected, Box::new(table.clone())),
            ("public", [table]) => Value::Table(TableKind::Public, Box::new(table.clone())),
            // The path that it puts first is part of the app's address, not of its routes.
            ("at_base_path", [everything]) => Value::AtBasePath(Box::new(everything.clone())),
            ("routes", _) => Value::Registers(self.library.pages.nodes(at)),
            _ => Value::Transparent,
        })
    }
}

/// What a function of the library gives that a scope can be wrapped with.
pub(super) fn library_function<'a>(source: &Crate, names: &[String]) -> Option<Value<'a>> {
    match source.in_library(&Def::Other(names.to_vec()))? {
        "ensure_authenticated" | "redirect_to" => {
            Some(Value::Middleware(Middleware::EnsureAuthenticated))
        }
        "declare_public" => Some(Value::Middleware(Middleware::DeclaresPublic)),
        "sign_in_silently" => Some(Value::Transparent),
        _ => None,
    }
}

/// Whether a path is the library's function that starts what debug builds have.
pub(super) fn is_dev_start(source: &Crate, names: &[String]) -> bool {
    names.len() == 2 && source.in_dev_library(&Def::Other(names.to_vec())) == Some("start")
}

/// Whether a path is `Oidc::builder`.
pub(super) fn is_builder(source: &Crate, names: &[String]) -> bool {
    let [above @ .., last] = names else {
        return false;
    };
    let owner = Def::Other(above.to_vec());
    last == "builder" && source.in_library(&owner) == Some("Oidc")
}

/// Whether a method may wrap a scope behind a guard, whatever it is called on.
pub(super) fn is_guarding(name: &str) -> bool {
    matches!(name, "ensure_authenticated" | "redirect_to")
}
