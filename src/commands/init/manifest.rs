//! The dependencies in Cargo.toml. Lines are added; everything else stays as it is, byte for byte.

use toml_edit::{Decor, DocumentMut, InlineTable, Item, Key, Table, Value};

use super::package::{Package, dependency};
use crate::source::{CannotEdit, DEV_LIBRARY, LIBRARY};

/// A dependency on a crate that is carried along.
pub(super) struct Dependency {
    name: &'static str,
    value: InlineTable,
}

/// The two dependencies, with the folder of the crates as seen from the package.
pub(super) fn dependencies(folder: &str, version: &str) -> [Dependency; 2] {
    let dependency = |name: &'static str| {
        let mut value = InlineTable::new();
        value.insert("version", version.into());
        value.insert("path", format!("{folder}/{name}").into());
        value
    };
    let mut library = dependency(LIBRARY);
    library.insert("default-features", false.into());
    library.insert("features", Value::Array(["embedded"].into_iter().collect()));
    [
        Dependency {
            name: LIBRARY,
            value: library,
        },
        Dependency {
            name: DEV_LIBRARY,
            value: dependency(DEV_LIBRARY),
        },
    ]
}

/// The lines to paste.
pub(super) fn lines(dependencies: &[Dependency]) -> String {
    let lines = dependencies.iter();
    lines
        .map(|Dependency { name, value }| format!("{name} = {value}\n"))
        .collect()
}

/// The manifest with the dependencies, in their order if they have one. `hooks` is the file that
/// they are for.
pub(super) fn with(
    package: &Package,
    dependencies: &[Dependency],
    hooks: &str,
) -> Result<String, CannotEdit> {
    let mut names = dependencies.iter().map(|dependency| dependency.name);
    if names.all(|name| dependency(&package.manifest, name).is_some()) {
        return Ok(package.text.clone());
    }
    let unusual = || CannotEdit("its dependencies are written in an unusual way".to_owned());
    let mut manifest = package.manifest.clone();
    let table = manifest
        .get_mut("dependencies")
        .and_then(Item::as_table_mut)
        .ok_or_else(unusual)?;
    let was_sorted = table.iter().map(|(name, _)| name).is_sorted();
    let missing: Vec<_> = dependencies
        .iter()
        .filter(|dependency| !table.contains_key(dependency.name))
        .collect();
    for (index, Dependency { name, value }) in missing.iter().enumerate() {
        let mut key = Key::new(*name);
        if index == 0 {
            *key.leaf_decor_mut() = Decor::new(format!("# Signing in: {hooks}\n"), " ");
        }
        table.insert_formatted(&key, Item::Value(Value::InlineTable(value.clone())));
    }
    if was_sorted {
        table.sort_values();
    }
    let is_crlf = package.text.contains("\r\n");
    let mut after = manifest.to_string();
    if is_crlf {
        after = after.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    let is_right = only_adds(&package.text, &after)
        && after
            .parse::<DocumentMut>()
            .is_ok_and(|after| says_the_same(&after, &package.manifest, &missing));
    if is_right { Ok(after) } else { Err(unusual()) }
}

/// Whether all lines are still there, in their order.
fn only_adds(before: &str, after: &str) -> bool {
    let mut after = after.lines();
    before
        .lines()
        .all(|line| after.by_ref().any(|other| other == line))
}

/// Whether a manifest is another one with these dependencies more.
fn says_the_same(after: &DocumentMut, before: &DocumentMut, added: &[&Dependency]) -> bool {
    let mut after = after.clone();
    let Some(table) = after.get_mut("dependencies").and_then(Item::as_table_mut) else {
        return false;
    };
    let is_there = |table: &mut Table, dependency: &Dependency| {
        table
            .remove(dependency.name)
            .is_some_and(|item| bare(&item) == bare(&Item::Value(dependency.value.clone().into())))
    };
    added.iter().all(|dependency| is_there(table, dependency))
        && bare(after.as_item()) == bare(before.as_item())
}

/// What an item says, without its layout.
fn bare(item: &Item) -> serde_json::Value {
    match item {
        Item::None => serde_json::Value::Null,
        Item::Value(value) => bare_value(value),
        Item::Table(table) => table
            .iter()
            .map(|(key, item)| (key.to_owned(), bare(item)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Item::ArrayOfTables(tables) => tables
            .iter()
            .map(|table| bare(&Item::Table(table.clone())))
            .collect::<Vec<_>>()
            .into(),
    }
}

fn bare_value(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => text.value().as_str().into(),
        Value::Boolean(is) => (*is.value()).into(),
        Value::Array(values) => values.iter().map(bare_value).collect::<Vec<_>>().into(),
        Value::InlineTable(table) => table
            .iter()
            .map(|(key, value)| (key.to_owned(), bare_value(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        // Numbers and dates, as they are written.
        other => other.to_string().trim().into(),
    }
}
