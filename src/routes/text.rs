//! Texts that `format!` puts together of what is known.

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, Lit, Token};

use super::read::{Here, Reader};
use super::value::Value;
use crate::source::{Def, Want};

/// The text of `format!("…{}…{name}…", …)`, if all of it is known.
pub(super) fn formatted<'a>(
    reader: &mut Reader<'a>,
    here: &Here<'a>,
    call: &syn::Macro,
) -> Option<String> {
    if !call.path.is_ident("format") {
        return None;
    }
    let parts = Punctuated::<Expr, Token![,]>::parse_terminated
        .parse2(call.tokens.clone())
        .ok()?;
    let mut parts = parts.iter();
    let format = literal(parts.next()?)?;
    let mut text = String::new();
    let mut rest = format.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at_checked(at)?;
        text.push_str(before);
        if let Some(after) = after.strip_prefix("{{") {
            text.push('{');
            rest = after;
        } else if let Some(after) = after.strip_prefix("}}") {
            text.push('}');
            rest = after;
        } else {
            let (name, after) = after.strip_prefix('{')?.split_once('}')?;
            let value = if name.is_empty() {
                known(reader, here, parts.next()?)?
            } else {
                known(reader, here, &syn::parse_str(name).ok()?)?
            };
            text.push_str(&value.text()?);
            rest = after;
        }
    }
    text.push_str(rest);
    Some(text)
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(syn::ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// The value of a name, or of a field of one.
fn known<'a>(reader: &mut Reader<'a>, here: &Here<'a>, expression: &Expr) -> Option<Value<'a>> {
    match expression {
        Expr::Lit(_) => literal(expression).map(Value::Text),
        Expr::Reference(inner) => known(reader, here, &inner.expr),
        Expr::Paren(inner) => known(reader, here, &inner.expr),
        Expr::Field(field) => {
            let (Value::Fields(fields), syn::Member::Named(name)) =
                (known(reader, here, &field.base)?, &field.member)
            else {
                return None;
            };
            fields
                .into_iter()
                .find_map(|(known, value)| (name == &known).then_some(value))
        }
        Expr::Path(path) => {
            let local = path.path.get_ident().map(ToString::to_string);
            if let Some(value) = local.and_then(|name| here.names.get(&name)) {
                return Some(value.clone());
            }
            match &reader.source.resolve(&here.scope, &path.path, Want::Value)[..] {
                [Def::Const(module, item)] => Some(reader.value(&mut Here::of(module), &item.expr)),
                _ => None,
            }
        }
        _ => None,
    }
}
