//! What is known of a value by its type alone.

use syn::{Fields, GenericArgument, ImplItem, Item, Member, PathArguments, Signature, Type};

use super::parameters::returned;
use super::value::Value;
use crate::source::{Crate, Def, Module, Scope, Want, is_conditional, is_for_tests};

/// Longer chains of aliases than people write; a cycle would never end.
const DEEPEST: usize = 8;

/// Types of other crates that stand for what they hold.
const TRANSPARENT: [&str; 8] = [
    "Arc", "Box", "Data", "OnceLock", "Option", "Rc", "Result", "ThinData",
];

/// A value of this type.
pub(super) fn typed<'a>(source: &'a Crate, scope: &Scope<'a>, written: &'a Type) -> Value<'a> {
    typed_within(source, scope, written, 0)
}

/// A field of a value whose type is a struct of the app.
pub(super) fn field_of<'a>(
    source: &'a Crate,
    module: &'a Module,
    name: &str,
    member: &Member,
) -> Value<'a> {
    let mut structs = module.items.iter().filter_map(|item| match item {
        Item::Struct(item) if item.ident == name && !is_for_tests(&item.attrs) => Some(item),
        _ => None,
    });
    let (Some(of), None) = (structs.next(), structs.next()) else {
        return Value::Unknown;
    };
    let mut fields = match &of.fields {
        Fields::Named(fields) => fields.named.iter(),
        Fields::Unnamed(fields) => fields.unnamed.iter(),
        Fields::Unit => return Value::Unknown,
    };
    let field = match member {
        Member::Named(name) => fields.find(|field| field.ident.as_ref() == Some(name)),
        Member::Unnamed(index) => fields.nth(index.index as usize),
    };
    match field {
        Some(field) if !is_conditional(&field.attrs) => {
            let scope = Scope::of(module).within(&of.generics);
            typed(source, &scope, &field.ty)
        }
        _ => Value::Unknown,
    }
}

/// What a function that belongs to a type of the app gives, by the type that it declares.
pub(super) fn given_by<'a>(
    source: &'a Crate,
    module: &'a Module,
    name: &str,
    function: &syn::Ident,
    is_method: bool,
) -> Value<'a> {
    let mut found = Vec::new();
    for other in source.all_modules() {
        for item in other.items {
            let Item::Impl(item) = item else { continue };
            let scope = Scope::of(other).within(&item.generics);
            let is_its = matches!(
                typed(source, &scope, &item.self_ty),
                Value::Typed(Some((of, known))) if std::ptr::eq(of, module) && known == name
            );
            for item in item.items.iter().filter(|_| is_its) {
                if let ImplItem::Fn(item) = item
                    && item.sig.ident == *function
                    && item.sig.receiver().is_some() == is_method
                {
                    found.push((scope.clone(), &item.sig));
                }
            }
        }
    }
    match &found[..] {
        [(scope, signature)] => {
            let own = Value::Typed(Some((module, name.to_owned())));
            declared(source, scope, signature, own)
        }
        _ => Value::Unknown,
    }
}

fn declared<'a>(
    source: &'a Crate,
    scope: &Scope<'a>,
    signature: &'a Signature,
    own: Value<'a>,
) -> Value<'a> {
    let Some(mut written) = returned(signature) else {
        return Value::Unknown;
    };
    for _ in 0..DEEPEST {
        match written {
            Type::Reference(inner) => written = &inner.elem,
            Type::Path(path) if path.path.is_ident("Self") => return own,
            Type::Path(path)
                if path
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| TRANSPARENT.contains(&last.ident.to_string().as_str())) =>
            {
                match inner(&path.path) {
                    Some(inner) => written = inner,
                    None => break,
                }
            }
            _ => break,
        }
    }
    typed(source, &scope.clone().within(&signature.generics), written)
}

/// Whether a parameter of this type may be a function or a closure.
pub(super) fn may_be_code<'a>(source: &'a Crate, scope: &Scope<'a>, written: &'a Type) -> bool {
    let mut scope = scope.clone();
    let mut written = written;
    for _ in 0..DEEPEST {
        match written {
            Type::FnPtr(_) | Type::ImplTrait(_) | Type::TraitObject(_) => return true,
            Type::Reference(inner) => written = &inner.elem,
            Type::Paren(inner) => written = &inner.elem,
            Type::Group(inner) => written = &inner.elem,
            Type::Path(path) if path.qself.is_none() => {
                match &source.resolve(&scope, &path.path, Want::Type)[..] {
                    // A parameter of the function.
                    [Def::Unclear] => return true,
                    [def] => match def.alias() {
                        Some((inside, alias)) => (scope, written) = (inside, &*alias.ty),
                        None => return false,
                    },
                    _ => return false,
                }
            }
            _ => return false,
        }
    }
    false
}

fn typed_within<'a>(
    source: &'a Crate,
    scope: &Scope<'a>,
    written: &'a Type,
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

fn typed_path<'a>(
    source: &'a Crate,
    scope: &Scope<'a>,
    path: &'a syn::Path,
    depth: usize,
) -> Value<'a> {
    if depth > DEEPEST {
        return Value::Unknown;
    }
    let found = source.resolve(scope, path, Want::Type);
    let [def] = &found[..] else {
        return Value::Unknown;
    };
    if let Some(value) = of_library(source, def) {
        return value;
    }
    if let Some((inside, alias)) = def.alias() {
        let inside = inside.within(&alias.generics);
        return typed_within(source, &inside, &alias.ty, depth + 1);
    }
    match def {
        Def::Type(module, name) => Value::Typed(Some((module, name.clone()))),
        Def::Other(names) => {
            let last = names.last().map_or("", String::as_str);
            match inner(path) {
                Some(inner) if TRANSPARENT.contains(&last) => {
                    typed_within(source, scope, inner, depth + 1)
                }
                // Nothing is known of what such a type holds.
                _ if names.len() == 1 => Value::Unknown,
                _ => Value::Typed(None),
            }
        }
        _ => Value::Unknown,
    }
}

/// A value of a type of the library that matters for routes.
fn of_library<'a>(source: &'a Crate, def: &Def<'a>) -> Option<Value<'a>> {
    match (source.in_library(def), source.in_dev_library(def)) {
        (Some("Oidc"), _) => Some(Value::Oidc),
        (Some("Builder"), _) => Some(Value::OidcBuilder),
        (_, Some("Dev")) => Some(Value::Dev),
        _ => None,
    }
}

/// The type of the app that a path means, if it is one.
pub(super) fn type_at<'a>(
    source: &'a Crate,
    scope: &Scope<'a>,
    path: &syn::Path,
) -> Option<(&'a Module, String)> {
    match &source.resolve(scope, path, Want::Type)[..] {
        [Def::Type(module, name)] => Some((*module, name.clone())),
        _ => None,
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
