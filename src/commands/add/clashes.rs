//! What in the app is in the way of a new name: something that has it already, macros that may make
//! something of that name, and code that would mean another thing by it.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, ItemUse, Visibility};

use crate::error::Error;
use crate::project::Project;
use crate::source::{
    Crate, Def, Module, Scope, SourceFile, Want, flatten, globs, imports, is_visible, plain_name,
};

/// A name that a module is to get.
pub(super) struct NewName<'a> {
    pub(super) name: &'a str,
    /// What it will be.
    pub(super) wants: &'a [Want],
    /// Where it goes.
    pub(super) home: &'a Module,
}

/// Why a module below the module of routes can't have this name, if so.
pub(super) fn name_taken(source: &Crate, routes: &[String], name: &str) -> Option<String> {
    let module = source.modules_at(routes).next()?;
    if !source.is_free(module, name, Want::Type) {
        let routes = routes.join("::");
        return Some(format!("`{routes}` already has something called `{name}`"));
    }
    let file = source.file_of(module).map_or("", |file| file.path.as_str());
    if FirstNames::of(module.items, name).followed {
        return Some(format!("{file} uses a crate called `{name}`"));
    }
    macro_that_may_make(source, module, name)
        .map(|call| format!("the macro `{call}!` in {file} may make something called `{name}`"))
}

/// The macro at the top level of a module that may expand to an item of this name, as far as the
/// source of the app shows it.
pub(super) fn macro_that_may_make(source: &Crate, module: &Module, name: &str) -> Option<String> {
    module.items.iter().find_map(|item| {
        let Item::Macro(item) = item else { return None };
        let call = item.mac.path.segments.last()?.ident.to_string();
        let may_make = call == "include"
            || has_word(item.mac.tokens.clone(), name)
            || definitions(source, &call).any(|rules| has_word(rules, name));
        may_make.then_some(call)
    })
}

/// Whether some code has a word in it.
pub(super) fn has_word(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => plain_name(&ident) == word,
        TokenTree::Group(group) => has_word(group.stream(), word),
        _ => false,
    })
}

/// The rules of the app's own macros of this name.
fn definitions<'a>(source: &'a Crate, name: &'a str) -> impl Iterator<Item = TokenStream> + 'a {
    let items = source.modules.iter().flat_map(|module| module.items);
    items.filter_map(move |item| match item {
        Item::Macro(item) if item.ident.as_ref().is_some_and(|ident| ident == name) => {
            Some(item.mac.tokens.clone())
        }
        _ => None,
    })
}

/// Code that gets all names of a module by a glob, and would mean something else by the new one.
pub(super) fn misunderstood(
    project: &Project,
    source: &Crate,
    new: &NewName<'_>,
    visibility: &Visibility,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for module in source.all_modules() {
        let has_it = !std::ptr::eq(module, new.home)
            && is_visible(visibility, &new.home.path, &module.path)
            && takes_all(source, module, new.home);
        if has_it && let Some(reason) = other_meaning(source, module, new) {
            let file = source.file_of(module).map_or("", |file| file.path.as_str());
            found.push(format!("{file} {reason}"));
        }
    }
    let is_read = |path: &String| source.files.iter().any(|file| file.path == *path);
    let Some(last) = new.home.path.last() else {
        return Ok(found);
    };
    for path in project.code()?.into_iter().filter(|path| !is_read(path)) {
        let Some(items) = items_that_name(project, &path, new.name)? else {
            continue;
        };
        let mut uses = Uses::default();
        for item in &items {
            uses.visit_item(item);
        }
        let takes_all = uses.globs.iter().any(|path| path.last() == Some(last));
        let names = FirstNames::of(&items, new.name);
        if takes_all && names.are_used(new.wants) && !uses.bound.iter().any(|it| it == new.name) {
            found.push(format!("{path} {}", hidden(new.name)));
        }
    }
    Ok(found)
}

/// The items of a file, if a word is in it.
fn items_that_name(project: &Project, path: &str, word: &str) -> Result<Option<Vec<Item>>, Error> {
    let bytes = project.read(path)?.unwrap_or_default();
    if !String::from_utf8_lossy(&bytes).contains(word) {
        return Ok(None);
    }
    Ok(SourceFile::parse(path, bytes)
        .ok()
        .map(|(_, syntax)| syntax.items))
}

