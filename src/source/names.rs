//! What a name means where it is used: an item of the app, or something of another crate.
//! Only what paths need is known here: modules, `use` items and globs, but no traits and no
//! types of expressions. Of other crates only the paths are known, and of the library also which
//! names a glob brings.

use syn::{Item, ItemConst, ItemFn, ItemStatic, ItemType, UseTree};

use super::library;
use super::tree::{Crate, Module, is_for_tests, plain_name};

/// Longer chains of `use` items than people write; a cycle would never end.
const DEEPEST: usize = 16;

/// Where a name is looked up: in the items of the enclosing blocks, then in a module.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) module: &'a Module,
    /// Innermost last.
    pub(crate) blocks: Vec<&'a Item>,
}

/// Types and modules have other names than functions and constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Type,
    Value,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(crate) enum Def<'a> {
    Module(&'a Module),
    Fn(&'a Module, &'a ItemFn),
    Const(&'a Module, &'a ItemConst),
    Static(&'a Module, &'a ItemStatic),
    Alias(&'a Module, &'a ItemType),
    /// A struct, enum, union or trait of the app, by its name.
    Type(&'a Module, String),
    /// Something of another crate, by its full path as far as it is known.
    Other(Vec<String>),
}

impl<'a> Scope<'a> {
    pub(crate) fn of(module: &'a Module) -> Self {
        Self {
            module,
            blocks: Vec::new(),
        }
    }
}

impl Crate {
    /// What a path stands for: several things if they exclude each other by `cfg`, nothing if
    /// it names what isn't there.
    pub(crate) fn resolve<'a>(
        &'a self,
        scope: &Scope<'a>,
        path: &syn::Path,
        want: Want,
    ) -> Vec<Def<'a>> {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if path.leading_colon.is_some() {
            return vec![Def::Other(names)];
        }
        self.find(scope, &names, want)
    }

    /// The same for the names of a path that doesn't begin with `::`.
    pub(crate) fn find<'a>(
        &'a self,
        scope: &Scope<'a>,
        names: &[String],
        want: Want,
    ) -> Vec<Def<'a>> {
        self.resolve_names(scope, names, want, 0)
    }

    /// Whether a name isn't taken in a module.
    pub(crate) fn is_free(&self, module: &Module, name: &str, want: Want) -> bool {
        let found = self.find(&Scope::of(module), &[name.to_owned()], want);
        matches!(&found[..], [Def::Other(names)] if names[..] == [name])
    }

    fn resolve_names<'a>(
        &'a self,
        scope: &Scope<'a>,
        names: &[String],
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        let Some((first, rest)) = names.split_first() else {
            return Vec::new();
        };
        if depth > DEEPEST {
            return Vec::new();
        }
        let here = &scope.module.path;
        match first.as_str() {
            "crate" => return self.walk(self.at(&[]), rest, want, depth),
            "self" => return self.walk(self.at(here), rest, want, depth),
            "super" => {
                let above = here.split_last().map_or(&[][..], |(_, above)| above);
                let Some(module) = self.modules_at(above).next() else {
                    return Vec::new();
                };
                let is_more = rest.first().is_some_and(|next| next == "super");
                return if is_more {
                    self.resolve_names(&Scope::of(module), rest, want, depth + 1)
                } else {
                    self.walk(self.at(above), rest, want, depth)
                };
            }
            _ => {}
        }
        let first_wanted = if rest.is_empty() { want } else { Want::Type };
        let mut found = self.look_up(scope, first, first_wanted, depth);
        if found.is_empty() {
            found.push(Def::Other(vec![first.clone()]));
        }
        self.walk(found, rest, want, depth)
    }

    fn at(&self, path: &[String]) -> Vec<Def<'_>> {
        self.modules_at(path).map(Def::Module).collect()
    }

    /// Follows the rest of a path from what its beginning stands for.
    fn walk<'a>(
        &'a self,
        from: Vec<Def<'a>>,
        names: &[String],
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        let Some((first, rest)) = names.split_first() else {
            return from;
        };
        let first_wanted = if rest.is_empty() { want } else { Want::Type };
        let next = from
            .into_iter()
            .flat_map(|def| match def {
                Def::Module(module) => {
                    self.look_up(&Scope::of(module), first, first_wanted, depth + 1)
                }
                Def::Other(mut path) => {
                    path.push(first.clone());
                    vec![Def::Other(path)]
                }
                _ => Vec::new(),
            })
            .collect();
        self.walk(next, rest, want, depth)
    }

    /// What one name stands for in a scope. What is written out goes before what a glob brings.
    fn look_up<'a>(
        &'a self,
        scope: &Scope<'a>,
        name: &str,
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        if depth > DEEPEST {
            return Vec::new();
        }
        let module = scope.module;
        for item in scope.blocks.iter().rev() {
            let found = self.named_by(module, item, name, want, depth);
            if !found.is_empty() {
                return found;
            }
        }
        let named: Vec<_> = module
            .items
            .iter()
            .flat_map(|item| self.named_by(module, item, name, want, depth))
            .collect();
        if !named.is_empty() {
            return named;
        }
        let blocks = scope.blocks.iter().copied();
        let by_globs: Vec<Def<'a>> = blocks
            .chain(&module.items)
            .filter_map(|item| match item {
                Item::Use(item) if !is_for_tests(&item.attrs) => Some(globs(&item.tree)),
                _ => None,
            })
            .flatten()
            .flat_map(|path| self.resolve_names(&Scope::of(module), &path, Want::Type, depth + 1))
            .collect();
        let of_the_app = by_globs.iter().flat_map(|def| match def {
            Def::Module(from) if from.path != module.path => {
                self.look_up(&Scope::of(from), name, want, depth + 1)
            }
            _ => Vec::new(),
        });
        let found: Vec<_> = of_the_app.collect();
        if !found.is_empty() || want == Want::Value || !library::GLOB.contains(&name) {
            return found;
        }
        let of_the_library = by_globs.into_iter().filter_map(|def| match def {
            Def::Other(mut path) if path.first() == Some(&self.library) => {
                path.push(name.to_owned());
                Some(Def::Other(path))
            }
            _ => None,
        });
        of_the_library.take(1).collect()
    }

    /// What an item makes of a name.
    fn named_by<'a>(
        &'a self,
        module: &'a Module,
        item: &'a Item,
        name: &str,
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        let type_if = |is_it: bool| {
            if is_it && want == Want::Type {
                vec![Def::Type(module, name.to_owned())]
            } else {
                Vec::new()
            }
        };
        match item {
            Item::Fn(item) if want == Want::Value && item.sig.ident == name => {
                if is_for_tests(&item.attrs) {
                    return Vec::new();
                }
                vec![Def::Fn(module, item)]
            }
            Item::Const(item) if want == Want::Value && item.ident == name => {
                vec![Def::Const(module, item)]
            }
            Item::Static(item) if want == Want::Value && item.ident == name => {
                vec![Def::Static(module, item)]
            }
            Item::Type(item) if want == Want::Type && item.ident == name => {
                vec![Def::Alias(module, item)]
            }
            Item::Struct(item) => type_if(item.ident == name),
            Item::Enum(item) => type_if(item.ident == name),
            Item::Union(item) => type_if(item.ident == name),
            Item::Trait(item) => type_if(item.ident == name),
            Item::Mod(item) if want == Want::Type && item.ident == name => {
                let path = [&module.path[..], &[name.to_owned()]].concat();
                let is_one = !is_for_tests(&item.attrs);
                let mut found: Vec<_> = self
                    .at(&path)
                    .into_iter()
                    .take(usize::from(is_one))
                    .collect();
                if found.is_empty() && is_one {
                    // Its file can't be read: nothing of another crate is meant.
                    found.push(Def::Type(module, name.to_owned()));
                }
                found
            }
            Item::ExternCrate(item) if want == Want::Type && !is_for_tests(&item.attrs) => {
                let bound = item.rename.as_ref().map_or(&item.ident, |(_, bound)| bound);
                let is_it = bound == name && item.ident != "self";
                let path = || vec![plain_name(&item.ident)];
                is_it.then(|| Def::Other(path())).into_iter().collect()
            }
            Item::Use(item) if !is_for_tests(&item.attrs) => imports(&item.tree)
                .into_iter()
                .filter(|(bound, _)| bound == name)
                .flat_map(|(_, path)| self.imported(module, item, &path, want, depth))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn imported<'a>(
        &'a self,
        module: &'a Module,
        item: &syn::ItemUse,
        path: &[String],
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        if item.leading_colon.is_some() {
            return vec![Def::Other(path.to_vec())];
        }
        // `use a::a;` must not find itself.
        if let [first, _, ..] | [first] = path
            && !matches!(first.as_str(), "crate" | "self" | "super")
            && !module.items.iter().any(|item| declares(item, first))
        {
            let by_other_use = module.items.iter().any(|other| match other {
                Item::Use(other) if !std::ptr::eq(other, item) => imports(&other.tree)
                    .iter()
                    .any(|(bound, from)| bound == first && from[..] != [first.clone()]),
                _ => false,
            });
            if !by_other_use {
                return vec![Def::Other(path.to_vec())];
            }
        }
        self.resolve_names(&Scope::of(module), path, want, depth + 1)
    }
}

