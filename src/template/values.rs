//! Values files: TOML with the answers in a `[values]` table, as cargo-generate reads them.

use std::path::Path;

use toml_edit::{DocumentMut, Item, TomlError};

use super::answers::{Fault, Given, Origin};

/// A values file that isn't one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadValues {
    #[error("{}", .0.to_string().trim_end())]
    Syntax(#[from] TomlError),
    #[error("there is no [values] table in it")]
    NoTable,
}

/// The answers in the text of a values file, and what is wrong with single ones.
pub(crate) fn from_file(file: &Path, text: &str) -> Result<(Vec<Given>, Vec<Fault>), BadValues> {
    let document: DocumentMut = text.parse()?;
    let table = document
        .get("values")
        .and_then(Item::as_table_like)
        .ok_or(BadValues::NoTable)?;
    let mut given = Vec::new();
    let mut faults = Vec::new();
    for (key, item) in table.iter() {
        match item.as_str() {
            Some(value) => given.push(Given {
                key: key.to_owned(),
                value: value.to_owned(),
                origin: Origin::ValuesFile(file.to_owned()),
            }),
            None => faults.push(Fault {
                subject: format!("`{key}` in {}", file.display()),
                message: format!("of type {}; a string is wanted", item.type_name()),
            }),
        }
    }
    Ok((given, faults))
}
