//! Which route a request reaches: the tree of registrations is followed as Actix follows it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::handler::Handler;
use super::list::join;
use super::node::{Node, Place, Resource};
use super::pattern::Pattern;

/// What takes a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Taker<'n> {
    Handler(&'n Handler, &'n Place),
    /// What is registered here, or a scope, takes every request below its path, and has nothing
    /// for this one.
    Nothing(Option<&'n Place>),
    /// Nothing fits.
    Nobody,
}

/// Follows requests. Each pattern is made once.
#[derive(Debug, Default)]
pub(super) struct Reach(RefCell<HashMap<String, Rc<Pattern>>>);

impl Reach {
    /// The first that fits takes a request, and what a scope has taken doesn't come out again.
    pub(super) fn take<'n>(&self, nodes: &'n [Node], method: &str, path: &str) -> Taker<'n> {
        for node in nodes {
            let taken = match node {
                Node::Resource(resource) => self.take_by_resource(resource, method, path),
                Node::Scope {
                    prefix: Some(prefix),
                    guarded: false,
                    children,
                    ..
                } => match self.pattern(prefix).behind(path) {
                    Some(rest) => match self.take(children, method, rest) {
                        Taker::Nobody => Taker::Nothing(None),
                        taken => taken,
                    },
                    None => Taker::Nobody,
                },
                Node::Walled { children, .. }
                | Node::From { children, .. }
                | Node::When { children, .. } => self.take(children, method, path),
                // A default service takes nothing away from what is registered after it.
                Node::Default(_) | Node::Scope { .. } | Node::Unread { .. } => Taker::Nobody,
            };
            if !matches!(taken, Taker::Nobody) {
                return taken;
            }
        }
        Taker::Nobody
    }

    fn take_by_resource<'n>(&self, resource: &'n Resource, method: &str, path: &str) -> Taker<'n> {
        let fits = resource.paths.iter().flatten().any(|pattern| {
            let pattern = self.pattern(pattern);
            if resource.is_prefix {
                pattern.behind(path).is_some()
            } else {
                pattern.matches(path)
            }
        });
        if !fits {
            return Taker::Nobody;
        }
        let taking = resource.routes.iter().find(|route| {
            let any = route.methods.is_empty() || method == "*";
            !route.guarded && (any || route.methods.iter().any(|known| known == method))
        });
        match (taking, resource.guarded) {
            (Some(route), _) => Taker::Handler(&route.handler, &resource.at),
            (None, false) => Taker::Nothing(Some(&resource.at)),
            (None, true) => Taker::Nobody,
        }
    }

    fn pattern(&self, text: &str) -> Rc<Pattern> {
        let mut patterns = self.0.borrow_mut();
        let known = patterns.entry(text.to_owned());
        Rc::clone(known.or_insert_with(|| {
            let text = join(Some(""), Some(text)).unwrap_or_default();
            Rc::new(Pattern::new(&text))
        }))
    }
}
