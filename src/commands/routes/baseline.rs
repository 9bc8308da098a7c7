//! The routes that an app may keep for now though the check fails for them: `--write-baseline`
//! writes them to a file, and `--check --baseline` accepts these and no others.
//!
//! As with the baselines of other checks, the file is written on request only, since a missing file
//! would otherwise accept everything. What is in it and need not be any longer has to leave it, or
//! the route could lose its guard again without being noticed.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Document, InlineTable, Value};

use crate::changes::{Change, Plan};
use crate::error::{Error, is_absent};
use crate::routes::Route;

const HEAD: &str = "\
# Routes of this app that are undecided, or change something by cookie and don't check CSRF.
# `vestibule routes --write-baseline` wrote them. `vestibule routes --check --baseline`
# accepts these and no others. Delete the line of a route once it is in order.
version = 1
routes = [
";
const TAIL: &str = "]\n";
const VERSION: i64 = 1;

/// The names of what is noted of a route.
const PATH: &str = "path";
const METHOD: &str = "method";
const DEFAULT: &str = "default";
const HANDLER: &str = "handler";
const CONDITION: &str = "condition";
const CHECKS: &str = "checks";

/// What is noted of a route. If any of it changes, the route is another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    path: String,
    method: String,
    is_default: bool,
    handler: String,
    /// Under which condition it is registered.
    condition: Option<String>,
    /// What may keep people away, sorted by name.
    checks: Vec<String>,
}

/// A baseline as it was read.
pub(super) struct Baseline {
    shown: String,
    /// Each with its line.
    entries: Vec<(usize, Entry)>,
}

/// What became of a file that was written.
pub(super) struct Written {
    pub(super) entries: usize,
    pub(super) new: usize,
    pub(super) gone: usize,
}

impl Entry {
    /// Nothing if the path can't be told: then it can't be told either which route it is.
    fn of(route: &Route) -> Option<Self> {
        Some(Self {
            path: route.path.clone()?,
            method: route.method.clone(),
            is_default: route.is_default,
            handler: route.handler.name.clone(),
            condition: route.condition.clone(),
            checks: route.checks.clone(),
        })
    }

    fn is_at_the_place_of(&self, other: &Self) -> bool {
        self.path == other.path
            && self.method == other.method
            && self.is_default == other.is_default
    }

    fn read(value: &Value) -> Result<Self, String> {
        let table = value.as_inline_table().ok_or("a route is a table")?;
        let known = [PATH, METHOD, DEFAULT, HANDLER, CONDITION, CHECKS];
        if let Some((unknown, _)) = table.iter().find(|(name, _)| !known.contains(name)) {
            return Err(format!("`{unknown}` means nothing here"));
        }
        let text = |name: &str| match table.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.value().clone())),
            Some(_) => Err(format!("`{name}` is a string")),
        };
        let needed = |name: &str| text(name)?.ok_or(format!("`{name}` is missing"));
        let is_default = match table.get(DEFAULT) {
            None => false,
            Some(Value::Boolean(value)) => *value.value(),
            Some(_) => return Err(format!("`{DEFAULT}` is true or false")),
        };
        let checks = match table.get(CHECKS) {
            None => Some(Vec::new()),
            Some(Value::Array(checks)) => {
                let texts = checks.iter().map(|it| it.as_str().map(str::to_owned));
                texts.collect()
            }
            Some(_) => None,
        };
        Ok(Self {
            path: needed(PATH)?,
            method: needed(METHOD)?,
            is_default,
            handler: needed(HANDLER)?,
            condition: text(CONDITION)?,
            checks: checks.ok_or_else(|| format!("`{CHECKS}` is a list of strings"))?,
        })
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut table = InlineTable::new();
        table.insert(METHOD, self.method.as_str().into());
        table.insert(PATH, self.path.as_str().into());
        if self.is_default {
            table.insert(DEFAULT, true.into());
        }
        table.insert(HANDLER, self.handler.as_str().into());
        if let Some(condition) = &self.condition {
            table.insert(CONDITION, condition.as_str().into());
        }
        if !self.checks.is_empty() {
            table.insert(CHECKS, self.checks.iter().collect::<Value>());
        }
        write!(f, "{table}")
    }
}

