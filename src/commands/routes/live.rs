//! `routes --live`: the table read from the source against the one that the running app has.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::Error;
use crate::routes::{Access, Fresh, Route, Table};
use crate::source::{DEV_LIBRARY, LIBRARY};

/// Where a debug build runs unless it is told otherwise.
const BY_DEFAULT: &str = "http://localhost:8080";
const BASE_URL: &str = "APP_BASE_URL";

/// The page that asks every route, and what is known afterwards.
const ASKS: &str = "/dev/routes";
const KNOWN: &str = "/dev/routes.json";

/// The app asks each of its routes before it answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// How the library marks the rest of a path below a folder of files.
const BELOW: &str = "/…";

/// A route of which the source and the running app say different things.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    method: String,
    path: String,
    source: Option<Access>,
    live: Option<Access>,
}

/// A route as the running app has it.
#[derive(Debug)]
struct LiveRoute {
    method: String,
    path: String,
    access: Access,
    /// Whether a guard stands before it, though it can't be told whom it lets in.
    is_guarded: bool,
    /// Whether all its guards are known.
    is_complete: bool,
}

/// Where the running app is, if the command line doesn't say so.
pub(super) fn default_place() -> String {
    let named = std::env::var(BASE_URL).ok();
    let named = named.filter(|named| !named.is_empty());
    named.unwrap_or_else(|| BY_DEFAULT.to_owned())
}

/// Compares the table with that of the app at an address, or with one in a file.
pub(super) fn differences(table: &Table, place: &str) -> Result<Vec<Difference>, Error> {
    let text = if place.contains("://") {
        fetched(place)?
    } else {
        let path = PathBuf::from(place);
        fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?
    };
    let live = live_routes(&text).ok_or_else(|| Error::NoLive {
        place: place.to_owned(),
        reason: format!("it has not the form of {KNOWN}"),
    })?;
    Ok(compared(table, live))
}

fn fetched(place: &str) -> Result<String, Error> {
    let fail = |reason: String| Error::NoLive {
        place: place.to_owned(),
        reason,
    };
    if !is_on_this_machine(place) {
        let reason = "only a debug build on this machine has pages for developers, by http";
        return Err(fail(reason.to_owned()));
    }
    let base = place.trim_end_matches('/');
    // No proxy knows the names of this machine.
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let failed = |error: ureq::Error| match error {
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound | ureq::Error::Io(_) => {
            Error::NotRunning {
                place: place.to_owned(),
                reason: error.to_string(),
            }
        }
        error => fail(error.to_string()),
    };
    let asked = agent.post(format!("{base}{ASKS}")).send_empty();
    let status = asked.map_err(failed)?.status();
    if status != 303 {
        return Err(fail(format!("{ASKS} answers {status}")));
    }
    let mut answer = agent.get(format!("{base}{KNOWN}")).call().map_err(failed)?;
    if answer.status() != 200 {
        return Err(fail(format!("{KNOWN} answers {}", answer.status())));
    }
    answer.body_mut().read_to_string().map_err(failed)
}

/// Whether it is an address by http under a name of this machine.
fn is_on_this_machine(place: &str) -> bool {
    let Ok(uri) = place.parse::<ureq::http::Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    };
    uri.scheme_str() == Some("http") && is_here
}

fn live_routes(text: &str) -> Option<Vec<LiveRoute>> {
    let known: Value = serde_json::from_str(text).ok()?;
    known
        .get("routes")?
        .as_array()?
        .iter()
        .map(live_route)
        .collect()
}

