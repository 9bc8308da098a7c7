//! Why `--check` fails for a route, and what its owner can write.

use crate::routes::{Csrf, Route};
use crate::source::Crate;

use super::undecided::objection;
use super::{handler_in_words, shown_path};

/// Why the check fails for a route.
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// Where it is, what is wrong, and what to write.
    pub(super) what: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// It isn't said who may reach it.
    Undecided,
    /// It changes something by cookie, whoever made the browser send the request.
    Forgeable,
}

/// What is wrong with a route; nothing if it is as it should be.
pub(super) fn fault_of(source: &Crate, route: &Route) -> Option<Fault> {
    if let Some(what) = objection(source, route) {
        let kind = FaultKind::Undecided;
        return Some(Fault { kind, what });
    }
    let what = forgery(source, route)?;
    let kind = FaultKind::Forgeable;
    Some(Fault { kind, what })
}

/// What has to be written so that nobody else can send a request in a person's name.
fn forgery(source: &Crate, route: &Route) -> Option<String> {
    let (Csrf::Missing, Some(place)) = (route.csrf, &route.handler.place) else {
        return None;
    };
    let Route { method, at, .. } = route;
    let path = shown_path(route)?;
    let handler = handler_in_words(route, place);
    let same_origin = source.library_path(&["SameOrigin"]).join("::");
    let signed_form = source
        .root_at(&place.file)
        .and_then(|root| source.guard_names(root).ok())
        .map_or_else(
            || source.library_path(&["SignedForm"]).join("::"),
            |names| names.signed_form.name.import,
        );
    let other_way = if method == "*" {
        ", or register it for GET alone"
    } else {
        ""
    };
    Some(format!(
        "{at}: {method} {path} goes by a cookie, and nothing shows that a page of the app sent the \
         request: take the form or JSON as `{signed_form}<…>`, or give {handler} an argument `_: \
         {same_origin}`{other_way}"
    ))
}
