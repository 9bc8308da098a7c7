//! Routes of which it isn't said who may reach them, and what their owner can write to say so.

use crate::routes::{Access, CLOSURE, Route};
use crate::source::{Crate, as_code};

use super::{handler_in_code, handler_in_words, shown_path};

/// Why the table doesn't tell who may reach a route, and what to write; nothing if it does.
pub(super) fn objection(source: &Crate, route: &Route) -> Option<String> {
    let Route { method, at, .. } = route;
    let Some(path) = shown_path(route) else {
        return Some(format!("{at}: the path of a {method} route can't be told"));
    };
    match &route.access {
        Access::Everybody { declared: false } => Some(format!(
            "{at}: {method} {path} has no guard and isn't declared public: {}",
            what_to_write(source, route)
        )),
        Access::Own(_) => Some(format!(
            "{at}: {method} {path}: {}: {}",
            route.access.doubt().unwrap_or_default(),
            what_to_write(source, route)
        )),
        Access::Unclear(reason) => Some(format!("{at}: {method} {path}: {reason}")),
        Access::Everybody { declared: true } | Access::SignedIn { .. } => None,
    }
}

/// What decides it: a guard, or that everybody may.
fn what_to_write(source: &Crate, route: &Route) -> String {
    let public = declaration(source, route);
    match guarded(source, route) {
        Some(guarded) => format!("{guarded}, or {public}"),
        None => public,
    }
}

/// How the handler gets a guard, if it can have arguments.
fn guarded(source: &Crate, route: &Route) -> Option<String> {
    let place = route.handler.place.as_ref()?;
    let user = source.guard_names(source.root_at(&place.file)?).ok()?.user;
    let name = user.name.import;
    let user = match user.context {
        Some(context) => format!("{name}<{}>", context.import),
        // Another crate of the package has the hooks, so no type here is the right one.
        None if !name.starts_with("crate::") && source.has_hooks() => return None,
        None => name,
    };
    let handler = handler_in_words(route, place);
    Some(format!("give {handler} an argument `_: {user}`"))
}

/// How the route is declared public.
fn declaration(source: &Crate, route: &Route) -> String {
    if route.is_default {
        return "wrap its service with `.wrap(oidc.declare_public())`".to_owned();
    }
    let table = route.table.as_ref();
    if let Some(table) = table.filter(|it| it.last().is_some_and(|name| name != CLOSURE)) {
        return format!("mount it by `.configure(oidc.public({}))`", as_code(table));
    }
    let config = source.library_path(&["PublicConfig"]).join("::");
    // An attribute like `#[get("/")]` registers where its function stands.
    let by_attribute = route.handler.place.as_ref() == Some(&route.at);
    if by_attribute && route.handler.name != "closure" {
        return format!(
            "register it by `.configure(oidc.public(|config: &mut {config}| \
             {{ config.service({}); }}))`",
            handler_in_code(route)
        );
    }
    format!("move its registration into `.configure(oidc.public(|config: &mut {config}| {{ … }}))`")
}
