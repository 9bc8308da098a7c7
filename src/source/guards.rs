//! How an app's own code names the library's guards: by aliases that know the app's context, or
//! else by the library's names with the context as an argument.

use syn::{
    GenericArgument, GenericParam, ImplItem, Item, ItemType, PathArguments, Type, Visibility,
};

use super::names::{Def, Scope, Want};
use super::tree::{Crate, Module, is_conditional, is_for_tests, plain_name};
use super::visible::as_code;

/// A type as code anywhere in the app can name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeName {
    /// What has to be imported.
    pub(crate) import: String,
    /// What is written then.
    pub(crate) written: String,
}

/// A guard as handlers name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuardName {
    pub(crate) name: TypeName,
    /// The last argument that it needs, if it is the library's own type.
    pub(crate) context: Option<TypeName>,
}

/// The app's names for the guards that `add route` uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GuardNames {
    pub(crate) user: GuardName,
    pub(crate) has: GuardName,
    pub(crate) fresh: GuardName,
    pub(crate) signed_form: GuardName,
    /// The name by which the app calls the library.
    pub(crate) library: String,
    /// The same for the library of debug builds and tests.
    pub(crate) dev_library: String,
}

/// What an alias takes and passes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Type,
    Const,
}

impl GuardName {
    /// The guard with its own argument, if it takes one.
    pub(crate) fn with(&self, argument: Option<&str>) -> String {
        let context = self
            .context
            .as_ref()
            .map(|context| context.written.as_str());
        let arguments: Vec<&str> = argument.into_iter().chain(context).collect();
        let name = &self.name.written;
        match &arguments[..] {
            [] => name.clone(),
            arguments => format!("{name}<{}>", arguments.join(", ")),
        }
    }

    /// What has to be imported for it.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &str> {
        let context = self.context.as_ref();
        std::iter::once(self.name.import.as_str())
            .chain(context.map(|context| context.import.as_str()))
    }
}

impl Crate {
    /// The app's names for guards in the crate with this root, the library or a program, or why
    /// they can't be told.
    pub(crate) fn guard_names(&self, root: &[String]) -> Result<GuardNames, String> {
        Ok(GuardNames {
            user: self.guard_name(root, "User", Takes::Nothing)?,
            has: self.guard_name(root, "Has", Takes::Type)?,
            fresh: self.guard_name(root, "Fresh", Takes::Const)?,
            signed_form: self.guard_name(root, "SignedForm", Takes::Type)?,
            library: self.library.clone(),
            dev_library: self.dev_library.clone(),
        })
    }

    fn guard_name(&self, root: &[String], guard: &str, takes: Takes) -> Result<GuardName, String> {
        let aliases = self.aliases.iter();
        let alias = aliases
            .filter_map(|(index, alias)| Some((self.module(*index)?, *alias)))
            .filter(|(module, alias)| {
                module.root() == root
                    && is_visible(&alias.vis)
                    && !is_conditional(&alias.attrs)
                    && self.is_in_every_build(&module.path)
                    && self.is_reachable(module)
                    && self.stands_for(module, alias, guard, takes)
            })
            .min_by_key(|(module, _)| module.path.len());
        if let Some((module, alias)) = alias {
            return Ok(GuardName {
                name: TypeName::in_app(module, &plain_name(&alias.ident)),
                context: None,
            });
        }
        Ok(GuardName {
            name: TypeName {
                import: self.library_path(&[guard]).join("::"),
                written: guard.to_owned(),
            },
            context: self.context(root)?,
        })
    }

