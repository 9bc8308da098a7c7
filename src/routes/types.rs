//! What is known of a value by its type alone.

use syn::{Fields, GenericArgument, Item, Member, PathArguments, Type};

use super::value::Value;
use crate::source::{Crate, Def, Module, Scope, Want};

/// Longer chains of aliases than people write; a cycle would never end.
const DEEPEST: usize = 8;

/// Types of other crates that stand for what they hold.
const TRANSPARENT: [&str; 5] = ["Arc", "Box", "Data", "Rc", "ThinData"];

/// A value of this type.
pub(super) fn typed<'a>(source: &'a Crate, scope: &Scope<'a>, written: &Type) -> Value<'a> {
    typed_within(source, scope, written, 0)
}

/// A field of a value whose type is a struct of the app.
pub(super) fn field_of<'a>(
    source: &'a Crate,
    module: &'a Module,
    name: &str,
    member: &Member,
) -> Value<'a> {
    let of_struct = module.items.iter().find_map(|item| match item {
        Item::Struct(item) if item.ident == name => Some(&item.fields),
        _ => None,
    });
    let field = match (of_struct, member) {
        (Some(Fields::Named(fields)), Member::Named(name)) => fields
            .named
            .iter()
            .find(|field| field.ident.as_ref() == Some(name)),
        (Some(Fields::Unnamed(fields)), Member::Unnamed(index)) => {
            fields.unnamed.iter().nth(index.index as usize)
        }
        _ => None,
    };
    match field {
        Some(field) => typed(source, &Scope::of(module), &field.ty),
        None => Value::Unknown,
    }
}

fn typed_within<'a>(
    source: &'a Crate,
    scope: &Scope<'a>,
    written: &Type,
    depth: usize,
) -> Value<'a> {
    match written {
        Type::Reference(inner) => typed_within(source, scope, &inner.elem, depth),
        Type::Paren(inner) => typed_within(source, scope, &inner.elem, depth),
        Type::Group(inner) => typed_within(source, scope, &inner.elem, depth),
        Type::Path(path) if path.qself.is_none() => typed_path(source, scope, &path.path, depth),
        _ => Value::Unknown,
    }
}

/// The same for the path of a type.
pub(super) fn typed_path<'a>(
    source: &'a Crate,
    scope: &Scope<'a>,
    path: &syn::Path,
    depth: usize,
) -> Value<'a> {
    if depth > DEEPEST {
        return Value::Unknown;
    }
    let found = source.resolve(scope, path, Want::Type);
    let [def] = &found[..] else {
        return Value::Unknown;
    };
    match (source.in_library(def), source.in_dev_library(def)) {
        (Some("Oidc"), _) => return Value::Oidc,
        (Some("Builder"), _) => return Value::OidcBuilder,
        (_, Some("Dev")) => return Value::Dev,
        _ => {}
    }
    match def {
        Def::Alias(module, alias) => typed_within(source, &Scope::of(module), &alias.ty, depth + 1),
        Def::Type(module, name) => Value::Typed(Some((module, name.clone()))),
        Def::Other(names) => {
            let last = names.last().map_or("", String::as_str);
            match inner(path) {
                Some(inner) if TRANSPARENT.contains(&last) => {
                    typed_within(source, scope, inner, depth + 1)
                }
                // Nothing is known of a generic parameter, nor of what such a type holds.
                _ if names.len() == 1 => Value::Unknown,
                _ => Value::Typed(None),
            }
        }
        _ => Value::Unknown,
    }
}

fn inner(path: &syn::Path) -> Option<&Type> {
    match &path.segments.last()?.arguments {
        PathArguments::AngleBracketed(list) => {
            list.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            })
        }
        _ => None,
    }
}
