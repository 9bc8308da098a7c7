//! `vestibule routes`: who may reach what.

mod baseline;
mod fault;
mod live;
mod undecided;

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::Routes;
use crate::error::{Error, Exit};
use crate::project::Project;
use crate::routes::{Access, Csrf, Fresh, Place, Route, Table};
use crate::source::{Crate, is_program};
use crate::terminal;

use self::baseline::Baseline;
use self::fault::{Fault, FaultKind, fault_of};

/// What decides a route.
const DECIDE: &str = "give the handler a guard (`User`, `Has<Role>`, `Fresh<SECONDS>`), or register it in a \
                      table that is mounted by `oidc.public(…)`";
/// What an app can do that had routes before it had sign-in.
const ACCEPT: &str = "to accept these routes as they are today, and no new ones: \
                      `vestibule routes --write-baseline FILE`, and from then on \
                      `vestibule routes --check --baseline FILE`";

/// Between columns.
const GAP: &str = "  ";

/// Runs the command. It writes nothing but a baseline.
pub(crate) fn run(arguments: &Routes) -> Result<Exit, Error> {
    let project = Project::find()?;
    let source = Crate::read(&project)?;
    let table = Table::read(&source);
    if table.is_empty() {
        return Err(Error::NoRoutes);
    }
    if let Some(path) = &arguments.write_baseline {
        return write_baseline(path, &source, &table);
    }
    let baseline = match &arguments.baseline {
        Some(path) => Some(Baseline::read(path)?),
        None => None,
    };
    let place = arguments.live.clone();
    let place = place.map(|place| place.unwrap_or_else(live::default_place));
    let differences = place.map(|place| live::differences(&table, &place));
    let differences = differences.transpose()?;
    if arguments.json {
        let mut result = as_json(&table);
        if let (Some(differences), Some(result)) = (&differences, result.as_object_mut()) {
            let differences = live::as_json(differences, access_as_json);
            result.insert("differences".to_owned(), differences);
        }
        let text = serde_json::to_string_pretty(&result).unwrap_or_default();
        terminal::result(text);
    } else {
        let rows = table.routes.iter().map(row).collect();
        for line in laid_out(rows, terminal::width()) {
            terminal::result(line);
        }
    }
    let say_faults = || {
        let faults = table.routes.iter();
        let faults = faults.filter_map(|route| Some(fault_of(&source, route)?.what));
        for fault in unread(&source, &table).into_iter().chain(faults) {
            terminal::note(fault);
        }
    };
    match differences.as_deref() {
        Some([]) => terminal::say("the running app has these routes, with these guards"),
        Some(differences) => {
            say_faults();
            let lines = differences.iter().map(ToString::to_string);
            return Err(Error::Differs(lines.collect()));
        }
        None => {}
    }
    if arguments.check {
        return check(&project, &source, &table, baseline.as_ref());
    }
    say_faults();
    Ok(Exit::Done)
}

/// Fails for what keeps the table from saying of every route who may reach it, and for routes that
/// don't check who sends what changes something, unless the baseline accepts that.
fn check(
    project: &Project,
    source: &Crate,
    table: &Table,
    baseline: Option<&Baseline>,
) -> Result<Exit, Error> {
    let mut open = unread(source, table);
    let unread_count = open.len();
    let mut forgeable = Vec::new();
    let mut faulty = Vec::new();
    for route in &table.routes {
        let Some(Fault { kind, what }) = fault_of(source, route) else {
            continue;
        };
        faulty.push((kind, route));
        let refusal = match baseline {
            None => Some(String::new()),
            Some(baseline) => baseline.refuses(route),
        };
        let faults = match kind {
            FaultKind::Undecided => &mut open,
            FaultKind::Forgeable => &mut forgeable,
        };
        faults.extend(refusal.map(|why| format!("{what}{why}")));
    }
    let are_undecided = open.len() > unread_count;
    let are_refused = are_undecided || !forgeable.is_empty();
    if let Some(baseline) = baseline {
        let routes: Vec<&Route> = faulty.iter().map(|(_, route)| *route).collect();
        open.extend(baseline.outdated(&routes));
    }
    if !open.is_empty() || !forgeable.is_empty() {
        let advice = if are_refused && baseline.is_none() && project.is_initialized()? {
            Some(ACCEPT)
        } else {
            are_undecided.then_some(DECIDE)
        };
        return Err(Error::Unguarded {
            open,
            forgeable,
            advice,
        });
    }
    let all = table.routes.len();
    let count = |of: FaultKind| faulty.iter().filter(|(kind, _)| *kind == of).count();
    let accepted: String = [
        ("undecided", count(FaultKind::Undecided)),
        ("without a check of CSRF", count(FaultKind::Forgeable)),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(what, count)| format!("{what}, as in the baseline: {count}; "))
    .collect();
    if accepted.is_empty() {
        terminal::say(format_args!(
            "{all} routes, each with a guard or declared public"
        ));
    } else {
        terminal::say(format_args!(
            "{all} routes; {accepted}each other one has a guard or is declared public"
        ));
    }
    Ok(Exit::Done)
}

