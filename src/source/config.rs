//! Functions that register routes, known by what they take.

use syn::{FnArg, ItemFn, Pat, Type};

use super::edit::CannotEdit;
use super::names::{Def, Scope, Want};
use super::tree::{Crate, Module};

/// What a function registers routes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfigKind {
    /// Actix's `ServiceConfig`.
    Plain,
    /// The library's `ProtectedConfig`: only signed-in people reach what is registered on it.
    Protected,
    /// The library's `PublicConfig`: what is registered on it is meant for everybody.
    Public,
}

/// Longer chains of aliases than people write; a cycle would never end.
const DEEPEST: usize = 8;

impl Crate {
    /// What a parameter of this type registers routes on, if it does.
    pub(crate) fn config(&self, scope: &Scope<'_>, written: &Type) -> Option<ConfigKind> {
        match written {
            Type::Reference(reference) if reference.mutability.is_some() => {
                self.config_type(scope, &reference.elem, 0)
            }
            _ => None,
        }
    }

    fn config_type(&self, scope: &Scope<'_>, written: &Type, depth: usize) -> Option<ConfigKind> {
        let Type::Path(path) = written else {
            return None;
        };
        match &self.resolve(scope, &path.path, Want::Type)[..] {
            [Def::Alias(module, alias)] if depth < DEEPEST => {
                self.config_type(&Scope::of(module), &alias.ty, depth + 1)
            }
            [def @ Def::Other(names)] => match self.in_library(def) {
                Some("ProtectedConfig") => Some(ConfigKind::Protected),
                Some("PublicConfig") => Some(ConfigKind::Public),
                Some(_) => None,
                None => {
                    let is_actix = names.last().is_some_and(|last| last == "ServiceConfig");
                    is_actix.then_some(ConfigKind::Plain)
                }
            },
            _ => None,
        }
    }

    /// The name of the parameter on which a function registers routes.
    pub(crate) fn config_name(
        &self,
        module: &Module,
        function: &ItemFn,
    ) -> Result<String, CannotEdit> {
        let mut inputs = function.sig.inputs.iter();
        if let (Some(FnArg::Typed(input)), None) = (inputs.next(), inputs.next())
            && self.config(&Scope::of(module), &input.ty).is_some()
            && let Pat::Ident(pattern) = &*input.pat
            && pattern.subpat.is_none()
        {
            return Ok(pattern.ident.to_string());
        }
        Err(CannotEdit(format!(
            "`{}` doesn't have exactly one named parameter of type `&mut ServiceConfig`, \
             `&mut PublicConfig` or `&mut ProtectedConfig`",
            function.sig.ident
        )))
    }
}
