//! The record in `vestibule.toml`: from which version of the template an app was made, and with
//! which answers.

use std::path::Path;

use toml_edit::{DocumentMut, Item};

use super::answers::{Answers, Fault, Origin, RawAnswer, check};
use super::name::AppName;
use super::render::BadTemplate;

/// How an app was made.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) version: String,
    pub(crate) name: AppName,
    pub(crate) answers: Answers,
}

/// A record that can't be used.
#[derive(Debug)]
pub(crate) enum BadRecord {
    /// Everything that is wrong with it.
    Faults(Vec<Fault>),
    Template(BadTemplate),
}

/// The record in a file with this text.
pub(crate) fn read(file: &Path, text: &str) -> Result<Record, BadRecord> {
    let fault = |subject: &str, message: &str| {
        Fault::new(&format!("{subject} in {}", file.display()), message)
    };
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        BadRecord::Faults(vec![Fault::new(
            &file.display().to_string(),
            error.message(),
        )])
    })?;
    let mut faults = Vec::new();
    let version = document
        .get("template")
        .and_then(|template| template.get("version"))
        .and_then(Item::as_str);
    if version.is_none() {
        faults.push(fault("`template.version`", "is missing, or not a string"));
    }
    let mut raw = Vec::new();
    let answers = document.get("answers").and_then(Item::as_table_like);
    for (key, item) in answers.into_iter().flat_map(|table| table.iter()) {
        match item.as_str() {
            Some(value) => raw.push(RawAnswer {
                key: key.to_owned(),
                value: value.to_owned(),
                origin: Origin::ValuesFile(file.to_owned()),
            }),
            None => faults.push(fault(&format!("`{key}`"), "is not a string")),
        }
    }
    let (mut answers, bad) = check(raw).map_err(BadRecord::Template)?;
    faults.extend(bad);
    match (version, answers.take_name()) {
        (Some(version), Some(name)) if faults.is_empty() => Ok(Record {
            version: version.to_owned(),
            name,
            answers,
        }),
        (_, name) => {
            if name.is_none() && faults.is_empty() {
                faults.push(fault("`project-name`", "is missing"));
            }
            Err(BadRecord::Faults(faults))
        }
    }
}
