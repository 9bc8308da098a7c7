//! The modules of an app's library, if it has one, and those of its programs and examples: which
//! file each is in, and what it holds. Files that no `mod` item names are not part of the app, and
//! are not read.

use std::collections::HashMap;

use proc_macro2::TokenTree;
use syn::{Attribute, Item, ItemMod, ItemType, Meta};

use super::file::{SourceFile, Unreadable, flatten};
use super::items::brought_by;
use super::library::{DEV_LIBRARY, LIBRARY};
use super::names::Glob;
use crate::error::Error;
use crate::project::Project;

/// Where Cargo looks for a library and for a program.
const ROOT: &str = "src/lib.rs";
const PROGRAM: &str = "src/main.rs";
/// Folders in which each file is a program, and each folder with a `main.rs` too.
const PROGRAMS: [&str; 2] = ["src/bin", "examples"];
/// What every file of Rust ends in. The path of a module of a program begins with the program's
/// file, so that it is never that of a module of the library.
const ENDING: &str = ".rs";
/// Deeper than people nest modules; a `#[path]` that leads back to its own file would never end.
const DEEPEST: usize = 32;

/// One module.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its place in [`Crate::modules`].
    pub(super) index: usize,
    /// The names from the crate's root to here.
    pub(crate) path: Vec<String>,
    /// The index of its file in [`Crate::files`].
    pub(crate) file: usize,
    /// They stay until the program ends, which is soon: to free them one by one would take a sixth
    /// of the time that it takes to read a large app.
    pub(crate) items: &'static [Item],
    /// The places in `items` of what may have a name, by that name.
    named: HashMap<String, Vec<usize>>,
    /// Whether it is written inline, in the file of another module.
    pub(crate) is_inline: bool,
    /// The folder with the files of its child modules.
    pub(crate) folder: String,
    /// The path that `#[actix_web::scope("…")]` puts before its routes.
    pub(crate) scope: Option<String>,
    /// Under which condition it is compiled, if any.
    pub(crate) condition: Option<String>,
}

impl Module {
    /// The path of the root of the crate that it is in: the library, or a program.
    pub(super) fn root(&self) -> &[String] {
        root_of(&self.path)
    }

    /// The items that may have a name, in their order.
    pub(super) fn called<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Item> + use<'a> {
        let places = self.named.get(name).into_iter().flatten();
        places.filter_map(|place| self.items.get(*place))
    }

    /// Each `type` in it, with its own index.
    fn aliases(&self) -> impl Iterator<Item = (usize, &'static ItemType)> + use<> {
        let index = self.index;
        self.items.iter().filter_map(move |item| match item {
            Item::Type(alias) => Some((index, alias)),
            _ => None,
        })
    }
}

/// The path of the root of the crate that a module of this path is in.
pub(crate) fn root_of(path: &[String]) -> &[String] {
    let root = path.first().filter(|name| is_program(name));
    root.map_or(&[], std::slice::from_ref)
}

