//! The plan read again, as the app that it would make: the new routes are there, let in whom
//! they should and are reached, and nothing else has changed.

use crate::commands::plan::Planned;
use crate::project::Project;
use crate::routes::{Access, Fresh, Pattern, Route, Table, Taker};
use crate::scaffold::Guard;
use crate::source::Crate;

use super::build::Asked;
use super::site::ROUTES;

/// A route that has to come of the plan.
pub(super) struct Wanted {
    method: &'static str,
    path: String,
    access: Access,
    handler: String,
}

impl Wanted {
    pub(super) fn is(&self, route: &Route) -> bool {
        route.method == self.method
            && route.path.as_deref() == Some(self.path.as_str())
            && route.access == self.access
            && route.handler.name == self.handler
            && route.condition.is_none()
    }
}

pub(super) fn wanted(asked: &Asked) -> Vec<Wanted> {
    let route = &asked.route;
    let handlers = route.handlers().into_iter();
    handlers
        .map(|(method, handler)| Wanted {
            method: method.name(),
            path: route.path.clone(),
            access: access(&route.guard),
            handler: format!("{ROUTES}::{}::{handler}", route.module),
        })
        .collect()
}

fn access(guard: &Guard) -> Access {
    let (roles, fresh) = match guard {
        Guard::Public => return Access::Everybody { declared: true },
        Guard::SignedIn => (Vec::new(), None),
        Guard::Role(role) => (vec![role.name.clone()], None),
        Guard::Fresh { seconds } => (Vec::new(), Some(Fresh::Seconds(*seconds))),
    };
    Access::SignedIn {
        roles,
        fresh,
        guards: Vec::new(),
    }
}

/// Why a plan must not be carried out.
pub(super) enum Disproof {
    /// The route would hide another, or be hidden.
    Hidden(String),
    /// Something else than was meant would come of it.
    Wrong(String),
}

impl From<String> for Disproof {
    fn from(reason: String) -> Self {
        Self::Wrong(reason)
    }
}

/// Fails with the reason why the plan must not be carried out.
pub(super) fn check(
    project: &Project,
    before: &Table,
    planned: &Planned,
    asked: &Asked,
) -> Result<(), Disproof> {
    let after = project.with(planned.outcome());
    let source = Crate::read(&after).map_err(|error| error.to_string())?;
    let after = Table::read(&source);
    let wanted = wanted(asked);
    let (new, old): (Vec<&Route>, Vec<&Route>) = after.routes.iter().partition(|route| {
        wanted
            .iter()
            .any(|wanted| wanted.handler == route.handler.name)
    });
    for wanted in &wanted {
        if !new.iter().any(|route| wanted.is(route)) {
            let found = new
                .iter()
                .find(|route| route.handler.name == wanted.handler);
            let found = match found {
                Some(route) => format!(
                    "would be {} {}, {}",
                    route.method,
                    route.path.as_deref().unwrap_or("somewhere"),
                    route.access
                ),
                None => "would not be there".to_owned(),
            };
            let Wanted { method, path, .. } = wanted;
            return Err(format!("{method} {path} {found}").into());
        }
    }
    let is_same = new.len() == wanted.len()
        && old
            .iter()
            .map(|route| route.outline())
            .eq(before.routes.iter().map(Route::outline));
    if !is_same {
        return Err("other routes would change".to_owned().into());
    }
    for route in &after.routes {
        // What is left over for a default service is what is taken from it.
        if route.is_default {
            continue;
        }
        let Some(example) = route
            .path
            .as_deref()
            .and_then(|path| Pattern::new(path).example())
        else {
            continue;
        };
        let (was, is) = (
            before.taker(&route.method, &example),
            after.taker(&route.method, &example),
        );
        let Route { method, path, .. } = route;
        let path = path.as_deref().unwrap_or_default();
        let is_new = new.iter().any(|new| std::ptr::eq(*new, route));
        if is_new && handler(&is) != Some(route.handler.name.as_str()) {
            let by = match handler(&is) {
                Some(by) => format!("`{by}`"),
                None => "a scope that is registered before it".to_owned(),
            };
            return Err(Disproof::Hidden(format!(
                "{method} {path} would never be reached, as {by} takes such requests"
            )));
        }
        if !is_new && handler(&was) != handler(&is) {
            let name = &route.handler.name;
            return Err(Disproof::Hidden(format!(
                "it would take {method} {path} away from `{name}`"
            )));
        }
    }
    Ok(())
}

fn handler<'t>(taker: &Taker<'t>) -> Option<&'t str> {
    match taker {
        Taker::Handler(handler, _) => Some(handler.name.as_str()),
        Taker::Nothing(_) | Taker::Nobody => None,
    }
}
