//! The plan, read again as the app that it would make: the new routes are there, are reached and
//! let in whom they should, and nothing else has changed.

use crate::commands::plan::Planned;
use crate::project::Project;
use crate::routes::{Access, Fresh, Pattern, Reached, Route, Table};
use crate::scaffold::Guard;
use crate::source::{CannotEdit, Crate};

use super::draft::Draft;
use super::objection::Objection;

/// A route that the plan has to result in.
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

pub(super) fn wanted(draft: &Draft) -> Vec<Wanted> {
    let route = &draft.route;
    let routes = draft.routes.join("::");
    let handlers = route.handlers().into_iter();
    handlers
        .map(|(method, handler)| Wanted {
            method: method.name(),
            path: route.path.clone(),
            access: access(&route.guard),
            handler: format!("{routes}::{}::{handler}", route.module),
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

/// Fails with the reason why the plan must not be carried out. `file` is what would be to blame.
pub(super) fn check(
    project: &Project,
    source: &Crate,
    before: &Table,
    planned: &Planned,
    draft: &Draft,
    file: &str,
) -> Result<(), Objection> {
    let after = project.with(planned.outcome());
    let after = Table::read(&Crate::read_after(&after, source)?);
    let wrong = |reason: String| Objection::cannot_edit(file, CannotEdit(reason));
    let wanted = wanted(draft);
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
            return Err(wrong(format!("{method} {path} {found}")));
        }
    }
    let is_same = new.len() == wanted.len()
        && old
            .iter()
            .map(|route| route.outline())
            .eq(before.routes.iter().map(Route::outline));
    if !is_same {
        return Err(wrong("other routes would change".to_owned()));
    }
    hides_nothing(before, &after, &new)
}

/// Checks that each route still gets its requests, and that the new ones get theirs. Nothing else
/// was added, so paths that no new route matches are answered as before.
fn hides_nothing(before: &Table, after: &Table, new: &[&Route]) -> Result<(), Objection> {
    let new_paths = new.iter().filter_map(|route| route.path.as_deref());
    let new_patterns: Vec<Pattern> = new_paths.map(Pattern::new).collect();
    for route in &after.routes {
        // A default service gets what is left over, so it may lose requests.
        if route.is_default {
            continue;
        }
        let Some(pattern) = route.path.as_deref().map(Pattern::new) else {
            continue;
        };
        if !new_patterns.iter().any(|new| new.may_meet(&pattern)) {
            continue;
        }
        let is_met = |path: &String| new_patterns.iter().any(|new| new.matches(path));
        let Some(example) = pattern.example().filter(is_met) else {
            continue;
        };
        let (was, is) = (
            before.reach(&route.method, &example),
            after.reach(&route.method, &example),
        );
        let Route { method, path, .. } = route;
        let path = path.as_deref().unwrap_or_default();
        let is_new = new.iter().any(|new| std::ptr::eq(*new, route));
        if is_new && handler(&is) != Some(route.handler.name.as_str()) {
            let by = match handler(&is) {
                Some(by) => format!("`{by}`"),
                None => "a scope that is registered before it".to_owned(),
            };
            return Err(Objection::conflict(format!(
                "{method} {path} would never be reached: {by} gets such requests"
            )));
        }
        if !is_new && handler(&was) != handler(&is) {
            let name = &route.handler.name;
            return Err(Objection::conflict(format!(
                "it would get {method} {path} instead of `{name}`"
            )));
        }
    }
    Ok(())
}

fn handler<'t>(reached: &Reached<'t>) -> Option<&'t str> {
    match reached {
        Reached::Handler(handler, _) => Some(handler.name.as_str()),
        Reached::DeadEnd(_) | Reached::Nothing => None,
    }
}
