//! Values files: TOML with the answers in a `[values]` table, as cargo-generate reads them.

use std::path::Path;

use toml_edit::{DocumentMut, Item, TomlError};

use super::answers::{Fault, Origin, RawAnswer};

/// A values file that isn't one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadValues {
    #[error("{}", .0.to_string().trim_end())]
    Syntax(#[from] TomlError),
    #[error("it has no table `values`")]
    NoTable,
}

/// The answers in a values file, and what is wrong with single ones.
pub(crate) fn from_file(
    file: &Path,
    text: &str,
) -> Result<(Vec<RawAnswer>, Vec<Fault>), BadValues> {
    let document: DocumentMut = text.parse()?;
    let table = document
        .get("values")
        .and_then(Item::as_table_like)
        .ok_or(BadValues::NoTable)?;
    let mut answers = Vec::new();
    let mut faults = Vec::new();
    for (key, item) in table.iter() {
        match item.as_str() {
            Some(value) => answers.push(RawAnswer {
                key: key.to_owned(),
                value: value.to_owned(),
                origin: Origin::ValuesFile(file.to_owned()),
            }),
            None => faults.push(Fault {
                subject: format!("`{key}` in {}", file.display()),
                message: format!("must be a string, not of type {}", item.type_name()),
            }),
        }
    }
    Ok((answers, faults))
}
