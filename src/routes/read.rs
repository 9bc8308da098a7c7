//! Follows an app's registrations through its source. This file knows Rust's expressions; what
//! Actix's functions and builders mean is in [`super::actix`].

use std::rc::Rc;

use proc_macro2::{Spacing, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, Expr, FnArg, ItemFn, Lit, Pat, Signature, Stmt, Token};

use super::given::{given, only_constant};
use super::macros::{is_harmless, macros_in};
use super::node::{Function, Node, Place};
use super::text::formatted;
use super::value::{Closure, Names, Value};
use crate::source::{Crate, Def, Module, Scope, Want, cfg_of, is_conditional};

/// Deeper than registrations are nested; a function that calls itself would never end.
const DEEPEST: usize = 24;

/// What reading goes by.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Crate,
    /// What was registered on the `ServiceConfig` of each function that is being read.
    collected: Vec<Vec<Node>>,
}

/// Where an expression stands: what its names mean there.
#[derive(Clone)]
pub(super) struct Here<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) names: Names<'a>,
}

impl<'a> Here<'a> {
    pub(super) fn of(module: &'a Module) -> Self {
        Self {
            scope: Scope::of(module),
            names: Names::new(),
        }
    }

    /// A name may stand for something else from here on.
    fn doubt(&mut self, name: &str) {
        if let Some(value) = self.names.get_mut(name)
            && !matches!(value, Value::Config)
        {
            *value = Value::Unknown;
        }
    }
}

