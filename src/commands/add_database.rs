//! `vestibule add database`: the template's records of people move from a file of their own into a
//! database. What is written is in [`crate::database`]; here it is found out whether it fits the
//! app. Code has to be as the template has it wherever a piece of it is replaced, and may be
//! anything elsewhere. Texts that were edited are left to their owner, who is told.

mod draft;
mod manifest;

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, value};

use crate::cli::AddDatabase;
use crate::database::Kind;
use crate::error::{Error, Exit};
use crate::project::{Project, RECORD};
use crate::template::{FILES, RenderedFile};
use crate::terminal;

use self::draft::Draft;

/// The table of the record that says what was added, and the database in it.
const ADDED: &str = "added";
const DATABASE: &str = "database";

/// Runs the command.
pub(crate) fn run(arguments: &AddDatabase) -> Result<Exit, Error> {
    let project = Project::find_to_edit()?;
    let kind = arguments.kind;
    let record = project.read(RECORD)?.unwrap_or_default();
    let record = String::from_utf8(record).map_err(|_| Error::NotUtf8(RECORD.to_owned()))?;
    if let Some(there) = added(&record) {
        if there == kind.name() {
            terminal::say(format_args!(
                "the app has {} already; nothing to do",
                kind.title()
            ));
            return Ok(Exit::Done);
        }
        let there = Kind::from_name(&there).map_or("another database", Kind::title);
        return Err(Error::DatabaseConflict(vec![format!(
            "the app has {there}, and its tables and rows would stay there; to change to {}, edit \
             src/database.rs and migrations/, and move the rows",
            kind.title()
        )]));
    }
    let drafted = draft::draft(&project, kind, &record)?;
    let Draft { planned, notes } = drafted;
    if planned.finish(&project, &arguments.plan)? {
        notes.iter().for_each(terminal::note);
        next_steps(kind);
    }
    Ok(Exit::Done)
}

/// The files of a new app with a database; `folder` is where it will be.
pub(crate) fn with_database(
    folder: &Path,
    files: Vec<RenderedFile>,
    kind: Kind,
) -> Result<Vec<RenderedFile>, Error> {
    let texts = files.iter().filter_map(|file| {
        let text = std::str::from_utf8(&file.contents).ok()?;
        Some((file.path.clone().into_owned(), text.to_owned()))
    });
    let project = Project::of_texts(folder.to_owned(), texts.collect());
    let record = project.read(RECORD)?.unwrap_or_default();
    let record = String::from_utf8_lossy(&record);
    let Draft { planned, .. } = draft::draft(&project, kind, &record)?;
    let mut changed: BTreeMap<String, String> = planned
        .outcome()
        .filter_map(|(path, text)| Some((path.to_owned(), text?.clone())))
        .collect();
    let mut files: Vec<RenderedFile> = files
        .into_iter()
        .map(|file| match changed.remove(&*file.path) {
            Some(text) => RenderedFile {
                contents: text.into_bytes().into(),
                ..file
            },
            None => file,
        })
        .collect();
    files.extend(changed.into_iter().map(|(path, text)| RenderedFile {
        path: path.into(),
        executable: false,
        contents: text.into_bytes().into(),
    }));
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// The database that was added, as the record has it.
fn added(record: &str) -> Option<String> {
    let record = record.parse::<DocumentMut>().ok()?;
    let kind = record.get(ADDED)?.get(DATABASE)?.as_str()?;
    Some(kind.to_owned())
}

/// The record with the database.
fn recorded(record: &str, kind: Kind) -> Option<String> {
    let mut document = record.parse::<DocumentMut>().ok()?;
    let added = document.entry(ADDED).or_insert(Item::Table(Table::new()));
    added.as_table_mut()?.insert(DATABASE, value(kind.name()));
    Some(with_line_ends_of(record, &document.to_string()))
}

/// A text with the line ends of another. toml_edit writes new lines in its own way.
fn with_line_ends_of(before: &str, after: &str) -> String {
    let after = after.replace("\r\n", "\n");
    if before.contains("\r\n") {
        after.replace('\n', "\r\n")
    } else {
        after
    }
}

/// What a file of the template contains, if it is the same in every app.
fn original(path: &str) -> Option<&'static str> {
    let file = FILES
        .iter()
        .find(|file| file.path == path && !file.rendered)?;
    std::str::from_utf8(file.contents).ok()
}

fn next_steps(kind: Kind) {
    terminal::result(format_args!(
        "The records of people are in {} now, and the app's accounts begin anew: what is in \
         data/accounts.redb stays there.",
        kind.title()
    ));
    terminal::result("Next:");
    if kind == Kind::Postgres {
        terminal::result("  docker compose up -d --wait database    # or set DATABASE_URL");
    }
    terminal::result("  cargo run");
}
