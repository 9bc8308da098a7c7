//! A generated app on the disk: where its folder is, and its files by the paths that messages show.
//! What is in the files is up to [`crate::source`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

use crate::error::{Error, is_absent};
use crate::lock::Lock;
use crate::template::{BadRecord, Record, read_record};

/// The record in every app, by which it is recognized.
pub(crate) const RECORD: &str = "vestibule.toml";
/// The table in the record of an app that sign-in was brought into.
const INITIALIZED: &str = "init";
const MANIFEST: &str = "Cargo.toml";
/// What Cargo puts into folders that it can make anew.
const CACHE_TAG: &str = "CACHEDIR.TAG";
/// Folders without code of the app: what it carries, and what isn't Rust.
const NOT_ITS_CODE: [&str; 3] = ["crates/vestibule", "crates/vestibule-dev", "node_modules"];

/// A generated app.
#[derive(Debug)]
pub(crate) struct Project {
    root: PathBuf,
    /// Held from the first look until everything is written.
    _lock: Option<Lock>,
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

/// The current folder, or the nearest one above it, that holds a file of this name.
pub(crate) fn folder_with(name: &str) -> Result<Option<PathBuf>, Error> {
    let here = std::env::current_dir().map_err(|source| Error::Read {
        path: PathBuf::from("."),
        source,
    })?;
    let found = here.ancestors().find(|folder| folder.join(name).is_file());
    Ok(found.map(Path::to_owned))
}

impl Project {
    /// The app that the current folder belongs to.
    pub(crate) fn find() -> Result<Self, Error> {
        let root = folder_with(RECORD)?.ok_or(Error::NoApp)?;
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
            root,
            _lock: None,
            planned: BTreeMap::new(),
        })
    }

    /// The same for a command that may write: no other can do so until this one is dropped.
    pub(crate) fn find_to_edit() -> Result<Self, Error> {
        let project = Self::find()?;
        Ok(Self {
            _lock: Lock::of(&project.root)?,
            ..project
        })
    }

    /// Whether sign-in was brought into the app.
    pub(crate) fn is_initialized(&self) -> Result<bool, Error> {
        let text = self.read(RECORD)?.unwrap_or_default();
        Ok(is_initialized(&String::from_utf8_lossy(&text)))
    }

    /// What may become an app. No other command can write there until this one is dropped.
    pub(crate) fn at_root(root: PathBuf) -> Result<Self, Error> {
        Ok(Self {
            _lock: Lock::of(&root)?,
            root,
            planned: BTreeMap::new(),
        })
    }

    /// An app that is not written yet: its folder, which doesn't exist, and its files by their
    /// paths.
    pub(crate) fn of_texts(root: PathBuf, texts: BTreeMap<String, String>) -> Self {
        let texts = texts.into_iter();
        Self {
            root,
            _lock: None,
            planned: texts.map(|(path, text)| (path, Some(text))).collect(),
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
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.fold(self.root.clone(), |folder, part| folder.join(part))
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
            _lock: None,
            planned: planned.collect(),
        }
    }

    /// What a file contains; `None` if there is none.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some(planned) = self.planned.get(path) {
            return Ok(planned.clone().map(String::into_bytes));
        }
        let place = self.at(path);
        let reading = |source| Error::Read {
            path: place.clone(),
            source,
        };
        // Reading a named pipe or a device would never end.
        match fs::metadata(&place) {
            Ok(found) if !found.is_file() => return Err(Error::NotAFile(path.to_owned())),
            Ok(_) => {}
            Err(error) if is_absent(&error) => return Ok(None),
            Err(source) => return Err(reading(source)),
        }
        fs::read(&place).map(Some).map_err(reading)
    }

    /// Whether there is anything at a path, also a link that leads nowhere.
    pub(crate) fn has(&self, path: &str) -> bool {
        match self.planned.get(path) {
            Some(planned) => planned.is_some(),
            None => self.at(path).symlink_metadata().is_ok(),
        }
    }

    /// Where a path leads in the end, by way of links.
    pub(crate) fn real(&self, path: &str) -> PathBuf {
        let place = self.at(path);
        dunce::canonicalize(&place).unwrap_or(place)
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
        self.walk(folder, ending, |_| true)
    }

    /// All Rust files of the app, and of packages in its folder that are its owner's.
    pub(crate) fn code(&self) -> Result<Vec<String>, Error> {
        self.walk("", ".rs", |folder| {
            let name = folder.rsplit('/').next().unwrap_or(folder);
            !name.starts_with('.')
                && !NOT_ITS_CODE.contains(&folder)
                && !NOT_ITS_CODE.contains(&name)
                && !self.at(folder).join(CACHE_TAG).exists()
        })
    }

    /// The files below a folder, those behind links too. What is reached in two ways is named once,
    /// and not by the link.
    fn walk(
        &self,
        folder: &str,
        ending: &str,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut folders = vec![folder.to_owned()];
        let mut linked: Vec<String> = Vec::new();
        while let Some(folder) = folders.pop().or_else(|| linked.pop()) {
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
            if !seen.insert(dunce::canonicalize(&place).map_err(reading)?) {
                continue;
            }
            let mut names = Vec::new();
            for entry in entries {
                // No `mod` item or view can have a name that isn't UTF-8.
                if let Ok(name) = entry.map_err(reading)?.file_name().into_string() {
                    names.push(name);
                }
            }
            names.sort();
            for name in names {
                // A link that leads nowhere is no file.
                let Ok(metadata) = fs::metadata(place.join(&name)) else {
                    continue;
                };
                let path = match folder.as_str() {
                    "" => name,
                    folder => format!("{folder}/{name}"),
                };
                if metadata.is_file() && path.ends_with(ending) {
                    found.push(path);
                } else if metadata.is_dir() && is_wanted(&path) {
                    if self.at(&path).is_symlink() {
                        linked.push(path);
                    } else {
                        folders.push(path);
                    }
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
        let name = match self.dependency(package) {
            Some((name, _)) => name,
            // Another package may have the name.
            None if self.is_dependency(package) => "",
            None => package,
        };
        name.replace('-', "_")
    }

    /// Whether the app's code can use a package by its own name.
    pub(crate) fn has(&self, package: &str) -> bool {
        self.dependency(package)
            .is_some_and(|(name, dependency)| name == package && !is_optional(dependency))
    }

    /// The same for its tests.
    pub(crate) fn has_in_tests(&self, package: &str) -> bool {
        let tests = self.0.get("dev-dependencies").and_then(Item::as_table_like);
        self.has(package) || tests.is_some_and(|tests| tests.contains_key(package))
    }

    fn is_dependency(&self, name: &str) -> bool {
        let dependencies = self.0.get("dependencies").and_then(Item::as_table_like);
        dependencies.is_some_and(|them| them.contains_key(name))
    }

    /// The name by which the app's programs call its library.
    pub(crate) fn own_crate_name(&self) -> String {
        let name_in = |table: &str| self.0.get(table)?.get("name")?.as_str();
        let name = name_in("lib").or_else(|| name_in("package"));
        name.unwrap_or_default().replace('-', "_")
    }

    /// Where the manifest says that the library begins, if it does.
    pub(crate) fn library_path(&self) -> Option<String> {
        let path = self.0.get("lib")?.get("path")?.as_str()?;
        Some(path.to_owned())
    }

    /// Where the manifest says that programs and examples begin.
    pub(crate) fn program_paths(&self) -> Vec<String> {
        ["bin", "example"]
            .iter()
            .filter_map(|kind| self.0.get(kind)?.as_array_of_tables())
            .flat_map(|targets| targets.iter())
            .filter_map(|target| Some(target.get("path")?.as_str()?.to_owned()))
            .collect()
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

fn is_optional(dependency: &Item) -> bool {
    let optional = dependency.as_table_like().and_then(|it| it.get("optional"));
    optional.and_then(Item::as_bool) == Some(true)
}
