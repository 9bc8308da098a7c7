//! The Cargo workspaces around a new app. The app is the root of a workspace of its own, so one
//! around it may not claim the app or its crates: Cargo refuses a package with two roots.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Array, Document, DocumentMut, Item, TableLike, Value, value};

use crate::changes::{Change, is_read_only};

/// Where the app has packages of its own, as Cargo's `members` writes it.
const CRATES: [&str; 2] = ["crates/vestibule", "crates/vestibule-dev"];

/// What the workspaces around a new app mean for it.
#[derive(Debug)]
pub(crate) enum Surroundings {
    /// No workspace claims the app.
    Free,
    /// A workspace's members cover the app, so the app has to be excluded there.
    Exclude { entry: String, change: Change },
    /// The same, but its manifest can't be edited safely.
    ByHand {
        manifest: PathBuf,
        reason: String,
        /// What the owner has to do.
        advice: String,
    },
}

/// Looks for workspaces around an app in `folder`.
pub(crate) fn surroundings(folder: &Path) -> Surroundings {
    folder
        .ancestors()
        .skip(1)
        .filter_map(|above| Manifest::read(&above.join("Cargo.toml")))
        .find_map(|manifest| manifest.claims(folder))
        .unwrap_or(Surroundings::Free)
}

/// A Cargo.toml.
struct Manifest {
    path: PathBuf,
    text: String,
    /// Read-only, which knows the position of everything in the text.
    document: Document<String>,
}

impl Manifest {
    /// Nothing if there is none. One that can't be read is none to Cargo either.
    fn read(path: &Path) -> Option<Self> {
        // An edit replaces the file, so it must be the file and not a link to it.
        let path = dunce::canonicalize(path).ok()?;
        // Reading a named pipe would never end.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let text = fs::read_to_string(&path).ok()?;
        let document = Document::parse(text.clone()).ok()?;
        Some(Self {
            path,
            text,
            document,
        })
    }

    /// What it means for an app, if it claims it.
    fn claims(&self, folder: &Path) -> Option<Surroundings> {
        let workspace = self.workspace()?;
        let root = self.path.parent()?;
        let members = list(workspace, "members")?;
        let excluded = list(workspace, "exclude")?;
        let parts = folder.strip_prefix(root).ok()?.iter();
        let entry = parts
            .map(|part| part.to_str())
            .collect::<Option<Vec<_>>>()?;
        let entry = entry.join("/");
        let is_member = |package: &str| members.iter().any(|it| covers(it, package));
        let has_member = |below: &str| is_member(&format!("{entry}/{below}"));
        if !is_member(&entry) && !CRATES.into_iter().any(has_member) {
            return None;
        }
        let contains = |listed: &String| folder.starts_with(root.join(listed));
        // To Cargo, what is listed itself goes before what is excluded.
        if let Some(member) = members.iter().find(|member| contains(member)) {
            return Some(self.by_hand(
                format!("it lists `{member}` itself"),
                format!("remove `{member}` from `members`"),
            ));
        }
        if excluded.iter().any(contains) {
            return None;
        }
        let advice = format!("add `\"{entry}\"` to `exclude` in its `[workspace]` table");
        if is_read_only(&self.path).unwrap_or(false) {
            return Some(self.by_hand("it is read-only".to_owned(), advice));
        }
        let Some(after) = self.excluding(&excluded, &entry) else {
            let reason = "its `exclude` is written in an unusual way".to_owned();
            return Some(self.by_hand(reason, advice));
        };
        let change = Change {
            path: self.path.clone(),
            before: Some(self.text.clone().into_bytes()),
            after: Some(after.into_bytes().into()),
            executable: false,
        };
        Some(Surroundings::Exclude { entry, change })
    }

    fn by_hand(&self, reason: String, advice: String) -> Surroundings {
        Surroundings::ByHand {
            manifest: self.path.clone(),
            reason,
            advice,
        }
    }

    fn workspace(&self) -> Option<&dyn TableLike> {
        self.document.get("workspace").and_then(Item::as_table_like)
    }

