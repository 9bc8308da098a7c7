//! What the commands that edit an app have in common: a plan is shown in one of three forms, or
//! carried out.

use std::borrow::Cow;

use serde_json::{Value, json};
use similar::TextDiff;

use crate::changes::{Change, Plan};
use crate::cli::PlanFlags;
use crate::error::Error;
use crate::project::Project;
use crate::terminal;

/// Changes to the files of an app, by their paths in it.
#[derive(Debug, Default)]
pub(super) struct Planned {
    files: Vec<PlannedFile>,
}

#[derive(Debug)]
struct PlannedFile {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

impl Planned {
    /// Plans what becomes of a file. The same as before is no change.
    pub(super) fn push(&mut self, path: &str, before: Option<String>, after: Option<String>) {
        if before != after {
            self.files.push(PlannedFile {
                path: path.to_owned(),
                before,
                after,
            });
        }
    }

    /// The paths of the files, with what they will hold.
    pub(super) fn outcome(&self) -> impl Iterator<Item = (&str, Option<&String>)> {
        self.files
            .iter()
            .map(|file| (file.path.as_str(), file.after.as_ref()))
    }

    /// Shows the changes as a diff.
    pub(super) fn show(&self) {
        for file in &self.files {
            terminal::diff(&file.as_diff());
        }
    }

    /// Shows the plan as the flags say, or carries it out; tells whether it did.
    pub(super) fn finish(self, project: &Project, flags: &PlanFlags) -> Result<bool, Error> {
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
            for file in &self.files {
                terminal::result(format_args!("{:6} {}", file.verb(), file.path));
            }
            let files = match self.files.len() {
                1 => "1 file".to_owned(),
                count => format!("{count} files"),
            };
            terminal::say(format_args!("{files}; nothing was written"));
            return Ok(false);
        }
        let mut plan = Plan::default();
        for file in &self.files {
            plan.push(Change {
                path: project.at(&file.path),
                before: file.before.clone().map(String::into_bytes),
                after: file.after.clone().map(|text| Cow::Owned(text.into_bytes())),
                executable: false,
            });
        }
        plan.carry_out()?;
        for file in &self.files {
            terminal::say(format_args!("{:7} {}", file.past(), file.path));
        }
        Ok(true)
    }
}

impl PlannedFile {
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
        let side = |letter: &str, text: &Option<String>| match text {
            Some(_) => format!("{letter}/{}", self.path),
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
