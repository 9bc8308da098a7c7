//! The plan, file by file. Whatever keeps one of them from being written ends it, with all that
//! would have to be done by hand.

use syn::spanned::Spanned as _;
use syn::{ImplItem, Item};

use super::{manifest, original, recorded, with_line_ends_of};
use crate::commands::plan::Planned;
use crate::database::{
    APP, APP_PIECES, BUILD, DATABASE_TESTS, GONE, HOOK_BEFORE, HOOK_METHODS, HOOKS, Kind, Piece,
    RERUN, SUPPORT, UNUSED_IMPORT, UNUSED_IMPORT_PIECE, USERS, USERS_TESTS,
};
use crate::error::{Error, ManualSteps, Step};
use crate::project::{Project, RECORD};
use crate::source::{CannotEdit, Edit, SourceFile, count, swap};

const MANIFEST: &str = "Cargo.toml";
const LIBRARY: &str = "src/lib.rs";
const TESTS: &str = "tests/it/main.rs";
const MIGRATIONS: &str = "migrations";

/// Everything that will be written, and what the owner has to know of it.
pub(super) struct Draft {
    pub(super) planned: Planned,
    pub(super) notes: Vec<String>,
}

/// Drafts everything.
pub(super) fn draft(project: &Project, kind: Kind, record: &str) -> Result<Draft, Error> {
    let mut app = App {
        project,
        kind,
        planned: Planned::default(),
        notes: Vec::new(),
        is_tested: project.has(SUPPORT),
    };
    if project.is_initialized()? {
        let reason = "it has no records of people as new apps have them";
        return Err(app.refusal("the app", CannotEdit(reason.to_owned()))?);
    }
    app.check_what_is_there()?;
    app.add_files()?;
    app.replace_files()?;
    app.edit_code()?;
    app.edit_manifest()?;
    app.edit_texts()?;
    match recorded(record, kind) {
        Some(after) => app
            .planned
            .push(RECORD, Some(record.to_owned()), Some(after)),
        None => return Err(app.refusal(RECORD, CannotEdit("`added` is no table".to_owned()))?),
    }
    Ok(Draft {
        planned: app.planned,
        notes: app.notes,
    })
}

/// The app that gets a database.
struct App<'a> {
    project: &'a Project,
    kind: Kind,
    planned: Planned,
    notes: Vec<String>,
    /// Whether it has the helpers that its tests start it with.
    is_tested: bool,
}

