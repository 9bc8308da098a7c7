//! The edits that add a route: new files, and changes to those that have to name them.

use syn::{Item, Visibility};

use crate::commands::plan::Planned;
use crate::people::{self, Holder};
use crate::project::Project;
use crate::scaffold::{self, NewRole};
use crate::source::{CannotEdit, Crate, Edit, SourceFile, is_visible, plain_name};

use super::clashes::has_word;
use super::draft::{Draft, RoleSite, TESTS};
use super::objection::Objection;
use super::site::Site;

/// Plans everything; `holder` is who has the role at the development provider.
pub(super) fn plan(
    project: &Project,
    source: &Crate,
    site: &Site<'_>,
    draft: &Draft,
    holder: Option<&Holder>,
) -> Result<Planned, Objection> {
    let mut planned = Planned::default();
    for (path, text) in draft.new_files() {
        planned.push(path, None, Some(text.clone()));
    }
    register(source, site, draft, &mut planned)?;
    if let Some((role, role_site)) = &draft.new_role {
        add_role(source, role, role_site, &mut planned)
            .map_err(|reason| Objection::cannot_edit(&role_site.file, reason))?;
    }
    if draft.test_file.is_some() {
        declare_tests(project, &draft.route.module, &mut planned)?;
    }
    if let Some(Holder::Given { before, after, .. }) = holder {
        planned.push(people::LIST, Some(before.clone()), Some(after.clone()));
    }
    Ok(planned)
}

/// Declares the handler's module, and registers the handlers.
fn register(
    source: &Crate,
    site: &Site<'_>,
    draft: &Draft,
    planned: &mut Planned,
) -> Result<(), Objection> {
    let in_file = |file: &SourceFile| {
        let path = file.path.clone();
        move |reason| Objection::cannot_edit(&path, reason)
    };
    let (module_file, function_file) = (site.module_file, site.function_file);
    let config = source
        .config_name(site.function_module, site.function)
        .map_err(in_file(function_file))?;
    source
        .takes_more(site.function_module, site.function, &config)
        .map_err(in_file(function_file))?;
    let handlers = draft.route.handlers().into_iter();
    let statements: Vec<String> = handlers
        .map(|(method, handler)| {
            let call = site.method_call(source, method.function());
            let handler = site.handler(&draft.route.module, handler);
            draft.statement(&config, &call, &handler)
        })
        .collect();
    let mut edit = Edit::of(module_file).map_err(in_file(module_file))?;
    let is_enough = |it: &Visibility| is_visible(it, &site.module.path, &site.function_module.path);
    edit.declare_module_if_seen(&draft.route.module, is_enough)
        .map_err(in_file(module_file))?;
    let mut other = if module_file.path == function_file.path {
        None
    } else {
        Some(Edit::of(function_file).map_err(in_file(function_file))?)
    };
    other
        .as_mut()
        .unwrap_or(&mut edit)
        .register(site.function, &statements)
        .map_err(in_file(function_file))?;
    for (edit, file) in [(Some(edit), module_file), (other, function_file)] {
        if let Some(edit) = edit {
            let after = edit.finish().map_err(in_file(file))?;
            planned.push(&file.path, Some(file.text.clone()), Some(after));
        }
    }
    Ok(())
}

fn add_role(
    source: &Crate,
    role: &NewRole,
    site: &RoleSite,
    planned: &mut Planned,
) -> Result<(), CannotEdit> {
    let file = source
        .files
        .iter()
        .find(|file| file.path == site.file)
        .ok_or_else(|| CannotEdit("it can't be read".to_owned()))?;
    let mut edit = Edit::of(file)?;
    edit.add_items(site.after, &scaffold::role(role))?;
    planned.push(&file.path, Some(file.text.clone()), Some(edit.finish()?));
    Ok(())
}

fn declare_tests(project: &Project, module: &str, planned: &mut Planned) -> Result<(), Objection> {
    let cannot_edit = |reason: String| Objection::CannotEditTests {
        file: TESTS.to_owned(),
        reason,
    };
    let bytes = project.read(TESTS)?;
    let bytes = bytes.ok_or_else(|| cannot_edit("it doesn't exist".to_owned()))?;
    let (file, syntax) =
        SourceFile::parse(TESTS, bytes).map_err(|error| cannot_edit(error.to_string()))?;
    let is_taken = syntax.items.iter().any(|item| match item {
        Item::Mod(item) => plain_name(&item.ident) == module,
        _ => false,
    });
    if is_taken {
        return Err(Objection::conflict(format!(
            "{TESTS} already has a module `{module}`"
        )));
    }
    let may_be_made = syntax.items.iter().any(|item| match item {
        Item::Macro(item) => has_word(item.mac.tokens.clone(), module),
        _ => false,
    });
    if may_be_made {
        return Err(Objection::conflict(format!(
            "a macro in {TESTS} may make a module `{module}`"
        )));
    }
    let after = Edit::of(&file)
        .and_then(|mut edit| {
            edit.declare_module(module)?;
            edit.finish()
        })
        .map_err(|CannotEdit(reason)| cannot_edit(reason))?;
    planned.push(TESTS, Some(file.text.clone()), Some(after));
    Ok(())
}
