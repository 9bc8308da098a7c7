//! `vestibule routes`: who may reach what.

mod live;

use serde_json::{Value, json};

use crate::cli::Routes;
use crate::error::{Error, Exit};
use crate::project::Project;
use crate::routes::{Access, Fresh, Route, Table};
use crate::source::Crate;
use crate::terminal;

/// Between columns.
const GAP: &str = "  ";

/// Runs the command. It never writes.
pub(crate) fn run(arguments: &Routes) -> Result<Exit, Error> {
    let project = Project::find()?;
    let source = Crate::read(&project)?;
    let table = Table::read(&source);
    if table.is_empty() {
        return Err(Error::NoRoutes);
    }
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
    let faults = faults(&source, &table);
    match differences.as_deref() {
        Some([]) => terminal::say("the running app has these routes, with these guards"),
        Some(differences) => {
            for fault in &faults {
                terminal::note(fault);
            }
            let lines = differences.iter().map(ToString::to_string);
            return Err(Error::Differs(lines.collect()));
        }
        None => {}
    }
    if arguments.check {
        return if faults.is_empty() {
            terminal::say(format_args!(
                "{} routes, each with a guard or declared public",
                table.routes.len()
            ));
            Ok(Exit::Done)
        } else {
            Err(Error::Unguarded(faults))
        };
    }
    for fault in &faults {
        terminal::note(fault);
    }
    Ok(Exit::Done)
}

/// What keeps the table from saying of every route who may reach it.
fn faults(source: &Crate, table: &Table) -> Vec<String> {
    let unreadable = source.unreadable.iter().map(ToString::to_string);
    let unread = table
        .unread
        .iter()
        .map(|(at, what)| format!("{at}: what {what} registers can't be told"));
    let routes = table.routes.iter().filter_map(|route| {
        let Route { method, at, .. } = route;
        let Some(path) = shown_path(route) else {
            return Some(format!("{at}: the path of a {method} route can't be told"));
        };
        match &route.access {
            Access::Unclear(reason) => Some(format!("{at}: {method} {path}: {reason}")),
            Access::Everybody { declared: false } => Some(format!(
                "{at}: {method} {path} has no guard and isn't declared public"
            )),
            _ => None,
        }
    });
    unreadable.chain(unread).chain(routes).collect()
}

/// The table as text. If it is wider than the terminal, each route takes two lines.
fn laid_out(mut rows: Vec<[String; 5]>, width: Option<usize>) -> Vec<String> {
    let head = ["METHOD", "PATH", "WHO", "HANDLER", "FILE"];
    rows.insert(0, head.map(str::to_owned));
    let widths = rows.iter().fold([0; 5], |mut widths, row| {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
        widths
    });
    let whole = widths.iter().sum::<usize>() + GAP.len() * 4;
    let is_narrow = width.is_some_and(|width| whole > width);
    rows.into_iter()
        .flat_map(|[method, path, who, handler, file]| {
            let [w_method, w_path, w_who, w_handler, _] = widths;
            if is_narrow {
                let indent = " ".repeat(w_method);
                vec![
                    format!("{method:w_method$}{GAP}{path:w_path$}{GAP}{who}"),
                    format!("{indent}{GAP}{GAP}{handler}{GAP}{file}"),
                ]
            } else {
                vec![format!(
                    "{method:w_method$}{GAP}{path:w_path$}{GAP}{who:w_who$}{GAP}\
                     {handler:w_handler$}{GAP}{file}"
                )]
            }
        })
        .collect()
}

fn row(route: &Route) -> [String; 5] {
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

/// The name as it would be written in `src/routes/mod.rs`.
fn handler_name(route: &Route) -> String {
    let name = route.handler.name.as_str();
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
        "handler": route.handler.name,
        "file": place.map(|place| &place.file),
        "line": place.map(|place| place.line),
        "registered": { "file": route.at.file, "line": route.at.line },
        "condition": route.condition,
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
        Access::Unclear(reason) => json!({ "who": "unknown", "reason": reason }),
    }
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn a_table_that_is_too_wide_takes_two_lines_a_route() {
        let rows = || {
            let row = [
                "GET",
                "/reports",
                "signed in",
                "reports::show",
                "src/routes/reports.rs:9",
            ];
            vec![row.map(str::to_owned)]
        };
        let wide = laid_out(rows(), Some(80));
        assert_eq!(
            wide,
            [
                "METHOD  PATH      WHO        HANDLER        FILE",
                "GET     /reports  signed in  reports::show  src/routes/reports.rs:9",
            ]
        );
        assert_eq!(wide, laid_out(rows(), None));
        assert_eq!(
            laid_out(rows(), Some(60)),
            [
                "METHOD  PATH      WHO",
                "          HANDLER  FILE",
                "GET     /reports  signed in",
                "          reports::show  src/routes/reports.rs:9",
            ]
        );
    }
}
