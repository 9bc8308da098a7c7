//! What a name means where it is used: an item of the app, or something of another crate.
//! Only what paths need is known here: modules, `use` items and globs, but no traits and no
//! types of expressions. Of other crates only the paths are known, and of the library also which
//! names a glob brings.

use std::collections::VecDeque;

use syn::{
    Block, Expr, GenericParam, Generics, Item, ItemConst, ItemFn, ItemStatic, ItemType, ItemUse,
    StaticMutability, Stmt, Type, Visibility,
};

use super::foreign::{brought_by_glob, is_well_known};
use super::items::{
    attributes_of, binds, declares, globs, imports, is_called, is_declared, is_in_every_build,
    is_visible_in, may_be_made_by_macro,
};
use super::tree::{Crate, Module, is_for_tests, names_of, plain_name};

/// Where a glob takes its names from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Glob {
    /// A module of the app, by its index.
    Module(usize),
    /// Something of another crate, by its path.
    Other(Vec<String>),
}

/// Longer chains of `use` items than people write; a cycle would never end.
const DEEPEST: usize = 16;

/// Where a name is looked up: in the enclosing blocks and functions, then in a module.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) module: &'a Module,
    /// Innermost last.
    layers: Vec<Layer<'a>>,
}

/// What hides names of a module.
#[derive(Debug, Clone)]
enum Layer<'a> {
    /// The items of a block.
    Items(Vec<&'a Item>),
    /// The parameters of something generic.
    Generics(&'a Generics),
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
    /// A function, a constant or a type that stands in a block, and where its own names are looked
    /// up.
    Local(Scope<'a>, &'a Item),
    /// Something of another crate, by its full path as far as it is known.
    Other(Vec<String>),
    /// It can't be told: a parameter of something generic, or what a macro may have made.
    Unclear,
}

impl<'a> Scope<'a> {
    pub(crate) fn of(module: &'a Module) -> Self {
        Self {
            module,
            layers: Vec::new(),
        }
    }

    /// Goes into a block. Its items are known in all of it.
    pub(crate) fn enter_block(&mut self, block: &'a Block) {
        let items: Vec<_> = block
            .stmts
            .iter()
            .filter_map(|statement| match statement {
                Stmt::Item(item) => Some(item),
                _ => None,
            })
            .collect();
        self.layers.push(Layer::Items(items));
    }

    /// Leaves the innermost block.
    pub(crate) fn leave_block(&mut self) {
        self.layers.pop();
    }

    /// The same inside something generic.
    pub(crate) fn within(mut self, generics: &'a Generics) -> Self {
        if !generics.params.is_empty() {
            self.layers.push(Layer::Generics(generics));
        }
        self
    }

    /// The items of all blocks.
    pub(crate) fn items(&self) -> impl Iterator<Item = &'a Item> {
        let layers = self.layers.iter().map(|layer| match layer {
            Layer::Items(items) => &items[..],
            Layer::Generics(_) => &[],
        });
        layers.flatten().copied()
    }

    /// The items of the innermost block, if that is what comes last.
    fn innermost_items(&self) -> &[&'a Item] {
        match self.layers.last() {
            Some(Layer::Items(items)) => items,
            _ => &[],
        }
    }

    /// The first layers only.
    fn up_to(&self, layers: usize) -> Self {
        Self {
            module: self.module,
            layers: self.layers.iter().take(layers).cloned().collect(),
        }
    }
}

impl<'a> Def<'a> {
    /// The function that it is, and where that is.
    pub(crate) fn function(&self) -> Option<(Scope<'a>, &'a ItemFn)> {
        match self {
            Def::Fn(module, item) => Some((Scope::of(module), item)),
            Def::Local(scope, Item::Fn(item)) => Some((scope.clone(), item)),
            _ => None,
        }
    }

    /// The value of the constant that it is, and where that is written.
    pub(crate) fn constant(&self) -> Option<(Scope<'a>, &'a Expr)> {
        match self {
            Def::Const(module, item) => Some((Scope::of(module), &item.expr)),
            Def::Local(scope, Item::Const(item)) => Some((scope.clone(), &item.expr)),
            Def::Static(module, item) => constant_static(item).map(|it| (Scope::of(module), it)),
            Def::Local(scope, Item::Static(item)) => {
                constant_static(item).map(|it| (scope.clone(), it))
            }
            _ => None,
        }
    }

