//! Strings that `format!` puts together from what is known.

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use super::read::{Here, Reader};
use super::value::Value;
use crate::source::string_of;

/// The string that `format!("…{}…{name}…", …)` gives, if all of it is known.
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
    // Named arguments aren't followed.
    if parts.iter().any(|part| matches!(part, Expr::Assign(_))) {
        return None;
    }
    let mut parts = parts.iter();
    let format = string_of(parts.next()?)?;
    let mut string = String::new();
    let mut rest = format.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at_checked(at)?;
        string.push_str(before);
        if let Some(after) = after.strip_prefix("{{") {
            string.push('{');
            rest = after;
        } else if let Some(after) = after.strip_prefix("}}") {
            string.push('}');
            rest = after;
        } else {
            let (name, after) = after.strip_prefix('{')?.split_once('}')?;
            let value = if name.is_empty() {
                known(reader, here, parts.next()?)?
            } else {
                known(reader, here, &syn::parse_str(name).ok()?)?
            };
            string.push_str(&value.string()?);
            rest = after;
        }
    }
    string.push_str(rest);
    Some(string)
}

/// The value of a name, or of a field of one.
fn known<'a>(reader: &mut Reader<'a>, here: &Here<'a>, expression: &Expr) -> Option<Value<'a>> {
    match expression {
        Expr::Lit(_) => string_of(expression).map(Value::String),
        Expr::Reference(inner) => known(reader, here, &inner.expr),
        Expr::Paren(inner) => known(reader, here, &inner.expr),
        Expr::Field(field) => {
            let base = known(reader, here, &field.base)?;
            Some(reader.field(base, &field.member))
        }
        Expr::Path(path) => Some(reader.path(here, &path.path)),
        _ => None,
    }
}
