//! The Cargo workspace that a new app falls into. Cargo builds nothing below a workspace root
//! that isn't its member, so the app is added there, as `cargo new` does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Array, Document, DocumentMut, Item, TableLike, Value, value};

use crate::changes::{Change, is_read_only};
use crate::error::Error;

/// What a workspace above means for a new app.
#[derive(Debug)]
pub(crate) enum Membership {
    /// There is no workspace, or it excludes the app.
    None,
    /// The workspace's members cover the app already.
    Covered { manifest: PathBuf },
    /// The root manifest has to name the app.
    Add { member: String, change: Change },
}

/// Looks for the workspace of an app in `folder`, the way Cargo does. A workspace that has a
/// package of the app's name can't take it in.
pub(crate) fn membership(folder: &Path, name: &str) -> Result<Membership, Error> {
    for above in folder.ancestors().skip(1) {
        let manifest = above.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let root = Manifest::read(&manifest)?;
        let found = match root.pointer() {
            Some(pointer) => root_membership(
                &Manifest::read(&above.join(pointer).join("Cargo.toml"))?,
                folder,
                name,
            )?,
            None => root_membership(&root, folder, name)?,
        };
        if let Some(membership) = found {
            return Ok(membership);
        }
    }
    Ok(Membership::None)
}

/// `None` if the manifest is no workspace root, or excludes the app: Cargo then looks further up.
fn root_membership(
    manifest: &Manifest,
    folder: &Path,
    name: &str,
) -> Result<Option<Membership>, Error> {
    let Some(workspace) = manifest.workspace() else {
        return Ok(None);
    };
    let root = manifest.path.parent().unwrap_or(Path::new("")).to_owned();
    let members = manifest.list(workspace, "members")?;
    let excluded = manifest.list(workspace, "exclude")?;
    let lies_in = |entry: &String| folder.starts_with(root.join(entry));
    if excluded.iter().any(lies_in) && !members.iter().any(lies_in) {
        return Ok(None);
    }
    if let Some(member) = package_called(name, &root, &members, &excluded) {
        return Err(Error::NameTaken {
            name: name.to_owned(),
            workspace: manifest.path.clone(),
            member,
        });
    }
    let member = member_name(manifest, &root, folder)?;
    if members.iter().any(|entry| covers(entry, &member)) {
        return Ok(Some(Membership::Covered {
            manifest: manifest.path.clone(),
        }));
    }
    if is_read_only(&manifest.path).unwrap_or(false) {
        return Err(manifest.refused(member, "it is read-only"));
    }
    let after = manifest.with_member(&members, &member)?;
    let change = Change {
        path: manifest.path.clone(),
        before: Some(manifest.text.clone().into_bytes()),
        after: Some(after.into_bytes().into()),
        executable: false,
    };
    Ok(Some(Membership::Add { member, change }))
}

/// The manifest of the package in a workspace that has this name. What can't be read has no name
/// here: Cargo tells what is wrong with it.
fn package_called(
    name: &str,
    root: &Path,
    members: &[String],
    excluded: &[String],
) -> Option<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let above = glob::Pattern::escape(&root.to_string_lossy());
    for entry in members {
        if let Ok(paths) = glob::glob(&format!("{above}/{entry}")) {
            folders.extend(paths.flatten());
        }
    }
    let is_excluded = |folder: &Path| {
        let lies_in = |entry: &String| folder.starts_with(root.join(entry));
        excluded.iter().any(lies_in) && !members.iter().any(lies_in)
    };
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        let Ok(manifest) = Manifest::read(&folder.join("Cargo.toml")) else {
            continue;
        };
        if is_excluded(&folder) || !seen.insert(manifest.path.clone()) {
            continue;
        }
        if manifest.package_name() == Some(name) {
            return Some(manifest.path);
        }
        // What members depend on below the root is a member too.
        let beside = manifest.path.parent().unwrap_or(root);
        let near = manifest.local_dependencies();
        let near = near.filter_map(|path| dunce::canonicalize(beside.join(path)).ok());
        folders.extend(near.filter(|folder| folder.starts_with(root)));
    }
    None
}

/// The app's folder as a member is written: relative, and with `/` on every system.
fn member_name(manifest: &Manifest, root: &Path, folder: &Path) -> Result<String, Error> {
    let parts = folder.strip_prefix(root).ok().and_then(|rest| {
        rest.iter()
            .map(|part| part.to_str())
            .collect::<Option<Vec<_>>>()
    });
    match parts {
        Some(parts) => Ok(parts.join("/")),
        None => Err(manifest.refused(
            folder.display().to_string(),
            "the app's path can't be written relative to it",
        )),
    }
}

/// Whether an entry of `members` names a folder, directly or by a pattern.
fn covers(entry: &str, member: &str) -> bool {
    let entry = entry.trim_start_matches("./").trim_end_matches('/');
    // As in Cargo, where patterns are matched against what is in the folders.
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..Default::default()
    };
    entry == member
        || glob::Pattern::new(entry).is_ok_and(|pattern| pattern.matches_with(member, options))
}

