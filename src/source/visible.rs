//! Whether code elsewhere in the app can name an item: privacy, conditions on the way to it, and
//! the paths by which it is known.

use syn::{Item, ItemMod, Visibility};

use super::items::{globs, imports};
use super::names::{Def, Scope, Want};
use super::tree::{Crate, Module, is_conditional, is_program, plain_name, root_of};
use crate::template::KEYWORDS;

/// How a file begins that some builds leave out.
const CONDITION_INSIDE: &str = "#![cfg";

impl Crate {
    /// Whether a module is compiled in every build, as far as `mod` items and the modules on the
    /// way say.
    pub(crate) fn is_in_every_build(&self, path: &[String]) -> bool {
        let has_condition = |path: &[String]| {
            let mut files = self.modules_at(path).filter_map(|it| self.file_of(it));
            files.any(|file| file.text.contains(CONDITION_INSIDE))
        };
        let mut on_the_way = (1..=path.len()).filter_map(|length| path.get(..length));
        let is_declared_plainly = self
            .mod_items(path)
            .iter()
            .all(|(_, items)| matches!(items[..], [item] if !is_conditional(&item.attrs)));
        is_declared_plainly && !on_the_way.any(has_condition)
    }

    /// Whether code in the module `from` can name what is public in the module at `path`.
    pub(crate) fn is_reached(&self, path: &[String], from: &[String]) -> bool {
        self.mod_items(path).iter().all(|(above, items)| {
            !items.is_empty() && items.iter().all(|item| is_visible(&item.vis, above, from))
        })
    }

    /// The module by which code in `from` can name a type in every build: the type's own, or the
    /// nearest one above that passes it on under the same name.
    pub(crate) fn way_to(
        &self,
        module: &Module,
        name: &str,
        from: &[String],
    ) -> Option<Vec<String>> {
        let is_open = |path: &[String]| self.is_in_every_build(path) && self.is_reached(path, from);
        let declared = module.items.iter().find_map(|item| match item {
            Item::Struct(item) if plain_name(&item.ident) == name => Some((&item.attrs, &item.vis)),
            Item::Enum(item) if plain_name(&item.ident) == name => Some((&item.attrs, &item.vis)),
            _ => None,
        })?;
        let (attributes, visibility) = declared;
        if is_conditional(attributes) || !self.is_in_every_build(&module.path) {
            return None;
        }
        if is_visible(visibility, &module.path, from) && is_open(&module.path) {
            return Some(module.path.clone());
        }
        (0..module.path.len()).rev().find_map(|length| {
            let path = module.path.get(..length)?;
            let above = only(self.modules_at(path))?;
            let is_way = is_open(path) && self.passes_on(above, module, name, from);
            is_way.then(|| path.to_vec())
        })
    }

    /// Whether a module has an import of a type by which `from` can name it.
    fn passes_on(&self, above: &Module, module: &Module, name: &str, from: &[String]) -> bool {
        let is_it = |def: &Def<'_>| match def {
            Def::Type(found, known) => std::ptr::eq(*found, module) && known == name,
            _ => false,
        };
        let means_it = |scope: &Scope<'_>, path: &[String]| matches!(&self.find(scope, path, Want::Type)[..], [def] if is_it(def));
        let here = Scope::of(above);
        above.items.iter().any(|item| {
            let Item::Use(item) = item else { return false };
            if is_conditional(&item.attrs) || !is_visible(&item.vis, &above.path, from) {
                return false;
            }
            let is_named = imports(&item.tree)
                .iter()
                .any(|(bound, path)| bound == name && means_it(&here, path));
            let is_brought = || {
                globs(&item.tree).into_iter().any(|path| {
                    let path = [&path[..], &[name.to_owned()]].concat();
                    means_it(&here, &path)
                })
            };
            is_named || is_brought()
        })
    }

    /// The `mod` items on the way to a module, each with the module that it stands in: one, or
    /// several that exclude each other by `cfg`.
    fn mod_items<'a, 'p>(&'a self, path: &'p [String]) -> Vec<(&'p [String], Vec<&'a ItemMod>)> {
        let steps = (root_of(path).len()..path.len())
            .filter_map(|depth| Some((path.get(..depth)?, path.get(depth)?)));
        steps
            .map(|(above, name)| {
                let items = self.modules_at(above).flat_map(|module| module.items);
                let items = items.filter_map(|item| match item {
                    Item::Mod(item) if plain_name(&item.ident) == *name => Some(item),
                    _ => None,
                });
                (above, items.collect())
            })
            .collect()
    }
}

/// Whether an item that stands in the module `at` can be named in the module `from`, if that
/// module can be.
pub(crate) fn is_visible(visibility: &Visibility, at: &[String], from: &[String]) -> bool {
    let Visibility::Restricted(restricted) = visibility else {
        return matches!(visibility, Visibility::Public(_)) || from.starts_with(at);
    };
    let names = restricted.path.segments.iter();
    let names: Vec<String> = names.map(|segment| plain_name(&segment.ident)).collect();
    match names.split_first() {
        Some((first, rest)) if first == "crate" => {
            let inside = from.strip_prefix(root_of(at));
            inside.is_some_and(|inside| inside.starts_with(rest))
        }
        Some((first, [])) if first == "super" => {
            let above = at.split_last().map_or(at, |(_, above)| above);
            from.starts_with(above)
        }
        _ => from.starts_with(at),
    }
}

/// A path as it is written in code, without the file of a program: keywords need an `r#` to be
/// names.
pub(crate) fn as_code(path: &[String]) -> String {
    let names = path.iter().filter(|name| !is_program(name));
    let names = names.map(|name| match name.as_str() {
        "crate" | "self" | "super" => name.clone(),
        keyword if KEYWORDS.contains(&keyword) => format!("r#{keyword}"),
        _ => name.clone(),
    });
    names.collect::<Vec<_>>().join("::")
}

fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
