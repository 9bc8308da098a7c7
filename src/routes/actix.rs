//! What Actix's functions and builders mean for routes.

use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, FnArg, ImplItem, Item, Pat, Token, Type};

use super::handler::{Handler, Needs};
use super::node::{LetsIn, Middleware, Node, Resource, RouteSpec, TableKind};
use super::oidc::{is_builder, is_dev_start, is_guarding, library_function, unknown_page};
use super::paths::{default_paths, paths_under};
use super::read::{Here, Reader, short};
use super::types::given_by;
use super::value::{ScopeParts, Value};
use crate::source::{ConfigKind, Def, Scope, Want, string_of};

/// The methods that have functions and attributes of their own.
const METHODS: [&str; 9] = [
    "get", "post", "put", "patch", "delete", "head", "options", "connect", "trace",
];

/// The name of what answers with the files of a folder.
const FILES: &str = "files";
/// The methods of `actix_files::Files` that decide how it answers, not who may ask.
const FILES_SETTERS: [&str; 15] = [
    "disable_content_disposition",
    "files_listing_renderer",
    "index_file",
    "method_guard",
    "mime_override",
    "path_filter",
    "prefer_utf8",
    "read_mode_threshold",
    "redirect_to_slash_directory",
    "show_files_listing",
    "use_etag",
    "use_guards",
    "use_hidden_files",
    "use_last_modified",
    "with_permanent_redirect",
];

/// The methods of the library's `ProtectedConfig` and `PublicConfig`.
const LIBRARY_METHODS: [&str; 3] = ["configure", "route", "service"];

