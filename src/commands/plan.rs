//! What the commands that edit an app have in common: a plan is shown in one of three forms, or
//! carried out.

use std::borrow::Cow;
use std::path::PathBuf;

use serde_json::{Value, json};
use similar::TextDiff;

use crate::changes::{Change, Plan, is_read_only};
use crate::cli::PlanFlags;
use crate::error::Error;
use crate::project::{Place, Project};
use crate::terminal;

/// Changes to the files of an app, by their paths in it.
#[derive(Debug, Default)]
pub(super) struct Planned {
    files: Vec<PlannedFile>,
    /// Folders whose new files are not shown one by one.
    folded: Vec<String>,
}

#[derive(Debug)]
struct PlannedFile {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

impl Planned {
    /// Plans a change of a file, unless it would stay the same.
    pub(super) fn push(&mut self, path: &str, before: Option<String>, after: Option<String>) {
        if before != after {
            self.files.push(PlannedFile {
                path: path.to_owned(),
                before,
                after,
            });
        }
    }

    /// Shows the new files of a folder in one line.
    pub(super) fn fold(&mut self, folder: &str) {
        self.folded.push(folder.to_owned());
    }

    /// The folder with which a file is shown.
    fn folder_of(&self, file: &PlannedFile) -> Option<&str> {
        let mut folders = self.folded.iter();
        folders
            .find(|folder| {
                let rest = file.path.strip_prefix(folder.as_str());
                rest.is_some_and(|rest| rest.starts_with('/'))
            })
            .map(String::as_str)
    }

    /// The files that are shown one by one, and the folders with the number of their files.
    fn shown(&self) -> Vec<(&PlannedFile, String)> {
        let mut shown = Vec::new();
        let mut done = Vec::new();
        for file in &self.files {
            let Some(folder) = self.folder_of(file) else {
                shown.push((file, file.path.clone()));
                continue;
            };
            if !done.contains(&folder) {
                let all = self.files.iter();
                let count = all.filter(|it| self.folder_of(it) == Some(folder)).count();
                shown.push((file, format!("{folder} ({count} files)")));
                done.push(folder);
            }
        }
        shown
    }

    /// The paths of the files, with what they will hold.
    pub(super) fn outcome(&self) -> impl Iterator<Item = (&str, Option<&String>)> {
        self.files
            .iter()
            .map(|file| (file.path.as_str(), file.after.as_ref()))
    }

    /// Shows the changes as a diff.
    pub(super) fn show(&self) {
        for (file, shown) in self.shown() {
            if file.path == shown {
                terminal::diff(&file.as_diff());
            } else {
                terminal::note(format_args!("not shown: {} {shown}", file.verb()));
            }
        }
    }

    /// The changes, with links resolved. Fails for what is outside of the app, and for what its
    /// owner has made read-only.
    pub(super) fn plan(&self, project: &Project) -> Result<Plan, Error> {
        let mut plan = Plan::default();
        for file in &self.files {
            plan.push(Change {
                path: file.place(project)?,
                before: file.before.clone().map(String::into_bytes),
                after: file.after.clone().map(|text| Cow::Owned(text.into_bytes())),
                executable: false,
            });
        }
        Ok(plan)
    }

    /// Shows the plan as the flags say, or carries it out. Returns whether it did.
    pub(super) fn finish(self, project: &Project, flags: &PlanFlags) -> Result<bool, Error> {
        let plan = self.plan(project)?;
        if flags.plan_json {
            let plan: Vec<Value> = self.files.iter().map(PlannedFile::as_json).collect();
            let text = serde_json::to_string_pretty(&json!({ "changes": plan }));
            terminal::result(text.unwrap_or_default());
            return Ok(false);
        }
        if flags.diff {
            self.show();
            return Ok(false);
        }
        if flags.dry_run {
            for (file, shown) in self.shown() {
                terminal::result(format_args!("{:6} {shown}", file.verb()));
            }
            let files = match self.files.len() {
                1 => "1 file".to_owned(),
                count => format!("{count} files"),
            };
            terminal::say(format_args!("{files}; nothing was written"));
            return Ok(false);
        }
        plan.carry_out()?;
        for (file, shown) in self.shown() {
            terminal::say(format_args!("{:7} {shown}", file.past()));
        }
        Ok(true)
    }
}

impl PlannedFile {
    fn place(&self, project: &Project) -> Result<PathBuf, Error> {
        let not_writable = |reason| Error::NotWritable {
            path: self.path.clone(),
            reason,
            change: self.as_diff(),
        };
        // Of a link that goes away, only the link does.
        let (followed, name) = match (&self.after, self.path.rsplit_once('/')) {
            (None, Some((folder, name))) => (folder, Some(name)),
            _ => (self.path.as_str(), None),
        };
        let place = match project.behind_links(followed)? {
            Place::Inside(place) => match name {
                Some(name) => place.join(name),
                None => place,
            },
            Place::Outside(place) => {
                return Err(not_writable(format!(
                    "it links to {}, outside of the app",
                    place.display()
                )));
            }
        };
        let reading = |source| Error::Read {
            path: place.clone(),
            source,
        };
        if self.before.is_some() && is_read_only(&place).map_err(reading)? {
            return Err(not_writable("it is read-only".to_owned()));
        }
        Ok(place)
    }

    fn verb(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "create",
            (Some(_), Some(_)) => "edit",
            (Some(_), None) => "remove",
        }
    }

    fn past(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "created",
            (Some(_), Some(_)) => "edited",
            (Some(_), None) => "removed",
        }
    }

    fn as_json(&self) -> Value {
        json!({
            "action": self.verb(),
            "path": self.path,
            "before": self.before,
            "after": self.after,
        })
    }

    /// A unified diff, as `git apply` takes it.
    fn as_diff(&self) -> String {
        let side = |prefix: &str, text: &Option<String>| match text {
            Some(_) => format!("{prefix}/{}", self.path),
            None => "/dev/null".to_owned(),
        };
        let (before, after) = (side("a", &self.before), side("b", &self.after));
        TextDiff::from_lines(
            self.before.as_deref().unwrap_or_default(),
            self.after.as_deref().unwrap_or_default(),
        )
        .unified_diff()
        .header(&before, &after)
        .to_string()
    }
}