    /// The alias that it is, and where that is.
    pub(crate) fn alias(&self) -> Option<(Scope<'a>, &'a ItemType)> {
        match self {
            Def::Alias(module, item) => Some((Scope::of(module), item)),
            Def::Local(scope, Item::Type(item)) => Some((scope.clone(), item)),
            _ => None,
        }
    }
}

/// The value of a `static` that nothing changes.
fn constant_static(item: &ItemStatic) -> Option<&Expr> {
    matches!(item.mutability, StaticMutability::None).then_some(&*item.expr)
}

impl Def<'_> {
    /// Whether both are one and the same item.
    fn is_same(&self, other: &Def<'_>) -> bool {
        match (self, other) {
            (Def::Module(one), Def::Module(other)) => one.index == other.index,
            (Def::Fn(_, one), Def::Fn(_, other)) => std::ptr::eq(*one, *other),
            (Def::Const(_, one), Def::Const(_, other)) => std::ptr::eq(*one, *other),
            (Def::Static(_, one), Def::Static(_, other)) => std::ptr::eq(*one, *other),
            (Def::Alias(_, one), Def::Alias(_, other)) => std::ptr::eq(*one, *other),
            (Def::Type(one, name), Def::Type(other, other_name)) => {
                one.index == other.index && name == other_name
            }
            (Def::Local(_, one), Def::Local(_, other)) => std::ptr::eq(*one, *other),
            (Def::Other(one), Def::Other(other)) => one == other,
            (Def::Unclear, Def::Unclear) => true,
            _ => false,
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
        let names = names_of(path);
        if path.leading_colon.is_some() {
            return self.of_crate(names, want, 0);
        }
        self.find(scope, &names, want)
    }

    /// What a path means that begins with the name of a crate.
    fn of_crate(&self, names: Vec<String>, want: Want, depth: usize) -> Vec<Def<'_>> {
        let mut names = names;
        // `extern crate other as name` at the root gives every module that name.
        if let Some(first) = names.first_mut()
            && let Some((_, real)) = self.renamed.iter().find(|(bound, _)| bound == first)
        {
            first.clone_from(real);
        }
        match names.split_first() {
            Some((first, rest)) if *first == self.own_name => {
                self.walk(self.at(&[]), rest, want, depth)
            }
            _ => vec![Def::Other(names)],
        }
    }

    /// What the innermost block of a scope makes of a name that is a variable outside of it:
    /// nothing, something else, or perhaps something else.
    pub(crate) fn hidden_in_block(&self, scope: &Scope<'_>, name: &str) -> Option<bool> {
        let items = scope.innermost_items();
        if items.is_empty() {
            return None;
        }
        let (found, is_certain) = self.in_block(scope, name, Want::Value, 0);
        (!found.is_empty()).then_some(is_certain)
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
        self.look_up(&Scope::of(module), name, want, 0).is_empty()
    }

    /// Whether a module itself names something so, and not by a glob.
    pub(crate) fn is_named_in(&self, module: &Module, name: &str, want: Want) -> bool {
        !self.named_in(module, name, want, 0, |_| true).is_empty()
    }

    /// Whether the globs of a module bring the names of another one.
    pub(crate) fn takes_all_of(&self, module: &Module, other: &Module) -> bool {
        let mut seen = vec![module.index];
        let mut wanted = vec![module.index];
        while let Some(index) = wanted.pop() {
            for (glob, _) in self.globs.get(index).into_iter().flatten() {
                if let Glob::Module(from) = glob
                    && !seen.contains(from)
                {
                    seen.push(*from);
                    wanted.push(*from);
                }
            }
        }
        module.index != other.index && seen.contains(&other.index)
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
        let root = scope.module.root();
        match first.as_str() {
            "crate" => return self.walk(self.at(root), rest, want, depth),
            "self" => return self.walk(self.at(here), rest, want, depth),
            "super" => {
                let above = match here.split_last() {
                    Some((_, above)) if above.len() >= root.len() => above,
                    _ => return Vec::new(),
                };
                let is_more = rest.first().is_some_and(|next| next == "super");
                if !is_more {
                    return self.walk(self.at(above), rest, want, depth);
                }
                let modules = self.modules_at(above);
                return modules
                    .flat_map(|module| {
                        self.resolve_names(&Scope::of(module), rest, want, depth + 1)
                    })
                    .collect();
            }
            _ => {}
        }
        let first_wanted = if rest.is_empty() { want } else { Want::Type };
        let found = self.look_up(scope, first, first_wanted, depth);
        if found.is_empty() {
            return self.of_crate(names.to_vec(), want, depth);
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
                Def::Unclear => vec![Def::Unclear],
                def => match def.alias() {
                    Some((scope, alias)) if depth < DEEPEST => {
                        self.below_alias(&scope, alias, first, first_wanted, depth + 1)
                    }
                    _ => Vec::new(),
                },
            })
            .collect();
        self.walk(next, rest, want, depth)
    }

    /// What belongs to the type that an alias stands for.
    fn below_alias<'a>(
        &'a self,
        scope: &Scope<'a>,
        alias: &'a ItemType,
        name: &str,
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        let Type::Path(target) = &*alias.ty else {
            return Vec::new();
        };
        if target.qself.is_some() {
            return vec![Def::Unclear];
        }
        let scope = scope.clone().within(&alias.generics);
        let mut names = names_of(&target.path);
        names.push(name.to_owned());
        if target.path.leading_colon.is_some() {
            return self.of_crate(names, want, depth);
        }
        self.resolve_names(&scope, &names, want, depth)
    }

    /// What one name stands for in a scope. What is written out goes before what a glob brings,
    /// and what is in a block before what is outside of it. What some builds don't have doesn't
    /// hide what is further out.
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
        let mut found = Vec::new();
        for (index, layer) in scope.layers.iter().enumerate().rev() {
            match layer {
                Layer::Generics(generics) if has_parameter(generics, name, want) => {
                    return vec![Def::Unclear];
                }
                Layer::Generics(_) => {}
                Layer::Items(items) if items.is_empty() => {}
                Layer::Items(_) => {
                    let scope = scope.up_to(index + 1);
                    let (here, is_certain) = self.in_block(&scope, name, want, depth);
                    found.extend(here);
                    if is_certain {
                        return found;
                    }
                }
            }
        }
        let module = scope.module;
        let named = self.named_in(module, name, want, depth, |_| true);
        let is_named = !named.is_empty();
        found.extend(named);
        if is_named && is_in_every_build(module.called(name), name) {
            return without_repeats(found);
        }
        let of_module = self.globs.get(module.index).into_iter().flatten();
        let of_module = of_module.map(|(glob, _)| glob.clone());
        let brought = self.brought(module, of_module.collect(), name, want, depth);
        let is_here = is_named || !brought.is_empty();
        if is_here && may_be_made_by_macro(module.items, name) {
            found.push(Def::Unclear);
        }
        found.extend(brought);
        without_repeats(found)
    }

    /// What the innermost block of a scope makes of a name, and whether it does so in every build.
    fn in_block<'a>(
        &'a self,
        scope: &Scope<'a>,
        name: &str,
        want: Want,
        depth: usize,
    ) -> (Vec<Def<'a>>, bool) {
        let items = scope.innermost_items();
        let mut found: Vec<_> = items
            .iter()
            .flat_map(|item| self.named_by(scope, items, item, name, want, depth))
            .collect();
        if !found.is_empty() && is_in_every_build(items.iter().copied(), name) {
            return (found, true);
        }
        let outside = scope.up_to(scope.layers.len().saturating_sub(1));
        let mut sources = Vec::new();
        for item in items {
            let Item::Use(item) = item else { continue };
            let paths = globs(&item.tree);
            // A glob's own names aren't those that its path begins with.
            let begins_here = items.iter().any(|other| {
                let mut firsts = paths.iter().filter_map(|path| path.first());
                firsts.any(|first| match other {
                    Item::Use(other) => binds(&other.tree, None, first),
                    other => declares(other, first, Some(Want::Type)),
                })
            });
            let paths = paths.len();
            let from = if begins_here { scope } else { &outside };
            let known = self.globs_of(from, item, depth);
            // A name of another crate, or of an enum, may be the same as one further out.
            let is_known = known.len() >= paths
                && known.iter().all(|glob| match glob {
                    Glob::Other(path) => is_well_known(path, &self.library),
                    Glob::Module(_) => true,
                });
            if !is_known && !is_for_tests(&item.attrs) {
                found.push(Def::Unclear);
            }
            sources.extend(known);
        }
        found.extend(self.brought(scope.module, sources, name, want, depth));
        (found, false)
    }

    /// What a module itself names so, without its globs.
    fn named_in<'a>(
        &'a self,
        module: &'a Module,
        name: &str,
        want: Want,
        depth: usize,
        is_seen: impl Fn(&Item) -> bool,
    ) -> Vec<Def<'a>> {
        let scope = Scope::of(module);
        let items = module.called(name).filter(|item| is_seen(item));
        let found = items.flat_map(|item| self.named_by(&scope, &[], item, name, want, depth));
        // Each of two modules that exclude each other is found once.
        without_repeats(found)
    }

    /// What globs bring under a name. Each module is looked at once, however many globs lead there.
    fn brought<'a>(
        &'a self,
        to: &'a Module,
        globs: Vec<Glob>,
        name: &str,
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        let mut found: Vec<Def<'a>> = Vec::new();
        let mut of_others = Vec::new();
        let mut seen = vec![to.index];
        let mut wanted = VecDeque::from(globs);
        while let Some(glob) = wanted.pop_front() {
            match glob {
                Glob::Module(index) if !seen.contains(&index) => {
                    seen.push(index);
                    let Some(from) = self.module(index) else {
                        continue;
                    };
                    let is_inside = to.path.starts_with(&from.path);
                    let is_seen = |item: &Item| is_inside || is_visible_in(item, from, to);
                    let named = self.named_in(from, name, want, depth + 1, is_seen);
                    if named.is_empty() || !is_in_every_build(from.called(name), name) {
                        let further = self.globs.get(index).into_iter().flatten();
                        let further = further.filter(|(_, is_private)| is_inside || !is_private);
                        wanted.extend(further.map(|(glob, _)| glob.clone()));
                    }
                    found.extend(named);
                }
                Glob::Other(mut path) if brought_by_glob(&path, &self.library, name) => {
                    path.push(name.to_owned());
                    of_others.push(Def::Other(path));
                }
                Glob::Module(_) | Glob::Other(_) => {}
            }
        }
        without_repeats(if found.is_empty() { of_others } else { found })
    }

    /// The crates that the roots give other names, by these.
    pub(super) fn renamed_crates(&self) -> Vec<(String, String)> {
        let roots = self
            .all_modules()
            .filter(|module| module.path == module.root());
        let items = roots.flat_map(|module| module.items);
        items
            .filter_map(|item| match item {
                Item::ExternCrate(item) if item.ident != "self" => {
                    let (_, bound) = item.rename.as_ref()?;
                    Some((plain_name(bound), plain_name(&item.ident)))
                }
                _ => None,
            })
            .collect()
    }

    /// Finds out where the globs of all modules lead. They may lead through one another, so this
    /// goes on until nothing new is found.
    pub(super) fn follow_globs(&mut self) {
        for _ in 0..=self.modules.len() {
            let globs = self.all_modules().map(|module| {
                let scope = Scope::of(module);
                let uses = module.items.iter().filter_map(|item| match item {
                    Item::Use(item) => Some(item),
                    _ => None,
                });
                uses.flat_map(|item| {
                    let is_private = matches!(item.vis, Visibility::Inherited);
                    let globs = self.globs_of(&scope, item, 0).into_iter();
                    globs.map(move |glob| (glob, is_private))
                })
                .collect()
            });
            let globs: Vec<Vec<(Glob, bool)>> = globs.collect();
            if globs == self.globs {
                return;
            }
            self.globs = globs;
        }
    }

    fn globs_of(&self, scope: &Scope<'_>, item: &ItemUse, depth: usize) -> Vec<Glob> {
        if is_for_tests(&item.attrs) {
            return Vec::new();
        }
        let paths = globs(&item.tree).into_iter();
        if item.leading_colon.is_some() {
            return paths.map(Glob::Other).collect();
        }
        let defs = paths.flat_map(|path| self.resolve_names(scope, &path, Want::Type, depth + 1));
        defs.filter_map(|def| match def {
            Def::Module(from) => Some(Glob::Module(from.index)),
            Def::Other(path) => Some(Glob::Other(path)),
            _ => None,
        })
        .collect()
    }

    /// What an item makes of a name: one of a block, with the others there, or one of a module.
    fn named_by<'a>(
        &'a self,
        scope: &Scope<'a>,
        block: &[&'a Item],
        item: &'a Item,
        name: &str,
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        let module = scope.module;
        if is_for_tests(attributes_of(item)) {
            return Vec::new();
        }
        if !block.is_empty() && !matches!(item, Item::Use(_) | Item::ExternCrate(_)) {
            let found = declares(item, name, Some(want)).then(|| Def::Local(scope.clone(), item));
            return found.into_iter().collect();
        }
        let type_if = |is_it: bool| {
            if is_it && want == Want::Type {
                vec![Def::Type(module, name.to_owned())]
            } else {
                Vec::new()
            }
        };
        match item {
            Item::Fn(item) if want == Want::Value && is_called(&item.sig.ident, name) => {
                vec![Def::Fn(module, item)]
            }
            Item::Const(item) if want == Want::Value && is_called(&item.ident, name) => {
                vec![Def::Const(module, item)]
            }
            Item::Static(item) if want == Want::Value && is_called(&item.ident, name) => {
                vec![Def::Static(module, item)]
            }
            Item::Type(item) if want == Want::Type && is_called(&item.ident, name) => {
                vec![Def::Alias(module, item)]
            }
            Item::Struct(item) => type_if(is_called(&item.ident, name)),
            Item::Enum(item) => type_if(is_called(&item.ident, name)),
            Item::Union(item) => type_if(is_called(&item.ident, name)),
            Item::Trait(item) => type_if(is_called(&item.ident, name)),
            Item::Mod(item) if want == Want::Type && is_called(&item.ident, name) => {
                let path = [&module.path[..], &[name.to_owned()]].concat();
                let mut found = self.at(&path);
                if found.is_empty() {
                    // Its file can't be read: nothing of another crate is meant.
                    found.push(Def::Type(module, name.to_owned()));
                }
                found
            }
            Item::ExternCrate(item) if want == Want::Type => {
                let bound = item.rename.as_ref().map_or(&item.ident, |(_, bound)| bound);
                let is_it = is_called(bound, name) && item.ident != "self";
                let path = || vec![plain_name(&item.ident)];
                is_it.then(|| Def::Other(path())).into_iter().collect()
            }
            // In `mod a; use a::a;`, the import can't be of a type: there is one.
            Item::Use(item)
                if binds(&item.tree, None, name) && !is_declared(block, module, name, want) =>
            {
                imports(&item.tree)
                    .into_iter()
                    .filter(|(bound, _)| bound == name)
                    .flat_map(|(_, path)| {
                        let found = self.imported(scope, block, item, &path, want, depth);
                        // It hides what is further out, whatever it is.
                        if found.is_empty() {
                            vec![Def::Unclear]
                        } else {
                            found
                        }
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn imported<'a>(
        &'a self,
        scope: &Scope<'a>,
        block: &[&'a Item],
        item: &ItemUse,
        path: &[String],
        want: Want,
        depth: usize,
    ) -> Vec<Def<'a>> {
        if item.leading_colon.is_some() {
            return self.of_crate(path.to_vec(), want, depth);
        }
        let Some((first, rest)) = path.split_first() else {
            return Vec::new();
        };
        if matches!(first.as_str(), "crate" | "self" | "super") {
            return self.resolve_names(scope, path, want, depth + 1);
        }
        // `use a::a;` must not find itself.
        let by_other = |other: &Item| {
            let wanted = (!rest.is_empty()).then_some(Want::Type);
            let by_use = match other {
                Item::Use(other)
                    if !std::ptr::eq(other, item) && binds(&other.tree, None, first) =>
                {
                    imports(&other.tree)
                        .iter()
                        .any(|(bound, from)| bound == first && from[..] != [first.clone()])
                }
                _ => false,
            };
            by_use || declares(other, first, wanted)
        };
        let is_here = if block.is_empty() {
            scope.module.called(first).any(by_other)
        } else {
            block.iter().copied().any(by_other)
        };
        if is_here {
            return self.resolve_names(scope, path, want, depth + 1);
        }
        if block.is_empty() {
            return self.of_crate(path.to_vec(), want, depth);
        }
        let outside = scope.up_to(scope.layers.len().saturating_sub(1));
        self.resolve_names(&outside, path, want, depth + 1)
    }
}

fn without_repeats<'a>(defs: impl IntoIterator<Item = Def<'a>>) -> Vec<Def<'a>> {
    let mut found: Vec<Def<'a>> = Vec::new();
    for def in defs {
        if !found.iter().any(|known| def.is_same(known)) {
            found.push(def);
        }
    }
    found
}

fn has_parameter(generics: &Generics, name: &str, want: Want) -> bool {
    generics.params.iter().any(|parameter| match parameter {
        // A constant can be an argument too, and is then written as a type is.
        GenericParam::Const(parameter) => is_called(&parameter.ident, name),
        GenericParam::Type(parameter) => want == Want::Type && is_called(&parameter.ident, name),
        GenericParam::Lifetime(_) => false,
    })
}