/// What runs to put an app together.
#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Block(&'a Block),
    Expr(&'a Expr),
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Crate) -> Self {
        Self {
            source,
            collected: Vec::new(),
        }
    }

    /// Reads the body of the function or closure in which an app is made. What the function
    /// around it is given is known if all who call it give the same.
    pub(super) fn app(&mut self, module: &'a Module, app: App<'a>) -> Vec<Node> {
        let App { body, function } = app;
        let mut here = Here::of(module);
        if let Some(function) = function {
            here.names = given(self, module, function, 0);
        }
        let (value, nodes) = self.collecting(|this| match body {
            Body::Block(block) => this.block(&mut here, block),
            Body::Expr(expression) => this.value(&mut here, expression),
        });
        match value {
            Value::Scope(parts) => [parts.children, nodes].concat(),
            _ => {
                let span = match body {
                    Body::Block(block) => block.span(),
                    Body::Expr(expression) => expression.span(),
                };
                vec![Node::Unread {
                    at: self.place(&here.scope, span),
                    reason: "how the app is put together can't be followed".to_owned(),
                }]
            }
        }
    }

    pub(super) fn place(&self, scope: &Scope<'a>, span: proc_macro2::Span) -> Place {
        Place::of(self.source, scope.module, span)
    }

    /// Notes what was registered on the `ServiceConfig` at hand.
    pub(super) fn register(&mut self, nodes: Vec<Node>) {
        if let Some(collected) = self.collected.last_mut() {
            collected.extend(nodes);
        }
    }

    /// What is registered while `work` runs.
    pub(super) fn collecting<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Vec<Node>) {
        self.collected.push(Vec::new());
        let value = work(self);
        (value, self.collected.pop().unwrap_or_default())
    }

    fn block(&mut self, here: &mut Here<'a>, block: &'a Block) -> Value<'a> {
        let items = block.stmts.iter().filter_map(|statement| match statement {
            Stmt::Item(item) => Some(item),
            _ => None,
        });
        here.scope.blocks.extend(items);
        let mut last = Value::Unknown;
        for statement in &block.stmts {
            let (condition, (value, nodes)) = match statement {
                Stmt::Local(local) => (
                    cfg_of(&local.attrs),
                    self.collecting(|this| {
                        this.bind(here, local);
                        Value::Unknown
                    }),
                ),
                Stmt::Expr(expression, semicolon) => (
                    cfg_of(attributes(expression)),
                    self.collecting(|this| {
                        let value = this.value(here, expression);
                        if semicolon.is_some() && !matches!(expression, Expr::Return(_)) {
                            Value::Unknown
                        } else {
                            value
                        }
                    }),
                ),
                Stmt::Macro(statement) => (
                    cfg_of(&statement.attrs),
                    self.collecting(|this| {
                        this.unread_macro(here, &statement.mac);
                        Value::Unknown
                    }),
                ),
                Stmt::Item(_) => continue,
            };
            last = value;
            let is_plain = matches!(statement, Stmt::Expr(Expr::Assign(_), _));
            if condition.is_some() || !is_plain {
                // Whether it gets that far, and how often, isn't known.
                for name in assigned(statement) {
                    here.doubt(&name);
                }
            }
            self.register(when(condition.map(|cfg| format!("cfg({cfg})")), nodes));
            if matches!(statement, Stmt::Expr(Expr::Return(_), _)) {
                break;
            }
        }
        last
    }

    fn bind(&mut self, here: &mut Here<'a>, local: &'a syn::Local) {
        let value = match &local.init {
            Some(init) => {
                let value = self.value(here, &init.expr);
                if let Some((_, otherwise)) = &init.diverge {
                    self.unread_if_it_registers(here, otherwise);
                }
                value
            }
            None => Value::Unknown,
        };
        let value = match value {
            value if !is_conditional(&local.attrs) => value,
            // What is called on it is still to be noted.
            Value::Config => Value::Config,
            _ => Value::Unknown,
        };
        bind(&mut here.names, &local.pat, value);
    }

    pub(super) fn value(&mut self, here: &mut Here<'a>, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::Path(path) if path.qself.is_none() => self.path(here, &path.path),
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Value::Text(text.value()),
                _ => Value::Unknown,
            },
            Expr::Reference(inner) => self.value(here, &inner.expr),
            Expr::Paren(inner) => self.value(here, &inner.expr),
            Expr::Group(inner) => self.value(here, &inner.expr),
            Expr::Unary(inner) => self.value(here, &inner.expr),
            Expr::Cast(inner) => self.value(here, &inner.expr),
            Expr::Try(inner) => self.value(here, &inner.expr),
            Expr::Return(inner) => match &inner.expr {
                Some(inner) => self.value(here, inner),
                None => Value::Unknown,
            },
            Expr::Tuple(tuple) => self.list(here, tuple.elems.iter()),
            Expr::Array(array) => self.list(here, array.elems.iter()),
            Expr::Struct(literal) => self.fields(here, literal),
            Expr::Field(field) => self.value(here, &field.base).field(&field.member),
            Expr::Call(call) => {
                let arguments: Vec<_> = call.args.iter().collect();
                let function = self.value(here, &call.func);
                let values = arguments
                    .iter()
                    .map(|argument| self.value(here, argument))
                    .collect();
                self.call(here, expression, function, values)
            }
            Expr::MethodCall(call) => {
                let receiver = self.value(here, &call.receiver);
                let values = call
                    .args
                    .iter()
                    .map(|argument| self.value(here, argument))
                    .collect();
                self.method(here, call, receiver, values)
            }
            Expr::Closure(code) => Value::Closure(Rc::new(Closure {
                code,
                names: here.names.clone(),
                scope: here.scope.clone(),
            })),
            Expr::Block(block) => self.block(&mut here.clone(), &block.block),
            Expr::Unsafe(block) => self.block(&mut here.clone(), &block.block),
            Expr::Assign(assign) => {
                let value = self.value(here, &assign.right);
                if let Expr::Path(path) = &*assign.left
                    && let Some(name) = path.path.get_ident()
                {
                    here.names.insert(name.to_string(), value);
                }
                Value::Unknown
            }
            Expr::If(branch) => self.branch(here, branch),
            Expr::Match(choice) => self.choice(here, choice),
            Expr::ForLoop(turn) => {
                let mut inner = here.clone();
                bind(&mut inner.names, &turn.pat, Value::Unknown);
                self.value(here, &turn.expr);
                self.block(&mut inner, &turn.body);
                Value::Unknown
            }
            Expr::Macro(call) => {
                let text = concatenated(&call.mac).or_else(|| formatted(self, here, &call.mac));
                if let Some(text) = text {
                    return Value::Text(text);
                }
                self.unread_macro(here, &call.mac);
                Value::Unknown
            }
            _ => {
                self.unread_if_it_registers(here, expression);
                Value::Unknown
            }
        }
    }

    fn list(&mut self, here: &mut Here<'a>, parts: impl Iterator<Item = &'a Expr>) -> Value<'a> {
        Value::List(parts.map(|part| self.value(here, part)).collect())
    }

    fn fields(&mut self, here: &mut Here<'a>, literal: &'a syn::ExprStruct) -> Value<'a> {
        let fields = literal
            .fields
            .iter()
            .filter_map(|field| match &field.member {
                syn::Member::Named(name) => Some((name.to_string(), self.value(here, &field.expr))),
                syn::Member::Unnamed(_) => None,
            });
        Value::Fields(fields.collect())
    }

    pub(super) fn path(&mut self, here: &Here<'a>, path: &syn::Path) -> Value<'a> {
        if let Some(name) = path.get_ident()
            && let Some(value) = here.names.get(&name.to_string())
        {
            return value.clone();
        }
        let found = self.source.resolve(&here.scope, path, Want::Value);
        if let [Def::Const(module, item)] = &found[..] {
            return self.value(&mut Here::of(module), &item.expr);
        }
        if let [Def::Static(module, item)] = &found[..] {
            return self.value(&mut Here::of(module), &item.expr);
        }
        if let [Def::Other(names)] = &found[..] {
            return Value::Path(names.clone());
        }
        let functions: Vec<_> = found
            .iter()
            .filter_map(|def| match def {
                Def::Fn(module, function) => Some((*module, *function)),
                _ => None,
            })
            .collect();
        if functions.is_empty() || functions.len() < found.len() {
            return Value::Unknown;
        }
        Value::Functions(functions)
    }

    /// Calls a function or closure of the app. What it registers on a `ServiceConfig` that it
    /// was given is collected.
    pub(super) fn apply(
        &mut self,
        function: &Value<'a>,
        arguments: &[Value<'a>],
    ) -> Option<Value<'a>> {
        if self.collected.len() > DEEPEST {
            return None;
        }
        match function {
            Value::Functions(functions) => {
                let mut last = Value::Unknown;
                for (module, function) in functions {
                    last = self.function(module, function, arguments);
                }
                Some(last)
            }
            Value::Closure(closure) => {
                let mut here = Here {
                    scope: closure.scope.clone(),
                    names: closure.names.clone(),
                };
                for (pattern, value) in closure.code.inputs.iter().zip(arguments) {
                    bind(&mut here.names, pattern, value.clone());
                }
                let (value, children) =
                    self.collecting(|this| this.value(&mut here, &closure.code.body));
                let module = &closure.scope.module.path;
                let function = Function {
                    path: [&module[..], &["{closure}".to_owned()]].concat(),
                };
                self.register(when(None, vec![Node::From { function, children }]));
                Some(value)
            }
            _ => None,
        }
    }

    fn function(
        &mut self,
        module: &'a Module,
        function: &'a ItemFn,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let mut here = Here::of(module);
        for (input, value) in function.sig.inputs.iter().zip(arguments) {
            if let FnArg::Typed(input) = input {
                let value = match value {
                    Value::Unknown => only_constant(self, &here, &input.ty),
                    value => value.clone(),
                };
                bind(&mut here.names, &input.pat, value);
            }
        }
        let (value, children) = self.collecting(|this| this.block(&mut here, &function.block));
        let id = Function {
            path: [&module.path[..], &[function.sig.ident.to_string()]].concat(),
        };
        let from = |children| Node::From {
            function: id.clone(),
            children,
        };
        let condition = cfg_of(&function.attrs).map(|cfg| format!("cfg({cfg})"));
        self.register(when(condition, vec![from(children)]));
        match value {
            Value::Services(nodes) => Value::Services(vec![from(nodes)]),
            Value::Scope(parts) if !parts.is_app => {
                Value::Services(vec![from(vec![parts.into_node()])])
            }
            Value::Resource(resource) => {
                Value::Services(vec![from(vec![Node::Resource(resource)])])
            }
            value => value,
        }
    }

    fn branch(&mut self, here: &mut Here<'a>, branch: &'a syn::ExprIf) -> Value<'a> {
        self.unread_if_it_registers(here, &branch.cond);
        let (value, then) =
            self.collecting(|this| this.block(&mut here.clone(), &branch.then_branch));
        let (_, otherwise) = self.collecting(|this| {
            if let Some((_, otherwise)) = &branch.else_branch {
                this.value(&mut here.clone(), otherwise);
            }
        });
        // The same either way, but for a prefix that only the running app knows.
        if is_prefixed(&then, &otherwise) {
            self.register(then);
            return value;
        }
        if is_prefixed(&otherwise, &then) {
            self.register(otherwise);
            return value;
        }
        let condition = short(&branch.cond);
        self.register(when(Some(format!("if {condition}")), then));
        self.register(when(Some(format!("if not {condition}")), otherwise));
        Value::Unknown
    }

    fn choice(&mut self, here: &mut Here<'a>, choice: &'a syn::ExprMatch) -> Value<'a> {
        self.value(here, &choice.expr);
        let subject = short(&choice.expr);
        for arm in &choice.arms {
            let mut inner = here.clone();
            bind(&mut inner.names, &arm.pat, Value::Unknown);
            let (_, nodes) = self.collecting(|this| this.value(&mut inner, &arm.body));
            let pattern = short(&arm.pat);
            self.register(when(Some(format!("if {subject} is {pattern}")), nodes));
        }
        Value::Unknown
    }

    fn unread_macro(&mut self, here: &Here<'a>, call: &'a syn::Macro) {
        let takes_routes = |name: &str| here.names.get(name).is_some_and(Value::takes_routes);
        let is_given = mentions(call.tokens.clone(), &takes_routes);
        if is_given || self.may_register(here, call) {
            let name = short(&call.path);
            self.unread(here, call.span(), format!("the macro `{name}!`"));
        }
    }

    /// Whether a macro may expand to something that registers routes.
    fn may_register(&self, here: &Here<'a>, call: &syn::Macro) -> bool {
        here.names.values().any(Value::takes_routes) && !is_harmless(self.source, &here.scope, call)
    }

    pub(super) fn unread(&mut self, here: &Here<'a>, span: proc_macro2::Span, reason: String) {
        let at = self.place(&here.scope, span);
        self.register(vec![Node::Unread { at, reason }]);
    }

    /// Whether an expression names a `ServiceConfig`, or calls a macro that may do so.
    pub(super) fn has_a_hand_on(&self, here: &Here<'a>, expression: &'a Expr) -> bool {
        let config = |name: &str| matches!(here.names.get(name), Some(Value::Config));
        mentions(expression.to_token_stream(), &config)
            || macros_in(expression)
                .into_iter()
                .any(|call| self.may_register(here, call))
    }

    /// Notes an expression that has a hand on a `ServiceConfig`, but can't be followed.
    pub(super) fn unread_if_it_registers(&mut self, here: &Here<'a>, expression: &'a Expr) {
        if self.has_a_hand_on(here, expression) {
            let text = short(expression);
            self.unread(here, expression.span(), format!("`{text}`"));
        }
    }
}

