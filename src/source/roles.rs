//! The roles that an app knows: its types that implement `Role`.

use syn::{ImplItem, Item, ItemImpl, Type};

use super::tree::{Crate, Module, is_for_tests, text_of};

/// A type that implements `Role`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role<'a> {
    pub(crate) module: &'a Module,
    pub(crate) item: &'a ItemImpl,
}

impl Role<'_> {
    /// The name of the type.
    pub(crate) fn type_name(&self) -> Option<String> {
        match &*self.item.self_ty {
            Type::Path(path) => path.path.get_ident().map(ToString::to_string),
            _ => None,
        }
    }

    /// The role's name in the provider's claims.
    pub(crate) fn name(&self) -> Option<String> {
        self.item.items.iter().find_map(|item| match item {
            ImplItem::Const(item) if item.ident == "NAME" => text_of(&item.expr),
            _ => None,
        })
    }

    /// Whether the app itself decides who has the role, and not the provider's claims alone.
    pub(crate) fn is_decided_here(&self) -> bool {
        self.item
            .items
            .iter()
            .any(|item| matches!(item, ImplItem::Fn(item) if item.sig.ident == "is_held_by"))
    }
}

impl Crate {
    /// All roles, in the order of the source.
    pub(crate) fn roles(&self) -> impl Iterator<Item = Role<'_>> {
        self.modules.iter().flat_map(|module| {
            module.items.iter().filter_map(move |item| match item {
                Item::Impl(item) if !is_for_tests(&item.attrs) => {
                    let (path, _) = item.trait_.as_ref()?;
                    let is_role = path.segments.last()?.ident == "Role";
                    is_role.then_some(Role { module, item })
                }
                _ => None,
            })
        })
    }

    /// The name that a role's type has in the provider's claims.
    pub(crate) fn role_name(&self, module: &[String], type_name: &str) -> Option<String> {
        let mut here = self.roles().filter(|role| {
            role.module.path == module && role.type_name().as_deref() == Some(type_name)
        });
        let name = here.next()?.name();
        match here.next() {
            Some(_) => None,
            None => name,
        }
    }
}