/// Writes which routes the check fails for today.
fn write_baseline(path: &Path, source: &Crate, table: &Table) -> Result<Exit, Error> {
    let faulty: Vec<&Route> = table
        .routes
        .iter()
        .filter(|route| fault_of(source, route).is_some())
        .collect();
    let baseline::Written { entries, new, gone } = baseline::write(path, &faulty)?;
    terminal::say(format_args!(
        "wrote {}; routes in it: {entries} ({new} new, {gone} gone)",
        path.display()
    ));
    let untold = faulty.iter().filter(|route| route.path.is_none());
    let untold = untold.filter_map(|route| Some(fault_of(source, route)?.what));
    for fault in unread(source, table).into_iter().chain(untold) {
        terminal::note(format_args!(
            "{fault}; no baseline accepts that, as nothing would tell what is new there"
        ));
    }
    Ok(Exit::Done)
}

/// What can't be read of the table.
fn unread(source: &Crate, table: &Table) -> Vec<String> {
    let unreadable = source.unreadable.iter().map(ToString::to_string);
    let unread = table
        .unread
        .iter()
        .map(|(at, what)| format!("{at}: what {what} registers can't be told"));
    unreadable.chain(unread).collect()
}

/// The table as text. If it is wider than the terminal, each route takes two lines.
fn laid_out(mut rows: Vec<[String; 6]>, width: Option<usize>) -> Vec<String> {
    let head = ["METHOD", "PATH", "WHO", "CSRF", "HANDLER", "FILE"];
    rows.insert(0, head.map(str::to_owned));
    let widths = rows.iter().fold([0; 6], |mut widths, row| {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
        widths
    });
    let whole = widths.iter().sum::<usize>() + GAP.len() * 5;
    let is_narrow = width.is_some_and(|width| whole > width);
    rows.into_iter()
        .flat_map(|[method, path, who, csrf, handler, file]| {
            let [w_method, w_path, w_who, w_csrf, w_handler, _] = widths;
            let first = format!("{method:w_method$}{GAP}{path:w_path$}{GAP}{who:w_who$}{GAP}");
            if is_narrow {
                let indent = " ".repeat(w_method);
                vec![
                    format!("{first}{csrf}").trim_end().to_owned(),
                    format!("{indent}{GAP}{GAP}{handler}{GAP}{file}"),
                ]
            } else {
                vec![format!(
                    "{first}{csrf:w_csrf$}{GAP}{handler:w_handler$}{GAP}{file}"
                )]
            }
        })
        .collect()
}

fn row(route: &Route) -> [String; 6] {
    let path = shown_path(route).unwrap_or_else(|| "(can't be told)".to_owned());
    let who = match &route.condition {
        Some(condition) => format!("{} ({})", route.access, in_words(condition)),
        None => route.access.to_string(),
    };
    let place = route.handler.place.as_ref().unwrap_or(&route.at);
    [
        route.method.clone(),
        path,
        who,
        route.csrf.to_string(),
        handler_name(route),
        place.to_string(),
    ]
}