/// Whether `longer` is `plain` below a prefix that can't be told.
fn is_prefixed(plain: &[Node], longer: &[Node]) -> bool {
    matches!(
        longer,
        [Node::Scope { prefix: None, walls, guarded: false, children }]
            if walls.is_empty() && !children.is_empty() && children == plain
    )
}

fn when(condition: Option<String>, nodes: Vec<Node>) -> Vec<Node> {
    let mut nodes = nodes;
    nodes.retain(|node| !node.is_empty());
    match condition {
        Some(condition) if !nodes.is_empty() => vec![Node::When {
            condition,
            children: nodes,
        }],
        _ => nodes,
    }
}

pub(super) fn bind<'a>(names: &mut Names<'a>, pattern: &Pat, value: Value<'a>) {
    match pattern {
        Pat::Ident(pattern) => {
            names.insert(pattern.ident.to_string(), value);
        }
        Pat::Type(pattern) => bind(names, &pattern.pat, value),
        Pat::Reference(pattern) => bind(names, &pattern.pat, value),
        Pat::Paren(pattern) => bind(names, &pattern.pat, value),
        Pat::Tuple(patterns) => match value {
            Value::List(values) if values.len() == patterns.elems.len() => {
                for (pattern, value) in patterns.elems.iter().zip(values) {
                    bind(names, pattern, value);
                }
            }
            _ => forget(names, pattern),
        },
        _ => forget(names, pattern),
    }
}