fn hidden(name: &str) -> String {
    format!("uses a `{name}` from elsewhere, which the new one would hide there")
}

/// Whether a module, or a function in it, gets all names of another one.
fn takes_all(source: &Crate, module: &Module, home: &Module) -> bool {
    if source.takes_all_of(module, home) {
        return true;
    }
    let mut uses = Uses::default();
    for item in module.items {
        uses.visit_item(item);
    }
    let scope = Scope::of(module);
    uses.globs.iter().any(|path| {
        let found = source.find(&scope, path, Want::Type);
        found.iter().any(|def| match def {
            Def::Module(from) => std::ptr::eq(*from, home) || source.takes_all_of(from, home),
            _ => false,
        })
    })
}

/// What else a module means by a name that it would now get by a glob too.
fn other_meaning(source: &Crate, module: &Module, new: &NewName<'_>) -> Option<String> {
    let name = new.name;
    let open = new.wants.iter();
    // What is written out goes before what globs bring.
    let mut open = open.filter(|want| !source.is_named_in(module, name, **want));
    let is_brought = open
        .clone()
        .any(|want| !source.is_free(module, name, *want));
    if is_brought {
        return Some(format!(
            "gets another `{name}` by a glob, so there it could mean either"
        ));
    }
    let is_used = FirstNames::of(module.items, name).are_used(new.wants);
    (open.next().is_some() && is_used).then(|| hidden(name))
}

/// The imports in some code, also those inside functions.
#[derive(Default)]
struct Uses {
    globs: Vec<Vec<String>>,
    bound: Vec<String>,
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {
        // Modules are looked at one by one.
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.globs.extend(globs(&item.tree));
        let bound = imports(&item.tree).into_iter().map(|(bound, _)| bound);
        self.bound.extend(bound);
    }
}

/// Whether paths in some code begin with a name.
pub(super) struct FirstNames<'n> {
    name: &'n str,
    /// Some do, and more follows.
    pub(super) followed: bool,
    /// Some are nothing but the name.
    pub(super) alone: bool,
}

impl<'n> FirstNames<'n> {
    pub(super) fn of(items: &[Item], name: &'n str) -> Self {
        let mut names = Self {
            name,
            followed: false,
            alone: false,
        };
        for item in items {
            names.visit_item(item);
        }
        names
    }

    /// Whether they are used as something that will be there: of a module more must follow.
    fn are_used(&self, wants: &[Want]) -> bool {
        self.followed || (self.alone && wants.contains(&Want::Value))
    }

    fn is_it(&self, ident: &syn::Ident) -> bool {
        plain_name(ident) == self.name
    }
}

impl<'ast> Visit<'ast> for FirstNames<'_> {
    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let first = match &item.tree {
            syn::UseTree::Path(path) => Some(&path.ident),
            syn::UseTree::Name(name) => Some(&name.ident),
            syn::UseTree::Rename(rename) => Some(&rename.ident),
            _ => None,
        };
        self.followed |=
            item.leading_colon.is_none() && first.is_some_and(|first| self.is_it(first));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
            && self.is_it(&first.ident)
        {
            self.followed |= path.segments.len() > 1;
            self.alone |= path.segments.len() == 1;
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let tokens = flatten(call.tokens.clone());
        let is_colon = |index: Option<usize>| {
            let token = index.and_then(|index| tokens.get(index));
            matches!(token, Some((_, Some(TokenTree::Punct(mark)))) if mark.as_char() == ':')
        };
        self.followed |= tokens.iter().enumerate().any(|(index, (_, token))| {
            // A field or a variable comes before a single colon.
            matches!(token, Some(TokenTree::Ident(ident)) if self.is_it(ident))
                && !is_colon(index.checked_sub(1))
                && is_colon(Some(index + 1))
                && is_colon(Some(index + 2))
        });
        visit::visit_macro(self, call);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        // It may name a constant: `None`.
        self.alone |= self.is_it(&pattern.ident);
        visit::visit_pat_ident(self, pattern);
    }
}
