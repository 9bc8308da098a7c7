//! The app's own code, from the roots of its crates on.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::Item;
use toml_edit::Item as TomlItem;

use super::package::Package;
use crate::error::Error;
use crate::project::Project;
use crate::source::{SourceFile, is_for_tests};

/// A file that could be parsed.
pub(super) struct File {
    pub(super) file: SourceFile,
    pub(super) syntax: syn::File,
    /// The files at the roots of the crates that it is part of.
    pub(super) roots: Vec<String>,
}

/// The files of all crates of the package but its tests, examples and benchmarks.
pub(super) struct Sources {
    pub(super) files: Vec<File>,
    /// Those that can't be parsed, with the reason.
    pub(super) unreadable: Vec<String>,
    /// The name by which they call actix-web.
    pub(super) actix: String,
}

impl Sources {
    pub(super) fn read(package: &Package) -> Result<Self, Error> {
        let mut read = Self {
            files: Vec::new(),
            unreadable: Vec::new(),
            actix: package.actix.clone(),
        };
        for root in roots(package)? {
            let folder = folder_of(&root).to_owned();
            read.add(&package.project, &root, &root, &folder)?;
        }
        Ok(read)
    }

    pub(super) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.file.path == path)
    }

    /// Adds a file with its child modules, whose files are in `folder`.
    fn add(
        &mut self,
        project: &Project,
        path: &str,
        root: &str,
        folder: &str,
    ) -> Result<bool, Error> {
        if let Some(known) = self.files.iter_mut().find(|file| file.file.path == path) {
            if !known.roots.iter().any(|known| known == root) {
                known.roots.push(root.to_owned());
                let items = known.syntax.items.clone();
                self.add_children(project, &items, root, folder)?;
            }
            return Ok(true);
        }
        let Some(bytes) = project.read(path)? else {
            return Ok(false);
        };
        match SourceFile::parse(path, bytes) {
            Ok((file, syntax)) => {
                let items = syntax.items.clone();
                self.files.push(File {
                    file,
                    syntax,
                    roots: vec![root.to_owned()],
                });
                self.add_children(project, &items, root, folder)?;
            }
            Err(reason) => self.unreadable.push(reason.to_string()),
        }
        Ok(true)
    }

    fn add_children(
        &mut self,
        project: &Project,
        items: &[Item],
        root: &str,
        folder: &str,
    ) -> Result<(), Error> {
        for item in items {
            let Item::Mod(module) = item else { continue };
            if is_for_tests(&module.attrs) {
                continue;
            }
            let name = module.ident.to_string();
            let name = name.trim_start_matches("r#");
            let below = below(folder, name);
            if let Some((_, items)) = &module.content {
                self.add_children(project, items, root, &below)?;
                continue;
            }
            let is_file = self.add(project, &format!("{below}.rs"), root, &below)?;
            if !is_file {
                self.add(project, &format!("{below}/mod.rs"), root, &below)?;
            }
        }
        Ok(())
    }
}

/// The files at the roots of the package's crates.
fn roots(package: &Package) -> Result<Vec<String>, Error> {
    let manifest = &package.manifest;
    let path = |table: &dyn toml_edit::TableLike| {
        let path = table.get("path")?.as_str()?;
        Some(path.trim_start_matches("./").to_owned())
    };
    let library = manifest
        .get("lib")
        .and_then(TomlItem::as_table_like)
        .and_then(path)
        .unwrap_or_else(|| "src/lib.rs".to_owned());
    let mut found = vec![library, "src/main.rs".to_owned()];
    let programs = manifest.get("bin").and_then(TomlItem::as_array_of_tables);
    found.extend(programs.into_iter().flatten().filter_map(|it| path(it)));
    let more = package.project.files_below("src/bin", ".rs")?;
    found.extend(more.into_iter().filter(|path| {
        let rest = path.strip_prefix("src/bin/").unwrap_or_default();
        !rest.contains('/') || rest.ends_with("/main.rs") && rest.matches('/').count() == 1
    }));
    let mut seen = BTreeMap::new();
    found.retain(|path| seen.insert(path.clone(), ()).is_none());
    Ok(found)
}

/// The folder that a file is in; empty at the root of the package.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path of something in a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Calls `found` for each token of a file with the one before it, also inside of groups and macros.
pub(super) fn each_token(
    tokens: TokenStream,
    found: &mut impl FnMut(Option<&TokenTree>, &TokenTree),
) {
    let mut before: Option<TokenTree> = None;
    for token in tokens {
        found(before.as_ref(), &token);
        if let TokenTree::Group(group) = &token {
            each_token(group.stream(), found);
        }
        before = Some(token);
    }
}

/// What is inside of round brackets.
pub(super) fn arguments(token: &TokenTree) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
            Some(group.stream())
        }
        _ => None,
    }
}

/// The value of a string literal.
pub(super) fn string(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => syn::parse_str::<syn::LitStr>(&literal.to_string())
            .ok()
            .map(|literal| literal.value()),
        _ => None,
    }
}