impl Baseline {
    /// Reads a file that has to be there.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let text = text_of(path)?.ok_or_else(|| Error::NoBaseline(path.to_owned()))?;
        parsed(path, &text)
    }

    /// Why a route isn't accepted; nothing if it is.
    pub(super) fn refuses(&self, route: &Route) -> Option<String> {
        let Some(wanted) = Entry::of(route) else {
            return Some(String::new());
        };
        if self.has(&wanted) {
            return None;
        }
        let shown = &self.shown;
        let (line, known) = match self.at_the_place_of(&wanted) {
            Some(known) => known,
            None => return Some(format!(" (it isn't in {shown})")),
        };
        let what = if known.handler != wanted.handler {
            format!("its handler is `{}`", known.handler)
        } else if known.condition != wanted.condition {
            match &known.condition {
                Some(condition) => format!("its condition is `{condition}`"),
                None => "it has no condition".to_owned(),
            }
        } else if known.checks.is_empty() {
            "nothing keeps anybody away".to_owned()
        } else {
            format!("it is checked by `{}`", known.checks.join("`, `"))
        };
        Some(format!(" (in {shown}:{line}, {what})"))
    }

    fn has(&self, wanted: &Entry) -> bool {
        self.entries.iter().any(|(_, known)| known == wanted)
    }

    fn at_the_place_of(&self, wanted: &Entry) -> Option<&(usize, Entry)> {
        let mut entries = self.entries.iter();
        entries.find(|(_, known)| known.is_at_the_place_of(wanted))
    }

    /// What has to leave the file, as no such route is there any longer.
    pub(super) fn outdated(&self, faulty: &[&Route]) -> Vec<String> {
        let now: Vec<Entry> = faulty.iter().filter_map(|it| Entry::of(it)).collect();
        // What became another route is named with that one.
        let has_changed = |known: &Entry| {
            let mut others = now.iter().filter(|now| now.is_at_the_place_of(known));
            others.any(|other| !self.has(other))
        };
        let is_outdated = |known: &Entry| !now.contains(known) && !has_changed(known);
        let outdated = self.entries.iter().filter(|(_, known)| is_outdated(known));
        outdated
            .map(|(line, known)| {
                let Entry { method, path, .. } = known;
                format!(
                    "{}:{line}: {method} {path} is in order or gone: delete this line",
                    self.shown
                )
            })
            .collect()
    }
}

/// Writes routes to a file. One that is there has to be a baseline, and is replaced.
pub(super) fn write(path: &Path, faulty: &[&Route]) -> Result<Written, Error> {
    let mut entries: Vec<Entry> = faulty.iter().filter_map(|it| Entry::of(it)).collect();
    entries.sort();
    entries.dedup();
    let before = text_of(path)?;
    let known: Vec<Entry> = match &before {
        None => Vec::new(),
        Some(text) => {
            let known = parsed(path, text).map_err(|_| Error::NotABaseline(path.to_owned()))?;
            let known: Vec<Entry> = known.entries.into_iter().map(|(_, known)| known).collect();
            // Comments would be lost.
            let text = text.replace("\r\n", "\n");
            if as_text(&known) != text {
                return Err(Error::NotABaseline(path.to_owned()));
            }
            known
        }
    };
    let written = Written {
        entries: entries.len(),
        new: entries.iter().filter(|it| !known.contains(it)).count(),
        gone: known.iter().filter(|it| !entries.contains(it)).count(),
    };
    let mut plan = Plan::default();
    plan.push(Change {
        path: place_of(path)?,
        before: before.map(String::into_bytes),
        after: Some(Cow::Owned(as_text(&entries).into_bytes())),
        executable: false,
    });
    plan.carry_out()?;
    Ok(written)
}

fn as_text(entries: &[Entry]) -> String {
    let mut text = HEAD.to_owned();
    for entry in entries {
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {entry},");
    }
    text + TAIL
}

fn parsed(path: &Path, text: &str) -> Result<Baseline, Error> {
    let bad = |reason: String| Error::BadBaseline {
        path: path.to_owned(),
        reason,
    };
    let document = Document::parse(text).map_err(|error| bad(error.to_string()))?;
    if let Some((unknown, _)) = document
        .iter()
        .find(|(name, _)| !["version", "routes"].contains(name))
    {
        return Err(bad(format!("`{unknown}` means nothing here")));
    }
    let version = document.get("version").and_then(|it| it.as_integer());
    if version != Some(VERSION) {
        return Err(bad(format!("`version` isn't {VERSION}")));
    }
    let routes = document.get("routes").and_then(|it| it.as_array());
    let routes = routes.ok_or_else(|| bad("`routes` isn't a list".to_owned()))?;
    let entries = routes.iter().map(|value| {
        let start = value.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        match Entry::read(value) {
            Ok(entry) => Ok((line, entry)),
            Err(reason) => Err(bad(format!("line {line}: {reason}"))),
        }
    });
    Ok(Baseline {
        shown: path.display().to_string(),
        entries: entries.collect::<Result<_, _>>()?,
    })
}

/// What a file contains; nothing if there is none.
fn text_of(path: &Path) -> Result<Option<String>, Error> {
    let reading = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    match fs::metadata(path) {
        // Reading a named pipe or a device would never end.
        Ok(found) if !found.is_file() => return Err(Error::NotAFile(path.display().to_string())),
        Ok(_) => {}
        Err(error) if is_absent(&error) => return Ok(None),
        Err(source) => return Err(reading(source)),
    }
    let bytes = fs::read(path).map_err(reading)?;
    let text = String::from_utf8(bytes).map_err(|_| Error::NotABaseline(path.to_owned()))?;
    Ok(Some(text))
}

/// Where a file is, from the root on, with links resolved if it is there.
fn place_of(path: &Path) -> Result<PathBuf, Error> {
    let there = dunce::canonicalize(path).or_else(|_| std::path::absolute(path));
    there.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}