impl<'a> Reader<'a> {
    /// A call of a function.
    pub(super) fn call(
        &mut self,
        here: &mut Here<'a>,
        whole: &'a Expr,
        function: Value<'a>,
        arguments: Vec<Value<'a>>,
    ) -> Value<'a> {
        match &function {
            Value::Path(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                self.call_other(here, whole, &names, arguments)
            }
            Value::Giving(given) => {
                self.given_away(here, whole, &arguments);
                (**given).clone()
            }
            function => self.applied(here, whole, function, &arguments),
        }
    }

    fn applied(
        &mut self,
        here: &mut Here<'a>,
        whole: &'a Expr,
        function: &Value<'a>,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        match self.apply(function, arguments) {
            Some(value) => value,
            None => {
                let function = [function.clone()];
                self.given_away(here, whole, &[&function, arguments].concat());
                Value::Unknown
            }
        }
    }

    fn call_other(
        &mut self,
        here: &mut Here<'a>,
        whole: &'a Expr,
        names: &[&str],
        arguments: Vec<Value<'a>>,
    ) -> Value<'a> {
        if let Some(value) = self.library_call(names, &arguments) {
            return value;
        }
        let [crate_name, inner @ ..] = names else {
            return Value::Foreign;
        };
        let first = || arguments.first().cloned().unwrap_or(Value::Unknown);
        if *crate_name == "actix_files" && inner == ["Files", "new"] {
            return Value::Resource(Resource {
                is_prefix: true,
                routes: vec![any_method(Handler::built_in(FILES))],
                ..self.resource(here, whole, first().strings())
            });
        }
        if *crate_name != "actix_web" {
            self.given_away(here, whole, &arguments);
            return Value::Foreign;
        }
        match inner {
            ["App", "new"] => {
                self.apps.push(self.place(&here.scope, whole.span()));
                Value::Scope(ScopeParts {
                    is_app: true,
                    ..ScopeParts::new(Some(String::new()))
                })
            }
            ["web", "scope"] | ["Scope", "new"] => Value::Scope(ScopeParts::new(first().string())),
            ["web", "resource"] | ["Resource", "new"] => {
                Value::Resource(self.resource(here, whole, first().strings()))
            }
            ["web", "redirect"] => Value::Resource(Resource {
                routes: vec![any_method(Handler::built_in("redirect"))],
                ..self.resource(here, whole, first().strings())
            }),
            ["web", "route"] | ["Route", "new"] => Value::Route(unanswered(Vec::new())),
            ["web", "to"] => {
                let handler = self.handler(here, argument(whole, 0), &first());
                Value::Route(any_method(handler))
            }
            ["web", "method"] => match method_name(argument(whole, 0)) {
                Some(method) => Value::Route(unanswered(vec![method])),
                None => Value::Unknown,
            },
            ["web", method] if METHODS.contains(method) => {
                Value::Route(unanswered(vec![method.to_uppercase()]))
            }
            ["guard", method] if METHODS.contains(&method.to_lowercase().as_str()) => {
                Value::MethodGuard(method.to_uppercase())
            }
            ["guard", "Method"] => match method_name(argument(whole, 0)) {
                Some(method) => Value::MethodGuard(method),
                None => Value::Unknown,
            },
            ["middleware", "from_fn"] => {
                let function = argument(whole, 0).map(short).unwrap_or_default();
                Value::Middleware(Middleware::Own(function))
            }
            _ => {
                self.given_away(here, whole, &arguments);
                Value::Foreign
            }
        }
    }

    /// The outcome of functions of the library, and of those that return their argument.
    fn library_call(&self, names: &[&str], arguments: &[Value<'a>]) -> Option<Value<'a>> {
        let path: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        if is_builder(self.source, &path) {
            return Some(Value::OidcBuilder);
        }
        if let Some(value) = library_function(self.source, &path) {
            return Some(value);
        }
        if is_dev_start(self.source, &path) {
            return Some(Value::List(vec![Value::Foreign, Value::Dev]));
        }
        let [above @ .., last] = &path[..] else {
            return None;
        };
        let owner = Def::Other(above.to_vec());
        if last == "default" && self.source.in_library(&owner) == Some("Paths") {
            return Some(default_paths());
        }
        let [argument] = arguments else { return None };
        match (names, argument) {
            (["Ok" | "Some"], _) => Some(argument.clone()),
            (["String", "from"] | [.., "Cow", "Borrowed" | "Owned" | "from"], Value::String(_)) => {
                Some(argument.clone())
            }
            (
                [.., "Arc" | "Box" | "Data" | "Rc", "new" | "clone"],
                Value::Oidc | Value::Typed(_) | Value::Fields(_),
            ) => Some(argument.clone()),
            _ => None,
        }
    }

    fn resource(&self, here: &Here<'a>, at: &Expr, paths: Vec<Option<String>>) -> Resource {
        Resource {
            paths,
            is_prefix: false,
            middleware: Vec::new(),
            guarded: false,
            lets_in: LetsIn::default(),
            routes: Vec::new(),
            default: Vec::new(),
            at: self.place(&here.scope, at.span()),
        }
    }

    /// A call of a method.
    pub(super) fn method(
        &mut self,
        here: &mut Here<'a>,
        call: &'a syn::ExprMethodCall,
        receiver: Value<'a>,
        arguments: Vec<Value<'a>>,
    ) -> Value<'a> {
        let name = call.method.to_string();
        let at = self.place(&here.scope, call.method.span());
        if let Some(value) = self.library_method(&at, call, &receiver, &arguments) {
            return value;
        }
        match receiver {
            Value::Config(config) => {
                // The library's own have fewer methods than Actix's.
                let is_known =
                    config.kind == ConfigKind::Plain || LIBRARY_METHODS.contains(&name.as_str());
                let nodes = if is_known {
                    self.registered(here, call, &name, &arguments, config.kind)
                } else {
                    vec![self.unknown_method(here, call)]
                };
                self.register(config.number, nodes);
                Value::Config(config)
            }
            Value::Scope(parts) => Value::Scope(self.on_scope(here, call, parts, &arguments)),
            Value::Resource(parts) => {
                Value::Resource(self.on_resource(here, call, parts, &arguments))
            }
            Value::Route(route) => Value::Route(self.on_route(here, call, route, &arguments)),
            Value::String(string)
                if matches!(
                    name.as_str(),
                    "as_str" | "to_string" | "to_owned" | "into" | "clone" | "as_ref"
                ) =>
            {
                Value::String(string)
            }
            Value::Fields(fields) if name == "under" && !self.has_own(&name) => {
                match &arguments[..] {
                    [Value::String(prefix)] => paths_under(&fields, prefix),
                    _ => Value::Unknown,
                }
            }
            Value::Fields(_) if name == "clone" && !self.has_own(&name) => receiver,
            Value::Middleware(_) | Value::Transparent if name == "clone" => receiver,
            // It isn't the library's, so it can't be told what it lets pass.
            Value::Foreign | Value::Typed(_) if is_guarding(&name) => Value::Unknown,
            receiver => {
                // Also what a closure takes with it, to be called who knows how often.
                let given = [std::slice::from_ref(&receiver), &arguments].concat();
                self.given_in_call(here, call, &given);
                match receiver {
                    Value::Foreign => Value::Foreign,
                    // A copy is the same.
                    Value::Typed(known) if name == "clone" => Value::Typed(known),
                    Value::Typed(Some((module, of))) => {
                        given_by(self.source, module, &of, &call.method, true)
                    }
                    _ => Value::Unknown,
                }
            }
        }
    }

    /// Whether the app has a method of this name, which may give anything.
    fn has_own(&self, method: &str) -> bool {
        let mut items = self.source.all_modules().flat_map(|module| module.items);
        items.any(|item| match item {
            Item::Impl(item) => item
                .items
                .iter()
                .any(|item| matches!(item, ImplItem::Fn(item) if item.sig.ident == method)),
            _ => false,
        })
    }

    fn given_in_call(
        &mut self,
        here: &Here<'a>,
        call: &'a syn::ExprMethodCall,
        values: &[Value<'a>],
    ) {
        let is_given = values.iter().any(Value::registers);
        if is_given || call.args.iter().any(|it| self.has_a_hand_on(here, it)) {
            self.position = self.place(&here.scope, call.span());
            self.lost(format!("`{}`", short(call)));
        }
    }

    /// A method that Actix's types and the library's don't have: a trait of the app's own may have
    /// added it.
    fn unknown_method(&self, here: &Here<'a>, call: &'a syn::ExprMethodCall) -> Node {
        let argument = call.args.last().map(short).unwrap_or_default();
        Node::Unread {
            at: self.place(&here.scope, call.method.span()),
            reason: format!("`.{}({argument})`", call.method),
        }
    }

    /// What `.route()`, `.service()`, `.configure()` and `.default_service()` register.
    fn registered(
        &mut self,
        here: &mut Here<'a>,
        call: &'a syn::ExprMethodCall,
        name: &str,
        arguments: &[Value<'a>],
        on: ConfigKind,
    ) -> Vec<Node> {
        let at = self.place(&here.scope, call.method.span());
        let nodes = match (name, arguments) {
            ("route", [path, Value::Route(route)]) => Some(vec![Node::Resource(Resource {
                paths: path.strings(),
                is_prefix: false,
                middleware: Vec::new(),
                guarded: true,
                lets_in: LetsIn::default(),
                routes: vec![route.clone()],
                default: Vec::new(),
                at: at.clone(),
            })]),
            ("service", [service]) => self.nodes_of(service),
            ("configure", [Value::Table(kind, table)]) => {
                let kind = *kind;
                let on = match kind {
                    TableKind::Protected => ConfigKind::Protected,
                    TableKind::Public => ConfigKind::Public,
                };
                self.configured(table, on)
                    .map(by_name)
                    .map(|children| vec![Node::Table { kind, children }])
            }
            ("configure", [Value::AtBasePath(everything)]) => self
                .configured(everything, ConfigKind::Plain)
                .map(|children| [unknown_page(&at), children].concat()),
            ("configure", [Value::Registers(nodes)]) => Some(nodes.clone()),
            ("configure", [table]) => self.configured(table, on).map(by_name),
            ("default_service", [service]) => answering(service).map(|routes| {
                vec![Node::Default(Resource {
                    paths: vec![Some(String::new())],
                    is_prefix: true,
                    middleware: Vec::new(),
                    guarded: false,
                    lets_in: LetsIn::default(),
                    routes,
                    default: Vec::new(),
                    at: at.clone(),
                })]
            }),
            ("app_data" | "data" | "data_factory" | "external_resource", _) => Some(Vec::new()),
            _ => None,
        };
        if nodes.is_none() {
            self.given_in_call(here, call, arguments);
        }
        nodes.unwrap_or_else(|| vec![self.unknown_method(here, call)])
    }

    /// What a function registers on such a config; nothing if that can't be told. Where the
    /// library's `PublicConfig` is given, Actix's own may be taken.
    fn configured(&mut self, table: &Value<'a>, given: ConfigKind) -> Option<Vec<Node>> {
        let kind = match given {
            ConfigKind::Public if self.takes_plain(table) => ConfigKind::Plain,
            given => given,
        };
        let config = self.new_config(kind);
        let (value, mut frame) =
            self.collecting(|this| this.apply(table, &[Value::Config(config)]));
        let own = frame.iter().position(|(known, _)| *known == config.number);
        let nodes = own.map(|own| frame.swap_remove(own).1).unwrap_or_default();
        // It may know other configs too.
        self.give_back(frame, |nodes| nodes);
        value.map(|_| nodes)
    }

    /// Whether a function or closure says that it takes Actix's config.
    fn takes_plain(&self, table: &Value<'a>) -> bool {
        let is_plain = |scope: &Scope<'a>, written: &Type| {
            self.source.config(scope, written) == Some(ConfigKind::Plain)
        };
        match table {
            Value::Functions(functions) => functions.iter().all(|(scope, function)| {
                let scope = scope.clone().within(&function.sig.generics);
                matches!(function.sig.inputs.first(), Some(FnArg::Typed(input)) if is_plain(&scope, &input.ty))
            }),
            Value::Closure(closure) => {
                let first = closure.code.inputs.first();
                matches!(first, Some(Pat::Type(input)) if is_plain(&closure.scope, &input.ty))
            }
            _ => false,
        }
    }

    /// What a service comes to; nothing if that can't be told.
    fn nodes_of(&self, service: &Value<'a>) -> Option<Vec<Node>> {
        match service {
            Value::Scope(parts) => Some(vec![parts.clone().into_node()]),
            Value::Resource(parts) => Some(vec![Node::Resource(parts.clone().behind_guards())]),
            Value::Services(nodes) => Some(nodes.clone()),
            Value::List(services) => services
                .iter()
                .map(|service| self.nodes_of(service))
                .collect::<Option<Vec<_>>>()
                .map(|nodes| nodes.concat()),
            Value::Functions(functions) => {
                let nodes = functions
                    .iter()
                    .map(|(scope, function)| self.by_attributes(scope, function))
                    .collect::<Option<Vec<_>>>()?;
                Some(nodes.into_iter().flatten().map(Node::Resource).collect())
            }
            _ => None,
        }
    }

    fn on_scope(
        &mut self,
        here: &mut Here<'a>,
        call: &'a syn::ExprMethodCall,
        mut parts: ScopeParts,
        arguments: &[Value<'a>],
    ) -> ScopeParts {
        let name = call.method.to_string();
        match name.as_str() {
            "wrap" => parts.middleware.extend(middleware(call, arguments)),
            "wrap_fn" => parts.middleware.push(Middleware::Own("wrap_fn".to_owned())),
            "guard" => parts.guarded = true,
            _ => {
                let nodes = self.registered(here, call, &name, arguments, ConfigKind::Plain);
                parts.children.extend(nodes);
            }
        }
        parts
    }

    fn on_resource(
        &mut self,
        here: &mut Here<'a>,
        call: &'a syn::ExprMethodCall,
        mut parts: Resource,
        arguments: &[Value<'a>],
    ) -> Resource {
        let name = call.method.to_string();
        match (name.as_str(), arguments) {
            (name, _) if is_files(&parts) && FILES_SETTERS.contains(&name) => {}
            ("default_handler", [service]) if is_files(&parts) => {
                // Other services than routes ask for no guard.
                let fallback = || vec![any_method(Handler::built_in("default_handler"))];
                parts.default = answering(service).unwrap_or_else(fallback);
            }
            ("route", [Value::Route(route)]) => parts.routes.push(route.clone()),
            ("route", _) => {
                let text = call.args.first().map(short).unwrap_or_default();
                parts.routes.push(any_method(Handler::unknown(text)));
            }
            ("to", [function]) => {
                let handler = self.handler(here, call.args.first(), function);
                parts.routes.push(any_method(handler));
            }
            (method, [function]) if METHODS.contains(&method) => {
                let handler = self.handler(here, call.args.first(), function);
                parts.routes.push(RouteSpec {
                    methods: vec![method.to_uppercase()],
                    ..any_method(handler)
                });
            }
            ("default_service", [service]) => {
                parts.default = answering(service).unwrap_or_else(|| {
                    let text = call.args.first().map(short).unwrap_or_default();
                    vec![any_method(Handler::unknown(text))]
                });
            }
            ("wrap", _) => parts.middleware.extend(middleware(call, arguments)),
            ("wrap_fn", _) => parts.middleware.push(Middleware::Own("wrap_fn".to_owned())),
            ("guard", [Value::MethodGuard(method)]) => {
                parts.guarded = true;
                parts.lets_in.only(method);
            }
            ("guard", _) => {
                parts.guarded = true;
                parts.lets_in.not_all();
            }
            ("name" | "app_data" | "data", _) => {}
            // What a trait of the app's own may have added to Actix's types.
            _ => parts.routes.push(any_method(Handler::unknown(name))),
        }
        parts
    }

    fn on_route(
        &mut self,
        here: &mut Here<'a>,
        call: &'a syn::ExprMethodCall,
        mut route: RouteSpec,
        arguments: &[Value<'a>],
    ) -> RouteSpec {
        let name = call.method.to_string();
        match (name.as_str(), arguments) {
            ("to", [function]) => {
                route.handler = self.handler(here, call.args.first(), function);
            }
            ("method", _) => match method_name(call.args.first()) {
                Some(method) => route.methods = vec![method],
                None => route.guarded = true,
            },
            ("guard", [Value::MethodGuard(method)]) => route.methods = vec![method.clone()],
            ("guard", _) => route.guarded = true,
            ("wrap", _) => route.middleware.extend(middleware(call, arguments)),
            ("service", _) => {
                let text = call.args.first().map(short).unwrap_or_default();
                route.handler = Handler::unknown(text);
            }
            _ => route.handler = Handler::unknown(name),
        }
        route
    }

    /// The handler that is the argument of `.to()`.
    fn handler(&self, here: &Here<'a>, written: Option<&'a Expr>, function: &Value<'a>) -> Handler {
        match function {
            Value::Functions(functions) => {
                let mut handlers = functions
                    .iter()
                    .map(|(scope, function)| self.handler_of(scope, function));
                let Some(handler) = handlers.next() else {
                    return Handler::unknown(String::new());
                };
                // Twins of which `cfg` chooses one have to ask for the same.
                if handlers.all(|twin| twin.needs == handler.needs) {
                    handler
                } else {
                    Handler::unknown(handler.name)
                }
            }
            Value::Closure(closure) => {
                let needs = Needs {
                    source: self.source,
                };
                let inputs = closure.code.inputs.iter();
                Handler {
                    name: "closure".to_owned(),
                    place: Some(self.place(&here.scope, closure.code.span())),
                    needs: inputs
                        .flat_map(|input| match input {
                            syn::Pat::Type(input) => needs.of_argument(&closure.scope, input),
                            _ => vec![super::handler::Need::Own("_".to_owned())],
                        })
                        .collect(),
                }
            }
            _ => Handler::unknown(written.map(short).unwrap_or_default()),
        }
    }

    fn handler_of(&self, scope: &Scope<'a>, function: &'a syn::ItemFn) -> Handler {
        let needs = Needs {
            source: self.source,
        };
        Handler {
            name: [&scope.module.path[..], &[function.sig.ident.to_string()]]
                .concat()
                .join("::"),
            place: Some(self.place(scope, function.sig.ident.span())),
            needs: needs.of_function(scope, function),
        }
    }

    /// A handler that says by attributes where it is reached: `#[get("/…")]`. With `#[routes]` each
    /// of several attributes makes a resource of its own.
    fn by_attributes(&self, scope: &Scope<'a>, function: &'a syn::ItemFn) -> Option<Vec<Resource>> {
        // In some builds it may be reached elsewhere.
        let mut attributes = function.attrs.iter();
        if attributes.any(|attribute| attribute.path().is_ident("cfg_attr")) {
            return None;
        }
        let mut resources = Vec::new();
        for attribute in &function.attrs {
            match self.actix_attribute(scope, attribute) {
                Some(kind) if kind != "routes" => {
                    resources.push(self.by_attribute(scope, function, attribute, &kind)?);
                }
                _ => {}
            }
        }
        (!resources.is_empty()).then_some(resources)
    }

    fn by_attribute(
        &self,
        scope: &Scope<'a>,
        function: &'a syn::ItemFn,
        attribute: &Attribute,
        kind: &str,
    ) -> Option<Resource> {
        let mut paths = Vec::new();
        let mut middleware = Vec::new();
        let mut methods = Vec::new();
        let mut guarded = false;
        let arguments = attribute
            .parse_args_with(syn::punctuated::Punctuated::<Expr, Token![,]>::parse_terminated)
            .ok()?;
        for argument in &arguments {
            match argument {
                Expr::Lit(_) => {
                    let path = string_of(argument)?;
                    let prefix = scope.module.scope.clone().unwrap_or_default();
                    paths.push(Some(format!("{prefix}{path}")));
                }
                Expr::Assign(pair) => {
                    let value = string_of(&pair.right)?;
                    match short(&pair.left).as_str() {
                        "method" => methods.push(value),
                        "guard" => guarded = true,
                        "wrap" => middleware.extend(self.wrapped_by(scope, value)),
                        _ => {}
                    }
                }
                _ => return None,
            }
        }
        if kind != "route" {
            methods.push(kind.to_uppercase());
        }
        if paths.is_empty() {
            return None;
        }
        Some(Resource {
            paths,
            is_prefix: false,
            middleware,
            guarded: true,
            lets_in: LetsIn::default(),
            routes: vec![RouteSpec {
                methods,
                middleware: Vec::new(),
                handler: self.handler_of(scope, function),
                guarded,
            }],
            default: Vec::new(),
            at: self.place(scope, function.sig.ident.span()),
        })
    }

    /// What an attribute wraps its handler with, as far as that decides who may pass.
    fn wrapped_by(&self, scope: &Scope<'a>, written: String) -> Option<Middleware> {
        let function = match syn::parse_str(&written) {
            Ok(Expr::Call(call)) => match *call.func {
                Expr::Path(path) if path.qself.is_none() => Some(path.path),
                _ => None,
            },
            _ => None,
        };
        let found = function.map(|path| self.source.resolve(scope, &path, Want::Value));
        match found.as_deref() {
            Some([Def::Other(names)]) => match library_function(self.source, names) {
                Some(Value::Middleware(middleware)) => Some(middleware),
                Some(_) => None,
                // What other crates make lets everybody pass, but for what runs code of the app.
                None if names.len() > 1 && !names.ends_with(&["from_fn".to_owned()]) => None,
                None => Some(Middleware::Own(written)),
            },
            _ => Some(Middleware::Own(written)),
        }
    }

    /// The name of an attribute if it is one of Actix's for routes.
    fn actix_attribute(&self, scope: &Scope<'a>, attribute: &Attribute) -> Option<String> {
        let name = attribute.path().segments.last()?.ident.to_string();
        if !METHODS.contains(&name.as_str()) && !matches!(name.as_str(), "route" | "routes") {
            return None;
        }
        let found = self.source.resolve(scope, attribute.path(), Want::Type);
        let is_actix = found.iter().all(|def| match def {
            Def::Other(names) => names
                .first()
                .is_some_and(|first| first.starts_with("actix_web") || *first == name),
            _ => false,
        });
        is_actix.then_some(name)
    }
}

/// Whether it is a folder of files.
fn is_files(resource: &Resource) -> bool {
    matches!(&resource.routes[..], [route] if resource.is_prefix && route.handler == Handler::built_in(FILES))
}

fn any_method(handler: Handler) -> RouteSpec {
    RouteSpec {
        methods: Vec::new(),
        middleware: Vec::new(),
        handler,
        guarded: false,
    }
}

/// What a function registers that `.configure()` is given.
fn by_name(mut nodes: Vec<Node>) -> Vec<Node> {
    if let [Node::From { function, .. }] = &mut nodes[..] {
        function.is_configured = true;
    }
    nodes
}

/// The routes of the argument of `.default_service()`; nothing if that can't be told.
fn answering(service: &Value<'_>) -> Option<Vec<RouteSpec>> {
    match service {
        Value::Route(route) => Some(vec![route.clone()]),
        Value::Resource(resource) => Some(resource.clone().all_routes()),
        _ => None,
    }
}

/// A route before its `.to()`: Actix answers it with 404.
fn unanswered(methods: Vec<String>) -> RouteSpec {
    RouteSpec {
        methods,
        ..any_method(Handler::built_in("not found"))
    }
}

fn argument(call: &Expr, index: usize) -> Option<&Expr> {
    match call {
        Expr::Call(call) => call.args.get(index),
        _ => None,
    }
}

/// `Method::PUT`
fn method_name(written: Option<&Expr>) -> Option<String> {
    match written? {
        Expr::Path(path) => {
            let name = path.path.segments.last()?.ident.to_string();
            let is_known = METHODS.contains(&name.to_lowercase().as_str());
            (is_known && name == name.to_uppercase()).then_some(name)
        }
        _ => None,
    }
}

/// The argument of `.wrap()`, as far as it decides who may pass: nothing if it comes from another
/// crate.
fn middleware<'a>(call: &'a syn::ExprMethodCall, arguments: &[Value<'a>]) -> Option<Middleware> {
    match arguments.first() {
        Some(Value::Middleware(middleware)) => Some(middleware.clone()),
        Some(value) if value.is_unknown() => own(call),
        Some(Value::Foreign | Value::Path(_) | Value::Transparent) | None => None,
        Some(_) => own(call),
    }
}

fn own(call: &syn::ExprMethodCall) -> Option<Middleware> {
    let written = call.args.first().map(short).unwrap_or_default();
    Some(Middleware::Own(written))
}