impl App<'_> {
    /// What is in the way of new files.
    fn check_what_is_there(&self) -> Result<(), Error> {
        let mut found = Vec::new();
        for (path, _) in self.kind.new_files()? {
            if path != BUILD && self.project.has(path) {
                found.push(format!("{path} already exists"));
            }
        }
        for path in self.project.files_below(MIGRATIONS, "")? {
            found.push(format!("{path} already exists, and sqlx would apply it"));
        }
        found.dedup();
        if found.is_empty() {
            Ok(())
        } else {
            Err(Error::DatabaseConflict(found))
        }
    }

    fn add_files(&mut self) -> Result<(), Error> {
        for (path, text) in self.kind.new_files()? {
            if path == BUILD && self.project.has(BUILD) {
                let known = self.read(BUILD)?.unwrap_or_default();
                if !known.contains(RERUN) {
                    let reason = "the app has one, which has to watch `migrations/` too; \
                                  write that line yourself, then run this again";
                    let reason = CannotEdit(reason.to_owned());
                    return Err(self.refusal(BUILD, reason)?);
                }
            } else if path != DATABASE_TESTS || self.is_tested {
                self.planned.push(path, None, Some(text));
            }
        }
        Ok(())
    }

    fn replace_files(&mut self) -> Result<(), Error> {
        for (path, text) in self.kind.replaced_files()? {
            let Some(before) = self.read(path)? else {
                if path == USERS_TESTS {
                    continue;
                }
                let reason = CannotEdit("it doesn't exist".to_owned());
                return Err(self.refusal(path, reason)?);
            };
            if Some(before.replace("\r\n", "\n").as_str()) != original(path) {
                let reason = match path {
                    USERS_TESTS => {
                        "it was edited, and tests the file that goes; move your tests to another \
                         file and delete this one, then run this again"
                    }
                    _ => "it was edited, and another file has to take its place",
                };
                let reason = CannotEdit(reason.to_owned());
                return Err(self.refusal(path, reason)?);
            }
            let after = with_line_ends_of(&before, &text);
            self.planned.push(path, Some(before), Some(after));
        }
        Ok(())
    }

    fn edit_code(&mut self) -> Result<(), Error> {
        self.edit(LIBRARY, |file| declared(file, "database"))?;
        self.edit(APP, |file| {
            if count(file, "database") > 0 {
                return Err(CannotEdit(
                    "it has something called `database` already".to_owned(),
                ));
            }
            let pieces: Vec<_> = APP_PIECES.iter().map(|it| (it.old, it.new)).collect();
            let after = swap(file, &pieces)?;
            let (file, _) = SourceFile::parse(APP, after.into_bytes())
                .map_err(|reason| CannotEdit(reason.to_string()))?;
            // Only the setting that is gone may have needed it.
            match count(&file, UNUSED_IMPORT) {
                1 => swap(&file, &[UNUSED_IMPORT_PIECE]),
                _ => Ok(file.text),
            }
        })?;
        self.edit(HOOKS, with_hooks)?;
        if self.is_tested {
            let Piece { old, new, .. } = self.kind.support_piece();
            self.edit(SUPPORT, |file| swap(file, &[(old, new)]))?;
        }
        if self.kind == Kind::Postgres && self.is_tested {
            self.edit(TESTS, |file| declared(file, "database"))?;
        }
        self.check_names()
    }

    /// Whether other code uses what goes.
    fn check_names(&self) -> Result<(), Error> {
        for path in self.other_code()? {
            let Some(file) = self.source(&path)? else {
                continue;
            };
            if let Some(gone) = GONE.iter().find(|gone| count(&file, gone) > 0) {
                let reason = CannotEdit(format!(
                    "it uses `{gone}`, which there isn't over a database"
                ));
                return Err(self.refusal(&path, reason)?);
            }
            if makes_accounts(&file) {
                let reason = CannotEdit(
                    "it names each field of an `Account`, and there will be one more, `roles`"
                        .to_owned(),
                );
                return Err(self.refusal(&path, reason)?);
            }
        }
        Ok(())
    }

    /// The app's code that is neither replaced nor made of pieces that are.
    fn other_code(&self) -> Result<Vec<String>, Error> {
        let mut code = self.project.code()?;
        code.retain(|path| ![APP, USERS, USERS_TESTS].contains(&path.as_str()));
        Ok(code)
    }

    fn edit_manifest(&mut self) -> Result<(), Error> {
        let mut drop_redb = true;
        for path in self.other_code()? {
            if let Some(file) = self.source(&path)? {
                drop_redb &= count(&file, "redb") == 0;
            }
        }
        let before = self.read(MANIFEST)?.ok_or(Error::NoFile(MANIFEST))?;
        match manifest::with(&before, self.kind, drop_redb) {
            Ok(after) => self.planned.push(MANIFEST, Some(before), Some(after)),
            Err(reason) => return Err(self.refusal(MANIFEST, reason)?),
        }
        Ok(())
    }

    /// Replaces what is as the template has it, and notes what isn't.
    fn edit_texts(&mut self) -> Result<(), Error> {
        let pieces = self.kind.text_pieces();
        let mut files: Vec<&str> = pieces.iter().map(|piece| piece.file).collect();
        files.dedup();
        files.sort_unstable();
        files.dedup();
        for path in files {
            let Some(before) = self.read(path)? else {
                continue;
            };
            let mut after = before.replace("\r\n", "\n");
            for piece in pieces.iter().filter(|piece| piece.file == path) {
                if after.matches(piece.old).count() == 1 {
                    after = after.replace(piece.old, piece.new);
                } else {
                    self.notes.push(format!(
                        "{path} was edited; write this {}:\n{}",
                        piece.place,
                        piece.new.trim_end()
                    ));
                }
            }
            let after = with_line_ends_of(&before, &after);
            self.planned.push(path, Some(before), Some(after));
        }
        Ok(())
    }

    /// Plans an edit of a file of code.
    fn edit(
        &mut self,
        path: &str,
        edit: impl FnOnce(&SourceFile) -> Result<String, CannotEdit>,
    ) -> Result<(), Error> {
        let after = match self.source(path)? {
            Some(file) => edit(&file).map(|after| (file.text, after)),
            None => Err(CannotEdit("it doesn't exist".to_owned())),
        };
        match after {
            Ok((before, after)) => self.planned.push(path, Some(before), Some(after)),
            Err(reason) => return Err(self.refusal(path, reason)?),
        }
        Ok(())
    }

    /// A file of code; `None` if there is none.
    fn source(&self, path: &str) -> Result<Option<SourceFile>, Error> {
        let Some(bytes) = self.project.read(path)? else {
            return Ok(None);
        };
        match SourceFile::parse(path, bytes) {
            Ok((file, _)) => Ok(Some(file)),
            Err(reason) => Err(self.refusal(path, CannotEdit(reason.to_string()))?),
        }
    }

    fn read(&self, path: &str) -> Result<Option<String>, Error> {
        let bytes = self.project.read(path)?;
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|_| Error::NotUtf8(path.to_owned()))
    }

    /// That a file can't be edited, with everything as it is done by hand.
    fn refusal(&self, file: &str, CannotEdit(reason): CannotEdit) -> Result<Error, Error> {
        Ok(Error::CannotEdit {
            file: file.to_owned(),
            reason,
            by_hand: steps(self.kind)?,
        })
    }
}