/// Every name that a pattern binds now stands for something else.
fn forget(names: &mut Names<'_>, pattern: &Pat) {
    struct Forget<'n, 'a>(&'n mut Names<'a>);
    impl<'ast> Visit<'ast> for Forget<'_, '_> {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.remove(&pattern.ident.to_string());
            visit::visit_pat_ident(self, pattern);
        }
    }
    Forget(names).visit_pat(pattern);
}

/// The names that are given another value somewhere in a statement.
fn assigned(statement: &Stmt) -> Vec<String> {
    struct Assigned(Vec<String>);
    impl<'ast> Visit<'ast> for Assigned {
        fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
            if let Expr::Path(path) = &*assign.left
                && let Some(name) = path.path.get_ident()
            {
                self.0.push(name.to_string());
            }
            visit::visit_expr_assign(self, assign);
        }
    }
    let mut found = Assigned(Vec::new());
    found.visit_stmt(statement);
    found.0
}

fn mentions(tokens: proc_macro2::TokenStream, name: &impl Fn(&str) -> bool) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_named = match token {
            TokenTree::Ident(ident) => {
                // `cfg!(…)` calls a macro, whatever is called `cfg` there.
                let is_called = matches!(
                    tokens.peek(),
                    Some(TokenTree::Punct(mark)) if mark.as_char() == '!' && mark.spacing() == Spacing::Alone
                );
                !is_called && name(&ident.to_string())
            }
            TokenTree::Group(group) => mentions(group.stream(), name),
            _ => false,
        };
        if is_named {
            return true;
        }
    }
    false
}

