//! What debug builds have seen of the app's routes: who was let in, and by which guards. The
//! developer pages and the tests of an app read it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use actix_web::{
    HttpRequest,
    body::MessageBody,
    dev::{ResourceDef, ServiceResponse},
    http::Method,
};

use crate::{
    error::{Error, ErrorKind},
    probe, request_state, undeclared, visitor,
};

/// How many routes and paths are kept. Anybody can make up paths and methods.
const MOST: usize = 4096;

/// How many parameters a pattern of Actix's may have.
const MOST_PARAMETERS: usize = 16;

/// A guard that has run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardSeen {
    /// Somebody must be signed in.
    SignedIn,
    /// They must have this role.
    Role(&'static str),
    /// They must have authenticated within this many seconds.
    Fresh(u64),
    /// They must have authenticated at this level, by its type.
    Assured(&'static str),
}

/// Whom a route lets in, from the strictest to the most open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// People who are signed in.
    SignedIn,
    /// Everybody, as is declared.
    Everybody,
    /// Everybody, as far as its code goes, though nobody has declared that.
    Undeclared,
}

/// What has been seen of one route.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// `None`: nobody whom it might turn away has got far enough.
    pub who: Option<Who>,
    /// All guards that have run.
    pub guards: BTreeSet<GuardSeen>,
    /// Whether a request has got past the middleware before the handler, so that the guards
    /// among its arguments have run.
    pub is_complete: bool,
}

/// What one request was asked.
#[derive(Default)]
pub struct Asked {
    /// The guards that ran after a route was found.
    pub guards: Vec<GuardSeen>,
    /// Whether the route was declared public in another way than by a table.
    pub is_declared: bool,
    /// Whether a guard found nobody signed in.
    pub is_signed_out: bool,
    /// Whether middleware before the handler answered.
    pub is_stopped: bool,
    /// Whether the resource has no route for the method.
    pub lacks_method: bool,
}

/// A method, and a pattern or a path.
type Key = (String, String);

/// What has been seen since the app started.
#[derive(Default)]
pub struct Observed(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    routes: BTreeMap<Key, Observation>,
    /// The pattern of the route that answers a path.
    patterns: BTreeMap<Key, String>,
}

impl Observed {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been seen of the route with this pattern.
    pub(crate) fn of_route(&self, method: &str, pattern: &str) -> Option<Observation> {
        let key = (method.to_owned(), pattern.to_owned());
        self.seen().routes.get(&key).cloned()
    }

    /// The pattern of the route that has answered this path.
    pub(crate) fn pattern_of(&self, method: &str, path: &str) -> Option<String> {
        let key = (method.to_owned(), path.to_owned());
        self.seen().patterns.get(&key).cloned()
    }
}

/// Notes what a route has answered, before the library puts anything in its place.
pub(crate) fn note<B: MessageBody>(response: &ServiceResponse<B>, error: Option<&Error>) {
    let request = response.request();
    if undeclared::lacks_method(response) {
        return;
    }
    let (Ok(oidc), Some(pattern)) = (visitor::oidc(), request.match_pattern()) else {
        return;
    };
    request_state::with_asked(|asked| {
        let is_of_default = !asked.is_stopped && is_of_default_service(request, &pattern);
        if asked.lacks_method || is_of_default {
            return;
        }
        let who = who(response, error, asked);
        if who.is_some() || !asked.guards.is_empty() {
            oidc.observed().add(request, pattern, who, asked);
        }
    });
}

/// Whether a default service has answered, or middleware before the route. The pattern is then
/// that of a route for the whole path, of which a part is left.
fn is_of_default_service(request: &HttpRequest, pattern: &str) -> bool {
    let is_rest_left = !request.match_info().unprocessed().is_empty();
    is_rest_left && matches_whole(pattern, request.path())
}

/// Whether a pattern matches a path, also if parameters of scopes within each other have the same
/// name, which no single pattern of Actix's may have.
fn matches_whole(pattern: &str, path: &str) -> bool {
    let (mut renamed, mut depth, mut count) = (String::new(), 0_usize, 0_usize);
    let mut is_name = false;
    for character in pattern.chars() {
        match character {
            '{' if depth == 0 => {
                renamed.push_str(&format!("{{p{count}"));
                count += 1;
                depth = 1;
                is_name = true;
                continue;
            }
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_name &= !matches!(character, ':' | '}');
        if !is_name {
            renamed.push(character);
        }
    }
    count <= MOST_PARAMETERS && ResourceDef::new(renamed).is_match(path)
}

impl Observed {
    fn add(&self, request: &HttpRequest, pattern: String, who: Option<Who>, asked: &Asked) {
        let mut seen = self.seen();
        if seen.routes.len() >= MOST || seen.patterns.len() >= MOST {
            return;
        }
        // A HEAD may be answered by the GET's route.
        let method = if probe::is_head(request) {
            Method::HEAD.to_string()
        } else {
            request.method().to_string()
        };
        let path = (method.clone(), request.path().to_owned());
        seen.patterns.insert(path, pattern.clone());
        let known = seen.routes.entry((method, pattern)).or_default();
        known.who = known.who.max(who);
        known.guards.extend(asked.guards.iter().cloned());
        known.is_complete |= !asked.is_stopped;
    }
}

/// Whom the route lets in, as far as one request can tell.
fn who<B: MessageBody>(
    response: &ServiceResponse<B>,
    error: Option<&Error>,
    asked: &Asked,
) -> Option<Who> {
    let is_turned_away = error.is_some_and(|error| matches!(error.kind, ErrorKind::SignedOut));
    if asked.guards.is_empty() {
        let is_declared = asked.is_declared || request_state::is_in_public_table();
        let is_undeclared = undeclared::is_undeclared(response);
        return match (is_declared, is_undeclared) {
            (true, _) => Some(Who::Everybody),
            (false, true) => Some(Who::Undeclared),
            (false, false) => None,
        };
    }
    if is_turned_away || asked.is_stopped && asked.is_signed_out {
        Some(Who::SignedIn)
    } else if asked.is_signed_out {
        // The handler has an `Option<User>`.
        Some(Who::Everybody)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::matches_whole;

    #[test]
    fn patterns_of_scopes_within_each_other_match_whole_paths() {
        for (pattern, path, expected) in [
            ("/users/{id}/posts/{id}", "/users/1/posts/2", true),
            ("/users/{id}/posts/{id}", "/users/1/posts", false),
            (r"/years/{y:\d{4}}/{y}", "/years/2026/x", true),
            (r"/years/{y:\d{4}}/{y}", "/years/26/x", false),
            ("/files/{rest}*", "/files/a/b", true),
            ("/files", "/files/a", false),
            ("", "/", false),
        ] {
            assert_eq!(matches_whole(pattern, path), expected, "{pattern} {path}");
        }
    }
}
