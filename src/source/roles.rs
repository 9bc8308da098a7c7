//! The roles that an app knows: its types that implement the library's `Role`.

use syn::{Expr, ImplItem, Item, ItemImpl, Type};

use super::names::{Def, Scope, Want};
use super::tree::{Crate, Module, is_conditional, is_for_tests, root_of, string_of};

/// Longer chains of constants than people write; a cycle would never end.
const DEEPEST: usize = 8;

/// A type that implements `Role`.
#[derive(Debug, Clone)]
pub(crate) struct Role<'a> {
    /// Where the `impl` is.
    pub(crate) module: &'a Module,
    pub(crate) item: &'a ItemImpl,
    /// The module and the name of the type, if it is one of the app's.
    pub(crate) of: Option<(&'a Module, String)>,
    /// The trait with its arguments, as it is written there.
    pub(crate) trait_path: String,
    name: Option<String>,
}

impl Role<'_> {
    /// The role's name in the provider's claims, if the source tells.
    pub(crate) fn name(&self) -> Option<String> {
        self.name.clone()
    }

    /// Whether the app itself decides who has the role, and not the provider's claims alone.
    pub(crate) fn is_decided_by_app(&self) -> bool {
        self.item
            .items
            .iter()
            .any(|item| matches!(item, ImplItem::Fn(item) if item.sig.ident == "is_held_by"))
    }
}

impl Crate {
    fn name_of_role<'a>(&'a self, module: &'a Module, item: &'a ItemImpl) -> Option<String> {
        let scope = Scope::of(module).within(&item.generics);
        let mut named = item.items.iter().filter_map(|item| match item {
            ImplItem::Const(item) if item.ident == "NAME" => Some(&item.expr),
            _ => None,
        });
        match (named.next(), named.next()) {
            (Some(name), None) => self.constant_string(&scope, name),
            _ => None,
        }
    }

    /// The string that an expression is, written out or by constants.
    fn constant_string<'a>(&'a self, scope: &Scope<'a>, written: &'a Expr) -> Option<String> {
        let mut scope = scope.clone();
        let mut written = written;
        for _ in 0..DEEPEST {
            match written {
                Expr::Lit(_) => return string_of(written),
                Expr::Reference(inner) => written = &inner.expr,
                Expr::Paren(inner) => written = &inner.expr,
                Expr::Path(path) if path.qself.is_none() => {
                    match &self.resolve(&scope, &path.path, Want::Value)[..] {
                        [def] => (scope, written) = def.constant()?,
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        None
    }

    /// All roles in the crate with this root, in the order of the source.
    pub(crate) fn roles(&self, root: &[String]) -> impl Iterator<Item = Role<'_>> {
        self.modules_of(root).flat_map(move |module| {
            module.items.iter().filter_map(move |item| match item {
                Item::Impl(item) if !is_for_tests(&item.attrs) => self.role(module, item),
                _ => None,
            })
        })
    }

    /// Whether a role is there in every build.
    pub(crate) fn is_always_there(&self, role: &Role<'_>) -> bool {
        !is_conditional(&role.item.attrs) && self.is_in_every_build(&role.module.path)
    }

    fn role<'a>(&'a self, module: &'a Module, item: &'a ItemImpl) -> Option<Role<'a>> {
        let (path, _) = item.trait_.as_ref()?;
        let scope = Scope::of(module);
        if !self.is_library_type(&scope, path, "Role") {
            return None;
        }
        let of = match &*item.self_ty {
            Type::Path(of) => match &self.resolve(&scope, &of.path, Want::Type)[..] {
                [Def::Type(module, name)] => Some((*module, name.clone())),
                _ => None,
            },
            _ => None,
        };
        Some(Role {
            module,
            item,
            of,
            trait_path: written(path),
            name: self.name_of_role(module, item),
        })
    }

    /// The name that a role's type has in the provider's claims.
    pub(crate) fn role_name(&self, module: &[String], type_name: &str) -> Option<String> {
        let mut known = self.roles(root_of(module)).filter(|role| {
            let of = role.of.as_ref();
            of.is_some_and(|(of, name)| of.path == module && name == type_name)
        });
        let name = known.next()?.name();
        match known.next() {
            Some(_) => None,
            None => name,
        }
    }
}

/// A path or type as people write it. Tokens alone are shown with a space between any two.
pub(crate) fn written(code: &impl quote::ToTokens) -> String {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut text = String::new();
    for part in code.to_token_stream().to_string().split(' ') {
        let is_list = text.ends_with(',');
        if is_list || (text.ends_with(is_word) && part.starts_with(is_word)) {
            text.push(' ');
        }
        text.push_str(part);
    }
    text
}
