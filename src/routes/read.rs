//! Follows an app's registrations through its source. This file knows Rust's expressions and
//! functions; how code runs is in [`super::flow`], what Actix's functions and builders mean is in
//! [`super::actix`], and what the library's mean in [`super::oidc`].

use std::rc::Rc;

use proc_macro2::{Spacing, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{Block, Expr, FnArg, ItemFn, Lit, Member, Signature, Token};

use super::changes::{changes_in, root_of};
use super::exits::{attributes, is_never, may_return};
use super::flow::{is_plain, when};
use super::format::formatted;
use super::macros::{is_harmless, macros_in};
use super::node::{CLOSURE, Function, Middleware, Node, Place};
use super::oidc::Library;
use super::parameters::returned;
use super::paths::{PathSetting, default_paths};
use super::sites::{Body, Site};
use super::types::{field_of, given_by, type_at, typed};
use super::value::{Closure, Config, Names, Value, member_name};
use crate::source::{ConfigKind, Crate, Def, Module, Scope, Want, both, cfg_of, is_conditional};

/// Deeper than registrations are nested; a function that calls itself would never end.
const DEEPEST: usize = 24;
/// More calls than the registrations of an app take.
const MOST_CALLS: usize = 20_000;

/// What was registered, by the number of the config that it was registered on.
pub(super) type Frame = Vec<(usize, Vec<Node>)>;

/// Reads registrations.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Crate,
    pub(super) library: Rc<Library>,
    /// What was registered in each stretch of code that is being read.
    frames: Vec<Frame>,
    /// What each function that is being read may give back before its end.
    returns: Vec<Vec<Value<'a>>>,
    /// How many configs there have been.
    configs: usize,
    depth: usize,
    calls: usize,
    /// What may register something, and can't be followed.
    pub(super) unread: Vec<Node>,
    /// Where the statement is that is being read.
    pub(super) position: Place,
    /// Where the apps begin that have been read.
    pub(super) apps: Vec<Place>,
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
        Self::at(Scope::of(module))
    }

    fn at(scope: Scope<'a>) -> Self {
        Self {
            scope,
            names: Names::new(),
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Crate, library: &Rc<Library>) -> Self {
        Self {
            source,
            library: Rc::clone(library),
            frames: Vec::new(),
            returns: Vec::new(),
            configs: 0,
            depth: 0,
            calls: 0,
            unread: Vec::new(),
            position: Place {
                file: String::new(),
                line: 0,
            },
            apps: Vec::new(),
            path_settings: Vec::new(),
        }
    }

    /// Reads the app that a function or closure makes, such as the argument of `HttpServer::new`.
    pub(super) fn made_app(&mut self, site: &Site<'a>, maker: &'a Expr) -> Vec<Node> {
        let mut here = self.names_at(site);
        self.position = self.place(&here.scope, site.span);
        let (value, _) = self.collecting(|this| {
            let maker = this.value(&mut here, maker);
            this.apply(&maker, &[])
        });
        self.finished(value.unwrap_or(Value::Unknown))
    }

    /// Reads the body of the function or closure in which an app is made.
    pub(super) fn app(&mut self, site: &Site<'a>) -> Vec<Node> {
        self.position = self.place(&Scope::of(site.module), site.span);
        let Some((body, site)) = site.of_body() else {
            return self.finished(Value::Unknown);
        };
        let mut here = self.names_at(&site);
        self.returns.push(Vec::new());
        let (value, _) = self.collecting(|this| match body {
            Body::Block(block) => this.block(&mut here, block),
            Body::Expr(expression) => this.value(&mut here, expression),
        });
        let returned = self.returns.pop().unwrap_or_default();
        let value = self.joined(std::iter::once(value).chain(returned));
        self.position = self.place(&here.scope, body.span());
        self.finished(value)
    }

    /// What an app has come to.
    fn finished(&mut self, value: Value<'a>) -> Vec<Node> {
        let mut nodes = match value {
            // What is wrapped around the app is around all of it.
            Value::Scope(parts)
                if parts.is_app && parts.middleware.contains(&Middleware::EnsureAuthenticated) =>
            {
                vec![parts.into_node()]
            }
            Value::Scope(parts) if parts.is_app => parts.children,
            _ => {
                self.lost("the code that puts the app together".to_owned());
                Vec::new()
            }
        };
        nodes.append(&mut self.unread);
        nodes
    }

    /// Reads a function for what it sets as paths of the library's pages.
    pub(super) fn path_settings(
        &mut self,
        module: &'a Module,
        signature: &'a Signature,
        block: &'a Block,
    ) {
        let mut here = Here::at(Scope::of(module).within(&signature.generics));
        for input in &signature.inputs {
            if let FnArg::Typed(input) = input {
                let value = typed(self.source, &here.scope, &input.ty);
                self.bind(&mut here, &input.pat, value);
            }
        }
        self.path_settings.clear();
        self.collecting(|this| this.block(&mut here, block));
    }

    pub(super) fn place(&self, scope: &Scope<'a>, span: proc_macro2::Span) -> Place {
        Place::of(self.source, scope.module, span)
    }

    /// A config of which nothing is known yet.
    pub(super) fn new_config(&mut self, kind: ConfigKind) -> Config {
        self.configs += 1;
        Config {
            number: self.configs,
            kind,
        }
    }

    /// Notes what was registered on a config.
    pub(super) fn register(&mut self, config: usize, nodes: Vec<Node>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        match frame.iter_mut().find(|(known, _)| *known == config) {
            Some((_, known)) => known.extend(nodes),
            None if nodes.is_empty() => {}
            None => frame.push((config, nodes)),
        }
    }

    /// What is registered while `work` runs.
    pub(super) fn collecting<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Frame) {
        self.frames.push(Vec::new());
        let value = work(self);
        (value, self.frames.pop().unwrap_or_default())
    }

    /// Registers what was collected, as it comes to be in a way.
    pub(super) fn give_back(&mut self, frame: Frame, change: impl Fn(Vec<Node>) -> Vec<Node>) {
        for (config, nodes) in frame {
            self.register(config, change(nodes));
        }
    }

    pub(super) fn value(&mut self, here: &mut Here<'a>, expression: &'a Expr) -> Value<'a> {
        match expression {
            Expr::Path(path) if path.qself.is_none() => self.path(here, &path.path),
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(string) => Value::String(string.value()),
                _ => Value::Unknown,
            },
            Expr::Reference(inner) => {
                let value = self.value(here, &inner.expr);
                // Whoever gets it may change it.
                if inner.mutability.is_some() && !value.registers() && is_changeable(&value) {
                    Value::Unknown
                } else {
                    value
                }
            }
            Expr::Paren(inner) => self.value(here, &inner.expr),
            Expr::Group(inner) => self.value(here, &inner.expr),
            Expr::Unary(inner) => self.value(here, &inner.expr),
            Expr::Cast(inner) => self.value(here, &inner.expr),
            Expr::Try(inner) => self.value(here, &inner.expr),
            Expr::Await(inner) => self.value(here, &inner.base),
            Expr::Return(exit) => {
                let value = match &exit.expr {
                    Some(inner) => self.value(here, inner),
                    None => Value::Unknown,
                };
                if let Some(returns) = self.returns.last_mut() {
                    returns.push(value);
                }
                Value::Never
            }
            Expr::Break(exit) => {
                if let Some(inner) = &exit.expr
                    && self.value(here, inner).registers()
                {
                    self.lost(format!("`{}`", short(expression)));
                }
                Value::Never
            }
            Expr::Continue(_) => Value::Never,
            Expr::Tuple(tuple) => self.list(here, tuple.elems.iter()),
            Expr::Array(array) => self.list(here, array.elems.iter()),
            Expr::Struct(literal) => self.fields(here, literal),
            Expr::Field(field) => {
                let base = self.value(here, &field.base);
                self.field(base, &field.member)
            }
            Expr::Call(call) => {
                let function = self.value(here, &call.func);
                let values = self.arguments(here, call.args.iter());
                self.call(here, expression, function, values)
            }
            Expr::MethodCall(call) => {
                let receiver = self.value(here, &call.receiver);
                let values = self.arguments(here, call.args.iter());
                self.method(here, call, receiver, values)
            }
            Expr::Closure(code) => self.closure(here, code),
            Expr::Block(block) => self.labelled(here, block),
            Expr::Unsafe(block) => self.block(&mut here.clone(), &block.block),
            Expr::Assign(assign) => {
                self.assign(here, assign);
                Value::Unknown
            }
            Expr::If(branch) => self.branch(here, branch),
            Expr::Match(choice) => self.choice(here, choice),
            Expr::ForLoop(turn) => self.turns(here, turn),
            Expr::Macro(call) => self.called_macro(here, &call.mac),
            _ => {
                self.unfollowed(here, expression);
                Value::Unknown
            }
        }
    }

    fn list(&mut self, here: &mut Here<'a>, parts: impl Iterator<Item = &'a Expr>) -> Value<'a> {
        Value::List(self.arguments(here, parts))
    }

    /// The values of a list. What some builds don't have moves what comes after it.
    fn arguments(
        &mut self,
        here: &mut Here<'a>,
        parts: impl Iterator<Item = &'a Expr>,
    ) -> Vec<Value<'a>> {
        let parts: Vec<_> = parts.collect();
        let moves = parts.iter().any(|part| is_conditional(attributes(part)));
        let mut values = Vec::new();
        for part in parts {
            let value = self.value(here, part);
            // What comes next finds what this has changed.
            self.doubt(here, changes_in(part));
            if moves && value.registers() {
                self.lost(format!("`{}`", short(part)));
            }
            values.push(if moves { Value::Unknown } else { value });
        }
        values
    }

    fn fields(&mut self, here: &mut Here<'a>, literal: &'a syn::ExprStruct) -> Value<'a> {
        let mut fields: Vec<(String, Value<'a>)> = Vec::new();
        for field in &literal.fields {
            let mut value = self.value(here, &field.expr);
            if is_conditional(&field.attrs) {
                value = self.joined([value, Value::Unknown]);
            }
            let name = member_name(&field.member);
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = Value::Unknown,
                None => fields.push((name, value)),
            }
        }
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
        match others {
            Value::Fields(others) => {
                for (name, value) in others {
                    if !fields.iter().any(|(known, _)| *known == name) {
                        fields.push((name, value));
                    }
                }
            }
            others if others.registers() => self.lost(format!("`{}`", short(rest))),
            _ => {}
        }
        Value::Fields(fields)
    }

    /// What a field holds, by its value or by its type.
    pub(super) fn field(&self, base: Value<'a>, member: &Member) -> Value<'a> {
        match base {
            Value::Typed(Some((module, name))) => field_of(self.source, module, &name, member),
            base => base.field(member),
        }
    }

    fn assign(&mut self, here: &mut Here<'a>, assign: &'a syn::ExprAssign) {
        let value = self.value(here, &assign.right);
        self.doubt(here, changes_in(&assign.right));
        if !is_plain(&assign.left) {
            if value.registers() {
                self.lost(format!("`{}`", short(assign)));
            }
            return;
        }
        match (&*assign.left, root_of(&assign.left)) {
            (Expr::Field(field), Some(name)) => here.set_field(&name, &field.member, value),
            (_, Some(name)) => {
                if let Some(known) = here.names.get_mut(&name) {
                    *known = value;
                }
            }
            (_, None) => {}
        }
    }

    fn closure(&mut self, here: &mut Here<'a>, code: &'a syn::ExprClosure) -> Value<'a> {
        let registers = self.has_a_hand_on(here, &code.body);
        let mut inner = here.clone();
        // It may have run before.
        self.doubt(&mut inner, changes_in(&code.body));
        Value::Closure(Rc::new(Closure {
            code,
            names: inner.names,
            scope: inner.scope,
            registers,
        }))
    }

    pub(super) fn path(&mut self, here: &Here<'a>, path: &syn::Path) -> Value<'a> {
        if let Some(name) = path.get_ident()
            && let Some(value) = here.names.get(&name.to_string())
        {
            return value.clone();
        }
        let found = self.source.resolve(&here.scope, path, Want::Value);
        match &found[..] {
            [] => return self.of_type(here, path),
            [Def::Other(names)] => return Value::Path(names.clone()),
            _ => {}
        }
        let functions: Option<Vec<_>> = found.iter().map(Def::function).collect();
        if let Some(functions) = functions {
            return Value::Functions(functions);
        }
        let constants: Option<Vec<_>> = found.iter().map(Def::constant).collect();
        let Some(constants) = constants.filter(|_| self.depth < DEEPEST) else {
            return Value::Unknown;
        };
        self.depth += 1;
        let values: Vec<_> = constants
            .into_iter()
            .map(|(scope, written)| self.value(&mut Here::at(scope), written))
            .collect();
        self.depth -= 1;
        Value::joined(values)
    }

    /// What belongs to a type of the app, such as a constructor: what that gives is known by its
    /// declared type.
    fn of_type(&self, here: &Here<'a>, path: &syn::Path) -> Value<'a> {
        let Some(last) = path.segments.last() else {
            return Value::Unknown;
        };
        let mut above = path.clone();
        above.segments.pop();
        above.segments.pop_punct();
        let of = if above.is_ident("Self") {
            match here.names.get("self") {
                Some(Value::Typed(of)) => of.clone(),
                _ => None,
            }
        } else {
            type_at(self.source, &here.scope, &above)
        };
        match of {
            Some((module, name)) => {
                let given = given_by(self.source, module, &name, &last.ident, false);
                Value::Giving(Box::new(given))
            }
            None => Value::Unknown,
        }
    }

    /// Whether a name without a variable means an item of the app.
    pub(super) fn names_an_item(&self, here: &Here<'a>, name: &str) -> bool {
        let found = self
            .source
            .find(&here.scope, &[name.to_owned()], Want::Value);
        !matches!(&found[..], [] | [Def::Other(_)])
    }

    /// Calls a function or closure of the app. What it registers on a config is collected.
    pub(super) fn apply(
        &mut self,
        function: &Value<'a>,
        arguments: &[Value<'a>],
    ) -> Option<Value<'a>> {
        if self.depth > DEEPEST || self.calls > MOST_CALLS {
            return None;
        }
        self.depth += 1;
        self.calls += 1;
        let value = match function {
            Value::Functions(functions) => {
                let values: Vec<_> = functions
                    .iter()
                    .map(|(scope, function)| self.function(scope, function, arguments))
                    .collect();
                Some(self.joined(values))
            }
            Value::Closure(closure) => Some(self.called_closure(closure, arguments)),
            _ => None,
        };
        self.depth -= 1;
        value
    }

    fn called_closure(&mut self, closure: &Closure<'a>, arguments: &[Value<'a>]) -> Value<'a> {
        let mut here = Here {
            scope: closure.scope.clone(),
            names: closure.names.clone(),
        };
        for (index, pattern) in closure.code.inputs.iter().enumerate() {
            let mut value = arguments.get(index).cloned().unwrap_or(Value::Unknown);
            if let (syn::Pat::Type(pattern), true) = (pattern, value.is_unknown()) {
                value = typed(self.source, &here.scope, &pattern.ty);
            }
            self.bind(&mut here, pattern, value);
        }
        let position = self.position.clone();
        self.returns.push(Vec::new());
        let (value, frame) = self.collecting(|this| this.value(&mut here, &closure.code.body));
        let returned = self.returns.pop().unwrap_or_default();
        self.position = position;
        let value = self.joined(std::iter::once(value).chain(returned));
        let path = [&closure.scope.module.path[..], &[CLOSURE.to_owned()]].concat();
        self.came_from(&path, None, frame, arguments);
        value
    }

    fn function(
        &mut self,
        scope: &Scope<'a>,
        function: &'a ItemFn,
        arguments: &[Value<'a>],
    ) -> Value<'a> {
        let signature = &function.sig;
        let mut here = Here::at(scope.clone().within(&signature.generics));
        let moves = signature.inputs.iter().any(|input| match input {
            FnArg::Typed(input) => is_conditional(&input.attrs),
            FnArg::Receiver(_) => true,
        });
        if moves && arguments.iter().any(Value::registers) {
            self.lost(format!("`{}`", signature.ident));
        }
        for (index, input) in signature.inputs.iter().enumerate() {
            let FnArg::Typed(input) = input else { continue };
            let given = arguments.get(index).filter(|_| !moves);
            let by_type = typed(self.source, &here.scope, &input.ty);
            let value = match (given, by_type) {
                (Some(Value::Foreign), Value::Unknown) => Value::Foreign,
                (Some(Value::Foreign) | None, by_type) => by_type,
                (Some(value), by_type) if value.is_unknown() => by_type,
                (Some(value), _) => value.clone(),
            };
            self.bind(&mut here, &input.pat, value);
        }
        let position = self.position.clone();
        self.returns.push(Vec::new());
        let (value, frame) = self.collecting(|this| this.block(&mut here, &function.block));
        let returns = self.returns.pop().unwrap_or_default();
        self.position = position;
        let value = self.joined(std::iter::once(value).chain(returns));
        let path = [&scope.module.path[..], &[signature.ident.to_string()]].concat();
        let condition = both(scope.module.condition.clone(), cfg_of(&function.attrs));
        let condition = condition.map(|cfg| format!("cfg({cfg})"));
        self.came_from(&path, condition, frame, arguments);
        let services = |node| {
            let function = Function {
                path: path.clone(),
                is_protected: false,
                is_configured: false,
            };
            Value::Services(vec![Node::From {
                function,
                children: vec![node],
            }])
        };
        match value {
            Value::Scope(parts) if !parts.is_app => services(parts.into_node()),
            Value::Resource(resource) => services(Node::Resource(resource.behind_guards())),
            Value::Unknown => match returned(signature) {
                Some(written) => typed(self.source, &here.scope, written),
                None => Value::Unknown,
            },
            value => value,
        }
    }

    /// Registers what a function has registered on the configs among its arguments as coming from
    /// it.
    fn came_from(
        &mut self,
        path: &[String],
        condition: Option<String>,
        frame: Frame,
        arguments: &[Value<'a>],
    ) {
        let configs = arguments.iter().filter_map(|argument| match argument {
            Value::Config(config) => Some(*config),
            _ => None,
        });
        let mut frame = frame;
        for config in configs {
            let given = frame
                .iter()
                .position(|(number, _)| *number == config.number);
            let children = match given {
                Some(index) => frame.swap_remove(index).1,
                None => Vec::new(),
            };
            let function = Function {
                path: path.to_vec(),
                is_protected: config.kind == ConfigKind::Protected,
                is_configured: false,
            };
            let from = vec![Node::From { function, children }];
            self.register(config.number, when(condition.clone(), from));
        }
        self.give_back(frame, |nodes| when(condition.clone(), nodes));
    }

    /// A macro, as far as it is known what it comes to.
    pub(super) fn called_macro(&mut self, here: &mut Here<'a>, call: &'a syn::Macro) -> Value<'a> {
        let is_harmless = is_harmless(self.source, &here.scope, call);
        if is_harmless
            && let Some(string) = concatenated(call).or_else(|| formatted(self, here, call))
        {
            return Value::String(string);
        }
        let takes_routes = |name: &str| here.names.get(name).is_some_and(Value::takes_routes);
        let is_given = mentions(call.tokens.clone(), &takes_routes);
        if is_given || (!is_harmless && here.names.values().any(Value::takes_routes)) {
            let name = short(&call.path);
            self.unread_at(here, call.span(), format!("the macro `{name}!`"));
        }
        match self.returns.last_mut() {
            _ if is_harmless && is_never(call) => return Value::Never,
            // It may hold a `return`.
            Some(returns) if !is_harmless => returns.push(Value::Unknown),
            _ => {}
        }
        Value::Unknown
    }

    /// Notes something that can't be followed, and may register something.
    pub(super) fn lost(&mut self, reason: String) {
        let at = self.position.clone();
        self.unread.push(Node::Unread { at, reason });
    }

    fn unread_at(&mut self, here: &Here<'a>, span: proc_macro2::Span, reason: String) {
        let at = self.place(&here.scope, span);
        self.unread.push(Node::Unread { at, reason });
    }

    /// Whether an expression names a config, or calls a macro that may do so.
    pub(super) fn has_a_hand_on(&self, here: &Here<'a>, expression: &'a Expr) -> bool {
        if !here.names.values().any(Value::takes_routes) {
            return false;
        }
        let registers = |name: &str| here.names.get(name).is_some_and(Value::registers);
        mentions(expression.to_token_stream(), &registers)
            || macros_in(expression)
                .into_iter()
                .any(|call| !is_harmless(self.source, &here.scope, call))
    }

    /// Notes a call that gives away a config, and can't be followed.
    pub(super) fn given_away(&mut self, here: &Here<'a>, whole: &'a Expr, values: &[Value<'a>]) {
        if values.iter().any(Value::registers) || self.has_a_hand_on(here, whole) {
            let text = short(whole);
            self.unread_at(here, whole.span(), format!("`{text}`"));
        }
    }

    /// Notes an expression that isn't followed, with the ways out of it.
    pub(super) fn unfollowed(&mut self, here: &Here<'a>, expression: &'a Expr) {
        self.given_away(here, expression, &[]);
        if let Some(returns) = self.returns.last_mut()
            && may_return(expression)
        {
            returns.push(Value::Unknown);
        }
    }
}

/// Whether a value is one that others can change.
fn is_changeable(value: &Value<'_>) -> bool {
    super::changes::Change::Borrowed.affects(value)
}

/// Whether some tokens have a name among them.
pub(super) fn mentions(tokens: proc_macro2::TokenStream, name: &impl Fn(&str) -> bool) -> bool {
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