/// Whether an item itself, not an import, brings a type or module of this name.
fn declares(item: &Item, name: &str) -> bool {
    match item {
        Item::Mod(item) => item.ident == name,
        Item::Enum(item) => item.ident == name,
        Item::Struct(item) => item.ident == name,
        _ => false,
    }
}

/// The names that a `use` item binds, each with the path that it stands for.
pub(crate) fn imports(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    collect(tree, &mut Vec::new(), &mut |path, bound| {
        if let Some(bound) = bound {
            found.push((bound, path.to_vec()));
        }
    });
    found
}

/// The modules of which a `use` item takes everything.
pub(super) fn globs(tree: &UseTree) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect(tree, &mut Vec::new(), &mut |path, bound| {
        if bound.is_none() {
            found.push(path.to_vec());
        }
    });
    found
}

fn collect(
    tree: &UseTree,
    path: &mut Vec<String>,
    found: &mut impl FnMut(&[String], Option<String>),
) {
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            collect(&tree.tree, path, found);
            path.pop();
        }
        UseTree::Name(tree) if tree.ident == "self" => found(path, path.last().cloned()),
        UseTree::Name(tree) => with(path, &tree.ident, |path| {
            found(path, Some(tree.ident.to_string()));
        }),
        UseTree::Rename(tree) if tree.ident == "self" => {
            found(path, Some(tree.rename.to_string()));
        }
        UseTree::Rename(tree) => with(path, &tree.ident, |path| {
            found(path, Some(tree.rename.to_string()));
        }),
        UseTree::Glob(_) => found(path, None),
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, path, found);
            }
        }
    }
}

fn with(path: &mut Vec<String>, last: &syn::Ident, then: impl FnOnce(&[String])) {
    path.push(last.to_string());
    then(path);
    path.pop();
}