    /// Whether an alias is a guard of the library, with its own parameter passed on.
    fn stands_for(&self, module: &Module, alias: &ItemType, guard: &str, takes: Takes) -> bool {
        let Type::Path(target) = &*alias.ty else {
            return false;
        };
        if !self.is_library_type(&Scope::of(module), &target.path, guard) {
            return false;
        }
        let parameters: Vec<&GenericParam> = alias.generics.params.iter().collect();
        let parameter = match (&parameters[..], takes) {
            ([], Takes::Nothing) => return true,
            ([GenericParam::Type(parameter)], Takes::Type) => &parameter.ident,
            ([GenericParam::Const(parameter)], Takes::Const) => &parameter.ident,
            _ => return false,
        };
        let last = target.path.segments.last();
        let first = last.and_then(|last| match &last.arguments {
            PathArguments::AngleBracketed(list) => list.args.first(),
            _ => None,
        });
        matches!(
            first,
            Some(GenericArgument::Type(Type::Path(first))) if first.path.is_ident(parameter)
        )
    }

    /// Whether code anywhere in the app can name what is in a module.
    fn is_reachable(&self, module: &Module) -> bool {
        (module.root().len() + 1..module.path.len()).all(|depth| {
            let (above, rest) = module.path.split_at(depth);
            let name = rest.first();
            self.modules_at(above).all(|above| {
                above.items.iter().any(|item| match item {
                    Item::Mod(item) => {
                        Some(&plain_name(&item.ident)) == name && is_visible(&item.vis)
                    }
                    _ => false,
                })
            })
        })
    }

    /// The type that the app's hooks give to handlers; nothing if it is `()`.
    pub(crate) fn context(&self, root: &[String]) -> Result<Option<TypeName>, String> {
        let Some((module, context)) = self.written_context(root) else {
            return Ok(None);
        };
        let unnamed = || {
            let library = self.library_path(&[]).concat();
            format!(
                "the app has no alias such as `type User = {library}::User<…>`, and the type of \
                 its context has no simple name"
            )
        };
        match context {
            Type::Tuple(parts) if parts.elems.is_empty() => Ok(None),
            Type::Path(path) => match &self.resolve(&Scope::of(module), &path.path, Want::Type)[..]
            {
                [Def::Type(module, name)]
                    if self.is_in_every_build(&module.path) && self.is_reachable(module) =>
                {
                    Ok(Some(TypeName::in_app(module, name)))
                }
                _ => Err(unnamed()),
            },
            _ => Err(unnamed()),
        }
    }

    /// The module with the `impl Hooks` of the crate with this root.
    pub(crate) fn hooks_module(&self, root: &[String]) -> Option<&Module> {
        self.written_context(root).map(|(module, _)| module)
    }

    /// Whether any crate of the app has an `impl Hooks`.
    pub(crate) fn has_hooks(&self) -> bool {
        self.all_modules()
            .any(|module| self.hooks_module(module.root()).is_some())
    }

    /// `type Context` of the `impl Hooks`, and where that is.
    fn written_context(&self, root: &[String]) -> Option<(&Module, &Type)> {
        self.modules_of(root).find_map(|module| {
            module.items.iter().find_map(|item| {
                let Item::Impl(hooks) = item else {
                    return None;
                };
                let (path, _) = hooks.trait_.as_ref()?;
                let is_hooks = !is_for_tests(&hooks.attrs)
                    && self.is_library_type(&Scope::of(module), path, "Hooks");
                let items = hooks.items.iter().filter(|_| is_hooks);
                let context = items.filter_map(|item| match item {
                    ImplItem::Type(item) if item.ident == "Context" => Some(&item.ty),
                    _ => None,
                });
                context.map(|context| (module, context)).next()
            })
        })
    }
}

impl TypeName {
    fn in_app(module: &Module, name: &str) -> Self {
        let above = std::iter::once("crate".to_owned()).chain(module.path.iter().cloned());
        let path: Vec<String> = above.chain([name.to_owned()]).collect();
        Self {
            import: as_code(&path),
            written: as_code(&[name.to_owned()]),
        }
    }
}

fn is_visible(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Public(_) => true,
        Visibility::Restricted(restricted) => restricted.path.is_ident("crate"),
        Visibility::Inherited => false,
    }
}
