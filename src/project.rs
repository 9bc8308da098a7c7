//! A generated app on the disk: where its folder is, and its files by the paths that messages show.
//! What is in the files is up to [`crate::source`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

use crate::error::{Error, is_absent};
use crate::template::{BadRecord, Record, read_record};

/// The record in every app, by which it is recognized.
pub(crate) const RECORD: &str = "vestibule.toml";
/// The table in the record of an app that sign-in was brought into.
const INITIALIZED: &str = "init";
const MANIFEST: &str = "Cargo.toml";

/// A generated app.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
    /// What files would contain once a plan is carried out, by path.
    planned: BTreeMap<String, Option<String>>,
}

/// The manifest of a generated app.
#[derive(Debug)]
pub(crate) struct Manifest(DocumentMut);

/// Where a file of an app really is.
#[derive(Debug)]
pub(crate) enum Place {
    Inside(PathBuf),
    /// Behind links that lead out of the app's folder.
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
        let is_ours = text.parse::<DocumentMut>().is_ok_and(|record| {
            let mut tables = ["template", INITIALIZED].into_iter();
            tables.any(|name| record.get(name).is_some_and(|table| table.is_table()))
        });
        if !is_ours {
            return Err(Error::ForeignRecord(record));
        }
        Ok(Self {
            root: root.to_owned(),
            planned: BTreeMap::new(),
        })
    }

    /// The app that the current folder belongs to, if sign-in was brought into it.
    pub(crate) fn initialized() -> Result<Option<Self>, Error> {
        let project = Self::find()?;
        let text = project.read(RECORD)?.unwrap_or_default();
        let is_one = is_initialized(&String::from_utf8_lossy(&text));
        Ok(is_one.then_some(project))
    }

    /// What may become an app.
    pub(crate) fn at_root(root: PathBuf) -> Self {
        Self {
            root,
            planned: BTreeMap::new(),
        }
    }

    /// Whether it is an app already.
    pub(crate) fn has_record(&self) -> bool {
        self.at(RECORD).is_file()
    }

    /// How the app was made.
    pub(crate) fn record(&self) -> Result<Record, Error> {
        let path = self.at(RECORD);
        let text = fs::read_to_string(&path).map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        if is_initialized(&text) {
            return Err(Error::NotFromTemplate);
        }
        read_record(&path, &text).map_err(|bad| match bad {
            BadRecord::Faults(faults) => Error::Answers(faults),
            BadRecord::Template(bad) => Error::Template(bad),
        })
    }

    /// Whether there is a rustfmt.toml that applies to the app's code.
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

    /// Where a file of the app is with links resolved, also if it doesn't exist yet.
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

    /// The same app as it would be with other files; `None`: the file is removed.
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

    /// What a file contains; `None` if there is none.
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

    /// The app's Cargo.toml.
    pub(crate) fn manifest(&self) -> Result<Manifest, Error> {
        let bytes = self.read(MANIFEST)?.ok_or(Error::NoFile(MANIFEST))?;
        let text =
            String::from_utf8(bytes).map_err(|_| Error::Manifest("it is not UTF-8".to_owned()))?;
        text.parse()
            .map(Manifest)
            .map_err(|error: toml_edit::TomlError| Error::Manifest(error.to_string()))
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
                // No `mod` item or view can have a name that isn't UTF-8.
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

/// Whether a record says that sign-in was brought into the app.
fn is_initialized(record: &str) -> bool {
    record
        .parse::<DocumentMut>()
        .is_ok_and(|record| record.get("template").is_none() && record.get(INITIALIZED).is_some())
}

impl Manifest {
    /// The name by which the app's code calls a package that it depends on.
    pub(crate) fn crate_name_of(&self, package: &str) -> String {
        let name = self.dependency(package).map_or(package, |(name, _)| name);
        name.replace('-', "_")
    }

    /// The entry of a package that the app depends on, perhaps by another name.
    fn dependency(&self, package: &str) -> Option<(&str, &Item)> {
        let dependencies = self.0.get("dependencies")?.as_table_like()?;
        dependencies.iter().find(|(name, dependency)| {
            let other = dependency.as_table_like().and_then(|it| it.get("package"));
            other.map_or(Some(*name), Item::as_str) == Some(package)
        })
    }
}