/// The path, marked if the route is only for what no other takes there.
fn shown_path(route: &Route) -> Option<String> {
    let path = route.path.as_deref()?;
    let mark = if route.is_default { " (else)" } else { "" };
    Some(format!("{path}{mark}"))
}

/// The handler's path from the root of its crate on, as code names it.
fn handler_in_code(route: &Route) -> &str {
    let name = route.handler.name.as_str();
    match name.split_once("::") {
        // The file at the root of a program.
        Some((first, rest)) if is_program(first) => rest,
        _ => name,
    }
}

/// The handler as a sentence names it.
fn handler_in_words(route: &Route, place: &Place) -> String {
    if route.handler.name == "closure" {
        return format!("the closure at {place}");
    }
    format!("`{}`", handler_in_code(route))
}

/// The name as it would be written in `src/routes/mod.rs`.
fn handler_name(route: &Route) -> String {
    let name = handler_in_code(route);
    let mut parts = name.rsplitn(3, "::");
    match (parts.next(), parts.next()) {
        (Some(function), Some(module)) => format!("{module}::{function}"),
        _ => name.to_owned(),
    }
}

fn in_words(condition: &str) -> &str {
    if condition == "cfg(debug_assertions)" {
        "debug builds"
    } else {
        condition
    }
}

fn as_json(table: &Table) -> Value {
    let routes: Vec<Value> = table.routes.iter().map(route_as_json).collect();
    let unread: Vec<Value> = table
        .unread
        .iter()
        .map(|(at, what)| json!({ "file": at.file, "line": at.line, "what": what }))
        .collect();
    json!({ "routes": routes, "unread": unread })
}

fn route_as_json(route: &Route) -> Value {
    let place = route.handler.place.as_ref();
    json!({
        "method": route.method,
        "path": route.path,
        "default": route.is_default,
        "access": access_as_json(&route.access),
        "csrf": csrf_as_json(route.csrf),
        "handler": route.handler.name,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "registered": { "file": route.at.file, "line": route.at.line },
        "condition": route.condition,
    })
}

fn csrf_as_json(csrf: Csrf) -> Value {
    json!(match csrf {
        Csrf::NotNeeded => "not_needed",
        Csrf::Checked => "checked",
        Csrf::Missing => "missing",
        Csrf::Unclear => "unknown",
    })
}

fn access_as_json(access: &Access) -> Value {
    match access {
        Access::Everybody { declared } => json!({ "who": "everybody", "declared": declared }),
        Access::SignedIn {
            roles,
            fresh,
            guards,
        } => json!({
            "who": "signed_in",
            "roles": roles,
            "fresh_seconds": match fresh {
                Some(Fresh::Seconds(seconds)) => json!(seconds),
                Some(Fresh::Recently) => json!("unknown"),
                None => Value::Null,
            },
            "guards": guards,
        }),
        Access::Own(_) | Access::Unclear(_) => {
            json!({ "who": "unknown", "reason": access.doubt() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn a_table_that_is_too_wide_takes_two_lines_a_route() {
        let rows = || {
            let row = [
                "POST",
                "/reports",
                "signed in",
                "checked",
                "reports::send",
                "src/routes/reports.rs:9",
            ];
            let other = ["GET", "/", "everybody", "", "home::show", "src/home.rs:9"];
            vec![row.map(str::to_owned), other.map(str::to_owned)]
        };
        let wide = laid_out(rows(), Some(80));
        assert_eq!(
            wide,
            [
                "METHOD  PATH      WHO        CSRF     HANDLER        FILE",
                "POST    /reports  signed in  checked  reports::send  src/routes/reports.rs:9",
                "GET     /         everybody           home::show     src/home.rs:9",
            ]
        );
        assert_eq!(wide, laid_out(rows(), None));
        assert_eq!(
            laid_out(rows(), Some(60)),
            [
                "METHOD  PATH      WHO        CSRF",
                "          HANDLER  FILE",
                "POST    /reports  signed in  checked",
                "          reports::send  src/routes/reports.rs:9",
                "GET     /         everybody",
                "          home::show  src/home.rs:9",
            ]
        );
    }
}
