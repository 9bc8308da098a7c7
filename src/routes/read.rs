//! Follows an app's registrations through its source. This file knows Rust's expressions; what
//! Actix's functions and builders mean is in [`super::actix`], and what the library's mean in
//! [`super::oidc`].

use std::rc::Rc;

use proc_macro2::{Spacing, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, Expr, FnArg, ItemFn, Lit, Pat, Signature, Stmt, Token};

use super::format::formatted;
use super::macros::{is_harmless, macros_in};
use super::node::{Function, Node, Place};
use super::oidc::Library;
use super::parameters::parameters;
use super::paths::{PathSetting, default_paths};
use super::sites::{Body, Site};
use super::types::{field_of, typed, typed_path};
use super::value::{Closure, Names, Value};
use crate::source::{Config, Crate, Def, Module, Scope, Want, cfg_of, is_conditional};

/// Deeper than registrations are nested; a function that calls itself would never end.
const DEEPEST: usize = 24;

/// Reads registrations.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Crate,
    pub(super) library: Rc<Library>,
    /// What was registered on the `ServiceConfig` of each function that is being read.
    collected: Vec<Vec<Node>>,
    /// What the app sets as paths of the library's pages, in this order.
    pub(super) path_settings: Vec<PathSetting<'a>>,
}

/// What names mean where an expression is.
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

    /// A name may mean something else from here on.
    fn doubt(&mut self, name: &str) {
        if let Some(value) = self.names.get_mut(name)
            && !matches!(value, Value::Config)
        {
            *value = Value::Unknown;
        }
    }

    fn set_field(&mut self, name: &str, field: &syn::Ident, value: Value<'a>) {
        let fields = match self.names.get_mut(name) {
            Some(Value::Fields(fields)) => fields,
            _ => return,
        };
        match fields.iter_mut().find(|(known, _)| field == known) {
            Some((_, known)) => *known = value,
            None => fields.push((field.to_string(), value)),
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Crate, library: &Rc<Library>) -> Self {
        Self {
            source,
            library: Rc::clone(library),
            collected: Vec::new(),
            path_settings: Vec::new(),
        }
    }

    /// Reads the body of the function or closure in which an app is made.
    pub(super) fn app(&mut self, module: &'a Module, site: &Site<'a>) -> Vec<Node> {
        let mut here = self.names_at(module, site);
        let body = site.body;
        let (value, nodes) = self.collecting(|this| match body {
            Body::Block(block) => this.block(&mut here, block),
            Body::Expr(expression) => this.value(&mut here, expression),
        });
        match value {
            Value::Scope(parts) => [parts.children, nodes].concat(),
            _ => {
                vec![Node::Unread {
                    at: self.place(&here.scope, body.span()),
                    reason: "the code that puts the app together".to_owned(),
                }]
            }
        }
    }

    /// Reads a function for what it sets as paths of the library's pages.
    pub(super) fn path_settings(
        &mut self,
        module: &'a Module,
        signature: &'a Signature,
        block: &'a Block,
    ) {
        let mut here = Here::of(module);
        here.names = parameters(self, module, signature, 0);
        self.path_settings.clear();
        self.collecting(|this| this.block(&mut here, block));
    }

    /// What names mean where the body of a function or closure begins: its parameters are known
    /// by what all calls give them, or by their types, and variables outside a closure by their
    /// values.
    fn names_at(&mut self, module: &'a Module, site: &Site<'a>) -> Here<'a> {
        let mut here = Here::of(module);
        if let Some(function) = site.function {
            here.names = parameters(self, module, function, 0);
        }
        let start = site.body.span().byte_range().start;
        self.collecting(|this| {
            for block in &site.outside {
                for statement in &block.stmts {
                    if statement.span().byte_range().end > start {
                        break;
                    }
                    match statement {
                        Stmt::Local(local) => this.bind(&mut here, local),
                        Stmt::Item(item) => here.scope.blocks.push(item),
                        _ => {}
                    }
                    for name in assigned(statement) {
                        here.doubt(&name);
                    }
                }
            }
        });
        here
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
                // It isn't known whether it gets that far, nor how often.
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
        let value = match (&local.pat, value) {
            (Pat::Type(pattern), Value::Unknown) => typed(self.source, &here.scope, &pattern.ty),
            (_, value) => value,
        };
        let value = match value {
            value if !is_conditional(&local.attrs) => value,
            // What is called on it still has to be noted.
            Value::Config => Value::Config,
            _ => Value::Unknown,
        };
        bind(&mut here.names, &local.pat, value);
    }

    pub(super) fn value(&mut self, here: &mut Here<'a>, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::Path(path) if path.qself.is_none() => self.path(here, &path.path),
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(string) => Value::String(string.value()),
                _ => Value::Unknown,
            },
            Expr::Reference(inner) => self.value(here, &inner.expr),
            Expr::Paren(inner) => self.value(here, &inner.expr),
            Expr::Group(inner) => self.value(here, &inner.expr),
            Expr::Unary(inner) => self.value(here, &inner.expr),
            Expr::Cast(inner) => self.value(here, &inner.expr),
            Expr::Try(inner) => self.value(here, &inner.expr),
            Expr::Await(inner) => self.value(here, &inner.base),
            Expr::Return(inner) => match &inner.expr {
                Some(inner) => self.value(here, inner),
                None => Value::Unknown,
            },
            Expr::Tuple(tuple) => self.list(here, tuple.elems.iter()),
            Expr::Array(array) => self.list(here, array.elems.iter()),
            Expr::Struct(literal) => self.fields(here, literal),
            Expr::Field(field) => {
                let base = self.value(here, &field.base);
                self.field(base, &field.member)
            }
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
                if let Some((name, field)) = assigned_to(&assign.left) {
                    match field {
                        None => {
                            here.names.insert(name, value);
                        }
                        Some(field) => here.set_field(&name, field, value),
                    }
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
                let string = concatenated(&call.mac).or_else(|| formatted(self, here, &call.mac));
                if let Some(string) = string {
                    return Value::String(string);
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
        let mut fields: Vec<_> = fields.collect();
        let Some(rest) = &literal.rest else {
            return Value::Fields(fields);
        };
        // `..Default::default()` takes its type from the literal.
        let is_default = match &**rest {
            Expr::Call(call) => {
                matches!(&*call.func, Expr::Path(path) if short(path) == "Default::default")
            }
            _ => false,
        };
        let scope = &here.scope;
        let is_paths = is_default && self.source.is_library_type(scope, &literal.path, "Paths");
        let others = if is_paths {
            default_paths()
        } else {
            self.value(here, rest)
        };
        if let Value::Fields(others) = others {
            for (name, value) in others {
                if !fields.iter().any(|(known, _)| *known == name) {
                    fields.push((name, value));
                }
            }
        }
        Value::Fields(fields)
    }

    /// What a field holds, by its value or by its type.
    pub(super) fn field(&self, base: Value<'a>, member: &syn::Member) -> Value<'a> {
        match base {
            Value::Typed(Some((module, name))) => field_of(self.source, module, &name, member),
            base => base.field(member),
        }
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
            return self.of_type(here, path);
        }
        Value::Functions(functions)
    }

    /// What belongs to a type, such as `Oidc::builder` by way of an alias, or a constructor of the
    /// app's own.
    fn of_type(&self, here: &Here<'a>, path: &syn::Path) -> Value<'a> {
        let Some(last) = path.segments.last() else {
            return Value::Unknown;
        };
        let mut above = path.clone();
        above.segments.pop();
        above.segments.pop_punct();
        if above.segments.is_empty() {
            return Value::Unknown;
        }
        match typed_path(self.source, &here.scope, &above, 0) {
            Value::Oidc => {
                Value::Path(self.source.library_path(&["Oidc", &last.ident.to_string()]))
            }
            Value::Typed(known) => Value::Typed(known),
            _ => Value::Unknown,
        }
    }

    /// Calls a function or closure of the app. What it registers on a `ServiceConfig` among its
    /// arguments is collected.
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
                    is_protected: false,
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
                let by_type = typed(self.source, &here.scope, &input.ty);
                let value = match (value, by_type) {
                    (Value::Foreign, Value::Unknown) => Value::Foreign,
                    (value, by_type) if value.is_unknown() => by_type,
                    (Value::Foreign, by_type) => by_type,
                    (value, _) => value.clone(),
                };
                bind(&mut here.names, &input.pat, value);
            }
        }
        let (value, children) = self.collecting(|this| this.block(&mut here, &function.block));
        let id = Function {
            path: [&module.path[..], &[function.sig.ident.to_string()]].concat(),
            is_protected: function.sig.inputs.iter().any(|input| match input {
                FnArg::Typed(input) => {
                    self.source.config(&here.scope, &input.ty) == Some(Config::Protected)
                }
                FnArg::Receiver(_) => false,
            }),
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
        [Node::Scope { prefix: None, middleware, guarded: false, children }]
            if middleware.is_empty() && !children.is_empty() && children == plain
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

/// Every name that a pattern binds now means something else.
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

/// The variable that an assignment changes, and the field of it.
fn assigned_to(left: &Expr) -> Option<(String, Option<&syn::Ident>)> {
    match left {
        Expr::Path(path) => Some((path.path.get_ident()?.to_string(), None)),
        Expr::Field(field) => match (&*field.base, &field.member) {
            (Expr::Path(path), syn::Member::Named(name)) => {
                Some((path.path.get_ident()?.to_string(), Some(name)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The variables that are assigned to somewhere in a statement.
fn assigned(statement: &Stmt) -> Vec<String> {
    struct Assigned(Vec<String>);
    impl<'ast> Visit<'ast> for Assigned {
        fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
            self.0
                .extend(assigned_to(&assign.left).map(|(name, _)| name));
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

/// The string of `concat!("…", "…")`.
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
            // They come before the whole statement, so before its first word.
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
