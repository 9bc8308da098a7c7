//! Where a new app shows its pages besides their routes: in the gallery of debug builds, which has
//! samples of all pages, and in the bar, which links to them. What an owner has made something else
//! of is left alone.

use syn::{Expr, ExprArray, ExprLit, ExprMethodCall, Item, ItemFn, Lit, Stmt, Visibility};

use crate::scaffold::{self, NewRoute, title_of};
use crate::source::{CannotEdit, Crate, Edit, Module, SourceFile};

use super::draft::handler_path;

/// The module with the gallery, the function that makes it, and the one that makes frames.
const SAMPLES: &str = "samples";
const GALLERY: &str = "gallery";
const FRAME: &str = "signed_in";
/// What renders a page for the gallery, beside its handler.
const SAMPLE: &str = "sample";
/// The module with the links of the bar, and what they are made of.
const NAVIGATION: [&str; 2] = ["views", "navigation"];
const LINKS: &str = "LINKS";
const LINK: &str = "Link";
const AUDIENCE: &str = "Audience";

/// A change of a file: its path, and its text before and after.
pub(in crate::commands) type Changed = (String, String, String);

/// What shows a new page, and why it isn't shown elsewhere.
#[derive(Default)]
pub(in crate::commands) struct Shown {
    pub(in crate::commands) changes: Vec<Changed>,
    pub(in crate::commands) notes: Vec<String>,
}

impl Shown {
    /// What shows a new page in the gallery and in the bar.
    pub(super) fn add(source: &Crate, routes: &[String], route: &NewRoute) -> Self {
        let mut shown = Self::default();
        let hidden = "/dev/views doesn't show the page";
        match gallery(source) {
            Some((file, function)) if route.has_sample() => {
                let state = state(routes, route);
                let edited = edited(file, |edit| edit.call_last(function, &state));
                shown.take(file, edited, hidden);
            }
            None if route.is_view() => shown.notes.push(format!(
                "{hidden}: no module `{SAMPLES}` has the functions `{FRAME}` and `{GALLERY}` of a \
                 new app"
            )),
            _ => {}
        }
        let unlinked = "the bar doesn't link to the page";
        match bar(source) {
            Some((file, array)) if route.has_link() => {
                let link = scaffold::link(route);
                let edited = edited(file, |edit| edit.push_element(array, &link));
                shown.take(file, edited, unlinked);
            }
            None if route.has_link() => shown.notes.push(format!(
                "{unlinked}: no module `{}` has the list `{LINKS}` of a new app",
                NAVIGATION.join("::")
            )),
            _ => {}
        }
        shown
    }

    /// What shows a page no longer, once that is removed: the gallery, and the links that `add
    /// route` has written.
    pub(in crate::commands) fn remove(
        source: &Crate,
        routes: &[String],
        module: &str,
        path: &str,
    ) -> Self {
        let mut shown = Self::default();
        let sample = handler_path(routes, module, SAMPLE);
        if let Some((file, function)) = gallery(source)
            && let Ok(sample) = syn::parse_str::<Expr>(&sample)
        {
            let is_its = |call: &ExprMethodCall| {
                call.method == "state" && call.args.len() == 4 && call.args.last() == Some(&sample)
            };
            let edited = edited(file, |edit| edit.uncall(function, is_its).map(|_| ()));
            shown.take(file, edited, &format!("the gallery still shows `{module}`"));
        }
        if let Some((file, array)) = bar(source) {
            let links = array.elems.iter().map(words_and_path);
            let found = links.enumerate().find_map(|(index, link)| {
                let (words, to) = link?;
                (to == path).then_some((index, words))
            });
            let linked = format!("the bar still links to {path}");
            match found {
                Some((index, words)) if words == title_of(module) => {
                    let edited = edited(file, |edit| edit.remove_element(array, index));
                    shown.take(file, edited, &linked);
                }
                Some((_, words)) => shown.notes.push(format!("{linked}, as “{words}”")),
                None => {}
            }
        }
        shown
    }

    /// The files as they will be.
    pub(in crate::commands) fn outcome(&self) -> impl Iterator<Item = (&str, Option<&String>)> {
        let changes = self.changes.iter();
        changes.map(|(path, _, after)| (path.as_str(), Some(after)))
    }

    fn take(&mut self, file: &SourceFile, edited: Result<String, CannotEdit>, otherwise: &str) {
        let path = &file.path;
        match edited {
            Ok(after) => {
                let change = (path.clone(), file.text.clone(), after);
                self.changes.push(change);
            }
            Err(CannotEdit(reason)) => {
                let note = format!("{otherwise}: {path} can't be edited safely: {reason}");
                self.notes.push(note);
            }
        }
    }
}

/// Whether there is a gallery that a page can be added to.
pub(super) fn has_gallery(source: &Crate) -> bool {
    gallery(source).is_some()
}

/// The call that shows a page in the gallery.
pub(super) fn state(routes: &[String], route: &NewRoute) -> String {
    scaffold::state(route, &handler_path(routes, &route.module, SAMPLE))
}

fn edited(
    file: &SourceFile,
    change: impl FnOnce(&mut Edit<'_>) -> Result<(), CannotEdit>,
) -> Result<String, CannotEdit> {
    let mut edit = Edit::of(file)?;
    change(&mut edit)?;
    edit.finish()
}

/// The function that makes the gallery, if it ends in a chain of calls and handlers can ask its
/// module for a frame.
fn gallery(source: &Crate) -> Option<(&SourceFile, &ItemFn)> {
    let module = only_module(source, &[SAMPLES])?;
    let functions = || {
        module.items.iter().filter_map(|item| match item {
            Item::Fn(function) => Some(function),
            _ => None,
        })
    };
    let makes_frames = functions().any(|function| {
        function.sig.ident == FRAME
            && !matches!(function.vis, Visibility::Inherited)
            && function.sig.inputs.len() == 1
            && function.sig.asyncness.is_none()
    });
    let function = functions().find(|function| function.sig.ident == GALLERY)?;
    let is_chain = matches!(
        function.block.stmts.last(),
        Some(Stmt::Expr(Expr::MethodCall(_), None))
    );
    (makes_frames && is_chain).then_some((source.file_of(module)?, function))
}

/// The list of links in the bar.
fn bar(source: &Crate) -> Option<(&SourceFile, &ExprArray)> {
    let module = only_module(source, &NAVIGATION)?;
    let has = |name: &str| {
        module.items.iter().any(|item| match item {
            Item::Struct(item) => item.ident == name,
            Item::Enum(item) => item.ident == name,
            _ => false,
        })
    };
    let array = module.items.iter().find_map(|item| match item {
        Item::Const(item) if item.ident == LINKS => match &*item.expr {
            Expr::Reference(list) => match &*list.expr {
                Expr::Array(array) => Some(array),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })?;
    (has(LINK) && has(AUDIENCE)).then_some((source.file_of(module)?, array))
}

/// The one module of this path, if it has a file of its own.
fn only_module<'a>(source: &'a Crate, path: &[&str]) -> Option<&'a Module> {
    let path: Vec<String> = path.iter().map(|&name| name.to_owned()).collect();
    let mut modules = source.modules_at(&path);
    let module = modules.next().filter(|module| !module.is_inline)?;
    modules.next().is_none().then_some(module)
}

/// The words and the path of a link, `Link::to("Reports", "/reports", …)`.
fn words_and_path(element: &Expr) -> Option<(String, String)> {
    let Expr::Call(call) = element else {
        return None;
    };
    let mut strings = call.args.iter().map(|argument| match argument {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    });
    Some((strings.next()??, strings.next()??))
}
