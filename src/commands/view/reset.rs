//! `vestibule view reset`: restores the original of a view, after showing the diff.

use crate::cli::ResetView;
use crate::commands::plan::Planned;
use crate::error::{Error, Exit};
use crate::interrupt::Interrupt;
use crate::project::Project;
use crate::prompts::Prompts;
use crate::routes::Table;
use crate::source::Crate;
use crate::terminal;
use crate::views::Views;

use super::original::{self, App};
use super::shape;

/// Runs the command.
pub(crate) fn run(arguments: &ResetView) -> Result<Exit, Error> {
    let project = Project::find_to_edit()?;
    let source = Crate::read(&project)?;
    let table = Table::read(&source);
    let views = Views::read(&project, &source, &table)?;
    let app = App {
        project: &project,
        source: &source,
        table: &table,
        views: &views,
    };
    let original = original::find(&app, &arguments.name)?;
    let path = &original.path;
    let before = match project.read(path)?.map(String::from_utf8) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(Error::NotUtf8(path.clone())),
    };
    let after = match &before {
        Some(text) if text.contains("\r\n") => original.text.replace('\n', "\r\n"),
        _ => original.text.clone(),
    };
    if before.as_ref() == Some(&after) {
        terminal::say(format_args!("{path} is the original; nothing to do"));
        return Ok(Exit::Done);
    }
    let mut planned = Planned::default();
    planned.push(path, before, Some(after));
    let differences = shape::differences(&project, &original, &source)?;
    let show_differences = || {
        for difference in &differences {
            terminal::note(difference);
        }
    };
    if arguments.plan.is_asked_for() {
        planned.finish(&project, &arguments.plan)?;
        show_differences();
        return Ok(Exit::Done);
    }
    planned.plan(&project)?;
    planned.show();
    // Nobody can agree to what they couldn't see.
    terminal::finish()?;
    show_differences();
    if !arguments.yes && !is_wanted(path)? {
        terminal::say("nothing was written");
        return Ok(Exit::Refused);
    }
    if planned.finish(&project, &arguments.plan)? {
        terminal::result(format_args!("{path} is the original again."));
        if !differences.is_empty() {
            terminal::result("Next:\n  cargo check");
        }
    }
    Ok(Exit::Done)
}

fn is_wanted(path: &str) -> Result<bool, Error> {
    if !terminal::can_ask() {
        return Err(Error::NoTerminal);
    }
    let interrupt = Interrupt::default();
    Prompts::new(&interrupt)?.is_wanted(&format!("Write {path}?"))
}
