//! Who else uses a route or its files. The modules of the app's library are looked at name by
//! name; of other code (programs, tests, benchmarks, other packages) only the paths are known, and
//! of files only how they are named in strings.

use proc_macro2::{Literal, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Meta};

use crate::source::{flatten, globs, imports, is_for_tests, names_of, plain_name};

/// A route's module, as code outside of the library names it.
#[derive(Clone, Copy)]
pub(super) struct Named<'n> {
    pub(super) name: &'n str,
    /// The name of the module that it is in.
    pub(super) above: &'n str,
}

impl Named<'_> {
    /// The lines in which some code leads into the module. `is_near`: the code may also get there
    /// by `super` or `self`; `is_above`: it stands in the module above.
    pub(super) fn lines_in(self, items: &[Item], is_near: bool, is_above: bool) -> Vec<usize> {
        let mut imported = Imports::default();
        for item in items {
            imported.visit_item(item);
        }
        let mut paths = Paths {
            named: self,
            imported,
            is_near,
            is_above,
            lines: Vec::new(),
        };
        for item in items {
            paths.visit_item(item);
        }
        paths.lines
    }

    /// The lines in which tokens, whatever they become, lead into the module.
    pub(super) fn lines_in_tokens(self, tokens: TokenStream) -> Vec<usize> {
        let tokens = flatten(tokens);
        let text = |index: Option<usize>| {
            let token = index.and_then(|index| tokens.get(index));
            match token {
                Some((_, Some(TokenTree::Ident(ident)))) => plain_name(ident),
                Some((_, Some(token))) => token.to_string(),
                _ => String::new(),
            }
        };
        let mut lines = Vec::new();
        for (index, (span, _)) in tokens.iter().enumerate() {
            if text(Some(index)) != self.name {
                continue;
            }
            let before = |count| text(index.checked_sub(count));
            let is_below = before(1) == ":" && before(2) == ":";
            let above = before(3);
            // A field or a variable comes before a single colon.
            let is_followed = text(Some(index + 1)) == ":" && text(Some(index + 2)) == ":";
            let leads_there = if is_below {
                above == self.above || matches!(above.as_str(), "self" | "super")
            } else {
                is_followed
            };
            if leads_there {
                lines.push(span.start().line);
            }
        }
        lines
    }

    /// The lines in which an attribute leads there, by a path or by a string with one.
    pub(super) fn lines_in_attribute(self, attribute: &Attribute) -> Vec<usize> {
        let strings = strings_of(attribute).into_iter();
        let named = strings.filter(|(_, text)| self.is_in_string(text));
        let by_path = match &attribute.meta {
            Meta::List(list) => self.lines_in_tokens(list.tokens.clone()),
            _ => Vec::new(),
        };
        named.map(|(line, _)| line).chain(by_path).collect()
    }

    /// Whether a string is a path of code that leads into the module, as attributes have it.
    fn is_in_string(self, text: &str) -> bool {
        let parts: Vec<&str> = text.split("::").map(str::trim).collect();
        parts.windows(2).enumerate().any(|(index, pair)| {
            let is_first = index == 0 && pair.first() == Some(&self.name);
            is_first || *pair == [self.above, self.name]
        })
    }
}

/// The imports of some code, also those inside functions and modules.
#[derive(Default)]
struct Imports {
    named: Vec<(String, Vec<String>)>,
    globs: Vec<Vec<String>>,
}

impl Imports {
    /// A path with the imports in it resolved.
    fn expanded(&self, path: &[String]) -> Vec<String> {
        let mut path = path.to_vec();
        // Imports of imports; a cycle would never end.
        for _ in 0..8 {
            let Some((first, rest)) = path.split_first() else {
                break;
            };
            let import = self.named.iter().find(|(bound, _)| bound == first);
            match import {
                Some((_, from)) if from.last() != Some(first) || from.len() > 1 => {
                    path = [&from[..], rest].concat();
                }
                _ => break,
            }
        }
        path
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.named.extend(imports(&item.tree));
        self.globs.extend(globs(&item.tree));
    }
}

struct Paths<'n> {
    named: Named<'n>,
    imported: Imports,
    is_near: bool,
    is_above: bool,
    lines: Vec<usize>,
}

impl Paths<'_> {
    /// Whether a path leads into the module; `longest`: how much of it may be the module's own.
    fn leads_there(&self, path: &[String], longest: usize) -> bool {
        let own = path.get(..longest).unwrap_or_default();
        let is_brought = || {
            let mut globs = self
                .imported
                .globs
                .iter()
                .map(|path| self.imported.expanded(path));
            globs.any(|path| path.last().is_some_and(|last| self.is_above_it(last)))
        };
        let first = own.first().is_some_and(|first| first == self.named.name);
        if first && (self.is_above || is_brought()) {
            return true;
        }
        let rest = path.get(longest..).unwrap_or_default();
        let path = [&self.imported.expanded(own)[..], rest].concat();
        let longest = path.len() - rest.len();
        path.windows(2).take(longest.saturating_sub(1)).any(|pair| {
            matches!(pair, [above, name] if name == self.named.name && self.is_above_it(above))
        })
    }

    fn is_above_it(&self, name: &str) -> bool {
        name == self.named.above || (self.is_near && matches!(name, "self" | "super"))
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let named = imports(&item.tree).into_iter().map(|(_, path)| path);
        let mut paths = named.chain(globs(&item.tree));
        if paths.any(|path| self.leads_there(&path, path.len())) {
            self.lines.push(item.span().start().line);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = names_of(path);
        if self.leads_there(&names, names.len().saturating_sub(1)) {
            self.lines.push(path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.lines
            .extend(self.named.lines_in_tokens(call.tokens.clone()));
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        self.lines.extend(self.named.lines_in_attribute(attribute));
    }
}

/// The items of a file that are compiled for tests only, which the library isn't read with.
pub(super) fn test_items(items: &[Item]) -> Vec<Item> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Mod(module) if is_for_tests(&module.attrs) => found.push(item.clone()),
            Item::Mod(module) => {
                let inner = module.content.as_ref().map(|(_, items)| test_items(items));
                found.extend(inner.unwrap_or_default());
            }
            _ => {}
        }
    }
    found
}

