//! Texts that `format!` puts together of what is known.

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use super::read::{Here, Reader};
use super::value::Value;
use crate::source::text_of;

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
    // What an argument with a name hides isn't followed.
    if parts.iter().any(|part| matches!(part, Expr::Assign(_))) {
        return None;
    }
    let mut parts = parts.iter();
    let format = text_of(parts.next()?)?;
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

/// The value of a name, or of a field of one.
fn known<'a>(reader: &mut Reader<'a>, here: &Here<'a>, expression: &Expr) -> Option<Value<'a>> {
    match expression {
        Expr::Lit(_) => text_of(expression).map(Value::Text),
        Expr::Reference(inner) => known(reader, here, &inner.expr),
        Expr::Paren(inner) => known(reader, here, &inner.expr),
        Expr::Field(field) => Some(known(reader, here, &field.base)?.field(&field.member)),
        Expr::Path(path) => Some(reader.path(here, &path.path)),
        _ => None,
    }
}
