//! How code runs: blocks, branches, and every way out of a function.

use syn::spanned::Spanned as _;
use syn::{Block, Expr, Pat, Stmt};

use super::changes::{Change, changes_in, changes_in_block, changes_in_macro};
use super::exits::{attributes, may_break, may_leave};
use super::node::Node;
use super::read::{Here, Reader, short};
use super::value::Value;
use crate::source::cfg_of;

/// The condition of what comes after an exit that may have been taken.
const GETS_THERE: &str = "if it gets that far";

impl<'a> Reader<'a> {
    /// Goes into a block: its items hide variables outside of it.
    pub(super) fn enter(&mut self, here: &mut Here<'a>, block: &'a Block) {
        here.scope.enter_block(block);
        let names: Vec<String> = here.names.keys().cloned().collect();
        for name in names {
            match self.source.hidden_in_block(&here.scope, &name) {
                Some(true) => {
                    here.names.remove(&name);
                }
                Some(false) => self.doubt(here, vec![(name, Change::Borrowed)]),
                None => {}
            }
        }
        // What a macro makes is known in all of the block.
        for statement in &block.stmts {
            if let Stmt::Macro(statement) = statement {
                self.doubt(here, changes_in_macro(&statement.mac));
            }
        }
    }

    pub(super) fn block(&mut self, here: &mut Here<'a>, block: &'a Block) -> Value<'a> {
        self.enter(here, block);
        // What the block may come to; several, if they exclude each other by `cfg`.
        let mut last = Vec::new();
        let mut may_have_left = false;
        for statement in &block.stmts {
            let condition = condition_of(statement);
            let (value, frame) = self.collecting(|this| this.statement(here, statement));
            let is_certain = condition.is_none();
            let left = may_have_left.then(|| GETS_THERE.to_owned());
            let conditions = [left, condition.clone()];
            let conditions: Vec<String> = conditions.into_iter().flatten().collect();
            let conditions = (!conditions.is_empty()).then(|| conditions.join(", "));
            self.give_back(frame, |nodes| when(conditions.clone(), nodes));
            match statement {
                Stmt::Item(_) => continue,
                // It is done already where the variable is bound.
                Stmt::Local(_) => {}
                Stmt::Expr(Expr::Assign(assign), _) if is_certain && is_plain(&assign.left) => {}
                statement => self.doubt(here, changes_of(statement)),
            }
            if is_certain {
                last.clear();
                if matches!(value, Value::Never) {
                    return Value::Never;
                }
            }
            if matches!(statement, Stmt::Expr(_, None) | Stmt::Macro(_)) {
                last.push(value);
            }
            may_have_left |= may_leave(statement);
        }
        if last.is_empty() {
            return Value::Unknown;
        }
        self.joined(last)
    }

    fn statement(&mut self, here: &mut Here<'a>, statement: &'a Stmt) -> Value<'a> {
        self.position = self.place(&here.scope, statement.span());
        match statement {
            Stmt::Local(local) => {
                self.local(here, local);
                Value::Unknown
            }
            Stmt::Expr(expression, semicolon) => match self.value(here, expression) {
                Value::Never => Value::Never,
                _ if semicolon.is_some() => Value::Unknown,
                value => value,
            },
            Stmt::Macro(statement) => self.called_macro(here, &statement.mac),
            Stmt::Item(_) => Value::Unknown,
        }
    }

    /// A variable. What it is made of may change other variables.
    pub(super) fn local(&mut self, here: &mut Here<'a>, local: &'a syn::Local) {
        let condition = cfg_of(&local.attrs);
        let mut value = match &local.init {
            Some(init) => {
                let value = self.value(here, &init.expr);
                self.doubt(here, changes_in(&init.expr));
                if let Some((_, otherwise)) = &init.diverge {
                    let (_, frame) =
                        self.collecting(|this| this.value(&mut here.clone(), otherwise));
                    let pattern = short(&local.pat);
                    self.give_back(frame, |nodes| {
                        when(Some(format!("if not {pattern}")), nodes)
                    });
                }
                value
            }
            None => Value::Unknown,
        };
        if let (Pat::Type(pattern), true) = (&local.pat, value.is_unknown()) {
            value = super::types::typed(self.source, &here.scope, &pattern.ty);
        }
        if super::changes::borrows_mutably(&local.pat)
            && let Some(root) = local
                .init
                .as_ref()
                .and_then(|init| super::changes::root_of(&init.expr))
        {
            self.doubt(here, vec![(root, Change::Borrowed)]);
        }
        let before = condition.is_some().then(|| here.names.clone());
        self.bind(here, &local.pat, value);
        let Some(before) = before else { return };
        // In other builds the names mean what they did, or something of the module.
        for name in super::bind::names_in(&local.pat) {
            let Some(new) = here.names.get(&name).cloned() else {
                continue;
            };
            let old = match before.get(&name) {
                Some(old) => old.clone(),
                None if self.names_an_item(here, &name) => Value::Unknown,
                None => new.clone(),
            };
            let value = self.joined([old, new]);
            here.names.insert(name, value);
        }
    }

    /// What several ways lead to. What is lost that way may have been registered on.
    pub(super) fn joined(&mut self, values: impl IntoIterator<Item = Value<'a>>) -> Value<'a> {
        let values: Vec<Value<'a>> = values.into_iter().collect();
        let registers = values.iter().any(Value::registers);
        let value = Value::joined(values);
        if registers && !value.registers() {
            self.lost("a value that is one thing or another".to_owned());
        }
        value
    }

    /// These variables may have other values from here on.
    pub(super) fn doubt(&mut self, here: &mut Here<'a>, changes: Vec<(String, Change)>) {
        for (name, change) in changes {
            let Some(value) = here.names.get_mut(&name) else {
                continue;
            };
            if change.affects(value) {
                let registers = value.registers();
                *value = Value::Unknown;
                if registers {
                    self.lost(format!("`{name}`"));
                }
            }
        }
    }

    pub(super) fn branch(&mut self, here: &mut Here<'a>, branch: &'a syn::ExprIf) -> Value<'a> {
        self.doubt(here, changes_in(&branch.cond));
        let mut inner = here.clone();
        self.condition(&mut inner, &branch.cond);
        let (value, then) = self.collecting(|this| this.block(&mut inner, &branch.then_branch));
        let (other, otherwise) = self.collecting(|this| match &branch.else_branch {
            Some((_, otherwise)) => this.value(&mut here.clone(), otherwise),
            None => Value::Unknown,
        });
        // The same either way, but for a prefix that only the running app knows.
        if is_prefixed(&then, &otherwise) {
            self.give_back(then, |nodes| nodes);
            return value;
        }
        if is_prefixed(&otherwise, &then) {
            self.give_back(otherwise, |nodes| nodes);
            return value;
        }
        let condition = short(&branch.cond);
        self.give_back(then, |nodes| when(Some(format!("if {condition}")), nodes));
        self.give_back(otherwise, |nodes| {
            when(Some(format!("if not {condition}")), nodes)
        });
        self.joined([value, other])
    }

    /// What comes before a branch. `if let` binds names.
    fn condition(&mut self, inner: &mut Here<'a>, condition: &'a Expr) {
        match condition {
            Expr::Let(condition) => {
                let value = self.value(inner, &condition.expr);
                self.doubt(inner, changes_in(&condition.expr));
                self.bind(inner, &condition.pat, value);
            }
            Expr::Binary(both) if matches!(both.op, syn::BinOp::And(_)) => {
                self.condition(inner, &both.left);
                self.condition(inner, &both.right);
            }
            Expr::Paren(condition) => self.condition(inner, &condition.expr),
            condition => {
                self.unfollowed(inner, condition);
                self.doubt(inner, changes_in(condition));
            }
        }
    }

    pub(super) fn choice(&mut self, here: &mut Here<'a>, choice: &'a syn::ExprMatch) -> Value<'a> {
        let chosen = self.value(here, &choice.expr);
        self.doubt(here, changes_in(&choice.expr));
        let subject = short(&choice.expr);
        let mut values = Vec::new();
        for arm in &choice.arms {
            let mut inner = here.clone();
            let pattern = short(&arm.pat);
            let (value, frame) = self.collecting(|this| {
                match &arm.pat {
                    Pat::Guard(guarded) => {
                        this.bind(&mut inner, &guarded.pat, chosen.clone());
                        this.condition(&mut inner, &guarded.guard);
                    }
                    pattern => this.bind(&mut inner, pattern, chosen.clone()),
                }
                this.value(&mut inner, &arm.body)
            });
            values.push(value);
            self.give_back(frame, |nodes| {
                when(Some(format!("if {subject} is {pattern}")), nodes)
            });
        }
        self.joined(values)
    }

    pub(super) fn turns(&mut self, here: &mut Here<'a>, turn: &'a syn::ExprForLoop) -> Value<'a> {
        let over = self.value(here, &turn.expr);
        self.doubt(here, changes_in(&turn.expr));
        if over.registers() {
            self.lost(format!(
                "`for {} in {}`",
                short(&turn.pat),
                short(&turn.expr)
            ));
        }
        let mut inner = here.clone();
        // It may be the second time.
        self.doubt(&mut inner, changes_in_block(&turn.body));
        inner.forget(&turn.pat);
        self.block(&mut inner, &turn.body);
        Value::Unknown
    }

    pub(super) fn labelled(&mut self, here: &mut Here<'a>, block: &'a syn::ExprBlock) -> Value<'a> {
        let value = self.block(&mut here.clone(), &block.block);
        if block.label.is_some() && may_break(&block.block) {
            return self.joined([value, Value::Unknown]);
        }
        value
    }
}