/// Whether the first name in the path of a module is the file of a program.
pub(crate) fn is_program(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// The library of an app, and its programs.
#[derive(Debug, Default)]
pub(crate) struct Crate {
    pub(crate) files: Vec<SourceFile>,
    /// What each of the files holds.
    parsed: Vec<&'static [Item]>,
    /// The places of the modules of a path.
    places: HashMap<Vec<String>, Vec<usize>>,
    /// The modules of the library.
    pub(crate) modules: Vec<Module>,
    /// Those of programs and examples, which are crates of their own.
    programs: Vec<Module>,
    /// Files that could not be read, with the reason. What is in them is unknown.
    pub(crate) unreadable: Vec<Unreadable>,
    /// Of each module, what its globs bring names from, and whether only code inside it sees that.
    pub(super) globs: Vec<Vec<(Glob, bool)>>,
    /// Each `type`, with the index of its module. A large app is looked through for them once.
    pub(super) aliases: Vec<(usize, &'static ItemType)>,
    /// The names that `extern crate` gives other crates, each with the crate's own.
    pub(super) renamed: Vec<(String, String)>,
    /// The name by which the app's programs call its library.
    pub(super) own_name: String,
    /// The name by which the app calls the library.
    pub(super) library: String,
    /// The name by which it calls the library of debug builds.
    pub(super) dev_library: String,
}

impl Crate {
    pub(crate) fn read(project: &Project) -> Result<Self, Error> {
        Self::read_after(project, &Self::default())
    }

    /// The same after it was read before. Files that haven't changed since are not parsed again.
    pub(crate) fn read_after(project: &Project, before: &Self) -> Result<Self, Error> {
        let from = Origin::new(project, before);
        let manifest = project.manifest()?;
        let mut read = Self {
            own_name: manifest.own_crate_name(),
            library: manifest.crate_name_of(LIBRARY),
            dev_library: manifest.crate_name_of(DEV_LIBRARY),
            ..Self::default()
        };
        let library = manifest.library_path();
        let library = library.as_deref().map_or_else(|| ROOT.to_owned(), normal);
        if let Some(bytes) = project.read(&library)? {
            read.add_file(&from, &library, bytes, Place::library(&library))?;
        }
        let of_library = read.modules.len();
        for path in programs(project, manifest.program_paths())? {
            if let Some(bytes) = project.read(&path)? {
                read.add_file(&from, &path, bytes, Place::program(&path))?;
            }
        }
        if read.files.is_empty() && read.unreadable.is_empty() {
            return Err(Error::NoCode(library));
        }
        for module in &read.modules {
            let places = read.places.entry(module.path.clone()).or_default();
            places.push(module.index);
        }
        read.programs = read.modules.split_off(of_library);
        read.aliases = read.all_modules().flat_map(Module::aliases).collect();
        read.renamed = read.renamed_crates();
        read.follow_globs();
        Ok(read)
    }

    /// The modules of the library, of programs and of examples.
    pub(crate) fn all_modules(&self) -> impl Iterator<Item = &Module> {
        self.modules.iter().chain(&self.programs)
    }

    /// The modules of the crate with this root.
    pub(crate) fn modules_of<'a>(&'a self, root: &[String]) -> impl Iterator<Item = &'a Module> {
        self.all_modules()
            .filter(move |module| module.root() == root)
    }

    /// The root of the crate that a file belongs to.
    pub(crate) fn root_at(&self, file: &str) -> Option<&[String]> {
        let mut modules = self.all_modules();
        let module = modules.find(|module| self.file_of(module).is_some_and(|it| it.path == file));
        module.map(Module::root)
    }

    pub(super) fn module(&self, index: usize) -> Option<&Module> {
        let programs = || self.programs.get(index.checked_sub(self.modules.len())?);
        self.modules.get(index).or_else(programs)
    }

    /// The modules of this path: none, one, or several that exclude each other by `cfg`.
    pub(crate) fn modules_at<'a>(
        &'a self,
        path: &[String],
    ) -> impl Iterator<Item = &'a Module> + use<'a> {
        let places = self.places.get(path).into_iter().flatten();
        places.filter_map(|place| self.module(*place))
    }

    pub(crate) fn file_of(&self, module: &Module) -> Option<&SourceFile> {
        self.files.get(module.file)
    }

    fn add_file(
        &mut self,
        from: &Origin<'_>,
        path: &str,
        bytes: Vec<u8>,
        place: Place,
    ) -> Result<(), Error> {
        let (file, items) = match from.parse(path, bytes) {
            Ok(read) => read,
            Err(reason) => {
                self.unreadable.push(reason);
                return Ok(());
            }
        };
        self.files.push(file);
        self.parsed.push(items);
        let file = self.files.len() - 1;
        self.add_module(from, file, items, place)
    }

    fn add_module(
        &mut self,
        from: &Origin<'_>,
        file: usize,
        items: &'static [Item],
        place: Place,
    ) -> Result<(), Error> {
        if place.path.len() > DEEPEST {
            return Ok(());
        }
        for item in items {
            if let Item::Mod(module) = item
                && !is_for_tests(&module.attrs)
            {
                self.add_child(from, file, module, &place)?;
            }
        }
        self.modules.push(Module {
            index: self.modules.len(),
            path: place.path,
            file,
            named: places_of_names(items),
            items,
            is_inline: place.is_inline,
            folder: place.folder,
            scope: place.scope,
            condition: place.condition,
        });
        Ok(())
    }

    fn add_child(
        &mut self,
        from: &Origin<'_>,
        file: usize,
        module: &'static ItemMod,
        above: &Place,
    ) -> Result<(), Error> {
        let place = above.child(module);
        if let Some((_, items)) = &module.content {
            return self.add_module(from, file, items, place);
        }
        let here = self.files.get(file).map_or("", |file| file.path.as_str());
        let beside = |path: String| normal(&format!("{}/{path}", folder_of(here)));
        let by_path = value_of(&module.attrs, "path").map(beside);
        // Another file in some builds only; then both are read.
        let in_some_builds: Vec<_> = conditional_values(&module.attrs, "path")
            .map(beside)
            .collect();
        for path in in_some_builds {
            self.add_child_file(from, &path, folder_of(&path), &place)?;
        }
        if let Some(path) = by_path {
            self.add_child_file(from, &path, folder_of(&path), &place)?;
            return Ok(());
        }
        let own = format!("{}{ENDING}", place.folder);
        if !self.add_child_file(from, &own, &place.folder, &place)? {
            let own = format!("{}/mod{ENDING}", place.folder);
            self.add_child_file(from, &own, &place.folder, &place)?;
        }
        Ok(())
    }

    /// Adds the file of a module, if it is there. `folder` holds the files of its children.
    fn add_child_file(
        &mut self,
        from: &Origin<'_>,
        path: &str,
        folder: &str,
        place: &Place,
    ) -> Result<bool, Error> {
        let Some(bytes) = from.project.read(path)? else {
            return Ok(false);
        };
        let place = Place {
            folder: folder.to_owned(),
            ..place.clone()
        };
        self.add_file(from, path, bytes, place)?;
        Ok(true)
    }
}