/// The strings of some code, each with its line. Documentation isn't among them.
pub(super) fn strings_in(items: &[Item]) -> Vec<(usize, String)> {
    struct Strings(Vec<(usize, String)>);
    impl<'ast> Visit<'ast> for Strings {
        fn visit_lit_str(&mut self, string: &'ast syn::LitStr) {
            self.0.push((string.span().start().line, string.value()));
        }

        fn visit_macro(&mut self, call: &'ast syn::Macro) {
            self.0.extend(strings_in_tokens(call.tokens.clone()));
        }

        fn visit_attribute(&mut self, attribute: &'ast Attribute) {
            self.0.extend(strings_of(attribute));
        }
    }
    let mut strings = Strings(Vec::new());
    for item in items {
        strings.visit_item(item);
    }
    strings.0
}

/// The strings of an attribute, if it isn't documentation.
fn strings_of(attribute: &Attribute) -> Vec<(usize, String)> {
    match &attribute.meta {
        _ if attribute.path().is_ident("doc") => Vec::new(),
        Meta::Path(_) => Vec::new(),
        Meta::List(list) => strings_in_tokens(list.tokens.clone()),
        Meta::NameValue(pair) => strings_in_tokens(quote::ToTokens::to_token_stream(&pair.value)),
    }
}

fn strings_in_tokens(tokens: TokenStream) -> Vec<(usize, String)> {
    let tokens = flatten(tokens).into_iter();
    tokens
        .filter_map(|(span, token)| match token {
            Some(TokenTree::Literal(literal)) => Some((span.start().line, string(literal)?)),
            _ => None,
        })
        .collect()
}

fn string(literal: Literal) -> Option<String> {
    match syn::Lit::new(literal) {
        syn::Lit::Str(string) => Some(string.value()),
        _ => None,
    }
}

/// Whether a text names a file of the app: by its whole path, or by an end of it.
pub(super) fn names_file(text: &str, file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    text.match_indices(name).any(|(at, _)| {
        let is_part = |character: char| character.is_alphanumeric() || "_-.".contains(character);
        let after = text.get(at + name.len()..).unwrap_or_default();
        if after
            .chars()
            .next()
            .is_some_and(|next| is_part(next) && next != '.')
        {
            return false;
        }
        let before = text.get(..at).unwrap_or_default();
        let folders = before
            .rsplit(|character| !is_part(character) && character != '/')
            .next()
            .unwrap_or_default();
        let is_whole = folders.is_empty() || folders.ends_with('/');
        let mut folders: Vec<&str> = folders.split('/').collect();
        folders.retain(|folder| !matches!(*folder, "" | "." | ".."));
        let known: Vec<&str> = file.split('/').rev().skip(1).collect();
        let mut pairs = folders.iter().rev().zip(&known);
        is_whole && pairs.all(|(one, other)| one == other)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that fails")]
mod tests {
    use super::{Named, names_file};

    #[test]
    fn files_are_named_by_their_path_or_an_end_of_it() {
        let file = "templates/reports.html";
        for text in [
            "reports.html",
            "../templates/reports.html",
            "/templates/reports.html",
            "{% include \"reports.html\" %}",
            "see ./reports.html.",
            "/home/me/app/templates/reports.html",
        ] {
            assert!(names_file(text, file), "{text}");
        }
        for text in [
            "monthly-reports.html",
            "admin/reports.html",
            "reports.html5",
            "reports_html",
            "é-reports.html",
        ] {
            assert!(!names_file(text, file), "{text}");
        }
    }

    #[test]
    fn code_elsewhere_names_a_module_by_any_path_to_it() {
        let named = Named {
            name: "reports",
            above: "routes",
        };
        let lines = |code: &str, is_near| {
            let syntax = syn::parse_file(code).unwrap();
            named.lines_in(&syntax.items, is_near, false)
        };
        for code in [
            "fn f() { app::routes::reports::show; }",
            "use app::routes::reports;",
            "use app::routes::{home, reports::show};",
            "use app::{routes::{self, reports}, x};",
            "use app::routes as r; fn f() { r::reports::show; }",
            "use app::routes::*; fn f() { reports::show; }",
            "use app::routes::reports::*;",
            "fn f() { println!(\"{}\", app::routes::reports::NAME); }",
            "fn f() { use app::routes; g(|| routes::reports::show); }",
            "struct A { #[serde(with = \"app::routes::reports\")] b: u8 }",
        ] {
            assert_eq!(lines(code, false), [1], "{code}");
        }
        assert_eq!(lines("fn f() { super::reports::send; }", true), [1]);
        for code in [
            "fn f() { super::reports::send; }",
            "mod reports {} use self::reports;",
            "fn f(reports: u8) { reports; a.reports; b(reports); }",
            "use other::reports; fn f() { reports::x; }",
            "fn f() { routes::reports(); }",
            "/// app::routes::reports\nfn f() { g(A { reports: 1 }); vec![A { reports: 1 }]; }",
        ] {
            assert!(lines(code, false).is_empty(), "{code}");
        }
    }
}
