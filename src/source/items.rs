//! What single items say of names: which they bring, by themselves or as imports, and who sees
//! them. What a name means where it is used is in [`super::names`].

use proc_macro2::{TokenStream, TokenTree};
use syn::{Attribute, Ident, Item, UseTree, Visibility};

use super::file::flatten;
use super::names::Want;
use super::tree::{Module, cfg_of, is_conditional, plain_name};

/// The names that an item brings, as types or as values.
pub(super) fn brought_by(item: &Item) -> Vec<String> {
    let ident = match item {
        Item::Use(item) => {
            let bound = imports(&item.tree).into_iter();
            return bound.map(|(name, _)| name).collect();
        }
        Item::ExternCrate(item) => item.rename.as_ref().map_or(&item.ident, |(_, bound)| bound),
        item => match declared_by(item) {
            Some((ident, _, _)) => ident,
            None => return Vec::new(),
        },
    };
    vec![plain_name(ident)]
}

/// Whether an item itself, not an import, brings this name, as a type or as a value.
pub(super) fn declares(item: &Item, name: &str, want: Option<Want>) -> bool {
    let Some((ident, is_type, is_value)) = declared_by(item) else {
        return false;
    };
    let is_wanted = match want {
        Some(Want::Type) => is_type,
        Some(Want::Value) => is_value,
        None => true,
    };
    is_wanted && is_called(ident, name)
}

/// The name that an item itself brings, and whether it is one of a type and one of a value.
fn declared_by(item: &Item) -> Option<(&Ident, bool, bool)> {
    Some(match item {
        Item::Mod(item) => (&item.ident, true, false),
        Item::Enum(item) => (&item.ident, true, false),
        Item::Union(item) => (&item.ident, true, false),
        Item::Trait(item) => (&item.ident, true, false),
        Item::TraitAlias(item) => (&item.ident, true, false),
        Item::Type(item) => (&item.ident, true, false),
        // Without fields, or with fields that have no names, it is a value too.
        Item::Struct(item) => (
            &item.ident,
            true,
            !matches!(item.fields, syn::Fields::Named(_)),
        ),
        Item::Fn(item) => (&item.sig.ident, false, true),
        Item::Const(item) => (&item.ident, false, true),
        Item::Static(item) => (&item.ident, false, true),
        _ => return None,
    })
}

/// Whether the items of a block, or else of a module, declare this name in every build.
pub(super) fn is_declared(block: &[&Item], module: &Module, name: &str, want: Want) -> bool {
    let is_it =
        |item: &Item| declares(item, name, Some(want)) && !is_conditional(attributes_of(item));
    if block.is_empty() {
        module.called(name).any(is_it)
    } else {
        block.iter().copied().any(is_it)
    }
}

/// Whether every build has something of this name among some items.
pub(super) fn is_in_every_build<'a>(items: impl IntoIterator<Item = &'a Item>, name: &str) -> bool {
    let mut conditions = Vec::new();
    for item in items {
        let is_it = match item {
            Item::Use(item) => binds(&item.tree, None, name),
            Item::ExternCrate(item) => {
                let bound = item.rename.as_ref().map_or(&item.ident, |(_, bound)| bound);
                is_called(bound, name)
            }
            item => declares(item, name, None),
        };
        if !is_it {
            continue;
        }
        let attributes = attributes_of(item);
        match cfg_of(attributes) {
            _ if !is_conditional(attributes) => return true,
            Some(condition) => conditions.push(condition),
            None => {}
        }
    }
    conditions.iter().any(|condition| {
        let opposite = format!("not ({condition})");
        *condition == "not (test)" || conditions.contains(&opposite)
    })
}

/// Whether code in another module can name an item.
pub(super) fn is_visible_in(item: &Item, from: &Module, to: &Module) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::ExternCrate(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Union(item) => &item.vis,
        Item::Use(item) => &item.vis,
        _ => return true,
    };
    match visibility {
        Visibility::Inherited => false,
        Visibility::Restricted(only) if only.path.is_ident("super") => from
            .path
            .split_last()
            .is_some_and(|(_, above)| to.path.starts_with(above)),
        Visibility::Restricted(only) => !only.path.is_ident("self"),
        Visibility::Public(_) => true,
    }
}

/// Whether a macro among some items may make something of this name.
pub(super) fn may_be_made_by_macro(items: &[Item], name: &str) -> bool {
    items.iter().any(|item| match item {
        Item::Macro(call) if call.ident.is_none() => {
            let last = call.mac.path.segments.last();
            let is_harmless = last.is_some_and(|last| last.ident == "thread_local");
            !is_harmless || mentions(call.mac.tokens.clone(), name)
        }
        _ => false,
    })
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    flatten(tokens)
        .into_iter()
        .any(|(_, token)| matches!(token, Some(TokenTree::Ident(ident)) if is_called(&ident, name)))
}

pub(super) fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether this is the name of something, which may be written as a raw one.
pub(super) fn is_called(ident: &Ident, name: &str) -> bool {
    ident == name || plain_name(ident) == name
}

/// Whether a `use` item binds a name, with the name that comes before it.
pub(super) fn binds(tree: &UseTree, above: Option<&Ident>, name: &str) -> bool {
    match tree {
        UseTree::Path(tree) => binds(&tree.tree, Some(&tree.ident), name),
        UseTree::Name(tree) if tree.ident == "self" => {
            above.is_some_and(|above| is_called(above, name))
        }
        UseTree::Name(tree) => is_called(&tree.ident, name),
        UseTree::Rename(tree) => is_called(&tree.rename, name),
        UseTree::Glob(_) => false,
        UseTree::Group(group) => group.items.iter().any(|tree| binds(tree, above, name)),
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
pub(crate) fn globs(tree: &UseTree) -> Vec<Vec<String>> {
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
            path.push(plain_name(&tree.ident));
            collect(&tree.tree, path, found);
            path.pop();
        }
        UseTree::Name(tree) if tree.ident == "self" => found(path, path.last().cloned()),
        UseTree::Name(tree) => with(path, &tree.ident, |path| {
            found(path, Some(plain_name(&tree.ident)));
        }),
        UseTree::Rename(tree) if tree.ident == "self" => {
            found(path, Some(plain_name(&tree.rename)));
        }
        UseTree::Rename(tree) => with(path, &tree.ident, |path| {
            found(path, Some(plain_name(&tree.rename)));
        }),
        UseTree::Glob(_) => found(path, None),
        UseTree::Group(group) => {
            for tree in &group.items {
                collect(tree, path, found);
            }
        }
    }
}

fn with(path: &mut Vec<String>, last: &Ident, then: impl FnOnce(&[String])) {
    path.push(plain_name(last));
    then(path);
    path.pop();
}
