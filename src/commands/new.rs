//! `vestibule new`: from arguments and questions to an app on the disk. What it says about that
//! is in [`report`].

mod report;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::changes::{Change, Plan};
use crate::cli::New;
use crate::commands::add_database;
use crate::error::{Error, Exit};
use crate::git;
use crate::interrupt::Interrupt;
use crate::lock::Lock;
use crate::prompts::Prompts;
use crate::target::Target;
use crate::template::{
    self, Answers, AppName, BadName, Fault, NAME_KEY, Origin, QUESTIONS, RawAnswer, RenderedFile,
};
use crate::terminal;
use crate::workspace::{self, Surroundings};

/// Runs the command. If anything goes wrong, the disk stays as it was.
pub(crate) fn run(arguments: &New) -> Result<Exit, Error> {
    let interrupt = Interrupt::default();
    let (target, name, answers) = settle(arguments, &interrupt)?;
    let mut files = template::render(template::FILES, &name, &answers)?;
    if let Some(kind) = arguments.database {
        files = add_database::with_database(&target.folder, files, kind)?;
    }
    let (surroundings, lock) = surroundings(&target)?;
    let plan = plan(&target, files, &surroundings);
    if arguments.dry_run {
        report::dry_run(&plan, &target);
        return Ok(Exit::Done);
    }

    interrupt.on_everything()?;
    let staged = plan.stage(&interrupt)?;
    let repository = match staged.path_of(&target.folder) {
        Some(folder) if !arguments.no_git => {
            Some(git::init(&folder, &target.folder, &target.existing))
        }
        _ => None,
    };
    interrupt.check()?;
    staged.commit()?;
    drop(lock);

    report::written(&target, &name);
    report::surroundings(&surroundings, repository, &target);
    if !arguments.run {
        report::next_steps(&target, &answers);
        return Ok(Exit::Done);
    }
    if interrupt.check().is_err() {
        terminal::note("interrupted: the app was written, but not started");
        return Ok(Exit::Interrupted);
    }
    start(&target)
}

/// Settles where the app goes, what it's called and what it's like.
fn settle(arguments: &New, interrupt: &Interrupt) -> Result<(Target, AppName, Answers), Error> {
    let prompts = if !arguments.no_input && terminal::can_ask() {
        Some(Prompts::new(interrupt)?)
    } else {
        None
    };
    let (typed, mut faults) = typed(arguments)?;
    let (mut answers, more) = template::check(typed)?;
    faults.extend(more);
    let path = match (&arguments.path, &prompts) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(prompts)) if faults.is_empty() => Some(prompts.path()?),
        (None, Some(_)) => None,
        (None, None) => {
            faults.push(Fault::new("PATH", "is missing; where should the app go?"));
            None
        }
    };
    let name = answers
        .take_name()
        .map(Ok)
        .or_else(|| path.as_deref().and_then(name_from));
    if let (Some(Err(bad)), None) = (&name, &prompts) {
        faults.push(Fault::new(
            "the name, taken from PATH",
            &bad.with_suggestion(),
        ));
    }
    let Some(path) = path.filter(|_| faults.is_empty()) else {
        return Err(Error::Answers(faults));
    };
    let target = Target::find(&path)?;
    let name = match (name, &prompts) {
        (Some(Ok(name)), _) => name,
        (Some(Err(bad)), Some(prompts)) => prompts.name(&bad)?,
        _ => return Err(Error::NoFolderName(target.typed)),
    };
    if let Some(prompts) = prompts {
        ask(&prompts, &mut answers)?;
    }
    Ok((target, name, answers))
}

/// The name that the last part of a path gives.
fn name_from(path: &Path) -> Option<Result<AppName, BadName>> {
    path.file_name()
        .map(|name| AppName::new(&name.to_string_lossy()))
}

/// The answers on the command line and in the values file, not yet checked.
fn typed(arguments: &New) -> Result<(Vec<RawAnswer>, Vec<Fault>), Error> {
    let (mut typed, mut faults) = match &arguments.values_file {
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|source| Error::Read {
                path: file.clone(),
                source,
            })?;
            template::values_from_file(file, &text).map_err(|source| Error::Values {
                path: file.clone(),
                source,
            })?
        }
        None => (Vec::new(), Vec::new()),
    };
    for define in &arguments.define {
        match define.split_once('=') {
            Some((key, value)) => typed.push(RawAnswer {
                key: key.trim().to_owned(),
                value: value.trim_start().to_owned(),
                origin: Origin::Define,
            }),
            None => faults.push(Fault::new(
                &format!("-d {define}"),
                "is not of the form KEY=VALUE",
            )),
        }
    }
    let flags = &arguments.answers;
    for (key, flag, value) in [
        (NAME_KEY, "--name", &flags.name),
        ("description", "--description", &flags.description),
        ("provider", "--provider", &flags.provider),
        ("issuer", "--issuer", &flags.issuer),
        ("client_id", "--client-id", &flags.client_id),
        ("login_page", "--login-page", &flags.login_page),
        ("session_store", "--session-store", &flags.session_store),
    ] {
        if let Some(value) = value {
            let origin = Origin::Flag(flag);
            typed.push(RawAnswer {
                key: key.to_owned(),
                value: value.clone(),
                origin,
            });
        }
    }
    Ok((typed, faults))
}

/// Asks what isn't known yet, and nothing about the development provider: it needs no settings.
fn ask(prompts: &Prompts, answers: &mut Answers) -> Result<(), Error> {
    for question in &QUESTIONS {
        let about_provider = matches!(question.key, "issuer" | "client_id");
        if answers.has(question) || (about_provider && answers.uses_dev_provider()) {
            continue;
        }
        let answer = prompts.ask(question)?;
        answers.set(question, answer);
    }
    Ok(())
}

/// The workspaces around the app. If the manifest of one has to be edited, its folder is locked, so
/// that another new app there can't undo the edit.
fn surroundings(target: &Target) -> Result<(Surroundings, Option<Lock>), Error> {
    let found = workspace::surroundings(&target.folder);
    let Surroundings::Exclude { change, .. } = &found else {
        return Ok((found, None));
    };
    let folder = change.path.parent().unwrap_or(Path::new("."));
    let lock = Lock::of(folder)?;
    // It may have been edited before it was locked.
    Ok((workspace::surroundings(&target.folder), lock))
}

fn plan(target: &Target, files: Vec<RenderedFile>, surroundings: &Surroundings) -> Plan {
    let mut plan = Plan::default();
    for file in files {
        plan.push(Change {
            path: target.folder.join(&*file.path),
            before: None,
            after: Some(file.contents),
            executable: file.executable,
        });
    }
    if let Surroundings::Exclude { change, .. } = surroundings {
        plan.push(change.clone());
    }
    plan
}

/// Replaces this program by the app, so that Ctrl-C and the exit code are the app's.
fn start(target: &Target) -> Result<Exit, Error> {
    terminal::say("Starting it with `cargo run`. The first build takes a minute or two.");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("run").current_dir(&target.folder);
    replace_by(&mut command)
}

#[cfg(unix)]
fn replace_by(command: &mut Command) -> Result<Exit, Error> {
    Err(Error::Cargo(std::os::unix::process::CommandExt::exec(
        command,
    )))
}

#[cfg(not(unix))]
fn replace_by(command: &mut Command) -> Result<Exit, Error> {
    let status = command.status().map_err(Error::Cargo)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(Exit::Passed(code.unwrap_or(1)))
}