/// The text of `concat!("…", "…")`.
fn concatenated(call: &syn::Macro) -> Option<String> {
    if !call.path.is_ident("concat") {
        return None;
    }
    let parts = call
        .parse_body_with(syn::punctuated::Punctuated::<syn::LitStr, Token![,]>::parse_terminated);
    let parts = parts.ok()?;
    Some(parts.iter().map(syn::LitStr::value).collect())
}

fn attributes(expression: &Expr) -> &[syn::Attribute] {
    match expression {
        Expr::MethodCall(call) => match attributes(&call.receiver) {
            // They stand before the whole statement, so with its first word.
            [] => &call.attrs,
            attributes => attributes,
        },
        Expr::Call(call) => match attributes(&call.func) {
            [] => &call.attrs,
            attributes => attributes,
        },
        Expr::Assign(assign) => match attributes(&assign.left) {
            [] => &assign.attrs,
            attributes => attributes,
        },
        Expr::Path(path) => &path.attrs,
        Expr::If(branch) => &branch.attrs,
        Expr::Match(choice) => &choice.attrs,
        Expr::Block(block) => &block.attrs,
        Expr::ForLoop(turn) => &turn.attrs,
        Expr::Macro(call) => &call.attrs,
        _ => &[],
    }
}

/// A piece of source in a few words.
pub(super) fn short(code: &impl quote::ToTokens) -> String {
    let text = code.to_token_stream().to_string();
    let text = [
        (" :: ", "::"),
        (" . ", "."),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ,", ","),
        (" !", "!"),
        ("& ", "&"),
    ]
    .iter()
    .fold(text, |text, (from, to)| text.replace(from, to));
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Where an app is made.
#[derive(Clone, Copy)]
pub(super) struct App<'a> {
    /// The innermost function or closure.
    body: Body<'a>,
    /// The function around it.
    function: Option<&'a Signature>,
}

/// Finds where apps are made.
pub(super) struct Apps<'a, F> {
    pub(super) is_new_app: F,
    pub(super) bodies: Vec<Body<'a>>,
    pub(super) function: Option<&'a Signature>,
    pub(super) found: Vec<App<'a>>,
}

impl<'a, F: Fn(&syn::Path) -> bool> Visit<'a> for Apps<'a, F> {
    fn visit_item_mod(&mut self, _: &'a syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        if crate::source::is_for_tests(&function.attrs) {
            return;
        }
        let outer = self.function.replace(&function.sig);
        self.bodies.push(Body::Block(&function.block));
        visit::visit_item_fn(self, function);
        self.bodies.pop();
        self.function = outer;
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        let outer = self.function.replace(&function.sig);
        self.bodies.push(Body::Block(&function.block));
        visit::visit_impl_item_fn(self, function);
        self.bodies.pop();
        self.function = outer;
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        self.bodies.push(Body::Expr(&closure.body));
        visit::visit_expr_closure(self, closure);
        self.bodies.pop();
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && (self.is_new_app)(&path.path)
            && let Some(body) = self.bodies.last()
        {
            let function = self.function;
            self.found.push(App {
                body: *body,
                function,
            });
        }
        visit::visit_expr_call(self, call);
    }
}