/// A file that declares one module more.
fn declared(file: &SourceFile, module: &str) -> Result<String, CannotEdit> {
    let mut edit = Edit::of(file)?;
    if edit
        .items()
        .iter()
        .any(|item| matches!(item, Item::Mod(it) if it.ident == module))
    {
        return Err(CannotEdit(format!("it has a module `{module}` already")));
    }
    edit.declare_module(module)?;
    edit.finish()
}

/// The hooks, with what the database says.
fn with_hooks(file: &SourceFile) -> Result<String, CannotEdit> {
    let cannot = |reason: &str| Err(CannotEdit(reason.to_owned()));
    if count(file, "type Context = Account;") == 0 || count(file, "self.users") == 0 {
        return cannot("the context of its hooks is no longer an `Account` from `self.users`");
    }
    if ["fn roles", "fn check_health"]
        .iter()
        .any(|it| count(file, it) > 0)
    {
        return cannot("it has `roles` or `check_health` already");
    }
    let (_, syntax) = SourceFile::parse(&file.path, file.text.clone().into_bytes())
        .map_err(|reason| CannotEdit(reason.to_string()))?;
    let mut hooks = syntax.items.iter().filter_map(|item| match item {
        Item::Impl(item) => {
            let (of, _) = item.trait_.as_ref()?;
            (of.segments.last()?.ident == "Hooks").then_some(item)
        }
        _ => None,
    });
    let (Some(hooks), None) = (hooks.next(), hooks.next()) else {
        return cannot("it doesn't have just one `impl Hooks`");
    };
    let mut methods = hooks.items.iter().filter(|item| match item {
        ImplItem::Fn(item) => item.sig.ident == HOOK_BEFORE,
        _ => false,
    });
    let Some(method) = methods.next() else {
        return cannot("it has no `add_user_context`");
    };
    let range = file.range(method.span());
    let written = file.text.get(range).unwrap_or_default();
    swap(file, &[(written, &format!("{written}\n\n{HOOK_METHODS}"))])
}

/// Whether code makes an account, or takes one apart, by naming its fields.
fn makes_accounts(file: &SourceFile) -> bool {
    struct Seen(bool);
    impl<'ast> syn::visit::Visit<'ast> for Seen {
        fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
            self.0 |= is_account(&made.path) && made.rest.is_none();
            syn::visit::visit_expr_struct(self, made);
        }

        fn visit_pat_struct(&mut self, taken: &'ast syn::PatStruct) {
            self.0 |= is_account(&taken.path) && taken.rest.is_none();
            syn::visit::visit_pat_struct(self, taken);
        }
    }
    fn is_account(path: &syn::Path) -> bool {
        path.segments
            .last()
            .is_some_and(|last| last.ident == "Account")
    }
    let mut seen = Seen(false);
    if let Ok((_, syntax)) = SourceFile::parse(&file.path, file.text.clone().into_bytes()) {
        syn::visit::Visit::visit_file(&mut seen, &syntax);
    }
    seen.0
}

/// Everything, as it is done by hand.
fn steps(kind: Kind) -> Result<ManualSteps, Error> {
    let step = |place: String, lines: &str| Step {
        place,
        lines: lines.to_owned(),
    };
    let mut steps = vec![step(
        format!("in {MANIFEST}, below `[dependencies]`"),
        &manifest::line(kind),
    )];
    for (path, text) in kind.new_files()? {
        steps.push(step(format!("in {path}, which is new"), &text));
    }
    for (path, text) in kind.replaced_files()? {
        steps.push(step(format!("in {path}, in place of what it has"), &text));
    }
    steps.push(step(format!("in {LIBRARY}"), "pub mod database;"));
    let support = kind.support_piece();
    for piece in APP_PIECES.iter().chain([&support]) {
        let place = format!("in {}, {}", piece.file, piece.place);
        steps.push(match piece.new {
            "" => step(format!("{place}, nothing"), ""),
            new => step(place, new),
        });
    }
    steps.push(step(
        format!("in {HOOKS}, below `{HOOK_BEFORE}`"),
        HOOK_METHODS,
    ));
    if kind == Kind::Postgres {
        steps.push(step(format!("in {TESTS}"), "mod database;"));
    }
    for piece in kind.text_pieces() {
        let place = format!("in {}, {}", piece.file, piece.place);
        steps.push(step(place, piece.new));
    }
    let added = format!("[added]\ndatabase = \"{}\"", kind.name());
    steps.push(step(format!("in {RECORD}"), &added));
    Ok(ManualSteps(steps))
}