fn live_route(route: &Value) -> Option<LiveRoute> {
    let access = route.get("access")?;
    let texts = |name: &str| -> Option<Vec<String>> {
        let texts = access.get(name)?.as_array()?.iter();
        texts.map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    let who = match access.get("who")?.as_str()? {
        "everybody" => Access::Everybody {
            declared: access.get("declared")?.as_bool()?,
        },
        "signed_in" => Access::SignedIn {
            roles: texts("roles")?,
            fresh: access
                .get("fresh_seconds")
                .and_then(Value::as_u64)
                .map(Fresh::Seconds),
            guards: texts("guards")?,
        },
        "unknown" => Access::Unclear(access.get("reason")?.as_str()?.to_owned()),
        _ => return None,
    };
    let is = |value: &Value, name: &str| value.get(name).and_then(Value::as_bool) == Some(true);
    Some(LiveRoute {
        method: route.get("method")?.as_str()?.to_owned(),
        path: route.get("path")?.as_str()?.to_owned(),
        access: who,
        is_guarded: is(access, "guarded"),
        is_complete: is(route, "is_complete"),
    })
}

fn compared(table: &Table, live: Vec<LiveRoute>) -> Vec<Difference> {
    let sourced: Vec<(String, &Route)> = table
        .routes
        .iter()
        .filter_map(|route| Some((live_path(route.path.as_deref()?), route)))
        .collect();
    let live = of_one_callback(&sourced, live);
    let of_live = live.iter().filter_map(|live| {
        let here: Vec<&Route> = sourced
            .iter()
            .filter(|(path, _)| *path == live.path)
            .map(|(_, route)| *route)
            .collect();
        let same: Vec<&Route> = with_method(&here, &live.method);
        let source = match &same[..] {
            [] if here.iter().any(|route| is_of_library(route)) => return None,
            [] => None,
            [first, ..] if !same.iter().any(|route| agree(&route.access, live)) => Some(first),
            _ => return None,
        };
        Some(Difference {
            method: live.method.clone(),
            path: live.path.clone(),
            source: source.map(|route| route.access.clone()),
            live: Some(live.access.clone()),
        })
    });
    let of_source = sourced.iter().filter_map(|(path, route)| {
        let is_there = live
            .iter()
            .any(|live| live.path == *path && (route.method == "*" || route.method == live.method));
        (!is_there && is_expected(route)).then(|| Difference {
            method: route.method.clone(),
            path: path.clone(),
            source: Some(route.access.clone()),
            live: None,
        })
    });
    of_live.chain(of_source).collect()
}

/// The routes, with the callbacks of several providers as the one that the source knows: which
/// providers there are is in the settings.
fn of_one_callback(sourced: &[(String, &Route)], mut live: Vec<LiveRoute>) -> Vec<LiveRoute> {
    let handler = format!("{}::callback", LIBRARY.replace('-', "_"));
    let mut pages = sourced.iter();
    let Some((callback, _)) = pages.find(|(_, route)| route.handler.name == handler) else {
        return live;
    };
    let is_of_provider = |path: &str| {
        let below = path.strip_prefix(&**callback);
        let name = below.and_then(|below| below.strip_prefix('/'));
        name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
            && sourced.iter().all(|(sourced, _)| sourced != path)
    };
    for route in live.iter_mut().filter(|route| is_of_provider(&route.path)) {
        route.path.clone_from(callback);
    }
    live
}

/// The routes that take this method, or else those that take any.
fn with_method<'r>(routes: &[&'r Route], method: &str) -> Vec<&'r Route> {
    let taking = |wanted: &str| -> Vec<&Route> {
        let routes = routes.iter().copied();
        routes.filter(|route| route.method == wanted).collect()
    };
    let exact = taking(method);
    if exact.is_empty() { taking("*") } else { exact }
}

/// A path as Actix has it.
fn live_path(path: &str) -> String {
    let path = path.strip_suffix(BELOW).unwrap_or(path);
    if path.is_empty() { "/" } else { path }.to_owned()
}

/// The library's own pages take further methods, some of them by a setting.
fn is_of_library(route: &Route) -> bool {
    let library = |name: &str| {
        let name = format!("{}::", name.replace('-', "_"));
        route.handler.name.starts_with(&name)
    };
    library(LIBRARY) || library(DEV_LIBRARY)
}

/// Whether a debug build has to have the route. What only answers what no other route takes is
/// in no list of Actix's.
fn is_expected(route: &Route) -> bool {
    let condition = route.condition.as_deref();
    !route.is_default && matches!(condition, None | Some("cfg(debug_assertions)"))
}

/// Whether the running app does what the source says, as far as both are known.
fn agree(source: &Access, live: &LiveRoute) -> bool {
    match (source, &live.access) {
        // `--check` says so.
        (Access::Own(_) | Access::Unclear(_), _) => true,
        (source, Access::Unclear(_)) => {
            live.is_guarded && *source != Access::Everybody { declared: false }
        }
        (
            Access::SignedIn {
                roles,
                fresh,
                guards,
            },
            Access::SignedIn {
                roles: live_roles,
                fresh: live_fresh,
                guards: live_guards,
            },
        ) => {
            if !live.is_complete {
                return true;
            }
            let live_roles: BTreeSet<&String> = live_roles.iter().collect();
            let known: BTreeSet<&String> = roles.iter().collect();
            // Of roles whose name isn't in the source, the type is known.
            let unnamed = guards.iter().filter(|guard| guard.starts_with("Has<"));
            let unnamed: BTreeSet<&String> = unnamed.collect();
            let others: BTreeSet<&String> = guards
                .iter()
                .filter(|guard| !unnamed.contains(guard))
                .collect();
            let is_as_fresh = match (fresh, live_fresh) {
                (Some(Fresh::Recently), Some(_)) => true,
                (source, live) => source == live,
            };
            known.is_subset(&live_roles)
                && known.len() + unnamed.len() == live_roles.len()
                && others.len() == live_guards.len()
                && is_as_fresh
        }
        (source, live) => source == live,
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, path, .. } = self;
        write!(f, "{method} {path}: ")?;
        match (&self.source, &self.live) {
            (Some(source), Some(live)) => {
                write!(
                    f,
                    "by the source {source}, in the running app {}",
                    told(live)
                )
            }
            (Some(source), None) => write!(f, "only the source has it ({source})"),
            (None, Some(live)) => write!(f, "only the running app has it ({})", told(live)),
            (None, None) => Ok(()),
        }
    }
}

/// Who may reach a route, or why that isn't known.
fn told(access: &Access) -> String {
    match access {
        Access::Unclear(reason) => format!("not known: {reason}"),
        access => access.to_string(),
    }
}

/// The differences as the result shows them.
pub(super) fn as_json(
    differences: &[Difference],
    access_as_json: impl Fn(&Access) -> Value,
) -> Value {
    let of = |access: &Option<Access>| access.as_ref().map(&access_as_json);
    let differences = differences.iter().map(|difference| {
        json!({
            "method": difference.method,
            "path": difference.path,
            "source": of(&difference.source),
            "live": of(&difference.live),
        })
    });
    differences.collect()
}
