//! A generated app as it is found on the disk: where it begins, and its files by the paths that
//! messages show. What is in the files is the business of [`crate::source`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use crate::error::{Error, is_absent};
use crate::template::{BadRecord, Record, read_record};

/// The record that every generated app carries, and by which it is known.
const RECORD: &str = "vestibule.toml";
const MANIFEST: &str = "Cargo.toml";

/// A generated app.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
    /// What files would hold once a plan is carried out, by path.
    planned: BTreeMap<String, Option<String>>,
}

/// Where a file of an app really is.
#[derive(Debug)]
pub(crate) enum Place {
    Inside(PathBuf),
    /// Links lead out of the app's folder.
    Outside(PathBuf),
}

impl Project {
    /// The app that the current folder belongs to.
    pub(crate) fn find() -> Result<Self, Error> {
        let here = std::env::current_dir().map_err(|source| Error::Read {
            path: PathBuf::from("."),
            source,
        })?;
        let root = here
            .ancestors()
            .find(|folder| folder.join(RECORD).is_file())
            .ok_or(Error::NoApp)?;
        let record = root.join(RECORD);
        let text = fs::read_to_string(&record).map_err(|source| Error::Read {
            path: record.clone(),
            source,
        })?;
        let is_ours = text
            .parse::<DocumentMut>()
            .is_ok_and(|record| record.get("template").is_some_and(|table| table.is_table()));
        if !is_ours {
            return Err(Error::ForeignRecord(record));
        }
        Ok(Self {
            root: root.to_owned(),
            planned: BTreeMap::new(),
        })
    }

    /// How the app was made.
    pub(crate) fn record(&self) -> Result<Record, Error> {
        let path = self.at(RECORD);
        let text = fs::read_to_string(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        read_record(&path, &text).map_err(|bad| match bad {
            BadRecord::Faults(faults) => Error::Answers(faults),
            BadRecord::Template(bad) => Error::Template(bad),
        })
    }

    /// Whether rustfmt finds settings for the app's code.
    pub(crate) fn has_rustfmt_settings(&self) -> bool {
        let mut folders = self.root.ancestors();
        folders.any(|folder| {
            let names = ["rustfmt.toml", ".rustfmt.toml"];
            names.iter().any(|name| folder.join(name).is_file())
        })
    }

    /// Where a file of the app is; `path` has `/` between its parts.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        path.split('/')
            .fold(self.root.clone(), |folder, part| folder.join(part))
    }

    /// Where a file of the app is once links are followed, also if it isn't there yet.
    pub(crate) fn behind_links(&self, path: &str) -> Result<Place, Error> {
        let place = self.at(path);
        let reading = |source| Error::Read {
            path: place.clone(),
            source,
        };
        let root = dunce::canonicalize(&self.root).map_err(reading)?;
        let there = place
            .ancestors()
            .find(|above| above.symlink_metadata().is_ok());
        let there = there.unwrap_or(&self.root);
        let real = dunce::canonicalize(there).map_err(reading)?;
        let is_inside = real.starts_with(&root);
        let missing = place.strip_prefix(there).unwrap_or(Path::new(""));
        let real = missing.iter().fold(real, |real, part| real.join(part));
        Ok(if is_inside {
            Place::Inside(real)
        } else {
            Place::Outside(real)
        })
    }

    /// The same app as it would be with other files; `None` for one that isn't there any more.
    pub(crate) fn with<'p>(
        &self,
        planned: impl Iterator<Item = (&'p str, Option<&'p String>)>,
    ) -> Self {
        let planned = planned.map(|(path, text)| (path.to_owned(), text.cloned()));
        Self {
            root: self.root.clone(),
            planned: planned.collect(),
        }
    }

    /// What a file holds; `None` if there is none.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some(planned) = self.planned.get(path) {
            return Ok(planned.clone().map(String::into_bytes));
        }
        let place = self.at(path);
        match fs::read(&place) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(Error::Read {
                path: place,
                source,
            }),
        }
    }

    /// The name by which tests call the app's library.
    pub(crate) fn library(&self) -> Result<String, Error> {
        let bytes = self.read(MANIFEST)?.ok_or(Error::NoSource(MANIFEST))?;
        let unreadable = |reason: String| Error::Manifest(reason);
        let text =
            String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
        let manifest: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| unreadable(error.to_string()))?;
        let name = |table: &str| manifest.get(table)?.get("name")?.as_str();
        let name = name("lib").or_else(|| name("package"));
        let name = name.ok_or_else(|| unreadable("it names no package".to_owned()))?;
        // As Cargo makes a crate's name of a package's.
        Ok(name.replace('-', "_"))
    }

    /// The files below a folder of the app whose names end in `ending`, sorted.
    pub(crate) fn files_below(&self, folder: &str, ending: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let place = self.at(&folder);
            let reading = |source| Error::Read {
                path: place.clone(),
                source,
            };
            let entries = match fs::read_dir(&place) {
                Ok(entries) => entries,
                Err(error) if is_absent(&error) => continue,
                Err(source) => return Err(reading(source)),
            };
            for entry in entries {
                let entry = entry.map_err(reading)?;
                // What isn't UTF-8 can't be named by a `mod` item or a view.
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let path = format!("{folder}/{name}");
                if entry.file_type().map_err(reading)?.is_dir() {
                    folders.push(path);
                } else if name.ends_with(ending) {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }
}
