//! The dependencies: sqlx comes, and redb goes if nothing else in the app uses it.

use toml_edit::{Array, Decor, DocumentMut, InlineTable, Item, Key, Table, Value};

use super::with_line_ends_of;
use crate::database::Kind;
use crate::source::CannotEdit;

/// The newest that needs no newer Rust than the template.
const VERSION: &str = "0.8";
const REASON: &str = "# The database, with its tables from `migrations/`.\n";

/// The line to paste.
pub(super) fn line(kind: Kind) -> String {
    format!("sqlx = {}", dependency(kind))
}

fn dependency(kind: Kind) -> InlineTable {
    let mut dependency = InlineTable::new();
    dependency.insert("version", VERSION.into());
    dependency.insert("default-features", false.into());
    let features: Array = kind.features().iter().copied().collect();
    dependency.insert("features", Value::Array(features));
    dependency
}

/// The manifest with sqlx, and perhaps without redb.
pub(super) fn with(text: &str, kind: Kind, drop_redb: bool) -> Result<String, CannotEdit> {
    let unusual = || CannotEdit("its dependencies are written in an unusual way".to_owned());
    let before: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| CannotEdit(error.message().to_owned()))?;
    let mut manifest = before.clone();
    let table = dependencies(&mut manifest).ok_or_else(unusual)?;
    if table.contains_key("sqlx") {
        return Err(CannotEdit(
            "it has sqlx already; give it what the line below has".to_owned(),
        ));
    }
    let was_sorted = table.iter().map(|(name, _)| name).is_sorted();
    if drop_redb {
        table.remove("redb");
    }
    let mut key = Key::new("sqlx");
    *key.leaf_decor_mut() = Decor::new(REASON, " ");
    let dependency = Value::InlineTable(dependency(kind));
    table.insert_formatted(&key, Item::Value(dependency));
    if was_sorted {
        table.sort_values();
    }
    let after = with_line_ends_of(text, &manifest.to_string());
    if differs_in_these_alone(text, &after, drop_redb) {
        Ok(after)
    } else {
        Err(unusual())
    }
}

fn dependencies(manifest: &mut DocumentMut) -> Option<&mut Table> {
    manifest.get_mut("dependencies")?.as_table_mut()
}

/// Whether all other lines are as they were, in their order.
fn differs_in_these_alone(before: &str, after: &str, drop_redb: bool) -> bool {
    let is_new = |line: &str| line.starts_with("sqlx = ") || line == REASON.trim_end();
    let mut kept = after.lines().filter(|line| !is_new(line)).peekable();
    let mut is_comment_of_redb = false;
    for line in before.lines() {
        if kept.next_if_eq(&line).is_some() {
            is_comment_of_redb = false;
            continue;
        }
        // redb goes with the comment above it.
        is_comment_of_redb = drop_redb && line.starts_with('#');
        let is_redb = drop_redb && line.starts_with("redb");
        if !is_redb && !is_comment_of_redb {
            return false;
        }
    }
    !is_comment_of_redb && kept.next().is_none() && after.parse::<DocumentMut>().is_ok()
}
