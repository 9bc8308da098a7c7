//! The modules of an app's library, from `src/lib.rs` on: which file each is in, and what it
//! holds. Files that no `mod` item names are not part of the app, and are not read.

use syn::{Attribute, Item, ItemMod, Meta};

use super::file::{SourceFile, Unreadable};
use super::library::{DEV_LIBRARY, LIBRARY};
use crate::error::Error;
use crate::project::Project;

const ROOT: &str = "src/lib.rs";
const PROGRAM: &str = "src/main.rs";
/// Deeper than people nest modules; a `#[path]` that leads back to its own file would never end.
const DEEPEST: usize = 32;

/// One module.
#[derive(Debug)]
pub(crate) struct Module {
    /// The names from the crate's root to here.
    pub(crate) path: Vec<String>,
    /// The index of its file in [`Crate::files`].
    pub(crate) file: usize,
    pub(crate) items: Vec<Item>,
    /// Whether it is written inline, in the file of another module.
    pub(crate) is_inline: bool,
    /// The folder with the files of its child modules.
    pub(crate) folder: String,
    /// The path that `#[actix_web::scope("…")]` puts before its routes.
    pub(crate) scope: Option<String>,
}

/// The library of an app.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) modules: Vec<Module>,
    /// Files that could not be read, with the reason. What is in them is unknown.
    pub(crate) unreadable: Vec<Unreadable>,
    /// What src/main.rs holds, which is another crate.
    pub(crate) program: Vec<Item>,
    /// The name by which the app calls the library.
    pub(super) library: String,
    /// The name by which it calls the library of debug builds.
    pub(super) dev_library: String,
}

impl Crate {
    pub(crate) fn read(project: &Project) -> Result<Self, Error> {
        let manifest = project.manifest()?;
        let mut read = Self {
            library: manifest.crate_name_of(LIBRARY),
            dev_library: manifest.crate_name_of(DEV_LIBRARY),
            ..Self::default()
        };
        let Some(bytes) = project.read(ROOT)? else {
            return Err(Error::NoFile(ROOT));
        };
        read.add_file(project, ROOT, bytes, Place::root())?;
        if let Some(bytes) = project.read(PROGRAM)? {
            match SourceFile::parse(PROGRAM, bytes) {
                Ok((_, syntax)) => read.program = syntax.items,
                Err(reason) => read.unreadable.push(reason),
            }
        }
        Ok(read)
    }

    /// The modules of this path: none, one, or several that exclude each other by `cfg`.
    pub(crate) fn modules_at<'a>(&'a self, path: &[String]) -> impl Iterator<Item = &'a Module> {
        self.modules
            .iter()
            .filter(move |module| module.path == path)
    }

    pub(crate) fn file_of(&self, module: &Module) -> Option<&SourceFile> {
        self.files.get(module.file)
    }

    fn add_file(
        &mut self,
        project: &Project,
        path: &str,
        bytes: Vec<u8>,
        place: Place,
    ) -> Result<(), Error> {
        let (file, syntax) = match SourceFile::parse(path, bytes) {
            Ok(read) => read,
            Err(reason) => {
                self.unreadable.push(reason);
                return Ok(());
            }
        };
        self.files.push(file);
        let file = self.files.len() - 1;
        self.add_module(project, file, syntax.items, place)
    }

    fn add_module(
        &mut self,
        project: &Project,
        file: usize,
        items: Vec<Item>,
        place: Place,
    ) -> Result<(), Error> {
        if place.path.len() > DEEPEST {
            return Ok(());
        }
        for item in &items {
            if let Item::Mod(module) = item
                && !is_for_tests(&module.attrs)
            {
                self.add_child(project, file, module, &place)?;
            }
        }
        self.modules.push(Module {
            path: place.path,
            file,
            items,
            is_inline: place.is_inline,
            folder: place.folder,
            scope: place.scope,
        });
        Ok(())
    }

    fn add_child(
        &mut self,
        project: &Project,
        file: usize,
        module: &ItemMod,
        above: &Place,
    ) -> Result<(), Error> {
        let place = above.child(module);
        if let Some((_, items)) = &module.content {
            return self.add_module(project, file, items.clone(), place);
        }
        let candidates = match value_of(&module.attrs, "path") {
            Some(path) => {
                let here = self.files.get(file).map_or("", |file| file.path.as_str());
                vec![normal(&format!("{}/{path}", folder_of(here)))]
            }
            None => vec![
                format!("{}.rs", place.folder),
                format!("{}/mod.rs", place.folder),
            ],
        };
        for path in candidates {
            if let Some(bytes) = project.read(&path)? {
                let folder = if module.attrs.iter().any(|attr| attr.path().is_ident("path"))
                    || path.ends_with("/mod.rs")
                {
                    folder_of(&path).to_owned()
                } else {
                    place.folder.clone()
                };
                return self.add_file(project, &path, bytes, Place { folder, ..place });
            }
        }
        Ok(())
    }
}

/// Where a module is, and where the files of its children are.
#[derive(Debug, Clone)]
struct Place {
    path: Vec<String>,
    folder: String,
    is_inline: bool,
    scope: Option<String>,
}

impl Place {
    fn root() -> Self {
        Self {
            path: Vec::new(),
            folder: folder_of(ROOT).to_owned(),
            is_inline: false,
            scope: None,
        }
    }

    fn child(&self, module: &ItemMod) -> Self {
        let name = plain_name(&module.ident);
        let mut path = self.path.clone();
        path.push(name.clone());
        Self {
            path,
            folder: format!("{}/{name}", self.folder),
            is_inline: module.content.is_some(),
            scope: scope_of(&module.attrs),
        }
    }
}

/// A name without the `r#` that makes it one.
pub(super) fn plain_name(name: &syn::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path without `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The conditions under which an item or a statement is compiled, as they are written.
pub(crate) fn cfg_of(attributes: &[Attribute]) -> Option<String> {
    let conditions: Vec<String> = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg") => Some(list.tokens.to_string()),
            _ => None,
        })
        .collect();
    (!conditions.is_empty()).then(|| conditions.join(", "))
}

/// Whether something is there in some builds only.
pub(crate) fn is_conditional(attributes: &[Attribute]) -> bool {
    let mut names = attributes.iter().map(Attribute::path);
    names.any(|name| name.is_ident("cfg") || name.is_ident("cfg_attr"))
}

/// Whether something is compiled for tests only.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    cfg_of(attributes).is_some_and(|cfg| cfg == "test")
}

fn value_of(attributes: &[Attribute], name: &str) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let pair = attribute.meta.require_name_value().ok()?;
        if !pair.path.is_ident(name) {
            return None;
        }
        string_of(&pair.value)
    })
}

/// The value of a string literal.
pub(crate) fn string_of(expression: &syn::Expr) -> Option<String> {
    match expression {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(literal),
            ..
        }) => Some(literal.value()),
        _ => None,
    }
}

fn scope_of(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .filter(|attribute| {
            let mut names = attribute.path().segments.iter().rev();
            names.next().is_some_and(|last| last.ident == "scope")
        })
        .find_map(|attribute| attribute.parse_args::<syn::LitStr>().ok())
        .map(|path| path.value())
}
