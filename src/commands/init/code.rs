//! The edits of the app's own code: modules, the start of the sign-in, and its place in the `App`.

use syn::TypePath;
use syn::visit::{self, Visit};

use super::draft::Draft;
use super::format;
use super::package::Package;
use super::server::{Failing, Server, Unsure};
use super::sources::Sources;
use crate::source::{CannotEdit, Edit, SourceFile};

/// The line that starts the sign-in.
pub(super) fn start(draft: &Draft, to_root: &str, name: &str, failing: &str) -> String {
    let hooks = draft.hooks;
    format!("let {name} = {to_root}{hooks}::start().await{failing};")
}

/// What is called on `App::new()`.
pub(super) fn calls(draft: &Draft, to_root: &str, name: &str, boxes: bool) -> [String; 3] {
    let page = draft.page;
    let middleware = if boxes {
        let actix = &draft.actix;
        format!("{actix}::middleware::Compat::new({name}.middleware())")
    } else {
        format!("{name}.middleware()")
    };
    [
        format!(".wrap({middleware})"),
        format!(".configure({name}.routes())"),
        format!(".configure({name}.protected({to_root}{page}::protected))"),
    ]
}

/// The files that are edited, with their texts before and after.
pub(super) fn edits(
    package: &Package,
    sources: &Sources,
    draft: &Draft,
    server: &Server,
) -> Result<Vec<(String, String, String)>, Unsure> {
    let text_of = |path: &str| sources.find(path).map(|file| file.file.text.clone());
    let (Some(before), Some(root)) = (text_of(&server.file), text_of(&server.root)) else {
        return Err(unsure(&server.file, "it can't be read".to_owned()));
    };
    let after = edited(&server.file, before.clone(), |edit| {
        if let Some(closure) = &server.closure {
            edit.make_move(closure)?;
        }
        let boxes = needs_boxes(sources) && !server.is_last;
        let calls = calls(draft, server.to_root, server.name, boxes);
        edit.call_on(&server.app, &calls)?;
        let failing = match server.failing {
            Failing::Return => "?",
            Failing::Exit => ".unwrap_or_else(|_| std::process::exit(1))",
        };
        let start = start(draft, server.to_root, server.name, failing);
        edit.add_before(&server.statement, &start)
    })?;
    let declared = |text: String| {
        let text = edited(&server.root, text, |edit| edit.declare_module(draft.hooks))?;
        edited(&server.root, text, |edit| edit.declare_module(draft.page))
    };
    let files = if server.file == server.root {
        vec![(server.file.clone(), before, declared(after)?)]
    } else {
        let with_modules = declared(root.clone())?;
        vec![
            (server.root.clone(), root, with_modules),
            (server.file.clone(), before, after),
        ]
    };
    let formatted = files.into_iter().map(|(path, before, after)| {
        let after = format::as_before(&before, after, &package.edition, &package.root);
        (path, before, after)
    });
    Ok(formatted.collect())
}

fn edited(
    path: &str,
    text: String,
    edit: impl FnOnce(&mut Edit<'_>) -> Result<(), CannotEdit>,
) -> Result<String, Unsure> {
    let (file, _) = SourceFile::parse(path, text.into_bytes())
        .map_err(|reason| unsure(path, reason.to_string()))?;
    let after = Edit::of(&file).and_then(|mut edits| {
        edit(&mut edits)?;
        edits.finish()
    });
    after.map_err(|CannotEdit(reason)| unsure(path, reason))
}

fn unsure(path: &str, reason: String) -> Unsure {
    Unsure {
        file: Some(path.to_owned()),
        reason,
        app: None,
    }
}

/// Whether middleware of the app takes no other bodies than boxed ones.
pub(super) fn needs_boxes(sources: &Sources) -> bool {
    let mut bodies = Bodies(false);
    for file in &sources.files {
        bodies.visit_file(&file.syntax);
    }
    bodies.0
}

/// Looks for types that say `BoxBody`, or leave it out as `ServiceResponse` can.
struct Bodies(bool);

impl<'ast> Visit<'ast> for Bodies {
    fn visit_type_path(&mut self, path: &'ast TypePath) {
        if let Some(last) = path.path.segments.last() {
            self.0 |= last.ident == "BoxBody"
                || last.ident == "ServiceResponse" && last.arguments.is_empty();
        }
        visit::visit_type_path(self, path);
    }
}
