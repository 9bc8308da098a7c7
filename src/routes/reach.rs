//! Which route a request reaches: the tree of registrations is followed as Actix follows it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::handler::Handler;
use super::list::join;
use super::node::{Node, Place, Resource};
use super::pattern::Pattern;

/// What a request reaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Reached<'n> {
    Handler(&'n Handler, &'n Place),
    /// A resource that is registered here, or a scope, which answers it with an error: it has no
    /// handler for such a request, and nothing after it gets a chance.
    DeadEnd(Option<&'n Place>),
    /// Nothing matches.
    Nothing,
}

/// The patterns of an app's paths, each compiled once.
#[derive(Debug, Default)]
pub(super) struct Patterns(RefCell<HashMap<String, Rc<Pattern>>>);

impl Patterns {
    /// The first match gets a request, and what a scope has got doesn't come out again.
    pub(super) fn reach<'n>(&self, nodes: &'n [Node], method: &str, path: &str) -> Reached<'n> {
        for node in nodes {
            let reached = match node {
                Node::Resource(resource) => self.reach_in(resource, method, path),
                Node::Scope {
                    prefix: Some(prefix),
                    guarded: false,
                    children,
                    ..
                } => match self.pattern(prefix).behind(path) {
                    Some(rest) => match self.reach(children, method, rest) {
                        Reached::Nothing => Reached::DeadEnd(None),
                        reached => reached,
                    },
                    None => Reached::Nothing,
                },
                Node::Table { children, .. }
                | Node::From { children, .. }
                | Node::When { children, .. } => self.reach(children, method, path),
                // A default service takes nothing from what is registered after it.
                Node::Default(_) | Node::Scope { .. } | Node::Unread { .. } => Reached::Nothing,
            };
            if !matches!(reached, Reached::Nothing) {
                return reached;
            }
        }
        Reached::Nothing
    }

    fn reach_in<'n>(&self, resource: &'n Resource, method: &str, path: &str) -> Reached<'n> {
        let is_match = resource.paths.iter().flatten().any(|pattern| {
            let pattern = self.pattern(pattern);
            if resource.is_prefix {
                pattern.behind(path).is_some()
            } else {
                pattern.matches(path)
            }
        });
        if !is_match {
            return Reached::Nothing;
        }
        let matching = resource.routes.iter().find(|route| {
            let any = route.methods.is_empty() || method == "*";
            !route.guarded && (any || route.methods.iter().any(|known| known == method))
        });
        match (matching, resource.guarded) {
            (Some(route), _) => Reached::Handler(&route.handler, &resource.at),
            (None, false) => Reached::DeadEnd(Some(&resource.at)),
            (None, true) => Reached::Nothing,
        }
    }

    fn pattern(&self, text: &str) -> Rc<Pattern> {
        let mut patterns = self.0.borrow_mut();
        if let Some(known) = patterns.get(text) {
            return Rc::clone(known);
        }
        let whole = join(Some(""), Some(text)).unwrap_or_default();
        let pattern = Rc::new(Pattern::new(&whole));
        patterns.insert(text.to_owned(), Rc::clone(&pattern));
        pattern
    }
}