/// Where files are read from.
struct Origin<'a> {
    project: &'a Project,
    /// The files that were read before, by their paths.
    known: HashMap<&'a str, (&'a SourceFile, &'static [Item])>,
}

impl<'a> Origin<'a> {
    fn new(project: &'a Project, before: &'a Crate) -> Self {
        let known = before.files.iter().zip(&before.parsed);
        Self {
            project,
            known: known
                .map(|(file, items)| (file.path.as_str(), (file, *items)))
                .collect(),
        }
    }

    fn parse(
        &self,
        path: &str,
        bytes: Vec<u8>,
    ) -> Result<(SourceFile, &'static [Item]), Unreadable> {
        match self.known.get(path) {
            Some((file, items)) if file.text.as_bytes() == bytes => Ok(((*file).clone(), items)),
            _ => SourceFile::parse(path, bytes).map(|(file, syntax)| (file, &*syntax.items.leak())),
        }
    }
}

/// The places of items by the names that they bring.
fn places_of_names(items: &[Item]) -> HashMap<String, Vec<usize>> {
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, item) in items.iter().enumerate() {
        for name in brought_by(item) {
            named.entry(name).or_default().push(place);
        }
    }
    named
}

/// The files that programs and examples begin with: those that the manifest names, and those that
/// Cargo finds by itself.
fn programs(project: &Project, named: Vec<String>) -> Result<Vec<String>, Error> {
    let mut found = vec![PROGRAM.to_owned()];
    for folder in PROGRAMS {
        let files = project.files_below(folder, ENDING)?.into_iter();
        found.extend(files.filter(|path| {
            let below = path.get(folder.len() + 1..).unwrap_or_default();
            match below.split_once('/') {
                None => true,
                Some((_, file)) => file == "main.rs",
            }
        }));
    }
    found.extend(named.iter().map(|path| normal(path)));
    found.sort();
    found.dedup();
    Ok(found)
}

/// Where a module is, and where the files of its children are.
#[derive(Debug, Clone)]
struct Place {
    path: Vec<String>,
    folder: String,
    is_inline: bool,
    scope: Option<String>,
    condition: Option<String>,
}

impl Place {
    /// The root of a program.
    fn program(path: &str) -> Self {
        Self {
            path: vec![path.to_owned()],
            ..Self::library(path)
        }
    }

    /// The root of the library.
    fn library(path: &str) -> Self {
        Self {
            path: Vec::new(),
            folder: folder_of(path).to_owned(),
            is_inline: false,
            scope: None,
            condition: None,
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
            condition: both(self.condition.clone(), cfg_of(&module.attrs)),
        }
    }
}

/// The names that a path consists of.
pub(crate) fn names_of(path: &syn::Path) -> Vec<String> {
    let names = path.segments.iter();
    names.map(|segment| plain_name(&segment.ident)).collect()
}

/// A name without the `r#` that makes it one.
pub(crate) fn plain_name(name: &syn::Ident) -> String {
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
pub(crate) fn cfg_of<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Option<String> {
    let conditions: Vec<String> = attributes
        .into_iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg") => Some(list.tokens.to_string()),
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                let is_cfg = |token: &Option<TokenTree>| matches!(token, Some(TokenTree::Ident(name)) if name == "cfg");
                let mut tokens = flatten(list.tokens.clone()).into_iter();
                let gives_cfg = tokens.any(|(_, token)| is_cfg(&token));
                gives_cfg.then(|| list.tokens.to_string())
            }
            _ => None,
        })
        .collect();
    (!conditions.is_empty()).then(|| conditions.join(", "))
}

/// Two conditions at once.
pub(crate) fn both(outer: Option<String>, inner: Option<String>) -> Option<String> {
    match (outer, inner) {
        (Some(outer), Some(inner)) if outer != inner => Some(format!("{outer}, {inner}")),
        (outer, inner) => outer.or(inner),
    }
}

/// Whether something is there in some builds only.
pub(crate) fn is_conditional<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
    let mut names = attributes.into_iter().map(Attribute::path);
    names.any(|name| name.is_ident("cfg") || name.is_ident("cfg_attr"))
}

/// Whether something is compiled for tests only.
pub(crate) fn is_for_tests<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
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

/// The values of an attribute in `cfg_attr`: `#[cfg_attr(unix, path = "…")]`.
fn conditional_values<'a>(
    attributes: &'a [Attribute],
    name: &'a str,
) -> impl Iterator<Item = String> + 'a {
    let conditional = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg_attr"));
    let parts = conditional.filter_map(|attribute| {
        attribute
            .parse_args_with(syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated)
            .ok()
    });
    parts.flatten().filter_map(move |part| match part {
        Meta::NameValue(pair) if pair.path.is_ident(name) => string_of(&pair.value),
        _ => None,
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