    /// The text with one more entry in `exclude`; everything else stays as it is.
    fn excluding(&self, excluded: &[String], entry: &str) -> Option<String> {
        let place = if excluded.is_sorted() {
            excluded.partition_point(|known| known.as_str() < entry)
        } else {
            excluded.len()
        };
        let after = match self.workspace()?.get("exclude") {
            Some(list) => insert(&self.text, list.as_array()?, place, entry)?,
            None => self.with_new_list(entry)?,
        };
        let mut expected = excluded.to_vec();
        expected.insert(place, entry.to_owned());
        let document: DocumentMut = after.parse().ok()?;
        let found = list(document.get("workspace")?.as_table_like()?, "exclude")?;
        (found == expected).then_some(after)
    }

    /// The text with an `exclude` where there was none.
    fn with_new_list(&self, entry: &str) -> Option<String> {
        let mut document = self.document.clone().into_mut();
        let list: Array = [entry].into_iter().collect();
        document
            .get_mut("workspace")?
            .as_table_like_mut()?
            .insert("exclude", value(list));
        let mut after = document.to_string();
        if self.text.contains("\r\n") {
            after = after.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        // One line more and all others as before, or it's not what was meant.
        let (before, now) = (
            self.text.lines().collect::<Vec<_>>(),
            after.lines().collect::<Vec<_>>(),
        );
        let same_start = before
            .iter()
            .zip(&now)
            .take_while(|(one, other)| one == other)
            .count();
        let same_end = before
            .iter()
            .rev()
            .zip(now.iter().rev())
            .take_while(|(one, other)| one == other)
            .count();
        (now.len() == before.len() + 1 && same_start + same_end >= before.len()).then_some(after)
    }
}

/// Whether an entry of `members` covers a folder, directly or by a pattern.
fn covers(entry: &str, folder: &str) -> bool {
    let entry = entry.trim_start_matches("./").trim_end_matches('/');
    // As in Cargo, where patterns are matched against what is in the folders.
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..Default::default()
    };
    entry == folder
        || glob::Pattern::new(entry).is_ok_and(|pattern| pattern.matches_with(folder, options))
}

/// A list of paths or patterns in `[workspace]`: empty if it isn't there, nothing if it isn't one.
fn list(workspace: &dyn TableLike, key: &str) -> Option<Vec<String>> {
    let Some(item) = workspace.get(key) else {
        return Some(Vec::new());
    };
    item.as_array()?
        .iter()
        .map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

/// Inserts an entry into the text of a list, in the list's own style: on the same line, or on a
/// line of its own that separates no other entry from its comment.
fn insert(text: &str, list: &Array, place: usize, entry: &str) -> Option<String> {
    let entry = Value::from(entry).to_string();
    let neighbour = list.get(place.saturating_sub(1)).and_then(Value::span);
    let anchor = match &neighbour {
        Some(span) if place > 0 => span.end,
        _ => list.span()?.start + "[".len(),
    };
    let (head, tail) = text.split_at_checked(anchor)?;
    let rest = tail.lines().next().unwrap_or_default();
    let (comma, remark) = match rest.trim_start().strip_prefix(',') {
        Some(remark) => (rest.strip_suffix(remark)?, remark),
        None if place > 0 => (",", rest),
        None => ("", rest),
    };
    let remark_only = remark.trim_start().is_empty() || remark.trim_start().starts_with('#');
    let indent = neighbour.and_then(|span| indent(text.get(..span.start)?));
    match indent {
        Some(indent) if remark_only => {
            let tail = tail.get(rest.len()..)?;
            Some(format!(
                "{head}{comma}{remark}{}{indent}{entry},{tail}",
                line_end(text)
            ))
        }
        _ if place > 0 => Some(format!("{head}, {entry}{tail}")),
        _ if list.is_empty() => Some(format!("{head}{entry}{tail}")),
        _ => {
            let first = tail.trim_start_matches(' ');
            let space = tail.strip_suffix(first)?;
            Some(format!("{head}{space}{entry}, {first}"))
        }
    }
}

/// The white space between the start of a line and what comes next, if there is nothing else.
fn indent(head: &str) -> Option<&str> {
    let (_, line) = head.rsplit_once('\n')?;
    line.trim().is_empty().then_some(line)
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
