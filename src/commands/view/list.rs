//! `vestibule view list`: which view is shown when, and by which code.

use serde_json::{Value, json};

use crate::cli::ListViews;
use crate::error::{Error, Exit};
use crate::project::Project;
use crate::routes::{Place, Table};
use crate::source::Crate;
use crate::terminal;
use crate::views::{FOLDER, Named, Page, Request, View, Views};

/// How wide the list is without a terminal.
const WIDTH: usize = 80;
/// In less than this, lines can't be broken well.
const NARROWEST: usize = 40;
/// Where the text after a label begins.
const INDENT: usize = 12;

/// Runs the command. It never writes.
pub(crate) fn run(arguments: &ListViews) -> Result<Exit, Error> {
    let project = Project::find()?;
    let source = Crate::read(&project)?;
    let table = Table::read(&source);
    let views = Views::read(&project, &source, &table)?;
    if arguments.json {
        let text = serde_json::to_string_pretty(&as_json(&views)).unwrap_or_default();
        terminal::result(text);
    } else {
        let width = terminal::width().unwrap_or(WIDTH).clamp(NARROWEST, WIDTH);
        for line in laid_out(&views, width) {
            terminal::result(line);
        }
    }
    for reason in &source.unreadable {
        terminal::note(reason);
    }
    for view in &views.views {
        if let Some(doubt) = doubt(view) {
            terminal::note(doubt);
        }
    }
    Ok(Exit::Done)
}

/// What seems wrong with a view.
fn doubt(view: &View) -> Option<String> {
    let View { template, .. } = view;
    match (&view.types[..], &view.makers[..]) {
        ([], _) if view.part_of.is_empty() => {
            Some(format!("nothing in src/ shows {FOLDER}/{template}"))
        }
        ([], _) => None,
        ([first, ..], _) if !view.is_there => Some(format!(
            "{}: `{}` shows {FOLDER}/{template}, which doesn't exist",
            first.at, first.name
        )),
        ([first, ..], []) => Some(format!("{}: nothing makes `{}`", first.at, first.name)),
        _ => None,
    }
}

fn laid_out(views: &Views, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for view in &views.views {
        lines.push(format!("{}  {FOLDER}/{}", view.name, view.template));
        let states = view.states.iter().map(|state| state.when.clone());
        for (label, parts) in [
            ("type", placed(&view.types)),
            ("by", placed(&view.makers)),
            ("when", when(view)),
            ("states", states.collect()),
            ("part of", view.part_of.clone()),
        ] {
            lines.extend(labelled(label, &parts.join("; "), width));
        }
        lines.push(String::new());
    }
    lines.pop();
    lines
}

/// Text after a label, broken between words; nothing if there is none.
fn labelled(label: &str, text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = format!("{:INDENT$}", format!("  {label}"));
    let mut length = INDENT;
    for word in text.split(' ') {
        let more = word.chars().count();
        if length > INDENT && length + 1 + more > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(INDENT)));
            length = INDENT;
        } else if length > INDENT {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += more;
    }
    if !text.is_empty() {
        lines.push(line);
    }
    lines
}

fn placed(named: &[Named]) -> Vec<String> {
    let parts = named.iter();
    parts.map(|it| format!("{} ({})", it.name, it.at)).collect()
}

/// The requests and pages of the library that lead to a view.
fn when(view: &View) -> Vec<String> {
    let pages = view.pages.iter().map(|page| page_in_words(&page.method));
    let mut when: Vec<String> = view.requests.iter().map(in_words).chain(pages).collect();
    if when.is_empty() && !view.makers.is_empty() {
        when.push("not by any route that can be read".to_owned());
    }
    when
}

/// What a method of `Pages` is for.
fn page_in_words(method: &str) -> String {
    let what = match method {
        "login" => "the sign-in page",
        "logged_out" => "the page after signing out",
        "end_session" => "the form to the provider's sign-out",
        "error" => "every error, of the library and of the app",
        "problem" => "every error, for scripts",
        _ => "a page of the library",
    };
    format!("{what} (`Pages::{method}`)")
}

fn in_words(request: &Request) -> String {
    let path = request
        .path
        .as_deref()
        .unwrap_or("(a path that can't be told)");
    match request.condition.as_deref() {
        None => format!("{} {path}", request.method),
        Some("cfg(debug_assertions)") => format!("{} {path} (debug builds)", request.method),
        Some(condition) => format!("{} {path} ({condition})", request.method),
    }
}

fn as_json(views: &Views) -> Value {
    let list: Vec<Value> = views.views.iter().map(view_as_json).collect();
    json!({ "views": list })
}

fn view_as_json(view: &View) -> Value {
    let requests = view.requests.iter().map(|request| {
        json!({
            "method": request.method,
            "path": request.path,
            "condition": request.condition,
        })
    });
    let states = view.states.iter();
    let states = states.map(|state| json!({ "name": state.name, "when": state.when }));
    json!({
        "name": view.name,
        "template": format!("{FOLDER}/{}", view.template),
        "exists": view.is_there,
        "types": view.types.iter().map(named_as_json).collect::<Vec<_>>(),
        "shown_by": view.makers.iter().map(named_as_json).collect::<Vec<_>>(),
        "requests": requests.collect::<Vec<_>>(),
        "pages": view.pages.iter().map(page_as_json).collect::<Vec<_>>(),
        "states": states.collect::<Vec<_>>(),
        "part_of": view.part_of,
    })
}

fn page_as_json(page: &Page) -> Value {
    json!({ "method": page.method, "shown_by": named_as_json(&page.by) })
}

fn named_as_json(named: &Named) -> Value {
    let Place { file, line } = &named.at;
    json!({ "name": named.name, "file": file, "line": line })
}

#[cfg(test)]
mod tests {
    use super::labelled;

    #[test]
    fn lines_break_between_words_and_never_inside_one() {
        assert_eq!(
            labelled("when", "one; a_word_that_is_longer_than_any_line; two", 24),
            [
                "  when      one;",
                "            a_word_that_is_longer_than_any_line;",
                "            two",
            ]
        );
        assert!(labelled("when", "", 24).is_empty());
    }
}