/// The variables that a statement may change.
pub(super) fn changes_of(statement: &Stmt) -> Vec<(String, Change)> {
    match statement {
        Stmt::Expr(expression, _) => changes_in(expression),
        Stmt::Macro(statement) => changes_in_macro(&statement.mac),
        Stmt::Local(local) => local
            .init
            .as_ref()
            .map(|init| changes_in(&init.expr))
            .unwrap_or_default(),
        Stmt::Item(_) => Vec::new(),
    }
}

fn condition_of(statement: &Stmt) -> Option<String> {
    let condition = match statement {
        Stmt::Local(local) => cfg_of(&local.attrs),
        Stmt::Expr(expression, _) => cfg_of(attributes(expression)),
        Stmt::Macro(statement) => cfg_of(&statement.attrs),
        Stmt::Item(_) => None,
    };
    condition.map(|cfg| format!("cfg({cfg})"))
}

/// Whether all that an assignment changes is a variable, or a field of one.
pub(super) fn is_plain(left: &Expr) -> bool {
    match left {
        Expr::Path(path) => path.path.get_ident().is_some(),
        Expr::Field(field) => {
            matches!(&*field.base, Expr::Path(path) if path.path.get_ident().is_some())
        }
        _ => false,
    }
}

/// Whether what is registered in `longer` is `plain` below a prefix that can't be told.
fn is_prefixed(plain: &super::read::Frame, longer: &super::read::Frame) -> bool {
    let ([(config, plain)], [(other, longer)]) = (&plain[..], &longer[..]) else {
        return false;
    };
    config == other
        && matches!(
            &longer[..],
            [Node::Scope { prefix: None, middleware, guarded: false, children }]
                if middleware.is_empty() && !children.is_empty() && children == plain
        )
}

/// What is registered under a condition.
pub(super) fn when(condition: Option<String>, nodes: Vec<Node>) -> Vec<Node> {
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