/// A Cargo.toml.
struct Manifest {
    path: PathBuf,
    text: String,
    /// Read-only, which knows where in the text things are.
    document: Document<String>,
}

impl Manifest {
    fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |reason: String| Error::WorkspaceUnreadable {
            manifest: path.to_owned(),
            reason,
        };
        // An edit replaces the file, so it must be the file and not a link to it.
        let path = dunce::canonicalize(path).map_err(|error| unreadable(error.to_string()))?;
        let text = fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
        let document = Document::parse(text.clone()).map_err(|error: toml_edit::TomlError| {
            unreadable(error.to_string().trim_end().to_owned())
        })?;
        Ok(Self {
            path,
            text,
            document,
        })
    }

    fn workspace(&self) -> Option<&dyn TableLike> {
        self.document.get("workspace").and_then(Item::as_table_like)
    }

    /// `package.workspace`: where the root is, if it isn't above.
    fn pointer(&self) -> Option<&str> {
        self.document
            .get("package")?
            .as_table_like()?
            .get("workspace")?
            .as_str()
    }

    fn package_name(&self) -> Option<&str> {
        let package = self.document.get("package")?.as_table_like()?;
        package.get("name")?.as_str()
    }

    /// The paths of the dependencies that have one.
    fn local_dependencies(&self) -> impl Iterator<Item = &str> {
        let targets = self.document.get("target").and_then(Item::as_table_like);
        let targets = targets.into_iter().flat_map(|targets| targets.iter());
        let places = [
            Some(self.document.as_item()),
            self.document.get("workspace"),
        ];
        places
            .into_iter()
            .flatten()
            .chain(targets.map(|(_, target)| target))
            .flat_map(|place| {
                ["dependencies", "dev-dependencies", "build-dependencies"]
                    .into_iter()
                    .filter_map(|kind| place.get(kind)?.as_table_like())
            })
            .flat_map(|dependencies| dependencies.iter())
            .filter_map(|(_, dependency)| dependency.as_table_like()?.get("path")?.as_str())
    }

    /// A list of paths or patterns in `[workspace]`; empty if it isn't there.
    fn list(&self, workspace: &dyn TableLike, key: &str) -> Result<Vec<String>, Error> {
        let Some(item) = workspace.get(key) else {
            return Ok(Vec::new());
        };
        strings(item).ok_or_else(|| Error::WorkspaceUnreadable {
            manifest: self.path.clone(),
            reason: format!("`{key}` is not a list of strings"),
        })
    }

    /// The text with one more member; everything else stays as it is.
    fn with_member(&self, members: &[String], member: &str) -> Result<String, Error> {
        let place = if members.is_sorted() {
            members.partition_point(|entry| entry.as_str() < member)
        } else {
            members.len()
        };
        let after = match self
            .workspace()
            .and_then(|workspace| workspace.get("members"))
        {
            Some(list) => list
                .as_array()
                .and_then(|list| insert(&self.text, list, place, member)),
            None => self.with_new_list(member),
        };
        let mut expected = members.to_vec();
        expected.insert(place, member.to_owned());
        after
            .filter(|after| member_list(after).is_some_and(|found| found == expected))
            .ok_or_else(|| {
                self.refused(member.to_owned(), "its list of members has an unusual form")
            })
    }

    /// The text with a list of members where there was none.
    fn with_new_list(&self, member: &str) -> Option<String> {
        let mut document = self.document.clone().into_mut();
        let list: Array = [member].into_iter().collect();
        document
            .get_mut("workspace")?
            .as_table_like_mut()?
            .insert("members", value(list));
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

    fn refused(&self, member: String, reason: &str) -> Error {
        Error::WorkspaceRefused {
            manifest: self.path.clone(),
            member,
            reason: reason.to_owned(),
        }
    }
}

/// The members that a manifest's text lists.
fn member_list(text: &str) -> Option<Vec<String>> {
    let document: DocumentMut = text.parse().ok()?;
    strings(document.get("workspace")?.as_table_like()?.get("members")?)
}

fn strings(item: &Item) -> Option<Vec<String>> {
    item.as_array()?
        .iter()
        .map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

/// Inserts a member into the text of a list, in the list's own style: on the same line, or on a
/// line of its own that parts no other member from its comment.
fn insert(text: &str, list: &Array, place: usize, member: &str) -> Option<String> {
    let member = Value::from(member).to_string();
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
                "{head}{comma}{remark}{}{indent}{member},{tail}",
                line_end(text)
            ))
        }
        _ if place > 0 => Some(format!("{head}, {member}{tail}")),
        _ if list.is_empty() => Some(format!("{head}{member}{tail}")),
        _ => {
            let first = tail.trim_start_matches(' ');
            let space = tail.strip_suffix(first)?;
            Some(format!("{head}{space}{member}, {first}"))
        }
    }
}

/// The white space between the start of a line and what comes next, if that is all there is.
fn indent(head: &str) -> Option<&str> {
    let (_, line) = head.rsplit_once('\n')?;
    line.trim().is_empty().then_some(line)
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
